"""Findings in order, in words, as JSON and as HTML."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import attrs
import pytest
from tests.inspection.samples import fleet, inspected

from uptime_core import Finding, InputError, Inspection, RejectedRow
from uptime_core.inspection.findings import FindingKind, Severity

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)


def finding(
    kind: FindingKind = "sparse_polls", severity: Severity = "warning", **more: object
) -> Finding:
    return Finding(
        kind=kind,
        severity=severity,
        count=3,
        summary=f"three of {kind}",
        meaning="It means <nothing>.",
        advice="Do this & that.",
        **more,  # type: ignore[arg-type]
    )


def inspection(*findings: Finding, **more: object) -> Inspection:
    fields = {
        "source": "polls.csv",
        "shops": 2,
        "polls": 1_000,
        "first_poll": NOON - timedelta(days=2),
        "newest_poll": NOON,
        "usual_interval": timedelta(minutes=59),
        "findings": findings,
    }
    return Inspection(**(fields | more))  # type: ignore[arg-type]


def test_the_severest_come_first_then_the_most_important() -> None:
    mixed = [
        finding("twin_ids", "note"),
        finding("sparse_polls", "warning"),
        finding("rejected_rows", "error"),
        finding("fleet_holes", "warning"),
        finding("quarantined_shops", "error"),
    ]
    assert [(f.severity, f.kind) for f in inspection(*mixed).findings] == [
        ("error", "rejected_rows"),
        ("error", "quarantined_shops"),
        ("warning", "fleet_holes"),
        ("warning", "sparse_polls"),
        ("note", "twin_ids"),
    ]


@pytest.mark.parametrize(
    ("severities", "worst", "is_sound", "end"),
    [
        ([], None, True, "Nothing distorts reports: nothing found."),
        (["note"], "note", True, "Nothing distorts reports: 1 note."),
        (
            ["warning", "warning"],
            "warning",
            False,
            "Reports can be made, but know what the warnings mean: 2 warnings.",
        ),
        (
            ["note", "error", "error"],
            "error",
            False,
            "Reports are wrong until the errors are put right: 2 errors and 1 note.",
        ),
    ],
)
def test_the_verdict(
    severities: list[Severity], worst: Severity | None, end: str, *, is_sound: bool
) -> None:
    judged = inspection(*(finding(severity=severity) for severity in severities))

    assert (judged.severity, judged.is_sound) == (worst, is_sound)
    assert judged.verdict == (
        "2 shops, 1,000 polls from 2023-01-23 12:00:00 to 2023-01-25 12:00:00 UTC, "
        f"usually one every 59 min a shop. {end}"
    )


def test_an_inspection_in_words() -> None:
    judged = inspection(finding(examples=("'a'", "'b'")), usual_interval=None)

    assert str(judged) == (
        "2 shops, 1,000 polls from 2023-01-23 12:00:00 to 2023-01-25 12:00:00 UTC. "
        "Reports can be\nmade, but know what the warnings mean: 1 warning.\n"
        "\n"
        "warning  three of sparse_polls\n"
        "         It means <nothing>. Do this & that.\n"
        "         e.g. 'a'\n"
        "              'b'"
    )
    assert repr(judged) == (
        "<Inspection: 2 shops, 1,000 polls from 2023-01-23 12:00:00 to 2023-01-25 "
        "12:00:00 UTC, 1 warning>"
    )
    assert repr(judged.findings[0]) == "<Finding: warning, three of sparse_polls>"


def test_lines_are_as_wide_as_a_terminal() -> None:
    long = finding(examples=("x" * 200,))
    lines = str(attrs.evolve(long, summary="word " * 40, meaning="word " * 60))
    assert all(len(line) <= 88 for line in lines.splitlines() if "xx" not in line)
    assert "x" * 200 in lines  # examples can be copied


def test_an_inspection_never_changes() -> None:
    judged = inspection(finding())
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        judged.shops = 3  # type: ignore[misc]
    assert hash(judged) == hash(inspection(finding()))
    assert judged == inspection(finding())


def test_findings_of_a_kind() -> None:
    judged = inspection(finding("rejected_rows"), finding("twin_ids"))

    assert judged.of_kind("twin_ids") == (finding("twin_ids"),)
    assert judged.of_kind("no_polls") == ()
    with pytest.raises(InputError, match="'twins' is none of no_polls, "):
        judged.of_kind("twins")  # type: ignore[arg-type]


def test_the_same_as_json() -> None:
    interval = (NOON, NOON + timedelta(hours=1))
    row = RejectedRow("polls.csv", 3, "status", "it is bad", ("a", "b", "\udc80"))
    judged = inspection(
        finding(store_ids=("a",), intervals=(interval,)), rejected=(row,)
    )

    read = json.loads(json.dumps(judged.to_dict()))

    assert read["first_poll"] == "2023-01-23T12:00:00+00:00"
    assert read["usual_interval_seconds"] == 3540
    assert read["severity"] == "warning"
    assert read["verdict"] == judged.verdict
    (first,) = read["findings"]
    assert set(first) == {field.name for field in attrs.fields(Finding)}
    assert first["intervals"] == [
        ["2023-01-25T12:00:00+00:00", "2023-01-25T13:00:00+00:00"]
    ]
    assert read["rejected"] == [
        {
            "source": "polls.csv",
            "line": 3,
            "field": "status",
            "reason": "it is bad",
            "cells": ["a", "b", "\udc80"],
        }
    ]
    assert (
        json.loads(json.dumps(inspection(first_poll=None).to_dict()))["polls"] == 1000
    )


class Tags(HTMLParser):
    """Counts tags, and sees that each is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attributes: object) -> None:
        del attributes
        self.seen.append(tag)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_table_in_a_notebook() -> None:
    judged = inspection(finding(examples=("'<script>alert(1)</script>'", "'b'")))

    tags = Tags(judged._repr_html_())

    assert tags.open == []
    assert tags.seen.count("tr") == 2
    assert tags.seen.count("td") == tags.seen.count("th") == 5
    assert "script" not in tags.seen
    assert judged.verdict in tags.text
    assert "It means <nothing>." in tags.text
    assert "Do this & that." in tags.text
    assert "'<script>alert(1)</script>'" in tags.text


def test_there_is_no_table_without_findings() -> None:
    assert "table" not in Tags(inspection()._repr_html_()).seen


@pytest.mark.parametrize("kind", get_args(FindingKind))
def test_every_kind_is_described(kind: str) -> None:
    page = Path(__file__).parents[2] / "docs" / "how-to" / "check-your-data.md"
    assert f"| `{kind}` |" in page.read_text("utf-8")


def test_sentences_of_real_findings_are_sentences() -> None:
    """What is said of one thing is said in the singular."""
    (one,) = inspected(fleet(2), timezones={"shop-000": "UTC"}).findings
    assert one.summary.startswith("1 polled shop has ")
    (two,) = inspected(fleet(2), timezones={}).findings
    assert two.summary.startswith("2 polled shops have ")
    for found in (one, two):
        assert found.meaning.endswith(".")
        assert found.advice.endswith(".")
        assert not found.summary.endswith(".")
