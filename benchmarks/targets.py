"""What is to be reached, and how it is said."""

from __future__ import annotations

from typing import NamedTuple


class Target(NamedTuple):
    """A figure that one of the parts finds, and its bound.

    Attributes:
        part: The part.
        figure: The figure's name in it, which no other part has.
        what: What it is, for people.
        bound: The bound.
        unit: What the figure counts: `x` is a ratio.
        least: Whether the bound is one from below.
    """

    part: str
    figure: str
    what: str
    bound: float
    unit: str = "x"
    least: bool = False

    def reached(self, value: float) -> bool:
        """Whether a figure is within the bound."""
        return value >= self.bound if self.least else value <= self.bound

    def written(self, value: float) -> str:
        """A figure with its unit."""
        digits = 0 if self.unit in {"MB", "ms"} and value >= 10 else 2
        return f"{value:,.{digits}f} {self.unit}"

    def limit(self) -> str:
        """The bound with its sign."""
        return f"{'≥' if self.least else '≤'} {self.written(self.bound)}"

    def verdict(self, value: float) -> str:
        """Whether it is reached, and if not, by how much it is missed."""
        if self.reached(value):
            return "yes"
        return f"no, by {abs(value / self.bound - 1):.0%}"

    def line(self, value: float) -> str:
        """A line of the terminal."""
        return (
            f"{self.what}: {self.written(value)}, target {self.limit()}: "
            f"{self.verdict(value)}"
        )


TARGETS = (
    Target("compare", "csv_to_duckdb", "CSV → report against DuckDB SQL", 0.70),
    Target("compare", "csv_to_polars", "CSV → report against Polars", 0.55),
    Target("compare", "sqlite_to_duckdb", "SQLite → report against DuckDB SQL", 0.30),
    Target(
        "kernel",
        "compute_to_sort",
        "`compute_report` of unsorted columns against `np.sort` of as many int64",
        3,
    ),
    Target(
        "kernel",
        "two_threads",
        "two threads against one, `compute_report`",
        1.6,
        least=True,
    ),
    Target(
        "kernel",
        "two_threads_manager",
        "two threads against one, `ReportManager`",
        1.6,
        least=True,
    ),
    Target("hourly", "ingest_ms", "durable ingest of one batch of 14,000", 15, "ms"),
    Target("hourly", "report_s", "a full report from SQLite after it", 0.30, "s"),
    Target("scaling", "a_poll_at_55", "cost of a poll at 55 x against 1 x", 1.5),
    Target("compare", "csv_peak_mb", "peak memory, CSV → report at 1 x", 200, "MB"),
    Target(
        "scaling", "peak_mb_at_55", "peak memory, SQLite → report at 55 x", 600, "MB"
    ),
    Target(
        "year",
        "year_to_week",
        "last week from a year of history against that week alone",
        1.5,
    ),
    Target(
        "imports", "import_to_numpy", "`import uptime_core` against `import numpy`", 1.5
    ),
    Target("kernel", "flips_10", "10 % of polls flip against 1 %, default policy", 3),
    Target("kernel", "flips_50", "50 % of polls flip against 1 %, default policy", 3),
)
