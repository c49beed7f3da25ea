"""Business time, against a clock that is read minute by minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_core.kernel.weekly import DAY, MONDAY, WEEK, BusinessTime, WeeklyTable

if TYPE_CHECKING:
    from uptime_core.kernel.localtime import Segments

MINUTE = 60_000_000
HOUR = 60 * MINUTE

rows_of_hours = st.lists(
    st.builds(
        lambda shop, start, length: (shop, start * MINUTE, (start + length) * MINUTE),
        st.integers(0, 2),
        st.integers(0, 7 * 24 * 60 - 1),
        st.one_of(st.integers(1, 48 * 60), st.just(7 * 24 * 60)),
    ),
    max_size=8,
)


def table(rows: list[tuple[int, int, int]], shops: int = 3) -> WeeklyTable:
    shop, start, end = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return WeeklyTable.of(shops, shop, start, end)


def is_open(rows: list[tuple[int, int, int]], shop: int, local: int) -> bool:
    position = (local - MONDAY) % WEEK
    return any(
        owner == shop and (start <= position < end or start <= position + WEEK < end)
        for owner, start, end in rows
    )


@given(rows_of_hours, st.integers(-3, 3), st.integers(0, 7 * 24 * 60))
def test_measure_counts_open_minutes_of_the_wall_clock(
    rows: list[tuple[int, int, int]], week: int, minutes: int
) -> None:
    weekly = table(rows)
    start = MONDAY + week * WEEK
    for shop in range(3):
        shops = np.array([shop, shop])
        low, high = weekly.measure(shops, np.array([start, start + minutes * MINUTE]))
        instants = range(start, start + minutes * MINUTE, MINUTE)
        opened = MINUTE * sum(is_open(rows, shop, at) for at in instants)
        assert high - low == opened


@given(rows_of_hours, st.integers(-(10**17), 10**17), st.integers(0, 10**9))
def test_measure_is_exact_to_the_microsecond_and_repeats_weekly(
    rows: list[tuple[int, int, int]], at: int, more: int
) -> None:
    weekly = table(rows)
    shops = np.arange(3)
    here, there = (weekly.measure(shops, np.full(3, i)) for i in (at, at + more))
    assert ((there - here >= 0) & (there - here <= more)).all()
    later = weekly.measure(shops, np.full(3, at + WEEK))
    assert (later - here == weekly.total).all()


def test_a_shop_without_rows_is_never_open() -> None:
    weekly = table([(1, 0, WEEK)], shops=3)
    assert weekly.total.tolist() == [0, WEEK, 0]


def test_what_is_past_sunday_belongs_to_monday() -> None:
    weekly = table([(0, WEEK - HOUR, WEEK + 2 * HOUR)], shops=1)
    shop = np.zeros(4, dtype=np.int64)
    hours = np.array([0, 1, 2, 3]) * HOUR + MONDAY
    assert np.diff(weekly.measure(shop, hours)).tolist() == [HOUR, HOUR, 0]
    assert weekly.total.tolist() == [3 * HOUR]


def segment(*pairs: tuple[int, int]) -> Segments:
    starts, offsets = np.array(pairs, dtype=np.int64).T
    return starts, offsets


@pytest.mark.parametrize(
    ("shift", "opened"),
    [
        pytest.param(-HOUR, 3 * HOUR, id="a fold inside the hours is passed twice"),
        pytest.param(HOUR, HOUR, id="a gap inside the hours does not happen"),
        pytest.param(0, 2 * HOUR, id="a change to the same offset changes nothing"),
    ],
)
def test_a_change_of_offset_needs_no_case_of_its_own(shift: int, opened: int) -> None:
    """Open from 01:00 to 03:00 on Mondays; the clocks change at 02:00."""
    weekly = table([(0, HOUR, 3 * HOUR)], shops=1)
    low, change, high = MONDAY, MONDAY + 2 * HOUR, MONDAY + DAY
    business = BusinessTime.of(
        weekly,
        np.zeros(1, dtype=np.int64),
        [segment((low, 0), (change, shift))],
        low,
        high,
    )
    shop = np.zeros(2, dtype=np.int64)
    begin, end = business.measure(shop, np.array([low, high]))
    assert end - begin == opened


def test_zones_with_few_segments_stand_beside_zones_with_many() -> None:
    weekly = table([(0, 0, WEEK), (1, 0, WEEK), (2, 0, HOUR)], shops=3)
    low, high = 0, 10 * DAY
    zones = [
        segment((low, HOUR), (DAY, 2 * HOUR), (3 * DAY, HOUR), (5 * DAY, -HOUR)),
        segment((low, 0)),
    ]
    business = BusinessTime.of(weekly, np.array([0, 1, 1]), zones, low, high)
    for at in (low, DAY - 1, DAY, 3 * DAY + 7, 5 * DAY, high - 1, high):
        shop = np.arange(3)
        passed = business.measure(shop, np.full(3, at))
        first = business.measure(shop, np.zeros(3, dtype=np.int64))
        assert (passed - first)[:2].tolist() == [at, at]
        # 1970-01-05 was a Monday: the third shop is open for its first hour.
        assert (passed - first)[2] == min(max(at - 4 * DAY, 0), HOUR)


zones_of_segments = st.lists(
    st.lists(
        st.tuples(st.integers(1, 59), st.integers(-14 * 60, 14 * 60)),
        min_size=1,
        max_size=4,
        unique_by=lambda change: change[0],
    ).map(sorted),
    min_size=2,
    max_size=3,
)


@given(rows_of_hours, zones_of_segments, st.lists(st.integers(0, 60), min_size=1))
def test_each_shop_has_the_business_time_of_its_own_zone(
    rows: list[tuple[int, int, int]],
    zones: list[list[tuple[int, int]]],
    hours: list[int],
) -> None:
    """Offsets are whole minutes, so that a clock read every minute tells all."""
    low, high = -50 * HOUR, 10 * HOUR
    segments = [
        [(low, 30 * MINUTE), *((low + hour * HOUR, m * MINUTE) for hour, m in zone)]
        for zone in zones
    ]
    zone_of_shop = [shop % len(zones) for shop in range(3)][::-1]
    business = BusinessTime.of(
        table(rows),
        np.array(zone_of_shop, dtype=np.int64),
        [segment(*zone) for zone in segments],
        low,
        high,
    )
    for shop, zone in enumerate(zone_of_shop):
        opened = [0]
        for at in range(low, high, MINUTE):
            offset = next(off for start, off in reversed(segments[zone]) if start <= at)
            opened.append(opened[-1] + MINUTE * is_open(rows, shop, at + offset))
        instants = low + np.array([0, *hours], dtype=np.int64) * HOUR
        passed = business.measure(np.full(len(instants), shop), instants)
        expected = [opened[hour * 60] for hour in hours]
        assert (passed[1:] - passed[0]).tolist() == expected
