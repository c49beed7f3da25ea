"""Checks of what was rejected when the sources were read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptime_core.errors import counted
from uptime_core.inspection.findings import Finding
from uptime_core.inspection.wording import EXAMPLES, clause, some

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptime_core.inspection.sources import Sources
    from uptime_core.rejects import RejectedRow


_POLLS = (
    "These polls are left out; the time that they would speak for is unknown, or goes "
    "to the polls around."
)
_HOURS_OR_ZONES = (
    "A bad row rejects all rows of its shop in this source: the shop is in quarantine, "
    "and reports leave it out."
)


def row_findings(sources: Sources) -> Iterator[Finding]:
    """The rows that could not be read, by source, and the shops that suffer."""
    by_source: dict[str, list[RejectedRow]] = {}
    for row in sources.rejected:
        by_source.setdefault(row.source, []).append(row)
    for source, rows in by_source.items():
        of_polls = source == sources.source
        yield Finding(
            kind="rejected_rows",
            severity="error",
            count=len(rows),
            summary=f"{counted(len(rows), 'row')} of {source} cannot be read",
            meaning=_POLLS if of_polls else _HOURS_OR_ZONES,
            advice="Correct the rows and read the source again; --rejects, or rejected "
            "in Python, has them all.",
            examples=tuple(map(_example, rows[:EXAMPLES])),
        )
    if sources.quarantined:
        ids = tuple(sorted(sources.quarantined))
        yield Finding(
            kind="quarantined_shops",
            severity="error",
            count=len(ids),
            summary=f"{clause(len(ids), 'shop', 'is', 'are')} in quarantine, for bad "
            "rows of hours or zones",
            meaning="Reports leave them out, and count them.",
            advice="Load good hours and zones of theirs.",
            examples=some(ids),
            store_ids=ids,
        )


def _example(row: RejectedRow) -> str:
    field = "" if row.field is None else f", {row.field}"
    return f"line {row.line}{field}: {row.reason}"
