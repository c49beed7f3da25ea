"""Checks of what is read from a store, whether it takes data in or not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from itertools import groupby, pairwise, product
from random import Random
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from uptime_core.compute import compute_snapshot
from uptime_core.errors import InputError, NoPollsError
from uptime_core.testing.checks import Checks, at_once, in_time
from uptime_core.testing.failures import (
    keeps,
    require,
    require_closes,
    require_equal,
    require_same,
)
from uptime_core.testing.store_model import DAY
from uptime_core.testing.store_operations import read_range
from uptime_core.testing.store_reading import (
    hours_by_shop,
    poll_set,
    require_snapshot,
)
from uptime_core.testing.store_samples import (
    HOURS,
    IDS,
    INSTANTS,
    MINUTE,
    NOON,
    START,
    TIMEZONES,
    WINDOWS,
    at,
    micros,
    some_polls,
)

if TYPE_CHECKING:
    from uptime_core.testing.store_bench import StoreBench
    from uptime_core.testing.store_model import PollRow

checks: Checks[StoreBench] = Checks()


@checks("store.polls", "store.newest", "store.snapshot", "store.empty-range")
def an_empty_store(bench: StoreBench) -> None:
    """Nothing is in a store that holds nothing, and that is no error."""
    bench.put()
    bench.holds()
    with keeps("store.newest"):
        try:
            compute_snapshot(bench.store.snapshot())
        except NoPollsError:
            pass
        else:
            require(holds=False, told="a report of no polls has found a now")
    report = compute_snapshot(bench.store.snapshot(), as_of=NOON)
    require_equal("the report's shops", report.store_ids, ())


@checks("store.polls", "store.instants", "store.newest", "store.range")
def polls_of_all_times(bench: StoreBench) -> None:
    """Every poll is there, exactly, from 1900 to 2199, and in every range of these."""
    bench.put([("a", t, t % 2 == 0) for t in INSTANTS])
    bench.holds(polls="store.instants")
    bounds = (None, *INSTANTS[::4], INSTANTS[-1])
    for number, (low, high) in enumerate(product(bounds, bounds)):
        read_range(bench, ("a", None)[number % 2], low, high)


@checks("store.ids", "store.polls", "store.hours", "store.timezones")
def ids_of_all_kinds(bench: StoreBench) -> None:
    """Ids that are nearly the same are different shops, in all three sources."""
    kinds = [HOURS[kind] for kind in sorted(HOURS)]
    zones = sorted(TIMEZONES.values())
    bench.put(
        [(shop, START + n, n % 2 == 0) for n, shop in enumerate(IDS)],
        {shop: kinds[n % len(kinds)] for n, shop in enumerate(IDS)},
        {shop: zones[n % len(zones)] for n, shop in enumerate(IDS)},
    )
    with keeps("store.ids"):
        require_same("the shops of hours()", bench.store.hours().store_ids, IDS)
        require_same("the shops of timezones()", bench.store.timezones(), IDS)
    bench.holds()
    for n, shop in enumerate(IDS):
        got = poll_set(bench.store.polls(shop))
        with keeps("store.ids", f"polls({shop!r})"):
            require_same("polls", got, [(shop, START + n, n % 2 == 0)])


@checks("store.statuses", "store.polls")
def both_statuses_of_an_instant(bench: StoreBench) -> None:
    """What contradicts itself stays so, and down wins in the report."""
    both = [("a", START, True), ("a", START, False), ("b", START, True)]
    bench.put([*both, ("a", START + 1, False), ("a", START + 2, True)])
    bench.holds()
    report = compute_snapshot(bench.store.snapshot(), as_of=at(START + 2))
    with keeps("store.statuses"):
        require_equal("the conflicts of a report", report.provenance.conflicts, 1)


@checks("store.range", "store.polls")
def half_open_ranges(bench: StoreBench) -> None:
    """What is asked for by shop and range is what there is of it, to the microsecond.

    The polls lie in batches that overlap, follow on each other, and leave gaps.
    """
    groups = [(0, 4, 8), (8, 9, 12), (3, 5), (20, 30, 40), (41, 42), (-9, 60), (25, 25)]
    rows = [
        (shop, START + minute * MINUTE, minute % 2 == 0)
        for group in groups
        for minute, shop in product(group, "abc")
    ]
    for group in groups:
        part = [row for row in rows if (row[1] - START) // MINUTE in group]
        bench.put(part)
    zero = [("a", beside, True) for beside in (-1, 0, 1)]
    bench.put(zero)
    bench.holds()
    edges = sorted({t for _, t, _ in (*rows, *zero)})
    bounds = (None, *(t + beside for t in edges for beside in (-1, 0, 1)))
    chance = Random(5)  # noqa: S311  # no secret
    asked: list[tuple[int | None, int | None]] = [
        *((None, t) for t in bounds),
        *((t, None) for t in bounds),
        *((t, t + 1) for t in edges),
        *pairwise(edges),
        *((chance.choice(bounds), chance.choice(bounds)) for _ in range(60)),
    ]
    for number, (low, high) in enumerate(asked):
        read_range(bench, (None, None, "b")[number % 3], low, high)


@checks("store.empty-range", "store.unknown-id", "store.range")
def what_is_not_there(bench: StoreBench) -> None:
    """Unknown shops and ranges without polls have none, and are no error."""
    bench.put([("a", START, True)], {"b": HOURS["one"]}, {"c": "UTC"})
    for shop in ("b", "c", "d", "A", "aa", "%", "a*", "\u00e9", "x" * 200):
        with keeps("store.unknown-id", f"polls({shop!r})"):
            require_same("polls", poll_set(bench.store.polls(shop)), ())
    for text in ("", "a\0", "\ud800", "a" * 300):  # no ids at all
        with keeps("store.unknown-id", f"polls({text!r})"), suppress(InputError):
            require_same("polls", poll_set(bench.store.polls(text)), ())
    for low, high in (
        *((START + 1, None), (None, START), (START, START), (START + 1, START - 1)),
        *((micros(at(0)), micros(at(1))), (START - 1, START)),
    ):
        for asked in (None, "a", "d"):
            read_range(bench, asked, low, high)


@checks("store.naive-bound", "store.instants")
def bounds_in_other_zones(bench: StoreBench) -> None:
    """A bound means its instant, whatever its zone; without one it means nothing."""
    bench.put([("a", START + minute * MINUTE, True) for minute in range(-600, 601, 30)])
    for hours in (-10, 5.75, 13):
        zone = timezone(timedelta(hours=hours))
        start, end = (NOON.astimezone(zone), at(START + 1).astimezone(zone))
        with keeps("store.instants", f"polls(start={start}, end={end})"):
            got = poll_set(bench.store.polls(start=start, end=end))
            require_same("polls", got, [("a", START, True)])
    twice = datetime(2023, 10, 29, 2, 30, tzinfo=ZoneInfo("Europe/Paris"))
    passes = [twice, twice.replace(fold=1)]  # an hour apart, of one reading
    bench.put([("b", micros(moment), True) for moment in passes])
    for moment, number in zip(passes, (2, 1), strict=True):
        with keeps("store.instants", f"polls('b', start={moment!r})"):
            got = poll_set(bench.store.polls("b", moment))
            require_equal("how many there are", len(got), number)
    naive = NOON.replace(tzinfo=None)
    for bounds in ((naive, None), (None, naive)):
        try:
            polls = poll_set(bench.store.polls(None, *bounds))
        except Exception:  # noqa: BLE001, S112  # any error is right
            continue
        with keeps("store.naive-bound"):
            require(holds=False, told=f"polls() between {bounds} gave {len(polls)}")


@checks("store.hours", "store.timezones")
def hours_and_zones_of_all_kinds(bench: StoreBench) -> None:
    """All rows and names come back, also of shops that were never polled."""
    bench.put([("one", START, True)], HOURS, TIMEZONES)
    bench.holds()
    report = compute_snapshot(bench.store.snapshot(), windows=WINDOWS)
    shops = sorted({*HOURS, *TIMEZONES})
    with keeps("store.snapshot"):
        require_equal("the report's shops", report.store_ids, tuple(shops))


@checks("store.hours")
def a_row_of_each_minute_of_the_week(bench: StoreBench) -> None:
    """Rows begin and end anywhere in the week, and past its end."""
    chance = Random(2)  # noqa: S311  # no secret
    hours = {}
    for number in range(60):
        day = number % 7
        start = chance.randrange(DAY // MINUTE) * MINUTE + number % 3
        length = chance.choice((1, MINUTE, 8 * 60 * MINUTE, DAY - 1, DAY))
        hours[f"shop-{number}"] = [(day * DAY + start, day * DAY + start + length)]
    bench.put((), hours)
    bench.holds()


@checks("store.polls", "store.hours", "store.timezones", "store.parts")
def thousands_of_shops(bench: StoreBench) -> None:
    """No shop, and no poll, is left out where there are many."""
    shops = [f"shop-{number * 7919 % 5003:04}" for number in range(5003)]
    kinds = [HOURS[kind] for kind in sorted(HOURS)]
    bench.put(
        [(s, START + n % 11 * MINUTE - n, n % 3 > 0) for n, s in enumerate(shops * 4)],
        {shop: kinds[n % len(kinds)] for n, shop in enumerate(shops[::2])},
        {shop: "UTC" if n % 2 else "Asia/Tokyo" for n, shop in enumerate(shops[::3])},
    )
    bench.holds()


@checks("store.identity", "store.shared")
def identities(bench: StoreBench) -> None:
    """A store is the same as itself, and as no other."""
    bench.put([("a", START, True)])
    own = bench.store.identity
    require(isinstance(own, str) and own, f"it is {own!r}")
    require_equal("identity, asked again", bench.store.identity, own)
    if bench.back_end.ingest:
        bench.add_polls([("a", START + 1, True), ("b", START, False)])
        bench.set_timezones({"b": "UTC"})
        require_equal("identity, when there is more", bench.store.identity, own)
    require(bench.elsewhere().identity != own, "another store has the same one")
    if bench.back_end.shared:
        with keeps("store.shared"):
            require_equal("that of another of the data", bench.second.identity, own)
    if bench.back_end.durable:
        bench.reopen()
        require_equal("that of the store opened again", bench.store.identity, own)


@checks("store.threads")
def threads_that_read(bench: StoreBench) -> None:
    """Threads that read at once read the same."""
    bench.put(some_polls(9, "abc", 300), HOURS, TIMEZONES)
    store = bench.store

    def read(number: int) -> None:
        for _ in range(3):
            if number % 2:
                require_snapshot(store.snapshot(), bench.model.data())
            polls = poll_set(store.polls())
            require_same("polls()", polls, bench.model.polls)
            require_same("hours()", hours_by_shop(store.hours()), bench.model.hours)

    at_once(4, read)


@checks("store.threads")
def what_another_thread_sees(bench: StoreBench) -> None:
    """A thread that has read before sees what there is now, whoever has changed it."""
    with ThreadPoolExecutor(1) as pool:
        for turn, zone in enumerate(("UTC", "GB", "Zulu")):
            rows = [(f"shop-{turn}", START + turn, turn != 1)]
            if turn == 0 or bench.back_end.ingest:
                bench.put(rows, {"a": [HOURS["split"][turn]]}, {"a": zone})
            names = ("polls", "hours", "timezones", "quarantined")
            seen = pool.submit(bench.holds, **dict.fromkeys(names, "store.threads"))
            seen.result()


@checks("store.read-on", "store.polls")
def reading_by_and_by(bench: StoreBench) -> None:
    """Batches that are read by and by are of one moment, and keep nobody waiting."""
    shops = [f"shop-{number:02}" for number in range(30)]
    bench.put(some_polls(17, shops, 300))
    before = bench.model.data().polls
    batches = iter(bench.store.polls())
    got = poll_set([next(batches)])
    if bench.back_end.ingest:
        shops.append("another")  # others are read already, or to be read
        rows = [(shop, START + DAY, up) for shop in shops for up in (True, False)]
        with keeps("store.read-on", "an ingest by another thread meanwhile"):
            in_time(lambda: bench.add_polls(rows))
        bench.holds()
    with keeps("store.read-on"):
        got |= poll_set(batches)
        if got != bench.model.polls:
            require_same("the polls", got, before)


@checks("store.close")
def closing(bench: StoreBench) -> None:
    """A store can be closed twice, and a block gives it and closes it."""
    bench.put([("a", START, True)])
    bench.reopen()
    require_closes(bench.open)


@checks("store.sorted", needs=["sorted_batches"])
def sorted_batches(bench: StoreBench) -> None:
    """The polls of a shop follow on each other, in order, and none comes twice."""
    for seed in range(4):
        bench.put(some_polls(seed, ("b", "a", "aa", "B"), 60))
        seen: set[PollRow] = set()
        for batch in bench.store.polls():
            polls = poll_set([batch])
            require_equal("the polls of a batch", len(polls), len(batch))
            require_same("polls of two batches", polls & seen, ())
            seen |= polls
            shops = [shop for shop, _ in groupby(batch.code.tolist())]
            require_equal("a shop's polls are together", len(set(shops)), len(shops))
            places = zip(batch.code.tolist(), batch.at.tolist(), strict=True)
            for (shop, t), (following, later) in pairwise(places):
                require(shop != following or t <= later, "instants are out of order")
    bench.holds()
