"""What can be done with a store, each as a step that is compared with the model."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, cast

from uptime_core.compute import compute_snapshot
from uptime_core.errors import InputError
from uptime_core.one_report import compute_store
from uptime_core.quarantine import NOBODY, Quarantine
from uptime_core.testing.failures import (
    keeps,
    require,
    require_equal,
    require_raises,
    require_same,
)
from uptime_core.testing.processes import ForkedProcess, Steps
from uptime_core.testing.snapshot_checks import require_reports, require_sums
from uptime_core.testing.store_bench import taking_in
from uptime_core.testing.store_reading import (
    hours_by_shop,
    poll_set,
    require_result,
)
from uptime_core.testing.store_samples import (
    HOURS,
    MINUTE,
    as_hours_rows,
    as_rows,
    as_schedules,
    at,
    some_polls,
)
from uptime_core.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from uptime_core.capabilities import SupportsRetention, SupportsTransactions
    from uptime_core.inputs import HoursInput, PollInput
    from uptime_core.policy import Policy
    from uptime_core.request import StoreSelection
    from uptime_core.testing.processes import Say
    from uptime_core.testing.store_bench import StoreBench
    from uptime_core.testing.store_model import PollRow, StoreModel, WeekRow

    PollForm = Callable[[Iterable[PollRow]], PollInput]
    Shops = Literal["all", "polled"]
    HoursForm = Callable[[Mapping[str, Sequence[WeekRow]]], HoursInput]


class _UndoneError(Exception):
    """Undoes a transaction."""


def add_polls(
    bench: StoreBench, rows: Sequence[PollRow], form: PollForm = as_rows
) -> None:
    """Add polls, in some form."""
    bench.add_polls(rows, form)


def add_bad_polls(
    bench: StoreBench,
    rows: Sequence[PollRow],
    bad: object,
    *,
    collect: bool,  # no row
) -> None:
    """Add polls with a bad row among them, which refuses all or is set aside."""
    given: list[Any] = list(as_rows(rows))
    given.insert(len(given) // 2, bad)
    store = taking_in(bench.store)
    if collect:
        with keeps("ingest.collect"):
            result = store.add_polls(given, on_error="collect")
            require_equal("rejected", len(result.rejected), 1)
        bench.has_added(result, rows)
        return
    with keeps("ingest.raise"):
        try:
            store.add_polls(given)
        except InputError:
            return
        require(holds=False, told=f"add_polls({given}) was taken")


def set_hours(
    bench: StoreBench,
    hours: Mapping[str, Sequence[WeekRow]],
    form: HoursForm = as_schedules,
    *,
    replace: bool = False,
    quarantine: Quarantine = NOBODY,
) -> None:
    """Set business hours, in some form, and set shops aside."""
    good = {s: rows for s, rows in hours.items() if s not in quarantine.store_ids}
    bench.set_hours(good, form, replace=replace, quarantine=quarantine)


def set_bad_hours(
    bench: StoreBench,
    hours: Mapping[str, Sequence[WeekRow]],
    bad: tuple[Any, ...],
    shop: str,
    *,
    replace: bool,
) -> None:
    """Set business hours with a bad row of a shop, which is quarantined."""
    good = {s: rows for s, rows in hours.items() if s != shop and rows}
    rows = [*as_hours_rows(good), cast("Any", (shop, *bad[1:]))]
    result = taking_in(bench.store).set_hours(rows, replace, on_error="collect")
    named = Quarantine(frozenset({shop}))
    expected = bench.model.set_hours(good, replace=replace, bad=named)
    require_result(result, expected)
    with keeps("ingest.collect"):
        require_equal("rejected", len(result.rejected), 1)


def set_timezones(
    bench: StoreBench,
    timezones: Mapping[str, str],
    *,
    replace: bool = False,
    quarantine: Quarantine = NOBODY,
) -> None:
    """Set time zones, and set shops aside."""
    good = {s: z for s, z in timezones.items() if s not in quarantine.store_ids}
    bench.set_timezones(good, replace=replace, quarantine=quarantine)


def set_bad_timezone(
    bench: StoreBench, timezones: Mapping[str, str], shop: str, *, replace: bool
) -> None:
    """Set time zones with a bad one of a shop, which is quarantined."""
    good = {s: zone for s, zone in timezones.items() if s != shop}
    pairs = [*good.items(), (shop, "Nowhere")]
    result = taking_in(bench.store).set_timezones(pairs, replace, on_error="collect")
    named = Quarantine(frozenset({shop}))
    expected = bench.model.set_timezones(good, replace=replace, bad=named)
    require_result(result, expected)


def transact(
    bench: StoreBench,
    rows: Sequence[PollRow],
    timezones: Mapping[str, str],
    *,
    fails: bool,
    replace: bool = False,
) -> None:
    """Do several ingests in one transaction, which is done or undone."""
    before = bench.model.copy()
    with (
        suppress(_UndoneError),
        cast("SupportsTransactions", bench.store).transaction(),
    ):
        bench.add_polls(rows)
        bench.set_timezones(timezones, replace=replace)
        with keeps("transaction.inside"):
            polls = poll_set(bench.store.polls())
            require_same("polls()", polls, bench.model.data().polls)
        bench.add_polls([(f"{shop} too", t, up) for shop, t, up in rows[:3]])
        if fails:
            raise _UndoneError
    if fails:
        bench.model.become(before)


def break_off(bench: StoreBench, rows: Sequence[PollRow]) -> None:
    """Let an ingest fail while it takes its rows."""

    def broken_off() -> Iterable[Any]:
        yield from as_rows(rows)
        raise _UndoneError

    with keeps("ingest.whole"):
        try:
            taking_in(bench.store).add_polls(broken_off())
        except _UndoneError:
            return
        require(holds=False, told="an error was swallowed")


def delete_before(bench: StoreBench, instant: int) -> None:
    """Delete old polls."""
    store = cast("SupportsRetention", bench.store)
    try:
        expected = bench.model.delete_before(instant)
    except InputError:
        with keeps("retention.later"):
            require_raises(InputError, lambda: store.delete_before(at(instant)))
        return
    deleted = store.delete_before(at(instant))
    with keeps("retention.deleted"):
        require_equal("deleted", deleted, expected)


def settle(
    bench: StoreBench, after: StoreModel, sentence_id: str, *, done: bool
) -> None:
    """Fail unless an ingest is done wholly or not at all; the model follows it.

    Args:
        bench: The store, and a model in which the ingest is not done.
        after: A model in which it is.
        sentence_id: What is broken if only a part of it is done.
        done: Whether it must be done.
    """
    seen = (
        poll_set(bench.store.polls()) - bench.model.kept_polls(),
        dict(bench.store.timezones()) != bench.model.timezones,
        hours_by_shop(bench.store.hours()) != bench.model.hours,
    )
    if done or any(seen):
        bench.model.become(after)
    names = ("polls", "hours", "timezones", "quarantined")
    bench.holds(**dict.fromkeys(names, sentence_id))


def crash(bench: StoreBench, rows: Sequence[PollRow], step: int) -> None:
    """Let a process end at a step of an ingest, which is done or not begun."""
    bench.reopen()
    after = bench.model.copy()
    after.add_polls(rows)

    def work(say: Say, _: object) -> None:
        store = taking_in(bench.open())
        with Steps(last=step, crash=True).counted():
            store.add_polls(as_rows(rows))
        say("done")

    _, said = ForkedProcess.running(work).end()
    settle(bench, after, "store.durable", done=bool(said))


def reopen(bench: StoreBench, *, close: bool) -> None:
    """Go on with another store of the place; the one before may be left open."""
    bench.reopen(close=close)


def read_range(
    bench: StoreBench, shop: str | None, low: int | None, high: int | None
) -> None:
    """Read the polls of a shop, or of all, between two instants."""
    start, end = (None if t is None else at(t) for t in (low, high))
    expected = {
        row
        for row in bench.model.data().polls
        if (shop is None or row[0] == shop)
        and (low is None or row[1] >= low)
        and (high is None or row[1] < high)
    }
    what = f"polls({shop!r}, {start}, {end})"
    with keeps("store.range" if expected else "store.empty-range", what):
        got = poll_set(bench.store.polls(shop, start, end))
    with keeps("store.range", what):
        require_same("polls", got, expected)


def report(
    bench: StoreBench,
    as_of: int,
    policy: Policy,
    stores: StoreSelection = "all",
    *,
    oracle: bool = False,
) -> None:
    """Make a report, and compare it with that of the model, or of the oracle."""
    horizon = bench.model.horizon
    if horizon is not None:
        _report_after(bench, horizon, max(as_of, horizon), policy)
        return
    require_reports(bench, as_of=at(as_of), policy=policy, stores=stores)
    if oracle:
        require_sums(bench, as_of=as_of, policy=policy)


def _report_after(bench: StoreBench, horizon: int, as_of: int, policy: Policy) -> None:
    """Compare reports whose windows begin after what was deleted."""
    start = max(horizon, as_of - 150 * MINUTE)
    asked: dict[str, Any] = {
        "as_of": at(as_of),
        "policy": policy,
        "windows": [
            Window.between(at(start), at(as_of + 60 * MINUTE), name="w1"),
            Window.between(at(start + (as_of - start) // 3), at(as_of), name="w2"),
        ],
    }
    expected = compute_snapshot(bench.model.snapshot(deleted_too=True), **asked)
    whole = compute_snapshot(bench.store.snapshot(), **asked)
    short = compute_store(bench.store, **asked)
    with keeps("retention.reports", f"{policy}"):
        for got in (whole, short):
            require(got == expected, f"a report is {got.to_csv()}")
            last = [r.last_poll.tolist() for r in (got, expected)]
            require_equal("last polls", *last)
    with keeps("store.snapshot-for"):
        require_equal("what it says of itself", short.provenance, whole.provenance)


def look(bench: StoreBench) -> None:
    """Compare all that there is."""
    bench.holds()


def fill(bench: StoreBench) -> None:
    """Let there be polls, hours and zones of some shops."""
    bench.add_polls(some_polls(14, ["a", "b", "bad"], 30))
    bench.set_hours({"a": HOURS["one"], "bad": HOURS["split"]})
    bench.set_timezones({"a": "GB", "bad": "Asia/Tokyo"})
