"""How often a fleet is polled, and when it fell silent."""

from __future__ import annotations

import statistics
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_core.inspection.rhythm import (
    HOUR,
    Rhythm,
    Silences,
    medians,
    newest_of_most,
    oldest_of_most,
    silences,
)

MINUTE, DAY = HOUR // 60, 24 * HOUR

durations = st.integers(0, 400 * DAY).map(lambda micros: micros // 1000 * 1000)


def array(values: object) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, dtype=np.int64)


def usual_of(instants: list[int]) -> list[int]:
    """The usual intervals of a single shop's polls, one after the other."""
    at = array(sorted(instants))
    usual = Rhythm.of(at, at[:-1], np.diff(at)).usual.tolist()
    return [
        every for number, every in enumerate(usual) if usual[:number][-1:] != [every]
    ]


@given(st.lists(st.tuples(st.integers(0, 5), durations)))
def test_medians_are_the_lower_ones_of_each_group(
    rows: list[tuple[int, int]],
) -> None:
    groups = defaultdict(list)
    for group, value in rows:
        groups[group].append(value)

    number, sizes, median = medians(
        array([group for group, _ in rows]), array([value for _, value in rows])
    )

    assert number.tolist() == sorted(groups)
    assert sizes.tolist() == [len(groups[group]) for group in sorted(groups)]
    assert median.tolist() == [
        statistics.median_low(groups[group]) for group in sorted(groups)
    ]


def test_many_groups_and_long_durations_fit() -> None:
    number, _, median = medians(array([(1 << 31) - 1, 0]), array([HOUR, 1 << 62]))

    assert number.tolist() == [0, (1 << 31) - 1]
    assert 12 * DAY < median[0] < 1 << 62  # as much as there is room for
    assert median[1] == HOUR


@pytest.mark.parametrize("every", [5 * MINUTE, HOUR, 3 * HOUR, DAY, 30 * DAY])
def test_one_shop_is_its_own_fleet(every: int) -> None:
    assert usual_of([number * every for number in range(100)]) == [every]


def daily(spread: int) -> Rhythm:
    """A thousand shops, each once a day, one after the other."""
    shop = np.arange(1000) * (spread // 1000)
    at = array([shop + day * DAY for day in range(10)]).ravel()
    return Rhythm.of(at, at[:9000], np.full(9000, DAY))


def test_a_fleet_polled_evenly_is_silent_for_an_hour_at_most() -> None:
    assert set(daily(DAY).usual.tolist()) == {HOUR}


def test_a_fleet_polled_in_bursts_is_silent_from_one_to_the_next() -> None:
    assert daily(1_000_000).usual[0] == DAY - 999_000


def test_without_a_second_poll_of_any_shop_an_hour_is_usual() -> None:
    nothing = array([])
    for instants in ([0, 1, 2], [5]):
        assert Rhythm.of(array(instants), nothing, nothing).usual.tolist() == [HOUR]


@pytest.mark.parametrize("outage", [9 * HOUR, 40 * HOUR, 400 * DAY])
def test_an_outage_changes_nothing(outage: int) -> None:
    before = [number * HOUR for number in range(20)]
    after = [before[-1] + outage + number * HOUR for number in range(20)]
    assert usual_of(before + after) == [HOUR]


def test_polls_far_away_change_nothing() -> None:
    core = [1000 * DAY + number * HOUR for number in range(100)]
    assert usual_of([0, *core, 5000 * DAY]) == [HOUR]


@pytest.mark.parametrize(
    ("before", "after"),
    [(HOUR, 5 * MINUTE), (5 * MINUTE, HOUR), (HOUR, 3 * HOUR), (3 * HOUR, HOUR)],
)
def test_the_cadence_may_change(before: int, after: int) -> None:
    first = range(0, 5 * DAY, before)
    assert usual_of([*first, *range(5 * DAY, 10 * DAY, after)]) == [before, after]


def test_each_instant_has_the_usual_interval_of_its_day() -> None:
    at = array([*range(0, DAY, HOUR), *range(DAY, 2 * DAY, 5 * MINUTE)])
    rhythm = Rhythm.of(at, at[:-1], np.diff(at))

    assert rhythm.at(array([0, DAY - 1, DAY, 9 * DAY])).tolist() == [
        *(HOUR, HOUR, 5 * MINUTE, 5 * MINUTE)
    ]


def silent(instants: list[int]) -> Silences:
    """When polls were silent that usually come every hour."""
    return silences(array(instants), np.full(len(instants), HOUR))


def test_a_silence_is_longer_than_one_and_a_half_usual_intervals() -> None:
    even = [number * HOUR for number in range(10)]
    assert not len(silent(even).start)

    late = [*even, 9 * HOUR + 3 * HOUR // 2, 11 * HOUR]
    assert not len(silent(late).start)
    later = [*even, 9 * HOUR + 3 * HOUR // 2 + 1, 11 * HOUR]
    assert silent(later).start.tolist() == [9 * HOUR]


def test_strays_do_not_end_a_silence() -> None:
    """A hundred polls an hour, but for ten hours, in which there is one each."""
    busy = [number * HOUR // 100 for number in range(500)]
    strays = [busy[-1] + number * HOUR for number in range(1, 10)]
    again = [busy[-1] + 10 * HOUR + number * HOUR // 100 for number in range(500)]

    found = silent(busy + strays + again)

    assert found.start.tolist() == [busy[-1]]
    assert found.end.tolist() == [again[0]]
    assert found.strays.tolist() == [9]
    assert found.length.tolist() == [10 * HOUR]


def test_nobody_is_silent_without_polls() -> None:
    assert [len(column) for column in silent([])] == [0, 0, 0]


def test_silent_time_before_an_instant() -> None:
    known = Silences(array([10, 30]), array([20, 50]), array([0, 0]))
    at = array([0, 10, 11, 20, 25, 30, 40, 50, 60])

    assert known.before(at).tolist() == [0, 0, 1, 10, 10, 10, 20, 30, 30]
    assert not Silences(*[array([])] * 3).before(at).any()
    assert known.before(array([])).tolist() == []


@pytest.mark.parametrize(
    ("ahead", "newest"),
    [
        ([], 0),
        ([HOUR], HOUR),  # less than a round and a half
        ([3 * HOUR], 0),
        ([3 * HOUR, DAY], 0),
        ([2 * HOUR, 3 * HOUR], 0),  # the second is near the first only
        ([3 * HOUR] * 5, 0),
        ([3 * HOUR] * 6, 3 * HOUR),  # as many are no few any more
    ],
)
def test_few_shops_ahead_of_all_others(ahead: list[int], newest: int) -> None:
    last = [-number * MINUTE // 10 for number in range(100 - len(ahead))]
    assert newest_of_most(array(last + ahead), HOUR) == newest


def test_of_two_shops_nobody_knows_which_is_wrong() -> None:
    assert newest_of_most(array([0, DAY]), HOUR) == DAY
    assert newest_of_most(array([0, 0, DAY]), HOUR) == 0


@pytest.mark.parametrize(
    ("old", "oldest"),
    [
        ([], 0),
        ([-95 * HOUR], -95 * HOUR),  # not further than most of the others span
        ([-96 * HOUR], 0),
        ([-50_000 * HOUR, -102 * HOUR], 0),
        ([-102 * HOUR + number for number in range(5)], 0),
        ([-102 * HOUR + number for number in range(6)], -102 * HOUR),
    ],
)
def test_few_polls_older_than_all_others(old: list[int], oldest: int) -> None:
    instants = [*old, *(number * HOUR for number in range(101))]
    assert oldest_of_most(array(instants)) == oldest
