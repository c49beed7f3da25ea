"""Merging and retention: the polls stay what they were, in few chunks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_core import PollColumns
from uptime_core.instants import to_datetime, to_micros
from uptime_core.stores import compaction, packed
from uptime_core.stores.chunk import Chunk
from uptime_core.stores.packed import Packed
from uptime_core.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from uptime_core.stores.sqlite_tables import Tables

Row = tuple[int, int]

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class FakeTables:
    """The chunks of one block, in memory."""

    def __init__(self) -> None:
        self.stored: dict[int, tuple[Packed, int]] = {}
        self.made = self.written = 0

    def chunks(self, block: int) -> list[Chunk]:
        assert block == 0
        return [
            Chunk(n, 0, seconds, len(p.shop), int(p.at.min()), int(p.at.max()), 0, None)
            for n, (p, seconds) in self.stored.items()
        ]

    def polls(self, chunk: Chunk) -> Packed:
        return self.stored[chunk.chunk][0]

    def add_chunk(self, block: int, polls: Packed, *, seconds: int) -> None:
        assert block == 0
        assert packed.fault(polls, packed.SHOPS_PER_BLOCK) is None
        instants = list(zip(polls.shop.tolist(), polls.at.tolist(), strict=True))
        assert len(set(instants)) == len(instants)
        self.made += 1
        self.written += len(polls.shop)
        self.stored[self.made] = polls, seconds

    def add(self, rows: list[Row]) -> None:
        """Add new polls, as ingest does."""
        polls, known = packed_of(rows), packed_of(self.rows())
        second = packed.are_second(polls, known)
        for seconds in (0, 1):
            for chunk in packed.chunks(polls.where(second == seconds)):
                self.add_chunk(0, chunk, seconds=seconds)

    def drop_chunk(self, chunk: Chunk) -> None:
        del self.stored[chunk.chunk]

    def sizes(self) -> list[int]:
        return [len(polls.shop) for polls, _ in self.stored.values()]

    def rows(self, *which: int) -> list[Row]:
        """All polls, the first ones, or the second ones; one in two chunks is twice."""
        return sorted(
            row
            for polls, seconds in self.stored.values()
            if seconds in (which or (0, 1))
            for row in zip(polls.shop.tolist(), polls.moment.tolist(), strict=True)
        )

    def seconds_are_seconds(self) -> bool:
        """Each second poll has a first one, of the same instant and other status."""
        firsts = set(self.rows(0))
        return all((shop, moment ^ 1) in firsts for shop, moment in self.rows(1))


def tables_of(fake: FakeTables) -> Tables:
    return fake  # type: ignore[return-value]  # as far as merging goes


def packed_of(rows: list[Row]) -> Packed:
    table = np.array(rows, dtype=np.int64).reshape(-1, 2)
    return Packed(table[:, 0].copy(), table[:, 1].copy())


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Chunks of at most 256 polls, so that all sizes come up."""
    monkeypatch.setattr(packed, "MOST_POLLS", 256)
    monkeypatch.setattr(compaction, "MOST_POLLS", 256, raising=False)
    monkeypatch.setattr(compaction, "LARGE", 128)
    return iter((256,))


BATCHES = st.lists(
    st.lists(st.tuples(st.integers(0, 3), st.integers(-500, 500)), max_size=100).map(
        lambda rows: sorted(set(rows))
    ),
    max_size=40,
)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("at_end", [False, True])
def test_merging_never_changes_the_set_of_polls(at_end: bool) -> None:  # noqa: FBT001
    """Batches of all sizes, merged after each, or all at once at the end."""

    @given(batches=BATCHES)
    def run(batches: list[list[Row]]) -> None:
        fake = FakeTables()
        known: set[Row] = set()
        for batch in batches:
            new = sorted(set(batch) - known)
            known |= set(batch)
            fake.add(new)
            if not at_end:
                compaction.merge_small_chunks(tables_of(fake), 0)
                assert fake.rows() == sorted(known)
        if at_end:
            compaction.merge_all_small_chunks(tables_of(fake), 0)
            assert sum(size < 128 for size in fake.sizes()) <= 2
        assert fake.rows() == sorted(known)
        assert max(fake.sizes(), default=0) <= 256
        assert fake.seconds_are_seconds()

    run()


