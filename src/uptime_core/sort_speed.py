"""How fast numpy sorts on this processor.

For two million polls in random order it takes 11 ns a poll with AVX2, but 55 where
AVX-512 divides them, as on a Zen 4. Where it is slow, polls are brought to their shops
by radix first, which takes 15 ns, and each shop's few are sorted then: 23 ns in all.
"""

from __future__ import annotations

import time
from functools import cache

import numpy as np

MANY = 1 << 16
"""So many are worth a look at how fast they are sorted."""

_TRIED = 1 << 14
_SLOW_NANOSECONDS = 15  # an integer, when `_TRIED` are sorted: 7 with AVX2, 27 on Zen 4


def sorts_slowly(count: int) -> bool:
    """Whether numpy's sort of so many integers is slow here."""
    return count >= MANY and _is_slow()


@cache
def _is_slow() -> bool:
    """Found out by a trial, once, in two milliseconds."""
    mixed = np.arange(_TRIED, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    nanoseconds = []
    for _ in range(3):
        some = mixed.view(np.int64).copy()
        began = time.perf_counter_ns()
        some.sort()
        nanoseconds.append(time.perf_counter_ns() - began)
    return min(nanoseconds) > _SLOW_NANOSECONDS * _TRIED
