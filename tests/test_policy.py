"""The policy: its defaults, its values, and what it refuses."""

from __future__ import annotations

import pickle  # noqa: TID251  # as process pools do, nothing goes to disk
from datetime import timedelta
from typing import Any

import attrs
import pytest

from uptime_core import InputError, Policy, UnknownTimezoneError


def test_the_default_is_the_rule_of_the_original_system() -> None:
    assert Policy() == Policy(
        extrapolation="previous",
        reach=timedelta(hours=1),
        initial="unknown",
        missing_hours="open",
        default_timezone="America/Chicago",
    )


@pytest.mark.parametrize(
    "arguments",
    [
        {"extrapolation": "previous"},
        {"extrapolation": "next"},
        {"extrapolation": "nearest"},
        {"reach": timedelta(microseconds=1)},
        {"reach": timedelta.max},
        {"reach": None},
        {"initial": "first"},
        {"missing_hours": "closed"},
        {"missing_hours": "error"},
        {"default_timezone": "UTC"},
        {"default_timezone": None},
    ],
    ids=str,
)
def test_a_value_of_the_contract_is_kept(arguments: dict[str, Any]) -> None:
    policy = Policy(**arguments)

    for name, value in arguments.items():
        assert getattr(policy, name) == value
    assert pickle.loads(pickle.dumps(policy)) == policy  # noqa: S301  # just written


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("extrapolation", "linear"),
        ("extrapolation", "Previous"),
        ("extrapolation", None),
        ("extrapolation", ["next"]),
        ("reach", timedelta(0)),
        ("reach", timedelta(microseconds=-1)),
        ("reach", 3600),
        ("reach", "1h"),
        ("reach", True),
        ("initial", "last"),
        ("initial", None),
        ("missing_hours", "unknown"),
        ("missing_hours", None),
        ("default_timezone", "Chicago"),
        ("default_timezone", ""),
        ("default_timezone", "Factory"),
        ("default_timezone", 5),
    ],
)
def test_any_other_value_is_refused_by_name(field: str, value: object) -> None:
    arguments: dict[str, Any] = {field: value}
    with pytest.raises(InputError) as caught:
        Policy(**arguments)

    assert (caught.value.source, caught.value.field) == ("Policy", field)
    assert (type(caught.value) is UnknownTimezoneError) == (field == "default_timezone")


def test_blanks_around_the_default_zone_are_trimmed() -> None:
    assert Policy(default_timezone=" UTC ") == Policy(default_timezone="UTC")


def test_a_policy_is_frozen_and_hashable() -> None:
    policy = Policy()

    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        policy.reach = None  # type: ignore[misc]
    assert {policy: 1}[Policy()] == 1
    assert policy != Policy(reach=None)


@pytest.mark.parametrize(
    ("reach", "micros"),
    [
        (timedelta(hours=1), 3_600_000_000),
        (timedelta(microseconds=7), 7),
        (timedelta.max, 86_399_999_999_999_999_999),
        (None, None),
    ],
)
def test_the_reach_is_known_in_microseconds(
    reach: timedelta | None, micros: int | None
) -> None:
    assert Policy(reach=reach).reach_micros == micros
