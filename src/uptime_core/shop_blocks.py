"""The shops of a report in blocks, each computed on its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from uptime_core.kernel.blocks import MOST_SHOPS, BlockRows, shop_blocks, time_bits
from uptime_core.selection import ShopColumns

if TYPE_CHECKING:
    from collections.abc import Iterator


@attrs.frozen(eq=False)
class Block:
    """Some of the shops of a report.

    Their rows are picked from those of all shops where the block is computed: by
    several threads at a time, and for those blocks only that are at work.

    Attributes:
        number: Which of the blocks it is.
        first: The first shop.
        after: The first one after it.
    """

    number: int
    first: int
    after: int
    _all: ShopColumns
    _polls: BlockRows
    _hours: BlockRows

    @property
    def shops(self) -> int:
        """How many there are."""
        return self.after - self.first

    def columns(self) -> ShopColumns:
        """What is known of the shops, numbered from 0."""
        every = self._all
        polls, hours = self._polls.rows(self.number), self._hours.rows(self.number)
        shop = every.poll_shop[polls]
        shops = slice(self.first, self.after)
        zones = sorted(set(every.zone[shops].tolist()))
        return ShopColumns(
            shops=self.shops,
            poll_shop=shop - self.first if self.first else shop,  # no copy of all
            poll_at=every.poll_at[polls],
            poll_status=every.poll_status[polls],
            poll_rows=every.poll_rows[shops],
            row_shop=every.row_shop[hours] - self.first,
            row_start=every.row_start[hours],
            row_end=every.row_end[hours],
            zone=np.searchsorted(zones, every.zone[shops]),
            segments=tuple(every.segments[zone] for zone in zones),
            totals=None if every.totals is None else every.totals[:, shops],
        )

    def __reduce__(self) -> tuple[type[Block], tuple[object, ...]]:
        """For other processes, without the rows of other shops."""
        return Block, (0, 0, self.shops, self.columns(), BlockRows(), BlockRows())


def blocks_of(
    columns: ShopColumns, low: int, high: int, most_shops: int = MOST_SHOPS
) -> Iterator[Block]:
    """Cut all shops into blocks that `computation.compute_block` can take.

    Args:
        columns: What is known of the shops.
        low: The first instant of the windows and the polls, or an earlier one.
        high: The last one, or a later one.
        most_shops: Bound of a block's shops.
    """
    blocks = shop_blocks(
        columns.poll_rows,
        time_bits(low, high),
        max((len(offsets) for _, offsets in columns.segments), default=1),
        most_shops,
    )
    polls = BlockRows.of(columns.poll_shop, blocks)
    hours = BlockRows.of(columns.row_shop, blocks)
    for number, (first, after) in enumerate(blocks):
        yield Block(number, first, after, columns, polls, hours)
