"""The oracle, against counting second by second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_core import (
    DEFAULT_WINDOWS,
    Policy,
    WeeklySchedule,
    Window,
    compute_report,
)
from uptime_core.testing import oracle
from uptime_core.testing.strategies import anchors

SECOND = timedelta(seconds=1)
CLOCK = [f"{hour:02d}:{minute:02d}" for hour in range(24) for minute in (0, 30)]

seconds = st.integers(-3_000, 3_000)
rows_of_hours = st.lists(
    st.tuples(st.integers(0, 6), st.sampled_from(CLOCK), st.sampled_from(CLOCK)),
    max_size=5,
)


def clock(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def is_open(rows: list[tuple[int, str, str]], local: datetime) -> bool:
    now, today, yesterday = (
        local.hour * 60 + local.minute,
        local.weekday(),
        (local.weekday() - 1) % 7,
    )
    for day, start, end in rows:
        opens, closes = clock(start), clock(end)
        if opens < closes:
            if day == today and opens <= now < closes:
                return True
        elif (day == today and now >= opens) or (day == yesterday and now < closes):
            return True
    return False


@given(
    where=anchors(first_year=1),
    polls=st.lists(st.tuples(seconds, st.booleans()), max_size=4),
    rows=rows_of_hours,
    window=st.tuples(seconds, seconds).map(sorted),
    reach=st.sampled_from((600, 3_600)),
)
def test_the_oracle_counts_what_a_loop_over_seconds_counts(
    where: tuple[str, datetime],
    polls: list[tuple[int, bool]],
    rows: list[tuple[int, str, str]],
    window: list[int],
    reach: int,
) -> None:
    """Policy `previous`; everything happens on whole seconds."""
    timezone, anchor = where
    zone = ZoneInfo(timezone)
    status: dict[int, bool] = {}
    for at, up in polls:
        status[at] = status.get(at, True) and up
    start, end = window
    counted = {True: 0, False: 0, None: 0}
    for second in range(start, end):
        if is_open(rows, (anchor + second * SECOND).astimezone(zone)):
            past = [at for at in status if at <= second]
            heard = past and second < max(past) + reach
            counted[status[max(past)] if heard else None] += 1
    sums = oracle.account(
        [(anchor + at * SECOND, up) for at, up in polls],
        anchor + start * SECOND,
        anchor + end * SECOND,
        as_of=anchor + 4_000 * SECOND,
        rows=rows,
        timezone=timezone,
        policy=Policy(reach=timedelta(seconds=reach)),
    )
    in_seconds = (counted[True], counted[False], counted[None])
    assert sums[:3] == tuple(1_000_000 * count for count in in_seconds)
    assert sums.open == sum(sums[:3])


@pytest.mark.parametrize(
    ("missing_hours", "opened"), [("open", 3_600_000_000), ("closed", 0)]
)
def test_a_shop_without_rows_is_what_the_policy_says(
    missing_hours: str, opened: int
) -> None:
    start = datetime(2023, 1, 25, tzinfo=UTC)
    sums = oracle.account(
        [],
        start,
        start + timedelta(hours=1),
        as_of=start,
        rows=None,
        timezone="UTC",
        policy=Policy(missing_hours=missing_hours),  # type: ignore[arg-type]
    )
    assert sums == (0, 0, opened, opened)


NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
POLLS: list[tuple[str, datetime, bool | str]] = [
    ("b", NOON - HOUR, "active"),
    ("a", NOON, True),
    ("a", NOON - HOUR, False),
]
HOUR_MICROS = 3_600_000_000


def test_a_whole_report() -> None:
    hours = [("b", 2, "9:00", "11:30"), ("c", 2, "09:00", "10:00")]
    zones = {"b": "UTC", "c": "UTC", "d": "UTC"}
    windows = [Window.last(2 * HOUR, name="w"), Window.between(NOON, NOON + HOUR)]

    sums = oracle.account_all(POLLS, hours, zones, windows=windows, policy=Policy())

    unknown_hour = oracle.Sums(0, 0, HOUR_MICROS, HOUR_MICROS)
    assert sums == {
        "a": (oracle.Sums(0, HOUR_MICROS, HOUR_MICROS, 2 * HOUR_MICROS), unknown_hour),
        "b": (
            oracle.Sums(
                HOUR_MICROS // 2, 0, HOUR_MICROS, HOUR_MICROS + HOUR_MICROS // 2
            ),
            oracle.Sums(0, 0, 0, 0),
        ),
        "c": (oracle.Sums(0, 0, 0, 0),) * 2,
        "d": (oracle.Sums(0, 0, 2 * HOUR_MICROS, 2 * HOUR_MICROS), unknown_hour),
    }
    report = compute_report(POLLS, hours, zones, windows=windows)
    assert oracle.sums_of(report) == sums


@pytest.mark.parametrize(
    "hours",
    [
        {"a": [(2, "11:00", "12:00")]},
        {"a": WeeklySchedule([(2, "11:00", "12:00")])},
        [("a", 2, "11:00", "12:00")],
    ],
)
def test_hours_in_all_their_forms(hours: Any) -> None:  # noqa: ANN401  # as said
    sums = oracle.account_all(
        POLLS,
        hours,
        {"a": "UTC"},
        windows=DEFAULT_WINDOWS,
        policy=Policy(),
    )
    assert [window.open for window in sums["a"]] == [HOUR_MICROS] * 3


def test_always_closed_is_not_without_hours() -> None:
    for closed in ((), WeeklySchedule()):
        sums = oracle.account_all(
            POLLS, {"a": closed}, windows=DEFAULT_WINDOWS, policy=Policy()
        )
        assert [window.open for window in sums["a"]] == [0, 0, 0]
        assert sums["b"][0].open == HOUR_MICROS


def test_a_shop_whose_polls_come_after_as_of_is_not_known_by_them() -> None:
    sums = oracle.account_all(
        POLLS, windows=DEFAULT_WINDOWS, policy=Policy(), as_of=NOON - 2 * HOUR
    )
    assert sums == {}


def test_zones_that_are_missing() -> None:
    hours = [("a", 2, "05:00", "06:00")]
    chicago = oracle.account_all(
        POLLS, hours, windows=DEFAULT_WINDOWS[:1], policy=Policy()
    )
    utc = oracle.account_all(
        POLLS,
        hours,
        windows=DEFAULT_WINDOWS[:1],
        policy=Policy(default_timezone="UTC"),
    )
    assert (chicago["a"][0].open, utc["a"][0].open) == (HOUR_MICROS, 0)


@pytest.mark.parametrize(
    "policy", [Policy(missing_hours="error"), Policy(default_timezone=None)]
)
def test_what_is_an_error_is_no_sum(policy: Policy) -> None:
    with pytest.raises(ValueError, match="makes"):
        oracle.account_all(POLLS, windows=DEFAULT_WINDOWS, policy=policy)


def test_no_poll_and_no_as_of() -> None:
    with pytest.raises(ValueError, match="give as_of"):
        oracle.account_all([], windows=DEFAULT_WINDOWS, policy=Policy())


def test_wrong_sums_are_seen() -> None:
    report = compute_report(POLLS)
    sums = oracle.account_all(POLLS, windows=DEFAULT_WINDOWS, policy=Policy())
    assert oracle.sums_of(report) == sums
    wrong = {**sums, "a": (sums["a"][0]._replace(up=1), *sums["a"][1:])}
    assert oracle.sums_of(report) != wrong
