"""CsvStore: which cells are read, and what becomes of those that are not."""

from __future__ import annotations

import gzip
import os
import pickle  # noqa: TID251  # as process pools do, nothing goes to disk
import threading
import tracemalloc
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uptime_core import (
    BadFileError,
    CsvStore,
    InputError,
    UptimeError,
    compute_snapshot,
)
from uptime_core.instants import to_micros
from uptime_core.stores import line_blocks, parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptime_core import RejectedRow, Snapshot

POLLS = "store_id,timestamp_utc,status\n"
HOURS = "store_id,day,start_time_local,end_time_local\n"
ZONES = "store_id,timezone_str\n"
POLL = "a,2023-01-25 18:13:22 UTC,active\n"
SECOND = 1_000_000
DAY = 86_400 * SECOND
WHAT_OF = {"polls": POLLS, "hours": HOURS, "timezones": ZONES}
GOOD = {"polls": POLL, "hours": "a,0,9:00,17:00\n", "timezones": "a,UTC\n"}


class Files:
    """The three files in a folder; a store reads those that were written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.polls(POLL)

    def write(self, source: str, rows: str | bytes) -> Path:
        """Write a file, with its header."""
        data = rows.encode() if isinstance(rows, str) else rows
        path = self.path(source)
        path.write_bytes(WHAT_OF[source].encode() + data)
        return path

    def polls(self, rows: str | bytes) -> Path:
        return self.write("polls", rows)

    def hours(self, rows: str | bytes) -> Path:
        return self.write("hours", rows)

    def zones(self, rows: str | bytes) -> Path:
        return self.write("timezones", rows)

    def path(self, source: str) -> Path:
        return self.folder / f"{source}.csv"

    def store(self, **options: Any) -> CsvStore:  # noqa: ANN401  # as CsvStore has
        paths = {s: self.path(s) for s in WHAT_OF if self.path(s).exists()}
        return CsvStore(**{**paths, **options})

    def snapshot(self, **options: Any) -> Snapshot:  # noqa: ANN401  # as CsvStore has
        return self.store(**options).snapshot()

    def error(self, source: str) -> InputError:
        """The error of the first bad row, which must name its file."""
        with pytest.raises(InputError) as caught:
            self.snapshot()
        assert caught.value.source == str(self.path(source))
        return caught.value


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def hour_rows(snapshot: Snapshot) -> list[tuple[str, int, int]]:
    """Business hours as ``(store_id, start, end)`` in microseconds of the week."""
    hours = snapshot.hours
    ids = [hours.store_ids[code] for code in hours.code]
    return list(zip(ids, hours.start.tolist(), hours.end.tolist(), strict=True))


def places(rejected: tuple[RejectedRow, ...]) -> list[tuple[int, str | None]]:
    return [(row.line, row.field) for row in rejected]


# What is accepted


@pytest.mark.parametrize(
    ("cell", "instant"),
    [
        ("2023-01-25 18:13:22.47922 UTC", "2023-01-25T18:13:22.479220"),
        ("2023-01-25 18:13:22 UTC", "2023-01-25T18:13:22"),
        ("2023-01-25T18:13:22Z", "2023-01-25T18:13:22"),
        ("2023-01-25 18:13:22", "2023-01-25T18:13:22"),
        ("2023-01-25T18:13:22.1", "2023-01-25T18:13:22.100000"),
        ("2023-01-25T18:13:22.000001Z", "2023-01-25T18:13:22.000001"),
        ("2023-01-25 18:13:22.999999 UTC", "2023-01-25T18:13:22.999999"),
        ("2023-01-25T18:13:22 UTC", "2023-01-25T18:13:22"),
        ("2023-01-25 18:13:22Z", "2023-01-25T18:13:22"),
        ("2023-01-25 18:13:22-06:00", "2023-01-26T00:13:22"),
        ("2023-01-25T18:13:22.5+05:45", "2023-01-25T12:28:22.500000"),
        ("2023-01-25T18:13:22+00:00", "2023-01-25T18:13:22"),
        ("2023-01-25T18:13:22-00:00", "2023-01-25T18:13:22"),
        ("2023-01-25T18:13:22+23:59", "2023-01-24T18:14:22"),
        (" \t2023-01-25 18:13:22 UTC\t ", "2023-01-25T18:13:22"),
        ("2024-02-29 00:00:00", "2024-02-29T00:00:00"),
        ("2000-02-29 23:59:59", "2000-02-29T23:59:59"),
        ("1900-01-01 00:00:00", "1900-01-01T00:00:00"),
        ("1969-12-31 23:59:59.999999", "1969-12-31T23:59:59.999999"),
        ("2199-12-31 23:59:59.999999 UTC", "2199-12-31T23:59:59.999999"),
    ],
)
def test_a_timestamp_is_read_exactly(files: Files, cell: str, instant: str) -> None:
    files.polls(f"a,{cell},active\n")
    expected = to_micros(datetime.fromisoformat(instant).replace(tzinfo=UTC))
    assert files.snapshot().polls.at.tolist() == [expected]


@pytest.mark.parametrize(
    ("cell", "status"),
    [
        *(("active", 1), ("inactive", 0), ("ACTIVE", 1), ("InActive", 0)),
        *((" active", 1), ("inactive\t ", 0), ('"active"', 1)),
    ],
)
def test_a_status_is_read_in_any_case(files: Files, cell: str, status: int) -> None:
    files.polls(f"a,2023-01-25 18:13:22,{cell}\n")
    assert files.snapshot().polls.status.tolist() == [status]


@pytest.mark.parametrize(
    ("cell", "store_id"),
    [
        ("8419537941919820732", "8419537941919820732"),
        ("-1", "-1"),
        ("007", "007"),
        ("1_0", "1_0"),
        ("\uff19", "\uff19"),
        ("00017c6a-7a77-4a95-bb2d-40647868aff6",) * 2,
        (" a b\t", "a b"),
        ('"a,b"', "a,b"),
        ('" ""q"" "', '"q"'),
        ("=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0"),
        ("'a", "'a"),
        ("8.41954E18", "8.41954E18"),
        ("1e5", "1e5"),
        ("1E-5", "1E-5"),
        ("1e+5a", "1e+5a"),
        ("NaN", "NaN"),
        ("\U0001f3ea\u00e9", "\U0001f3ea\u00e9"),
        ("x" * 200, "x" * 200),
        ("\u00e9" * 200, "\u00e9" * 200),
        (" " + "x" * 200 + " ", "x" * 200),
    ],
)
def test_an_id_is_text_in_all_three_files(
    files: Files, cell: str, store_id: str
) -> None:
    files.polls(f"{cell},2023-01-25 18:13:22,active\n")
    files.hours(f"{cell},0,9:00,17:00\n")
    files.zones(f"{cell},UTC\n")
    snapshot = files.snapshot()
    assert snapshot.polls.store_ids == (store_id,)
    assert snapshot.hours.store_ids == (store_id,)
    assert snapshot.timezones == {store_id: "UTC"}


def test_ids_that_differ_in_blanks_are_one_shop(files: Files) -> None:
    files.polls(POLL + " a,2023-01-25 18:13:23,active\n")
    files.zones("a,UTC\na ,UTC\n\ta, UTC\n")
    snapshot = files.snapshot()
    assert snapshot.polls.store_ids == ("a",)
    assert snapshot.polls.code.tolist() == [0, 0]
    assert snapshot.timezones == {"a": "UTC"}


@pytest.mark.parametrize(
    ("cells", "start", "end"),
    [
        ("0,9:00,17:00", 9 * 3600, 17 * 3600),
        ("0,09:00,17:00:00", 9 * 3600, 17 * 3600),
        ("0,9:00:01,17:00:00.5", 9 * 3600 + 1, 17 * 3600 + 0.5),
        ("0,09:00:00.000001,9:01", 9 * 3600 + 1e-6, 9 * 3600 + 60),
        (" 0,\t9:00 , 17:00", 9 * 3600, 17 * 3600),
        ("0,00:00,24:00", 0, 86_400),
        ("0,0:00,24:00:00", 0, 86_400),
        ("0,0:00, 24:00 ", 0, 86_400),
        ("0,00:00:00,23:59:00", 0, 86_400),
        ("0,00:00,23:59", 0, 86_400),
        ("0,00:00,23:59:59", 0, 86_400),
        ("0,00:00,23:59:59.999999", 0, 86_400),
        ("0,00:00,23:59:58.999999", 0, 86_398.999999),
        ("0,00:00,23:59:01", 0, 86_341),
        ("0,00:00,23:58", 0, 86_280),
        ("0,9:00,9:00", 9 * 3600, 33 * 3600),
        ("0,00:00,00:00", 0, 86_400),
        ("0,22:00,6:00", 22 * 3600, 30 * 3600),
        ("0,23:59:59.999999,0:00", 86_399.999999, 86_400),
        ("6,22:00,6:00", 6 * 86_400 + 22 * 3600, 6 * 86_400 + 30 * 3600),
    ],
)
def test_business_hours_are_read_exactly(
    files: Files, cells: str, start: float, end: float
) -> None:
    files.hours(f"a,{cells}\n")
    expected = ("a", round(start * SECOND), round(end * SECOND))
    assert hour_rows(files.snapshot()) == [expected]


@pytest.mark.parametrize("day", range(7))
def test_a_day_is_counted_from_monday(files: Files, day: int) -> None:
    files.hours(f"a,{day},9:00,10:00\n")
    assert hour_rows(files.snapshot())[0][1] == day * DAY + 9 * 3600 * SECOND


@pytest.mark.parametrize(
    "name", ["America/Argentina/ComodRivadavia", "UTC", "EST5EDT", "Etc/GMT+12", "GB"]
)
def test_a_name_of_the_database_is_read(files: Files, name: str) -> None:
    files.zones(f"a, {name}\t\n")
    assert files.snapshot().timezones == {"a": name}


@pytest.mark.parametrize("on_error", ["raise", "collect"])
def test_equal_repeats_of_a_row_are_fine(files: Files, on_error: str) -> None:
    files.polls(POLL * 3)
    files.hours(GOOD["hours"] * 3)
    files.zones(GOOD["timezones"] * 3)
    snapshot = files.snapshot(on_error=on_error)
    assert snapshot.rejected == ()
    assert snapshot.quarantined == frozenset()
    assert len(snapshot.polls) == 3
    assert set(hour_rows(snapshot)) == {("a", 9 * 3600 * SECOND, 17 * 3600 * SECOND)}
    assert snapshot.timezones == {"a": "UTC"}


def test_files_without_rows_hold_nothing(files: Files) -> None:
    files.polls("")
    files.hours("\n")
    files.zones("")
    snapshot = files.snapshot()
    assert len(snapshot.polls) == 0
    assert snapshot.hours.store_ids == ()
    assert snapshot.timezones == {}


# What is not


BAD_IDS = [
    ("", "is empty"),
    (" \t ", "is empty"),
    ("x" * 201, "more than 200"),
    ("9" * 5_000, "more than 200"),
    ("a\tb", "control character"),
    ('"a\nb"', "control character"),
    ('"a\rb"', "control character"),
    ("a\x7f", "control character"),
    ("a\x85", "control character"),
    ("\x1b[31m", "control character"),
    ("8.41954E+18", "a spreadsheet"),
    ("-8.41954e+18", "a spreadsheet"),
    ("8E+18", "a spreadsheet"),
    ('"8,4E+18"', "a spreadsheet"),
    (" 8.41954E+18 ", "a spreadsheet"),
]
BAD_TIMESTAMPS = [
    *("", "x", "NaT", "None", "nan", "inf", "1e12", "1e20", "1674670402"),
    *("1674670402000", "1" * 30, "9" * 4_000, "2023-01-25", "18:13:22"),
    *("2023-1-25 18:13:22", "2023-01-25 8:13:22", "2023-01-25 18:13"),
    *("23-01-25 18:13:22", "25.01.2023 18:13:22", "01/25/2023 18:13:22"),
    *("2023-01-25  18:13:22", "2023-01-25_18:13:22", "2023-01-25t18:13:22"),
    *("2023-01-25 18:13:22.", "2023-01-25 18:13:22.1234567"),
    *("2023-01-25 18:13:22. UTC", "2023-01-25 18:13:22,5 UTC"),
    *("2023-01-25 18:13:22  UTC", "2023-01-25 18:13:22UTC", "2023-01-25 18:13:22 utc"),
    *("2023-01-25 18:13:22 Z", "2023-01-25 18:13:22z", "2023-01-25 18:13:22 EST"),
    *("2023-01-25 18:13:22 GMT", "2023-01-25 18:13:22 UTC+1"),
    *("2023-01-25 18:13:22+0100", "2023-01-25 18:13:22+01"),
    *("2023-01-25 18:13:22 +01:00", "2023-01-25 18:13:22+24:00"),
    *("2023-01-25 18:13:22+01:60", "2023-01-25 18:13:22+99:00"),
    *("2023-01-25 18:13:22+01:00:00", "2023-01-25 25:13:22", "2023-01-25 24:00:00"),
    *("2023-01-25 18:60:22", "2023-01-25 18:13:60", "2016-12-31 23:59:60 UTC"),
    *("2023-00-25 18:13:22", "2023-13-25 18:13:22", "2023-01-00 18:13:22"),
    *("2023-01-32 18:13:22", "2023-02-29 18:13:22", "1900-02-29 18:13:22"),
    *("2023-04-31 18:13:22", "0000-01-25 18:13:22", "0001-01-01 00:00:00+01:00"),
    *("1899-12-31 23:59:59", "2200-01-01 00:00:00", "10000-01-01 00:00:00"),
    *("9999-12-31T23:59:59-01:00", "-2023-01-25 18:13:22", "+2023-01-25 18:13:22"),
    *("2023-01-25 18:13:22 UTC x", "\uff12\uff10\uff12\uff13-01-25 18:13:22"),
    *("2023-01-25 18:13:2\u0663", "2023\u201301\u201325 18:13:22"),
    *("2023-01-25\u00a018:13:22", "2023-W04-3 18:13:22"),
]
BAD_STATUSES = [
    *("", " ", "up", "1", "0", "true", "activ e", "actives", "in active", "active;"),
    *("\uff41\uff43\uff54\uff49\uff56\uff45", "act\u0130ve", "active\x01", "'active'"),
    *("active\u00a0",),
]
BAD_DAYS = [
    *("", " ", "7", "-1", "10", "00", "01", "1.0", "+1", "Mon", "Monday", "True"),
    *("nan", "\uff10", "\u0661", "1_0", "0x1"),
]
BAD_TIMES = [
    *("", " ", "9", "9:0", "009:00", "9:000", "9:00:0", "9:00:", "9.00", "9:00:00."),
    *("9:00:00.0000000", "23:59:59.9999999", "9:00.5", "-1:00", "+9:00", "9am"),
    *("09:00Z", "09:00 UTC", "09:00+01:00", "T09:00", "0900", "25:00", "99:99", "9:60"),
    *("9:00:60", "24:01", "24:00:01", "24:00:00.0", "24:0", "\uff19:00", "9\uff1a00"),
    *("\u0669:00", "nan", "1e1:00", "9:00;"),
]
BAD_ZONES = [
    *("", " ", ".", "..", "../../etc/passwd", "/etc/passwd", "America/", "America"),
    *("America//New_York", "./UTC", "UTC/", "utc", "america/chicago", "US/central"),
    *("+05:30", "UTC+3", "Etc/GMT+99", "EST5", "\uff35TC", "Am\u00e9rica/Chicago"),
    *("x" * 256, "x" * 5_000, "a/" * 3_000 + "b", "tzdata.zi", "zone.tab", "zones"),
    *("leapseconds", "__init__.py", "right/UTC", "right/America/New_York", "posix/UTC"),
    *("localtime", "posixrules", "Factory", "America\\Chicago", "C:\\UTC", "None"),
    *('"UTC\n"', '"UTC\r"', "UTC\u00a0", "America/New York", "1", "UTC;"),
]

BAD_CELLS = [
    *(
        pytest.param(source, row, "store_id", reason, id=f"{source}-id-{number}")
        for number, (cell, reason) in enumerate(BAD_IDS)
        for source, row in (
            ("polls", f"{cell},2023-01-25 18:13:22 UTC,active"),
            ("hours", f"{cell},0,9:00,17:00"),
            ("timezones", f"{cell},UTC"),
        )
    ),
    *(
        pytest.param("polls", row, "timestamp_utc", None, id=f"time-{cell[:30]!a}")
        for cell in BAD_TIMESTAMPS
        for row in [f'b,"{cell}",active']
    ),
    *(
        pytest.param(
            "polls",
            f"b,2023-01-25 18:13:22,{cell}",
            "status",
            "neither",
            id=f"{cell!a}",
        )
        for cell in BAD_STATUSES
    ),
    *(
        pytest.param(
            "hours", f"b,{cell},9:00,17:00", "day", "not a day", id=f"day-{cell!a}"
        )
        for cell in BAD_DAYS
    ),
    *(
        pytest.param(
            "hours", f"b,0,{cell},17:00", "start_time_local", None, id=f"start-{cell!a}"
        )
        for cell in [*BAD_TIMES, "24:00", "24:00:00"]
    ),
    *(
        pytest.param(
            "hours", f"b,0,17:00,{cell}", "end_time_local", None, id=f"end-{cell!a}"
        )
        for cell in BAD_TIMES
    ),
    *(
        pytest.param(
            "timezones",
            f"b,{cell}",
            "timezone_str",
            "not a name in the time zone database",
            id=f"zone-{cell[:30]!a}",
        )
        for cell in BAD_ZONES
    ),
]


@pytest.mark.parametrize(("source", "row", "field", "reason"), BAD_CELLS)
def test_a_bad_cell_is_named_and_its_row_set_aside(
    files: Files, source: str, row: str, field: str, reason: str | None
) -> None:
    path = files.write(source, f"\n{GOOD[source]}{row}\n{GOOD[source]}")
    error = files.error(source)
    assert (error.line, error.field) == (4, field)
    assert (reason or "") in error.reason
    assert str(error) == f"{path}, line 4, {field}: {error.reason}"
    assert len(error.reason) < 250
    assert error.reason.isprintable()

    snapshot = files.snapshot(on_error="collect")
    (rejected,) = snapshot.rejected
    assert (rejected.source, rejected.line) == (str(path), 4)
    assert (rejected.field, rejected.reason) == (field, error.reason)
    assert len(rejected.cells) == WHAT_OF[source].count(",") + 1
    named = source != "polls" and field != "store_id"
    assert snapshot.quarantined == ({"b"} if named else set())
    assert snapshot.polls.store_ids[:1] == ("a",)
    assert len(snapshot.polls) == (2 if source == "polls" else 1)
    assert [row[0] for row in hour_rows(snapshot)] == ["a"] * 2 * (source == "hours")
    assert snapshot.timezones == ({"a": "UTC"} if source == "timezones" else {})


@pytest.mark.parametrize("source", WHAT_OF)
@pytest.mark.parametrize("fields", [2, 5, 1_000], ids=lambda fields: f"{fields} fields")
def test_a_row_with_another_number_of_fields_is_bad(
    files: Files, source: str, fields: int
) -> None:
    width = WHAT_OF[source].count(",") + 1
    cells = ("b", *["x"] * (fields - (fields <= width) - 1))
    path = files.write(source, f"{GOOD[source]}{','.join(cells)}\n")
    error = files.error(source)
    assert (error.line, error.field) == (3, None)
    many = "1 field" if len(cells) == 1 else f"{len(cells):,} fields"
    is_short = len(cells) < width
    advice = "is it cut short?" if is_short else "quote values that have commas"
    assert str(error) == (
        f"{path}, line 3: the row has {many}, the header {width}; {advice}"
    )
    snapshot = files.snapshot(on_error="collect")
    assert [(row.line, row.cells) for row in snapshot.rejected] == [(3, cells)]
    assert snapshot.quarantined == (set() if source == "polls" else {"b"})


@pytest.mark.parametrize(
    ("source", "bad", "field", "value"),
    [
        ("polls", "a,2023-01-25 18:13:22,on\n", "status", "'on'"),
        ("polls", "a,yesterday,active\n", "timestamp_utc", "'yesterday'"),
        ("hours", "a,9,9:00,17:00\n", "day", "'9'"),
        ("hours", "a,0,9:00,nine\n", "end_time_local", "'nine'"),
        ("timezones", "a,Mars/Base\n", "timezone_str", "'Mars/Base'"),
    ],
)
def test_the_message_names_file_line_column_and_value(
    files: Files, source: str, bad: str, field: str, value: str
) -> None:
    path = files.write(source, bad)
    message = str(files.error(source))
    assert message.startswith(f"{path}, line 2, {field}: {value} ")


@pytest.mark.parametrize(
    ("name", "suggested"),
    [("america/chicago", "America/Chicago"), ("America/New York", "America/New_York")],
)
def test_a_name_that_is_nearly_right_is_suggested(
    files: Files, name: str, suggested: str
) -> None:
    files.zones(f"b,{name}\n")
    error = files.error("timezones")
    assert repr(suggested) in error.reason
    assert "'b'" in error.reason


@pytest.mark.parametrize(
    ("source", "bad"),
    [
        ("polls", {"b,x,active\n": "timestamp_utc", "b\n": None, ",,\n": "store_id"}),
        (
            "hours",
            {"b,9,9:00,9:00\n": "day", "b\n": None, ",0,9:00,9:00\n": "store_id"},
        ),
        ("timezones", {"b,?\n": "timezone_str", "b,c,d\n": None, ",UTC\n": "store_id"}),
    ],
)
@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("before", [0, 5_000])
def test_the_first_bad_row_of_a_file_is_the_one_raised(
    files: Files,
    source: str,
    bad: dict[str, str | None],
    order: tuple[int, ...],
    before: int,
) -> None:
    rows = [list(bad)[place] for place in order]
    files.write(source, GOOD[source] * (before + 1) + "".join(rows) + GOOD[source])
    error = files.error(source)
    assert (error.line, error.field) == (3 + before, bad[rows[0]])
    rejected = files.snapshot(on_error="collect").rejected
    assert places(rejected) == [
        (3 + before + number, bad[row]) for number, row in enumerate(rows)
    ]


def test_a_bad_row_ahead_of_a_broken_line_in_another_block_is_the_one_raised(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_blocks, "_BLOCK_BYTES", 1 << 12)
    files.polls(b"b,x,active\n" + b"\n" * (2 << 12) + b"\xff")
    assert files.error("polls").line == 2
    with pytest.raises(BadFileError) as caught:
        files.snapshot(on_error="collect")
    assert caught.value.line == 3 + (2 << 12)


def test_rows_after_a_field_of_several_lines_are_named_rightly(files: Files) -> None:
    files.polls(POLL + '"a\n\nb",2023-01-25 18:13:22,active\n\nb,x,active\n')
    rejected = files.snapshot(on_error="collect").rejected
    assert places(rejected) == [(3, "store_id"), (7, "timestamp_utc")]


def test_many_rows_with_the_same_bad_zone_are_set_aside(files: Files) -> None:
    files.zones("".join(f"s{number},America/Chicgo\n" for number in range(500)))
    snapshot = files.snapshot(on_error="collect")
    assert len(snapshot.rejected) == len(snapshot.quarantined) == 500


# Quarantine


@pytest.mark.parametrize(
    "bad", ["a,7,9:00,17:00", "a,0,9:00", "a", "a,1,9:00,x", " a ,1,,", "a,0,9:00,1,"]
)
@pytest.mark.parametrize("place", range(4))
def test_a_bad_row_of_hours_rejects_all_rows_of_its_shop(
    files: Files, bad: str, place: int
) -> None:
    rows = ["a,0,9:00,17:00", "b,0,9:00,17:00", "a,1,9:00,17:00"]
    rows.insert(place, bad)
    path = files.hours("\n".join(rows))
    snapshot = files.snapshot(on_error="collect")
    assert hour_rows(snapshot) == [("b", 9 * 3600 * SECOND, 17 * 3600 * SECOND)]
    assert snapshot.hours.store_ids == ("b",)
    assert snapshot.quarantined == {"a"}
    lines = [line for line, row in enumerate(rows, start=2) if row[0] != "b"]
    assert [row.line for row in snapshot.rejected] == lines
    assert {row.source for row in snapshot.rejected} == {str(path)}
    for row in snapshot.rejected:
        if row.line != place + 2:
            assert row.reason == (
                f"line {place + 2} of the same shop was rejected; put that one right"
            )
            assert (row.field, row.cells) == (
                None,
                tuple(rows[row.line - 2].split(",")),
            )


def test_two_zones_of_one_shop_reject_all_its_rows(files: Files) -> None:
    files.zones("a,UTC\nb,GB\na,UTC\na,Europe/Paris\na,UTC\n")
    error = files.error("timezones")
    assert (error.line, error.field) == (5, "timezone_str")
    for part in ("'Europe/Paris'", "'UTC'", "line 2", "'a'"):
        assert part in error.reason
    snapshot = files.snapshot(on_error="collect")
    assert snapshot.timezones == {"b": "GB"}
    assert snapshot.quarantined == {"a"}
    assert places(snapshot.rejected) == [
        *((2, None), (4, None), (5, "timezone_str"), (6, None))
    ]
    assert snapshot.rejected[0].reason == (
        "line 5 of the same shop was rejected; put that one right"
    )


def test_zones_of_one_shop_under_two_spellings_of_its_id_contradict(
    files: Files,
) -> None:
    files.zones("a,UTC\n a ,GB\n")
    assert files.error("timezones").line == 3


def test_a_bad_row_without_an_id_puts_no_shop_in_quarantine(files: Files) -> None:
    files.hours(",0,9:00,17:00\n8E+18,0,9:00,17:00\na,0,9:00,17:00\n,,,\n,\n")
    files.zones(",UTC\n,,\na,UTC\n")
    snapshot = files.snapshot(on_error="collect")
    assert [row.line for row in snapshot.rejected] == [2, 3, 5, 6, 2, 3]
    assert snapshot.quarantined == frozenset()
    assert snapshot.hours.store_ids == ("a",)
    assert snapshot.timezones == {"a": "UTC"}


@pytest.mark.parametrize(
    ("source", "table"),
    [
        ("timezones", "region,store_id,timezone_str\na,Asia/Tokyo\n"),
        ("timezones", "timezone_str,store_id\na\n"),
        ("timezones", "timezone_str,store_id\nAsia,Tokyo,a\n"),
        ("hours", "day,start_time_local,end_time_local,store_id\n0,9:00,a\n"),
    ],
)
def test_a_row_that_lacks_a_field_before_the_id_never_gives_its_shop_a_default(
    files: Files, source: str, table: str
) -> None:
    files.path(source).write_text(table)
    report = compute_snapshot(files.snapshot(on_error="collect"))
    assert report.store_ids == ()


def test_a_bad_poll_puts_no_shop_in_quarantine(files: Files) -> None:
    files.polls(POLL + "a,x,active\nb,x,active\n")
    store = files.store(on_error="collect")
    assert store.quarantined() == frozenset()
    assert places(store.rejected()) == [(3, "timestamp_utc"), (4, "timestamp_utc")]
    assert len(store.snapshot().polls) == 1


def test_rejected_rows_come_file_by_file(files: Files) -> None:
    paths = [files.polls("x\n"), files.hours("a\n"), files.zones("b\n")]
    store = files.store(on_error="collect")
    assert [row.source for row in store.rejected()] == list(map(str, paths))
    assert store.quarantined() == {"a", "b"}
    assert store.hours().store_ids == ()
    assert store.timezones() == {}


def test_good_rows_end_a_quarantine(files: Files) -> None:
    files.zones("a,?\n")
    store = files.store(on_error="collect")
    assert store.quarantined() == {"a"}
    files.zones("a,UTC\n")
    assert store.quarantined() == frozenset()
    assert store.timezones() == {"a": "UTC"}


# Files


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were read, as they are read."""
    names: list[str] = []

    def counted(source: str) -> line_blocks.Stream:
        names.append(Path(source).stem)
        return line_blocks.open_file(source)

    monkeypatch.setattr(parts, "open_file", counted)
    return names


