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

from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from uptime_core.kernel.arrays import Int64

Segments: TypeAlias = "tuple[Int64, Int64]"
"""First instants and offsets; see `offset_segments`."""

SECOND = 1_000_000
PROBE_STEP = 6 * 3600 * SECOND
"""Distance of two probes in microseconds: 4 probes a day cost 2 ms a zone-year."""

_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST = (datetime(1, 1, 3, tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LATEST = (datetime(9999, 12, 29, tzinfo=UTC) - _EPOCH) // _MICROSECOND


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
    # Local clocks cannot be read within a day of the first and the last datetime; no
    # zone changes there.
    left = min(max(start, _EARLIEST), _LATEST)
    last = min(max(end - 1, left), _LATEST)
    epoch = _EPOCH.replace(tzinfo=zone)
    starts, offsets = [start], [_offset(epoch, left)]
    while left < last:
        right = min(left + PROBE_STEP, last)
        offset = _offset(epoch, right)
        if offset != offsets[-1]:
            starts.append(_change(epoch, left, right))
            offsets.append(offset)
        left = right
    return (
        np.array(starts, dtype=np.int64),
        np.array([offset // _MICROSECOND for offset in offsets], dtype=np.int64),
    )


def _change(epoch: datetime, left: int, right: int) -> int:
    """The first instant in (left, right] at which the offset is not that of left."""
    before = _offset(epoch, left)
    while right - left > 1:
        middle = (left + right) // 2
        if _offset(epoch, middle) == before:
            left = middle
        else:
            right = middle
    return right


def _offset(epoch: datetime, instant: int) -> timedelta:
    """Local clocks minus UTC.

    `epoch` is 1970-01-01 00:00 labelled with the zone: `fromutc` takes the fields of
    UTC under that label, and adding to them does not consult the zone.
    """
    utc_fields = epoch + timedelta(microseconds=instant)
    offset = utc_fields.tzinfo.fromutc(utc_fields).utcoffset()  # type: ignore[union-attr]
    if offset is None:
        message = f"{epoch.tzinfo!r} has no offset from UTC"
        raise ValueError(message)
    return offset
