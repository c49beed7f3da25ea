"""Packed polls into the order of shop and instant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from uptime_core.kernel.arrays import Index, Int64

FEW_RUNS = 64
"""Merged faster than sorted, by whatever instructions the processor has for it."""

_FIRST_LOOK = 1 << 12
_MOST_RADIX = 1 << 16  # numbers below it are sorted by radix
_POLLS_AT_ONCE = 1 << 15  # so that they stay in the cache
_MOST_ROOM = 4  # times the polls; shops with far more than others take a plain sort
_MAX = np.iinfo(np.int64).max


def sort_packed(key: Int64, shop: Index, *, by_shop: bool) -> Int64:
    """Packed polls, sorted.

    Args:
        key: Polls packed so that they sort by shop first; it may be changed.
        shop: Each poll's shop, an index.
        by_shop: Bring polls to their shops first, and then sort each shop's, which is
            faster where numpy's sort is slow; see `uptime_core.sort_speed`.
    """
    # Some sorted runs, as stores give them, are merged in a fraction of the time.
    if _runs(key[:_FIRST_LOOK]) <= FEW_RUNS and _runs(key) <= FEW_RUNS:
        key.sort(kind="stable")
        return key
    if not by_shop or shop.max() >= _MOST_RADIX:
        key.sort()
        return key
    key = key[np.argsort(shop.astype(np.uint16), kind="stable")]
    counts = np.bincount(shop)
    ends = np.cumsum(counts)
    first = 0
    while first < len(counts):
        start = int(ends[first] - counts[first])
        enough = int(np.searchsorted(ends, start + _POLLS_AT_ONCE, "right"))
        after = max(enough, first + 1)
        _sort_shops(key[start : int(ends[after - 1])], counts[first:after])
        first = after
    return key


def _runs(key: Int64) -> int:
    return 1 + int(np.count_nonzero(key[1:] < key[:-1]))


def _sort_shops(key: Int64, counts: Int64) -> None:
    """Sort polls that stand by shop, in place.

    Args:
        key: The polls.
        counts: How many each shop has.
    """
    most = int(counts.max())
    if most * len(counts) > _MOST_ROOM * len(key):
        key.sort()
        return
    table = np.full((len(counts), most), _MAX)
    is_poll = np.arange(most) < counts[:, np.newaxis]
    table[is_poll] = key
    table.sort(axis=1)
    key[:] = table[is_poll]
