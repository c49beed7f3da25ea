"""Checks of transactions and of retention, of stores that have these."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import timedelta, timezone
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, cast

from uptime_core.compute import compute_snapshot
from uptime_core.errors import InputError
from uptime_core.quarantine import Quarantine
from uptime_core.testing.checks import Checks, at_once
from uptime_core.testing.failures import (
    keeps,
    require,
    require_equal,
    require_raises,
    require_same,
)
from uptime_core.testing.store_bench import taking_in
from uptime_core.testing.store_model import DAY
from uptime_core.testing.store_reading import poll_set
from uptime_core.testing.store_samples import (
    BAD_HOURS,
    HOURS,
    MINUTE,
    POLICIES,
    START,
    as_columns,
    as_rows,
    at,
    some_polls,
)
from uptime_core.window import Window

if TYPE_CHECKING:
    from uptime_core.capabilities import SupportsRetention, SupportsTransactions
    from uptime_core.testing.store_bench import StoreBench

checks: Checks[StoreBench] = Checks("ingest")

A_WHILE = 0.1
"""For how many seconds something is waited for that may wait for others itself."""


class _PassingError(Exception):
    """Leaves a transaction."""


@checks(
    *("transaction.whole", "transaction.inside", "store.newest"),
    needs=["transactions"],
)
def transactions(bench: StoreBench) -> None:
    """What is done in a block is done, or undone if an exception leaves it."""
    store = cast("SupportsTransactions", bench.store)
    _fill(bench)
    with store.transaction():
        _fill(bench, 1)
        inside = poll_set(bench.store.polls())
        with keeps("transaction.inside"):
            require_same("polls()", inside, bench.model.polls)
            require_same("zones", bench.store.timezones(), bench.model.timezones)
    names = ("polls", "hours", "timezones", "quarantined")
    bench.holds(**dict.fromkeys(names, "transaction.whole"))
    for error in (_PassingError(), KeyboardInterrupt()):
        before = bench.model.copy()
        with keeps("transaction.whole"):
            try:
                with store.transaction():
                    _fill(bench, 2, replace=True)
                    bench.add_polls([("late", START + DAY, True)])
                    bad = taking_in(bench.store).set_hours
                    bad([BAD_HOURS[0]], replace=True, on_error="collect")
                    raise error
            except type(error):
                pass
            else:
                require(holds=False, told=f"a {error!r} was swallowed")
        bench.model.become(before)
        bench.holds(**dict.fromkeys(names, "transaction.whole"))
    with store.transaction():
        bench.add_polls([("x", START, True)])
        try:
            taking_in(bench.store).add_polls([("y", at(START), "good"), ("", 1, 2)])  # type: ignore[list-item]  # bad rows
        except InputError:
            bench.set_timezones({"x": "UTC"})
    bench.holds(**dict.fromkeys(names, "transaction.whole"))


def _fill(bench: StoreBench, seed: int = 0, *, replace: bool = False) -> None:
    bench.add_polls(some_polls(20 + seed, [f"a{seed}", "b"], 12))
    bench.set_hours({f"a{seed}": HOURS["one"], "b": HOURS["split"]}, replace=replace)
    bench.set_timezones({f"a{seed}": "GB", "b": ("UTC", "Zulu", "GB")[seed]})
    bench.set_timezones({}, quarantine=Quarantine(frozenset({f"q{seed}"})))


@checks("transaction.nested", "transaction.whole", needs=["transactions"])
def blocks_within_blocks(bench: StoreBench) -> None:
    """An inner block that is undone takes nothing of the outer one with it."""
    store = cast("SupportsTransactions", bench.store)
    _fill(bench)
    names = ("polls", "hours", "timezones", "quarantined")
    for outer_fails, inner_fails in product((False, True), repeat=2):
        before = bench.model.copy()
        with keeps("transaction.nested"), suppress(_PassingError), store.transaction():
            _fill(bench, 1)
            within = bench.model.copy()
            with suppress(_PassingError), store.transaction():
                _fill(bench, 2, replace=True)
                if inner_fails:
                    raise _PassingError
            if inner_fails:
                bench.model.become(within)
            inside = poll_set(bench.store.polls())
            require_same("polls() after the inner block", inside, bench.model.polls)
            bench.add_polls([("after", START, True)])
            if outer_fails:
                raise _PassingError
        if outer_fails:
            bench.model.become(before)
        bench.holds(**dict.fromkeys(names, "transaction.nested"))


@checks("transaction.retention", needs=["transactions", "retention"])
def deleting_in_a_transaction(bench: StoreBench) -> None:
    """Old polls, and their horizon, are deleted or kept with all of the block."""
    _fill(bench)
    for fails in (True, False):
        before = bench.model.copy()
        with (
            keeps("transaction.retention"),
            suppress(_PassingError),
            cast("SupportsTransactions", bench.store).transaction(),
        ):
            bench.add_polls(some_polls(5, "ab", 20))
            deleted = cast("SupportsRetention", bench.store).delete_before(at(START))
            expected = bench.model.delete_before(START)
            require_equal("how many were deleted", deleted, expected)
            bench.add_polls([("a", START - 1, True)])
            if fails:
                raise _PassingError
        if fails:
            bench.model.become(before)
        bench.holds(polls="transaction.retention")
        with keeps("transaction.retention"):
            bench.add_polls([("a", START - 2, True)])
        bench.holds(polls="transaction.retention")


@checks("transaction.others", needs=["transactions"])
def others_during_a_transaction(bench: StoreBench) -> None:
    """Others see a block when it is done, and lose nothing when it is undone."""
    store = cast("SupportsTransactions", bench.store)
    second = taking_in(bench.second)  # opening one may have to wait, too
    for turn, fails in enumerate((False, True, False)):
        others = [(f"other-{turn}", START, True)]
        before = bench.model.copy()
        with ThreadPoolExecutor(2) as pool:
            with suppress(_PassingError), store.transaction():
                bench.add_polls(some_polls(turn, "ab", 12))
                bench.set_timezones({"a": ("UTC", "GB", "Zulu")[turn]})
                look = pool.submit(lambda: poll_set(bench.store.polls()))
                add = pool.submit(second.add_polls, as_rows(others))
                wait({look}, 10 * A_WHILE)  # it may have to wait for the end
                wait({add}, A_WHILE)  # likewise
                if fails:
                    raise _PassingError
            if fails:
                bench.model.become(before)
            add.result()
            seen = look.result() - set(others)
        with keeps("transaction.others", "what another thread saw"):
            if seen != before.polls:
                require_same("polls()", seen, bench.model.polls)
        bench.model.add_polls(others)
        bench.holds(polls="transaction.others", timezones="transaction.others")


@checks(
    "retention.deleted", "retention.reports", "retention.earlier", needs=["retention"]
)
def deleting_old_polls(bench: StoreBench) -> None:
    """Old polls go, but each shop's last ones, and reports of later windows stay."""
    store = cast("SupportsRetention", bench.store)
    both = [("b", START - 9 * MINUTE, up) for up in (True, False)]
    bench.add_polls(
        [*some_polls(30, "abc", 80), *both, ("d", START - 999 * MINUTE, True)]
    )
    for horizon in (START - 60 * MINUTE + 1, START, START + 34 * MINUTE):
        before = _later_reports(bench, horizon)
        deleted = store.delete_before(at(horizon))
        with keeps("retention.deleted"):
            require_equal("how many", deleted, bench.model.delete_before(horizon))
        bench.holds(polls="retention.deleted")
        after = _later_reports(bench, horizon)
        with keeps("retention.reports"):
            require_equal("reports of later windows", after, before)
        for earlier in (horizon, horizon - 1, horizon - 60 * MINUTE):
            with keeps("retention.earlier"):
                told = store.delete_before(at(earlier).astimezone(ZONE))
                require_equal("how many", told, 0)
                late = as_rows([("a", horizon - 1, True)])
                old = taking_in(bench.store).add_polls(late)
                require_equal("expired", getattr(old, "expired", None), 1)
            bench.holds(polls="retention.earlier")


