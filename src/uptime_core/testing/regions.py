"""The regions of data in which code goes wrong, and which of them a data set lies in.

`datasets` reports them as events, so that ``pytest --hypothesis-show-statistics`` says
how often a test has met each; see `docs/reference/testing.md`.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from enum import StrEnum
from functools import cache
from itertools import pairwise, permutations
from typing import TYPE_CHECKING, NamedTuple

from uptime_core.instants import to_datetime, to_micros
from uptime_core.testing import cells
from uptime_core.testing.anchors import ANCHORS
from uptime_core.timezones import load_timezone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from zoneinfo import ZoneInfo

    from uptime_core.testing.dataset import Dataset, HoursRow, Shop
    from uptime_core.window import Window

_Span = tuple[datetime, datetime]
_Wall = tuple[int, timedelta]

_ZERO = timedelta(0)
_MICROSECOND = timedelta(microseconds=1)
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


class Region(StrEnum):
    """Where data may lie; each value is what its event is called."""

    NO_POLL = "a shop without polls"
    REPEATED_POLL = "a poll that comes again"
    CONFLICT = "both statuses at one instant"
    NEAR_POLLS = "polls a microsecond apart"
    HOUR_APART = "polls exactly an hour apart"
    UNSORTED = "polls out of order"

    NO_HOURS = "a shop without hours"
    ALWAYS_CLOSED = "a shop that is always closed"
    CLOSED_DAY = "a day without a row"
    OVERNIGHT = "overnight hours"
    AROUND_THE_CLOCK = "24 hours from a start"
    SPLIT_AT_MIDNIGHT = "hours split at midnight"
    LAST_MINUTE = "a day's end written as its last minute or second"
    NESTED = "a row inside another"
    OVERLAPPING = "rows that overlap"
    TOUCHING = "rows that touch"
    ODD_SECONDS = "hours with seconds"

    NO_ZONE = "a shop without a zone"
    GAP = "a gap inside a window"
    FOLD = "a fold inside a window"
    WHOLE_DAY = "a day skipped, or lived twice, inside a window"
    ODD_CHANGE = "an offset's change of other than hours inside a window"
    TWO_CHANGES = "two changes of offset inside a window"
    WINDOW_ON_CHANGE = "a window's edge on a change of offset"
    WINDOW_BESIDE_CHANGE = "a window's edge a microsecond beside a change of offset"
    POLL_ON_CHANGE = "a poll on a change of offset"
    HOURS_IN_GAP = "hours that begin or end inside a gap"
    HOURS_IN_FOLD = "hours that begin or end inside a fold"
    OVERNIGHT_CHANGE = "overnight hours across a change of offset"

    POLL_ON_WINDOW = "a poll on a window's edge"
    POLL_BESIDE_WINDOW = "a poll a microsecond beside a window's edge"
    POLL_BEFORE_WINDOW = "a poll in the hour before a window"
    POLL_ON_HOURS = "a poll on an opening or a closing"
    WINDOW_ON_HOURS = "a window's edge on an opening or a closing"
    POLL_AT_AS_OF = "a poll at as_of"
    POLL_AFTER_AS_OF = "a poll after as_of"
    POLL_JUST_AFTER_AS_OF = "a poll a microsecond after as_of"
    AS_OF_BEFORE_POLLS = "as_of before all polls of a shop"
    AS_OF_IN_WINDOW = "as_of inside a window"
    WINDOW_AFTER_AS_OF = "a window after as_of"
    EMPTY_WINDOW = "a window of no length"


class _Change(NamedTuple):
    """A change of a zone's offset: the instant, and wall clocks before and after it."""

    at: datetime
    before: datetime
    after: datetime


def of(dataset: Dataset) -> frozenset[Region]:
    """The regions that some shop or window of a data set lies in."""
    spans = [_span(window, dataset.as_of) for window in dataset.windows]
    found = set(_of_windows(spans, dataset.as_of))
    for shop in dataset.shops:
        found |= of_polls(shop.polls) | of_hours(shop.rows)
        found.update(_of_instants(shop, spans, dataset.as_of))
        found.update(_of_zone(shop, spans))
    return frozenset(found)


