"""A reader of compiled time zone files that owes nothing to zoneinfo.

The format is RFC 9636: a block with 32-bit data, which is skipped, a block with
64-bit data, and a footer with the rule for all later years in the notation of POSIX.
"""

from __future__ import annotations

import re
import struct
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from itertools import pairwise

_HEADER = struct.Struct(">4sc15x6l")
_FOOTER = re.compile(
    r"(?:[A-Za-z]+|<[^>]+>)([-+0-9:]+)"
    r"(?:(?:[A-Za-z]+|<[^>]+>)([-+0-9:]*),M([\d.]+)(?:/([-+0-9:]+))?"
    r",M([\d.]+)(?:/([-+0-9:]+))?)?"
)
LAST_YEAR = 2101


def zone_names() -> list[str]:
    listing = resources.files("tzdata").joinpath("zones").read_text("utf-8")
    return [name for name in listing.split() if name != "Factory"]


def zone_file(name: str) -> bytes:
    root = resources.files("tzdata").joinpath("zoneinfo")
    return root.joinpath(*name.split("/")).read_bytes()


def offset_changes(data: bytes) -> list[tuple[int, int]]:
    """Instants and new offsets, in seconds, of every change up to LAST_YEAR.

    The first entry is the zone's first offset, with an instant before all others.
    """
    start = _block_end(data, 0, time_size=4)
    times, types = _counts(data, start)[3:5]
    position = start + _HEADER.size
    instants = struct.unpack_from(f">{times}q", data, position)
    position += 8 * times
    indices = data[position : position + times]
    position += times
    offsets = [
        struct.unpack_from(">lbB", data, position + 6 * number)[0]
        for number in range(types)
    ]
    footer = data[_block_end(data, start, time_size=8) :].decode().strip()
    changes = [(-(2**62), offsets[0])]
    changes += [(at, offsets[i]) for at, i in zip(instants, indices, strict=True)]
    last = changes[-1][0]
    changes += [change for change in _footer_changes(footer) if change[0] > last]
    return changes[:1] + [b for a, b in pairwise(changes) if a[1] != b[1]]


def _counts(data: bytes, start: int) -> tuple[int, ...]:
    magic, _, *counts = _HEADER.unpack_from(data, start)
    assert magic == b"TZif"
    return tuple(counts)


def _block_end(data: bytes, start: int, *, time_size: int) -> int:
    isut, isstd, leaps, times, types, chars = _counts(data, start)
    return (
        start
        + _HEADER.size
        + times * (time_size + 1)
        + types * 6
        + chars
        + leaps * (time_size + 4)
        + isstd
        + isut
    )


def _footer_changes(footer: str) -> list[tuple[int, int]]:
    match = _FOOTER.fullmatch(footer)
    assert match is not None, footer
    standard = -_seconds(match[1])
    if match[3] is None:
        return []
    summer = -_seconds(match[2]) if match[2] else standard + 3600
    changes = []
    for year in range(1970, LAST_YEAR + 1):
        begins = _rule(year, match[3]) + _seconds(match[4] or "2") - standard
        ends = _rule(year, match[5]) + _seconds(match[6] or "2") - summer
        changes += [(begins, summer), (ends, standard)]
    return sorted(changes)


def _rule(year: int, rule: str) -> int:
    """The midnight, as if of UTC, of the w-th weekday d (0 is Sunday) of month m."""
    month, week, weekday = map(int, rule.split("."))
    first = date(year, month, 1)
    day = first + timedelta(days=(weekday - first.isoweekday()) % 7 + 7 * (week - 1))
    while day.month != month:
        day -= timedelta(days=7)
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return (midnight - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)


def _seconds(text: str) -> int:
    sign = -1 if text.startswith("-") else 1
    hours, minutes, seconds = [*map(int, text.strip("+-").split(":")), 0, 0][:3]
    return sign * (hours * 3600 + minutes * 60 + seconds)
