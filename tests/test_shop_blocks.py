"""Blocks of shops: what they hold, here and in other processes."""

from __future__ import annotations

import pickle  # noqa: TID251  # nothing on disk
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from uptime_core import Snapshot
from uptime_core.computation import Computation
from uptime_core.request import ReportRequest

if TYPE_CHECKING:
    from uptime_core.shop_blocks import Block

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
SHOPS = [f"{number:02}" for number in range(10)]


@pytest.fixture
def blocks() -> list[Block]:
    """Of two shops each, whose polls and hours take turns."""
    snapshot = Snapshot.of(
        [
            (shop, NOON - timedelta(minutes=7 * hour), hour % 3 > 0)
            for hour in range(200)
            for shop in SHOPS
        ],
        [(shop, day, "09:00", "17:00") for day in range(7) for shop in SHOPS],
        {shop: ("Asia/Kolkata", "UTC")[int(shop) % 2] for shop in SHOPS},
    )
    return list(Computation(ReportRequest.of(as_of=NOON), 2).blocks(snapshot))


def test_a_block_has_the_rows_of_its_shops_in_their_order(blocks: list[Block]) -> None:
    assert [(block.first, block.after) for block in blocks] == [
        (first, first + 2) for first in range(0, 10, 2)
    ]
    for block in blocks:
        columns = block.columns()
        assert columns.shops == block.shops == 2
        assert columns.poll_shop.tolist() == [0, 1] * 200
        assert (columns.poll_at[2:] < columns.poll_at[:-2]).all()
        assert columns.row_shop.tolist() == [0, 1] * 7
        assert len(columns.segments) == 2


def test_a_block_travels_without_the_rows_of_others(blocks: list[Block]) -> None:
    for block in blocks:
        text = pickle.dumps(block)
        assert len(text) < 400 * (8 + 8 + 1) + 14 * 3 * 8 + 2000
        there: Block = pickle.loads(text)  # noqa: S301  # just made
        assert there.shops == block.shops
        for ours, theirs in zip(block.columns(), there.columns(), strict=True):
            np.testing.assert_equal(theirs, ours)
