"""How the texts of options are read."""

from __future__ import annotations

import argparse
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar, cast, get_args

from uptime_core.decimals import checked_decimals
from uptime_core.errors import InputError, shown
from uptime_core.instants import parse_timestamp, to_datetime
from uptime_core.timezones import parse_timezone
from uptime_core.window import Unit, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Value = TypeVar("Value")

_DURATION = re.compile(r"([0-9]+)([smhd])")
_ISO_INSTANT = re.compile(
    r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}FRACTION)?ZONE)?"
    r"|[0-9]{8}(?:T[0-9]{4}(?:[0-9]{2}FRACTION)?ZONE)?)".replace(
        "FRACTION", r"(?:[.,][0-9]{1,6})?"
    ).replace("ZONE", r"(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?")
)
_DURATION_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def argument(parse: Callable[[str], Value]) -> Callable[[str], Value]:
    """A parser of an option's text whose errors argparse passes on as they are."""

    def parsed(text: str) -> Value:
        try:
            return parse(text)
        except InputError as error:
            # A field alone is what is wrong inside of the option, or its very name.
            reason = error.reason if error.source is None else str(error)
            raise argparse.ArgumentTypeError(reason) from None
        except ValueError:
            raise argparse.ArgumentTypeError(f"invalid value: {shown(text)}") from None

    return parsed


def duration(text: str) -> timedelta:
    """A whole number and a unit, like ``90s``."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise InputError(f"{shown(text)} is not a duration like 90s, 30m, 1h or 2d")
    if not int(match[1]):
        raise InputError(f"{shown(text)} is no time at all; give 1s at least")
    try:
        return timedelta(**{_DURATION_UNITS[match[2]]: int(match[1])})
    except (OverflowError, ValueError):
        raise InputError(
            f"{shown(text)} is longer than a duration can be; give 999999999d at most"
        ) from None


def duration_or_none(text: str) -> timedelta | None:
    """A duration, or None for ``none``."""
    return None if text == "none" else duration(text)


def instant(text: str) -> datetime:
    """An instant as the files have it, or any ISO 8601 one; UTC, unless it says so."""
    with suppress(InputError):
        return to_datetime(parse_timestamp(text))
    # isoparse is looser, its releases differ, and it drops what is below a microsecond.
    if _ISO_INSTANT.fullmatch(text):
        from dateutil.parser import isoparse  # noqa: PLC0415  # 15 ms, seldom needed

        with suppress(ValueError, OverflowError):
            instant: datetime = isoparse(text)
            if instant.tzinfo is None:
                return instant.replace(tzinfo=UTC)
            return instant
    raise InputError(
        f"{shown(text)} is not an ISO 8601 instant like 2023-01-25T18:13:22Z"
    )


def decimals(text: str) -> int:
    """A number of digits after the point."""
    if not re.fullmatch(r"[0-9]{1,2}", text):
        raise InputError(f"{shown(text)} is not a number of digits, like 4")
    return checked_decimals(int(text))


def timezone_or_none(text: str) -> str | None:
    """A name of the time zone database, or None for ``none``."""
    return None if text == "none" else parse_timezone(text)


def file_name(text: str) -> str:
    """The name of a file, which is not empty."""
    if not text:
        raise InputError(
            "the name of the file is empty; name one, or leave the option out"
        )
    return text


def window(text: str) -> Window:
    """A window, like ``month=30d:days``."""
    name, equals, span = text.partition("=")
    if not equals:
        raise InputError(f"{shown(text)} is not NAME=30d:hours or NAME=START/END:hours")
    length, colon, unit = span.rpartition(":")
    if not (colon and unit.isalpha()):  # a colon of an instant, or none
        length, unit = span, "hours"
    if unit not in get_args(Unit):
        raise InputError(f"{shown(unit)} is none of {', '.join(get_args(Unit))}")
    chosen = cast("Unit", unit)
    start, slash, end = length.partition("/")
    if slash:
        return Window.between(instant(start), instant(end), name=name, unit=chosen)
    return Window.last(duration(length), name=name, unit=chosen)


def column_names(options: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Headers by column; a column named twice may have either header."""
    names: dict[str, tuple[str, ...]] = {}
    for option in options:
        name, equals, header = option.partition("=")
        if not (equals and header.strip()):
            raise InputError(
                f"argument --column: {shown(option)} is not NAME=HEADER, like "
                "store_id=shop"
            )
        names[name] = (*names.get(name, ()), header)
    return names
