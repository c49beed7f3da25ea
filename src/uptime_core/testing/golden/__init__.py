"""Worked cases with their sums, which an implementation in any language can run.

The file beside this module is described in `docs/reference/golden-vectors.md`.
"""

from __future__ import annotations

import json
from datetime import datetime
from importlib import resources
from typing import TYPE_CHECKING, Any

import attrs

from uptime_core.records import parse_policy
from uptime_core.testing.dataset import Dataset, Shop
from uptime_core.testing.oracle import Sums
from uptime_core.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from uptime_core.policy import Policy

VERSION = 1
"""The version of the file's format."""

STORE_ID = "shop"
"""What the one shop of each case is called here; the file does not name it."""


@attrs.frozen
class GoldenCase:
    """One shop, some windows, and what they must add up to.

    Attributes:
        name: What it is called; unique, and never used for another case.
        title: What happens, in a sentence.
        reason: Why the sums are what they are; if checked by hand, their derivation.
        checked_by_hand: Whether the sums were worked out by a person, who ran no code.
        dataset: The shop, ``shop``, its "now" and its windows.
        policy: How polls and missing data are read.
        expected: For each window, its sums in microseconds.
    """

    name: str
    title: str
    reason: str
    checked_by_hand: bool
    dataset: Dataset
    policy: Policy
    expected: tuple[Sums, ...]


@attrs.frozen
class GoldenVectors:
    """All cases of a file.

    Attributes:
        version: That of the file's format.
        tzdata: The release of the time zone database with which it was made.
        cases: The cases.
    """

    version: int
    tzdata: str
    cases: tuple[GoldenCase, ...] = attrs.field(
        repr=lambda cases: f"<{len(cases)} cases>"
    )


def load() -> GoldenVectors:
    """The cases that come with this library.

    >>> from uptime_core import compute_report
    >>> case = {case.name: case for case in load().cases}["gap_holds_the_end"]
    >>> case.title, case.checked_by_hand, case.expected[0].up
    ('Hours that end inside a gap', True, 3600000000)
    >>> report = compute_report(**case.dataset.arguments, policy=case.policy)
    >>> report.up.tolist()
    [[3600000000]]
    """
    record = json.loads(text())
    cases = tuple(map(_case, record["cases"]))
    return GoldenVectors(record["version"], record["tzdata"], cases)


def text() -> str:
    """The file itself, JSON, for implementations in other languages."""
    return (resources.files(__name__) / f"vectors-{VERSION}.json").read_text("utf-8")


def mismatches(sums: Callable[[GoldenCase], tuple[Sums, ...]]) -> list[str]:
    """What is wrong with an implementation in Python, a line for each wrong case.

    Args:
        sums: What the implementation gives for a case.

    >>> from uptime_core import compute_report
    >>> from uptime_core.testing import oracle
    >>> def fast(case):
    ...     report = compute_report(**case.dataset.arguments, policy=case.policy)
    ...     return oracle.sums_of(report)["shop"]
    >>> mismatches(fast)
    []
    """
    wrong = []
    for case in load().cases:
        given = sums(case)
        if given != case.expected:
            wrong.append(f"{case.name}: {given} instead of {case.expected}")
    return wrong


def _case(record: dict[str, Any]) -> GoldenCase:
    rows = record["rows"]
    shop = Shop(
        STORE_ID,
        polls=tuple(
            (_instant(at), status == "active") for at, status in record["polls"]
        ),
        rows=None if rows is None else tuple((d, s, e) for d, s, e in rows),
        timezone=record["timezone"],
    )
    windows = tuple(
        Window.between(_instant(window["start"]), _instant(window["end"]), name=f"w{n}")
        for n, window in enumerate(record["windows"])
    )
    return GoldenCase(
        name=record["name"],
        title=record["title"],
        reason=record["reason"],
        checked_by_hand=record["checked_by_hand"],
        dataset=Dataset((shop,), _instant(record["as_of"]), windows),
        policy=parse_policy(record["policy"]),
        expected=tuple(
            Sums(window["up"], window["down"], window["unknown"], window["open"])
            for window in record["windows"]
        ),
    )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
