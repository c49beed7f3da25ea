"""One shop's time cut into pieces: which of its rows opens, and which poll speaks.

`weekly` measures business time without writing out when a shop opens and closes. Here
it is written out, for those who want to see where a number comes from. Both follow
the same rule: a shop is open at t iff its wall clock at t is inside a weekly row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uptime_core.kernel.arrays import starts_of_runs
from uptime_core.kernel.intervals import clip
from uptime_core.kernel.weekly import MONDAY, WEEK

if TYPE_CHECKING:
    from uptime_core.kernel.arrays import Int64
    from uptime_core.kernel.localtime import Segments


class Pieces(NamedTuple):
    """Stretches, sorted and disjoint, that belong to something.

    Attributes:
        start: First position or instant, in microseconds.
        end: The first one after it.
        owner: What it belongs to, an index.
    """

    start: Int64
    end: Int64
    owner: Int64


class Overlay(NamedTuple):
    """A stretch of time cut wherever one of two owners changes.

    Attributes:
        start: First instants, ascending; the first one is the stretch's.
        end: The first instants after them.
        first: Owners of the first kind, or -1.
        second: Owners of the second kind, or -1.
    """

    start: Int64
    end: Int64
    first: Int64
    second: Int64


def week_by_row(start: Int64, end: Int64) -> Pieces:
    """Cut a shop's week so that each piece has one row that opens.

    Where rows overlap it is the row that opened first, and of those that opened
    together the one that closes last: so a row goes on until it closes, and the next
    one is named from then on.

    Args:
        start: Each row's position in the week, in [0, WEEK).
        end: First position after it, in (start, start + WEEK]; what lies beyond the
            week's end belongs to its beginning.

    Returns:
        Pieces of [0, WEEK); those that no row opens are left out.
    """
    edges = np.sort(np.concatenate([[0, WEEK], start, end % WEEK]))
    edges = edges[starts_of_runs(edges)]
    begin, after = edges[:-1], edges[1:]
    # The longest rows first, as argmax finds the first one of several.
    rows = np.argsort(start - end, kind="stable")
    passed = (begin[:, np.newaxis] - start[rows]) % WEEK
    passed[passed >= (end - start)[rows]] = -1
    # A column for no row, so that there is one.
    passed = np.insert(passed, 0, -1, axis=1)
    owner = np.append(-1, rows)[passed.argmax(axis=1)]
    return _joined(begin, after, owner)


def sessions(week: Pieces, segments: Segments, high: int) -> Pieces:
    """When a shop is open, in UTC.

    Args:
        week: What `week_by_row` gives.
        segments: The zone's segments of constant offset; the first one begins where
            the sessions are to begin.
        high: Where they are to end.

    Returns:
        Pieces between the two, with the rows as owners. A session that goes on past a
        change of offset, or the week's end, is one.
    """
    starts, offsets = segments
    parts = []
    for low, after, offset in zip(
        starts.tolist(), [*starts[1:].tolist(), high], offsets.tolist(), strict=True
    ):
        first, last = (
            (instant + offset - MONDAY) // WEEK for instant in (low, after - 1)
        )
        midnight = MONDAY + np.arange(first, last + 1, dtype=np.int64) * WEEK - offset
        start, end, inside = clip(
            (midnight[:, np.newaxis] + week.start).ravel(),
            (midnight[:, np.newaxis] + week.end).ravel(),
            low,
            after,
        )
        owner = np.tile(week.owner, len(midnight))
        parts.append((start[inside], end[inside], owner[inside]))
    return _joined(*map(np.concatenate, zip(*parts, strict=True)))


def overlay(low: int, high: int, first: Pieces, second: Pieces) -> Overlay:
    """Cut [low, high) wherever an owner of either kind changes."""
    cuts = np.sort(np.concatenate([[low, high], *first[:2], *second[:2]]))
    cuts = cuts[starts_of_runs(cuts)]
    owners = [_owners(pieces, cuts[:-1]) for pieces in (first, second)]
    changes = starts_of_runs(owners[0]) | starts_of_runs(owners[1])
    start = cuts[:-1][changes]
    return Overlay(
        start, np.append(start[1:], cuts[-1:]), owners[0][changes], owners[1][changes]
    )


def _owners(pieces: Pieces, at: Int64) -> Int64:
    """Who owns the instants, or -1."""
    place = np.searchsorted(pieces.start, at, "right")
    end = np.insert(pieces.end, 0, np.iinfo(np.int64).min)
    owner = np.insert(pieces.owner, 0, -1)
    return np.where(at < end[place], owner[place], -1)


def _joined(start: Int64, end: Int64, owner: Int64) -> Pieces:
    """The pieces that belong to something; touching ones of one owner are one."""
    owned = owner >= 0
    start, end, owner = start[owned], end[owned], owner[owned]
    begins = starts_of_runs(owner)
    begins[1:] |= start[1:] != end[:-1]
    last = np.append(begins[1:], begins[:1])
    return Pieces(start[begins], end[last], owner[begins])
