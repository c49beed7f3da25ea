"""Uses the public API the way users do; checked by mypy, never run."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Literal, assert_type

import numpy as np
import numpy.typing as npt

from uptime_core import (
    DEFAULT_WINDOWS,
    TZDATA_VERSION,
    Accounting,
    BusinessHours,
    CsvStore,
    HoursColumns,
    InputError,
    Interval,
    LocalWeek,
    MemoryStore,
    Policy,
    Poll,
    PollColumns,
    Provenance,
    RejectedRow,
    Report,
    ReportRow,
    Snapshot,
    Store,
    Timeline,
    Totals,
    Transition,
    UnknownStoreIdError,
    UptimeError,
    WeeklySchedule,
    Window,
    compute_report,
    compute_snapshot,
    local_week,
    timeline,
    uptime,
)

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)

# the sources, in every form
compute_report([("a", NOON, "active"), ("b", NOON, False), Poll("c", NOON, up=True)])
compute_report(PollColumns.from_rows([("a", NOON, "inactive")]))
compute_report(("a", NOON, up) for up in (True, False))
compute_report([], [("a", 0, "9:00", "17:00"), ("a", "1", time(9), time(17))])
compute_report([], {"a": WeeklySchedule([(0, "9:00", "17:00")])}, {"a": "UTC"})
compute_report([], {"a": WeeklySchedule.always()}, [("a", "UTC")])
compute_report([], HoursColumns((), (), (), ()), {})
compute_report([("a", "2023-01-25", True)])  # type: ignore[list-item]
compute_report([], {"a": [(0, "9:00", "17:00")]})  # type: ignore[arg-type]

# what to compute
report = compute_report(
    [],
    as_of=NOON,
    windows=[
        Window.last(timedelta(30), unit="days"),
        Window.between(NOON, NOON, name="now", unit="seconds"),
        *DEFAULT_WINDOWS,
    ],
    stores=["a", "b"],
    policy=Policy(
        extrapolation="nearest",
        reach=None,
        initial="first",
        missing_hours="closed",
        default_timezone=None,
    ),
)
compute_report([], stores="polled")
Policy(extrapolation="linear")  # type: ignore[arg-type]
Policy(reach=3600)  # type: ignore[arg-type]
Window.last(timedelta(1), unit="weeks")  # type: ignore[arg-type]

# the report
assert_type(report, Report)
assert_type(report.store_ids, tuple[str, ...])
assert_type(report.windows, tuple[Window, ...])
assert_type(report.up, npt.NDArray[np.int64])
assert_type(report.down, npt.NDArray[np.int64])
assert_type(report.unknown, npt.NDArray[np.int64])
assert_type(report.open, npt.NDArray[np.int64])
assert_type(report.last_poll, npt.NDArray[np.datetime64])
assert_type(report.poll_count, npt.NDArray[np.int64])
assert_type(report.ratio, npt.NDArray[np.float64])
assert_type(report.coverage, npt.NDArray[np.float64])
assert_type(report.provenance, Provenance)
assert_type(report.as_of, datetime)
assert_type(report.policy, Policy)
assert_type(report.rows(), Iterator[ReportRow])
assert_type(report.row("a"), ReportRow)
assert_type(report.row("a").last_poll, datetime | None)
assert_type(report.row("a")["last_day"], Accounting)
assert_type(report.row("a")["last_day"].ratio, float | None)
assert_type(report.to_csv(), str)
assert_type(report.to_csv(columns="extended", decimals=6, excel_safe=False), str)
report.to_csv("report.csv", "classic")
report.to_csv(Path("report.csv"))
report.to_csv(io.StringIO())
report.to_csv(io.BytesIO())
report.to_csv(columns="all")  # type: ignore[call-overload]
report.up = report.down  # type: ignore[misc]

totals = report.totals()
assert_type(totals, Totals)
assert_type(totals["last_day"], Accounting)
assert_type(totals.ratio, tuple[float | None, ...])
report.to_pandas(wide=True)
report.to_polars(wide=False)
compute_report(report)

# behind a number
line = timeline(
    [("a", NOON, True)],
    [("a", 0, "9:00", "17:00")],
    {"a": "UTC"},
    store_id="a",
    window=Window.last(timedelta(1)),
    as_of=NOON,
    policy=Policy(),
)
assert_type(line, Timeline)
assert_type(line[0], Interval)
assert_type(line[0].state, Literal["up", "down", "unknown", "closed"])
assert_type(line[0].poll, Poll | None)
assert_type(line[0].hours, BusinessHours | None)
assert_type(line[0].duration, timedelta)
assert_type(line.accounting, Accounting)
assert_type(line.transitions, tuple[Transition, ...])
assert_type(line.starts, npt.NDArray[np.int64])
timeline(MemoryStore(), store_id="a", window="last_day", report=report)
timeline(MemoryStore().snapshot(), store_id="a", start=NOON, end=NOON)
week = local_week(MemoryStore(), stores=["a"], report=report)
assert_type(week, LocalWeek)
assert_type(week.up, npt.NDArray[np.int64])
assert_type(week.ratio, npt.NDArray[np.float64])

# one shop
accounting = uptime(
    [(NOON, "active"), (NOON, False)],
    NOON,
    NOON + timedelta(hours=1),
    hours=[(0, "9:00", time(17)), BusinessHours.parse(1, "9:00", "17:00")],
    timezone="Asia/Kathmandu",
    policy=Policy(),
)
assert_type(accounting, Accounting)
assert_type(accounting.up, timedelta)
assert_type(accounting.coverage, float | None)
uptime([], NOON, NOON, hours=WeeklySchedule())

# stores
with CsvStore(
    "polls.csv",
    hours=Path("hours.csv"),
    on_error="collect",
    columns={"store_id": ("shop", "shop_id")},
) as store:
    assert_type(store, CsvStore)
    assert_type(store.snapshot(), Snapshot)
    assert_type(store.rejected(), tuple[RejectedRow, ...])
    assert_type(compute_snapshot(store.snapshot(), stores="all"), Report)

memory: Store = MemoryStore([("a", NOON, True)], None, {"a": "UTC"})
assert_type(memory.polls("a", NOON), Iterator[PollColumns])
assert_type(memory.hours(), HoursColumns)
assert_type(memory.timezones(), Mapping[str, str])
Store()  # type: ignore[abstract]

# errors
try:
    report.row("z")
except UnknownStoreIdError as error:
    assert_type(error.reason, str)
    assert_type(error.line, int | None)
    lookup: LookupError = error
    value: ValueError = error
except InputError as error:
    assert_type(error.source, str | None)
    assert_type(error.field, str | None)
except UptimeError:
    assert_type(TZDATA_VERSION, str)
