"""Ids that were ruined on the way, and twins."""

from __future__ import annotations

import random

import pytest

from uptime_core.inspection.ids import id_findings

GOOD = ("8419537941919820732", "b1c7d5ba-8e2a-4c36-9b0e-3f1a6d2c9e47", "a", "1000")


def ruined(*store_ids: str) -> dict[str, str]:
    """The ids that look ruined, with the reasons, as far as they are examples."""
    for finding in id_findings(store_ids):
        if finding.kind == "ruined_ids":
            assert finding.severity == "warning"
            assert finding.count == len(finding.store_ids)
            return dict(example.split(" ", 1) for example in finding.examples)
    return {}


def twins(*store_ids: str) -> list[str]:
    """The first groups of twins, in words."""
    return [
        example
        for finding in id_findings(store_ids)
        if finding.kind == "twin_ids"
        for example in finding.examples
    ]


def test_good_ids() -> None:
    assert list(id_findings(GOOD)) == []


@pytest.mark.parametrize("store_id", ["12.0", "8.41954E18", "8.41954e-18", "-5.000"])
def test_numbers_with_a_point(store_id: str) -> None:
    assert ruined(*GOOD, store_id) == {repr(store_id): "is how a number is written"}


@pytest.mark.parametrize("store_id", ["1.2.0", "12", "7e10", "1.5", "v1.0"])
def test_what_only_looks_like_a_number(store_id: str) -> None:
    assert ruined(*GOOD, store_id) == {}


def test_zeros_after_fifteen_digits_of_another_id() -> None:
    assert ruined(*GOOD, "8419537941919820000") == {
        "'8419537941919820000'": "has only zeros after its first 15 digits"
    }


def test_a_single_id_in_zeros_may_be_good() -> None:
    assert ruined("1234567890123450000") == {}


def test_ids_end_in_zeros_now_and_then_by_chance() -> None:
    chance = random.Random(20230125)  # noqa: S311  # to be repeated
    ids = [str(chance.randrange(10**15, 10**16)) for _ in range(2000)]
    assert sum(store_id.endswith("0") for store_id in ids) > 150

    assert ruined(*ids) == {}


def test_ids_that_all_end_in_zeros_are_ruined() -> None:
    chance = random.Random(20230125)  # noqa: S311  # to be repeated
    good = [str(chance.randrange(10**18, 10**19)) for _ in range(100)]
    bad = [f"{store_id[:15]}0000" for store_id in good]

    (finding,) = id_findings(bad)
    assert (finding.kind, finding.count) == ("ruined_ids", 100)
    (finding,) = id_findings([*good, *bad])
    assert finding.store_ids == tuple(sorted(bad))


def test_what_a_float_makes_of_another_id() -> None:
    store_id = "8419537941919820732"
    made = f"{float(store_id):.0f}"
    assert made != store_id

    assert ruined(store_id, made) == {
        repr(made): f"is what a float makes of {store_id!r}"
    }
    assert ruined(made) == {}
    assert ruined("9007199254740993", "9007199254740994") == {}  # no float has made it


def test_ids_that_all_went_through_a_float_are_ruined() -> None:
    chance = random.Random(20230125)  # noqa: S311  # to be repeated
    good = [str(chance.randrange(10**16, 10**19)) for _ in range(100)]
    bad = [str(int(float(store_id))) for store_id in good]

    (finding,) = id_findings(bad)
    assert (finding.kind, finding.count) == ("ruined_ids", 100)
    assert finding.examples[0].endswith("has only digits that a float keeps")
    assert ruined(*good) == {}


def test_ids_that_are_made_of_bits_are_not_what_a_float_makes() -> None:
    assert ruined(*(str((10**12 + number) << 20) for number in range(1000))) == {}


@pytest.mark.parametrize("store_id", ["a\u200b", "\u2060b", "caf\u00e9\u00a0"])
def test_characters_that_nobody_sees(store_id: str) -> None:
    assert list(ruined(*GOOD, store_id).values()) == ["has characters that nobody sees"]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Cafe", "cafe"),
        ("new york", "newyork"),
        ("007", "7"),
        ("'123", "123"),
        ('"a b"', "a b"),
        ("caf\u00e9", "cafe\u0301"),
        ("a\u200bb", "ab"),
    ],
)
def test_twins(one: str, two: str) -> None:
    (finding,) = (f for f in id_findings([one, two, "other"]) if f.kind == "twin_ids")

    assert (finding.severity, finding.count) == ("warning", 1)
    assert finding.store_ids == tuple(sorted([one, two]))
    assert finding.examples == (" and ".join(map(repr, sorted([one, two]))),)


def test_triplets_are_one_group() -> None:
    assert twins("A", "a", "'a'") == ["\"'a'\" and 'A' and 'a'"]


@pytest.mark.parametrize(("one", "two"), [("0", "1"), ("a-b", "ab"), ("e\u0301", "e")])
def test_what_is_no_twin(one: str, two: str) -> None:
    assert twins(one, two) == []
