"""Windows: their bounds, their names, and what they refuse."""

from __future__ import annotations

import pickle  # noqa: TID251  # as process pools do, nothing goes to disk
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from uptime_core import DEFAULT_WINDOWS, InputError, Window
from uptime_core.instants import EARLIEST
from uptime_core.window import UNIT_MICROS, checked_windows

HOUR = 3_600_000_000
NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
NOON_MICROS = 1_674_648_000_000_000
NAIVE = datetime(2023, 1, 25, 12)  # noqa: DTZ001  # refused for that


def test_the_default_windows_are_the_last_hour_day_and_week() -> None:
    assert [
        (window.name, window.unit, window.length) for window in DEFAULT_WINDOWS
    ] == [
        ("last_hour", "minutes", HOUR),
        ("last_day", "hours", 24 * HOUR),
        ("last_week", "hours", 168 * HOUR),
    ]


def test_the_units_are_exact() -> None:
    assert UNIT_MICROS == {
        "seconds": 10**6,
        "minutes": 60 * 10**6,
        "hours": 3600 * 10**6,
        "days": 86_400 * 10**6,
    }


def test_a_last_window_ends_at_now() -> None:
    window = Window.last(timedelta(hours=2), name="two", unit="minutes")

    assert window.bounds(NOON_MICROS) == (NOON_MICROS - 2 * HOUR, NOON_MICROS)


def test_an_absolute_window_does_not_depend_on_now() -> None:
    eastern = NOON.astimezone(ZoneInfo("America/New_York"))
    window = Window.between(eastern, NOON + timedelta(hours=1), name="lunch")

    assert window == Window("lunch", "hours", None, NOON_MICROS, NOON_MICROS + HOUR)
    assert window.bounds(0) == (NOON_MICROS, NOON_MICROS + HOUR)


def test_an_absolute_window_may_be_empty() -> None:
    assert Window.between(NOON, NOON).bounds(0) == (NOON_MICROS, NOON_MICROS)


@pytest.mark.parametrize(
    ("length", "name"),
    [
        (timedelta(days=30), "last_30d"),
        (timedelta(weeks=1), "last_7d"),
        (timedelta(hours=36), "last_36h"),
        (timedelta(minutes=90), "last_90m"),
        (timedelta(seconds=61), "last_61s"),
        (timedelta(microseconds=1_500_000), "last_1500000us"),
    ],
)
def test_a_last_window_is_named_after_its_length(length: timedelta, name: str) -> None:
    assert Window.last(length).name == name
    assert Window.last(length).unit == "hours"


@pytest.mark.parametrize(
    "length", [timedelta(0), timedelta(microseconds=-1), 3600, "1h", None], ids=repr
)
def test_a_last_window_is_longer_than_nothing(length: object) -> None:
    with pytest.raises(InputError) as caught:
        Window.last(length)  # type: ignore[arg-type]

    assert (caught.value.source, caught.value.field) == ("Window.last", "length")


@pytest.mark.parametrize(
    ("start", "end", "field"),
    [
        (NAIVE, NOON, "start"),
        (NOON, NAIVE, "end"),
        ("2023-01-25", NOON, "start"),
        (NOON, None, "end"),
        (NOON, NOON - timedelta(microseconds=1), "end"),
    ],
)
def test_an_absolute_window_has_aware_bounds_in_order(
    start: object, end: object, field: str
) -> None:
    with pytest.raises(InputError) as caught:
        Window.between(start, end)  # type: ignore[arg-type]

    assert (caught.value.source, caught.value.field) == ("Window.between", field)


@pytest.mark.parametrize("name", ["a", "last 30 days", '\u00fcber, "all"', "x" * 100])
def test_a_name_is_kept(name: str) -> None:
    assert Window.last(timedelta(1), name=name).name == name


@pytest.mark.parametrize(
    "name",
    ["", " ", " a", "a ", "a\nb", "a\tb", "\0", "\ud800", "x" * 101, 5],
    ids=ascii,
)
def test_a_name_is_printable_and_not_too_long(name: str) -> None:
    with pytest.raises(InputError) as caught:
        Window.last(timedelta(1), name=name)
    with pytest.raises(InputError):
        Window.between(NOON, NOON, name=name)

    assert caught.value.field == "name"


@pytest.mark.parametrize("unit", ["hour", "Hours", "weeks", "", None, ["hours"]])
def test_any_other_unit_is_refused(unit: Any) -> None:  # noqa: ANN401  # wrong on purpose
    with pytest.raises(InputError) as caught:
        Window.last(timedelta(1), unit=unit)
    with pytest.raises(InputError):
        Window.between(NOON, NOON, unit=unit)

    assert caught.value.field == "unit"


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"start": 0},
        {"end": 0},
        {"length": HOUR, "start": 0, "end": HOUR},
        {"length": HOUR, "start": 0},
        {"length": 0},
        {"length": -HOUR},
        {"length": 2.5},
        {"start": HOUR, "end": 0},
    ],
    ids=str,
)
def test_a_window_made_by_hand_is_checked_too(arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        Window("w", "hours", **arguments)

    assert caught.value.source == "Window"


def test_a_window_before_the_year_one_is_refused() -> None:
    window = Window.last(timedelta.max, name="ages")

    with pytest.raises(InputError, match="'ages'"):
        window.bounds(NOON_MICROS)
    assert Window.last(timedelta(hours=1)).bounds(EARLIEST + HOUR) == (
        EARLIEST,
        EARLIEST + HOUR,
    )


def test_windows_are_values() -> None:
    window = Window.last(timedelta(hours=1), name="last_hour", unit="minutes")

    assert window == DEFAULT_WINDOWS[0]
    assert hash(window) == hash(DEFAULT_WINDOWS[0])
    assert window != Window.last(timedelta(hours=1), name="last_hour", unit="hours")
    assert pickle.loads(pickle.dumps(window)) == window  # noqa: S301  # just written


def test_a_window_shows_its_span() -> None:
    absolute = Window.between(NOON, NOON + timedelta(hours=1), name="lunch")

    assert repr(DEFAULT_WINDOWS[0]) == "<Window 'last_hour': last 1:00:00, in minutes>"
    assert repr(absolute) == (
        "<Window 'lunch': between 2023-01-25T12:00:00.000000Z and "
        "2023-01-25T13:00:00.000000Z, in hours>"
    )


def test_no_windows_means_the_default_ones() -> None:
    assert checked_windows(None) == DEFAULT_WINDOWS


def test_windows_come_as_any_iterable_or_alone() -> None:
    day, hour = Window.last(timedelta(1)), Window.last(timedelta(hours=1))

    assert checked_windows(iter([day, hour])) == (day, hour)
    assert checked_windows(day) == (day,)


@pytest.mark.parametrize(
    "windows",
    [[], ["last_day"], "last_day", [None], 5, [DEFAULT_WINDOWS[0]] * 2],
    ids=repr,
)
def test_windows_without_any_or_with_a_name_twice_are_refused(windows: Any) -> None:  # noqa: ANN401  # wrong on purpose
    with pytest.raises(InputError) as caught:
        checked_windows(windows)

    assert caught.value.source == "windows"


def test_the_name_of_a_window_is_no_window() -> None:
    for windows in ("last_day", ["last_day"]):
        with pytest.raises(InputError, match="'last_day' is not a Window; make one"):
            checked_windows(windows)  # type: ignore[arg-type]  # wrong on purpose