def test_a_file_is_read_when_it_is_needed_and_only_once(
    files: Files, reads: list[str]
) -> None:
    files.hours(GOOD["hours"])
    files.zones(GOOD["timezones"])
    store = files.store()
    assert reads == []
    assert store.timezones() == {"a": "UTC"}
    assert reads == ["timezones"]
    first = store.snapshot()
    assert reads == ["timezones", "polls", "hours"]
    assert store.snapshot().polls is first.polls
    assert list(store.polls()) == [first.polls]
    assert len(reads) == 3


def test_a_file_that_has_changed_is_read_again_and_no_other(
    files: Files, reads: list[str]
) -> None:
    files.zones(GOOD["timezones"])
    store = files.store()
    before = store.snapshot()
    files.polls(POLL * 2)
    assert len(store.snapshot().polls) == 2
    assert len(before.polls) == 1
    assert reads == ["polls", "timezones", "polls"]


def test_a_file_put_in_the_place_of_another_is_read(files: Files) -> None:
    store = files.store()
    assert store.snapshot().polls.status.tolist() == [1]
    old = files.path("polls").stat()
    other = files.folder / "other"
    other.write_text(POLLS + POLL.replace(",active", ",ACTIVE").replace("a,", "b,"))
    os.utime(other, ns=(old.st_atime_ns, old.st_mtime_ns))
    other.replace(files.path("polls"))
    assert store.snapshot().polls.store_ids == ("b",)


