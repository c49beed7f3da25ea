"""Checks of ingest from several threads, of transactions, and of retention."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import timedelta, timezone
from typing import TYPE_CHECKING, cast

from uptime_core.compute import compute_snapshot
from uptime_core.errors import InputError
from uptime_core.intake import Quarantine
from uptime_core.testing.checks import Checks, at_once
from uptime_core.testing.failures import keeps, require, require_equal, require_same
from uptime_core.testing.store_bench import taking_in
from uptime_core.testing.store_reading import hours_by_shop, poll_set
from uptime_core.testing.store_samples import (
    BAD_HOURS,
    HOURS,
    MINUTE,
    POLICIES,
    START,
    as_columns,
    as_rows,
    as_schedules,
    at,
    some_polls,
)
from uptime_core.window import Window

if TYPE_CHECKING:
    from uptime_core.abc import Store
    from uptime_core.capabilities import SupportsRetention, SupportsTransactions
    from uptime_core.testing.store_bench import StoreBench
    from uptime_core.testing.store_model import PollRow

checks: Checks[StoreBench] = Checks("ingest")

THREADS = 6
A_WHILE = 0.1
"""For how many seconds something is waited for that may wait for others itself."""


@checks("ingest.threads", "ingest.added", "ingest.repeated")
def threads_that_add_polls(bench: StoreBench) -> None:
    """Polls that come at once are all there, and each is counted as new once."""
    stores = [taking_in(s) for s in (bench.store, bench.second)]
    for turn in range(12):
        batches = [
            [
                ("a", START + turn, turn % 2 == 0),
                (f"b{n % 3}", START + n + turn, True),
                (f"t{n}", START - turn, True),
            ]
            for n in range(THREADS)
        ]

        def add(number: int, batches: list[list[PollRow]] = batches) -> int:
            result = stores[number % 2].add_polls(as_rows(batches[number]))
            return result.added - 1000 * result.repeated

        added = sum(at_once(THREADS, add))
        rows = [row for batch in batches for row in batch]
        expected = bench.model.add_polls(rows)
        with keeps("ingest.threads"):
            told = "added, less a thousand times repeated, of all threads"
            require_equal(told, added, expected.added - 1000 * expected.repeated)
        bench.holds(polls="ingest.threads")


@checks("ingest.threads")
def threads_that_set_hours_and_zones(bench: StoreBench) -> None:
    """What threads set at once for other shops is all there."""
    stores = [taking_in(s) for s in (bench.store, bench.second)]
    kinds = sorted(HOURS)
    for turn in range(8):

        def work(number: int, turn: int = turn) -> None:
            store, shop = stores[number % 2], f"s{number // 3}-{turn % 3}"
            if number % 3 == 0:
                store.set_hours(as_schedules({shop: HOURS[kinds[turn]]}))
            elif number % 3 == 1:
                store.set_timezones({shop: "UTC" if turn % 2 else "GB"})
            else:
                store.add_polls(as_columns([(shop, START + turn, True)]))

        at_once(THREADS, work)
        for number in range(THREADS // 3):
            shop = f"s{number}-{turn % 3}"
            bench.model.set_hours({shop: HOURS[kinds[turn]]})
            bench.model.set_timezones({shop: "UTC" if turn % 2 else "GB"})
            bench.model.add_polls([(shop, START + turn, True)])
        names = ("polls", "hours", "timezones")
        bench.holds(**dict.fromkeys(names, "ingest.threads"))


@checks("ingest.threads", "store.snapshot")
def readers_see_whole_batches(bench: StoreBench) -> None:
    """While data come, each ingest is seen wholly or not at all, and nothing fails."""
    shops = [f"shop-{number}" for number in range(40)]
    writer = taking_in(bench.store)
    ended = threading.Event()
    kinds = (HOURS["one"], HOURS["split"])

    def write() -> None:
        try:
            for turn in range(24):
                writer.add_polls(as_columns([(s, START + turn, True) for s in shops]))
                writer.set_hours(as_schedules(dict.fromkeys("ab", kinds[turn % 2])))
                writer.set_timezones(dict.fromkeys("ab", ("UTC", "GB")[turn % 2]))
        finally:
            ended.set()

    def read(store: Store) -> None:
        seen = 0
        while True:
            last = ended.is_set()
            parts = list(store.snapshot().parts())
            for polls in (
                poll_set(part.polls for part in parts),
                poll_set(store.polls()),
                *([] if seen % 3 else [poll_set(store.polls(end=at(START + 12)))]),
            ):
                _require_whole(polls, len(shops))
            zones = dict(store.timezones())
            require_equal("zones set at once", zones.get("a"), zones.get("b"))
            hours = hours_by_shop(store.hours())
            require_equal("hours set at once", hours.get("a"), hours.get("b"))
            seen += 1
            if last:
                return

    work = (write, lambda: read(bench.store), lambda: read(bench.second))
    at_once(len(work), lambda number: work[number]())


def _require_whole(polls: set[PollRow], shops: int) -> None:
    counts: dict[int, int] = {}
    for _, t, _ in polls:
        counts[t] = counts.get(t, 0) + 1
    require_same("polls of a batch of 40", counts.values(), {shops} if counts else ())


class _PassingError(Exception):
    """Leaves a transaction."""


@checks("transaction.whole", "transaction.inside", needs=["transactions"])
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


@checks("transaction.others", needs=["transactions"])
def others_during_a_transaction(bench: StoreBench) -> None:
    """Others see a block when it is done, and lose nothing when it is undone."""
    store = cast("SupportsTransactions", bench.store)
    for turn, fails in enumerate((False, True, False)):
        others = [(f"other-{turn}", START, True)]
        before = bench.model.copy()
        with ThreadPoolExecutor(2) as pool:
            with suppress(_PassingError), store.transaction():
                bench.add_polls(some_polls(turn, "ab", 12))
                bench.set_timezones({"a": ("UTC", "GB", "Zulu")[turn]})
                look = pool.submit(lambda: poll_set(bench.store.polls()))
                add = pool.submit(taking_in(bench.second).add_polls, as_rows(others))
                wait({look}, A_WHILE)  # it may have to wait for the end
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


@checks("retention.expired", "retention.deleted", needs=["retention"])
def polls_from_before_the_horizon(bench: StoreBench) -> None:
    """What is older than what was deleted is counted, and not taken in."""
    store = cast("SupportsRetention", bench.store)
    store.delete_before(at(START))
    bench.model.delete_before(START)
    late = [(s, START + beside, True) for s in "ab" for beside in (-1, 0, 1, -(10**9))]
    bench.add_polls(late)
    bench.add_polls([*late, ("c", START - 1, False)], as_columns)
    bench.holds(polls="retention.expired")
    if bench.back_end.durable:
        bench.reopen()
        bench.add_polls([("d", START - 1, False), ("d", START, False)])
        bench.holds(polls="retention.expired")
