"""Ids, instants, business hours and bad rows with which stores go wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from uptime_core.policy import Policy
from uptime_core.polls import Poll, PollColumns
from uptime_core.schedule import BusinessHours, HoursColumns, WeeklySchedule
from uptime_core.testing.store_model import DAY, EPOCH, MICROSECOND, row_texts
from uptime_core.timezones import load_timezone
from uptime_core.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from uptime_core.inputs import HoursInput, PollInput
    from uptime_core.testing.store_model import PollRow, WeekRow

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)

IDS = (
    # Numbers that a float, a number, or a text without zeros would take for another.
    *("8419537941919820732", "8419537941919820733", "7", "07", "007", "7.0", "1e5"),
    *("0x7", "-1", "NaN", "null", "None", "True"),
    # Case, forms of one letter, and what a comparison of words takes for the same.
    *("a", "A", "aa", "AA", "\u00e9", "e\u0301", "\u00df", "ss", "\u0130", "i\u0307"),
    # Patterns, paths, quotes, separators, formulas.
    *("a%", "a_", "a*", "a?", ".", "..", "a/b", "../a", "a\\b", "con", "'", '"'),
    *("a'b", 'a"b', "a,b", "a;b", "a|b", "a b", "a  b", "=1+1", "@a", "#a", "{}"),
    # What is no blank, no end of a line and no end of a text here.
    *("\u00a0a", "a\u00a0", "a\u2028b", "a\u2029b", "\ufeffa", "a\u200b", "\u3000"),
    # Beyond the basic plane, and before and after it in other orders than this one.
    *("\U0001f600", "\U0001d7d5", "\uffee", "\u65e5\u672c", "x" * 199, "x" * 200),
)
"""Ids of as many shops."""


def micros(instant: datetime) -> int:
    """An aware datetime in microseconds since 1970-01-01 UTC."""
    return (instant - EPOCH) // MICROSECOND


def at(micros: int) -> datetime:
    """Microseconds since 1970-01-01 UTC as a datetime."""
    return EPOCH + micros * MICROSECOND


INSTANTS = tuple(
    sorted(
        {
            micros(datetime.fromisoformat(text).replace(tzinfo=UTC)) + beside
            for text in (
                *("1900-01-01T00:00:00", "1969-12-31T23:59:59", "1970-01-01T00:00:00"),
                *("2000-02-29T12:00:00", "2023-01-25T12:00:00", "2023-03-26T01:00:00"),
                *("2038-01-19T03:14:08", "2106-02-07T06:28:16", "2199-12-31T23:59:59"),
            )
            for beside in (0, 1, -1, 999, 123_456)
            if (text, beside) != ("1900-01-01T00:00:00", -1)
        }
    )
)
"""Instants of the years that files may have: edges of units and of numbers."""

OTHER_YEARS = (
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1899, 12, 31, 23, 59, 59, 999_999, UTC),
    datetime(2200, 1, 1, tzinfo=UTC),
    datetime(2262, 4, 11, 23, 47, 16, 854_776, UTC),  # past nanoseconds of 64 bits
    datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC),
)
"""Instants of years that files may not have."""


def row(day: int, start: str, end: str) -> WeekRow:
    """A weekly row as microseconds since Monday 00:00."""
    parsed = BusinessHours.parse(day, start, end)
    return day * DAY + parsed.start, day * DAY + parsed.end


HOURS: Mapping[str, tuple[WeekRow, ...]] = {
    "one": (row(0, "09:00", "17:00"),),
    "split": (
        *(row(2, "9:00", "12:00"), row(2, "12:00", "13:00"), row(2, "14:00", "9:00")),
    ),
    "overlap": (
        *(row(1, "9:00", "17:00"), row(1, "10:00", "11:00"), row(1, "16:00", "18:00")),
    ),
    "night": (row(4, "22:00", "02:00"), row(6, "22:00", "02:00")),
    "midnight": (row(5, "12:00", "24:00"), row(6, "00:00", "24:00")),
    "always": tuple(row(day, "00:00", "24:00") for day in range(7)),
    "day": (row(3, "07:30", "07:30"),),
    "fine": (row(6, "00:00:00.000001", "23:58:59.999999"),),
}
"""Business hours of as many kinds, by the name of a shop."""

DAYS = tuple(row(day, "07:30", "18:15") for day in range(7))
NIGHTS = tuple(row(day, "20:40", "05:10") for day in range(7))
"""Hours of every day, which a wrong zone, or none, moves."""

TIMEZONES: Mapping[str, str] = {
    "one": "America/New_York",
    "split": "Australia/Lord_Howe",
    "overlap": "Asia/Kathmandu",
    "night": "Pacific/Apia",
    "midnight": "Africa/Casablanca",
    "day": "America/Argentina/ComodRivadavia",
    "utc": "UTC",
    "zulu": "Zulu",
    "gmt": "Etc/GMT+5",
    "gb": "GB-Eire",
}
"""Time zones by shop: aliases, long names, and names that differ by little."""

WINDOWS = (
    Window.last(timedelta(minutes=90), name="recent"),
    Window.last(timedelta(days=2), name="days", unit="days"),
    Window.between(NOON - timedelta(hours=7), NOON - timedelta(hours=5), name="past"),
    Window.between(NOON, NOON + timedelta(hours=3), name="now"),
)
"""What reports of stores are asked for; several hours before and after `NOON`."""

POLICIES = (
    Policy(),
    Policy(reach=None),
    Policy(reach=timedelta(days=3), initial="first", missing_hours="closed"),
    Policy(extrapolation="next", reach=None),
    Policy(extrapolation="next", reach=timedelta(hours=5)),
    Policy(extrapolation="nearest", reach=None, default_timezone="UTC"),
    Policy(extrapolation="nearest", reach=timedelta(minutes=50)),
)
"""How polls are read: each way, with and without a limit."""


def as_rows(rows: Iterable[PollRow]) -> list[tuple[str, datetime, str | bool]]:
    """Polls as tuples of id, datetime and text."""
    return [(shop, at(t), "active" if up else "inactive") for shop, t, up in rows]


def as_polls(rows: Iterable[PollRow]) -> PollInput:
    """Polls as a generator of `Poll`."""
    return (Poll(shop, at(t), up) for shop, t, up in rows)


def as_columns(rows: Iterable[PollRow]) -> PollInput:
    """Polls as columns; the ids come backwards, with one that has no poll."""
    polls = list(rows)
    ids = ["never polled", *sorted({shop for shop, _, _ in polls}, reverse=True)]
    code = {shop: number for number, shop in enumerate(ids)}
    return PollColumns(
        ids,
        np.array([code[shop] for shop, _, _ in polls], dtype=np.int32),
        np.array([t for _, t, _ in polls], dtype=np.int64),
        np.array([up for _, _, up in polls], dtype=np.uint8),
    )


def as_local(rows: Iterable[PollRow]) -> PollInput:
    """Polls with ids in blanks, statuses in capitals, and datetimes of three zones."""
    zones = (
        timezone(timedelta(hours=5, minutes=45)),
        load_timezone("America/New_York"),
        load_timezone("Australia/Lord_Howe"),
    )
    return [
        (
            f" {shop}\t",
            at(t).astimezone(zones[number % 3]),
            ("ACTIVE" if up else " Inactive ") if number % 2 else up,
        )
        for number, (shop, t, up) in enumerate(rows)
    ]


def _as_cells(rows: Iterable[PollRow]) -> dict[str, list[Any]]:
    ids, instants, statuses = zip(*as_rows(rows), strict=True)
    names = ("store_id", "timestamp_utc", "status")
    return dict(zip(names, map(list, (ids, instants, statuses)), strict=True))


def as_frame(rows: Iterable[PollRow]) -> PollInput:
    """Polls as a data frame of pandas, which must be installed."""
    import pandas as pd  # noqa: PLC0415  # it may not be there

    frame: PollInput = pd.DataFrame(_as_cells(rows))
    return frame


def as_arrow(rows: Iterable[PollRow]) -> PollInput:
    """Polls as a table of pyarrow, which must be installed."""
    import pyarrow as pa  # noqa: PLC0415  # it may not be there

    table: PollInput = pa.table(_as_cells(rows))
    return table


POLL_FORMS: Sequence[Callable[[Iterable[PollRow]], PollInput]] = (
    *(as_rows, as_polls, as_columns, as_local),
)
"""The forms in which polls are handed in."""


def as_schedules(hours: Mapping[str, Sequence[WeekRow]]) -> HoursInput:
    """Business hours as a mapping of schedules."""
    return {
        shop: WeeklySchedule(
            BusinessHours(start // DAY, start % DAY, end - start // DAY * DAY)
            for start, end in rows
        )
        for shop, rows in hours.items()
    }


def as_hours_columns(hours: Mapping[str, Sequence[WeekRow]]) -> HoursInput:
    """Business hours as columns; the ids come backwards."""
    ids = sorted(hours, reverse=True)
    rows = [(code, *row) for code, shop in enumerate(ids) for row in hours[shop]]
    code, start, end = zip(*rows, strict=True) if rows else ((), (), ())
    return HoursColumns(ids, code, start, end)


def as_hours_rows(
    hours: Mapping[str, Sequence[WeekRow]],
) -> list[tuple[str, int, str, str]]:
    """Business hours as rows of texts, day by day; no shop may be always closed."""
    rows = [(shop, *row_texts(row)) for shop in hours for row in hours[shop]]
    return sorted(rows, key=lambda row: row[1:])


HOURS_FORMS: Sequence[Callable[[Mapping[str, Sequence[WeekRow]]], HoursInput]] = (
    *(as_schedules, as_hours_columns, as_hours_rows),
)
"""The forms in which business hours are handed in."""

BAD_POLLS: Sequence[Any] = (
    *(("", NOON, True), ("bad", NOON.replace(tzinfo=None), True)),
    *(("bad", NOON, "up"), (8419537941919820732, NOON, True), ("bad", NOON)),
    *(("8.4E+18", NOON, True), ("bad\n", NOON, False), ("bad", "2023-01-25", True)),
)
"""Rows of polls that no store takes."""

BAD_HOURS: Sequence[Any] = (
    *(("bad", 7, "9:00", "17:00"), ("bad", 2, "24:00", "25:00")),
    *(("bad", "Monday", "9:00", "17:00"), ("bad", 2, "9", "17")),
)
"""Rows of business hours that no store takes; all are of the shop `bad`."""

BAD_TIMEZONES: Sequence[Any] = (
    *(("bad", "Mars"), ("bad", ""), ("bad", "utc"), ("bad", "America/Nowhere")),
)
"""Rows of time zones that no store takes; all are of the shop `bad`."""

START = micros(NOON)
MINUTE = 60_000_000


def some_polls(seed: int, shops: Sequence[str], count: int) -> list[PollRow]:
    """Polls of some hours about noon: repeats, neighbours, and contradictions."""
    chance = Random(seed)  # noqa: S311  # no secret
    return [
        (
            chance.choice(shops),
            START
            + chance.randrange(-20, 21) * 17 * MINUTE
            + chance.choice((0, 0, 0, 1, -1)),
            chance.random() < 0.6,  # noqa: PLR2004  # more of them up
        )
        for _ in range(count)
    ]
