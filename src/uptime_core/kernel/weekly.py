"""Weekly hours in local time as a measure of business time in UTC.

A shop is open at t iff its wall clock at t is inside one of its weekly rows. Within
a segment of constant offset the wall clock runs on evenly and the week repeats, so
the business time from the segment's start to t has a closed form: whole weeks times
the weekly total, plus the part of the week begun. Changes of offset need no cases of
their own, and the length of the range costs nothing
(`docs/decisions/0002-wall-clock-rule.md`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uptime_core.kernel.blocks import time_bits
from uptime_core.kernel.intervals import POSITION_BITS, union

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uptime_core.kernel.arrays import Int64

DAY = 86_400_000_000
WEEK = 7 * DAY
MONDAY = -3 * DAY
"""The Monday before 1970-01-01, a Thursday, on a clock that shows UTC."""


class WeeklyTable(NamedTuple):
    """The open intervals of every shop's week, ready for look-up.

    Every shop has an empty interval at 0 first, so that each look-up finds one.

    Attributes:
        key: Shop and position in the week at its start, in one integer, ascending.
        shift: What to add to a position in the interval for the open time passed since
            the first shop's first interval: the lengths of all intervals before it,
            also those of other shops, less its start. Below 2**62, since 2**22 weeks
            are.
        passed: The open time passed at its end.
        total: Open time of the whole week, per shop.
    """

    key: Int64
    shift: Int64
    passed: Int64
    total: Int64

    @classmethod
    def of(cls, shops: int, shop: Int64, start: Int64, end: Int64) -> WeeklyTable:
        """Build the table from weekly rows in any order.

        Args:
            shops: How many shops there are; one without a row is never open.
            shop: Each row's shop, in [0, shops).
            start: Position in the week, in [0, WEEK).
            end: First position after it, in (start, start + WEEK]; what lies
                beyond the week's end belongs to its beginning.
        """
        wraps = end > WEEK
        shop, start, end = union(
            np.concatenate([shop, shop[wraps]]),
            np.concatenate([start, np.zeros_like(start[wraps])]),
            np.concatenate([np.minimum(end, WEEK), end[wraps] - WEEK]),
        )
        every = np.arange(shops, dtype=np.int64)
        nothing = np.zeros(shops, dtype=np.int64)
        key = np.concatenate([every << POSITION_BITS, (shop << POSITION_BITS) | start])
        length = np.concatenate([nothing, end - start])
        order = np.argsort(key, kind="stable")
        key, length = key[order], length[order]
        start = key & ((1 << POSITION_BITS) - 1)
        passed = np.cumsum(length)
        first = np.searchsorted(key, every << POSITION_BITS)  # where nothing is open
        total = np.diff(passed[first], append=length.sum())
        return cls(key=key, shift=passed - length - start, passed=passed, total=total)

    def measure(self, shop: Int64, local: Int64) -> Int64:
        """Open time up to a wall clock's reading.

        It is counted from an arbitrary origin of each shop: only differences of one
        shop's measures mean anything.
        """
        position = local - MONDAY
        week = position // WEEK  # of one number, several times as fast as divmod
        position -= week * WEEK
        row = np.searchsorted(self.key, (shop << POSITION_BITS) | position, "right") - 1
        position += self.shift[row]
        week *= self.total[shop]
        week += np.minimum(position, self.passed[row], out=position)
        return week


class BusinessTime(NamedTuple):
    """How much business time of a shop has passed, for instants in [low, high].

    Attributes:
        weekly: The shops' weeks.
        zone: Each shop's zone, an index.
        low: The first instant.
        bits: How many bits hold high - low.
        key: Zone and start of each segment in one integer, ascending; every zone has
            as many segments as the one that has the most, filled up with empty
            ones at high.
        offset: Local time minus UTC, shape (zones, segments).
        shift: What to add to the weekly measure, shape (shops, segments).
    """

    weekly: WeeklyTable
    zone: Int64
    low: int
    bits: int
    key: Int64
    offset: Int64
    shift: Int64

    @classmethod
    def of(
        cls,
        weekly: WeeklyTable,
        zone: Int64,
        segments: Sequence[tuple[Int64, Int64]],
        low: int,
        high: int,
    ) -> BusinessTime:
        """Combine weekly hours and zones.

        Callers see to it that shop and time fit one integer:
        ``(shops + 1) << bits(high - low) < 2**62``.

        Args:
            weekly: The shops' weeks.
            zone: Each shop's index into `segments`.
            segments: `localtime.offset_segments` of each zone over [low, high); there
                is at least one zone.
            low: The first instant that will be asked for.
            high: The last one.
        """
        most = max(len(starts) for starts, _ in segments)
        start = np.full((len(segments), most), high, dtype=np.int64)
        offset = np.zeros((len(segments), most), dtype=np.int64)
        for index, (starts, offsets) in enumerate(segments):
            start[index, : len(starts)] = starts
            offset[index, : len(starts)] = offsets
        bits = time_bits(low, high)
        zones = np.arange(len(segments), dtype=np.int64)[:, np.newaxis]
        end = np.append(start[:, 1:], np.full_like(start[:, :1], high), axis=1)

        shop = np.arange(len(zone), dtype=np.int64)[:, np.newaxis]
        opening = weekly.measure(shop, (start + offset)[zone])
        closing = weekly.measure(shop, (end + offset)[zone])
        passed = np.cumsum(closing - opening, axis=1)
        return cls(
            weekly=weekly,
            zone=zone,
            low=low,
            bits=bits,
            key=((zones << bits) | (start - low)).ravel(),
            offset=offset,
            shift=passed - closing,
        )

    def measure(self, shop: Int64, at: Int64) -> Int64:
        """Business time of `shop` between low and `at`, in microseconds.

        Args:
            shop: Shop indices, any shape.
            at: Instants in [low, high], of the same shape.
        """
        row = zone = self.zone[shop]
        segments = self.offset.shape[1]
        if segments > 1:
            wanted = (zone << self.bits) | (at - self.low)
            row = np.searchsorted(self.key, wanted, "right") - 1
        passed = self.weekly.measure(shop, at + self.offset.ravel()[row])
        passed += self.shift.ravel()[row + (shop - zone) * segments]
        return passed
