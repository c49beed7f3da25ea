"""The sums of one shop in one window, from the definitions."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from importlib import resources
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from uptime_core.policy import Policy

    Row = tuple[int, str | int, str | int]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_QUARTER = 15 * _MINUTE
_DAY = 86_400 * _SECOND


class Sums(NamedTuple):
    """Microseconds of business time of one shop in one window."""

    up: int
    down: int
    unknown: int
    open: int


def account(
    polls: Iterable[tuple[datetime, bool]],
    start: datetime,
    end: datetime,
    *,
    as_of: datetime,
    rows: Sequence[Row] | None,
    timezone: str,
    policy: Policy,
) -> Sums:
    """The sums of one shop over [start, end).

    Args:
        polls: Instants and whether the shop was up, in any order.
        start: First instant.
        end: First instant after it.
        as_of: The report's "now".
        rows: Business hours ``(day, start, end)`` in text, or None if the shop has
            none; an empty sequence is closed always.
        timezone: The name of the shop's zone.
        policy: How polls and missing data are read.

    >>> from datetime import UTC, datetime
    >>> from uptime_core import Policy
    >>> account(
    ...     [(datetime(2023, 3, 12, 7, 45, tzinfo=UTC), True)],
    ...     datetime(2023, 3, 12, 0, tzinfo=UTC),
    ...     datetime(2023, 3, 13, 0, tzinfo=UTC),
    ...     as_of=datetime(2023, 3, 14, 0, tzinfo=UTC),
    ...     rows=[(6, "01:00", "03:30")],  # of which the clocks skip an hour
    ...     timezone="America/Chicago",
    ...     policy=Policy(),
    ... )
    Sums(up=2700000000, down=0, unknown=2700000000, open=5400000000)
    """
    low, high = micros(start), micros(end)
    speech = _who_speaks(polls, micros(as_of), policy)
    if rows is None:
        if policy.missing_hours == "error":
            message = "the policy makes missing hours an error"
            raise ValueError(message)
        is_open_without_rows = policy.missing_hours == "open"
        week: list[tuple[int, int, int]] = []
    else:
        is_open_without_rows = False
        week = [_row(*row) for row in rows]
    zone = _zone(timezone)

    edges = {low, high}
    edges.update(edge for first, after, _ in speech for edge in (first, after))
    if week:
        edges.update(_offset_changes(timezone, low, high))
        edges.update(_wall_clock_edges(zone, week, low, high))
    stretches = sorted(edge for edge in edges if low <= edge <= high)

    up = down = unknown = 0
    for first, after in pairwise(stretches):
        if not (is_open_without_rows or _is_open(zone, week, first)):
            continue
        status = _status(speech, first)
        if status is None:
            unknown += after - first
        elif status:
            up += after - first
        else:
            down += after - first
    return Sums(up, down, unknown, up + down + unknown)


def _who_speaks(
    polls: Iterable[tuple[datetime, bool]], as_of: int, policy: Policy
) -> list[tuple[int, int, bool]]:
    """Intervals and statuses, one for each instant with a poll, in order."""
    status_at: dict[int, bool] = {}
    for instant, is_up in polls:
        at = micros(instant)
        if at <= as_of:
            status_at[at] = is_up and status_at.get(at, True)
    instants = sorted(status_at)
    reach = None if policy.reach is None else policy.reach // MICROSECOND
    for_ever = 10**20
    span = for_ever if reach is None else reach
    speech = []
    for place, at in enumerate(instants):
        before = instants[place - 1] if place > 0 else None
        after = instants[place + 1] if place + 1 < len(instants) else None
        if policy.extrapolation == "previous":
            speaks_from = at
            if before is None and policy.initial == "first":
                speaks_from = at - span
            speaks_until = at + span if after is None else min(after, at + span)
        elif policy.extrapolation == "next":
            speaks_from = at - span if before is None else max(before, at - span)
            speaks_until = at
        else:
            speaks_from = at - span
            if before is not None:
                speaks_from = max(speaks_from, before + (at - before) // 2)
            speaks_until = at + span
            if after is not None:
                speaks_until = min(speaks_until, at + (after - at) // 2)
        speech.append((speaks_from, min(speaks_until, as_of), status_at[at]))
    return speech


def _status(speech: list[tuple[int, int, bool]], instant: int) -> bool | None:
    """Whether the shop was up, or None if nobody speaks for the instant."""
    # Ascending and disjoint, so only the last one that has begun can hold it; one
    # that as_of has emptied or turned round holds nothing.
    place = bisect_right(speech, instant, key=lambda spoken: spoken[0]) - 1
    if place >= 0:
        first, after, status = speech[place]
        if first <= instant < after:
            return status
    return None


def _row(day: int, start: str | int, end: str | int) -> tuple[int, int, int]:
    """A row as day, and first and after in microseconds since that day's midnight."""
    if not (isinstance(start, str) and isinstance(end, str)):
        return day, int(start), int(end)
    first, after = _time(start), _time(end)
    if after == 23 * 60 * _MINUTE + 59 * _MINUTE or after >= _DAY - _SECOND:
        after = _DAY
    if after <= first:
        after += _DAY
    return int(day), first, after


