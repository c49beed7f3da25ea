"""The timeline of one shop, from whatever a report can be made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uptime_core.computation import Computation
from uptime_core.errors import (
    InputError,
    UnknownStoreIdError,
    located,
    shown,
)
from uptime_core.instants import to_datetime
from uptime_core.kernel.arrays import starts_of_runs
from uptime_core.kernel.extrapolate import settle, speech
from uptime_core.kernel.intervals import clip
from uptime_core.kernel.localtime import offset_segments
from uptime_core.kernel.sessions import Overlay, Pieces, overlay, sessions, week_by_row
from uptime_core.kernel.weekly import DAY, WEEK
from uptime_core.one_source import Asked, ask, chosen_window
from uptime_core.schedule import BusinessHours
from uptime_core.selection import select, timezone_of
from uptime_core.shop_timeline import Timeline
from uptime_core.store_ids import parse_store_id
from uptime_core.window import Window

if TYPE_CHECKING:
    from datetime import datetime

    from uptime_core.inputs import HoursInput, TimezonesInput
    from uptime_core.kernel.arrays import Int64
    from uptime_core.one_source import Source
    from uptime_core.policy import Policy
    from uptime_core.report import Report
    from uptime_core.snapshot import Snapshot


def timeline(
    source: Source,
    hours: HoursInput | None = None,
    timezones: TimezonesInput | None = None,
    *,
    store_id: str,
    window: Window | str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    report: Report | None = None,
    as_of: datetime | None = None,
    policy: Policy | None = None,
) -> Timeline:
    """Where a number comes from: the intervals of one shop, each with its reason.

    >>> from datetime import UTC, datetime
    >>> noon = datetime(2023, 1, 25, 12, tzinfo=UTC)
    >>> polls = [("a", noon, "active"), ("a", noon.replace(minute=40), "inactive")]
    >>> line = timeline(polls, store_id="a", start=noon, end=noon.replace(hour=13))
    >>> [interval.state for interval in line]
    ['up', 'unknown']

    Args:
        source: A store, a snapshot, or polls as `compute_report` takes them.
        hours: Business hours, if `source` is polls; likewise the next one.
        timezones: Time zones.
        store_id: The shop.
        window: What to show, or the name of a window of `report`, or of a default
            window; by default the longest of these.
        start: Instead of a window, the first instant, an aware datetime.
        end: The first instant after it.
        report: The report that is to be explained: its `as_of` and policy are taken,
            and its sums are compared.
        as_of: The "now", an aware datetime; by default the newest poll of all shops.
        policy: How polls and missing data are read; by default as in `Policy()`.

    Raises:
        InputError: An argument, or a row in it, cannot be accepted; the shop is in
            quarantine; or the source is no longer that of the report.
        UnknownStoreIdError: No source names the shop; polls count up to `as_of`.
        BackEndError: The store cannot be read.
    """
    with located("timeline", field="store_id"):
        shop = parse_store_id(store_id)
    asked = ask(
        source,
        hours,
        timezones,
        caller="timeline",
        window=_window(window, start, end, report),
        stores=[shop],
        report=report,
        as_of=as_of,
        policy=policy,
    )
    line = _timeline(shop, asked, _part_of(asked, shop))
    if report is not None and line.window in report.windows:
        _compare(line, report)
    return line


def _compare(line: Timeline, report: Report) -> None:
    """A timeline explains the report's number.

    Raises:
        InputError: It does not.
    """
    if line.accounting != report.row(line.store_id)[line.window.name]:
        raise InputError(
            f"the sums of shop {shown(line.store_id)} in {line.window.name!r} are not "
            "those of the report; have the data changed since it was made?",
            source="timeline",
            field="report",
        )


def _window(
    window: Window | str | None,
    start: datetime | None,
    end: datetime | None,
    report: Report | None,
) -> Window:
    """What to show.

    Raises:
        InputError: There are two answers to that, or half of one.
        UnknownWindowError: There is no window of the name.
    """
    if start is not None or end is not None:
        if window is not None or start is None or end is None:
            raise InputError(
                "give either a window, or both start and end", source="timeline"
            )
        return Window.between(start, end)
    return chosen_window(window, report, "timeline")


def _part_of(asked: Asked, store_id: str) -> Snapshot:
    """The part of a snapshot that knows a shop.

    Raises:
        UnknownStoreIdError: None does.
        InputError: The shop is in quarantine.
    """
    for part in asked.snapshot.parts():
        selection = select(part, asked.as_of, (store_id,))
        if selection.quarantined:
            raise InputError(
                f"shop {shown(store_id)} is in quarantine, since a row of its hours or "
                "zone was rejected; no report has it until good rows arrive",
                source=asked.snapshot.source,
            )
        if store_id in selection.known:
            return part
    raise UnknownStoreIdError(
        f"shop {shown(store_id)} is in none of the sources (polls count up to as_of); "
        "see how it is written there",
        source="timeline",
        field="store_id",
    )


def _timeline(store_id: str, asked: Asked, snapshot: Snapshot) -> Timeline:
    policy, as_of = asked.request.policy, asked.as_of
    low, high = asked.window.bounds(as_of)
    (block,) = Computation(asked.request).blocks(snapshot)
    columns = block.columns()
    # A shop without hours that is always open has a row of a whole week.
    own = columns.row_end - columns.row_start < WEEK
    rows = _rows(columns.row_start[own], columns.row_end[own])
    zone = timezone_of(snapshot, store_id, policy.default_timezone)
    segments = offset_segments(zone, low, high)

    polls = settle(columns.poll_shop, columns.poll_at, columns.poll_status)
    at, status = polls.at, polls.status
    start, end = speech(
        polls,
        method=policy.extrapolation,
        reach=policy.reach_micros,
        initial=policy.initial,
    )
    start, end, speaks = clip(start, end, low, min(high, as_of))
    in_window = (low <= at) & (at < high)
    kept = in_window | speaks
    place = np.cumsum(kept) - 1
    overruled = (status == 0) & np.isin(at, columns.poll_at[columns.poll_status == 1])

    pieces = Overlay(*[np.zeros(0, dtype=np.int64)] * 4)
    if low < high:
        pieces = overlay(
            low,
            high,
            Pieces(start[speaks], end[speaks], place[speaks]),
            sessions(week_by_row(*rows), segments, high),
        )
    return Timeline(
        store_id=store_id,
        window=asked.window,
        as_of=to_datetime(as_of),
        policy=policy,
        timezone=zone.key,
        starts=pieces.start,
        ends=pieces.end,
        poll=pieces.first,
        row=pieces.second,
        hours=tuple(map(_business_hours, *map(np.ndarray.tolist, rows))),
        always_open=not own.all(),
        poll_at=at[kept],
        poll_up=status[kept] == 1,
        poll_conflict=(overruled & in_window)[kept],
        segment_starts=segments[0],
        segment_offsets=segments[1],
    )


def _rows(start: Int64, end: Int64) -> tuple[Int64, Int64]:
    """Rows in the order of the week, each once."""
    order = np.lexsort((end, start))
    start, end = start[order], end[order]
    distinct = starts_of_runs(start) | starts_of_runs(end)
    return start[distinct], end[distinct]


def _business_hours(start: int, end: int) -> BusinessHours:
    day, opens = divmod(start, DAY)
    return BusinessHours(day, opens, opens + end - start)
