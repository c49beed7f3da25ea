"""A simulated year of hourly life: do ingest and report times stay flat?

    python benchmarks/hourly_year.py --hours 8760 --shops 14000

Every hour each shop is polled once and the batch is loaded into a `SqliteStore`; now
and then the last hour, day and week are reported. Printed are medians of each tenth of
the year, and the size of the file for each poll.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from uptime_core import PollColumns, SqliteStore, compute_store
from uptime_core.instants import to_micros

HOUR = 3_600_000_000
START = to_micros(datetime(2023, 1, 1, tzinfo=UTC))


def batch(shops: int, hour: int, random: np.random.Generator) -> PollColumns:
    """One poll of every shop, some time within the hour, in any order."""
    return PollColumns(
        [f"shop-{number:06d}" for number in range(shops)],
        random.permutation(shops),
        START + hour * HOUR + random.integers(0, HOUR, shops),
        random.random(shops) < 0.9,  # a share like the real one
    )


def main() -> None:
    """Simulate, and print a line for each tenth."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=int, default=8760)
    parser.add_argument("--shops", type=int, default=14_000)
    parser.add_argument("--reports", type=int, default=5, help="in each tenth")
    parser.add_argument("--retain", type=int, help="hours to keep; default: all")
    options = parser.parse_args()
    random = np.random.default_rng(2023)
    tenth = max(options.hours // 10, 1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "year.db"
        store = SqliteStore(path)
        ingests: list[float] = []
        reports: list[float] = []
        print("hours  ingest ms (median, max)  report ms  bytes a poll")
        for hour in range(options.hours):
            polls = batch(options.shops, hour, random)
            started = time.perf_counter()
            store.add_polls(polls)
            ingests.append(time.perf_counter() - started)
            if hour % max(tenth // options.reports, 1) == 0:
                started = time.perf_counter()
                compute_store(store)
                reports.append(time.perf_counter() - started)
            if (hour + 1) % tenth == 0:
                print(
                    f"{hour + 1:5d}  {statistics.median(ingests) * 1e3:9.1f}"
                    f" {max(ingests) * 1e3:9.1f}"
                    f"  {statistics.median(reports) * 1e3:14.0f}"
                    f"  {path.stat().st_size / (options.shops * (hour + 1)):10.1f}",
                    flush=True,
                )
                ingests, reports = [], []
        store.check()


if __name__ == "__main__":
    main()