def test_a_failure_is_not_remembered(files: Files) -> None:
    files.polls("x\n")
    store = files.store()
    with pytest.raises(InputError):
        store.snapshot()
    with pytest.raises(InputError):
        store.snapshot()
    files.polls(POLL)
    assert len(store.snapshot().polls) == 1


@pytest.mark.parametrize("source", WHAT_OF)
def test_a_file_that_changes_while_it_is_read_is_refused(
    files: Files, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    path = files.write(source, GOOD[source])
    blocks_of = line_blocks.line_blocks

    def disturbed(*arguments: Any) -> Iterator[Any]:  # noqa: ANN401
        yield from blocks_of(*arguments)
        if arguments[1] == str(path):
            with path.open("a") as stream:
                stream.write(GOOD[source])

    store = files.store()
    with monkeypatch.context() as patch:
        patch.setattr(parts, "line_blocks", disturbed)
        with pytest.raises(BadFileError, match="changed while it was read") as caught:
            store.snapshot()
    assert caught.value.source == str(path)
    assert store.snapshot().polls.store_ids == ("a",)


@pytest.mark.parametrize("source", WHAT_OF)
def test_a_missing_file_is_an_os_error_that_names_it(files: Files, source: str) -> None:
    store = files.store(**{source: files.folder / "missing.csv"})
    with pytest.raises(FileNotFoundError) as caught:
        store.snapshot()
    assert caught.value.filename is not None
    assert Path(caught.value.filename) == files.folder / "missing.csv"


def test_a_folder_is_an_os_error_that_names_it(files: Files) -> None:
    with pytest.raises(IsADirectoryError) as caught:
        files.snapshot(polls=files.folder)
    assert caught.value.filename is not None
    assert Path(caught.value.filename) == files.folder


@pytest.mark.parametrize("path", ["a\0b", "a\ud800b"], ids=ascii)
def test_a_path_that_no_file_can_have_is_an_error_of_ours(path: str) -> None:
    with pytest.raises((UptimeError, OSError)):
        CsvStore(path).snapshot()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_read_once(files: Files) -> None:
    pipe = files.folder / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(POLLS + POLL,), daemon=True)
    writer.start()
    store = CsvStore(pipe)
    assert store.snapshot().polls.store_ids == ("a",)
    assert store.snapshot().polls.store_ids == ("a",)
    writer.join(timeout=10)


