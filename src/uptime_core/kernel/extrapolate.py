"""From polls to who speaks when; `docs/reference/policy.md` as array operations."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from uptime_core.kernel.arrays import Bool, Int64, UInt8, ends_of_runs, starts_of_runs
from uptime_core.kernel.blocks import time_bits
from uptime_core.kernel.intervals import clip, join

Method = Literal["previous", "next", "nearest"]
Initial = Literal["unknown", "first"]

FAR = 1 << 60
"""Beyond every instant that a datetime can hold, and two of them still add up."""


class Polls(NamedTuple):
    """Distinct polls, sorted by shop and instant.

    Attributes:
        shop: The shop's index.
        at: Instants in microseconds.
        status: 1 is up, 0 is down.
        duplicates: How many rows repeated an instant of their shop.
        conflicts: How many instants had both statuses.
    """

    shop: Int64
    at: Int64
    status: UInt8
    duplicates: int
    conflicts: int


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


def settle(shop: Int64, at: Int64, status: UInt8) -> Polls:
    """Sort polls, drop repeats; where an instant has both statuses, down wins.

    Shop, time and status are packed into one int64, whose plain sort is several
    times faster than an indirect sort of three columns
    (`docs/decisions/0003-packed-keys.md`). Callers see to it that they fit:
    ``(max(shop) + 1) << bits(max(at) - min(at)) < 2**62``.

    Args:
        shop: Shop indices from 0, any order.
        at: Instants, any order.
        status: 1 is up, 0 is down.
    """
    if not len(at):
        return Polls(shop, at, status, 0, 0)
    origin = int(at.min())
    bits = time_bits(origin, int(at.max()))
    key = (((shop << bits) | (at - origin)) << 1) | status
    key.sort()
    instant = key >> 1
    first = starts_of_runs(instant)
    # Within an instant all downs sort before all ups, so both are there exactly
    # where one neighbour is down and the next one up.
    conflicts = int(np.count_nonzero(~first[1:] & (key[1:] != key[:-1])))
    duplicates = len(key) - int(np.count_nonzero(first))
    if duplicates:
        key, instant = key[first], instant[first]
    return Polls(
        shop=instant >> bits,
        at=(instant & ((1 << bits) - 1)) + origin,
        status=(key & 1).astype(np.uint8),
        duplicates=duplicates,
        conflicts=conflicts,
    )


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
    shop, at, status, *_ = polls
    first = starts_of_runs(shop)
    last = ends_of_runs(shop)
    span = FAR if reach is None else min(reach, FAR)
    if method == "previous":
        start, end = at.copy(), np.minimum(_after(at, last), at + span)
        if initial == "first":
            start[first] -= span
    elif method == "next":
        start, end = np.maximum(_before(at, first), at - span), at
    else:
        middle = at[:-1] + ((at[1:] - at[:-1]) >> 1)
        start, end = at - span, at + span
        inner = ~first[1:]
        start[1:][inner] = np.maximum(start[1:], middle)[inner]
        end[:-1][inner] = np.minimum(end[:-1], middle)[inner]
    start, end, spoken = clip(start, end, low, high)
    return Spans(*join(shop[spoken], start[spoken], end[spoken], status[spoken]))


def _after(at: Int64, last: Bool) -> Int64:
    """Each poll's next poll, or FAR."""
    after = np.empty_like(at)
    after[:-1] = at[1:]
    after[last] = FAR
    return after


def _before(at: Int64, first: Bool) -> Int64:
    """Each poll's previous poll, or -FAR."""
    before = np.empty_like(at)
    before[1:] = at[:-1]
    before[first] = -FAR
    return before
