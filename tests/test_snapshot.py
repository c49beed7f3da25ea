"""Snapshots: what callers have, checked and converted."""

from __future__ import annotations

import pickle  # noqa: TID251  # as process pools do, nothing goes to disk
from datetime import UTC, datetime, time
from types import MappingProxyType
from typing import Any

import pytest

from uptime_core import (
    HoursColumns,
    InputError,
    Poll,
    PollColumns,
    Snapshot,
    UnknownTimezoneError,
    WeeklySchedule,
)

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
HOUR = 3_600_000_000


def test_nothing_but_polls_is_enough() -> None:
    snapshot = Snapshot.of([("a", NOON, True)])

    assert list(snapshot.polls.rows()) == [Poll("a", NOON, up=True)]
    assert snapshot.hours.store_ids == ()
    assert snapshot.timezones == {}
    assert (snapshot.rejected, snapshot.quarantined) == ((), frozenset())
    assert snapshot.source == "polls"


def test_columns_are_taken_as_they_are() -> None:
    polls = PollColumns(("a",), [0], [0], [1])
    hours = HoursColumns(("a",), [0], [0], [HOUR])

    snapshot = Snapshot.of(polls, hours)

    assert snapshot.polls is polls
    assert snapshot.hours is hours


@pytest.mark.parametrize(
    "hours",
    [
        [("b", 0, "9:00", "10:00"), ("a", "6", time(22), "2:00")],
        (["b", "0", "09:00:00", "10:00"], [" a ", 6, "22:00", time(2)]),
        iter([("b", 0, "9:00", "10:00"), ("a", 6, "22:00", "2:00")]),
        {
            "b": WeeklySchedule([(0, "9:00", "10:00")]),
            "a": WeeklySchedule([(6, "22:00", "2:00")]),
        },
        MappingProxyType(
            {
                "b": WeeklySchedule([(0, "9:00", "10:00")]),
                "a": WeeklySchedule([(6, "22:00", "2:00")]),
            }
        ),
    ],
)
def test_hours_come_as_rows_or_schedules(hours: Any) -> None:  # noqa: ANN401  # many kinds
    columns = Snapshot.of([], hours).hours

    assert columns.store_ids == ("b", "a")
    assert columns.code.tolist() == [0, 1]
    assert columns.start.tolist() == [9 * HOUR, (6 * 24 + 22) * HOUR]
    assert columns.end.tolist() == [10 * HOUR, (7 * 24 + 2) * HOUR]


@pytest.mark.parametrize(
    "timezones",
    [
        {"b": "UTC", "a": "Asia/Tokyo"},
        MappingProxyType({"b": "UTC", "a": "Asia/Tokyo"}),
        [("b", "UTC"), ("a", "Asia/Tokyo")],
        iter([[" b ", " UTC "], ["a", "Asia/Tokyo"], ["a", "Asia/Tokyo"]]),
    ],
)
def test_time_zones_come_as_a_mapping_or_pairs(timezones: Any) -> None:  # noqa: ANN401  # many kinds
    assert Snapshot.of([], None, timezones).timezones == {"b": "UTC", "a": "Asia/Tokyo"}


@pytest.mark.parametrize(
    ("hours", "line", "field"),
    [
        (5, None, None),
        ([("a", 0, "9:00")], 1, None),
        ([("a", 0, "9:00", "10:00"), None], 2, None),
        ([("a", 0, "9:00", "10:00"), ("", 0, "9:00", "10:00")], 2, "store_id"),
        ([("a", 0, "9:00", "10:00"), (5, 0, "9:00", "10:00")], 2, "store_id"),
        ([("a", 0, "9:00", "10:00"), ("a", 7, "9:00", "10:00")], 2, "day"),
        # equal to the good cell before, and yet another one
        ([("a", 1, "9:00", "10:00"), ("a", True, "9:00", "10:00")], 2, "day"),
        ([("a", 1, "9:00", "10:00"), ("a", 1.0, "9:00", "10:00")], 2, "day"),
        ([("a", 0, "24:00", "10:00")], 1, "start_time_local"),
        ([("a", 0, ["9:00"], "10:00")], 1, "start_time_local"),
        ([("a", 0, "9:00", "24:01")], 1, "end_time_local"),
    ],
)
def test_bad_hours_are_named_by_their_row(
    hours: Any,  # noqa: ANN401  # wrong on purpose
    line: int | None,
    field: str | None,
) -> None:
    with pytest.raises(InputError) as caught:
        Snapshot.of([], hours)

    error = caught.value
    assert (error.source, error.line, error.field) == ("hours", line, field)


