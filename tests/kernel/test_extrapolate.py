"""Settling polls and who speaks when, against definitions instant by instant."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_core.kernel.blocks import time_bits
from uptime_core.kernel.extrapolate import (
    FAR,
    Initial,
    Method,
    extrapolate,
    settle,
    speech,
)
from uptime_core.kernel.sorting import FEW_RUNS

PollRow = tuple[int, int, int]

rows_of_polls = st.lists(
    st.tuples(st.integers(0, 3), st.integers(-20, 20), st.integers(0, 1)), max_size=15
)


def columns(rows: list[PollRow]) -> tuple[Any, Any, Any]:
    shop, at, status = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return shop, at, status.astype(np.uint8)


@given(rows=rows_of_polls, by_shop=st.booleans())
def test_settled_polls_are_sorted_distinct_and_down_wins(
    *, rows: list[PollRow], by_shop: bool
) -> None:
    statuses: dict[tuple[int, int], set[int]] = {}
    for shop, at, status in rows:
        statuses.setdefault((shop, at), set()).add(status)
    polls = settle(*columns(rows), by_shop=by_shop)
    found = list(zip(polls.shop, polls.at, polls.status, strict=True))
    assert found == [(*key, min(statuses[key])) for key in sorted(statuses)]
    assert polls.duplicates == len(rows) - len(statuses)
    assert polls.conflicts == sum(len(both) == 2 for both in statuses.values())


@pytest.mark.parametrize("by_shop", [False, True])
@pytest.mark.parametrize("runs", [1, 2, FEW_RUNS, FEW_RUNS + 1, 500])
def test_sorted_runs_settle_like_any_other_order(runs: int, *, by_shop: bool) -> None:
    chance = np.random.default_rng(runs)
    rows = np.array([chance.integers(0, most, 3000) for most in (7, 900, 2)])
    parts = np.array_split(rows, runs, axis=1)
    in_runs = np.hstack([part[:, np.lexsort(part[::-1])] for part in parts])
    expected = settle(*columns(rows.T.tolist()))
    polls = settle(*columns(in_runs.T.tolist()), by_shop=by_shop)
    assert polls.key.tolist() == expected.key.tolist() == sorted(set(polls.key))
    assert polls.duplicates == expected.duplicates > 0
    assert polls.conflicts == expected.conflicts > 0


def test_a_microsecond_apart_is_not_the_same_instant() -> None:
    """Packed, up and the next down are as near as two polls of one instant are."""
    at, status = np.array([4, 5, 6, 6, 7]), np.array([1, 0, 0, 1, 1], dtype=np.uint8)
    for shop in (np.zeros(5, dtype=np.int32), np.zeros(5, dtype=np.int64)):
        polls = settle(shop[:2], at[:2], status[:2])
        assert (polls.at.tolist(), polls.status.tolist()) == ([4, 5], [1, 0])
        assert (polls.duplicates, polls.conflicts) == (0, 0)
        polls = settle(shop, at, status)
        assert (polls.at.tolist(), polls.status.tolist()) == (
            [4, 5, 6, 7],
            [1, 0, 0, 1],
        )
        assert (polls.duplicates, polls.conflicts) == (1, 1)


def test_shops_without_polls_have_no_last_one() -> None:
    polls = settle(np.array([7, 2, 7]), np.arange(3), np.ones(3, dtype=np.uint8))
    assert polls.last.tolist() == [0, 2]
    assert polls.shop.tolist() == [2, 7, 7]


def test_settling_holds_where_shop_and_time_just_fit() -> None:
    low, span = -(2**58), 2**59 - 1
    rows = [(3, low + span, 1), (0, low, 0), (3, low, 1), (0, low + span, 0)]
    assert (3 + 1) << time_bits(low, low + span) <= 2**61
    polls = settle(*columns(rows))
    found = list(zip(polls.shop, polls.at, polls.status, strict=True))
    assert found == sorted(rows)


def speaker(
    polls: dict[int, int],
    instant: int,
    *,
    method: Method,
    reach: int | None,
    initial: Initial,
) -> int | None:
    """The instant of the poll that speaks for another, straight from the text."""
    ordered = sorted(polls)
    limit = 10**6 if reach is None else reach
    for place, at in enumerate(ordered):
        before = ordered[place - 1] if place else None
        after = ordered[place + 1] if place + 1 < len(ordered) else None
        if method == "previous":
            speaks = at <= instant < at + limit and (after is None or instant < after)
            if before is None and initial == "first":
                speaks = speaks or at - limit <= instant < at
        elif method == "next":
            speaks = at - limit <= instant < at and (
                before is None or before <= instant
            )
        else:
            speaks = at - limit <= instant < at + limit
            if before is not None:
                speaks = speaks and before + (at - before) // 2 <= instant
            if after is not None:
                speaks = speaks and instant < at + (after - at) // 2
        if speaks:
            return at
    return None


def check(
    rows: list[PollRow],
    *,
    method: Method,
    reach: int | None,
    initial: Initial,
    low: int,
    high: int,
) -> None:
    """Compare what is found with the definition, instant by instant."""
    polls = settle(*columns(rows))
    spans = extrapolate(
        polls, method=method, reach=reach, initial=initial, low=low, high=high
    )
    assert (spans.start < spans.end).all()
    found = {
        (shop, instant): status
        for shop, start, end, status in zip(*spans, strict=True)
        for instant in range(start, end)
    }
    assert len(found) == (spans.end - spans.start).sum(), "spans are disjoint"
    start, end = speech(polls, method=method, reach=reach, initial=initial)
    polls_found = {
        (int(shop), instant): int(at)
        for shop, at, first, after in zip(
            polls.shop, polls.at, start.tolist(), end.tolist(), strict=True
        )
        for instant in range(max(first, low), min(after, high))
    }
    stretches = np.minimum(end, high) - np.maximum(start, low)
    assert len(polls_found) == stretches[stretches > 0].sum(), "no two polls speak"
    status_of = list(zip(polls.shop, polls.at, polls.status, strict=True))
    for shop in range(4):
        own = {int(at): int(status) for s, at, status in status_of if s == shop}
        for instant in range(low, high):
            expected = speaker(
                own, instant, method=method, reach=reach, initial=initial
            )
            assert polls_found.get((shop, instant)) == expected
            assert found.get((shop, instant)) == (
                None if expected is None else own[expected]
            )


@pytest.mark.parametrize("method", ["previous", "next", "nearest"])
@pytest.mark.parametrize("initial", ["unknown", "first"])
@given(
    rows=rows_of_polls,
    reach=st.one_of(st.none(), st.integers(1, 30), st.just(10**30)),
    window=st.tuples(st.integers(-30, 30), st.integers(-30, 60)).map(sorted),
)
def test_who_speaks_is_what_the_definition_says(
    method: Method,
    initial: Initial,
    rows: list[PollRow],
    reach: int | None,
    window: list[int],
) -> None:
    low, high = window
    check(rows, method=method, reach=reach, initial=initial, low=low, high=high)


@pytest.mark.parametrize("method", ["previous", "next", "nearest"])
@pytest.mark.parametrize("initial", ["unknown", "first"])
@pytest.mark.parametrize("reach", [1, 2, 3])
@pytest.mark.parametrize("statuses", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_two_polls_at_every_distance(
    method: Method, initial: Initial, reach: int, statuses: tuple[int, int]
) -> None:
    """Below, at and above each multiple of the reach, up to four times as much."""
    for distance in range(1, 4 * reach + 2):
        rows = [(0, 0, statuses[0]), (0, distance, statuses[1]), (1, distance, 1)]
        check(rows, method=method, reach=reach, initial=initial, low=-9, high=24)


def test_neighbours_of_one_status_are_one_span() -> None:
    polls = settle(*columns([(0, 0, 1), (0, 10, 1), (0, 20, 0), (1, 20, 0)]))
    spans = extrapolate(
        polls, method="previous", reach=None, initial="unknown", low=-5, high=40
    )
    assert [tuple(row) for row in zip(*spans, strict=True)] == [
        (0, 0, 20, 1),
        (0, 20, 40, 0),
        (1, 20, 40, 0),
    ]


def test_no_instant_of_a_datetime_overflows() -> None:
    assert -FAR * 2 > -(2**63)
    edge = 2**58
    polls = settle(*columns([(0, -edge, 1), (0, edge - 1, 0)]))
    spans = extrapolate(
        polls, method="nearest", reach=10**40, initial="first", low=-edge, high=edge
    )
    assert spans.start.tolist() == [-edge, -1]
    assert spans.end.tolist() == [-1, edge]
