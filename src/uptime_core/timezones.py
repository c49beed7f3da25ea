"""Time zones by name, from the tzdata package and never from the machine's files."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from io import BytesIO
from pkgutil import get_data
from zoneinfo import ZoneInfo

import tzdata

from uptime_core.errors import InputError, UnknownTimezoneError, shown
from uptime_core.store_ids import BLANKS

TZDATA_VERSION: str = tzdata.IANA_VERSION
"""The release of the time zone database in use, like ``2026f``."""

_PLACEHOLDER = "Factory"
_OF_UTC = ("Etc/UTC", "Etc/GMT")
_LONGEST_NAME = 64


@cache
def timezone_names() -> frozenset[str]:
    """Every name that is accepted: those of the database, less its placeholder."""
    return frozenset(_database("zones").decode().split()) - {_PLACEHOLDER}


@cache
def outdated_timezones() -> dict[str, str]:
    """Names that are out of use, and today's name of the same zone.

    These are the links of the database but for those that are somebody's name today,
    which stand in its table of zones by country, and for those of UTC.
    """
    try:
        table = _database("zoneinfo/zone.tab").decode().splitlines()
        rules = _database("zoneinfo/tzdata.zi").decode().splitlines()
    except OSError:  # somebody has packaged the database without them
        return {}
    in_use = {line.split("\t")[2] for line in table if line and line[0] != "#"}
    links = (line.split()[1:] for line in rules if line.startswith("L "))
    names = timezone_names() - in_use
    return {
        name: today for today, name in links if name in names and today not in _OF_UTC
    }


def parse_timezone(cell: object) -> str:
    """The name of a time zone, trimmed and checked.

    Raises:
        UnknownTimezoneError: The database has no such name; case matters.
    """
    if not isinstance(cell, str):
        raise UnknownTimezoneError(
            f"{shown(cell)} is not the name of a time zone, like 'Europe/Paris'",
            field="timezone_str",
        )
    name = cell.strip(BLANKS)
    if name not in timezone_names():
        raise UnknownTimezoneError(
            f"{shown(cell)} is not a name in the time zone database "
            f"{TZDATA_VERSION}{_suggestion(name)}",
            field="timezone_str",
        )
    return name


@lru_cache(maxsize=1024)
def _suggestion(name: str) -> str:
    near = _near_names().get(_plain(name))
    if offset := re.fullmatch(
        r"(?:UTC|GMT)([+-])0?([0-9]{1,2})(?::?([0-9]{2}))?", name
    ):
        sign = "-" if offset[1] == "+" else "+"  # as these names are, by POSIX
        near = f"Etc/GMT{sign}{offset[2]}"
        if offset[3] not in (None, "00") or near not in timezone_names():
            return ", but an offset; names are like 'Europe/Paris'"
    if near is None:
        # Among few candidates, so that a file with nothing but bad names is no hang.
        region, _, city = name[:_LONGEST_NAME].rpartition("/")
        start = f"{region}/{city[:1]}" if region else city[:2]
        similar = [known for known in timezone_names() if known.startswith(start)]
        import difflib  # noqa: PLC0415  # for those who misspell a name

        near = next(iter(difflib.get_close_matches(name, sorted(similar), n=1)), None)
    return f"; did you mean {near!r}?" if near else "; names are like 'Europe/Paris'"


@cache
def _near_names() -> dict[str, str]:
    """Names by how they are often written: in any case, with blanks, the city alone."""
    names = sorted(timezone_names())
    cities = {_plain(name.rpartition("/")[2]): name for name in reversed(names)}
    return cities | {_plain(name): name for name in names}


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))


@cache
def load_timezone(name: str) -> ZoneInfo:
    """The rules of a time zone.

    Args:
        name: A name that `parse_timezone` accepts.

    Raises:
        UnknownTimezoneError: The database has no such name.
        InputError: The tzdata package is damaged.
    """
    name = parse_timezone(name)
    try:
        return ZoneInfo.from_file(BytesIO(_database(f"zoneinfo/{name}")), key=name)
    except (OSError, ValueError) as error:
        raise InputError(
            f"the tzdata package is damaged, install it again: {error}", source=name
        ) from error


def _database(path: str) -> bytes:
    """A file of the package; importlib.resources takes 7 ms longer to be loaded."""
    return get_data("tzdata", path) or b""
