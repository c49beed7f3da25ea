"""An hour of a running service: a batch of polls comes in, then a full report is made.

    python benchmarks/hourly.py --polls POLLS --hours HOURS --timezones ZONES

The store begins with the files, which have a week or more. Its transactions wait for
the disk.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import numpy as np

import data
import part
from uptime_core import (
    CsvStore,
    MemoryStore,
    PollColumns,
    SqliteStore,
    compute_store,
    load_csv,
)

if TYPE_CHECKING:
    from pathlib import Path

BATCH = 14_000


def measure(setting: part.Setting) -> part.Findings:
    """Hour after hour, ingest and report."""
    path = setting.folder / "hourly.db"
    path.unlink(missing_ok=True)
    store = SqliteStore(path)
    load_csv(store, *setting.files)
    random = np.random.default_rng(setting.seed)
    columns = CsvStore(*setting.files).snapshot().polls
    ids = list(columns.store_ids[:BATCH])
    start = (columns.newest() or 0) + 1
    syncs: list[float] = []
    ingests: list[float] = []
    reports: list[float] = []
    files: list[float] = []
    batches = [columns]
    # At least as many hours as it takes for chunks to be merged.
    for hour in range(1 + max(setting.rounds, 1 if setting.quick else 20)):
        batch = data.batch(ids, start + hour * data.HOUR, random)
        batches.append(batch)
        times = [time.perf_counter()]
        write(setting.folder / "batch", batch)
        times.append(time.perf_counter())
        store.add_polls(batch)
        times.append(time.perf_counter())
        report = compute_store(store, policy=part.EVERYONE_SPEAKS)
        times.append(time.perf_counter())
        report.to_csv(setting.folder / "report.csv")
        times.append(time.perf_counter())
        if hour:  # the first one loads modules
            for seconds, took in zip(
                (syncs, ingests, reports, files), np.diff(times), strict=True
            ):
                seconds.append(float(took))
    check(store, batches)
    full = [a + b for a, b in zip(reports, files, strict=True)]
    timings = {
        "a plain file of as many bytes, synced": part.Timing(syncs),
        f"ingest of {len(ids):,} polls": part.Timing(ingests),
        "report": part.Timing(reports),
        "report.csv": part.Timing(files),
        "report, and report.csv": part.Timing(full),
    }
    return part.Findings(
        data=f"one process, a store of {part.described(report)} at the end",
        agreed="the last report is that of all polls at once in memory, in every shop",
        timings=timings,
        figures={
            "ingest_ms": part.Timing(ingests).median * 1e3,
            "sync_ms": part.Timing(syncs).median * 1e3,
            "slowest_ingest_ms": max(ingests) * 1e3,
            "report_s": part.Timing(full).median,
        },
    )


def write(path: Path, batch: PollColumns) -> None:
    """Write ten bytes a poll, as a store does, and wait for the disk."""
    with path.open("wb") as file:
        file.write(bytes(10 * len(batch)))
        file.flush()
        os.fsync(file.fileno())


def check(store: SqliteStore, batches: list[PollColumns]) -> None:
    """See that the store has the sums of all batches at once.

    Raises:
        ValueError: It has not.
    """
    code = {name: number for number, name in enumerate(batches[0].store_ids)}
    codes = [
        np.array([code[name] for name in batch.store_ids])[batch.code]
        for batch in batches
    ]
    polls = PollColumns(
        batches[0].store_ids,
        np.concatenate(codes),
        np.concatenate([batch.at for batch in batches]),
        np.concatenate([batch.status for batch in batches]),
    )
    memory = MemoryStore(polls, store.hours(), store.timezones())
    ours, theirs = (
        part.sums_of(compute_store(source, policy=part.EVERYONE_SPEAKS))
        for source in (memory, store)
    )
    part.check_sums("the store", ours, theirs)


if __name__ == "__main__":
    part.run(measure, __doc__, rounds=40)
