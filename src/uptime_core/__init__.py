"""How long each shop was up, down or unknown within its business hours.

Start with `compute_report`, or with `uptime` for a single shop:

>>> from datetime import UTC, datetime
>>> from uptime_core import compute_report
>>> noon = datetime(2023, 1, 25, 12, tzinfo=UTC)
>>> report = compute_report([("a", noon, "active")], as_of=noon.replace(minute=30))
>>> report.row("a")["last_hour"].up
datetime.timedelta(seconds=1800)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from uptime_core.version import __version__ as __version__

if TYPE_CHECKING:
    from uptime_core.abc import ReportSink, Store
    from uptime_core.capabilities import (
        SupportsIngest,
        SupportsRetention,
        SupportsSnapshot,
        SupportsTransactions,
    )
    from uptime_core.compute import compute_report, compute_snapshot
    from uptime_core.errors import (
        BackEndError,
        BadFileError,
        ClosedError,
        IdempotencyConflictError,
        IllegalTransitionError,
        IngestUnsupportedError,
        InputError,
        MissingHoursError,
        MissingLibraryError,
        MissingTimezoneError,
        NoPollsError,
        QueueFullError,
        ReportCancelledError,
        ReportError,
        ReportFailedError,
        ReportNotFoundError,
        ReportNotReadyError,
        StaleAttemptError,
        StoreBusyError,
        StoreCorruptError,
        StoreFullError,
        StoreVersionError,
        UnknownStoreIdError,
        UnknownTimezoneError,
        UnknownWindowError,
        UptimeError,
        WaitTimeoutError,
    )
    from uptime_core.ingest import IngestResult
    from uptime_core.inspection.doctor import inspect
    from uptime_core.inspection.findings import Finding, Inspection
    from uptime_core.job_record import job_text, parse_job
    from uptime_core.jobs import Job, JobState
    from uptime_core.load import export_csv, load_csv
    from uptime_core.load_result import LoadResult
    from uptime_core.local_weeks import LocalWeek, local_week
    from uptime_core.manager import ReportManager
    from uptime_core.one_report import compute_store
    from uptime_core.one_shop import uptime
    from uptime_core.one_timeline import timeline
    from uptime_core.policy import Policy
    from uptime_core.polls import Poll, PollColumns
    from uptime_core.progress import Progress
    from uptime_core.quarantine import Quarantine
    from uptime_core.rejects import RejectedRow
    from uptime_core.report import Provenance, Report
    from uptime_core.report_record import parse_report, report_bytes
    from uptime_core.report_rows import Accounting, ReportRow, Totals
    from uptime_core.request import ReportRequest
    from uptime_core.schedule import BusinessHours, HoursColumns, WeeklySchedule
    from uptime_core.shop_timeline import Timeline
    from uptime_core.sinks.csv import CsvSink
    from uptime_core.sinks.memory import MemorySink
    from uptime_core.sinks.sqlite import SqliteSink
    from uptime_core.sinks.swaps import may_swap
    from uptime_core.snapshot import Snapshot, SnapshotLike
    from uptime_core.status import ReportStatus
    from uptime_core.stores.csv import CsvStore
    from uptime_core.stores.memory import MemoryStore
    from uptime_core.stores.sqlite import SqliteStore
    from uptime_core.timeline_rows import Interval, Transition
    from uptime_core.timezones import TZDATA_VERSION
    from uptime_core.window import DEFAULT_WINDOWS, Window

__all__ = [
    "DEFAULT_WINDOWS",
    "TZDATA_VERSION",
    "Accounting",
    "BackEndError",
    "BadFileError",
    "BusinessHours",
    "ClosedError",
    "CsvSink",
    "CsvStore",
    "Finding",
    "HoursColumns",
    "IdempotencyConflictError",
    "IllegalTransitionError",
    "IngestResult",
    "IngestUnsupportedError",
    "InputError",
    "Inspection",
    "Interval",
    "Job",
    "JobState",
    "LoadResult",
    "LocalWeek",
    "MemorySink",
    "MemoryStore",
    "MissingHoursError",
    "MissingLibraryError",
    "MissingTimezoneError",
    "NoPollsError",
    "Policy",
    "Poll",
    "PollColumns",
    "Progress",
    "Provenance",
    "Quarantine",
    "QueueFullError",
    "RejectedRow",
    "Report",
    "ReportCancelledError",
    "ReportError",
    "ReportFailedError",
    "ReportManager",
    "ReportNotFoundError",
    "ReportNotReadyError",
    "ReportRequest",
    "ReportRow",
    "ReportSink",
    "ReportStatus",
    "Snapshot",
    "SnapshotLike",
    "SqliteSink",
    "SqliteStore",
    "StaleAttemptError",
    "Store",
    "StoreBusyError",
    "StoreCorruptError",
    "StoreFullError",
    "StoreVersionError",
    "SupportsIngest",
    "SupportsRetention",
    "SupportsSnapshot",
    "SupportsTransactions",
    "Timeline",
    "Totals",
    "Transition",
    "UnknownStoreIdError",
    "UnknownTimezoneError",
    "UnknownWindowError",
    "UptimeError",
    "WaitTimeoutError",
    "WeeklySchedule",
    "Window",
    "compute_report",
    "compute_snapshot",
    "compute_store",
    "export_csv",
    "inspect",
    "job_text",
    "load_csv",
    "local_week",
    "may_swap",
    "parse_job",
    "parse_report",
    "report_bytes",
    "timeline",
    "uptime",
]

# A name's module is loaded when the name is first asked for: many who import the
# package need a third of it, and all of it takes as long to load as numpy does.
_NAMES = {
    "abc": ("ReportSink", "Store"),
    "capabilities": (
        "SupportsIngest",
        "SupportsRetention",
        "SupportsSnapshot",
        "SupportsTransactions",
    ),
    "compute": ("compute_report", "compute_snapshot"),
    "errors": (
        "BackEndError",
        "BadFileError",
        "ClosedError",
        "IdempotencyConflictError",
        "IllegalTransitionError",
        "IngestUnsupportedError",
        "InputError",
        "MissingHoursError",
        "MissingLibraryError",
        "MissingTimezoneError",
        "NoPollsError",
        "QueueFullError",
        "ReportCancelledError",
        "ReportError",
        "ReportFailedError",
        "ReportNotFoundError",
        "ReportNotReadyError",
        "StaleAttemptError",
        "StoreBusyError",
        "StoreCorruptError",
        "StoreFullError",
        "StoreVersionError",
        "UnknownStoreIdError",
        "UnknownTimezoneError",
        "UnknownWindowError",
        "UptimeError",
        "WaitTimeoutError",
    ),
    "ingest": ("IngestResult",),
    "inspection.doctor": ("inspect",),
    "inspection.findings": ("Finding", "Inspection"),
    "job_record": ("job_text", "parse_job"),
    "jobs": ("Job", "JobState"),
    "load": ("export_csv", "load_csv"),
    "load_result": ("LoadResult",),
    "local_weeks": ("LocalWeek", "local_week"),
    "manager": ("ReportManager",),
    "one_report": ("compute_store",),
    "one_shop": ("uptime",),
    "one_timeline": ("timeline",),
    "policy": ("Policy",),
    "polls": ("Poll", "PollColumns"),
    "progress": ("Progress",),
    "quarantine": ("Quarantine",),
    "rejects": ("RejectedRow",),
    "report": ("Provenance", "Report"),
    "report_record": ("parse_report", "report_bytes"),
    "report_rows": ("Accounting", "ReportRow", "Totals"),
    "request": ("ReportRequest",),
    "schedule": ("BusinessHours", "HoursColumns", "WeeklySchedule"),
    "shop_timeline": ("Timeline",),
    "sinks.csv": ("CsvSink",),
    "sinks.memory": ("MemorySink",),
    "sinks.sqlite": ("SqliteSink",),
    "sinks.swaps": ("may_swap",),
    "snapshot": ("Snapshot", "SnapshotLike"),
    "status": ("ReportStatus",),
    "stores.csv": ("CsvStore",),
    "stores.memory": ("MemoryStore",),
    "stores.sqlite": ("SqliteStore",),
    "timeline_rows": ("Interval", "Transition"),
    "timezones": ("TZDATA_VERSION",),
    "window": ("DEFAULT_WINDOWS", "Window"),
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value: object = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
