"""Whole processes in turns: our reports beside those of DuckDB and Polars.

    python -m pip install --group comparison
    python benchmarks/compare.py --polls POLLS --hours HOURS --timezones ZONES

Without files, a set of `--shops` is generated from `--seed`. Before anything is timed,
every contender's sums are compared with ours, shop by shop and to the microsecond.
"""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import part
from uptime_core import CsvStore, compute_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from data import Files

COMPARISON = Path(__file__).parent / "comparison"
CONTENDERS = ("duckdb", "polars")
POLICY = ("--extrapolation", "previous", "--reach", "none", "--initial", "first")


def measure(setting: part.Setting) -> part.Findings:
    """Compare."""
    shops = setting.apart(check, setting.folder, setting.files, COMPARISON)
    timings, _ = part.processes_in_turns(
        commands(setting.folder, setting.files), setting.rounds
    )
    files, sqlite, duckdb, polars = timings.values()
    return part.Findings(
        data=f"whole processes, from start to report.csv, {shops}",
        agreed="all contenders agree on every shop and window, to the microsecond",
        timings=timings,
        figures={
            "csv_to_duckdb": files.median / duckdb.median,
            "csv_to_polars": files.median / polars.median,
            "sqlite_to_duckdb": sqlite.median / duckdb.median,
            "csv_peak_mb": files.peak_mb or 0,
        },
    )


def check(folder: Path, files: Files, comparison: Path) -> str:
    """How much data there is, if all contenders' sums are ours in each shop.

    Raises:
        ValueError: A contender differs.
    """
    report = compute_snapshot(CsvStore(*files).snapshot(), policy=part.EVERYONE_SPEAKS)
    ours = part.sums_of(report)
    for name in CONTENDERS:
        output = folder / f"{name}.csv"
        command = contender(comparison / f"{name}_report.py", files, output)
        subprocess.run([*command, "--exact"], check=True)
        part.check_sums(name, ours, dict(read_sums(output)))
    text = report.to_csv()
    for name, command in commands(folder, files).items():
        if name.startswith("uptime_core"):
            subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
            if (folder / "ours.csv").read_text(encoding="utf-8") != text:
                raise ValueError(f"{name}: its file is not the report")
    return part.described(report)


def read_sums(path: Path) -> Iterator[tuple[str, list[int]]]:
    """Each shop's sums."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        next(rows)
        for store_id, *cells in rows:
            yield store_id, list(map(int, cells))


def contender(script: Path, files: Files, output: Path) -> list[str]:
    """The command of a contender."""
    return [sys.executable, *map(str, (script, *files, output))]


def commands(folder: Path, files: Files) -> dict[str, list[str]]:
    """What is timed, by name."""
    ours = [sys.executable, "-m", "uptime_core"]
    options = ("--polls", "--hours", "--timezones")
    sources = [str(word) for pair in zip(options, files, strict=True) for word in pair]
    database, output = folder / "compare.db", str(folder / "ours.csv")
    database.unlink(missing_ok=True)
    subprocess.run(
        [*ours, "load", str(database), *sources],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    report = [*ours, "report", *POLICY, "-o", output]
    duckdb, polars = (COMPARISON / f"{name}_report.py" for name in CONTENDERS)
    return {
        "uptime_core, CSV files": [*report, *sources],
        "uptime_core, SqliteStore": [*report, "--db", str(database)],
        "DuckDB SQL, CSV files": contender(duckdb, files, folder / "duckdb.csv"),
        "Polars, CSV files": contender(polars, files, folder / "polars.csv"),
    }


if __name__ == "__main__":
    part.run(measure, __doc__, rounds=9)
