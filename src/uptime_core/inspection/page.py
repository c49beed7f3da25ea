"""An inspection as HTML, for notebooks."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from uptime_core import markup
from uptime_core.markup import Html

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uptime_core.inspection.findings import Finding

_HEADER = ("", "what was found", "what it means for reports", "what to do", "e.g.")


def page(verdict: str, findings: Sequence[Finding]) -> str:
    """The verdict, and a table of the findings."""
    parts = [markup.paragraph(verdict, strong=True)]
    if findings:
        parts.append(markup.table(_HEADER, map(_row, findings)))
    return markup.page(parts)


def _row(finding: Finding) -> tuple[markup.Cell, ...]:
    return (
        Html(f"<b>{escape(finding.severity)}</b>"),
        finding.summary,
        finding.meaning,
        finding.advice,
        Html("<br>".join(map(escape, finding.examples))),
    )