@pytest.mark.parametrize("on_error", ["raise", "collect"])
def test_compressed_files_give_what_plain_ones_do(files: Files, on_error: str) -> None:
    bad = "x\n" if on_error == "collect" else ""
    files.polls(POLL * 5_000 + bad)
    files.hours(GOOD["hours"] * 5_000 + bad)
    files.zones(GOOD["timezones"] * 5_000 + bad)
    packed = {}
    for source in WHAT_OF:
        packed[source] = files.path(source).with_suffix(".csv.gz")
        packed[source].write_bytes(gzip.compress(files.path(source).read_bytes()))
    plain = files.snapshot(on_error=on_error)
    snapshot = CsvStore(**packed, on_error=on_error).snapshot()  # type: ignore[arg-type]
    assert snapshot.polls == plain.polls
    assert hour_rows(snapshot) == hour_rows(plain)
    assert snapshot.timezones == plain.timezones
    assert snapshot.quarantined == plain.quarantined
    assert places(snapshot.rejected) == places(plain.rejected)
    assert len(places(plain.rejected)) == len(bad and WHAT_OF)


def test_memory_holds_columns_and_not_the_text(files: Files) -> None:
    rows = 300_000
    text = "".join(
        f"store-{number % 50:0100d},2023-01-25 18:13:22.{number:06d} UTC,inactive\n"
        for number in range(rows)
    )
    path = files.folder / "polls.csv.gz"
    path.write_bytes(gzip.compress((POLLS + text).encode(), 1))
    store = CsvStore(path)
    tracemalloc.start()
    polls = store.snapshot().polls
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (polls.code.dtype, polls.at.dtype) == (np.dtype("i4"), np.dtype("i8"))
    assert polls.status.dtype == np.dtype("u1")
    assert len(polls) == rows
    columns = rows * (4 + 8 + 1)
    assert kept < 1.5 * columns
    assert peak < len(text)


