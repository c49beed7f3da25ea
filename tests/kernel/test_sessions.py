"""A shop's time cut into pieces, against the definitions and the measure."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from uptime_core.kernel.localtime import offset_segments
from uptime_core.kernel.sessions import Pieces, overlay, sessions, week_by_row
from uptime_core.kernel.weekly import DAY, MONDAY, WEEK, BusinessTime, WeeklyTable
from uptime_core.testing.strategies import anchors
from uptime_core.timezones import load_timezone

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HALF_HOUR = DAY // 48

positions = st.one_of(
    st.integers(0, 7 * 48 - 1).map(lambda n: n * HALF_HOUR),
    st.integers(0, WEEK - 1),
)
lengths = st.one_of(
    st.integers(1, 96).map(lambda n: n * HALF_HOUR), st.integers(1, 2 * DAY)
)
weeks = st.one_of(
    st.lists(st.tuples(positions, lengths), max_size=8), st.just([(0, WEEK)])
)


def rows_of(week: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    start = np.array([start for start, _ in week], dtype=np.int64)
    return start, start + np.array([length for _, length in week], dtype=np.int64)


def row_at(week: list[tuple[int, int]], position: int) -> tuple[int, int] | None:
    """When the row that opens opened, counted back, and how long it is."""
    opens = [
        ((position - start) % WEEK, length)
        for start, length in week
        if (position - start) % WEEK < length
    ]
    return max(opens, default=None)


@given(weeks, st.lists(positions, max_size=20))
def test_in_each_piece_of_a_week_the_row_that_opened_first_opens(
    week: list[tuple[int, int]], probes: list[int]
) -> None:
    pieces = week_by_row(*rows_of(week))

    assert (pieces.start < pieces.end).all()
    assert (pieces.end[:-1] <= pieces.start[1:]).all()
    for position in (*probes, *pieces.start.tolist(), *(pieces.end - 1).tolist()):
        found = [
            owner
            for start, end, owner in zip(*map(np.ndarray.tolist, pieces), strict=True)
            if start <= position < end
        ]
        expected = row_at(week, position)
        assert len(found) == (expected is not None)
        if expected is not None:
            start, length = week[found[0]]
            assert ((position - start) % WEEK, length) == expected


@given(
    anchors(first_year=1),
    weeks,
    st.tuples(st.integers(-20 * DAY, 20 * DAY), st.integers(1, 20 * DAY)),
)
def test_sessions_are_as_long_as_the_measure_says(
    where: tuple[str, datetime], week: list[tuple[int, int]], span: tuple[int, int]
) -> None:
    name, anchor = where
    low = int((anchor - EPOCH).total_seconds()) * 1_000_000 + span[0]
    high = low + span[1]
    start, end = rows_of(week)
    segments = offset_segments(load_timezone(name), low, high)

    found = sessions(week_by_row(start, end), segments, high)

    shop = np.zeros_like(start)
    table = WeeklyTable.of(1, shop, start, end)
    business = BusinessTime.of(table, np.zeros(1, np.int64), [segments], low, high)
    edges = np.concatenate([found.start, found.end, [low, high]])
    measure = business.measure(np.zeros_like(edges), edges)
    count = len(found.start)
    lengths = found.end - found.start
    assert np.array_equal(measure[count : 2 * count] - measure[:count], lengths)
    assert measure[-1] - measure[-2] == lengths.sum()
    assert (lengths > 0).all()
    assert ((low <= found.start) & (found.end <= high)).all()
    touching = found.end[:-1] == found.start[1:]
    assert (found.end[:-1] <= found.start[1:]).all()
    if week != [(0, WEEK)]:
        assert (found.owner[:-1] != found.owner[1:])[touching].all()
    elif count:
        assert count == 1


ONE_SEGMENT = np.array([MONDAY - WEEK]), np.array([0])


def test_a_row_goes_on_over_the_end_of_the_week() -> None:
    week = week_by_row(*rows_of([(6 * DAY + DAY // 2, DAY)]))
    found = sessions(week, ONE_SEGMENT, MONDAY + DAY)

    assert week.start.tolist() == [0, 6 * DAY + DAY // 2]
    assert week.end.tolist() == [DAY // 2, WEEK]
    assert found.start.tolist() == [MONDAY - WEEK, MONDAY - DAY // 2]
    assert found.end.tolist() == [MONDAY - WEEK + DAY // 2, MONDAY + DAY // 2]


def test_a_session_goes_on_where_the_offset_changes() -> None:
    week = week_by_row(*rows_of([(DAY, 3 * DAY)]))
    changed = np.array([MONDAY, MONDAY + 2 * DAY]), np.array([0, HALF_HOUR])

    found = sessions(week, changed, MONDAY + WEEK)

    assert found.start.tolist() == [MONDAY + DAY]
    assert found.end.tolist() == [MONDAY + 4 * DAY - HALF_HOUR]


def test_a_stretch_may_end_with_the_first_microsecond_of_a_week() -> None:
    week = week_by_row(*rows_of([(0, DAY)]))

    found = sessions(week, ONE_SEGMENT, MONDAY + 1)

    assert found.start.tolist() == [MONDAY - WEEK, MONDAY]
    assert found.end.tolist() == [MONDAY - 6 * DAY, MONDAY + 1]


owners = st.lists(
    st.tuples(st.integers(0, 5), st.integers(1, 5), st.integers(0, 2)), max_size=5
)


def pieces_of(gaps: list[tuple[int, int, int]]) -> Pieces:
    """Sorted, disjoint pieces from gaps, lengths and owners."""
    starts, ends, at = [], [], 0
    for gap, length, _ in gaps:
        starts.append(at + gap)
        at += gap + length
        ends.append(at)
    columns = (starts, ends, [owner for _, _, owner in gaps])
    return Pieces(*(np.array(column, dtype=np.int64) for column in columns))


@given(owners, owners)
def test_an_overlay_has_the_owners_of_both_at_every_instant(
    first: list[tuple[int, int, int]], second: list[tuple[int, int, int]]
) -> None:
    kinds = pieces_of(first), pieces_of(second)
    high = max([60, *kinds[0].end.tolist(), *kinds[1].end.tolist()])

    found = overlay(0, high, *kinds)

    assert found.start[0] == 0
    assert found.end[-1] == high
    assert np.array_equal(found.end[:-1], found.start[1:])
    both = list(zip(found.first.tolist(), found.second.tolist(), strict=True))
    assert all(one != other for one, other in pairwise(both))
    for instant in range(high):
        place = int(np.searchsorted(found.start, instant, "right")) - 1
        for pieces, owner in zip(kinds, both[place], strict=True):
            inside = (pieces.start <= instant) & (instant < pieces.end)
            expected = pieces.owner[inside].tolist() or [-1]
            assert [owner] == expected
