"""Decimal texts: exact, with half rounded to even."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from uptime_core.decimals import checked_decimals, decimal_texts
from uptime_core.errors import InputError

HOUR = 3_600_000_000
LARGEST = 2**63 - 1


def expected(numerator: int, denominator: int, decimals: int) -> str:
    scaled = round(Fraction(numerator * 10**decimals, denominator))
    whole, places = divmod(scaled, 10**decimals)
    return f"{whole}.{places:0{decimals}d}" if decimals else str(whole)


@pytest.mark.parametrize(
    ("numerator", "denominator", "decimals", "text"),
    [
        (0, HOUR, 4, "0.0000"),
        (HOUR, HOUR, 4, "1.0000"),
        (HOUR, HOUR, 0, "1"),
        (180_000, HOUR, 4, "0.0000"),
        (180_001, HOUR, 4, "0.0001"),
        (540_000, HOUR, 4, "0.0002"),
        (1, 2, 0, "0"),
        (3, 2, 0, "2"),
        (5, 2, 0, "2"),
        (7, 2, 0, "4"),
        (1, 8, 2, "0.12"),
        (3, 8, 2, "0.38"),
        (199_999, 200_000, 4, "1.0000"),
        (99_999, 100_000, 4, "1.0000"),
        (1, 3, 18, "0.333333333333333333"),
        (2, 3, 18, "0.666666666666666667"),
        (1, LARGEST, 18, "0.000000000000000000"),
        (LARGEST, 1, 18, "9223372036854775807.000000000000000000"),
        (LARGEST, LARGEST, 18, "1.000000000000000000"),
        (LARGEST, 2, 0, "4611686018427387904"),
        (16 * 10**12, 17 * 10**12, 6, "0.941176"),
        (2**32, 1, 0, "4294967296"),
        (2**32 - 1, 1, 0, "4294967295"),
        (2**32, 10**4, 4, "429496.7296"),
    ],
)
def test_a_fraction_is_rounded_half_to_even(
    numerator: int, denominator: int, decimals: int, text: str
) -> None:
    numerators = np.array([numerator], dtype=np.int64)
    denominators = np.array([denominator], dtype=np.int64)

    assert decimal_texts(numerators, denominator, decimals) == [text]
    assert decimal_texts(numerators, denominators, decimals) == [text]


INT64 = st.integers(0, LARGEST)
POSITIVE = st.one_of(st.integers(1, 1000), st.integers(1, LARGEST))


@given(st.lists(st.tuples(INT64, POSITIVE), max_size=20), st.integers(0, 18))
def test_each_text_is_the_exact_fraction_rounded(
    pairs: list[tuple[int, int]], decimals: int
) -> None:
    numerators = np.array([pair[0] for pair in pairs], dtype=np.int64)
    denominators = np.array([pair[1] for pair in pairs], dtype=np.int64)

    assert decimal_texts(numerators, denominators, decimals) == [
        expected(*pair, decimals) for pair in pairs
    ]


@given(
    st.lists(INT64, max_size=20),
    st.sampled_from([10**6, 60 * 10**6, HOUR, 24 * HOUR]),
    st.integers(0, 18),
)
@example([0, 180_000, 540_000, LARGEST], HOUR, 18)
def test_the_decimal_module_writes_the_same(
    numerators: list[int], unit: int, decimals: int
) -> None:
    with localcontext(prec=100, rounding=ROUND_HALF_EVEN):
        texts = [
            f"{(Decimal(number) / unit).quantize(Decimal(1).scaleb(-decimals)):f}"
            for number in numerators
        ]

    assert decimal_texts(np.array(numerators, dtype=np.int64), unit, decimals) == texts


@given(st.integers(0, 10**9), st.integers(0, 9))
def test_a_tie_goes_to_the_even_digit(whole: int, decimals: int) -> None:
    tie = np.array([2 * whole + 1], dtype=np.int64)
    even = whole + whole % 2

    assert decimal_texts(tie, 2 * 10**decimals, decimals) == [
        expected(even, 10**decimals, decimals)
    ]


@pytest.mark.parametrize("decimals", [0, 1, 4, 18])
def test_decimals_from_0_to_18_can_be_written(decimals: int) -> None:
    assert checked_decimals(decimals) == decimals


@pytest.mark.parametrize("decimals", [-1, 19, True, 4.0, "4", None], ids=repr)
def test_any_other_number_of_decimals_is_refused(decimals: object) -> None:
    with pytest.raises(InputError) as caught:
        checked_decimals(decimals)  # type: ignore[arg-type]

    assert caught.value.field == "decimals"