def test_polls_of_a_stretch_of_time_are_half_open(files: Files) -> None:
    files.polls("".join(f"a,2023-01-25 18:00:0{s},active\n" for s in range(5)))
    start = datetime(2023, 1, 25, 18, 0, 1, tzinfo=UTC)
    (polls,) = files.store().polls(None, start, start + timedelta(seconds=2))
    assert (polls.at - to_micros(start)).tolist() == [0, SECOND]
    with pytest.raises(InputError, match="no time zone"):
        list(files.store().polls(start=start.replace(tzinfo=None)))


@pytest.mark.parametrize("kind", [str, Path])
def test_paths_are_text_or_paths(files: Files, kind: type[str | Path]) -> None:
    store = CsvStore(kind(files.path("polls")))
    assert store.snapshot().source == str(files.path("polls"))


def test_columns_may_have_other_headers(files: Files) -> None:
    files.path("polls").write_text("Shop,at,state\na,2023-01-25 18:13:22,active\n")
    files.path("hours").write_text(
        "outlet,weekday,start_time_local,end_time_local\na,0,9:00,17:00\n"
    )
    files.path("timezones").write_text("SHOP,zone\na,UTC\n")
    columns = {
        "store_id": ("shop", "outlet"),
        "timestamp_utc": "at",
        "status": "state",
        "day": "weekday",
        "timezone_str": "Zone",
    }
    snapshot = files.snapshot(columns=columns)
    assert len(snapshot.polls) == 1
    assert snapshot.hours.store_ids == ("a",)
    assert snapshot.timezones == {"a": "UTC"}
    files.polls("a,x,active\n")
    files.hours("")
    files.zones("")
    with pytest.raises(InputError) as caught:
        files.snapshot(columns={"store_id": ("shop", "store_id")})
    assert caught.value.field == "timestamp_utc"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_pipes_are_read_in_the_order_of_the_arguments(tmp_path: Path) -> None:
    """Who writes into all of them begins with the polls, which no pipe holds."""
    rows = {
        "polls": "".join(
            f"s{n},2023-01-25 18:13:22 UTC,active\n" for n in range(80_000)
        ),
        "hours": "a,0,9:00,17:00\n",
        "timezones": "a,UTC\n",
    }
    paths = [tmp_path / source for source in rows]
    for path in paths:
        os.mkfifo(path)

    def write() -> None:
        for source, path in zip(rows, paths, strict=True):
            path.write_text(WHAT_OF[source] + rows[source])

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    polls, hours, timezones = paths
    snapshot = CsvStore(polls, hours, timezones).snapshot()
    writer.join(60)
    assert len(snapshot.polls) == 80_000
    assert snapshot.timezones == {"a": "UTC"}


