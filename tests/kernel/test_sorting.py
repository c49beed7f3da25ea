"""Packed polls in their order, whichever way they get there."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_core.kernel import sorting
from uptime_core.kernel.sorting import FEW_RUNS, sort_packed

if TYPE_CHECKING:
    from uptime_core.kernel.arrays import Int64

BITS = 20


def packed(counts: list[int], seed: int) -> tuple[Int64, Int64]:
    """Polls of shops that have so many, in random order, and repeats among them."""
    chance = np.random.default_rng(seed)
    shop = np.repeat(np.arange(len(counts)), counts)
    chance.shuffle(shop)
    return (shop << BITS) | chance.integers(0, 1 << BITS, len(shop)) // 2 * 2, shop


@pytest.fixture(autouse=True)
def _few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorting, "_POLLS_AT_ONCE", 50)


@pytest.mark.parametrize("by_shop", [False, True])
@given(
    counts=st.lists(
        st.one_of(st.integers(0, 9), st.integers(0, 300)), min_size=1, max_size=40
    ).filter(any),
    seed=st.integers(0, 9),
)
def test_packed_polls_are_sorted(
    *, by_shop: bool, counts: list[int], seed: int
) -> None:
    key, shop = packed(counts, seed)
    expected = sorted(key.tolist())
    assert sort_packed(key, shop, by_shop=by_shop).tolist() == expected


def test_what_is_sorted_at_first_may_be_unsorted_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sorting, "_FIRST_LOOK", 100)
    key, shop = packed([300] * 5, seed=4)
    order = np.argsort(key[:100])
    key[:100], shop[:100] = key[:100][order], shop[:100][order]
    for by_shop in (False, True):
        found = sort_packed(key.copy(), shop, by_shop=by_shop)
        assert found.tolist() == sorted(key.tolist())


@pytest.mark.parametrize("last", [(1 << 16) - 1, 1 << 16])
def test_shops_beyond_sixteen_bits_are_sorted(last: int) -> None:
    key, shop = packed([200, 1], seed=1)
    key, shop = np.where(shop == 1, key + ((last - 1) << BITS), key), shop * last
    found = sort_packed(key.copy(), shop, by_shop=True)
    assert found.tolist() == np.sort(key).tolist()


@pytest.mark.parametrize(
    ("counts", "by_rows"),
    [([10] * 60, True), ([*[1] * 30, 20] * 12, False)],
    ids=["even", "some have far more"],
)
def test_rows_are_as_long_as_the_longest_where_most_are_as_long(
    counts: list[int], *, by_rows: bool
) -> None:
    """A shop with far more polls than others must not take memory for all of them."""
    key, shop = packed(counts, seed=2)
    with mock.patch.object(np, "full", side_effect=np.full) as full:
        found = sort_packed(key.copy(), shop, by_shop=True)
    assert found.tolist() == np.sort(key).tolist()
    assert full.called == by_rows


@pytest.mark.parametrize("runs", [FEW_RUNS, FEW_RUNS + 1])
def test_sorted_runs_are_merged_if_they_are_few(runs: int) -> None:
    key, shop = packed([500] * 9, seed=3)
    for part in np.array_split(np.arange(len(key)), runs):
        order = part[np.argsort(key[part])]
        key[part], shop[part] = key[order], shop[order]
    with mock.patch.object(np, "full", side_effect=np.full) as full:
        found = sort_packed(key.copy(), shop, by_shop=True)
    assert found.tolist() == np.sort(key).tolist()
    assert full.called == (runs > FEW_RUNS)
