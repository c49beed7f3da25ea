"""The report with traces' time series.

`one_by_one.py` says what the arguments are.
"""

from __future__ import annotations

import traces

import one_by_one
from one_by_one import WEEK, WINDOWS, Shop, Sums, runs


def of_shop(shop: Shop) -> Sums:
    """How long each status lasts while the shop is open."""
    stretches = runs(shop.polls)
    status = traces.TimeSeries(
        dict(zip(stretches["start"].tolist(), stretches["up"].tolist(), strict=True)),
        default=None,
    )
    business = traces.TimeSeries(default=False)
    for opens, closes in shop.opened:
        business[opens], business[closes] = True, False
    up, down = [], []
    for window in WINDOWS:
        # A mask that is never true within the window is refused.
        if not any(closes > WEEK - window for _, closes in shop.opened):
            up.append(0)
            down.append(0)
            continue
        found = status.distribution(
            start=WEEK - window, end=WEEK, mask=business, normalized=False
        )
        up.append(round(found[True]))
        down.append(round(found[False]))
    return up, down


if __name__ == "__main__":
    one_by_one.main(of_shop)