def test_small_files_come_first_so_that_nobody_waits_long_for_their_faults(
    files: Files,
) -> None:
    files.polls("a,x,active\n")
    files.zones("a,Europe/Nowhere\n")
    assert files.error("timezones").line == 2
    files.hours("a,7,9:00,17:00\n")
    assert files.error("hours").field == "day"
    files.hours("")
    files.zones("")
    assert files.error("polls").field == "timestamp_utc"


@pytest.mark.parametrize(
    ("options", "source", "field"),
    [
        ({"columns": {"shop": "store_id"}}, "columns", None),
        ({"columns": {"dayOfWeek": "day"}}, "columns", None),
        ({"columns": {"day": 5}}, "columns", "day"),
        ({"on_error": "ignore"}, "CsvStore", "on_error"),
        ({"fork": "yes"}, "CsvStore", "fork"),
        ({"on_error": None}, "CsvStore", "on_error"),
    ],
)
def test_an_option_that_cannot_be_is_refused_at_once(
    files: Files, options: dict[str, object], source: str, field: str | None
) -> None:
    with pytest.raises(InputError) as caught:
        files.store(**options)
    assert (caught.value.source, caught.value.field) == (source, field)


# Laws


BITS = [
    *(b"\n", b"\r\n", b"\r", b",", b",,", b'"', b'""', b"\0", b" ", b"\t", b"\xff"),
    *(b"\xef\xbb\xbf", b"\xc3\xa9", b"\xe2\x82", b"a", b"b", b"=1", b"0", b"6", b"7"),
    *(b"UTC", b"Factory", b"GB", b"../x", b"active", b"INACTIVE", b"up", b"8E+18"),
    *(b"2023-01-25 18:13:22 UTC", b"2023-01-25T18:13:22.5-06:00", b"2023-02-29"),
    *(b"9:00", b"17:00:00", b"23:59", b"24:00", b"24:01", b"x" * 300, b"store_id"),
    *(b"a,2023-01-25 18:13:22 UTC,active\n", b"a,0,9:00,17:00\n", b"a,UTC\n"),
    *(b"a,GB\n", b"'a\x0b,0,9:00\n", b"1,0,22:00,6:00\r\n"),
]


