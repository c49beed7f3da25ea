"""The tables of docs/explanation/performance.md, from results.json.

    python benchmarks/tables.py [PAGE [RESULTS]]

A table replaces what stands between `<!-- table: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "explanation" / "performance.md"
MARK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def page(text: str, found: Mapping[str, Any]) -> str:
    """The page with all its tables as they should be."""
    return MARK.sub(
        lambda mark: f"{mark[1]}\n{table(mark[2], found)}\n{mark[3]}",
        text,
    )


def table(name: str, found: Mapping[str, Any]) -> str:
    """One of the tables."""
    if name == "machine":
        return rows(
            ("", ""),
            ((key, value or "none") for key, value in found["machine"].items()),
        )
    if name == "targets":
        return targets(found["parts"])
    part = found["parts"][name]
    return f"{part['date']}; {part['data']}.\n\n" + timings(part["timings"])


def targets(parts: Mapping[str, Any]) -> str:
    """Each target with the figure that was measured."""
    measured = []
    for target in TARGETS:
        value = parts.get(target.part, {}).get("figures", {}).get(target.figure)
        found = (
            ("not measured", "")
            if value is None
            else (target.written(value), target.verdict(value))
        )
        measured.append((target.what, target.limit(), *found))
    return rows(("what", "target", "measured", "reached"), measured)


def timings(measured: Mapping[str, Any]) -> str:
    """Medians, the fastest and the slowest round, and memory where it was measured."""
    memory = any(timing["peak_mb"] for timing in measured.values())
    titles = ("what", "median", "fastest", "slowest", "rounds")
    return rows(
        (*titles, "peak memory") if memory else titles,
        (
            (
                name,
                seconds(timing["median"]),
                seconds(min(timing["seconds"])),
                seconds(max(timing["seconds"])),
                len(timing["seconds"]),
                *([megabytes(timing["peak_mb"])] if memory else []),
            )
            for name, timing in measured.items()
        ),
    )


def seconds(value: float) -> str:
    """Seconds, or milliseconds of less than one."""
    if value >= 1:
        return f"{value:.2f} s"
    return f"{value * 1e3:.{0 if value >= 0.1 else 1 if value >= 0.001 else 3}f} ms"


def megabytes(value: float | None) -> str:
    """Memory, where it was measured."""
    return "" if value is None else f"{value:,.0f} MB"


def rows(titles: Iterable[str], cells: Iterable[Iterable[object]]) -> str:
    """A table of Markdown."""
    titles = list(titles)
    lines: list[Iterable[object]] = [titles, ["---"] * len(titles), *cells]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def main(path: Path = PAGE, results: Path = HERE / "results.json") -> None:
    """Write the page again."""
    found = json.loads(results.read_text(encoding="utf-8"))
    path.write_text(page(path.read_text(encoding="utf-8"), found), encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
