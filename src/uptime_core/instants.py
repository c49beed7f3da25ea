"""Instants: datetimes and texts to int64 microseconds since 1970-01-01 UTC and back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np

from uptime_core.errors import InputError, shown
from uptime_core.kernel.localtime import SECOND
from uptime_core.store_ids import BLANKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uptime_core.kernel.arrays import Bool, Int64

MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = (datetime.min.replace(tzinfo=UTC) - EPOCH) // MICROSECOND
LATEST = (datetime.max.replace(tzinfo=UTC) - EPOCH) // MICROSECOND
UNREADABLE = int(np.iinfo(np.int64).min)
"""What `parse_timestamps` gives for a text that is no timestamp."""

FIRST_YEAR, _LAST_YEAR = 1900, 2199
EARLIEST_KEPT = (datetime(FIRST_YEAR, 1, 1, tzinfo=UTC) - EPOCH) // MICROSECOND
LATEST_KEPT = (datetime(_LAST_YEAR + 1, 1, 1, tzinfo=UTC) - EPOCH) // MICROSECOND - 1
"""The first and the last instant of polls in files and in stores."""

_TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[ T]([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(?:\.([0-9]{1,6}))?(?: UTC|Z|([+-])([0-9]{2}):([0-9]{2}))?"
)
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_MINUTES = rf"{_DATE}[ T][0-9]{{2}}:[0-9]{{2}}"
_SECONDS = rf"{_MINUTES}:[0-9]{{2}}"
_FAULTS = (
    (
        r"[+-]?[0-9]+(?:[.,][0-9]*)?(?:[eE][+-]?[0-9]+)?\Z",
        "a number is no timestamp: convert unix seconds, or a spreadsheet's days",
    ),
    (rf"{_DATE}\Z", "the time of day is missing"),
    (rf"{_MINUTES}(?!:)", "the seconds are missing"),
    (rf"{_SECONDS}\.[0-9]{{7}}", "a second has 6 digits at most: round it"),
    (rf"{_SECONDS},", "a second's fraction begins with a point"),
    (
        rf"{_SECONDS}(?:\.[0-9]+)? ?(?:UTC|GMT)?[+-][0-9]",
        "an offset is written like +01:00, right behind the time",
    ),
    (
        rf"{_SECONDS}(?:\.[0-9]+)? *[A-Za-z]+\Z",
        "a zone is written ' UTC', 'Z', or as an offset like +01:00",
    ),
    (
        rf"{_DATE}[ T][0-9]:|(?!{_DATE})[0-9]+([-/.])[0-9]{{1,2}}\1[0-9]+\b",
        "date and time are written with all digits, as in 2023-01-05 09:05:00",
    ),
)
"""Forms that are met often, and what is wrong with them; the first one counts."""


def to_micros(instant: datetime) -> int:
    """An aware datetime as microseconds since 1970-01-01 UTC, exactly.

    Raises:
        InputError: It is no datetime, has no time zone, or lies outside the years 1
            to 9999 in UTC.
    """
    if not isinstance(instant, datetime):
        raise InputError(f"{shown(instant)} is not a datetime; {_instead(instant)}")
    if instant != instant:  # noqa: PLR0124  # the "not a time" of pandas is a datetime
        raise InputError(f"{instant} is no instant")
    if instant.utcoffset() is None:
        raise InputError(
            f"{instant} has no time zone; say which one is meant, for example with "
            ".replace(tzinfo=datetime.UTC)"
        )
    micros = whole_micros(instant - EPOCH, instant)
    if not EARLIEST <= micros <= LATEST:
        raise InputError(f"{instant} is outside the years 1 to 9999 in UTC")
    return micros


def whole_micros(duration: timedelta, shown_as: object) -> int:
    """A duration in microseconds.

    Raises:
        InputError: It is finer, as those of pandas can be.
    """
    micros, rest = divmod(duration, MICROSECOND)
    if rest:
        raise InputError(f"{shown_as} is finer than a microsecond; round it")
    return int(micros)


def to_datetime(micros: int) -> datetime:
    """Microseconds since 1970-01-01 UTC as a datetime in UTC."""
    return EPOCH + timedelta(microseconds=micros)


def to_text(micros: int) -> str:
    """An instant as reports write it, like ``2023-01-25T18:13:22.479220Z``."""
    local = to_datetime(micros).replace(tzinfo=None)
    return f"{local.isoformat(timespec='microseconds')}Z"


def parse_timestamp(cell: str) -> int:
    """The text of a timestamp in UTC as microseconds.

    ``YYYY-MM-DD``, a blank or ``T``, ``HH:MM:SS``, then up to six digits of a
    second's fraction, then nothing, `` UTC``, ``Z`` or an offset like ``-06:00``.

    Raises:
        InputError: It has another form, is no instant, or is not of the years 1900
            to 2199, as written and in UTC.
    """
    match = _TIMESTAMP.fullmatch(cell.strip(BLANKS))
    if match is None:
        raise InputError(
            f"{shown(cell)} is not a timestamp like '2023-01-25 18:13:22.47922 UTC'"
            f"{_fault(cell.strip(BLANKS))}",
            field="timestamp_utc",
        )
    *fields, fraction, sign, hours, minutes = match.groups()
    year, month, day, hour, minute, second = map(int, fields)
    if not FIRST_YEAR <= year <= _LAST_YEAR:
        raise _not_kept(cell)
    micro = int((fraction or "").ljust(6, "0"))
    offset = timedelta()
    try:
        if sign:
            offset = _parse_offset(sign, int(hours), int(minutes))
        instant = datetime(year, month, day, hour, minute, second, micro, tzinfo=UTC)
    except ValueError as error:
        raise InputError(
            f"{shown(cell)} is no instant: {error}", field="timestamp_utc"
        ) from None
    micros = (instant - EPOCH - offset) // MICROSECOND
    if not EARLIEST_KEPT <= micros <= LATEST_KEPT:
        raise _not_kept(cell)
    return micros


def check_kept(micros: int) -> None:
    """A poll of this instant can be kept in a store.

    Raises:
        InputError: It is not of the years 1900 to 2199 in UTC.
    """
    if not EARLIEST_KEPT <= micros <= LATEST_KEPT:
        raise _not_kept(to_text(micros))


def _instead(value: object) -> str:
    """What to give instead of what is no datetime."""
    if isinstance(value, Real):
        return "of unix seconds, give datetime.fromtimestamp(seconds, UTC)"
    return "give one with a time zone"


def _fault(text: str) -> str:
    """What is wrong with a text that is no timestamp, where that is clear."""
    reasons = (reason for form, reason in _FAULTS if re.match(form, text))
    reason = next(reasons, None)
    return "" if reason is None else f"; {reason}"


def _not_kept(text: str) -> InputError:
    return InputError(
        f"{shown(text)} is not of the years {FIRST_YEAR} to {_LAST_YEAR}",
        field="timestamp_utc",
    )


def _parse_offset(sign: str, hours: int, minutes: int) -> timedelta:
    if hours > 23 or minutes > 59:  # noqa: PLR2004  # a day's hours, an hour's minutes
        message = "offset from UTC must be below 24:00, with minutes below 60"
        raise ValueError(message)
    offset = timedelta(hours=hours, minutes=minutes)
    return -offset if sign == "-" else offset


_MONTHS = np.arange(f"{FIRST_YEAR}-01", f"{_LAST_YEAR + 1}-02", dtype="datetime64[M]")
MONTH_START = _MONTHS.astype("datetime64[D]").astype(np.int64)
MONTH_DAYS = np.diff(MONTH_START)
_WIDTH = len("2023-01-25 18:13:22.479220+00:00") + 1
_FIXED = {4: b"-", 7: b"-", 13: b":", 16: b":"}
_TAILS = (b"\0\0\0\0\0", b"Z\0\0\0\0", b" UTC\0")


def parse_timestamps(cells: Sequence[str]) -> Int64:
    """`parse_timestamp` for a whole column, `UNREADABLE` where it would raise.

    The forms that end in nothing, ``Z`` or `` UTC`` are read as arrays, whatever
    else is there is handed to `parse_timestamp`, with the same result.

    Args:
        cells: Texts without NUL characters.
    """
    try:
        instants, read = _read_columns(np.array(cells, dtype=f"S{_WIDTH}"))
    except UnicodeEncodeError:
        instants = np.zeros(len(cells), dtype=np.int64)
        read = np.zeros(len(cells), dtype=np.bool_)
    for row in np.flatnonzero(~read).tolist():
        try:
            instants[row] = parse_timestamp(cells[row])
        except InputError:
            instants[row] = UNREADABLE
    return instants


def _read_columns(
    cells: np.ndarray[tuple[int], np.dtype[np.bytes_]],
) -> tuple[Int64, Bool]:
    """Instants of the cells in plain UTC form, and which cells have that form."""
    rows = len(cells)
    byte = np.ascontiguousarray(cells.view(np.uint8).reshape(rows, _WIDTH).T)
    digit = byte - ord("0")
    is_digit = digit <= 9  # noqa: PLR2004  # smaller bytes have wrapped round to more
    wide = digit.astype(np.int64)

    def number(first: int, width: int) -> Int64:
        value: Int64 = wide[first]
        for place in range(first + 1, first + width):
            value = value * 10 + wide[place]
        return value

    read = (byte[10] == ord(" ")) | (byte[10] == ord("T"))
    for place, mark in _FIXED.items():
        read &= byte[place] == mark[0]
    for first, width in ((0, 4), (5, 2), (8, 2), (11, 2), (14, 2), (17, 2)):
        read &= is_digit[first : first + width].all(axis=0)
    month = (number(0, 4) - FIRST_YEAR) * 12 + number(5, 2) - 1
    read &= (number(5, 2) >= 1) & (number(5, 2) <= 12)  # noqa: PLR2004  # months
    read &= (month >= 0) & (month < len(MONTH_DAYS))
    month[~read] = 0
    day, hour, minute, second = (number(first, 2) for first in (8, 11, 14, 17))
    read &= (day >= 1) & (day <= MONTH_DAYS[month])
    read &= (hour < 24) & (minute < 60) & (second < 60)  # noqa: PLR2004  # clock

    in_fraction = byte[19] == ord(".")
    has_fraction = in_fraction.copy()
    tail = np.full(rows, 19) + has_fraction
    micro = np.zeros(rows, dtype=np.int64)
    for place in range(20, 26):
        in_fraction &= is_digit[place]
        micro = micro * 10 + np.where(in_fraction, wide[place], 0)
        tail += in_fraction
    read &= ~has_fraction | (tail > 20)  # noqa: PLR2004  # a point alone is no fraction
    ending = byte[tail + np.arange(5)[:, np.newaxis], np.arange(rows)]
    expected = np.array([list(form) for form in _TAILS], dtype=np.uint8)
    read &= (ending == expected[:, :, np.newaxis]).all(axis=1).any(axis=0)

    days = MONTH_START[month] + day - 1
    seconds = ((days * 24 + hour) * 60 + minute) * 60 + second
    return seconds * SECOND + micro, read
