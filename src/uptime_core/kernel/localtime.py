"""A time zone over [start, end) as segments of constant offset from UTC.

The offset is asked for at probes that lie `PROBE_STEP` apart; where two neighbouring
probes differ, bisection finds the instant. This misses no change of offset as long
as two changes in a row are always further apart than `PROBE_STEP`, since then a
stretch between two probes holds at most one change, and so its ends differ exactly
when there is one. In the tz database the closest pair between 1900 and 2100 is
167 hours apart (Noronha, October 2000; Gaza, October 2040), 27 times the step.
`tests/kernel/test_localtime.py` reads the compiled files of every zone with a reader
of its own, asserts that distance, and compares every segment.
"""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from uptime_core.kernel.arrays import Int64

Segments: TypeAlias = "tuple[Int64, Int64]"
"""First instants and offsets; see `offset_segments`."""

SECOND = 1_000_000
PROBE_STEP = 6 * 3600 * SECOND
"""Distance of two probes in microseconds: 4 probes a day cost 0.6 ms a zone-year."""

_MICROSECOND = timedelta(microseconds=1)
_NAIVE_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # fields of UTC, labelled below
_MARGIN = timedelta(days=2)
_EARLIEST = (datetime.min + _MARGIN - _NAIVE_EPOCH) // _MICROSECOND  # noqa: DTZ901
_LATEST = (datetime.max - _MARGIN - _NAIVE_EPOCH) // _MICROSECOND  # noqa: DTZ901


def offset_segments(zone: tzinfo, start: int, end: int) -> Segments:
    """The segments of [start, end) in which `zone` keeps one offset.

    Args:
        zone: Any tzinfo whose changes of offset are more than `PROBE_STEP` apart.
        start: First instant, in microseconds.
        end: First instant after it.

    Returns:
        The segments' first instants, ascending, the first one `start`; and what
        local clocks show minus UTC in each, in microseconds. Neighbouring segments
        have different offsets.
    """
    starts = [start]
    offsets = [_offset(zone, start)]
    left = start
    while left < end - 1:
        right = min(left + PROBE_STEP, end - 1)
        offset = _offset(zone, right)
        if offset != offsets[-1]:
            starts.append(_change(zone, left, right))
            offsets.append(offset)
        left = right
    return np.array(starts, dtype=np.int64), np.array(offsets, dtype=np.int64)


def _change(zone: tzinfo, left: int, right: int) -> int:
    """The first instant in (left, right] at which the offset is not that of left."""
    before = _offset(zone, left)
    while right - left > 1:
        middle = (left + right) // 2
        if _offset(zone, middle) == before:
            left = middle
        else:
            right = middle
    return right


def _offset(zone: tzinfo, instant: int) -> int:
    # Local clocks cannot be read within a day of the first and last datetime;
    # no zone changes there.
    instant = min(max(instant, _EARLIEST), _LATEST)
    utc_fields = _NAIVE_EPOCH + timedelta(microseconds=instant)
    offset = zone.fromutc(utc_fields.replace(tzinfo=zone)).utcoffset()
    if offset is None:
        message = f"{zone!r} has no offset from UTC"
        raise ValueError(message)
    return offset // _MICROSECOND
