"""The cases of this folder, and the golden vectors that are made of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.answers.make_vectors import (
    VECTORS,
    is_by_hand,
    questions,
    sums_by_hand,
    sums_of_oracle,
    vectors,
    written,
)

from uptime_core import TZDATA_VERSION, compute_report
from uptime_core.testing import golden, oracle

if TYPE_CHECKING:
    from collections.abc import Iterator

QUESTIONS = questions()
BY_HAND = [name for name, question in QUESTIONS.items() if is_by_hand(question)]
LARGEST_FOR_EVERYBODY = 2**53  # beyond it, JSON's numbers are not exact everywhere


def fast(case: golden.GoldenCase) -> tuple[oracle.Sums, ...]:
    report = compute_report(**case.dataset.arguments, policy=case.policy)
    return oracle.sums_of(report)[golden.STORE_ID]


def test_there_are_answers() -> None:
    assert len(BY_HAND) >= 100
    assert len(QUESTIONS) >= len(BY_HAND) + 10


@pytest.mark.parametrize("name", BY_HAND)
def test_the_oracle_gives_what_was_worked_out_by_hand(name: str) -> None:
    question = QUESTIONS[name]

    assert question["derivation"].strip()
    assert sums_of_oracle(question) == sums_by_hand(question)


def test_the_vectors_are_what_the_oracle_gives_now() -> None:
    """Otherwise run tests/answers/make_vectors.py, and say why in the changelog."""
    there = json.loads(golden.text())

    assert {**there, "tzdata": TZDATA_VERSION} == vectors()


def test_the_file_has_its_form() -> None:
    there = json.loads(VECTORS.read_text("utf-8"))

    assert VECTORS.read_text("utf-8") == written(there)


def test_the_fast_path_gives_the_vectors() -> None:
    assert golden.mismatches(fast) == []


def test_a_wrong_implementation_is_told_where() -> None:
    def without_fold(case: golden.GoldenCase) -> tuple[oracle.Sums, ...]:
        if case.name != "fold_day_of_25_hours":
            return fast(case)
        return (oracle.Sums(0, 0, 0, 0),)

    (line,) = golden.mismatches(without_fold)

    assert line.startswith("fold_day_of_25_hours: (Sums(up=0, down=0")
    assert "instead of (Sums(up=90000000000, down=0" in line


def test_cases_are_loaded_as_they_stand() -> None:
    loaded = golden.load()

    assert loaded.version == golden.VERSION
    assert [case.name for case in loaded.cases] == list(QUESTIONS)
    assert [case.name for case in loaded.cases if case.checked_by_hand] == BY_HAND
    assert all(case.title and case.reason for case in loaded.cases)
    assert len({case.title for case in loaded.cases}) == len(loaded.cases)
    assert repr(loaded).endswith(f"cases=<{len(QUESTIONS)} cases>)")


def test_every_number_is_exact_in_every_language() -> None:
    def numbers(value: Any) -> Iterator[int]:  # noqa: ANN401  # JSON
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, list):
            for part in value:
                yield from numbers(part)
        elif isinstance(value, int):
            yield value

    found = list(numbers(json.loads(golden.text())))

    assert len(found) > 1000
    assert all(0 <= number <= LARGEST_FOR_EVERYBODY for number in found)


def test_all_policies_and_zones_are_there() -> None:
    cases = golden.load().cases
    policies = [case.policy for case in cases]
    shops = [case.dataset.shops[0] for case in cases]

    assert {p.extrapolation for p in policies} == {"previous", "next", "nearest"}
    assert {p.initial for p in policies} == {"unknown", "first"}
    assert {p.missing_hours for p in policies} == {"open", "closed"}
    assert {None, 1} <= {p.reach_micros for p in policies}
    assert {None, ()} < {shop.rows for shop in shops}
    assert len({shop.timezone for shop in shops}) > 15
