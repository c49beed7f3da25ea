"""What can be done with an SqliteStore, also one with few shops a block."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from uptime_core import Store, Window, compute_snapshot, compute_store
from uptime_core.stores import compaction, packed, sqlite_ingest, sqlite_tables
from uptime_core.stores.sqlite import SqliteStore
from uptime_core.testing.store_machine import (
    StoreMachine,
    instants,
    polls,
    shops,
    zones,
)
from uptime_core.testing.store_samples import at
from uptime_core.testing.strategies import policies

if TYPE_CHECKING:
    from pathlib import Path

    from uptime_core import Policy
    from uptime_core.testing.store_model import PollRow, StoreModel

HOUR = timedelta(hours=1)


class SqliteMachine(StoreMachine):
    """Does what only this store can do, too."""

    sorted_batches = durable = shared = True

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()

    def make_store(self, folder: Path) -> Store:
        return SqliteStore(folder / "store.db", timeout=1)

    @property
    def store(self) -> SqliteStore:
        return cast("SqliteStore", self.bench.store)

    @initialize(few=st.booleans())
    def with_few(self, *, few: bool) -> None:
        """Blocks of two shops, chunks of eight polls."""
        if few:
            for module in (packed, sqlite_ingest):
                self.patch.setattr(module, "SHOP_BITS", 1)
                self.patch.setattr(module, "SHOPS_PER_BLOCK", 2)
            self.patch.setattr(packed, "MOST_POLLS", 8)
            self.patch.setattr(compaction, "LARGE", 4)
            self.patch.setattr(sqlite_tables, "SUMMARIZED", 1)

    @rule(count=st.integers(1, 40), shop=shops, start=instants)
    def add_one_by_one(self, count: int, shop: str, start: int) -> None:
        with self.store.transaction():
            for number in range(count):
                self.bench.add_polls([(shop, start + number, number % 3 > 0)])
        self.bench.holds_in_turn()

    @rule()
    def compact(self) -> None:
        self.store.compact()
        self.bench.holds_in_turn()

    @rule(inner=polls, outer=polls, after=polls, new=zones)
    def nest(
        self,
        inner: list[PollRow],
        outer: list[PollRow],
        after: list[PollRow],
        new: dict[str, str],
    ) -> None:
        """What an inner block has done is undone alone, also its new shops."""

        def inner_block() -> None:
            with self.store.transaction():
                self.bench.add_polls([*inner, *(("undone", t, u) for _, t, u in inner)])
                self.bench.set_timezones(new, replace=True)
                raise ZeroDivisionError

        with self.store.transaction():
            self.bench.add_polls(outer)
            before = self.bench.model.copy()
            with pytest.raises(ZeroDivisionError):
                inner_block()
            self.bench.model.become(before)
            self.bench.add_polls(after)
        self.bench.holds_in_turn()

    @rule(policy=policies(), as_of=instants, length=st.integers(1, 12))
    def report_of_any_policy(self, policy: Policy, as_of: int, length: int) -> None:
        end = at(as_of)
        start = end - length * HOUR / 2
        horizon = self.bench.model.horizon
        if horizon is not None:
            start, end = max(start, at(horizon)), max(end, at(horizon))
        windows = [
            Window.between(start, end + HOUR, name="w1"),
            Window.between(start + (end - start) / 3, end, name="w2"),
        ]
        same(self.store, self.bench.model, as_of=end, windows=windows, policy=policy)

    def teardown(self) -> None:
        self.store.check()
        super().teardown()
        self.patch.undo()


def same(store: SqliteStore, model: StoreModel, **request: Any) -> None:  # noqa: ANN401  # as compute_snapshot has
    """The store's reports, of all it has and of what they need, are the model's."""
    expected = compute_snapshot(model.snapshot(deleted_too=True), **request)
    whole = compute_snapshot(store.snapshot(), **request)
    short = compute_store(store, **request)
    for report in (whole, short):
        assert report == expected
        assert report.last_poll.tolist() == expected.last_poll.tolist()
        assert report.provenance.quarantined == expected.provenance.quarantined
        if model.horizon is None:
            assert report.provenance == expected.provenance
            assert report.poll_count.tolist() == expected.poll_count.tolist()
    assert short.to_csv(columns="extended") == whole.to_csv(columns="extended")
    assert short.provenance == whole.provenance
