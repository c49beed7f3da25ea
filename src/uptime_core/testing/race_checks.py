"""Checks of ingest from several threads, and of who reads meanwhile."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from uptime_core.testing.checks import Checks, at_once
from uptime_core.testing.failures import keeps, require, require_equal, require_same
from uptime_core.testing.store_bench import taking_in
from uptime_core.testing.store_model import DAY
from uptime_core.testing.store_reading import hours_by_shop, poll_set
from uptime_core.testing.store_samples import (
    HOURS,
    MINUTE,
    START,
    as_columns,
    as_rows,
    as_schedules,
    at,
)
from uptime_core.timezones import timezone_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uptime_core.abc import Store
    from uptime_core.snapshot import Snapshot
    from uptime_core.testing.store_bench import StoreBench
    from uptime_core.testing.store_model import PollRow, WeekRow

checks: Checks[StoreBench] = Checks("ingest")

THREADS = 6


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
    """While data come, each ingest is seen wholly or not at all, and nothing fails.

    In each turn polls come, then hours, then zones; so of what a snapshot has, polls
    are of the turn of the hours or of the next one, and hours of that of the zones. In
    every second turn, hours and zones take the place of those of all shops.
    """
    shops = [f"shop-{number}" for number in range(40)]
    writer = taking_in(bench.store)
    ended = threading.Event()

    def write() -> None:
        try:
            for turn, zone in enumerate(ZONES):
                writer.add_polls(as_columns([(s, START + turn, True) for s in shops]))
                rows, replace = [(turn * MINUTE, DAY)], turn % 2 == 1
                writer.set_hours(as_schedules(dict.fromkeys("ab", rows)), replace)
                writer.set_timezones(dict.fromkeys("ab", zone), replace)
        finally:
            ended.set()

    def read(store: Store) -> None:
        number, hours, zones = 0, -1, -1
        while True:
            number += 1
            before = (hours, zones)
            last = ended.is_set()
            with keeps("store.snapshot"):
                _require_one_moment(list(store.snapshot().parts()), len(shops))
            _turn_of_polls(poll_set(store.polls()), len(shops))
            early = store.polls(end=at(START + 12)) if number % 3 == 0 else ()
            _turn_of_polls(poll_set(early), len(shops))
            hours = _turn_of_hours(hours_by_shop(store.hours()))
            zones = _turn_of_zones(store.timezones())
            told = f"turns {before} of hours and zones are followed by {hours, zones}"
            with keeps("ingest.threads"):
                require(hours >= before[0] and zones >= before[1], told)
            if last:
                return

    work = (write, lambda: read(bench.store), lambda: read(bench.second))
    at_once(len(work), lambda number: work[number]())


ZONES = sorted(name for name in timezone_names() if name.startswith("Europe/"))[:24]


def _require_one_moment(parts: list[Snapshot], shops: int) -> None:
    hours: dict[str, frozenset[WeekRow]] = {}
    zones: dict[str, str] = {}
    for part in parts:
        hours |= hours_by_shop(part.hours)
        zones |= part.timezones
    polls = _turn_of_polls(poll_set(part.polls for part in parts), shops)
    turns = (polls, _turn_of_hours(hours), _turn_of_zones(zones))
    is_one = turns[0] >= turns[1] >= turns[2] >= turns[0] - 1
    require(is_one, f"polls, hours and zones of a snapshot are of turns {turns}")


def _turn_of_polls(polls: set[PollRow], shops: int) -> int:
    counts: dict[int, int] = {}
    for _, t, _ in polls:
        counts[t] = counts.get(t, 0) + 1
    with keeps("ingest.threads"):
        told = f"polls of batches of {shops}"
        require_same(told, counts.values(), {shops} if counts else ())
    return len(counts) - 1


def _turn_of_hours(hours: Mapping[str, frozenset[WeekRow]]) -> int:
    with keeps("ingest.threads"):
        require_equal("hours set at once", hours.get("a"), hours.get("b"))
    ((start, _),) = hours.get("a", [(-MINUTE, 0)])
    return start // MINUTE


def _turn_of_zones(zones: Mapping[str, str]) -> int:
    with keeps("ingest.threads"):
        require_equal("zones set at once", zones.get("a"), zones.get("b"))
    return ZONES.index(zones["a"]) if zones else -1
