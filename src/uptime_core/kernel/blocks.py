"""Blocks of shops: each fits the packed integers, and the caches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from uptime_core.kernel.arrays import taken

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from uptime_core.kernel.arrays import Index, Int64

PACKED_BITS = 61
"""Bits for a shop and an instant; one more holds the status, one the sign."""

MOST_SHOPS = (1 << 22) - 1
"""Bound of a block's shops that `intervals.union` sets."""

POLLS_PER_BLOCK = 3 << 18
"""So that its columns stay near the processor: a quarter of the time against 1 << 22.

Not less, since numpy asks for large pages of memory for columns of 4 MB and more.
"""

_MOST_BLOCKS = 16
"""Every block looks through the rows of all for its own."""

_MOST_POLLS = 1 << 22
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
    most_polls = min(max(int(passed[-1]) // _MOST_BLOCKS, POLLS_PER_BLOCK), _MOST_POLLS)
    blocks = []
    first = 0
    while first < len(polls):
        enough = np.searchsorted(passed, passed[first] + most_polls, "right") - 1
        after = min(max(int(enough), first + 1), first + most, len(polls))
        blocks.append((first, after))
        first = after
    return blocks


class BlockRows(NamedTuple):
    """Which rows belong to the shops of each block.

    Attributes:
        block: Each row's block, or None if there is only one.
    """

    block: npt.NDArray[np.unsignedinteger[Any]] | None = None

    @classmethod
    def of(cls, shop: Index, blocks: Sequence[tuple[int, int]]) -> BlockRows:
        """The rows of blocks.

        Args:
            shop: Each row's shop, any order.
            blocks: What `shop_blocks` gives.
        """
        if len(blocks) < 2:  # noqa: PLR2004  # nothing to tell apart
            return cls()
        after = np.array([end for _, end in blocks], dtype=np.int64)
        of_shop = np.searchsorted(after, np.arange(after[-1]), "right")
        return cls(taken(of_shop.astype(np.min_scalar_type(len(blocks))), shop))

    def rows(self, number: int) -> Int64 | slice:
        """The rows of a block.

        To look through all for each of 14 blocks takes half the time that sorting them
        by block takes, for 7.5 million rows, and none of its memory; and threads share
        the work.
        """
        return (
            slice(None) if self.block is None else np.flatnonzero(self.block == number)
        )
