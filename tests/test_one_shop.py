"""The sums of a single shop."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from uptime_core import (
    Accounting,
    BusinessHours,
    InputError,
    MissingHoursError,
    Policy,
    Poll,
    UnknownTimezoneError,
    WeeklySchedule,
    uptime,
)

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)  # a Wednesday
HOUR = timedelta(hours=1)
NONE = timedelta(0)
NAIVE = NOON.replace(tzinfo=None)


def hours(*counts: float) -> Accounting:
    return Accounting(*(count * HOUR for count in counts))


def test_each_poll_speaks_for_an_hour() -> None:
    polls = [
        (NOON + 4 * HOUR, "inactive"),
        (NOON - HOUR / 2, "active"),
        (NOON + 2 * HOUR, True),
    ]

    assert uptime(polls, NOON, NOON + 6 * HOUR) == hours(1.5, 1, 3.5, 6)  # type: ignore[arg-type]


def test_without_polls_all_is_unknown() -> None:
    assert uptime([], NOON, NOON + HOUR) == hours(0, 0, 1, 1)
    assert uptime([], NOON, NOON) == hours(0, 0, 0, 0)


def test_a_poll_after_the_end_is_used() -> None:
    policy = Policy(extrapolation="next")

    sums = uptime([(NOON + HOUR, False)], NOON, NOON + HOUR, policy=policy)
    later = uptime([(NOON + 1.5 * HOUR, False)], NOON, NOON + HOUR, policy=policy)

    assert sums == hours(0, 1, 0, 1)
    assert later == hours(0, 0.5, 0.5, 1)


@pytest.mark.parametrize(
    "rows",
    [
        [(2, "9:00", "13:30")],
        WeeklySchedule([(2, "9:00", "13:30")]),
        iter([BusinessHours.parse(2, "9:00", "13:30")]),
    ],
)
def test_only_business_time_counts(rows: Any) -> None:  # noqa: ANN401  # many kinds
    sums = uptime([(NOON, True)], NOON - 2 * HOUR, NOON + 2 * HOUR, hours=rows)

    assert sums == hours(1, 0, 2.5, 3.5)


def test_an_empty_schedule_is_always_closed() -> None:
    sums = uptime([(NOON, True)], NOON, NOON + HOUR, hours=[])

    assert sums == hours(0, 0, 0, 0)
    assert (sums.ratio, sums.coverage) == (None, None)


def test_the_hours_are_in_the_time_of_the_zone() -> None:
    sums = uptime(
        [(NOON, True)],
        NOON.astimezone(ZoneInfo("Asia/Tokyo")),
        NOON + HOUR,
        hours=[(2, "7:00", "7:15")],
        timezone="America/New_York",
    )

    assert sums == hours(0.25, 0, 0, 0.25)


def test_the_policy_says_what_missing_hours_are() -> None:
    closed = uptime([], NOON, NOON + HOUR, policy=Policy(missing_hours="closed"))

    assert closed == hours(0, 0, 0, 0)
    with pytest.raises(MissingHoursError):
        uptime([], NOON, NOON + HOUR, policy=Policy(missing_hours="error"))


@pytest.mark.parametrize(
    ("changed", "kind", "line", "field"),
    [
        ({"polls": [(NOON, True), (NOON, "up")]}, InputError, 2, "status"),
        ({"polls": [(NAIVE, True)]}, InputError, 1, "timestamp_utc"),
        ({"polls": [("2023-01-25", True)]}, InputError, 1, "timestamp_utc"),
        ({"polls": [(NOON,)]}, InputError, 1, None),
        ({"polls": [("a", NOON, True)]}, InputError, 1, None),
        ({"polls": [NOON]}, InputError, 1, None),
        ({"polls": [Poll("a", NOON, up=True)]}, InputError, 1, None),
        ({"polls": 5}, InputError, None, None),
        ({"polls": None}, InputError, None, None),
        ({"start": NAIVE}, InputError, None, "start"),
        ({"end": NAIVE}, InputError, None, "end"),
        ({"end": NOON - HOUR}, InputError, None, "end"),
        ({"hours": [(7, "9:00", "10:00")]}, InputError, 1, "day"),
        ({"hours": 5}, InputError, None, None),
        ({"timezone": "Nowhere"}, UnknownTimezoneError, None, "timezone_str"),
        ({"timezone": None}, UnknownTimezoneError, None, "timezone_str"),
        ({"policy": None}, InputError, None, None),
    ],
    ids=str,
)
def test_bad_arguments_are_refused(
    changed: dict[str, Any],
    kind: type[InputError],
    line: int | None,
    field: str | None,
) -> None:
    arguments: dict[str, Any] = {"polls": [], "start": NOON, "end": NOON + HOUR}
    with pytest.raises(InputError) as caught:
        uptime(**arguments | changed)

    assert type(caught.value) is kind
    assert (caught.value.line, caught.value.field) == (line, field)
