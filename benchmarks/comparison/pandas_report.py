"""The report in a loop over shops with pandas.

`one_by_one.py` says what the arguments are.
"""

from __future__ import annotations

import one_by_one
from one_by_one import WEEK, WINDOWS, Shop, Sums, runs


def of_shop(shop: Shop) -> Sums:
    """Overlaps of each business hour with all stretches."""
    stretches = runs(shop.polls)
    up, down = [], []
    for window in WINDOWS:
        sums = {True: 0, False: 0}
        for opens, closes in shop.opened:
            first = max(opens, WEEK - window)
            if first >= closes:
                continue
            overlap = stretches["end"].clip(upper=closes) - stretches["start"].clip(
                lower=first
            )
            found = overlap.clip(lower=0).groupby(stretches["up"]).sum()
            for status in sums:
                sums[status] += int(found.get(status, 0))
        up.append(sums[True])
        down.append(sums[False])
    return up, down


if __name__ == "__main__":
    one_by_one.main(of_shop)
