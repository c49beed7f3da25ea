"""A table of ids gives what a dictionary gives, whatever slots they have."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_core import id_table
from uptime_core.id_table import IdTable
from uptime_core.store_ids import StoreCodes

cells = st.one_of(
    st.sampled_from(["a", "b", " a", "a ", "", "12345678", "123456789", "1e+18"]),
    st.text("ab", min_size=1, max_size=40),
    st.uuids().map(str),
)


def words_of(batch: list[str]) -> list[Any]:
    encoded = [cell.encode() for cell in batch]
    width = max(8, -(-max(map(len, encoded)) // 8) * 8)
    table = np.array([list(cell.ljust(width, b"\0")) for cell in encoded], np.uint8)
    return list(np.ascontiguousarray(table.view("<u8").T))


def looked_up(table: IdTable, batch: list[str]) -> list[int]:
    encoded = [cell.encode() for cell in batch]
    numbers: list[int] = table.lookup(words_of(batch), encoded.__getitem__).tolist()
    return numbers


@pytest.mark.parametrize("collide", [False, True])
@given(batches=st.lists(st.lists(cells, min_size=1, max_size=20), max_size=8))
def test_numbers_are_those_of_a_dictionary(
    *, collide: bool, batches: list[list[str]]
) -> None:
    plain = StoreCodes()
    codes = StoreCodes()
    table = IdTable(codes)
    with pytest.MonkeyPatch.context() as patch:
        if collide:
            patch.setattr(id_table, "_hashes", lambda words: words[0] & np.uint64(1))
        for batch in batches:
            assert looked_up(table, batch) == [plain[cell] for cell in batch]
    assert codes.store_ids == plain.store_ids


def test_many_ids_are_found_without_a_text() -> None:
    chance = random.Random(3)  # noqa: S311  # to be repeated
    ids = [str(chance.randrange(10**19)) for _ in range(20_000)]
    table = IdTable(StoreCodes())
    first = looked_up(table, ids)
    asked = []

    def cell(row: int) -> bytes:
        asked.append(row)
        return ids[row].encode()

    assert table.lookup(words_of(ids), cell).tolist() == first
    assert len(asked) < len(ids) / 100
