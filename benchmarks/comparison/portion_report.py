"""The report with portion's sets of intervals.

`one_by_one.py` says what the arguments are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import portion

import one_by_one
from one_by_one import WEEK, WINDOWS, Shop, Sums, runs

if TYPE_CHECKING:
    from collections.abc import Iterable


def of_shop(shop: Shop) -> Sums:
    """Intersections of three sets."""
    business = union(shop.opened)
    stretches = runs(shop.polls)
    sums = []
    for wanted in (True, False):
        rows = stretches[stretches["up"] == wanted]
        spoken = union(zip(rows["start"].tolist(), rows["end"].tolist(), strict=True))
        within = spoken & business
        sums.append(
            [length(within & portion.closedopen(WEEK - w, WEEK)) for w in WINDOWS]
        )
    up, down = sums
    return up, down


def union(pairs: Iterable[tuple[int, int]]) -> portion.Interval:
    """A set of half-open intervals."""
    return portion.Interval(*(portion.closedopen(a, b) for a, b in pairs))


def length(found: portion.Interval) -> int:
    """What a set of intervals measures."""
    return sum(part.upper - part.lower for part in found if not part.empty)


if __name__ == "__main__":
    one_by_one.main(of_shop)
