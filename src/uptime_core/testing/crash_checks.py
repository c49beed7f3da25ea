"""Checks of ingests that end at any of their steps: by a crash, or with an error."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from itertools import count
from typing import TYPE_CHECKING, Any, cast

from uptime_core.errors import UptimeError
from uptime_core.quarantine import Quarantine
from uptime_core.testing.checks import Checks
from uptime_core.testing.durable_checks import KINDS, SHOPS, names
from uptime_core.testing.failures import require
from uptime_core.testing.processes import CRASHED, ForkedProcess, Steps, chosen
from uptime_core.testing.store_bench import taking_in
from uptime_core.testing.store_model import StoreModel
from uptime_core.testing.store_operations import settle
from uptime_core.testing.store_samples import (
    HOURS,
    MINUTE,
    START,
    as_columns,
    as_schedules,
    at,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from uptime_core.abc import Store
    from uptime_core.capabilities import SupportsRetention, SupportsTransactions
    from uptime_core.testing.processes import Say
    from uptime_core.testing.store_bench import StoreBench

    Ingest = Callable[[Store, StoreModel, int], None]

checks: Checks[StoreBench] = Checks("ingest")

MANY = 150
"""Polls of a shop in an ingest: more than a store may write at once by mistake."""


def _ingests(bench: StoreBench) -> Sequence[Ingest]:
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
    for ingest in _ingests(bench):
        with _begun(bench) as each:
            _crash(each, ingest)


def _crash(bench: StoreBench, ingest: Ingest) -> None:
    points: list[int | None] = [None]
    for turn in count(1):
        if not points:
            return
        point = points.pop(0)
        after = bench.model.copy()

        def work(
            say: Say, _: object, point: int | None = point, turn: int = turn
        ) -> None:
            store = bench.open()
            counter = Steps(last=point, crash=True)
            with counter.counted():
                ingest(store, StoreModel(), turn)
            say(counter.taken)

        bench.reopen()
        status, said = ForkedProcess.running(work).end()
        require(status in (0, CRASHED), f"the process ended with {status}")
        ingest(cast("Any", _Nowhere()), after, turn)
        if turn == 1:
            (steps,) = said
            points += chosen(steps, 9)
        settle(bench, after, "store.durable", done=bool(said))
        ingest(bench.store, bench.model, turn)  # what is not done, or once more
        bench.holds(**names())


@contextmanager
def _begun(bench: StoreBench) -> Iterator[StoreBench]:
    """A bench of its own for an ingest, with a little in it.

    What many ingests have left in one store would be compared again and again.
    """
    each = bench.anew()
    try:
        for beside in (0, MINUTE, 2 * MINUTE):
            each.add_polls([(shop, START + beside, beside > 0) for shop in SHOPS])
        each.set_hours({SHOPS[0]: HOURS["one"]})
        each.set_timezones({SHOPS[1]: "GB"})
        yield each
    finally:
        each.close()


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
    for ingest in _ingests(bench):
        with _begun(bench) as each:
            _let_fail(each, ingest)


def _let_fail(bench: StoreBench, ingest: Ingest) -> None:
    counter = Steps()
    with counter.counted():
        ingest(bench.store, bench.model, 0)
    bench.holds()
    for turn, point in enumerate(chosen(counter.taken, 9), start=1):
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
            bench.holds(**names("ingest.whole"))
