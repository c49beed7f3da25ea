"""Whatever is handed in is taken as it is meant, or is one clear error."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.faults.samples import KINDS, open_sink, store_of

from uptime_core import (
    CsvSink,
    CsvStore,
    InputError,
    Job,
    MemoryStore,
    PollColumns,
    Quarantine,
    ReportManager,
    ReportRequest,
    SqliteSink,
    SqliteStore,
    UptimeError,
    WaitTimeoutError,
    compute_snapshot,
    export_csv,
    load_csv,
)
from uptime_core.instants import EARLIEST_KEPT, LATEST_KEPT, to_datetime
from uptime_core.testing.sink_samples import complete, job_of, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
NO_FLAGS: list[Any] = ["collect", "no", "", 1, 0, None, [], 1.0, np.int64(1)]
SHOWN = ascii

Ingesting = MemoryStore | SqliteStore


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ingesting]:
    """A store with something in all three sources."""
    memory = request.param == "memory"
    with MemoryStore() if memory else SqliteStore(tmp_path / "store.db") as made:
        made.add_polls([("a", NOON, "active"), ("b", NOON, "inactive")])
        made.set_hours([("a", 2, "9:00", "17:00"), ("b", 2, "9:00", "17:00")])
        made.set_timezones({"a": "Europe/Dublin", "b": "UTC"})
        yield made


def refused(call: Callable[[], object], *told: str) -> None:
    """A call raises an `InputError` that says where and what, in few words."""
    with pytest.raises(InputError) as caught:
        call()
    error, text = caught.value, str(caught.value)
    assert error.source or error.field
    assert all(part in text for part in told), text
    assert len(text) < 300
    assert text.isprintable()


def content(store: Ingesting) -> str:
    """All that a store has, as far as a report shows it."""
    report = compute_snapshot(store.snapshot(), as_of=NOON + HOUR)
    return report.to_csv(columns="extended") + str(store.timezones())


# What a store is asked to take in


@pytest.mark.parametrize("replace", NO_FLAGS, ids=SHOWN)
def test_what_is_no_flag_forgets_nothing(store: Ingesting, replace: Any) -> None:  # noqa: ANN401
    before = content(store)
    refused(
        lambda: store.set_hours([("a", 3, "9:00", "10:00")], replace),
        "set_hours, replace",
        "neither True nor False",
    )
    refused(lambda: store.set_timezones({"a": "UTC"}, replace), "set_timezones")
    assert content(store) == before


def test_flags_of_numpy_are_flags(store: Ingesting) -> None:
    store.set_timezones({"a": "UTC"}, np.False_)  # type: ignore[arg-type]  # as said
    assert store.timezones() == {"a": "UTC", "b": "UTC"}
    store.set_timezones({"a": "UTC"}, np.True_)  # type: ignore[arg-type]
    assert store.timezones() == {"a": "UTC"}


@pytest.mark.parametrize("replace", [False, True])
def test_nothing_at_all_is_not_taken_for_no_rows(
    store: Ingesting,
    replace: bool,  # noqa: FBT001  # a parameter
) -> None:
    before = content(store)
    calls: list[Callable[..., object]] = [store.set_hours, store.set_timezones]
    for call in calls:
        refused(lambda call=call: call(None, replace), call.__name__, "None")  # type: ignore[misc]
    refused(lambda: store.add_polls(None), "polls", "None")  # type: ignore[arg-type]
    assert content(store) == before


def test_no_rows_may_replace_all(store: Ingesting) -> None:
    assert store.set_hours([], replace=True).removed == 2
    assert store.set_timezones({}, replace=True).removed == 2
    assert not store.hours().store_ids
    assert store.timezones() == {}


@pytest.mark.parametrize(
    "quarantine",
    [
        *(None, 5, "a", ["a"], frozenset({"a"}), (frozenset(), frozenset())),
        *(Quarantine(["a"]), Quarantine({"a"}), Quarantine("a")),  # type: ignore[arg-type]
        *(Quarantine(frozenset({5})), Quarantine(frozenset(), frozenset({""}))),  # type: ignore[arg-type]
    ],
    ids=SHOWN,
)
def test_what_is_no_quarantine_is_refused(store: Ingesting, quarantine: Any) -> None:  # noqa: ANN401
    before = content(store)
    calls: list[Callable[..., object]] = [store.set_hours, store.set_timezones]
    for call in calls:
        refused(
            lambda call=call: call([], quarantine=quarantine),  # type: ignore[misc]
            f"{call.__name__}, quarantine",
        )
    assert content(store) == before
    assert store.quarantined() == frozenset()


@pytest.mark.parametrize("on_error", ["", "ignore", None, 5, True], ids=SHOWN)
def test_what_becomes_of_bad_rows_is_one_of_two_words(
    store: Ingesting,
    on_error: Any,  # noqa: ANN401
) -> None:
    calls: list[Callable[..., object]] = [
        store.add_polls,
        store.set_hours,
        store.set_timezones,
    ]
    for call in calls:
        refused(
            lambda call=call: call([], on_error=on_error),  # type: ignore[misc]
            f"{call.__name__}, on_error",
        )


# The years of polls

YEARS = [EARLIEST_KEPT - 1, LATEST_KEPT + 1]


@pytest.mark.parametrize("at", YEARS)
def test_polls_of_other_years_than_files_have_are_not_taken_in(
    store: Ingesting, at: int
) -> None:
    before = content(store)
    rows = [("new", NOON, True), ("a", to_datetime(at), True)]
    refused(lambda: store.add_polls(rows), "polls, line 2, timestamp_utc", "1900")
    columns = PollColumns.from_rows(rows)
    refused(lambda: store.add_polls(columns), "polls, line 2, timestamp_utc", "2199")
    assert content(store) == before
    assert store.newest_poll() == NOON


@pytest.mark.parametrize("at", YEARS)
def test_polls_of_other_years_can_be_set_aside(store: Ingesting, at: int) -> None:
    rows: list[tuple[str, datetime, str | bool]] = [
        ("a", to_datetime(at), True),
        ("c", NOON, True),
        ("d", NOON, "open"),
    ]
    result = store.add_polls(rows, on_error="collect")
    assert [row.line for row in result.rejected] == [1, 3]
    columns = PollColumns.from_rows(rows[:2])
    again = store.add_polls(columns, on_error="collect")
    assert [(row.line, row.cells[0]) for row in again.rejected] == [(1, "a")]
    assert (result.added, again.repeated) == (1, 1)
    assert store.newest_poll() == NOON


def test_the_first_and_the_last_poll_of_a_store_are_taken_in(store: Ingesting) -> None:
    at = [EARLIEST_KEPT, LATEST_KEPT]
    assert store.add_polls(PollColumns(["a"], [0, 0], at, [1, 1])).added == 2
    assert store.newest_poll() == datetime(2199, 12, 31, 23, 59, 59, 999_999, UTC)


@pytest.mark.parametrize("at", YEARS)
def test_a_store_in_memory_begins_with_such_polls_only(at: int) -> None:
    refused(lambda: MemoryStore([("a", to_datetime(at), True)]), "polls, line 1")
    columns = PollColumns(["a"], [0], [at], [1])
    refused(lambda: MemoryStore(columns), "polls, line 1")
    with pytest.raises(InputError, match="is a store"):
        MemoryStore(store_of())  # type: ignore[arg-type]  # wrong on purpose


# Ranges of polls


@pytest.mark.parametrize("bound", [5, "2023", NOON.replace(tzinfo=None), NOON.date()])
def test_the_ends_of_a_range_are_aware_datetimes(store: Ingesting, bound: Any) -> None:  # noqa: ANN401
    refused(lambda: list(store.polls(start=bound)), "polls, start")
    refused(lambda: list(store.polls(end=bound)), "polls, end")


@pytest.mark.parametrize("store_id", [5, "", b"a", "a\n", ["a"]], ids=SHOWN)
def test_a_shop_is_a_text(store: Ingesting, store_id: Any) -> None:  # noqa: ANN401
    refused(lambda: list(store.polls(store_id)), "polls, store_id")


# Files

NO_PATHS: list[Any] = [
    *(None, 5, b"x", ["x"], "", "a\0b", "\ud800", "x" * 10_000, bytearray(b"x")),
]


@pytest.mark.parametrize("path", NO_PATHS, ids=lambda path: ascii(path)[:20])
@pytest.mark.parametrize("name", ["polls", "hours", "timezones"])
def test_what_is_no_path_is_refused(store: Ingesting, name: str, path: Any) -> None:  # noqa: ANN401
    before = content(store)
    given = {"polls": "polls.csv", name: path}
    if path is not None:
        refused(lambda: load_csv(store, **given), f"load_csv, {name}")
        refused(lambda: export_csv(store, **{name: path}), f"export_csv, {name}")
    if path is not None or name == "polls":
        refused(lambda: CsvStore(**given), f"CsvStore, {name}")
    assert content(store) == before


@pytest.mark.parametrize("thing", [None, 5, "store", [("a", NOON, True)]], ids=SHOWN)
def test_what_is_no_store_is_refused(thing: Any, tmp_path: Path) -> None:  # noqa: ANN401
    refused(lambda: export_csv(thing, polls=tmp_path / "x"), "is not a Store")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UptimeError, match="only reads"):
        load_csv(thing, polls=tmp_path / "x")


@pytest.mark.parametrize("columns", [5, 0, "", "shop", set(), [], timedelta(0)])
def test_columns_are_a_mapping(store: Ingesting, columns: Any) -> None:  # noqa: ANN401
    refused(lambda: load_csv(store, polls="x", columns=columns), "columns", "mapping")
    refused(lambda: CsvStore("x", columns=columns), "columns", "mapping")


@pytest.mark.parametrize("progress", [5, 0, "", "print", []], ids=SHOWN)
def test_progress_is_a_function(
    store: Ingesting,
    progress: Any,  # noqa: ANN401
    tmp_path: Path,
) -> None:
    path = tmp_path / "zones.csv"
    path.write_text("store_id,timezone_str\na,GB\n")
    refused(lambda: load_csv(store, timezones=path, progress=progress), "progress")
    assert store.timezones()["a"] == "Europe/Dublin"


@pytest.mark.parametrize("replace", NO_FLAGS, ids=SHOWN)
def test_replacing_is_asked_for_by_true(store: Ingesting, replace: Any) -> None:  # noqa: ANN401
    refused(lambda: load_csv(store, hours="no.csv", replace=replace), "load_csv, rep")


# What a sink is asked for


@pytest.mark.parametrize("active", NO_FLAGS, ids=SHOWN)
@pytest.mark.parametrize("kind", KINDS)
def test_active_is_a_flag(kind: str, active: Any, tmp_path: Path) -> None:  # noqa: ANN401
    sink = open_sink(kind, tmp_path)
    refused(lambda: sink.jobs(active=active), "jobs, active")


# What a report is asked for


@pytest.mark.parametrize("request_", [None, 5, "all", ReportRequest()], ids=SHOWN)
def test_a_report_needs_a_request_whose_now_is_fixed(
    store: Ingesting,
    request_: Any,  # noqa: ANN401
) -> None:
    refused(lambda: store.snapshot_for(request_), "request")


# Managers and sinks

NO_SECONDS: list[Any] = [
    *(True, False, "1", b"1", None, [], -1, -0.1, float("nan"), timedelta(1)),
    *(1j, 10**400, np.True_),
]


@pytest.mark.parametrize("timeout", [*NO_SECONDS, float("inf"), 1e9], ids=SHOWN)
def test_how_long_a_lock_is_waited_for_is_a_number(
    tmp_path: Path,
    timeout: Any,  # noqa: ANN401
) -> None:
    for kind in (SqliteStore, SqliteSink, CsvSink):
        refused(
            lambda kind=kind: kind(tmp_path / "x", timeout=timeout),  # type: ignore[misc]
            f"{kind.__name__}, timeout",
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("timeout", [s for s in NO_SECONDS if s is not None], ids=SHOWN)
def test_how_long_a_report_is_waited_for_is_a_number(timeout: Any) -> None:  # noqa: ANN401
    manager = ReportManager(store_of(), max_workers=0)
    refused(lambda: manager.wait(manager.trigger(), timeout), "wait, timeout")
    wait = manager.wait_async(manager.trigger(), timeout)
    refused(lambda: asyncio.run(wait), "wait, timeout")


@pytest.mark.parametrize("timeout", [0, 0.0, np.int64(0), np.float32(0.01), 0.01])
def test_numbers_of_any_kind_are_numbers(timeout: Any, tmp_path: Path) -> None:  # noqa: ANN401
    SqliteStore(tmp_path / "store.db", timeout=timeout).close()
    CsvSink(tmp_path / "reports", timeout=timeout).close()
    manager = ReportManager(store_of(), max_workers=0)
    with pytest.raises(WaitTimeoutError):
        manager.wait(manager.trigger(), timeout)


@pytest.mark.parametrize("path", NO_PATHS, ids=lambda path: ascii(path)[:20])
def test_what_is_no_path_opens_no_store_or_sink(path: Any) -> None:  # noqa: ANN401
    refused(lambda: SqliteStore(path), "SqliteStore, path")
    refused(lambda: SqliteSink(path), "SqliteSink, path")
    refused(lambda: CsvSink(path), "CsvSink, directory")


@pytest.mark.parametrize("clock", [None, 5, "now", NOON], ids=SHOWN)
def test_a_clock_is_a_function(clock: Any) -> None:  # noqa: ANN401
    refused(lambda: ReportManager(store_of(), clock=clock), "ReportManager, clock")


@pytest.mark.parametrize("now", [None, 5, "now", NOON.replace(tzinfo=None)], ids=SHOWN)
def test_a_clock_gives_aware_datetimes(now: Any) -> None:  # noqa: ANN401
    manager = ReportManager(store_of(), clock=lambda: now)
    refused(manager.trigger, "clock")
    refused(lambda: manager.status("0" * 32), "clock")
    assert manager.list() == ()
    manager.close()


@pytest.mark.parametrize("job", [5, "job", {}, ("0" * 32,), Job], ids=SHOWN)
@pytest.mark.parametrize("kind", KINDS)
def test_sinks_swap_jobs_and_nothing_else(kind: str, job: Any, tmp_path: Path) -> None:  # noqa: ANN401
    with open_sink(kind, tmp_path) as sink:
        good = running(job_of())
        assert sink.swap(None, good)
        refused(lambda: sink.swap(None, job), "swap, new", "is not a Job")
        refused(lambda: sink.swap(job, None), "swap, old", "is not a Job")
        refused(lambda: sink.swap(good, job), "swap, new", "is not a Job")
        many: Any = [job]
        refused(lambda: sink.swap(None, job_of(2), most_active=many), "swap, most_act")
        done = complete(good)
        refused(lambda: sink.swap(good, done, report=job), "swap, report", "a Report")
        assert list(sink.jobs()) == [good]
