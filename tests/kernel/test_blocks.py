"""Blocks of shops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_core.kernel import blocks as blocks_module
from uptime_core.kernel.blocks import PACKED_BITS, BlockRows, shop_blocks

LIMIT = 10


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks_module, "POLLS_PER_BLOCK", LIMIT)
    monkeypatch.setattr(blocks_module, "SEGMENTS_PER_BLOCK", LIMIT)
    monkeypatch.setattr(blocks_module, "MOST_SHOPS", 7)


@given(
    counts=st.lists(st.integers(0, 15), max_size=30),
    bits=st.integers(1, PACKED_BITS - 1),
    segments=st.integers(1, 30),
)
def test_blocks_are_neighbours_within_all_limits(
    counts: list[int], bits: int, segments: int
) -> None:
    polls = np.array(counts, dtype=np.int64)
    blocks = shop_blocks(polls, bits, segments)
    assert [shop for first, after in blocks for shop in range(first, after)] == list(
        range(len(counts))
    )
    for first, after in blocks:
        shops = after - first
        assert 1 <= shops <= 7
        assert (shops << bits) < 1 << PACKED_BITS
        assert shops == 1 or shops * segments <= LIMIT
        assert shops == 1 or polls[first:after].sum() <= max(LIMIT, polls.sum() // 16)


def test_many_polls_are_cut_into_some_sixteen_blocks_and_very_many_into_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each block looks through the rows of all, and has to fit the memory."""
    monkeypatch.setattr(blocks_module, "MOST_SHOPS", 1000)
    monkeypatch.setattr(blocks_module, "SEGMENTS_PER_BLOCK", 1000)
    monkeypatch.setattr(blocks_module, "_MOST_POLLS", 40)
    assert len(shop_blocks(np.ones(16 * LIMIT, dtype=np.int64), 10, 1)) == 16
    assert len(shop_blocks(np.ones(16 * 30, dtype=np.int64), 10, 1)) == 16
    assert len(shop_blocks(np.ones(16 * 80, dtype=np.int64), 10, 1)) == 32


@given(st.lists(st.integers(0, 11), max_size=40), st.integers(1, 12))
def test_each_row_is_in_the_block_of_its_shop(shops: list[int], size: int) -> None:
    blocks = [(first, min(first + size, 12)) for first in range(0, 12, size)]
    shop = np.array(shops, dtype=np.int64)
    rows = np.arange(len(shop))
    found = BlockRows.of(shop, blocks)
    taken = [rows[found.rows(number)].tolist() for number in range(len(blocks))]
    for (first, after), numbers in zip(blocks, taken, strict=True):
        assert numbers == [n for n, s in enumerate(shops) if first <= s < after]


def test_without_a_shop_there_is_no_block() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    assert shop_blocks(nothing, 10, 1) == []
    assert BlockRows.of(nothing, []).block is None


def test_a_block_ends_at_the_last_shop_that_fits() -> None:
    polls = np.array([4, 3, 3, 4, 4, 4, 25, 0, 0])
    blocks = shop_blocks(polls, 10, 1)
    assert blocks == [(0, 3), (3, 5), (5, 6), (6, 7), (7, 9)]
    assert shop_blocks(np.array([4, 3, 4]), 10, 1) == [(0, 2), (2, 3)]


@pytest.mark.parametrize(
    ("bits", "segments", "most_shops", "size"),
    [
        (PACKED_BITS - 2, 1, 100, 3),  # three shops have numbers of two bits
        (PACKED_BITS - 1, 1, 100, 1),
        (10, 1, 100, 7),  # as MOST_SHOPS says
        (10, 1, 5, 5),
        (10, 3, 100, 3),  # three times three segments are no more than LIMIT
        (10, 11, 100, 1),
    ],
)
def test_each_limit_is_used_up(
    bits: int, segments: int, most_shops: int, size: int
) -> None:
    polls = np.zeros(20, dtype=np.int64)
    blocks = shop_blocks(polls, bits, segments, most_shops)
    assert blocks[0] == (0, size)
    assert all(after - first == size for first, after in blocks[:-1])
    assert blocks[-1][1] == 20
