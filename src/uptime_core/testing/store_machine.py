"""A state machine that does whatever can be done with a store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from uptime_core.quarantine import Quarantine
from uptime_core.testing import store_operations as do
from uptime_core.testing.back_ends import StoreBackEnd
from uptime_core.testing.checks import at_once
from uptime_core.testing.failures import keeps, require_equal
from uptime_core.testing.folders import scratch
from uptime_core.testing.store_bench import StoreBench, taking_in
from uptime_core.testing.store_samples import (
    BAD_HOURS,
    BAD_POLLS,
    DAYS,
    HOURS,
    HOURS_FORMS,
    MINUTE,
    NIGHTS,
    POLICIES,
    POLL_FORMS,
    START,
    TIMEZONES,
    as_rows,
)
from uptime_core.testing.store_suite import METHODS, settle_promises

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uptime_core.policy import Policy
    from uptime_core.testing.store_model import PollRow, WeekRow

    Hours: TypeAlias = dict[str, tuple[WeekRow, ...]]

SHOPS = ("a", "b", "A", "\u00e9", "8419537941919820732")

shops: st.SearchStrategy[str] = st.sampled_from(SHOPS)
instants: st.SearchStrategy[int] = st.one_of(
    st.integers(-24, 24).map(lambda n: START + n * 30 * MINUTE),
    st.integers(-2, 2).map(lambda n: START + n),
)
polls: st.SearchStrategy[list[PollRow]] = st.lists(
    st.tuples(shops, instants, st.booleans()), max_size=12
)
hours: st.SearchStrategy[Hours] = st.dictionaries(
    shops, st.sampled_from([(), DAYS, NIGHTS, *HOURS.values()]), max_size=3
)
zones: st.SearchStrategy[dict[str, str]] = st.dictionaries(
    shops, st.sampled_from(sorted(TIMEZONES.values())), max_size=3
)
some_shops: st.SearchStrategy[frozenset[str]] = st.frozensets(
    shops | st.just("never polled"), max_size=2
)
_settled: dict[type[StoreMachine], dict[str, bool]] = {}
"""What was asked of stores once, and not for each example."""

quarantines: st.SearchStrategy[Quarantine] = st.just(Quarantine()) | st.builds(
    Quarantine, some_shops, some_shops
)


class StoreMachine(StoreBackEnd, RuleBasedStateMachine):
    """Does whatever can be done with a store, and compares it with a dictionary.

    Derive from it, and write `make_store`; `TestCase` of your class is a test:

        class MyMachine(StoreMachine):
            durable = True

            def make_store(self, folder):
                return MyStore(folder / "data")

        TestMine = MyMachine.TestCase

    There are rules for ingest of all three sources, good and bad; for inputs that
    break off; for several threads; for transactions and retention, where the store has
    these; for restarts, with and without an end, and processes that crash, where it is
    durable; and for ranges, and reports of the past and the future. After each rule,
    all that the store holds is compared. Where stores may share a folder, two of them
    are used in turn.

    Attributes:
        bench: The store, and what it should hold.
    """

    def __init__(self) -> None:
        super().__init__()
        known = _settled.get(type(self))
        if known is None:
            settle_promises(self)
            known = {promise: getattr(self, promise) for promise in METHODS}
            _settled[type(self)] = known
        vars(self).update(known)
        self._folder = scratch()
        self.bench: StoreBench = StoreBench(self, Path(self._folder.name))

    @initialize()
    def begin(self) -> None:
        """Open the store."""
        self._look()

    @rule(rows=polls, form=st.sampled_from(POLL_FORMS), cut=st.integers(0, 12))
    def add_polls(self, rows: list[PollRow], form: do.PollForm, cut: int) -> None:
        """Polls come, in two batches."""
        for part in (rows[:cut], rows[cut:]):
            do.add_polls(self.bench, part, form)
        self._look()

    @rule(rows=polls, bad=st.sampled_from(BAD_POLLS), collect=st.booleans())
    def add_bad_polls(self, rows: list[PollRow], bad: object, *, collect: bool) -> None:
        """A bad poll comes among good ones."""
        do.add_bad_polls(self.bench, rows, bad, collect=collect)
        self._look()

    @rule(rows=polls)
    def break_off(self, rows: list[PollRow]) -> None:
        """An input fails after some rows."""
        do.break_off(self.bench, rows)
        self._look()

    @rule(
        new=hours,
        form=st.sampled_from(HOURS_FORMS[:2]),
        replace=st.booleans(),
        quarantine=quarantines,
    )
    def set_hours(
        self, new: Hours, form: do.HoursForm, quarantine: Quarantine, *, replace: bool
    ) -> None:
        """Business hours come."""
        do.set_hours(self.bench, new, form, replace=replace, quarantine=quarantine)
        self._look()

    @rule(new=hours, bad=st.sampled_from(BAD_HOURS), shop=shops, replace=st.booleans())
    def set_bad_hours(
        self, new: Hours, bad: tuple[object, ...], shop: str, *, replace: bool
    ) -> None:
        """Business hours come, one row of them bad."""
        do.set_bad_hours(self.bench, new, bad, shop, replace=replace)
        self._look()

    @rule(new=zones, replace=st.booleans(), quarantine=quarantines)
    def set_timezones(
        self, new: dict[str, str], quarantine: Quarantine, *, replace: bool
    ) -> None:
        """Time zones come."""
        do.set_timezones(self.bench, new, replace=replace, quarantine=quarantine)
        self._look()

    @rule(new=zones, shop=shops, replace=st.booleans())
    def set_bad_timezone(
        self, new: dict[str, str], shop: str, *, replace: bool
    ) -> None:
        """Time zones come, one of them bad."""
        do.set_bad_timezone(self.bench, new, shop, replace=replace)
        self._look()

    @precondition(lambda self: self.transactions)
    @rule(rows=polls, new=zones, fails=st.booleans(), replace=st.booleans())
    def transact(
        self, rows: list[PollRow], new: dict[str, str], *, fails: bool, replace: bool
    ) -> None:
        """Several ingests are done in a transaction, which may be undone."""
        do.transact(self.bench, rows, new, fails=fails, replace=replace)
        self._look()

    @precondition(lambda self: self.retention)
    @rule(instant=instants)
    def delete_before(self, instant: int) -> None:
        """Old polls are deleted."""
        do.delete_before(self.bench, instant)
        self._look()

    @rule(batches=st.lists(polls, min_size=2, max_size=3))
    def add_at_once(self, batches: Sequence[list[PollRow]]) -> None:
        """Threads add polls at once; each poll is new to one of them."""
        store = taking_in(self.bench.store)
        with keeps("ingest.threads"):
            added = at_once(
                len(batches), lambda number: store.add_polls(as_rows(batches[number]))
            )
            expected = self.bench.model.add_polls([r for rows in batches for r in rows])
            told = sum(result.added for result in added)
            require_equal("added, of all threads", told, expected.added)
        self._look()

    @precondition(lambda self: self.durable)
    @rule(close=st.booleans())
    def reopen(self, *, close: bool) -> None:
        """The store is opened again; the one before was closed, or has crashed."""
        do.reopen(self.bench, close=close)
        self._look()

    @precondition(lambda self: self.durable and self.forks)
    @rule(rows=polls, step=st.integers(1, 15))
    def crash(self, rows: list[PollRow], step: int) -> None:
        """A process ends at some step of an ingest."""
        do.crash(self.bench, rows, step)

    @rule(shop=st.none() | shops, low=st.none() | instants, high=st.none() | instants)
    def read(self, shop: str | None, low: int | None, high: int | None) -> None:
        """Some polls are read."""
        do.read_range(self.bench, shop, low, high)

    @rule(
        as_of=instants,
        policy=st.sampled_from(POLICIES),
        stores=st.sampled_from(["all", "polled"]),
        oracle=st.booleans(),
    )
    def report(
        self, as_of: int, policy: Policy, stores: do.Shops, *, oracle: bool
    ) -> None:
        """A report is made, of the past, the present or the future."""
        do.report(self.bench, as_of, policy, stores, oracle=oracle)

    def _look(self) -> None:
        self.bench.holds_in_turn()

    def teardown(self) -> None:
        """Close the store, and delete its folder."""
        self.bench.close()
        self._folder.cleanup()
