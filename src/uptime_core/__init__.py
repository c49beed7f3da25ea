"""How long each shop was up, down or unknown within its business hours.

Start with `compute_report`, or with `uptime` for a single shop:

>>> from datetime import UTC, datetime
>>> from uptime_core import compute_report
>>> noon = datetime(2023, 1, 25, 12, tzinfo=UTC)
>>> report = compute_report([("a", noon, "active")], as_of=noon.replace(minute=30))
>>> report.row("a")["last_hour"].up
datetime.timedelta(seconds=1800)
"""

from uptime_core.abc import Store
from uptime_core.compute import compute_report, compute_snapshot
from uptime_core.errors import (
    BadFileError,
    InputError,
    MissingHoursError,
    MissingTimezoneError,
    NoPollsError,
    UnknownStoreIdError,
    UnknownTimezoneError,
    UnknownWindowError,
    UptimeError,
)
from uptime_core.one_shop import uptime
from uptime_core.policy import Policy
from uptime_core.polls import Poll, PollColumns
from uptime_core.rejects import RejectedRow
from uptime_core.report import Accounting, Provenance, Report, ReportRow
from uptime_core.schedule import BusinessHours, HoursColumns, WeeklySchedule
from uptime_core.snapshot import Snapshot
from uptime_core.stores.csv import CsvStore
from uptime_core.stores.memory import MemoryStore
from uptime_core.timezones import TZDATA_VERSION
from uptime_core.window import DEFAULT_WINDOWS, Window

__all__ = [
    "DEFAULT_WINDOWS",
    "TZDATA_VERSION",
    "Accounting",
    "BadFileError",
    "BusinessHours",
    "CsvStore",
    "HoursColumns",
    "InputError",
    "MemoryStore",
    "MissingHoursError",
    "MissingTimezoneError",
    "NoPollsError",
    "Policy",
    "Poll",
    "PollColumns",
    "Provenance",
    "RejectedRow",
    "Report",
    "ReportRow",
    "Snapshot",
    "Store",
    "UnknownStoreIdError",
    "UnknownTimezoneError",
    "UnknownWindowError",
    "UptimeError",
    "WeeklySchedule",
    "Window",
    "compute_report",
    "compute_snapshot",
    "uptime",
]


def __getattr__(name: str) -> str:
    # Asking the installed package for its version takes 3 ms, which few need.
    if name == "__version__":
        from importlib import metadata  # noqa: PLC0415  # as said

        return metadata.version("uptime_core")
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
