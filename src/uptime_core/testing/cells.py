"""What the cells of files say, read slowly and by other means than the library's.

Each function gives a cell's value, or None for a cell that must be rejected, by the
table of `docs/reference/input.md`. It shares no code with what it checks.
"""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources

_DIGITS = frozenset("0123456789")
_LONGEST_ID = 200
_FRACTION_DIGITS = 6
_FIRST_YEAR, _LAST_YEAR = 1900, 2199
_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


def store_id(cell: str) -> str | None:
    """A shop's id."""
    trimmed = _trimmed(cell)
    if not 1 <= len(trimmed) <= _LONGEST_ID or _is_ruined(trimmed):
        return None
    if {"Cc", "Cs"} & {unicodedata.category(character) for character in trimmed}:
        return None
    return trimmed


def status(cell: str) -> bool | None:
    """Whether the shop was up."""
    return {"active": True, "inactive": False}.get(_trimmed(cell).lower())


def timestamp(cell: str) -> datetime | None:
    """An instant, in UTC."""
    text = _trimmed(cell)
    date, between, time, rest = text[:10], text[10:11], text[11:19], text[19:]
    parts = [*date.split("-"), *time.split(":")]
    if between not in {" ", "T"} or [*map(len, parts)] != [4, 2, 2, 2, 2, 2]:
        return None
    micros = 0
    if rest.startswith("."):
        kept = rest[1:].lstrip("0123456789")
        fraction = rest[1 : len(rest) - len(kept)]
        if not 1 <= len(fraction) <= _FRACTION_DIGITS:
            return None
        micros, rest = int(fraction.ljust(_FRACTION_DIGITS, "0")), kept
    ahead = _ahead_of_utc(rest)
    if ahead is None or not all(set(part) <= _DIGITS for part in parts):
        return None
    year, *others = map(int, parts)
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return None
    try:
        return datetime(year, *others, micros, tzinfo=UTC) - ahead  # type: ignore[misc, arg-type]  # five more
    except ValueError:
        return None


def day(cell: str) -> int | None:
    """A day of the week, 0 for Monday."""
    trimmed = _trimmed(cell)
    return int(trimmed) if trimmed in set("0123456") else None


def time_of_day(cell: str) -> int | None:
    """Microseconds since midnight on the wall clock, below 24 hours."""
    whole, point, fraction = _trimmed(cell).partition(".")
    parts = whole.split(":")
    widths = [len(part) for part in parts]
    seconds = ["0"] if len(parts) == 2 else []  # noqa: PLR2004  # hours and minutes
    if widths[0] not in {1, 2} or widths[1:] not in ([2], [2, 2]):
        return None
    if point and (seconds or not 1 <= len(fraction) <= _FRACTION_DIGITS):
        return None
    if not set(whole.replace(":", "") + fraction) <= _DIGITS:
        return None
    hour, minute, second = map(int, parts + seconds)
    if not (hour < 24 and minute < 60 and second < 60):  # noqa: PLR2004  # a clock's
        return None
    micros = int(fraction.ljust(_FRACTION_DIGITS, "0"))
    return hour * _HOUR + minute * _MINUTE + second * _SECOND + micros


def end_of_day(cell: str) -> int | None:
    """A closing time: as `time_of_day`, and 24 hours where the day's end is meant."""
    if _trimmed(cell) in {"24:00", "24:00:00"}:
        return _DAY
    end = time_of_day(cell)
    if end is None:
        return None
    is_last = end == _DAY - _MINUTE or end >= _DAY - _SECOND
    return _DAY if is_last else end


def span(start: int, end: int) -> tuple[int, int]:
    """The stretch that a row's times mean: one that is not after its start is later."""
    return start, end if end > start else end + _DAY


def timezone(cell: str) -> str | None:
    """The name of a time zone."""
    trimmed = _trimmed(cell)
    return trimmed if trimmed in zone_names() else None


@cache
def zone_names() -> frozenset[str]:
    """The names of the tzdata package, without its placeholder."""
    names = resources.files("tzdata").joinpath("zones").read_text("utf-8").split()
    return frozenset(names) - {"Factory"}


def _trimmed(cell: str) -> str:
    return cell.strip(" \t")


def _ahead_of_utc(text: str) -> timedelta | None:
    """The offset that ends a timestamp."""
    if text in {"", "Z", " UTC"}:
        return timedelta(0)
    sign, hours, colon, minutes = text[:1], text[1:3], text[3:4], text[4:]
    digits = hours + minutes
    if sign not in {"+", "-"} or colon != ":" or not set(digits) <= _DIGITS:
        return None
    if len(digits) != 4 or int(hours) >= 24 or int(minutes) >= 60:  # noqa: PLR2004  # a clock's
        return None
    ahead = timedelta(hours=int(hours), minutes=int(minutes))
    return ahead if sign == "+" else -ahead


def _is_ruined(text: str) -> bool:
    """Whether a spreadsheet has rounded a long number, like 8.41954E+18."""
    number, _, exponent = text.replace("e", "E").partition("E+")
    whole, point, fraction = number.removeprefix("+").removeprefix("-").partition(".")
    if "," in whole:
        whole, point, fraction = whole.partition(",")
    parts = [whole, exponent, *([fraction] if point else [])]
    return all(part and set(part) <= _DIGITS for part in parts)
