"""Sums over shops and windows: how long up, how long down, how long open."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from uptime_core.kernel.arrays import Int64
    from uptime_core.kernel.extrapolate import Spans
    from uptime_core.kernel.weekly import BusinessTime


class Sums(NamedTuple):
    """Business time in microseconds, each of shape (shops, windows)."""

    up: Int64
    down: Int64
    open: Int64


def accumulate(
    spans: Spans, business: BusinessTime, starts: Int64, ends: Int64
) -> Sums:
    """Business time of each shop and window, and how much of it was up and down.

    Each span is looked up once for all windows: what was up, or observed, before an
    instant is a running total of the spans before it, and a window's sum is the
    difference of two of these.

    Args:
        spans: Who speaks when, inside the range of `business`.
        business: The shops' business time.
        starts: The windows' first instants, each in the range of `business`.
        ends: The windows' first instants after them.
    """
    bounds = np.array(sorted({*starts.tolist(), *ends.tolist()}), dtype=np.int64)
    first, after = np.searchsorted(bounds, starts), np.searchsorted(bounds, ends)
    shape = (len(business.zone), len(bounds))
    shop = np.broadcast_to(np.arange(shape[0])[:, np.newaxis], shape)
    at = np.broadcast_to(bounds, shape)
    opened = business.measure(shop, at)
    up, observed = _passed(spans, business, shop, at, opened)
    up = up[:, after] - up[:, first]
    return Sums(
        up=up,
        down=observed[:, after] - observed[:, first] - up,
        open=opened[:, after] - opened[:, first],
    )


def _passed(
    spans: Spans, business: BusinessTime, shop: Int64, at: Int64, opened: Int64
) -> tuple[Int64, Int64]:
    """Business time before some instants that was up, and that was observed.

    It is counted from an origin of each shop's own: only differences mean anything.

    Args:
        spans: Who speaks when.
        business: The shops' business time.
        shop: Shop indices, any shape.
        at: Instants, of the same shape.
        opened: The business time before them.
    """
    if not len(spans.shop):
        return np.zeros_like(opened), np.zeros_like(opened)
    begin = business.measure(spans.shop, spans.start)
    end = _ends(spans, business, begin)
    length = end - begin
    # Sums over all shops before: below the shops' number times the range's length,
    # which fits one integer, since a shop and an instant do.
    observed = np.append(0, np.cumsum(length))
    up = np.append(0, np.cumsum(length * spans.status))
    key = (spans.shop << business.bits) | (spans.start - business.low)
    after = np.searchsorted(key, (shop << business.bits) | (at - business.low))
    # Of the spans that begin before the instant, the last one may end after it.
    last = np.maximum(after - 1, 0)
    beyond = np.maximum(end[last] - opened, 0)
    beyond[(after == 0) | (spans.shop[last] != shop)] = 0
    return up[after] - beyond * spans.status[last], observed[after] - beyond


def _ends(spans: Spans, business: BusinessTime, begin: Int64) -> Int64:
    """Business time passed at the end of each span, from that at its start.

    Where a span ends as the next one begins, as most do, nothing is looked up.
    """
    end = np.append(begin[1:], 0)
    apart = np.ones(len(end), dtype=np.bool_)
    np.not_equal(spans.end[:-1], spans.start[1:], out=apart[:-1])
    apart[:-1] |= spans.shop[:-1] != spans.shop[1:]
    rows = np.flatnonzero(apart)
    end[rows] = business.measure(spans.shop[rows], spans.end[rows])
    return end
