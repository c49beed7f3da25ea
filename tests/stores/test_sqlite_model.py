"""SqliteStore against a model of plain dicts, whatever is done to both."""

from __future__ import annotations

import shutil
import tempfile
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from uptime_core import InputError, Snapshot, Window, compute_snapshot, compute_store
from uptime_core.ingest import IngestResult
from uptime_core.stores import compaction, packed, sqlite_ingest, sqlite_tables
from uptime_core.stores.sqlite import SqliteStore
from uptime_core.testing.strategies import policies

if TYPE_CHECKING:
    from uptime_core import Policy

PollRow = tuple[str, datetime, bool]
HoursRow = tuple[str, int, str, str]

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)
IDS = ["a", "b", "c", "d", "8419537941919820732"]
ELSEWHERE = "never-polled"

ids = st.sampled_from(IDS)
instants = st.one_of(
    st.integers(-12, 12).map(lambda n: NOON + n * HOUR / 2),
    st.integers(-2, 2).map(lambda n: NOON + n * MICROSECOND),
)
poll_rows = st.lists(st.tuples(ids, instants, st.booleans()), max_size=12)
hours_rows = st.lists(
    st.tuples(
        ids,
        st.sampled_from([1, 2, 2, 3]),
        st.sampled_from(["9:00", "12:00", "22:00"]),
        st.sampled_from(["12:30", "17:00", "24:00"]),
    ),
    max_size=5,
)
zone_maps = st.dictionaries(
    ids, st.sampled_from(["UTC", "Asia/Kathmandu", "Pacific/Apia"]), max_size=3
)
bad_ids = st.none() | ids | st.just(ELSEWHERE)


@attrs.define
class Model:
    """What the store should hold; polls from before the horizon are never deleted."""

    polls: set[PollRow] = attrs.field(factory=set)
    hours: dict[str, set[HoursRow]] = attrs.field(factory=dict)
    zones: dict[str, str] = attrs.field(factory=dict)
    bad_hours: set[str] = attrs.field(factory=set)
    bad_zones: set[str] = attrs.field(factory=set)
    horizon: datetime | None = None

    def add_polls(self, rows: list[PollRow]) -> IngestResult:
        kept = [r for r in rows if self.horizon is None or r[1] >= self.horizon]
        new = set(kept) - self.polls
        before = self._conflicts()
        self.polls |= new
        return IngestResult(
            added=len(new),
            repeated=len(kept) - len(new),
            conflicting=self._conflicts() - before,
            expired=len(rows) - len(kept),
        )

    def _conflicts(self) -> int:
        return sum((shop, at, not up) in self.polls for shop, at, up in self.polls) // 2

    def set_hours(
        self, rows: list[HoursRow], bad: str | None, *, replace: bool
    ) -> IngestResult:
        before = self.hours.copy()
        good = [row for row in rows if row[0] != bad]
        named = {row[0] for row in good}
        added = conflicting = 0
        for shop in named:
            fresh = {r for r in good if r[0] == shop} - self.hours.get(shop, set())
            added += len(fresh)
            conflicting += len(fresh) if shop in self.hours else 0
        if replace:
            self.hours, self.bad_hours = {}, set()
        self.hours |= {shop: {r for r in good if r[0] == shop} for shop in named}
        self.bad_hours -= named
        if bad is not None:
            self.hours.pop(bad, None)
            self.bad_hours.add(bad)
        return IngestResult(
            added=added,
            repeated=len(good) - added,
            conflicting=conflicting,
            removed=sum(
                len(rows - self.hours.get(shop, set())) for shop, rows in before.items()
            ),
        )

    def set_zones(
        self, zones: dict[str, str], bad: str | None, *, replace: bool
    ) -> IngestResult:
        before = self.zones.copy()
        good = {shop: zone for shop, zone in zones.items() if shop != bad}
        changed = [s for s, zone in good.items() if self.zones.get(s) != zone]
        conflicting = sum(shop in self.zones for shop in changed)
        if replace:
            self.zones, self.bad_zones = {}, set()
        self.zones |= good
        self.bad_zones -= good.keys()
        if bad is not None:
            self.zones.pop(bad, None)
            self.bad_zones.add(bad)
        return IngestResult(
            added=len(changed),
            repeated=len(good) - len(changed),
            conflicting=conflicting,
            removed=len(before.items() - self.zones.items()),
        )

    def kept_polls(self) -> set[PollRow]:
        """The polls without those that retention deletes."""
        if self.horizon is None:
            return self.polls
        last: dict[str, datetime] = {}
        for shop, at, _ in self.polls:
            if at < self.horizon:
                last[shop] = max(last.get(shop, at), at)
        return {r for r in self.polls if r[1] >= self.horizon or r[1] == last[r[0]]}

    def snapshot(self) -> Snapshot:
        rows = [row for shop in sorted(self.hours) for row in sorted(self.hours[shop])]
        snapshot = Snapshot.of(sorted(self.polls), rows, self.zones)
        return attrs.evolve(
            snapshot, quarantined=frozenset(self.bad_hours | self.bad_zones)
        )


