"""What a timeline is made of, and how people read it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Literal

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from uptime_core.polls import Poll
    from uptime_core.schedule import BusinessHours

State = Literal["up", "down", "unknown", "closed"]

HEADER = ("from", "until", "state", "for", "poll", "hours")

_SECOND = timedelta(seconds=1)


@attrs.frozen
class Interval:
    """A stretch of a timeline in which nothing changes.

    Attributes:
        start: First instant, in UTC.
        end: First instant after it.
        state: Up or down as the poll says, `unknown` without a poll, or `closed`.
        poll: The poll that speaks, also while the shop is closed, or None.
        hours: The row of business hours that opens; None if the shop is closed, or has
            no hours and so is open always.
        conflict: Whether that poll is one of two with both statuses; down won.
    """

    start: datetime
    end: datetime
    state: State
    poll: Poll | None
    hours: BusinessHours | None
    conflict: bool = False

    @property
    def duration(self) -> timedelta:
        """How long it is."""
        return self.end - self.start


@attrs.frozen
class Transition:
    """A change of a zone's offset from UTC.

    Attributes:
        at: The first instant with the new offset, in UTC.
        before: What clocks show more than UTC until then.
        after: What they show more than UTC from then on.
    """

    at: datetime
    before: timedelta
    after: timedelta

    def __str__(self) -> str:
        return f"UTC{_offset(self.before)} → UTC{_offset(self.after)}"


def text_rows(intervals: Iterable[Interval], zone: ZoneInfo) -> Iterator[Sequence[str]]:
    """Rows for people, on the zone's clock and to the second.

    While the shop is closed it does not matter who speaks, so that is one row.
    """
    for _, group in groupby(intervals, _row_of):
        first, *others = group
        last = others[-1] if others else first
        start = _wall_clock(first.start, zone)
        yield (
            clock_text(first.start, zone),
            clock_text(last.end, zone, start.date()),
            first.state,
            _duration_text(last.end - first.start),
            "" if first.state == "closed" else _poll_text(first, zone, start.date()),
            _hours_text(first),
        )


def text_table(rows: Sequence[Sequence[str]]) -> str:
    """Rows below each other, as columns of equal width."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def clock_text(at: datetime, zone: ZoneInfo, day: date | None = None) -> str:
    """An instant on the zone's clock, to the second, without its date on that day."""
    local = _wall_clock(at, zone)
    if local.date() == day:
        return f"{local:%H:%M:%S %Z}"
    date_text = local.date().isoformat()  # strftime writes short years as it likes
    return f"{local:%a} {date_text} {local:%H:%M:%S %Z}"


def _row_of(interval: Interval) -> object:
    """What neighbours that are one row have in common."""
    return "closed" if interval.state == "closed" else interval


def _wall_clock(at: datetime, zone: ZoneInfo) -> datetime:
    try:
        return at.astimezone(zone)
    except OverflowError:  # of the year 0 or 10000 there
        return at.astimezone(UTC)


def _poll_text(interval: Interval, zone: ZoneInfo, day: date) -> str:
    if interval.poll is None:
        return ""
    status = "active" if interval.poll.up else "inactive"
    contradicted = " and active" if interval.conflict else ""
    return f"{status}{contradicted} at {clock_text(interval.poll.at, zone, day)}"


def _hours_text(interval: Interval) -> str:
    if interval.hours is not None:
        return str(interval.hours)
    return "" if interval.state == "closed" else "always"


def _duration_text(duration: timedelta) -> str:
    """To the second, but nothing that is there becomes nothing."""
    if duration < _SECOND:
        return str(duration)
    return str(duration - timedelta(microseconds=duration.microseconds))


def _offset(offset: timedelta) -> str:
    sign, size = ("-", -offset) if offset < timedelta() else ("+", offset)
    text = str(size)
    return f"{sign}{text.removesuffix(':00')}"
