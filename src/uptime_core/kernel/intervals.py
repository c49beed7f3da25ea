"""Sets of half-open intervals, many sets at once.

A set belongs to a group (a shop), and all sets lie in the same arrays, sorted by
group and start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from uptime_core.kernel.arrays import Bool, Int64

POSITION_BITS = 40
"""Positions of `union` are below 2**40: a week has 0.55 · 2**40 microseconds."""


def union(group: Int64, start: Int64, end: Int64) -> tuple[Int64, Int64, Int64]:
    """The union of each group's intervals, as sorted, disjoint, apart intervals.

    Touching intervals become one. Empty intervals are not allowed.

    Args:
        group: Which set an interval belongs to, in [0, 2**22), any order.
        start: First position, in [0, 2**40).
        end: First position after it, in (start, 2**40).

    Returns:
        `group`, `start` and `end` of the union, sorted by group and start.
    """
    packed = (group << POSITION_BITS) | start
    order = np.argsort(packed)
    packed_start = packed[order]
    # Groups occupy disjoint ranges of packed positions, so one running maximum over
    # all of them never carries an end from one group into the next.
    reached = np.maximum.accumulate((group[order] << POSITION_BITS) | end[order])
    begins = np.ones(len(order), dtype=np.bool_)
    begins[1:] = packed_start[1:] > reached[:-1]
    position = (1 << POSITION_BITS) - 1
    first, last = packed_start[begins], reached[_ends(begins)]
    return first >> POSITION_BITS, first & position, last & position


def clip(start: Int64, end: Int64, low: int, high: int) -> tuple[Int64, Int64, Bool]:
    """The intervals inside [low, high), and which of them are not empty."""
    clipped_start = np.maximum(start, low)
    clipped_end = np.minimum(end, high)
    return clipped_start, clipped_end, clipped_start < clipped_end


def _ends(begins: Bool) -> Bool:
    """Which rows are the last of their run, for runs that begin at `begins`."""
    return np.append(begins[1:], begins[:1])