def of_polls(polls: Sequence[tuple[datetime, bool]]) -> frozenset[Region]:
    """The regions that one shop's polls lie in, by themselves."""
    instants = [at for at, _ in polls]
    distinct = sorted(set(instants))
    steps = [later - earlier for earlier, later in pairwise(distinct)]
    known = set(distinct)
    return _chosen(
        (Region.NO_POLL, not polls),
        (Region.REPEATED_POLL, len(set(polls)) < len(polls)),
        (Region.CONFLICT, len(set(polls)) > len(distinct)),
        (Region.NEAR_POLLS, _MICROSECOND in steps),
        (Region.HOUR_APART, any(at + _HOUR in known for at in distinct)),
        (Region.UNSORTED, instants != sorted(instants)),
    )


def of_hours(rows: Sequence[HoursRow] | None) -> frozenset[Region]:
    """The regions that one shop's business hours lie in, by themselves."""
    if rows is None:
        return frozenset({Region.NO_HOURS})
    if not rows:
        return frozenset({Region.ALWAYS_CLOSED})
    spans = [_row_span(row) for row in rows]
    week = {(day * _DAY + start, day * _DAY + end) for day, start, end in spans}
    pairs = list(permutations(week, 2))
    joints = [one[1] for one, two in pairs if (one[1] - two[0]) % (7 * _DAY) == _ZERO]
    return _chosen(
        (Region.CLOSED_DAY, {day for day, *_ in spans} < set(range(7))),
        (Region.OVERNIGHT, any(end > _DAY for _, _, end in spans)),
        (Region.AROUND_THE_CLOCK, any(s and e - s == _DAY for _, s, e in spans)),
        (Region.LAST_MINUTE, any(_is_last_minute(end) for _, _, end in rows)),
        (Region.ODD_SECONDS, any(s % _MINUTE or e % _MINUTE for _, s, e in spans)),
        (Region.SPLIT_AT_MIDNIGHT, any(joint % _DAY == _ZERO for joint in joints)),
        (Region.TOUCHING, any(joint % _DAY for joint in joints)),
        (Region.NESTED, any(a[0] <= b[0] and b[1] <= a[1] for a, b in pairs)),
        (Region.OVERLAPPING, any(a[0] < b[0] < a[1] < b[1] for a, b in pairs)),
    )


def _of_windows(spans: Sequence[_Span], as_of: datetime) -> frozenset[Region]:
    return _chosen(
        (Region.EMPTY_WINDOW, any(start == end for start, end in spans)),
        (Region.AS_OF_IN_WINDOW, any(start < as_of < end for start, end in spans)),
        (Region.WINDOW_AFTER_AS_OF, any(as_of <= start < end for start, end in spans)),
    )


def _of_instants(
    shop: Shop, spans: Sequence[_Span], as_of: datetime
) -> frozenset[Region]:
    polls = {at for at, _ in shop.polls}
    edges = {edge for span in spans for edge in span}
    beside = {at + step for at in polls for step in (_MICROSECOND, -_MICROSECOND)}
    return _chosen(
        (Region.POLL_ON_WINDOW, polls & edges),
        (Region.POLL_BESIDE_WINDOW, beside & edges),
        (
            Region.POLL_BEFORE_WINDOW,
            any(_ZERO < s - at < _HOUR for at in polls for s, e in spans if s < e),
        ),
        (Region.POLL_AT_AS_OF, as_of in polls),
        (Region.POLL_AFTER_AS_OF, any(at > as_of for at in polls)),
        (Region.POLL_JUST_AFTER_AS_OF, as_of + _MICROSECOND in polls),
        (Region.AS_OF_BEFORE_POLLS, polls and as_of < min(polls)),
    )