class SqliteMachine(RuleBasedStateMachine):
    """Two handles of one file, used in turn, and the model."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=_fast_folder()))
        self.patch = pytest.MonkeyPatch()
        self.model = Model()
        self.turn = 0

    @initialize(few=st.booleans())
    def begin(self, *, few: bool) -> None:
        if few:  # blocks of two shops, chunks of eight polls
            for module in (packed, sqlite_ingest):
                self.patch.setattr(module, "SHOP_BITS", 1)
                self.patch.setattr(module, "SHOPS_PER_BLOCK", 2)
            self.patch.setattr(packed, "MOST_POLLS", 8)
            self.patch.setattr(compaction, "LARGE", 4)
            self.patch.setattr(sqlite_tables, "SUMMARIZED", 1)
        self.stores = [self._opened(), self._opened()]

    def _opened(self) -> SqliteStore:
        return SqliteStore(self.folder / "store.db", timeout=1)

    @property
    def store(self) -> SqliteStore:
        self.turn += 1
        return self.stores[self.turn % 2]

    @rule(rows=poll_rows, cut=st.integers(0, 12))
    def add_polls(self, rows: list[PollRow], cut: int) -> None:
        for part in (rows[:cut], rows[cut:]):
            assert self.store.add_polls(part) == self.model.add_polls(part)

    @rule(count=st.integers(1, 40), shop=ids, start=instants)
    def add_one_by_one(self, count: int, shop: str, start: datetime) -> None:
        store = self.store
        with store.transaction():
            for number in range(count):
                rows = [(shop, start + number * MICROSECOND, number % 3 > 0)]
                assert store.add_polls(rows) == self.model.add_polls(rows)

    @rule(rows=hours_rows, replace=st.booleans(), bad=bad_ids)
    def set_hours(
        self, rows: list[HoursRow], bad: str | None, *, replace: bool
    ) -> None:
        given = rows if bad is None else [*rows, (bad, 9, "9:00", "10:00")]
        result = self.store.set_hours(given, replace, on_error="collect")
        expected = self.model.set_hours(rows, bad, replace=replace)
        assert attrs.evolve(result, rejected=()) == expected
        assert bool(result.rejected) == (bad is not None)

    @rule(zones=zone_maps, replace=st.booleans(), bad=bad_ids)
    def set_timezones(
        self, zones: dict[str, str], bad: str | None, *, replace: bool
    ) -> None:
        given = [*zones.items(), *([] if bad is None else [(bad, "Nowhere")])]
        result = self.store.set_timezones(given, replace, on_error="collect")
        expected = self.model.set_zones(zones, bad, replace=replace)
        assert attrs.evolve(result, rejected=()) == expected

    @rule()
    def compact(self) -> None:
        self.store.compact()

    @rule(instant=instants)
    def delete_before(self, instant: datetime) -> None:
        before = self.model.kept_polls()
        newest = max((at for _, at, _ in before), default=None)
        if newest is not None:
            if instant > max(newest, self.model.horizon or newest):
                with pytest.raises(InputError, match="later than the newest poll"):
                    self.store.delete_before(instant)
                return
            self.model.horizon = max(instant, self.model.horizon or instant)
        expected = len(before) - len(self.model.kept_polls())
        assert self.store.delete_before(instant) == expected

    @rule()
    def reopen(self) -> None:
        self.stores[0].close()
        self.stores[0] = self._opened()

    @rule(rows=poll_rows, hours=hours_rows, zones=zone_maps)
    def fail(
        self, rows: list[PollRow], hours: list[HoursRow], zones: dict[str, str]
    ) -> None:
        store = self.store
        new = [("new", at, up) for _, at, up in rows]

        def all_of_it() -> None:
            with store.transaction():
                store.add_polls(rows + new)
                store.set_hours(hours, replace=True)
                store.set_timezones(zones)
                store.delete_before(min(NOON + 20 * HOUR, store.newest_poll() or NOON))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            all_of_it()

    @rule(inner=poll_rows, outer=poll_rows, after=poll_rows, zones=zone_maps)
    def nest(
        self,
        inner: list[PollRow],
        outer: list[PollRow],
        after: list[PollRow],
        zones: dict[str, str],
    ) -> None:
        """What an inner block has done is undone alone, also its new shops."""
        store = self.store

        def inner_block() -> None:
            with store.transaction():
                model = deepcopy(self.model)
                new = [("undone", at, up) for _, at, up in inner]
                assert store.add_polls(inner + new) == model.add_polls(inner + new)
                store.set_timezones(zones, replace=True)
                raise ZeroDivisionError

        with store.transaction():
            assert store.add_polls(outer) == self.model.add_polls(outer)
            with pytest.raises(ZeroDivisionError):
                inner_block()
            self.reports_are_equal(store)
            assert store.add_polls(after) == self.model.add_polls(after)

    @rule(policy=policies(), as_of=instants, length=st.integers(1, 12))
    def report(self, policy: Policy, as_of: datetime, length: int) -> None:
        horizon = self.model.horizon
        start = as_of - length * HOUR / 2
        if horizon is not None:
            as_of = max(as_of, horizon)
            start = max(start, horizon)
        windows = [
            Window.between(start, as_of + HOUR, name="w1"),
            Window.between(start + (as_of - start) / 3, as_of, name="w2"),
        ]
        same(self.store, self.model, as_of=as_of, windows=windows, policy=policy)
        assert self.store.quarantined() == self.model.snapshot().quarantined

    @precondition(lambda self: self.model.polls and self.model.horizon is None)
    @rule(policy=policies(), shops=st.sampled_from(["all", "polled", "ab"]))
    def report_now(self, policy: Policy, shops: str) -> None:
        polled = {shop for shop, _, _ in self.model.polls}
        stores = sorted(polled & set(shops)) if shops == "ab" else shops
        if stores:
            same(self.store, self.model, policy=policy, stores=stores)

    @invariant()
    def reports_are_equal(self, store: SqliteStore | None = None) -> None:
        if not hasattr(self, "stores"):
            return
        store = store or self.store
        assert polls_of(store) == sorted(self.model.kept_polls())
        assert store.timezones() == self.model.zones
        assert set(store.hours().store_ids) == self.model.hours.keys()
        newest = max((at for _, at, _ in self.model.polls), default=None)
        assert store.newest_poll() == newest
        snapshot = self.model.snapshot()
        named = snapshot.quarantined
        assert store.quarantined() == named
        assert store.snapshot().newest() == snapshot.newest()

    def teardown(self) -> None:
        if hasattr(self, "stores"):
            self.stores[0].check()
            for store in self.stores:
                store.close()
        self.patch.undo()
        shutil.rmtree(self.folder)


def same(store: SqliteStore, model: Model, **request: Any) -> None:  # noqa: ANN401  # as compute_snapshot has
    """The store's reports, of all it has and of what they need, are the model's."""
    expected = compute_snapshot(model.snapshot(), **request)
    whole = compute_snapshot(store.snapshot(), **request)
    short = compute_store(store, **request)
    for report in (whole, short):
        assert report.store_ids == expected.store_ids
        assert report == expected
        assert report.last_poll.tolist() == expected.last_poll.tolist()
        assert report.provenance.quarantined == expected.provenance.quarantined
        if model.horizon is None:
            assert report.provenance == expected.provenance
            assert report.poll_count.tolist() == expected.poll_count.tolist()
    assert short.to_csv(columns="extended") == whole.to_csv(columns="extended")
    assert short.provenance == whole.provenance


def polls_of(store: SqliteStore) -> list[PollRow]:
    return sorted(
        (poll.store_id, poll.at, poll.up)
        for batch in store.polls()
        for poll in batch.rows()
    )


def _fast_folder() -> str | None:
    """A folder in memory, where there is one: what is tested does not need a disk."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  # as said


