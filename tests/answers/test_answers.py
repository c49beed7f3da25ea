"""Answers worked out by hand, each with its derivation in its file."""

from __future__ import annotations

import tomllib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from uptime_core import Policy, Window, compute_report
from uptime_core.testing import oracle

FILES = sorted(Path(__file__).parent.glob("*.toml"))


def load(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text("utf-8"))


def policy_of(question: dict[str, Any]) -> Policy:
    options = dict(question.get("policy", {}))
    if "reach" in options:
        reach = options["reach"]
        options["reach"] = None if reach == "none" else timedelta(seconds=reach)
    return Policy(**options)


def micros(text: str) -> int:
    hours, minutes, seconds = text.split(":")
    whole, _, fraction = seconds.partition(".")
    in_seconds = (int(hours) * 60 + int(minutes)) * 60 + int(whole)
    return in_seconds * 1_000_000 + int(fraction.ljust(6, "0"))


def test_there_are_answers() -> None:
    assert len(FILES) >= 17


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_answer(file: Path) -> None:
    question = load(file)
    assert question["derivation"].strip()
    policy = policy_of(question)
    polls = [
        (datetime.fromisoformat(at), status == "active")
        for at, status in question["polls"]
    ]
    as_of = datetime.fromisoformat(question["as_of"])
    rows = question.get("hours")
    report = compute_report(
        [("shop", at, status) for at, status in polls],
        [("shop", *row) for row in rows or ()],
        {"shop": question["timezone"]},
        as_of=as_of,
        windows=[
            Window.between(
                datetime.fromisoformat(window["start"]),
                datetime.fromisoformat(window["end"]),
                name=str(number),
            )
            for number, window in enumerate(question["window"])
        ],
        policy=policy,
    )
    row = report.row("shop")
    for number, window in enumerate(question["window"]):
        up, down, unknown = (micros(window[name]) for name in ("up", "down", "unknown"))
        sums = (row.up[number], row.down[number], row.unknown[number], row.open[number])
        assert sums == (up, down, unknown, up + down + unknown)
        assert sums == oracle.account(
            polls,
            datetime.fromisoformat(window["start"]),
            datetime.fromisoformat(window["end"]),
            as_of=as_of,
            rows=rows,
            timezone=question["timezone"],
            policy=policy,
        )
