"""Business hours: cells, rows, weekly schedules and columns."""

from __future__ import annotations

import pickle  # noqa: TID251  # as process pools do, nothing goes to disk
from datetime import UTC, time
from typing import Any

import numpy as np
import pytest

from uptime_core import BusinessHours, HoursColumns, InputError, WeeklySchedule
from uptime_core.schedule import parse_day, parse_hours

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@pytest.mark.parametrize(
    ("cell", "day"),
    [*((str(day), day) for day in range(7)), (" 3\t", 3), (0, 0), (6, 6)],
)
def test_a_day_is_a_number_from_0_to_6(cell: object, day: int) -> None:
    assert parse_day(cell) == day
    assert type(parse_day(cell)) is int


def test_an_integer_of_numpy_is_a_day() -> None:
    assert parse_day(np.int64(6)) == 6


@pytest.mark.parametrize(
    "cell",
    [
        *("", "7", "-1", "00", "1.0", "+1", "Mon", "\uff13", "\u0663", "\u00b2", "3\n"),
        *(7, -1, 1.0, True, None, b"1", [1]),
    ],
    ids=ascii,
)
def test_any_other_day_is_refused(cell: object) -> None:
    with pytest.raises(InputError) as caught:
        parse_day(cell)

    assert caught.value.field == "day"


@pytest.mark.parametrize(
    ("start", "end", "micros"),
    [
        ("9:00", "17:30", (9 * HOUR, 17 * HOUR + 30 * MINUTE)),
        ("09:00:00", "17:30:00", (9 * HOUR, 17 * HOUR + 30 * MINUTE)),
        (" 9:00\t", "\t10:00 ", (9 * HOUR, 10 * HOUR)),
        ("0:00:00.000001", "0:00:00.5", (1, 500_000)),
        (time(9), time(17, 30), (9 * HOUR, 17 * HOUR + 30 * MINUTE)),
        (time(0, 0, 0, 1), "10:00", (1, 10 * HOUR)),
        # the end of the day
        ("9:00", "24:00", (9 * HOUR, DAY)),
        ("9:00", " 24:00:00 ", (9 * HOUR, DAY)),
        ("9:00", "23:59", (9 * HOUR, DAY)),
        ("9:00", "23:59:00", (9 * HOUR, DAY)),
        ("9:00", "23:59:00.000000", (9 * HOUR, DAY)),
        ("9:00", "23:59:59", (9 * HOUR, DAY)),
        ("9:00", "23:59:59.000001", (9 * HOUR, DAY)),
        ("9:00", "23:59:59.999999", (9 * HOUR, DAY)),
        ("9:00", time(23, 59), (9 * HOUR, DAY)),
        ("9:00", time.max, (9 * HOUR, DAY)),
        ("0:00", "24:00", (0, DAY)),
        ("23:59", "23:59", (DAY - MINUTE, DAY)),
        ("23:59:59.9", "23:59:59.5", (DAY - SECOND // 10, DAY)),
        # what is nearly the end of the day is not
        ("9:00", "23:58:59.999999", (9 * HOUR, DAY - MINUTE - 1)),
        ("9:00", "23:59:00.000001", (9 * HOUR, DAY - MINUTE + 1)),
        ("9:00", "23:59:58.999999", (9 * HOUR, DAY - SECOND - 1)),
        # overnight, and around the clock
        ("22:00", "2:00", (22 * HOUR, DAY + 2 * HOUR)),
        ("22:00", "0:00", (22 * HOUR, DAY)),
        ("23:59", "23:58", (DAY - MINUTE, 2 * DAY - 2 * MINUTE)),
        ("9:00", "9:00", (9 * HOUR, DAY + 9 * HOUR)),
        ("0:00", "0:00", (0, DAY)),
        (time(0), time(0), (0, DAY)),
    ],
)
def test_times_are_microseconds_since_midnight(
    start: object, end: object, micros: tuple[int, int]
) -> None:
    assert parse_hours(start, end) == micros


BAD_TIMES = [
    *("", "9", "9:0", "009:00", "9:00:0", "9:00:00.", "9:00:00.1234567", "9.00"),
    *(
        "9:00 AM",
        "-9:00",
        "9:60",
        "9:00:60",
        "25:00",
        "24:01",
        "24:00:00.0",
        "24:00:01",
    ),
    *("\uff19:00", "9:00\n", "9:00\u00a0", "9:00.5", None, 9, 9.0, b"9:00"),
    time(9, tzinfo=UTC),
]


@pytest.mark.parametrize("cell", BAD_TIMES, ids=ascii)
def test_any_other_time_is_refused_by_its_column(cell: object) -> None:
    with pytest.raises(InputError) as caught:
        parse_hours(cell, "10:00")
    assert caught.value.field == "start_time_local"

    with pytest.raises(InputError) as caught:
        parse_hours("10:00", cell)
    assert caught.value.field == "end_time_local"


@pytest.mark.parametrize("cell", ["24:00", "24:00:00"])
def test_only_an_end_may_be_24_o_clock(cell: str) -> None:
    with pytest.raises(InputError, match="only an end may be 24:00") as caught:
        parse_hours(cell, "10:00")

    assert caught.value.field == "start_time_local"


def test_a_row_is_parsed_from_its_cells() -> None:
    assert BusinessHours.parse("6", "22:00", "2:00") == BusinessHours(
        6, 22 * HOUR, 26 * HOUR
    )


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (BusinessHours.parse(0, "9:00", "17:30"), "Mon 09:00\u201317:30"),
        (BusinessHours.parse(6, "22:00", "2:00"), "Sun 22:00\u201302:00"),
        (BusinessHours.parse(3, "0:00:01.5", "24:00"), "Thu 00:00:01.5\u201324:00"),
        (BusinessHours.parse(3, "0:00:10", "0:00:20"), "Thu 00:00:10\u201300:00:20"),
    ],
)
def test_a_row_is_shown_on_the_clock(row: BusinessHours, text: str) -> None:
    assert str(row) == text


