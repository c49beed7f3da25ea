"""A table of ids gives what a dictionary gives, whatever slots they have."""

from __future__ import annotations

import random
import string
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_core import cell_table
from uptime_core.cell_table import CellTable
from uptime_core.plain_lines import Stretches, plain_lines
from uptime_core.store_ids import StoreCodes

cells = st.one_of(
    st.sampled_from(["a", "b", " a", "a ", "", "12345678", "123456789", "1e+18"]),
    st.integers(0, 40).map("a".__mul__),
    st.text("ab", min_size=1, max_size=40),
    st.uuids().map(str),
)


def stretches_of(batch: list[str]) -> Stretches:
    data = "\n".join([*batch, ""]).encode()
    lines = plain_lines(data, 1)
    assert lines is not None
    stretches = lines.stretches(*lines.cell(0))
    assert stretches is not None
    return stretches


def looked_up(table: CellTable, batch: list[str]) -> list[int]:
    numbers: list[int] = table.lookup(stretches_of(batch)).tolist()
    return numbers


@pytest.mark.parametrize("collide", [False, True])
@given(batches=st.lists(st.lists(cells, min_size=1, max_size=20), max_size=8))
def test_numbers_are_those_of_a_dictionary(
    *, collide: bool, batches: list[list[str]]
) -> None:
    plain = StoreCodes()
    codes = StoreCodes()
    table = CellTable(codes.numbers)
    with pytest.MonkeyPatch.context() as patch:
        if collide:
            patch.setattr(cell_table, "_hashes", lambda words: words[-1] & np.uint64(1))
        for batch in batches:
            assert looked_up(table, batch) == [plain[cell] for cell in batch]
    assert codes.store_ids == plain.store_ids


@given(st.lists(st.text(st.characters(exclude_characters='\n,\r"'), max_size=9)))
def test_texts_are_those_of_the_lines(batch: list[str]) -> None:
    texts = [text + "x" for text in batch if "\0" not in text] or ["x"]
    found = stretches_of(texts)
    assert found.texts(np.arange(len(texts))) == texts
    ascii_rows = [row for row, text in enumerate(texts) if text.isascii()][::-1]
    assert found.texts(np.array(ascii_rows, dtype=np.int64)) == [
        texts[row] for row in ascii_rows
    ]


CHANCE = random.Random(3)  # noqa: S311  # to be repeated
LETTERS = string.ascii_letters + string.digits


@pytest.mark.parametrize(
    "ids",
    [
        [str(CHANCE.randrange(10**19)) for _ in range(20_000)],
        [f"shop-no{a}-branch{b}" for a in LETTERS for b in LETTERS],
        [
            "".join(f"xxxxxxx{c}" for c in CHANCE.sample(LETTERS, 5))
            for _ in range(9000)
        ],
    ],
    ids=["numbers", "bytes 8 and 16", "the last byte of each word"],
)
def test_many_ids_are_found_without_a_text(ids: list[str]) -> None:
    table = CellTable(StoreCodes().numbers)
    first = looked_up(table, ids)
    with mock.patch.object(
        Stretches, "texts", autospec=True, side_effect=Stretches.texts
    ) as texts:
        assert looked_up(table, ids) == first
    assert not texts.called


def test_a_new_id_is_looked_up_as_text_once_however_often_it_comes() -> None:
    codes = StoreCodes()
    with mock.patch.object(
        Stretches, "texts", autospec=True, side_effect=Stretches.texts
    ) as texts:
        numbers = looked_up(CellTable(codes.numbers), ["b", "a", "b", "c", "a"] * 1000)
    assert numbers == [0, 1, 0, 2, 1] * 1000
    assert [call.args[1].tolist() for call in texts.call_args_list] == [[0, 1, 3]]
