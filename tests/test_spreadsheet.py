"""Ids that a spreadsheet would take for a formula are escaped, and only those."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_core.spreadsheet import excel_safe_text, excel_safe_texts

RISKY = "=+-@\t\r\uff1d\uff0b\uff0d\uff20"


@pytest.mark.parametrize("first", RISKY, ids=ascii)
@pytest.mark.parametrize("rest", ["", "1+1", "cmd|' /C calc'!A0", "'", "\n1", "\u0663"])
def test_a_formula_gets_a_leading_apostrophe(first: str, rest: str) -> None:
    assert excel_safe_text(first + rest) == f"'{first}{rest}"


@pytest.mark.parametrize(
    "text", ["+5", "--1", "-1.5", "-1\n", "-1e5", "-", "=1", "@1", "+a"]
)
def test_only_a_plain_integer_keeps_its_sign(text: str) -> None:
    assert excel_safe_text(text) == f"'{text}"


@pytest.mark.parametrize(
    "text",
    ["", "a", "-1", "-8419537941919820732", "0", "'=1", " =1", "a=1", "1-2", "é"],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert excel_safe_text(text) == text


@given(st.text() | st.builds("{}{}".format, st.sampled_from(RISKY), st.text()))
def test_no_text_comes_out_as_a_formula(text: str) -> None:
    safe = excel_safe_text(text)
    assert safe.removeprefix("'") == text.removeprefix("'")
    if safe[:1] in set(RISKY):
        assert int(safe) < 0
        assert safe[1:].isascii()


@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                ["1", "a=1", "=1", "-1", "-a", "", "\u0663", "a\nb", "a\n=b"]
            ),
            st.text(max_size=3),
        )
    )
)
def test_many_are_made_safe_like_each(texts: list[str]) -> None:
    assert list(excel_safe_texts(texts)) == list(map(excel_safe_text, texts))


@pytest.mark.parametrize("first", RISKY, ids=ascii)
def test_one_that_is_risky_among_safe_ones_is_made_safe(first: str) -> None:
    risky = f"{first}a"
    assert excel_safe_texts(["safe", risky, "1"]) == ["safe", f"'{risky}", "1"]
