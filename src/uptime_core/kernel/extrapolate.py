"""From polls to who speaks when; `docs/reference/policy.md` as array operations."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from uptime_core.kernel.arrays import Index, Int64, UInt8, starts_of_runs
from uptime_core.kernel.blocks import time_bits
from uptime_core.kernel.intervals import clip
from uptime_core.kernel.sorting import sort_packed

Method = Literal["previous", "next", "nearest"]
Initial = Literal["unknown", "first"]

FAR = 1 << 60
"""Beyond every instant that a datetime can hold, and two of them still add up."""


class Polls(NamedTuple):
    """Distinct polls, sorted by shop and instant.

    They stay packed, as most of them are only compared with their neighbours.

    Attributes:
        key: Shop, instant and status in one integer: ``(shop << bits | at - origin)
            << 1 | status``.
        bits: How many bits hold an instant.
        origin: The earliest instant, in microseconds.
        last: The row of each shop's last poll, ascending.
        duplicates: How many rows repeated an instant of their shop.
        conflicts: How many instants had both statuses.
    """

    key: Int64
    bits: int
    origin: int
    last: Int64
    duplicates: int = 0
    conflicts: int = 0

    @property
    def shop(self) -> Int64:
        """Each poll's shop, an index."""
        return self.key >> (self.bits + 1)

    @property
    def at(self) -> Int64:
        """Each poll's instant, in microseconds."""
        return ((self.key >> 1) & ((1 << self.bits) - 1)) + self.origin

    @property
    def status(self) -> UInt8:
        """1 is up, 0 is down."""
        return (self.key & 1).astype(np.uint8)

    def take(self, rows: Int64) -> Polls:
        """Some of the polls, in their order; `last` does not hold for them."""
        return self._replace(key=self.key[rows])


class Spans(NamedTuple):
    """Intervals in which somebody speaks, sorted by shop and start, disjoint.

    Attributes:
        shop: The shop's index.
        start: First instant, in microseconds.
        end: First instant after it.
        status: 1 is up, 0 is down.
    """

    shop: Int64
    start: Int64
    end: Int64
    status: UInt8


def settle(shop: Index, at: Int64, status: UInt8, *, by_shop: bool = False) -> Polls:
    """Sort polls, drop repeats; where an instant has both statuses, down wins.

    Shop, time and status are packed into one int64, whose plain sort is several
    times faster than an indirect sort of three columns
    (`docs/decisions/0003-packed-keys.md`). Callers see to it that they fit:
    ``(max(shop) + 1) << bits(max(at) - min(at)) < 2**62``.

    Args:
        shop: Shop indices from 0, any order.
        at: Instants, any order.
        status: 1 is up, 0 is down.
        by_shop: How they are sorted; see `sort_packed`.
    """
    if not len(at):
        return Polls(np.zeros(0, np.int64), 1, 0, last=np.zeros(0, np.int64))
    origin = int(at.min())
    bits = time_bits(origin, int(at.max()))
    key = np.left_shift(shop, bits + 1, dtype=np.int64)
    key += at
    key += at  # doubled where no array is needed for it; sums may wrap on the way
    key -= 2 * origin
    key += status
    key = sort_packed(key, shop, by_shop=by_shop)
    duplicates = conflicts = 0
    if int((key[1:] - key[:-1]).min(initial=2)) <= 1:  # neighbours may share an instant
        differing = key[1:] ^ key[:-1]
        again = differing <= 1
        duplicates = int(np.count_nonzero(again))
        # Within an instant all downs sort before all ups, so both are there exactly
        # where one neighbour is down and the next one up.
        conflicts = int(np.count_nonzero(differing == 1))
        key = key[np.append(True, ~again)]  # the first row's place
    shops = (int(key[-1]) >> (bits + 1)) + 1
    after = np.searchsorted(key, np.arange(1, shops + 1) << (bits + 1))
    last = after[np.diff(after, prepend=0) > 0] - 1
    return Polls(key, bits, origin, last, duplicates, conflicts)


def extrapolate(
    polls: Polls,
    *,
    method: Method,
    reach: int | None,
    initial: Initial,
    low: int,
    high: int,
) -> Spans:
    """Who speaks when, within [low, high).

    Args:
        polls: Distinct polls, sorted by shop and instant.
        method: `previous` speaks forward until the next poll, `next` backward until
            the one before, `nearest` both ways to the midpoints.
        reach: For how long a poll speaks at most, in microseconds; None is for ever.
        initial: Under `previous`, `first` lets a shop's first poll also speak
            backward by `reach`.
        low: First instant of interest.
        high: First instant after it, at most the report's "now".

    Returns:
        The intervals, neighbours of equal status joined.
    """
    span = _span(reach)
    # Neighbours of one shop and status go on without a hole up to this distance: their
    # run is one span, and only the polls at its two ends are needed.
    near = 2 * span if method == "nearest" else span
    begins = _begins(polls, near)
    opening = polls.take(begins)
    closing = polls.take(np.append(begins, len(polls.key))[1:] - 1)
    start, end = _stretches(opening, closing, method=method, span=span, initial=initial)
    start, end, spoken = clip(start, end, low, high)
    shop, status = opening.shop[spoken], opening.status[spoken]
    return Spans(shop, start[spoken], end[spoken], status)


def speech(
    polls: Polls, *, method: Method, reach: int | None, initial: Initial
) -> tuple[Int64, Int64]:
    """For how long each poll speaks: what `extrapolate` joins, and does not clip.

    Args:
        polls: Distinct polls, sorted by shop and instant.
        method: As for `extrapolate`; likewise the others.
        reach: For how long a poll speaks at most.
        initial: Whether a shop's first poll also speaks backward.

    Returns:
        Each poll's first instant and first instant after it.
    """
    return _stretches(polls, polls, method=method, span=_span(reach), initial=initial)


def _span(reach: int | None) -> int:
    return FAR if reach is None else min(reach, FAR)


def _stretches(
    opening: Polls, closing: Polls, *, method: Method, span: int, initial: Initial
) -> tuple[Int64, Int64]:
    """For how long runs of polls speak, given the first and the last poll of each."""
    start, end = opening.at, closing.at
    first = starts_of_runs(opening.shop)
    before, after = end[:-1], start[1:]  # of neighbouring runs
    inner = ~first[1:]
    if method == "previous":
        final = end + span
        final[:-1][inner] = np.minimum(final[:-1], after)[inner]
        if initial == "first":
            start = np.where(first, start - span, start)
        end = final
    elif method == "next":
        start = start - span
        start[1:][inner] = np.maximum(start[1:], before)[inner]
    else:
        middle = before + ((after - before) >> 1)
        start, end = start - span, end + span
        start[1:][inner] = np.maximum(start[1:], middle)[inner]
        end[:-1][inner] = np.minimum(end[:-1], middle)[inner]
    return start, end


def _begins(polls: Polls, near: int) -> Int64:
    """The rows that do not go on where the one before them ended.

    These are each shop's first, changes of status, and polls further than `near` from
    the one before.
    """
    key = polls.key
    if not len(key):
        return np.zeros(0, dtype=np.int64)
    apart = np.ones(len(key), dtype=np.bool_)
    instants = ((1 << polls.bits) - 1) << 1
    np.not_equal((key[1:] ^ key[:-1]) & ~instants, 0, out=apart[1:])
    if near < 1 << polls.bits:
        instant = key >> 1
        apart[1:] |= instant[1:] - instant[:-1] > near
    return np.flatnonzero(apart)