def test_whatever_is_done_the_store_holds_what_the_model_does() -> None:
    profile = hypothesis.settings()
    run_state_machine_as_test(
        SqliteMachine,
        settings=hypothesis.settings(
            max_examples=profile.max_examples * 2 // 3, stateful_step_count=20
        ),
    )


stretches = st.tuples(
    st.sampled_from([0, 8, 16, 24]),
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 8), st.booleans()), max_size=9
    ),
)
halves = st.integers(-1, 34)


@hypothesis.given(
    batches=st.lists(stretches, min_size=1, max_size=8),
    bounds=st.tuples(halves, halves, halves).map(sorted),
    policy=policies(),
    off=st.sampled_from([-MICROSECOND, timedelta(0), MICROSECOND]),
    data=st.data(),
)
def test_a_report_that_reads_what_it_needs_is_that_of_everything(
    batches: list[tuple[int, list[tuple[str, int, bool]]]],
    bounds: list[int],
    policy: Policy,
    off: timedelta,
    data: st.DataObject,
) -> None:
    """Batches, and so chunks, that lie before, in, across and after the windows."""
    model = Model()
    start, end, as_of = (NOON + half * HOUR / 2 + off for half in bounds)
    with (
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryDirectory(dir=_fast_folder()) as folder,
        SqliteStore(Path(folder) / "store.db") as store,
    ):
        patch.setattr(sqlite_tables, "SUMMARIZED", 1)
        with store.transaction():
            for first, rows in batches:
                polls = [(s, NOON + (first + h) * HOUR / 2, up) for s, h, up in rows]
                assert store.add_polls(polls) == model.add_polls(polls)
        if data.draw(st.booleans()):
            store.compact()
        windows = [Window.between(start, end, name="w1")]
        if data.draw(st.booleans()):
            windows.append(Window.last(3 * HOUR / 2, name="w2"))
        same(store, model, as_of=as_of, windows=windows, policy=policy)
