"""Checks of what outlives a process: closed, killed, crashed, damaged, or shared."""

from __future__ import annotations

import time
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from uptime_core.errors import UptimeError
from uptime_core.quarantine import Quarantine
from uptime_core.testing.checks import Checks
from uptime_core.testing.damage import damaged
from uptime_core.testing.failures import keeps, require_equal
from uptime_core.testing.processes import (
    ForkedProcess,
)
from uptime_core.testing.store_bench import StoreBench, taking_in
from uptime_core.testing.store_model import StoreModel
from uptime_core.testing.store_operations import settle
from uptime_core.testing.store_reading import require_held
from uptime_core.testing.store_samples import (
    HOURS,
    IDS,
    START,
    as_columns,
    as_rows,
    as_schedules,
    some_polls,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from uptime_core.abc import Store
    from uptime_core.testing.processes import Say
    from uptime_core.testing.store_model import PollRow

    Ingest = Callable[[Store, StoreModel, int], None]

checks: Checks[StoreBench] = Checks("ingest")

KINDS = sorted(HOURS)
SHOPS = [f"shop-{number}" for number in range(7)]
LAST = 3


@checks("store.durable", "store.identity", needs=["durable"])
def a_store_that_is_opened_again(bench: StoreBench) -> None:
    """All of it is there again, whether the store before was closed or not."""
    identity = bench.store.identity
    for turn, close in enumerate((True, False, True)):
        shops = [f"{shop}-{turn}" for shop in IDS[:9]]
        bench.add_polls(some_polls(turn, shops, 40))
        bench.set_hours({shops[0]: HOURS["split"], shops[1]: [], "x": HOURS["one"]})
        bench.set_timezones({shops[2]: "GB", "x": "UTC"})
        suspects = Quarantine(frozenset({"q"}), frozenset({"s", f"late-{turn}"}))
        bench.set_hours({}, quarantine=suspects)
        bench.set_timezones({}, quarantine=Quarantine(frozenset({f"z-{turn}"})))
        bench.reopen(close=close)
        bench.add_polls([(f"late-{turn}", START, True)])
        names = ("polls", "hours", "timezones", "quarantined")
        bench.holds(**dict.fromkeys(names, "store.durable"))
        require_equal("its identity", bench.store.identity, identity)
        bench.set_timezones({"q": "UTC"})
        bench.reopen(close=close)
        bench.holds(**dict.fromkeys(names, "store.durable"))


@checks("store.shared", needs=["shared"])
def stores_of_one_place(bench: StoreBench) -> None:
    """Each of two stores sees, and counts, what the other has done."""
    for turn in range(LAST + 1):
        for store in (bench.second, bench.store):
            with keeps("store.shared"):
                bench.add_polls(some_polls(turn, SHOPS, 15), store=store)
                hours = {SHOPS[turn]: HOURS[KINDS[turn]], "a": HOURS[KINDS[turn + 1]]}
                bench.set_hours(hours, replace=turn == 1, store=store)
                zones = {SHOPS[turn]: "GB", "a": ("UTC", "Zulu")[turn % 2]}
                bench.set_timezones(zones, replace=turn == LAST, store=store)
                bad = Quarantine(frozenset({f"q{turn}"}))
                bench.set_timezones({}, quarantine=bad, store=store)
            names = ("polls", "hours", "timezones", "quarantined")
            bench.holds(**dict.fromkeys(names, "store.shared"))


@checks("store.durable", needs=["durable", "forks"])
def another_process(bench: StoreBench) -> None:
    """What a process has done, another one reads, that knows nothing of the first."""
    expected = StoreModel()
    rows = some_polls(4, "abc", 30)
    hours, zones = {"a": HOURS["split"], "b": []}, {"a": "GB", "d": "UTC"}
    expected.add_polls(rows)
    expected.set_hours(hours)
    expected.set_timezones(zones)

    def read(say: Say, wait: Callable[[], object]) -> None:
        wait()
        require_held(bench.open(), expected.data(), expected.newest(), **names())
        say("read")

    def write(say: Say, _: object) -> None:
        store = taking_in(bench.open())
        store.add_polls(as_rows(rows))
        store.set_hours(as_schedules(hours))
        store.set_timezones(zones)
        say("written")

    reader = ForkedProcess.running(read)
    writer = ForkedProcess.running(write)
    require_equal("what the writer said", writer.end(), (0, ["written"]))
    reader.go_on()
    require_equal("what the reader said", reader.end(), (0, ["read"]))
    bench.model.become(expected)
    bench.holds(**names())


def names(sentence_id: str = "store.durable") -> dict[str, str]:
    """One sentence for whatever is not as it should be."""
    return dict.fromkeys(("polls", "hours", "timezones", "quarantined"), sentence_id)


@checks("store.durable", needs=["durable", "forks"])
def a_process_that_is_killed(bench: StoreBench) -> None:
    """What was done when a process was killed is there, and at most one batch more."""
    chance = Random(11)  # noqa: S311  # no secret
    shops = [f"shop-{number}" for number in range(60)]

    def batch(number: int) -> list[PollRow]:
        return [(shop, START + number, True) for shop in shops]

    def work(first: int, say: Say, _: object) -> None:
        store = taking_in(bench.open())
        for number in range(first, first + 10**6):
            store.add_polls(as_columns(batch(number)))
            say(number)

    first = 0
    for _ in range(3):
        bench.reopen()
        process = ForkedProcess.running(partial(work, first))
        last = process.hear()
        time.sleep(chance.uniform(0, 0.01))
        last = max([last, *process.kill()])
        for number in range(first, last + 1):
            bench.model.add_polls(batch(number))
        after = bench.model.copy()
        after.add_polls(batch(last + 1))
        settle(bench, after, "store.durable", done=False)
        first = last + 2


@checks("store.shared", needs=["shared", "forks"])
def processes_that_ingest_at_once(bench: StoreBench) -> None:
    """Nothing of what several processes take in at once is lost or counted twice."""

    def batch(number: int, turn: int) -> list[PollRow]:
        rows = [("a", START + turn, True), (f"own-{number}", START + turn, False)]
        return [*rows, (f"b{turn}", START - number, True)]

    def work(number: int, say: Say, wait: Callable[[], object]) -> None:
        store = taking_in(bench.open())
        say("ready")
        wait()
        added = 0
        for turn in range(12):
            added += store.add_polls(as_rows(batch(number, turn))).added
            store.set_hours(as_schedules({f"own-{number}": HOURS[KINDS[turn % 3]]}))
            store.set_timezones({f"own-{number}-{turn}": "UTC"})
        say(added)

    processes = [ForkedProcess.running(partial(work, number)) for number in range(3)]
    for process in processes:
        require_equal("it said", process.hear(), "ready")
    for process in processes:
        process.go_on()
    added = 0
    for process in processes:
        _, said = process.end()
        added += said[-1]
    rows = [row for n in range(3) for turn in range(12) for row in batch(n, turn)]
    expected = bench.model.add_polls(rows)
    for number in range(3):
        bench.model.set_hours({f"own-{number}": HOURS[KINDS[11 % 3]]})
        bench.model.set_timezones({f"own-{number}-{t}": "UTC" for t in range(12)})
    require_equal("how many polls were added", added, expected.added)
    bench.holds(**names("store.shared"))


@checks("store.damage", needs=["durable", "notices_damage"])
def damaged_files(bench: StoreBench) -> None:
    """Damaged files are an error, or give what was there before."""
    bench.add_polls(some_polls(1, SHOPS, 60))
    bench.set_hours({"a": HOURS["split"], SHOPS[0]: HOURS["one"]})
    bench.set_timezones({"a": "GB", SHOPS[1]: "Asia/Tokyo"})
    bench.set_hours({}, quarantine=Quarantine(frozenset({"q"})))
    bench.close()
    place = bench.folder / "place"
    for told in damaged(place, Random(3)):  # noqa: S311  # no secret
        with keeps("store.damage", told):
            try:
                store = bench.open()
                list(store.polls())
                store.hours(), store.timezones(), store.quarantined(), store.snapshot()
            except (UptimeError, OSError):
                bench.close()
                continue
            newest = bench.model.newest()
            try:
                require_held(store, bench.model.data(), newest, **names("store.damage"))
            finally:
                bench.close()
    bench.reopen()
    bench.holds(**names("store.damage"))