def _of_zone(shop: Shop, spans: Sequence[_Span]) -> frozenset[Region]:
    if shop.timezone is None:
        return frozenset({Region.NO_ZONE})
    zone = load_timezone(shop.timezone)
    edges = {edge for span in spans for edge in span}
    polls = {at for at, _ in shop.polls}
    hours = {wall for row in shop.rows or () for wall in _edges(row)}
    near = [
        change
        for change in _changes(shop.timezone)
        if any(start <= change.at <= end for start, end in spans)
    ]
    inside = [c for c in near if any(start < c.at < end for start, end in spans)]
    steps = [change.after - change.before for change in inside]
    beside = {at + step for at in edges for step in (_MICROSECOND, -_MICROSECOND)}
    return _chosen(
        (Region.GAP, any(step > _ZERO for step in steps)),
        (Region.FOLD, any(step < _ZERO for step in steps)),
        (Region.WHOLE_DAY, any(abs(step) > _HOUR * 20 for step in steps)),
        (Region.ODD_CHANGE, any(step % _HOUR for step in steps)),
        (
            Region.TWO_CHANGES,
            any(sum(s < c.at < e for c in inside) > 1 for s, e in spans),
        ),
        (Region.WINDOW_ON_CHANGE, any(c.at in edges for c in near)),
        (Region.WINDOW_BESIDE_CHANGE, any(c.at in beside for c in near)),
        (Region.POLL_ON_CHANGE, any(c.at in polls for c in near)),
        (Region.HOURS_IN_GAP, any(_holds(c.before, c.after, hours) for c in inside)),
        (Region.HOURS_IN_FOLD, any(_holds(c.after, c.before, hours) for c in inside)),
        (
            Region.OVERNIGHT_CHANGE,
            any(_is_overnight(row, c) for row in shop.rows or () for c in inside),
        ),
        (Region.POLL_ON_HOURS, any(_wall(at, zone) in hours for at in polls)),
        (Region.WINDOW_ON_HOURS, any(_wall(at, zone) in hours for at in edges)),
    )


def _chosen(*tested: tuple[Region, object]) -> frozenset[Region]:
    return frozenset(region for region, holds in tested if holds)


def _span(window: Window, as_of: datetime) -> _Span:
    start, end = window.bounds(to_micros(as_of))
    return to_datetime(start), to_datetime(end)


@cache
def _changes(timezone: str) -> list[_Change]:
    """The changes among a zone's anchors."""
    zone = load_timezone(timezone)
    changes = []
    for at in ANCHORS.get(timezone, ()):
        after = at.astimezone(zone).replace(tzinfo=None)
        just_before = (at - _MICROSECOND).astimezone(zone).replace(tzinfo=None)
        before = just_before + _MICROSECOND
        if before != after:
            changes.append(_Change(at, before, after))
    return changes


def _row_span(row: HoursRow) -> tuple[int, timedelta, timedelta]:
    """A row's day, and its first instant and the one after it, since midnight."""
    day, *texts = row
    opens, closes = cells.time_of_day(texts[0]), cells.end_of_day(texts[1])
    start, end = cells.span(opens or 0, closes or 0)
    return day, start * _MICROSECOND, end * _MICROSECOND


def _is_last_minute(end: str) -> bool:
    """Whether a closing time means the day's end, and does not say 24:00."""
    return cells.time_of_day(end) not in {None, cells.end_of_day(end)}


def _edges(row: HoursRow) -> Iterator[_Wall]:
    day, *span = _row_span(row)
    for edge in span:
        days, rest = divmod(edge, _DAY)
        yield (day + days) % 7, rest


def _wall(at: datetime, zone: ZoneInfo) -> _Wall:
    """A day of the week and the time since its midnight, as the wall clock has them."""
    return _weekly(at.astimezone(zone).replace(tzinfo=None))


def _weekly(local: datetime) -> _Wall:
    return local.weekday(), local - datetime.combine(local, time())


def _holds(low: datetime, high: datetime, walls: Iterable[_Wall]) -> bool:
    """Whether a wall clock that goes on from `low` to `high` shows one of these."""
    day, since_midnight = _weekly(low)
    first = day * _DAY + since_midnight
    return any((d * _DAY + rest - first) % (7 * _DAY) < high - low for d, rest in walls)


def _is_overnight(row: HoursRow, change: _Change) -> bool:
    """Whether a row goes on past midnight, and the change falls into it."""
    day, start, end = _row_span(row)
    weekday, since_midnight = _weekly(change.before)
    passed = ((weekday - day) * _DAY + since_midnight - start) % (7 * _DAY)
    return end > _DAY and _ZERO < passed < end - start
