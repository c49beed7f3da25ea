"""The report with staircase's step functions.

`one_by_one.py` says what the arguments are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import staircase

import one_by_one
from one_by_one import WEEK, WINDOWS, Shop, Sums, runs

if TYPE_CHECKING:
    from collections.abc import Iterable


def of_shop(shop: Shop) -> Sums:
    """Integrals of products of step functions."""
    business = steps(*zip(*shop.opened, strict=True)) if shop.opened else None
    stretches = runs(shop.polls)
    sums = []
    for wanted in (True, False):
        rows = stretches[stretches["up"] == wanted]
        if business is None or rows.empty:
            sums.append([0] * len(WINDOWS))
            continue
        within = steps(rows["start"].tolist(), rows["end"].tolist()) * business
        sums.append([round(within.clip(WEEK - w, WEEK).integral()) for w in WINDOWS])
    up, down = sums
    return up, down


def steps(starts: Iterable[float], ends: Iterable[float]) -> staircase.Stairs:
    """1 within the intervals, 0 elsewhere."""
    return staircase.Stairs(start=list(starts), end=list(ends))


if __name__ == "__main__":
    one_by_one.main(of_shop)