def _time(text: str) -> int:
    clock, _, fraction = text.partition(".")
    hours, minutes, seconds = [*map(int, clock.split(":")), 0][:3]
    return (
        hours * 60 * _MINUTE
        + minutes * _MINUTE
        + seconds * _SECOND
        + int((fraction + "000000")[:6])
    )


def _is_open(zone: ZoneInfo, week: list[tuple[int, int, int]], instant: int) -> bool:
    """Whether the wall clock reads a time inside a row."""
    local = _wall_clock(zone, instant)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    time_of_day = (local.replace(tzinfo=None) - midnight.replace(tzinfo=None)) // (
        MICROSECOND
    )
    today, yesterday = local.weekday(), (local.weekday() - 1) % 7
    return any(
        (day == today and first <= time_of_day < after)
        or (day == yesterday and first <= time_of_day + _DAY < after)
        for day, first, after in week
    )


def _wall_clock_edges(
    zone: ZoneInfo, week: list[tuple[int, int, int]], low: int, high: int
) -> Iterator[int]:
    """Every instant in reach at which the wall clock may read a row's edge."""
    first_day = (EPOCH + timedelta(microseconds=low)).date() - timedelta(days=3)
    last_day = (EPOCH + timedelta(microseconds=high)).date() + timedelta(days=3)
    for ordinal in range(first_day.toordinal(), last_day.toordinal() + 1):
        day = date.fromordinal(ordinal)
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001  # wall time
        for weekday, first, after in week:
            if weekday == day.weekday():
                for edge in (first, after):
                    wall = midnight + timedelta(microseconds=edge)
                    for fold in (0, 1):
                        yield micros(wall.replace(tzinfo=zone, fold=fold))


@lru_cache(maxsize=256)
def _offset_changes(timezone: str, low: int, high: int) -> tuple[int, ...]:
    """The instants in (low, high) at which the zone's offset from UTC changes."""
    zone = _zone(timezone)
    changes = []
    first = low // _MINUTE * _MINUTE
    offset = _wall_clock(zone, first).utcoffset()
    while first < high:
        after = first + _QUARTER
        following = _wall_clock(zone, after).utcoffset()
        if following != offset:
            changes += [
                later
                for earlier, later in pairwise(range(first, after + 1, _SECOND))
                if _wall_clock(zone, earlier).utcoffset()
                != _wall_clock(zone, later).utcoffset()
            ]
        first, offset = after, following
    return tuple(changes)


def _wall_clock(zone: ZoneInfo, instant: int) -> datetime:
    return (EPOCH + timedelta(microseconds=instant)).astimezone(zone)


def micros(instant: datetime) -> int:
    """An aware datetime as microseconds since 1970-01-01 UTC."""
    return (instant - EPOCH) // MICROSECOND


@cache
def _zone(name: str) -> ZoneInfo:
    file = resources.files("tzdata").joinpath("zoneinfo", *name.split("/"))
    with file.open("rb") as stream:
        return ZoneInfo.from_file(stream, key=name)
