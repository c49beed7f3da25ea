"""Checks of what becomes of a store that takes data in."""

from __future__ import annotations

from importlib.util import find_spec
from itertools import product
from typing import TYPE_CHECKING, Any

from uptime_core.compute import compute_snapshot
from uptime_core.errors import InputError
from uptime_core.testing.checks import Checks, in_time
from uptime_core.testing.failures import keeps, require, require_equal
from uptime_core.testing.store_bench import taking_in
from uptime_core.testing.store_model import DAY
from uptime_core.testing.store_operations import fill
from uptime_core.testing.store_reading import require_rejected
from uptime_core.testing.store_samples import (
    BAD_HOURS,
    BAD_POLLS,
    BAD_TIMEZONES,
    HOURS,
    HOURS_FORMS,
    IDS,
    MINUTE,
    NOON,
    OTHER_YEARS,
    POLL_FORMS,
    START,
    TIMEZONES,
    as_arrow,
    as_columns,
    as_frame,
    as_hours_columns,
    as_rows,
    at,
    micros,
    some_polls,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from uptime_core.testing.store_bench import StoreBench

checks: Checks[StoreBench] = Checks("ingest")


@checks("ingest.forms", "store.hours")
def rows_of_two_days(bench: StoreBench) -> None:
    """Columns may have rows that are longer than a day."""
    bench.set_hours(
        {"a": [(0, 2 * DAY)], "b": [(6 * DAY + 1, 8 * DAY), (DAY, 2 * DAY + 1)]},
        as_hours_columns,
    )
    bench.holds(hours="ingest.forms")


@checks("ingest.set", "ingest.added", "ingest.repeated", "ingest.conflicting")
def polls_are_a_set(bench: StoreBench) -> None:
    """Repeats change nothing and are counted, in a batch and of other batches."""
    rows = [("a", START, True), ("a", START, True), ("b", START, False)]
    bench.add_polls(rows)
    bench.add_polls(rows)
    bench.holds(polls="ingest.set")
    bench.add_polls([("b", START, True), ("b", START, True), ("a", START, False)])
    bench.add_polls([("c", START, False), ("c", START, True), ("c", START + 1, True)])
    bench.add_polls([("c", START, True), ("c", START + 1, True), ("d", START, True)])
    bench.add_polls([("d", START + 1, False), ("d", START, False)])
    for up in (True, False):
        bench.add_polls([("before 1970", -5, up)])
    bench.add_polls([])
    bench.holds(polls="ingest.set")


@checks("ingest.forms", "store.polls", "store.instants", "store.ids")
def polls_in_all_forms(bench: StoreBench) -> None:
    """Rows, polls and columns are taken, from first to last, in large batches too."""
    for number, form in enumerate(POLL_FORMS):
        shops = [f"{shop}{number}" for shop in ("d", "a", "bb")]
        rows = [(shop, START + n, n != 1) for n, shop in enumerate(shops)]
        taking_in(bench.store).add_polls(form(rows))
        bench.model.add_polls(rows)
        bench.holds(polls="ingest.forms")
        for size in (1, 2, 3, 60):
            shops = [f"{shop}{number}" for shop in ("b", "a", "c", "aa")]
            bench.add_polls(some_polls(10 * number + size, shops, size), form)
        bench.holds(polls="ingest.forms")
    for number, form in enumerate(POLL_FORMS):
        rows = [(s, START + n, (n + number) % 2 == 0) for n, s in enumerate(IDS)]
        bench.add_polls(rows, form)
    bench.holds(polls="ingest.forms")


@checks("ingest.forms")
def polls_in_frames(bench: StoreBench) -> None:
    """Tables of pandas and pyarrow are taken in, where these are installed."""
    for name, frame_of in (("pandas", as_frame), ("pyarrow", as_arrow)):
        if find_spec(name) is None:
            continue
        rows = some_polls(16, [f"{name}-a", f"{name}-b"], 12)
        with keeps("ingest.forms", f"a table of {name}"):
            bench.add_polls(rows, frame_of)
        bench.holds(polls="ingest.forms")


@checks("ingest.any-age", "store.newest", "store.polls")
def polls_of_any_age(bench: StoreBench) -> None:
    """Late polls count as much as new ones, and old ones come back."""
    for minutes in (0, -1, 5, -90, 4, 10**6, -(10**6), 3, 7):
        bench.add_polls([(s, START + minutes * MINUTE, minutes % 2 == 0) for s in "ab"])
        bench.holds(polls="ingest.any-age")
    bench.add_polls([("c", START - 10**7 * MINUTE, True)], as_columns)
    bench.add_polls([("a", START - 2, True), ("a", START + 2, False)], as_columns)
    bench.holds(polls="ingest.any-age")


@checks("ingest.any-age", "ingest.raise", "ingest.collect")
def instants_of_no_file(bench: StoreBench) -> None:
    """Polls of other years than those of files are bad rows, in rows and columns."""
    bench.add_polls([("a", START, True)])
    store = taking_in(bench.store)
    for instant, form in product(OTHER_YEARS, (as_rows, as_columns)):
        rows = [("b", START, True), ("b", micros(instant), True)]
        _refused(bench, store.add_polls, form(rows), sentence_id="ingest.any-age")
    for number, form in enumerate((as_rows, as_columns)):
        good = [("c", START + number, False)]
        bad = [("c", micros(instant), False) for instant in OTHER_YEARS]
        result = store.add_polls(form([*good, *bad]), on_error="collect")
        bench.has_added(result, good)
        require_rejected(result.rejected, len(bad))
        bench.holds(polls="ingest.any-age")


@checks(
    *("ingest.hours", "ingest.forms", "ingest.added", "ingest.removed"),
    "store.snapshot",
)
def hours_take_the_place_of_hours(bench: StoreBench) -> None:
    """Hours replace those of the shops they name, or of all, and nothing else."""
    bench.add_polls([("one", START, True), ("polled", START, False)])
    bench.set_timezones({"one": "UTC", "zoned": "GB"})
    for number, form in enumerate(HOURS_FORMS):
        with keeps("ingest.forms"):
            bench.set_hours(HOURS, form)
        bench.holds(hours="ingest.forms")
        bench.set_hours({"one": HOURS["split"], "new": HOURS["one"]}, form)
        bench.set_hours({"One": HOURS["night"], "polled": HOURS["fine"]}, form)
        bench.holds(hours="ingest.hours")
        bench.set_hours({"one": HOURS["split"][:2] * 2}, form)
        bench.set_hours({}, form)
        bench.holds(hours="ingest.hours")
        bench.set_hours({"new": HOURS["day"]}, form, replace=number != 0)
        bench.holds(hours="ingest.hours")
    bench.set_hours({}, replace=True)
    bench.holds(hours="ingest.hours")


@checks("ingest.forms")
def none_is_no_form_of_nothing(bench: StoreBench) -> None:
    """None is refused where an empty list would forget what all shops have."""
    fill(bench)
    store = taking_in(bench.store)
    for ingest in (store.add_polls, store.set_hours, store.set_timezones):
        _refused(bench, ingest, None, sentence_id="ingest.forms")
    for ingest in (store.set_hours, store.set_timezones):
        _refused(bench, ingest, None, True, sentence_id="ingest.forms")  # noqa: FBT003  # replace


@checks("store.hours", "ingest.hours")
def shops_that_are_always_closed(bench: StoreBench) -> None:
    """A schedule without a row is closed always, which is not the same as none."""
    for form in HOURS_FORMS[:2]:
        bench.set_hours({"closed": [], "one": HOURS["one"]}, form)
        bench.holds()
        bench.set_hours({"one": [], "split": HOURS["split"]}, form)
        bench.holds()
        bench.set_hours({"one": HOURS["one"]}, form)
        bench.set_hours({"one": [], "closed": []}, form, replace=True)
        bench.holds()
        report = compute_snapshot(bench.store.snapshot(), as_of=NOON)
        with keeps("store.hours"):
            require_equal("the open time of closed shops", int(report.open.sum()), 0)
        bench.set_hours({}, form, replace=True)


@checks("ingest.timezones", "ingest.added", "ingest.conflicting", "ingest.removed")
def zones_take_the_place_of_zones(bench: StoreBench) -> None:
    """Zones replace those of the shops they name, or of all, and nothing else."""
    bench.add_polls([("one", START, True), ("polled", START, False)])
    bench.set_hours({"one": HOURS["one"], "closed": []})
    bench.set_timezones(TIMEZONES)
    bench.holds(timezones="ingest.timezones")
    bench.set_timezones({"one": "Asia/Tokyo", "utc": "UTC", "Utc": "GB"})
    bench.set_timezones({})
    bench.holds(timezones="ingest.timezones")
    bench.set_timezones({"one": "UTC", "new": "Asia/Tokyo"}, replace=True)
    bench.holds(timezones="ingest.timezones")
    pairs = [("a", "UTC"), ("b", "GB"), ("a", "UTC")]
    taking_in(bench.store).set_timezones(iter(pairs))
    bench.model.set_timezones(dict(pairs))
    bench.holds(timezones="ingest.timezones")
    bench.set_timezones({}, replace=True)
    bench.holds(timezones="ingest.timezones")


def _refused(
    bench: StoreBench,
    ingest: Callable[..., object],
    rows: object,
    *more: object,
    sentence_id: str = "ingest.raise",
) -> None:
    """An ingest of bad rows is an `InputError`, and changes nothing."""
    with keeps(sentence_id, f"{rows}"):
        try:
            result = ingest(rows, *more)
        except InputError:
            pass
        else:
            require(holds=False, told=f"it gave {result!r} instead of an InputError")
    names = ("polls", "hours", "timezones", "quarantined")
    bench.holds(**dict.fromkeys(names, sentence_id))


@checks("ingest.raise", "ingest.whole")
def bad_rows_are_refused(bench: StoreBench) -> None:
    """One bad row, first, between or last, refuses all, and good ones come again."""
    fill(bench)
    store = taking_in(bench.store)
    good = as_rows([("a", START + 7, True), ("new", START, False)])
    for bad, place in product(BAD_POLLS, range(3)):
        rows = [*good[:place], bad, *good[place:]]
        _refused(bench, store.add_polls, rows)
    hours: list[Any] = [("a", 3, "9:00", "17:00"), ("new", 1, "1:00", "2:00")]
    for number, bad in enumerate(BAD_HOURS):
        rows = [*hours[:number], bad, *hours[number:]]
        _refused(bench, store.set_hours, rows, number % 2 == 0)
    zones: list[Any] = [("a", "UTC"), ("new", "UTC")]
    for number, bad in enumerate([*BAD_TIMEZONES, ("a", "Asia/Tokyo")]):
        rows = [*zones[: number + 1], bad, *zones[number + 1 :]]
        _refused(bench, store.set_timezones, rows, number % 2 == 0)
    with keeps("ingest.whole", "an ingest by another thread"):
        in_time(
            lambda: bench.add_polls([("a", START + 7, True), ("new", START, False)])
        )
    bench.holds()


@checks("ingest.whole")
def an_input_that_breaks_off(bench: StoreBench) -> None:
    """An error of the caller, while rows are taken, leaves the store as it was."""
    fill(bench)
    store = taking_in(bench.store)

    def broken_off(rows: list[Any], error: BaseException) -> Iterator[Any]:
        yield from rows
        raise error

    polls = as_rows([("a", START + 7, True), ("new", START, False)])
    hours = [("a", 3, "9:00", "17:00"), ("new", 1, "1:00", "2:00")]
    zones = [("a", "UTC"), ("new", "UTC")]
    ingests: list[tuple[Callable[..., object], list[Any]]] = [
        *((store.add_polls, polls), (store.set_hours, hours)),
        (store.set_timezones, zones),
    ]
    for error in (ZeroDivisionError(), KeyboardInterrupt()):
        for ingest, rows in ingests:
            with keeps("ingest.whole"):
                try:
                    ingest(broken_off(rows, error))
                except type(error):
                    pass
                else:
                    require(holds=False, told=f"a {error!r} was swallowed")
            bench.holds(polls="ingest.whole", hours="ingest.whole")
            bench.holds(timezones="ingest.whole", quarantined="ingest.whole")
    bench.add_polls([("a", START + 7, True), ("new", START, False)])
    bench.holds()


@checks("ingest.collect", "ingest.added", "ingest.repeated")
def bad_polls_are_set_aside(bench: StoreBench) -> None:
    """Good polls are taken in and each bad one comes back, with its reason."""
    fill(bench)
    good = some_polls(15, ["a", "new"], len(BAD_POLLS))
    mixed = [row for pair in zip(as_rows(good), BAD_POLLS, strict=True) for row in pair]
    store = taking_in(bench.store)
    with keeps("ingest.collect"):
        result = store.add_polls(mixed, on_error="collect")
    bench.has_added(result, good)
    require_rejected(result.rejected, len(BAD_POLLS))
    bench.holds(polls="ingest.collect")
    with keeps("ingest.collect"):
        try:
            store.add_polls([], on_error="ignore")  # type: ignore[arg-type]  # on purpose
        except InputError:
            return
        require(holds=False, told="on_error='ignore' is taken for something")


@checks("ingest.set", "store.polls")
def empty_calls_change_nothing(bench: StoreBench) -> None:
    """An ingest of nothing is no error."""
    bench.add_polls([], as_columns)
    bench.set_hours({})
    bench.set_timezones({})
    bench.holds()
    fill(bench)
    bench.add_polls([])
    bench.set_hours({})
    bench.set_timezones({})
    bench.holds()
    require_equal("an instant", at(START), NOON)
