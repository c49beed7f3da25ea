"""Checks of what outlives a process: closed, killed, crashed, damaged, or shared."""

from __future__ import annotations

import time
from contextlib import nullcontext
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any, cast

from uptime_core.errors import UptimeError
from uptime_core.intake import Quarantine
from uptime_core.testing.checks import Checks
from uptime_core.testing.damage import damaged
from uptime_core.testing.failures import keeps, require, require_equal
from uptime_core.testing.processes import (
    CRASHED,
    ForkedProcess,
    Steps,
    chosen,
)
from uptime_core.testing.store_bench import StoreBench, taking_in
from uptime_core.testing.store_model import StoreModel
from uptime_core.testing.store_operations import settle
from uptime_core.testing.store_reading import require_held
from uptime_core.testing.store_samples import (
    HOURS,
    IDS,
    MINUTE,
    START,
    as_columns,
    as_rows,
    as_schedules,
    at,
    some_polls,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from uptime_core.abc import Store
    from uptime_core.capabilities import SupportsRetention, SupportsTransactions
    from uptime_core.testing.processes import Say
    from uptime_core.testing.store_model import PollRow

checks: Checks[StoreBench] = Checks("ingest")

KINDS = sorted(HOURS)
SHOPS = [f"shop-{number}" for number in range(7)]
LAST = 3
MANY = 150
"""Polls of a shop in an ingest: more than a store may write at once by mistake."""


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
        require_held(bench.open(), expected.data(), expected.newest(), **_names())
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
    bench.holds(**_names())


def _names(sentence_id: str = "store.durable") -> dict[str, str]:
    return dict.fromkeys(("polls", "hours", "timezones", "quarantined"), sentence_id)


def _ingests(
    bench: StoreBench,
) -> Sequence[Callable[[Store, StoreModel, int], None]]:
    """Ingests of all kinds, that do something else each time they are done."""

    def polls(store: Store, model: StoreModel, turn: int) -> None:
        moments = [START + turn * MINUTE + beside for beside in range(MANY)]
        rows = [(shop, moment, turn % 2 == 0) for moment in moments for shop in SHOPS]
        taking_in(store).add_polls(as_columns(rows))
        model.add_polls(rows)

    def hours(store: Store, model: StoreModel, turn: int) -> None:
        new = dict.fromkeys(SHOPS, HOURS[KINDS[turn % len(KINDS)]])
        new[f"turn-{turn}"] = HOURS["one"]
        bad = Quarantine(frozenset({f"bad-{turn}"}))
        taking_in(store).set_hours(as_schedules(new), turn % 2 == 0, quarantine=bad)
        model.set_hours(new, replace=turn % 2 == 0, bad=bad)

    def zones(store: Store, model: StoreModel, turn: int) -> None:
        new = dict.fromkeys(SHOPS, ("UTC", "GB", "Zulu")[turn % 3])
        new[f"turn-{turn}"] = "Asia/Tokyo"
        taking_in(store).set_timezones(new, turn % 2 == 0)
        model.set_timezones(new, replace=turn % 2 == 0)

    def all_three(store: Store, model: StoreModel, turn: int) -> None:
        with cast("SupportsTransactions", store).transaction():
            polls(store, model, -1 - turn)
            hours(store, model, turn)
            zones(store, model, turn)

    def retention(store: Store, model: StoreModel, turn: int) -> None:
        horizon = START + MINUTE + turn  # among the polls of an early turn
        cast("SupportsRetention", store).delete_before(at(horizon))
        model.delete_before(horizon)

    others = (
        *[all_three] * bool(bench.back_end.transactions),
        *[retention] * bool(bench.back_end.retention),
    )
    return (polls, hours, zones, *others)


@checks("store.durable", needs=["durable", "forks"])
def a_process_that_crashes(bench: StoreBench) -> None:
    """A process that ends at any step of an ingest leaves it done or not begun."""
    turn = 0
    for ingest in _ingests(bench):
        steps: int | None = None
        points: list[int | None] = [None]
        while points:
            turn, point = turn + 1, points.pop(0)
            after = bench.model.copy()

            def work(say: Say, _: object, point: int | None = point) -> None:
                store = bench.open()
                counter = Steps(last=point, crash=True)
                with counter.counted():
                    ingest(store, StoreModel(), turn)  # noqa: B023  # it is run at once
                say(counter.taken)

            bench.reopen()
            status, said = ForkedProcess.running(work).end()
            require(status in (0, CRASHED), f"the process ended with {status}")
            ingest(cast("Any", _Nowhere()), after, turn)
            if steps is None:
                (steps,) = said
                points += chosen(steps, 9)
            settle(bench, after, "store.durable", done=bool(said))
            ingest(bench.store, bench.model, turn)  # what is not done, or once more
            bench.holds(**_names())


class _Nowhere:
    """Takes in whatever comes, and keeps nothing."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # any method
        return nullcontext if name == "transaction" else lambda *_, **__: None


@checks("ingest.whole")
def errors_of_the_system(bench: StoreBench) -> None:
    """An error at any step of an ingest leaves it done or not begun, and work goes on.

    The error is that of a full disk. It comes at the calls of the operating system,
    or of a database, that the store makes in Python. After the last of them it may be
    too late to undo what was done.
    """
    turn = 0
    for ingest in _ingests(bench):
        counter = Steps()
        with counter.counted():
            ingest(bench.store, bench.model, turn)
        bench.holds()
        for point in chosen(counter.taken, 9):
            turn += 1
            after = bench.model.copy()
            done = False
            try:
                with Steps(last=point).counted():
                    ingest(bench.store, StoreModel(), turn)
                done = True
            except (OSError, UptimeError):
                pass
            ingest(cast("Any", _Nowhere()), after, turn)
            settle(bench, after, "ingest.whole", done=done)
            if bench.back_end.durable:
                bench.reopen()
                bench.holds(**_names("ingest.whole"))
        turn += 1


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
    bench.holds(**_names("store.shared"))


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
                require_held(
                    store, bench.model.data(), newest, **_names("store.damage")
                )
            finally:
                bench.close()
    bench.reopen()
    bench.holds(**_names("store.damage"))
