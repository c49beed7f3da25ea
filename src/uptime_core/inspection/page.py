"""An inspection as HTML, for notebooks."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uptime_core.inspection.findings import Finding

_HEADERS = ("", "what was found", "what it means for reports", "what to do", "e.g.")
_CELL = "text-align: left; vertical-align: top; white-space: normal"


def page(verdict: str, findings: Iterable[Finding]) -> str:
    """The verdict, and a table of the findings; no script, and no style but its own."""
    rows = [
        _row(
            "td",
            (
                f"<b>{escape(finding.severity)}</b>",
                escape(finding.summary),
                escape(finding.meaning),
                escape(finding.advice),
                "<br>".join(map(escape, finding.examples)),
            ),
        )
        for finding in findings
    ]
    table = ""
    if rows:
        head = _row("th", _HEADERS)
        table = f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"
    return f"<div><p>{escape(verdict)}</p>{table}</div>"


def _row(tag: str, cells: Iterable[str]) -> str:
    inner = "".join(f'<{tag} style="{_CELL}">{cell}</{tag}>' for cell in cells)
    return f"<tr>{inner}</tr>"
