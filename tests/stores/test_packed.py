"""Polls as bytes, against plain sets."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_core.instants import EARLIEST, LATEST
from uptime_core.stores import packed
from uptime_core.stores.packed import SHOPS_PER_BLOCK, Packed

if TYPE_CHECKING:
    from collections.abc import Iterable

Row = tuple[int, int]

NOON = 1_674_648_000_000_000
SHOPS = st.one_of(st.integers(0, 2), st.sampled_from([SHOPS_PER_BLOCK - 1, 4000]))
# Within nine years a shop and a moment fit one integer, beyond they do not.
FIT = (1 << (61 - packed.SHOP_BITS)) // 2
INSTANTS = st.one_of(
    st.integers(NOON, NOON + 4),
    st.integers(-3, 3),
    st.sampled_from([EARLIEST, EARLIEST + 1, LATEST - 1, LATEST]),
    st.sampled_from([NOON + FIT - 1, NOON + FIT, NOON + FIT + 1]),
    st.integers(EARLIEST, LATEST),
)
ROWS = st.lists(st.tuples(SHOPS, INSTANTS, st.integers(0, 1)), max_size=30).map(
    lambda rows: [(shop, at * 2 + status) for shop, at, status in rows]
)


def packed_of(rows: Iterable[Row]) -> Packed:
    table = np.array(list(rows), dtype=np.int64).reshape(-1, 2)
    return Packed(table[:, 0].copy(), table[:, 1].copy())


def rows_of(polls: Packed) -> list[Row]:
    return list(zip(polls.shop.tolist(), polls.moment.tolist(), strict=True))


@given(rows=ROWS)
def test_distinct_polls_are_a_sorted_set(rows: list[Row]) -> None:
    assert rows_of(packed.distinct(packed_of(rows))) == sorted(set(rows))


@given(rows=ROWS, known=ROWS, order=st.randoms())
def test_what_is_known_is_found_whatever_its_order(
    rows: list[Row], known: list[Row], order: object
) -> None:
    polls = sorted(set(rows))
    there = list(set(known))
    order.shuffle(there)  # type: ignore[attr-defined]  # a Random
    found = packed.are_in(packed_of(polls), packed_of(there))
    assert found.tolist() == [row in set(known) for row in polls]


@given(rows=ROWS, known=ROWS)
def test_conflicts_are_instants_that_get_their_second_status(
    rows: list[Row], known: list[Row]
) -> None:
    new = set(rows) - set(known)

    def with_both(polls: set[Row]) -> int:
        return sum((shop, moment ^ 1) in polls for shop, moment in polls) // 2

    expected = with_both(set(rows) | set(known)) - with_both(set(known))
    polls = packed_of(sorted(new))
    second = packed.are_second(polls, packed_of(sorted(set(known))))
    assert np.count_nonzero(second) == expected
    # What is left has no two polls of one instant of a shop, and neither is known.
    first = rows_of(polls.where(~second))
    instants = [(shop, moment >> 1) for shop, moment in first]
    assert len(set(instants)) == len(instants)
    assert not {(shop, moment >> 1) for shop, moment in known}.intersection(instants)


@given(rows=ROWS.filter(bool))
def test_a_summary_has_each_shops_polls_and_its_last(rows: list[Row]) -> None:
    firsts = {(shop, moment >> 1): moment for shop, moment in sorted(rows)}
    polls = packed_of(sorted((shop, m) for (shop, _), m in firsts.items()))
    summary = packed.summary(polls)
    shops = sorted({shop for shop, _ in firsts})
    assert summary.shop.tolist() == shops
    moments = [[m for (s, _), m in firsts.items() if s == shop] for shop in shops]
    assert summary.polls.tolist() == [len(of_shop) for of_shop in moments]
    assert summary.last.tolist() == [max(of_shop) for of_shop in moments]
    again = packed.parse_summary(packed.summary_bytes(summary))
    for column, expected in zip(again, summary, strict=True):
        assert column.dtype == np.int64
        assert column.tolist() == expected.tolist()


@given(rows=ROWS)
def test_bytes_are_read_back_as_they_were_written(rows: list[Row]) -> None:
    polls = packed.distinct(packed_of(rows))
    data = packed.to_bytes(polls)
    again = packed.from_bytes(data)
    assert len(data) == packed.BYTES_PER_POLL * len(polls.shop)
    assert rows_of(again) == rows_of(polls)
    assert again.shop.dtype == np.int32
    assert again.moment.dtype == np.int64
    if rows:
        assert packed.fault(again, SHOPS_PER_BLOCK) is None


def test_the_bytes_are_what_the_format_says() -> None:
    data = packed.to_bytes(packed_of([(1, -2), (513, 3)]))
    assert data == (b"\x01\x00\x01\x02" + b"\xfe" + b"\xff" * 7 + b"\x03" + b"\x00" * 7)


@given(rows=ROWS, most=st.integers(1, 7))
def test_chunks_are_small_enough_and_apart_in_time(rows: list[Row], most: int) -> None:
    polls = packed.distinct(packed_of(rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packed, "MOST_POLLS", most)
        chunks = list(packed.chunks(polls))
    assert sorted(row for chunk in chunks for row in rows_of(chunk)) == rows_of(polls)
    if len(polls.shop) <= most:
        assert len(chunks) <= 1
    else:
        assert len(chunks) == -(-len(polls.shop) // max(most * 2 // 3, 1))
    for chunk in chunks:
        assert 0 < len(chunk.shop) <= most
        assert packed.fault(chunk, SHOPS_PER_BLOCK) is None
    for before, after in pairwise(chunks):
        assert before.moment.max() <= after.moment.min()


def test_the_parts_of_nothing_are_nothing() -> None:
    assert rows_of(packed.joined([])) == []
    assert rows_of(packed.distinct(packed.NONE)) == []
    assert packed.are_in(packed.NONE, packed.NONE).tolist() == []
    assert packed.are_second(packed.NONE, packed.NONE).tolist() == []
    assert packed.to_bytes(packed.NONE) == b""


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([], "no polls"),
        ([(3, 0)], "shops that the block does not have"),
        ([(1, 0), (0, 2)], "out of order"),
        ([(1, 2), (1, 1)], "out of order"),
        ([(1, 2), (1, 2)], "out of order"),
        ([(0, 2 * EARLIEST - 1)], "no calendar"),
        ([(0, 2 * LATEST + 2)], "no calendar"),
        ([(0, 2 * EARLIEST), (0, 2 * LATEST + 1), (2, 0), (2, 1)], None),
    ],
)
def test_polls_that_cannot_have_been_written_are_told(
    rows: list[Row], fault: str | None
) -> None:
    found = packed.fault(packed_of(rows), 3)
    assert found is None if fault is None else found is not None and fault in found
