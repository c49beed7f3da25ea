"""What a notebook shows of a report: its numbers, no scripts, and never all shops."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import attrs
import pytest

from uptime_core import Report, Window, compute_report, markup

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR_WINDOW = Window.last(timedelta(hours=1), name="hour", unit="minutes")
DAY_WINDOW = Window.last(timedelta(days=1), name="day")

VOID = {"br"}


class Tree(HTMLParser):
    """Texts of cells by row; fails on tags that are not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.rows: list[list[str]] = []
        self.styles: list[str] = []

    def handle_starttag(
        self, tag: str, attributes: list[tuple[str, str | None]]
    ) -> None:
        self.open.append(tag)
        self.tags.add(tag)
        assert {name for name, _ in attributes} <= {"style", "title"}
        self.styles += [value or "" for name, value in attributes if name == "style"]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


def tree_of(html: str) -> Tree:
    tree = Tree()
    tree.feed(html)
    tree.close()
    assert tree.open == []
    return tree


def report_of(polls: list[tuple[str, datetime, bool]]) -> Report:
    return compute_report(
        polls, timezones={"never": "UTC"}, windows=[HOUR_WINDOW, DAY_WINDOW]
    )


def test_totals_the_worst_shops_and_provenance_are_shown() -> None:
    polls = [
        ("good", NOON - 30 * MINUTE, True),
        ("bad", NOON - 45 * MINUTE, False),
        ("worse", NOON - 60 * MINUTE, False),
        ("worse", NOON - 15 * MINUTE, True),
        ("now", NOON, True),
    ]
    report = report_of(polls)

    tree = tree_of(report._repr_html_())

    header = ["up", "down", "unknown", "open", "up of observed", "observed"]
    assert [row[2:] for row in tree.rows if row[0] == "all shops"] == [header]
    assert all(
        row[1].split() == ["up", "down", "unknown"]
        for row in tree.rows
        if row[0] in ("all shops", "store_id")
    )
    rows = {row[0]: row[2:] for row in tree.rows}
    assert rows["hour"] == [
        *("45.00 min", "90.00 min", "165.00 min", "300.00 min", "33.33%", "45.00%"),
    ]
    assert rows["day"][:4] == ["0.75 h", "1.50 h", "117.75 h", "120.00 h"]
    worst = [row for row in tree.rows if row[0] in report.store_ids]
    assert [row[0] for row in worst] == ["bad", "worse"]
    assert worst[1][2:] == [
        *("0.25 h", "0.75 h", "23.00 h", "24.00 h", "25.00%", "4.17%"),
        "2023-01-25 11:45:00 UTC",
    ]
    shown = attrs.asdict(report.provenance, recurse=False)
    values = {row[0]: row[1] for row in tree.rows if len(row) == 2}
    assert values == {"what": "value"} | {k: str(v) for k, v in shown.items()}


def test_ids_and_names_are_text_and_nothing_runs() -> None:
    hostile = """<script>alert("1")</script>&'"""
    window = Window.last(timedelta(hours=1), name="<b>hour</b>")
    report = compute_report(
        [(hostile, NOON - MINUTE, False)], as_of=NOON, windows=window
    )

    html = report._repr_html_()
    tree = tree_of(html)

    assert "script" not in tree.tags
    assert "b" not in tree.tags
    assert any(row[0] == hostile for row in tree.rows)
    assert any(row[0] == "<b>hour</b>" for row in tree.rows)
    assert not re.search(r"javascript|onload|onclick|<style|http", html)


def test_a_large_report_is_abridged() -> None:
    polls = [(f"{shop:05}", NOON - (shop % 7) * MINUTE, False) for shop in range(2_000)]
    report = report_of(polls)

    html = report._repr_html_()

    assert "Most downtime in day, 10 of 2,001 shops:" in html
    assert len(html) < 30_000
    worst = [row[0] for row in tree_of(html).rows if row[0] in report.store_ids]
    assert worst == [f"{shop:05}" for shop in range(6, 70, 7)]


def test_a_report_without_downtime_or_shops_says_so() -> None:
    assert "No shop was down in day." in report_of([("a", NOON, True)])._repr_html_()
    empty = compute_report([], as_of=NOON)._repr_html_()
    assert "0 shops" in empty
    assert "none" in empty
    tree_of(empty)


def test_it_is_readable_on_dark_and_light() -> None:
    """No colour of text or background is set; only the bars have fills."""
    tree = tree_of(report_of([("a", NOON - MINUTE, False)])._repr_html_())

    for style in tree.styles:
        properties = dict(part.split(":", 1) for part in style.split(";") if part)
        assert "color" not in properties
        if "background" in properties:
            assert properties["background"] in markup._FILLS.values()


def test_a_bar_has_the_shares() -> None:
    html = markup.bar([("up", 0.5), ("down", 0.0), ("unknown", 0.25)]).text

    assert re.findall(r'title="(\w+) ([\d.]+)%" style="[^"]*width:([\d.]+)%', html) == [
        ("up", "50.0", "50.0000"),
        ("unknown", "25.0", "25.0000"),
    ]


@pytest.mark.parametrize("number", ["0.00", "999.99", "1,000.00", "1,234,567.25"])
def test_large_numbers_are_grouped(number: str) -> None:
    micros = int(float(number.replace(",", "")) * 3_600_000_000)
    polls = [("a", NOON, True)]
    report = compute_report(polls, windows=[DAY_WINDOW])
    changed = attrs.evolve(report, open=report.open * 0 + micros)

    assert f"{number} h" in changed._repr_html_()
