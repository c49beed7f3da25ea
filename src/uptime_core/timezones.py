"""Time zones by name, from the tzdata package and never from the machine's files."""

from __future__ import annotations

import difflib
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

import tzdata

from uptime_core.errors import InputError, UnknownTimezoneError, shown

TZDATA_VERSION: str = tzdata.IANA_VERSION
"""The release of the time zone database in use, like ``2026f``."""

_PLACEHOLDER = "Factory"
_BLANKS = " \t"


@cache
def timezone_names() -> frozenset[str]:
    """Every name that is accepted: those of the database, less its placeholder."""
    listing = resources.files("tzdata").joinpath("zones").read_text("utf-8")
    return frozenset(listing.split()) - {_PLACEHOLDER}


def parse_timezone(cell: object) -> str:
    """The name of a time zone, trimmed and checked.

    Raises:
        UnknownTimezoneError: The database has no such name; case matters.
    """
    if not isinstance(cell, str):
        raise UnknownTimezoneError(
            f"{shown(cell)} is not the name of a time zone", field="timezone_str"
        )
    name = cell.strip(_BLANKS)
    if name not in timezone_names():
        raise UnknownTimezoneError(
            f"{shown(cell)} is not a name in the time zone database "
            f"{TZDATA_VERSION}{_suggestion(name)}",
            field="timezone_str",
        )
    return name


def _suggestion(name: str) -> str:
    if len(name) > max(map(len, timezone_names())):
        return ""
    by_folded = {known.casefold(): known for known in timezone_names()}
    near = difflib.get_close_matches(name.casefold(), sorted(by_folded), n=1)
    return f"; did you mean {by_folded[near[0]]!r}?" if near else ""


@cache
def load_timezone(name: str) -> ZoneInfo:
    """The rules of a time zone.

    Args:
        name: A name that `parse_timezone` accepts.

    Raises:
        UnknownTimezoneError: The database has no such name.
    """
    file = resources.files("tzdata").joinpath(
        "zoneinfo", *parse_timezone(name).split("/")
    )
    try:
        with file.open("rb") as stream:
            return ZoneInfo.from_file(stream, key=name)
    except (OSError, ValueError) as error:
        raise InputError(
            f"the tzdata package is damaged, install it again: {error}", source=name
        ) from error