ZONE = timezone(timedelta(hours=-9))


def _later_reports(bench: StoreBench, horizon: int) -> list[object]:
    windows = [
        Window.between(at(horizon), at(horizon + 30 * MINUTE), name="first"),
        Window.between(at(horizon + 7), at(horizon + 300 * MINUTE), name="second"),
    ]
    snapshot = bench.store.snapshot()
    as_of = at(horizon + 200 * MINUTE)
    reports = [
        compute_snapshot(snapshot, as_of=as_of, windows=windows, policy=policy)
        for policy in POLICIES
    ]
    return [
        (r.store_ids, *(a.tolist() for a in (r.up, r.down, r.open))) for r in reports
    ]


@checks("retention.later", needs=["retention"])
def an_instant_later_than_all_polls(bench: StoreBench) -> None:
    """No horizon is in the future of the polls, where nothing could be taken in."""
    store = cast("SupportsRetention", bench.store)
    with keeps("retention.later", "in a store without polls"):
        require_equal("how many", store.delete_before(at(START)), 0)
    bench.add_polls([("a", START - 2, True), ("a", START - 1, False)])
    bench.holds(polls="retention.later")
    for later in (START, START + 999 * DAY):
        with keeps("retention.later"):
            require_raises(InputError, partial(store.delete_before, at(later)))
    bench.add_polls([("b", START - 3, True)])
    bench.holds(polls="retention.later")
    with keeps("retention.later", "at the newest poll"):
        require_equal("how many", store.delete_before(at(START - 1)), 0)


