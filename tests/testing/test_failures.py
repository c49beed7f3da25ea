"""What a failure says."""

from __future__ import annotations

import pytest

from uptime_core.testing.contract import CONTRACT
from uptime_core.testing.failures import (
    BrokenContractError,
    ManyBrokenError,
    keeps,
    require_equal,
    require_raises,
    require_same,
)


def test_an_error_is_a_break_of_the_sentence_of_its_block() -> None:
    with pytest.raises(BrokenContractError) as caught, keeps("store.range", "polls()"):
        require_equal("the count", 3, 2)

    assert caught.value.sentence_id == "store.range"
    assert caught.value.sentence == CONTRACT["store.range"]
    assert caught.value.told == "polls(): the count is 3 instead of 2"
    assert str(caught.value).startswith(f"{CONTRACT['store.range']}\n[store.range] ")


def test_the_inner_sentence_goes_first() -> None:
    outer, inner = keeps("store.range"), keeps("store.ids")
    with pytest.raises(BrokenContractError) as caught, outer, inner:
        raise KeyError("a")

    assert caught.value.sentence_id == "store.ids"
    assert caught.value.told == "it raised KeyError: 'a'"
    assert isinstance(caught.value.__cause__, KeyError)


def test_an_interrupt_is_no_break() -> None:
    with pytest.raises(KeyboardInterrupt), keeps("store.range"):
        raise KeyboardInterrupt


def test_what_is_missing_and_what_is_too_much_is_told() -> None:
    require_same("polls", [1, 2, 2], {2, 1})
    with pytest.raises(AssertionError, match=r"1 missing, such as 3; 5 too many, such"):
        require_same("polls", [1, 2, 4, 5, 6, 7, 8], [1, 2, 3])


def test_long_values_are_cut_off() -> None:
    with pytest.raises(AssertionError) as caught:
        require_equal("it", "x" * 5000, 1)

    assert len(str(caught.value)) < 400


def test_the_error_that_is_expected_is_given() -> None:
    assert str(require_raises(ValueError, lambda: int("x")))
    with pytest.raises(AssertionError, match="it gave 5 instead of a ValueError"):
        require_raises(ValueError, lambda: 5)


def test_many_breaks_are_told_one_by_one() -> None:
    broken = {name: BrokenContractError("store.ids", name) for name in ("one", "two")}
    error = ManyBrokenError("the store", broken)

    assert error.broken == broken
    assert str(error).count(CONTRACT["store.ids"]) == 2
