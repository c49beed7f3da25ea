"""The whole computation: from polls, business hours and time zones to a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import attrs

from uptime_core.computation import SHOPS_PER_BLOCK, Computation
from uptime_core.errors import InputError, NoPollsError, shown
from uptime_core.progress import Meter
from uptime_core.request import DEFAULT_POLICY, ReportRequest
from uptime_core.snapshot import Snapshot, SnapshotLike

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Executor
    from datetime import datetime

    from uptime_core.inputs import HoursInput, PollInput, TimezonesInput
    from uptime_core.policy import Policy
    from uptime_core.progress import ProgressCallback
    from uptime_core.report import Report
    from uptime_core.request import StoreSelection
    from uptime_core.window import Window


def compute_report(
    polls: PollInput,
    hours: HoursInput | None = None,
    timezones: TimezonesInput | None = None,
    *,
    as_of: datetime | None = None,
    windows: Iterable[Window] | Window | None = None,
    stores: StoreSelection = "all",
    policy: Policy = DEFAULT_POLICY,
    executor: Executor | None = None,
    progress: ProgressCallback | None = None,
) -> Report:
    """How long each shop was up, down and unknown within its business hours.

    A pure function: the same arguments give the same report on every machine.

    Args:
        polls: `PollColumns`, or rows ``(store_id, aware datetime, status)`` with
            status "active", "inactive", True or False, in any order; or a data frame,
            as likewise for the next two.
        hours: Rows ``(store_id, day, start, end)``, day 0 being Monday and times
            texts or `datetime.time`; or a mapping of ids to `WeeklySchedule`. A shop
            without any falls under ``policy.missing_hours``.
        timezones: A mapping of ids to names, or pairs. A shop without one has
            ``policy.default_timezone``.
        as_of: The report's "now", an aware datetime; by default the newest poll.
            Later polls are ignored.
        windows: What to add up; by default the last hour, day and week.
        stores: `all` shops that any argument names, only the `polled` ones, or a
            list of ids.
        policy: How polls and missing data are read.
        executor: What computes blocks of shops side by side, in threads or in
            processes; by default they are computed here, one after the other. The
            report is the same. It is not shut down.
        progress: Told how many shops are computed, after each few thousand.

    Raises:
        InputError: An argument, or a row in it, cannot be accepted; `NoPollsError`,
            `UnknownTimezoneError`, `UnknownStoreIdError`, `MissingHoursError` and
            `MissingTimezoneError` are special cases of it.
    """
    return compute_snapshot(
        Snapshot.of(polls, hours, timezones),
        as_of=as_of,
        windows=windows,
        stores=stores,
        policy=policy,
        executor=executor,
        progress=progress,
    )


def compute_snapshot(
    snapshot: SnapshotLike,
    *,
    as_of: datetime | None = None,
    windows: Iterable[Window] | Window | None = None,
    stores: StoreSelection = "all",
    policy: Policy = DEFAULT_POLICY,
    executor: Executor | None = None,
    progress: ProgressCallback | None = None,
) -> Report:
    """`compute_report` for what a `Store` gives; the other arguments are the same."""
    if not isinstance(snapshot, SnapshotLike):
        raise InputError(
            f"{shown(snapshot)} is not a Snapshot; a store gives one: store.snapshot()",
            source="snapshot",
        )
    request = ReportRequest.of(
        windows=windows, as_of=as_of, stores=stores, policy=policy
    )
    return compute_request(
        snapshot,
        with_as_of(request, snapshot.newest, snapshot.source),
        executor,
        progress,
    )


def compute_request(
    snapshot: SnapshotLike,
    request: ReportRequest,
    executor: Executor | None = None,
    progress: ProgressCallback | None = None,
) -> Report:
    """The report of a request whose `as_of` is fixed.

    Raises:
        InputError: As `compute_report`.
    """
    meter = Meter(progress, "compute", "shops")
    if executor is not None:
        report = _on_executor(snapshot, request, executor, meter)
    elif meter.is_on:
        report = _told(snapshot, request, meter)
    else:
        computation = Computation(request)
        report = computation.report(
            [computation.compute(block) for block in computation.blocks(snapshot)]
        )
    meter.finish(len(report))
    return report


def _on_executor(
    snapshot: SnapshotLike, request: ReportRequest, executor: Executor, meter: Meter
) -> Report:
    if not callable(getattr(executor, "submit", None)):
        raise InputError(
            f"{shown(executor)} is not an Executor, like "
            "concurrent.futures.ThreadPoolExecutor()",
            source="executor",
        )
    from uptime_core.runner import run  # noqa: PLC0415  # loads threading and more

    if not meter.is_on:
        return run(snapshot, request, executor)
    total = snapshot.shops
    return run(snapshot, request, executor, tell=lambda done: meter.tell(done, total))


def _told(snapshot: SnapshotLike, request: ReportRequest, meter: Meter) -> Report:
    computation = Computation(request, SHOPS_PER_BLOCK)
    total, done = snapshot.shops, 0
    meter.tell(done, total)
    sums = []
    for block in computation.blocks(snapshot):
        sums.append(computation.compute(block))
        done += block.shops
        meter.tell(done, total)
    return computation.report(sums)


def first_instant(request: ReportRequest) -> int:
    """The first instant of a request's windows, whose `as_of` is fixed."""
    as_of = cast("int", request.as_of)
    return min(window.bounds(as_of)[0] for window in request.windows)


def with_as_of(
    request: ReportRequest, newest: Callable[[], int | None], source: str
) -> ReportRequest:
    """The request with its "now" fixed, by default to the newest poll's instant.

    Raises:
        NoPollsError: There is neither.
    """
    if request.as_of is not None:
        return request
    as_of = newest()
    if as_of is None:
        raise NoPollsError(
            "there is no poll, so no newest one to be the report's now; give as_of "
            "(--as-of)",
            source=source,
        )
    return attrs.evolve(request, as_of=as_of)