@checks("retention.naive", needs=["retention"])
def an_instant_without_a_zone(bench: StoreBench) -> None:
    """What may be hours off deletes nothing."""
    bench.add_polls([("a", START - MINUTE, True), ("a", START - 1, True)])
    bench.add_polls([("a", START, False)])
    naive = at(START).replace(tzinfo=None)
    delete = cast("SupportsRetention", bench.store).delete_before
    with keeps("retention.naive"):
        require_raises(InputError, lambda: delete(naive))
    bench.holds(polls="retention.naive")


@checks("retention.expired", "retention.deleted", needs=["retention"])
def polls_from_before_the_horizon(bench: StoreBench) -> None:
    """What is older than what was deleted is counted, and not taken in."""
    store = cast("SupportsRetention", bench.store)
    kept = ("a", START - 1, False)  # and contradicted
    bench.add_polls([("e", START, True), kept])
    store.delete_before(at(START))
    bench.model.delete_before(START)
    late = [(s, START + beside, True) for s in "ab" for beside in (-1, 0, 1, -(10**9))]
    bench.add_polls(late)
    bench.add_polls([*late, ("c", START - 1, False)], as_columns)
    bench.add_polls([("a", START - 2, True), *late, ("a", START - 2, True), *late])
    bench.holds(polls="retention.expired")
    if bench.back_end.durable:
        bench.reopen()
        bench.add_polls([("d", START - 1, False), ("d", START, False)])
        bench.holds(polls="retention.expired")


@checks("ingest.threads", needs=["retention"])
def deleting_while_polls_come(bench: StoreBench) -> None:
    """Polls that come while old ones are deleted are not lost."""
    store = cast("SupportsRetention", bench.store)
    rows = [("a", START + minute * MINUTE, True) for minute in range(40)]

    def add() -> None:
        for row in rows:
            taking_in(bench.store).add_polls(as_rows([row]))

    def delete() -> None:
        for beside in range(40):
            store.delete_before(at(START - 100 + beside))

    work = (add, delete)
    at_once(len(work), lambda number: work[number]())
    bench.model.add_polls(rows)
    bench.model.delete_before(START - 61)
    bench.holds(polls="ingest.threads")