@pytest.mark.usefixtures("small")
@given(batches=BATCHES, horizon=st.integers(-260, 260))
def test_retention_keeps_what_is_newer_and_each_shops_last_poll(
    batches: list[list[Row]], horizon: int
) -> None:
    fake = FakeTables()
    known: set[Row] = set()
    for batch in batches:
        new = sorted(set(batch) - known)
        known |= set(batch)
        fake.add(new)
        compaction.merge_small_chunks(tables_of(fake), 0)
    deleted = compaction.delete_older_polls(tables_of(fake), 0, horizon)
    last: dict[int, int] = {}
    for shop, moment in known:
        if moment >> 1 < horizon:
            last[shop] = max(last.get(shop, moment >> 1), moment >> 1)
    kept = {
        (shop, moment)
        for shop, moment in known
        if moment >> 1 >= horizon or moment >> 1 == last[shop]
    }
    assert fake.rows() == sorted(kept)
    assert deleted == len(known) - len(kept)
    assert fake.seconds_are_seconds()
    again = compaction.delete_older_polls(tables_of(fake), 0, horizon)
    assert (again, fake.rows()) == (0, sorted(kept))


@pytest.mark.parametrize("size", [1, 2, 17, 300])
def test_few_chunks_however_many_batches_and_little_is_written_again(size: int) -> None:
    """The bound is 15 chunks for each of the five tiers below a large chunk."""
    batches = 3_000 if size < 17 else 1_200
    fake = FakeTables()
    most = 0
    for number in range(batches):
        first = number * size
        rows = [(0, 2 * (first + place)) for place in range(size)]
        fake.add_chunk(0, packed_of(rows), seconds=0)
        compaction.merge_small_chunks(tables_of(fake), 0)
        most = max(most, len(fake.stored))
    large = sum(size >= compaction.LARGE for size in fake.sizes())
    assert most - large <= 75
    assert fake.written <= 5 * batches * size
    assert sum(fake.sizes()) == batches * size


def test_no_chunk_is_larger_than_the_most_and_large_ones_are_left_alone() -> None:
    fake = FakeTables()
    step = packed.MOST_POLLS - 1
    for number in range(3):
        moments = np.arange(number * step, (number + 1) * step, dtype=np.int64) * 2
        for chunk in packed.chunks(Packed(np.zeros(step, dtype=np.int64), moments)):
            fake.add_chunk(0, chunk, seconds=0)
        compaction.merge_small_chunks(tables_of(fake), 0)
    compaction.merge_all_small_chunks(tables_of(fake), 0)
    assert list(fake.stored) == [1, 2, 3]
    most = packed.MOST_POLLS
    moments = np.arange(most * 2 + 3, dtype=np.int64) * 2
    chunks = list(packed.chunks(Packed(np.zeros_like(moments), moments)))
    assert sum(len(chunk.shop) for chunk in chunks) == most * 2 + 3
    assert [len(chunk.shop) * 2 // most for chunk in chunks] == [1, 1, 1, 1]


def test_hourly_batches_stay_in_few_chunks_of_a_file(tmp_path: Path) -> None:
    """Hourly polls of five shops, and as many batches of one poll."""
    store = SqliteStore(tmp_path / "a.db")
    ids = [f"s{number}" for number in range(5)]
    start = to_micros(NOON)
    hour = HOUR // timedelta(microseconds=1)
    total = 0
    with store.transaction():  # a commit an hour would only cost time
        for number in range(600):
            at = np.full(5, start + number * hour)
            batch = PollColumns(ids, np.arange(5), at, np.ones(5, dtype=np.uint8))
            total += store.add_polls(batch).added
            one = to_datetime(start + number * hour + 1)
            total += store.add_polls([("s0", one, True)]).added
    with store._reading() as tables:
        chunks = tables.chunks()
    assert len(chunks) <= 45
    assert sum(chunk.polls for chunk in chunks) == total == 3_600
    store.compact()
    with store._reading() as tables:
        (chunk,) = tables.chunks()
    assert (chunk.polls, chunk.first_at) == (3_600, start)
    (polls,) = store.polls()
    assert len(polls) == 3_600
    store.check()


def test_room_is_given_back_to_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    store = SqliteStore(path)
    at = to_micros(NOON) + np.arange(100_000, dtype=np.int64)
    status = np.ones(len(at), dtype=np.uint8)
    store.add_polls(PollColumns(["a"], np.zeros(len(at), dtype=np.int32), at, status))
    full = path.stat().st_size
    assert store.delete_before(to_datetime(int(at[-1]))) == 99_998
    store.compact()
    assert path.stat().st_size < full / 10
    store.check()
    assert [len(batch) for batch in store.polls()] == [2]
