"""How long it takes until frames of polls are columns, library by library.

    python -m pip install --group frames
    python benchmarks/frames.py --polls POLLS

Before anything is timed, the columns of every frame are compared with those of the
file.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pandas as pd
import polars as pl

from uptime_core import CsvStore
from uptime_core.inputs import poll_columns

if TYPE_CHECKING:
    from uptime_core import PollColumns
    from uptime_core.frame_columns import DataFrame


def main() -> None:
    """Compare, and print a line for each kind of frame."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--polls", type=Path, default="examples/data/polls.csv")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    (expected,) = CsvStore(options.polls).polls()
    text = pd.read_csv(options.polls, dtype=str)
    for name, frame in frames(text).items():
        compare(expected, poll_columns(frame), name)
        times = []
        for _ in range(options.rounds):
            start = time.perf_counter()
            poll_columns(frame)
            times.append(time.perf_counter() - start)
        middle = statistics.median(times)
        speed = len(expected) / middle / 1e6
        print(f"{name:32} {middle:6.3f} s  {speed:5.1f} million rows a second")


def frames(text: pd.DataFrame) -> dict[str, DataFrame]:
    """Frames of the same polls, by name."""
    plain = text.timestamp_utc.str.removesuffix(" UTC")
    instants = pd.to_datetime(plain, utc=True, format="ISO8601").dt.as_unit("us")
    usual = text.assign(timestamp_utc=instants)
    polars = pl.from_pandas(usual)
    table = polars.to_arrow()
    relation = duckdb.from_arrow(table)
    return {
        "pandas, timestamps": usual,
        "pandas, all text": text,
        "polars, timestamps": polars,
        "polars, all text": pl.from_pandas(text),
        "pyarrow, timestamps": table,
        "duckdb, timestamps": relation,
    }


def compare(expected: PollColumns, found: PollColumns, name: str) -> None:
    """Both have the same polls.

    Raises:
        SystemExit: They have not.
    """
    for one, other in zip(columns(expected), columns(found), strict=True):
        if not np.array_equal(one, other):
            raise SystemExit(f"{name}: other polls than in the file")


def columns(polls: PollColumns) -> list[np.ndarray]:
    """Ids, instants and statuses, sorted."""
    ids = np.array(polls.store_ids)[polls.code]
    order = np.lexsort((polls.status, polls.at, ids))
    return [column[order] for column in (ids, polls.at, polls.status)]


if __name__ == "__main__":
    main()
