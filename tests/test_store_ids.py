"""Ids of shops: what they may be, and how they are numbered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_core.errors import InputError
from uptime_core.store_ids import StoreCodes, are_plain_store_ids, parse_store_id


@pytest.mark.parametrize(
    "text",
    [
        "1",
        "007",
        "8419537941919820732",
        "-5",
        "4f6cf1b2-8d5c-4a52-9f6b-6a5b6f4d8c11",
        "two words",
        "caf\u00e9 \U0001f355",
        "=1+1",
        "'x",
        'a,"b"',
        "1e5",
        "8.41954E-18",
        "8.41954E+18x",
        "E+18",
        "x" * 200,
        "\U0001f355" * 200,
    ],
)
def test_an_id_is_taken_as_it_is(text: str) -> None:
    assert parse_store_id(text) == text


@pytest.mark.parametrize("cell", [" a b", "a b\t", "\t a b \t"])
def test_blanks_around_an_id_are_trimmed(cell: str) -> None:
    assert parse_store_id(cell) == "a b"


@pytest.mark.parametrize(
    "cell",
    [
        "",
        " \t",
        "x" * 201,
        "a\nb",
        "a\n",
        "\ra",
        "a\tb",
        "a\0",
        "a\x7f",
        "a\x85",
        "a\x9f",
        "\ud800",
        None,
        5,
        8.41954e18,
        True,
        b"a",
        ["a"],
    ],
    ids=ascii,
)
def test_what_is_no_id_is_refused(cell: object) -> None:
    with pytest.raises(InputError) as caught:
        parse_store_id(cell)

    assert caught.value.field == "store_id"
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "cell", ["8.41954E+18", "8,41954E+18", "8E+18", "8.4e+5", "-8.4E+18", " 8.4E+18 "]
)
def test_what_a_spreadsheet_makes_of_a_long_number_is_refused_with_the_reason(
    cell: str,
) -> None:
    with pytest.raises(InputError, match="spreadsheet"):
        parse_store_id(cell)


def test_ids_are_numbered_as_they_come_and_bad_ones_are_minus_one() -> None:
    codes = StoreCodes()

    numbers = [codes[cell] for cell in ("b", "a", "", " b", "b", "\n", "c", "")]

    assert numbers == [0, 1, -1, 0, 0, -1, 2, -1]
    assert codes.store_ids == ("b", "a", "c")


@given(st.lists(st.text(" \tab\n", max_size=3)))
def test_numbers_lead_back_to_the_ids(cells: list[str]) -> None:
    codes = StoreCodes()

    numbers = [codes[cell] for cell in cells]

    for cell, number in zip(cells, numbers, strict=True):
        if number == -1:
            with pytest.raises(InputError):
                parse_store_id(cell)
        else:
            assert codes.store_ids[number] == parse_store_id(cell)
    assert len(set(codes.store_ids)) == len(codes.store_ids)


cells = st.one_of(
    st.sampled_from(["a", "1", "a b", " a", "", "1e+5", "a\nb", "\n", "é", "x" * 200]),
    st.text(max_size=3),
    st.integers(200, 202).map("y".__mul__),
    st.integers(),
)


@given(st.lists(cells, max_size=5))
def test_ids_that_are_plain_together_are_taken_one_by_one(found: list[object]) -> None:
    if are_plain_store_ids(found):
        assert [parse_store_id(cell) for cell in found] == found


def test_most_ids_are_plain() -> None:
    plain = ["8419537941919820732", "4f6cf1b2-8d5c-4a52-9f6b-6a5b6f4d8c11", "a_b.c:d"]
    assert are_plain_store_ids(plain)
    for other in ("a b", "", "a\nb", "1e+5", "é", "x" * 201, 5):
        assert not are_plain_store_ids([*plain, other])