def _content(header: str) -> st.SearchStrategy[bytes]:
    start = st.sampled_from([header.encode()] * 20 + [b"", b"\xef\xbb\xbf", b"\n"])
    row = st.sampled_from([row.encode() for row in GOOD.values()] * 3 + BITS)
    body = st.lists(row | row | st.binary(max_size=5), max_size=12)
    return st.builds(lambda head, parts: head + b"".join(parts), start, body)


@settings(max_examples=200)
@given(
    contents=st.tuples(*map(_content, WHAT_OF.values())),
    cut=st.sampled_from([None, None, None, 0, 9, -1, -9]),
)
def test_whatever_the_files_hold_they_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory,
    contents: tuple[bytes, ...],
    cut: int | None,
) -> None:
    """The files are plain, or compressed and perhaps cut."""
    folder = tmp_path_factory.getbasetemp()
    suffix = "csv" if cut is None else "gz"
    polls, hours, zones = (folder / f"{source}.{suffix}" for source in WHAT_OF)
    for path, content in zip((polls, hours, zones), contents, strict=True):
        packed = content if cut is None else gzip.compress(content, 1)[: cut or None]
        path.write_bytes(packed)
    try:
        strict: Snapshot | None = CsvStore(polls, hours, zones).snapshot()
    except UptimeError:
        strict = None
    try:
        lenient = CsvStore(polls, hours, zones, on_error="collect").snapshot()
    except BadFileError:
        assert strict is None
        return
    assert (strict is None) == bool(lenient.rejected)
    if strict is not None:
        assert strict.polls == lenient.polls
        assert hour_rows(strict) == hour_rows(lenient)
        assert strict.timezones == lenient.timezones


