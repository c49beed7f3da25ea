"""Sums over shops and windows, against sums instant by instant."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from uptime_core.kernel.accumulate import accumulate
from uptime_core.kernel.extrapolate import Spans
from uptime_core.kernel.weekly import DAY, WEEK, BusinessTime, WeeklyTable

SHOPS, LOW, HIGH = 3, 0, 60

steps = st.lists(st.integers(0, 9), max_size=8)
windows = st.lists(
    st.tuples(st.integers(LOW, HIGH), st.integers(LOW, HIGH)).map(sorted),
    min_size=1,
    max_size=4,
)


def business_time() -> BusinessTime:
    """Thursday 1970-01-01 in UTC: shop 0 always, shop 1 never, shop 2 for [20, 40)."""
    thursday = 3 * DAY
    weekly = WeeklyTable.of(
        SHOPS,
        np.array([0, 2]),
        np.array([0, thursday + 20]),
        np.array([WEEK, thursday + 40]),
    )
    segments = (np.array([LOW]), np.array([0]))
    zone = np.zeros(SHOPS, dtype=np.int64)
    return BusinessTime.of(weekly, zone, [segments], LOW, HIGH)


def is_open(shop: int, instant: int) -> bool:
    return shop == 0 or (shop == 2 and 20 <= instant < 40)


@given(st.lists(steps, min_size=SHOPS, max_size=SHOPS), windows)
def test_sums_count_instants_that_are_open_and_spoken_for(
    shops: list[list[int]], windows: list[list[int]]
) -> None:
    """Spans alternate with holes; the odd ones are up."""
    rows = []
    for shop, lengths in enumerate(shops):
        at = LOW
        for number, length in enumerate(lengths):
            end = min(at + length, HIGH)
            if at < end and number % 3:
                rows.append((shop, at, end, number % 2))
            at = end
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    spans = Spans(columns[0], columns[1], columns[2], columns[3].astype(np.uint8))
    starts, ends = np.array(windows, dtype=np.int64).T
    sums = accumulate(spans, business_time(), starts, ends)
    for number, (first, after) in enumerate(windows):
        for shop_number in range(SHOPS):
            inside = [i for i in range(first, after) if is_open(shop_number, i)]
            own = [row for row in rows if row[0] == shop_number]
            spoken = {i: up for _, begin, end, up in own for i in range(begin, end)}
            assert sums.open[shop_number, number] == len(inside)
            up = sum(spoken.get(i) == 1 for i in inside)
            down = sum(spoken.get(i) == 0 for i in inside)
            assert sums.up[shop_number, number] == up
            assert sums.down[shop_number, number] == down


def test_a_shop_whose_first_span_begins_where_that_of_another_ended() -> None:
    """Their business time is not one function: each is looked up on its own."""
    shop, edge = np.array([0, 2]), np.array([[10, 25], [25, 50]])
    spans = Spans(shop, edge[0], edge[1], np.array([1, 0], dtype=np.uint8))
    sums = accumulate(spans, business_time(), np.array([LOW]), np.array([HIGH]))
    assert sums.up.tolist() == [[15], [0], [0]]
    assert sums.down.tolist() == [[0], [0], [15]]
    assert sums.open.tolist() == [[60], [0], [20]]


def test_a_hole_may_end_where_a_span_of_another_shop_does() -> None:
    spans = Spans(
        np.array([0, 2, 2]),
        np.array([0, 20, 30]),
        np.array([30, 25, 35]),
        np.array([1, 1, 0], dtype=np.uint8),
    )

    sums = accumulate(spans, business_time(), np.array([LOW]), np.array([HIGH]))

    assert sums.up.ravel().tolist() == [30, 0, 5]
    assert sums.down.ravel().tolist() == [0, 0, 5]
