"""Sums over shops and windows: how long up, how long down, how long open."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uptime_core.kernel.arrays import starts_of_runs

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

    Business time passed, G, never falls, so a span [s, e) has
    ``max(G(e), G(a)) - max(G(s), G(a))`` of it after a window's start a, and
    likewise for the window's end: each span is looked up once for all windows.

    Args:
        spans: Who speaks when, inside the range of `business`.
        business: The shops' business time.
        starts: The windows' first instants, each in the range of `business`.
        ends: The windows' first instants after them.
    """
    shops = len(business.zone)
    shape = (shops, len(starts))
    shop = np.broadcast_to(np.arange(shops, dtype=np.int64)[:, np.newaxis], shape)
    opening = business.measure(shop, np.broadcast_to(starts, shape))
    closing = business.measure(shop, np.broadcast_to(ends, shape))
    up = np.zeros(shape, dtype=np.int64)
    down = np.zeros(shape, dtype=np.int64)
    if len(spans.shop):
        begin = business.measure(spans.shop, spans.start)
        end = business.measure(spans.shop, spans.end)
        first = np.flatnonzero(starts_of_runs(spans.shop))
        present = spans.shop[first]
        for window in range(len(starts)):
            low, high = opening[spans.shop, window], closing[spans.shop, window]
            part = np.clip(end, low, high) - np.clip(begin, low, high)
            observed = np.add.reduceat(part, first)
            up[present, window] = np.add.reduceat(part * spans.status, first)
            down[present, window] = observed - up[present, window]
    return Sums(up=up, down=down, open=closing - opening)
