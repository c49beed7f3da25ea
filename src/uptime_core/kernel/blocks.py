"""Blocks of shops: each fits the packed integers, and the caches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptime_core.kernel.arrays import Int64

PACKED_BITS = 61
"""Bits for a shop and an instant; one more holds the status, one the sign."""

MOST_SHOPS = (1 << 22) - 1
"""Bound of a block's shops that `intervals.union` sets."""

POLLS_PER_BLOCK = 1 << 22
SEGMENTS_PER_BLOCK = 1 << 22


def time_bits(low: int, high: int) -> int:
    """How many bits hold every offset in [0, high - low]."""
    return max(high - low, 1).bit_length()


def shop_blocks(
    polls: Int64, bits: int, segments: int, most_shops: int = MOST_SHOPS
) -> list[tuple[int, int]]:
    """Cut the shops into runs [first, after).

    Args:
        polls: How many polls each shop has.
        bits: How many bits hold an instant less the earliest one.
        segments: How many segments of constant offset a shop has at most.
        most_shops: How many shops a block may have.
    """
    most = min(
        (1 << (PACKED_BITS - bits)) - 1,
        most_shops,
        MOST_SHOPS,
        max(SEGMENTS_PER_BLOCK // segments, 1),
    )
    passed = np.append(0, np.cumsum(polls))
    blocks = []
    first = 0
    while first < len(polls):
        enough = np.searchsorted(passed, passed[first] + POLLS_PER_BLOCK, "right") - 1
        after = min(max(int(enough), first + 1), first + most, len(polls))
        blocks.append((first, after))
        first = after
    return blocks


def rows_of_blocks(
    shop: Int64, blocks: list[tuple[int, int]]
) -> Iterator[Int64 | slice]:
    """For each block, which rows belong to its shops.

    Args:
        shop: Each row's shop, any order.
        blocks: What `shop_blocks` gives.
    """
    if len(blocks) < 2:  # noqa: PLR2004  # nothing to tell apart
        yield from [slice(None)] * len(blocks)
        return
    after = np.array([end for _, end in blocks], dtype=np.int64)
    of_shop = np.searchsorted(after, np.arange(after[-1]), "right")
    # Up to 16 bits are sorted by radix, several times as fast.
    block = of_shop.astype(np.min_scalar_type(len(blocks)))[shop]
    order = np.argsort(block, kind="stable")
    ends = np.cumsum(np.bincount(block, minlength=len(blocks))).tolist()
    for start, end in zip([0, *ends], ends, strict=False):
        yield order[start:end]