def test_a_schedule_takes_rows_of_both_kinds() -> None:
    row = BusinessHours(1, 9 * HOUR, 10 * HOUR)

    schedule = WeeklySchedule([row, (1, "9:00", time(10)), ("1", "09:00", "10:00:00")])

    assert schedule.rows == (row, row, row)
    assert schedule == WeeklySchedule(iter([row, row, row]))
    assert hash(schedule) == hash(WeeklySchedule([row, row, row]))
    assert pickle.loads(pickle.dumps(schedule)) == schedule  # noqa: S301  # just written


def test_a_schedule_without_rows_is_always_closed() -> None:
    assert WeeklySchedule().rows == ()
    assert WeeklySchedule() == WeeklySchedule([])
    assert repr(WeeklySchedule()) == "<WeeklySchedule: always closed>"


def test_always_is_every_whole_day() -> None:
    always = WeeklySchedule.always()

    assert always == WeeklySchedule((day, "0:00", "24:00") for day in range(7))
    assert repr(always).startswith("<WeeklySchedule: Mon 00:00\u201324:00, Tue")


def test_a_text_is_no_schedule() -> None:
    with pytest.raises(InputError, match=r"'always' is a text; .*Schedule\.always\(\)"):
        WeeklySchedule("always")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ((7, "9:00", "10:00"), "day"),
        ((0, "24:00", "10:00"), "start_time_local"),
        ((0, "9:00", "24:01"), "end_time_local"),
        ((0, "9:00"), None),
        ((0, "9:00", "10:00", "11:00"), None),
        (5, None),
        (None, None),
    ],
)
def test_a_bad_row_is_named_by_its_number(row: Any, field: str | None) -> None:  # noqa: ANN401  # wrong on purpose
    with pytest.raises(InputError) as caught:
        WeeklySchedule([(0, "9:00", "10:00"), row])

    error = caught.value
    assert (error.source, error.line, error.field) == ("hours", 2, field)


@pytest.mark.parametrize(
    "row",
    [
        (7, 0, HOUR),
        (-1, 0, HOUR),
        (0, -1, HOUR),
        (0, DAY, DAY + HOUR),
        (0, HOUR, HOUR),
        (0, 0, 3 * DAY),
    ],
)
def test_a_row_made_by_hand_is_checked_too(row: tuple[int, int, int]) -> None:
    with pytest.raises(InputError) as caught:
        BusinessHours(*row)

    assert caught.value.source == "BusinessHours"


def test_schedules_become_columns() -> None:
    columns = HoursColumns.from_schedules(
        {
            "b": WeeklySchedule([(0, "9:00", "17:00"), (6, "22:00", "2:00")]),
            " closed ": WeeklySchedule(),
            "a": WeeklySchedule([(1, "0:00", "24:00")]),
        }
    )

    assert columns.store_ids == ("b", "closed", "a")
    assert columns.code.tolist() == [0, 0, 2]
    assert columns.start.tolist() == [9 * HOUR, 6 * DAY + 22 * HOUR, DAY]
    assert columns.end.tolist() == [17 * HOUR, 7 * DAY + 2 * HOUR, 2 * DAY]
    assert repr(columns) == "<HoursColumns: 3 rows of 3 shops>"


@pytest.mark.parametrize(
    "schedules",
    [
        {"a": [(0, "9:00", "10:00")]},
        {"a": None},
        {"": WeeklySchedule()},
        {5: WeeklySchedule()},
    ],
    ids=str,
)
def test_a_mapping_leads_from_ids_to_schedules(schedules: Any) -> None:  # noqa: ANN401  # wrong on purpose
    with pytest.raises(InputError) as caught:
        HoursColumns.from_schedules(schedules)

    assert caught.value.source == "hours"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"store_ids": ("a", "a")}, "store_ids"),
        ({"code": [1]}, "code"),
        ({"code": [-1]}, "code"),
        ({"start": [0.5]}, "start"),
        ({"start": [-1]}, None),
        ({"start": [7 * DAY], "end": [7 * DAY + 1]}, None),
        ({"start": [HOUR], "end": [HOUR]}, None),
        ({"start": [0], "end": [2 * DAY + 1]}, None),
        ({"start": [1], "end": [-(2**63)]}, None),
        ({"end": ["10:00"]}, "end"),
        ({"end": []}, None),
    ],
    ids=str,
)
def test_bad_columns_are_refused_by_name(
    changed: dict[str, Any], field: str | None
) -> None:
    columns: dict[str, Any] = {
        "store_ids": ("a",),
        "code": [0],
        "start": [0],
        "end": [HOUR],
    }
    with pytest.raises(InputError) as caught:
        HoursColumns(**columns | changed)

    assert (caught.value.source, caught.value.field) == ("HoursColumns", field)


@pytest.mark.parametrize("name", ["code", "start", "end"])
def test_columns_are_read_only_also_after_pickling(name: str) -> None:
    columns = HoursColumns(("a",), [0], [0], [2 * DAY])
    again = pickle.loads(pickle.dumps(columns))  # noqa: S301  # just written

    assert getattr(again, name).tolist() == getattr(columns, name).tolist()
    assert not getattr(columns, name).flags.writeable
    assert not getattr(again, name).flags.writeable
