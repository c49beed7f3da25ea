"""Cells are read as the reference says, and as the library reads them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_core import BusinessHours, InputError
from uptime_core.instants import parse_timestamp, to_datetime
from uptime_core.polls import parse_status
from uptime_core.schedule import parse_day
from uptime_core.store_ids import parse_store_id
from uptime_core.testing import cells
from uptime_core.testing.hostile import FIELDS
from uptime_core.testing.strategies.cell_texts import any_cells, right_cells
from uptime_core.timezones import parse_timezone

if TYPE_CHECKING:
    from collections.abc import Callable

MINUTE = 60_000_000
DAY = 1440 * MINUTE

TABLE: dict[Callable[[str], object], dict[str, object]] = {
    cells.store_id: {
        "a": "a",
        " a b\t": "a b",
        "007": "007",
        "x" * 200: "x" * 200,
        "1e5": "1e5",
        "1e-5": "1e-5",
        "a1e+5": "a1e+5",
        "1e+": "1e+",
        "1.e+5": "1.e+5",
        "": None,
        " \t": None,
        "x" * 201: None,
        "a\x00": None,
        "a\x85b": None,
        "\ud800": None,
        "8.41954E+18": None,
        "8,4e+18": None,
        "-84E+1": None,
        "+8.4e+18": None,
    },
    cells.status: {
        "active": True,
        " INACTIVE\t": False,
        "": None,
        "up": None,
        "activ": None,
    },
    cells.timestamp: {
        "2023-01-25 18:13:22.47922 UTC": datetime(2023, 1, 25, 18, 13, 22, 479220, UTC),
        " 2023-01-25T18:13:22Z ": datetime(2023, 1, 25, 18, 13, 22, tzinfo=UTC),
        "2023-01-25 18:13:22": datetime(2023, 1, 25, 18, 13, 22, tzinfo=UTC),
        "2023-01-25 18:13:22+05:45": datetime(2023, 1, 25, 12, 28, 22, tzinfo=UTC),
        "2199-12-31 23:59:59-23:59": datetime(2200, 1, 1, 23, 58, 59, tzinfo=UTC),
        "1900-01-01 00:00:00+01:00": datetime(1899, 12, 31, 23, tzinfo=UTC),
        "2023-01-25": None,
        "2023-01-25 18:13": None,
        "2023-01-25 18:13:22.": None,
        "2023-01-25 18:13:22.1234567": None,
        "2023-01-25 18:13:60": None,
        "2023-02-29 00:00:00": None,
        "1899-12-31 23:59:59": None,
        "2200-01-01 00:00:00": None,
        "2023-01-25 18:13:22 utc": None,
        "2023-01-25 18:13:22UTC": None,
        "2023-01-25 18:13:22+24:00": None,
        "2023-01-25 18:13:22+0545": None,
        "2023-01-25 18:13:2\u0662": None,
        "2023-01-25\u00a018:13:22": None,
    },
    cells.day: {"0": 0, " 6": 6, "7": None, "": None, "01": None, "\u0661": None},
    cells.time_of_day: {
        "9:00": 540 * MINUTE,
        "09:00:30.5": 540 * MINUTE + 30_500_000,
        "23:59:59.999999": DAY - 1,
        "24:00": None,
        "9:0": None,
        "9": None,
        "": None,
        "12:60": None,
        "12:00:60": None,
        "12:00.5": None,
        "12:00:00.": None,
        "12:00:00.1234567": None,
        "1\u0661:00": None,
    },
    cells.end_of_day: {
        "24:00": DAY,
        "24:00:00": DAY,
        "23:59": DAY,
        "23:59:00": DAY,
        "23:59:59": DAY,
        "23:59:59.9": DAY,
        "23:59:30": DAY - MINUTE // 2,
        "23:58": DAY - 2 * MINUTE,
        "00:00": 0,
        "24:01": None,
        "24:00:00.0": None,
    },
    cells.timezone: {
        "UTC": "UTC",
        " Europe/Paris": "Europe/Paris",
        "Factory": None,
        "utc": None,
        "": None,
    },
}


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (read, text, value)
        for read, rows in TABLE.items()
        for text, value in rows.items()
    ],
    ids=lambda part: getattr(part, "__name__", None),
)
def test_a_cell(read: Callable[[str], object], text: str, value: object) -> None:
    assert read(text) == value


def accepted(read: Callable[[str], object], text: str) -> object:
    try:
        return read(text)
    except InputError:
        return None


def start_of(text: str) -> int:
    return BusinessHours.parse(0, text, "24:00").start


def end_of(text: str) -> int:
    """An end that is not after 00:00 is that of the next day."""
    return BusinessHours.parse(0, "00:00", text).end % (2 * DAY)


LIBRARY: dict[str, tuple[Callable[[str], object], Callable[[str], object]]] = {
    "store_id": (cells.store_id, parse_store_id),
    "timestamp_utc": (
        cells.timestamp,
        lambda text: to_datetime(parse_timestamp(text)),
    ),
    "status": (cells.status, parse_status),
    "day": (cells.day, parse_day),
    "start_time_local": (cells.time_of_day, start_of),
    "end_time_local": (
        lambda text: (
            None if (end := cells.end_of_day(text)) is None else cells.span(0, end)[1]
        ),
        end_of,
    ),
    "timezone_str": (cells.timezone, parse_timezone),
}


@pytest.mark.parametrize("field", sorted({f for row in FIELDS.values() for f in row}))
@given(data=st.data())
def test_the_library_reads_every_cell_likewise(field: str, data: st.DataObject) -> None:
    slow, fast = LIBRARY[field]
    text = data.draw(any_cells()[field] | right_cells()[field])
    assert accepted(fast, text) == slow(text)


@pytest.mark.parametrize("field", sorted(LIBRARY))
@given(data=st.data())
def test_right_cells_are_right(field: str, data: st.DataObject) -> None:
    text = data.draw(right_cells()[field])
    assert LIBRARY[field][0](text) is not None