@pytest.mark.parametrize(
    ("timezones", "kind", "line", "field"),
    [
        (5, InputError, None, None),
        ([("a",)], InputError, 1, None),
        (["a"], InputError, 1, None),
        ({"": "UTC"}, InputError, 1, "store_id"),
        ({"b": "UTC", "a": "Nowhere"}, UnknownTimezoneError, 2, "timezone_str"),
        ({"a": None}, UnknownTimezoneError, 1, "timezone_str"),
        ({"a": "Factory"}, UnknownTimezoneError, 1, "timezone_str"),
        ([("a", "UTC"), ("a", "Etc/UTC")], InputError, 2, "timezone_str"),
        ({"a": "UTC", " a": "Etc/UTC"}, InputError, 2, "timezone_str"),
    ],
)
def test_bad_time_zones_are_named_by_their_row(
    timezones: Any,  # noqa: ANN401  # wrong on purpose
    kind: type[InputError],
    line: int | None,
    field: str | None,
) -> None:
    with pytest.raises(InputError) as caught:
        Snapshot.of([], None, timezones)

    error = caught.value
    assert type(error) is kind
    assert (error.source, error.line, error.field) == ("timezones", line, field)


def test_an_unknown_time_zone_names_the_shop() -> None:
    with pytest.raises(UnknownTimezoneError, match="'no 7'"):
        Snapshot.of([], None, {"no 7": "Nowhere"})


def test_a_snapshot_survives_pickling() -> None:
    snapshot = Snapshot.of(
        [("a", NOON, True)], [("a", 0, "9:00", "10:00")], {"a": "UTC"}
    )

    again = pickle.loads(pickle.dumps(snapshot))  # noqa: S301  # just written

    assert again.polls == snapshot.polls
    assert again.hours.end.tolist() == [10 * HOUR]
    assert again.timezones == {"a": "UTC"}


class Name(str):
    __slots__ = ()


@pytest.mark.parametrize(
    "timezones",
    [
        {"b": "UTC", "a": "Asia/Tokyo"},
        {"b": "UTC", " a ": "Asia/Tokyo"},
        {"a": "UTC", " a": "UTC"},
        {"a": "UTC", " a": "Asia/Tokyo"},
        {"a": " UTC "},
        {"a": "utc"},
        {"a": "Factory"},
        {"a": Name("UTC")},
        {Name("a"): "UTC"},
        {"a": None},
        {"a": []},
        {"a\nb": "UTC"},
        {"": "UTC"},
        {1: "UTC"},
        {"8.41954E+18": "UTC"},
        {},
    ],
)
def test_a_dictionary_is_what_its_pairs_are(timezones: Any) -> None:  # noqa: ANN401  # many kinds
    def outcome(given: Any) -> object:  # noqa: ANN401  # the same kinds
        try:
            snapshot = Snapshot.of([], None, given)
        except InputError as error:
            return type(error), str(error)
        assert set(map(type, snapshot.timezones.values())) <= {str}
        return list(snapshot.timezones.items())

    assert outcome(timezones) == outcome(list(timezones.items()))


def test_a_dictionary_may_change_afterwards() -> None:
    timezones = {"a": "UTC"}
    snapshot = Snapshot.of([], None, timezones)
    timezones["a"] = "Asia/Tokyo"

    assert snapshot.timezones == {"a": "UTC"}