IDS = ["a", " a", "b", "c\t", '"d,\n"', "", "8E+18"]
CELLS = {
    "polls": [["t", "t", "t", "", "2023-02-29 00:00:00"], ["active", "Inactive", "up"]],
    "hours": [["0", "6", "6", "7"], ["9:00", "22:00"], ["17:00", "24:00", "24:01"]],
    "timezones": [["UTC", "UTC", "UTC", "GB", "utc"]],
}
GOOD_IDS = {"a", "b", "c"}
GOOD_CELLS = {"t", "active", "Inactive", "0", "6", "9:00", "22:00", "17:00", "24:00"}


def _rows(source: str) -> st.SearchStrategy[list[list[str]]]:
    columns = [st.sampled_from(choices) for choices in [IDS, *CELLS[source]]]
    row = st.tuples(*columns).map(list)
    misfit = st.sampled_from(IDS[:4]).map(lambda store_id: [store_id, *"xxxxx"])
    return st.lists(row | row | row | misfit, max_size=12)


def _text(rows: list[list[str]]) -> str:
    """The rows as CSV, each poll at its own second."""
    lines = []
    for number, row in enumerate(rows):
        instant = f"2023-01-25 00:00:{number:02d}"
        lines.append(",".join(instant if cell == "t" else cell for cell in row))
    return "".join(f"{line}\n" for line in lines)


def _is_good(row: list[str], source: str) -> bool:
    return (
        len(row) == len(CELLS[source]) + 1
        and row[0].strip() in GOOD_IDS
        and all(cell in GOOD_CELLS | {"UTC", "GB"} for cell in row[1:])
    )


def _lines(rows: list[list[str]]) -> list[int]:
    """On which line each row starts."""
    lines = [2]
    for row in rows:
        lines.append(lines[-1] + 1 + sum(cell.count("\n") for cell in row))
    return lines[:-1]


def _expected_bad_shops(rows: list[list[str]], source: str) -> set[str]:
    """The shops with a bad row, or with two zones."""
    bad = {row[0].strip() for row in rows if not _is_good(row, source)}
    if source == "timezones":
        zones = {(row[0].strip(), row[1]) for row in rows if _is_good(row, source)}
        named = [shop for shop, _ in zones]
        bad |= {shop for shop in named if named.count(shop) > 1}
    return bad & GOOD_IDS


@given(polls=_rows("polls"), hours=_rows("hours"), zones=_rows("timezones"))
def test_each_row_is_taken_or_rejected_exactly_once(
    tmp_path_factory: pytest.TempPathFactory,
    polls: list[list[str]],
    hours: list[list[str]],
    zones: list[list[str]],
) -> None:
    files = Files(tmp_path_factory.getbasetemp())
    rows = {"polls": polls, "hours": hours, "timezones": zones}
    for source, cells in rows.items():
        files.write(source, _text(cells))
    snapshot = files.snapshot(on_error="collect")

    bad = {s: _expected_bad_shops(rows[s], s) for s in ("hours", "timezones")}
    bad["polls"] = set()
    taken = {
        source: [
            number
            for number, row in enumerate(cells)
            if _is_good(row, source) and row[0].strip() not in bad[source]
        ]
        for source, cells in rows.items()
    }
    midnight = to_micros(datetime(2023, 1, 25, tzinfo=UTC))
    seconds = ((snapshot.polls.at - midnight) // SECOND).tolist()
    assert seconds == taken["polls"]
    assert len(hour_rows(snapshot)) == len(taken["hours"])
    assert [row[0] for row in hour_rows(snapshot)] == [
        hours[number][0].strip() for number in taken["hours"]
    ]
    assert snapshot.timezones == {
        zones[number][0].strip(): zones[number][1] for number in taken["timezones"]
    }
    # "d,\n" is bad by its control character, and so names no shop.
    assert snapshot.quarantined == bad["hours"] | bad["timezones"]
    assert [(row.source, row.line) for row in snapshot.rejected] == [
        (str(files.path(source)), line)
        for source, cells in rows.items()
        for number, line in enumerate(_lines(cells))
        if number not in taken[source]
    ]


def test_a_store_can_be_sent_to_another_process(files: Files) -> None:
    files.polls("a,2023-01-25 12:00:00 UTC,active\n")
    store = CsvStore(files.folder / "polls.csv")
    first = store.snapshot()
    assert pickle.loads(pickle.dumps(store)).snapshot() == first  # noqa: S301


@pytest.mark.parametrize("path", [None, 5, ["polls.csv"]])
def test_what_is_no_path_is_refused(path: Any) -> None:  # noqa: ANN401  # wrong on purpose
    with pytest.raises(InputError, match="is not the path of a file"):
        CsvStore(path)
