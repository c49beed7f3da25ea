"""Interval sets, against sets of integers."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from uptime_core.kernel.intervals import POSITION_BITS, clip, union

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uptime_core.kernel.arrays import Int64

Interval = tuple[int, int, int]

intervals = st.lists(
    st.builds(
        lambda group, start, length: (group, start, start + length),
        st.integers(0, 3),
        st.integers(0, 30),
        st.integers(1, 9),
    ),
    max_size=12,
)


def columns(rows: Sequence[tuple[int, ...]], width: int) -> list[Int64]:
    return list(np.array(rows, dtype=np.int64).reshape(-1, width).T)


def runs(points: set[tuple[int, int]]) -> list[Interval]:
    """The maximal runs of neighbouring points of each group."""
    found = []
    ordered = enumerate(sorted(points))
    for (group, _), run in groupby(ordered, lambda p: (p[1][0], p[1][1] - p[0])):
        members = [point for _, (_, point) in run]
        found.append((group, members[0], members[-1] + 1))
    return found


@given(intervals)
def test_union_covers_the_same_points_with_maximal_intervals(
    rows: list[Interval],
) -> None:
    points = {(g, point) for g, start, end in rows for point in range(start, end)}
    group, start, end = union(*columns(rows, 3))
    assert list(zip(group, start, end, strict=True)) == runs(points)


def test_union_keeps_the_largest_groups_and_positions_apart() -> None:
    group, top = (1 << 22) - 1, (1 << POSITION_BITS) - 1
    rows = [(group, 0, top), (group - 1, top - 1, top), (group, 5, 6)]
    found = union(*columns(rows, 3))
    assert list(zip(*found, strict=True)) == [
        (group - 1, top - 1, top),
        (group, 0, top),
    ]


@given(intervals, st.integers(0, 40), st.integers(0, 40))
def test_clip_keeps_the_points_inside(
    rows: list[Interval], low: int, high: int
) -> None:
    _, starts, ends = columns(rows, 3)
    start, end, some = clip(starts, ends, low, high)
    for row, first, after, present in zip(rows, start, end, some, strict=True):
        inside = [p for p in range(row[1], row[2]) if low <= p < high]
        assert list(range(first, after)) == inside
        assert present == bool(inside)
