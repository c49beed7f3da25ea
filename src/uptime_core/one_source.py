"""What is asked of a single source and window, by itself or after a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from uptime_core.abc import Store
from uptime_core.compute import with_as_of
from uptime_core.errors import InputError, UnknownWindowError, shown
from uptime_core.one_report import newest_of
from uptime_core.request import DEFAULT_POLICY, ReportRequest
from uptime_core.snapshot import Snapshot, SnapshotLike
from uptime_core.window import DEFAULT_WINDOWS, Window

if TYPE_CHECKING:
    from datetime import datetime

    from uptime_core.inputs import HoursInput, PollInput, TimezonesInput
    from uptime_core.policy import Policy
    from uptime_core.report import Report
    from uptime_core.request import StoreSelection

    Source = Store | SnapshotLike | PollInput


class Asked(NamedTuple):
    """A request of a single window, whose `as_of` is fixed, and what answers it."""

    request: ReportRequest
    snapshot: SnapshotLike

    @property
    def window(self) -> Window:
        """The window."""
        (window,) = self.request.windows
        return window

    @property
    def as_of(self) -> int:
        """The "now" in microseconds."""
        return cast("int", self.request.as_of)


def ask(
    source: Source,
    hours: HoursInput | None,
    timezones: TimezonesInput | None,
    *,
    caller: str,
    window: Window,
    stores: StoreSelection,
    report: Report | None,
    as_of: datetime | None,
    policy: Policy | None,
) -> Asked:
    """Check what is asked for, and open the source.

    Args:
        source: A store, a snapshot, or polls as `compute_report` takes them.
        hours: Business hours, if `source` is polls; likewise the next one.
        timezones: Time zones.
        caller: Who asks, for messages.
        window: What to look at.
        stores: Which shops.
        report: A report whose `as_of` and policy are meant.
        as_of: The "now"; by default the newest poll.
        policy: How polls and missing data are read.

    Raises:
        InputError: An argument, or a row in it, cannot be accepted.
        BackEndError: The store cannot be read.
    """
    if report is not None:
        if as_of is not None or policy is not None:
            raise InputError(
                "a report has an as_of and a policy of its own; leave them out",
                source=caller,
                field="report",
            )
        as_of, policy = report.as_of, report.policy
    policy = DEFAULT_POLICY if policy is None else policy
    request = ReportRequest.of(
        windows=window, as_of=as_of, stores=stores, policy=policy
    )
    if not isinstance(source, Store | SnapshotLike):
        snapshot: SnapshotLike = Snapshot.of(source, hours, timezones)
    elif hours is not None or timezones is not None:
        raise InputError(
            f"{shown(source)} has hours and time zones of its own; leave these out",
            source=caller,
        )
    elif isinstance(source, Store):
        store = source
        request = with_as_of(request, lambda: newest_of(store), repr(store))
        snapshot = store.snapshot_for(request)
    else:
        snapshot = source
    return Asked(with_as_of(request, snapshot.newest, snapshot.source), snapshot)


def chosen_window(
    window: Window | str | None, report: Report | None, caller: str
) -> Window:
    """A window, that of a name, or the longest one.

    Args:
        window: A window; the name of one of `report`, or without a report of a default
            one; or None for the longest of these.
        report: The report.
        caller: Who asks, for messages.

    Raises:
        UnknownWindowError: There is no window of the name.
    """
    if isinstance(window, Window):
        return window
    known = DEFAULT_WINDOWS if report is None else report.windows
    if window is None:
        return max(known, key=_length)
    for candidate in known:
        if candidate.name == window:
            return candidate
    names = ", ".join(repr(candidate.name) for candidate in known)
    raise UnknownWindowError(
        f"there is no window {shown(window)}, only {names}", source=caller
    )


def _length(window: Window) -> int:
    return window.length or cast("int", window.end) - cast("int", window.start)
