"""A week of more and more shops in a `SqliteStore`: cost of a poll, and memory.

    python benchmarks/scaling.py --folder FOLDER

Every hour brings a poll of each shop. A report, with its CSV file, is made in a process
of its own, in turns. The stores are kept in FOLDER and made once; the largest has 100
million polls and takes 1.3 GB.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import numpy as np

import data
import part
from uptime_core import MemoryStore, PollColumns, SqliteStore, compute_store

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SHOPS, HOURS = 14_000, 130
SCALES = (1, 4, 16, 55)
QUICK_SCALES = (1, 2)


def measure(setting: part.Setting) -> part.Findings:
    """Make the stores, and report from them."""
    scales = QUICK_SCALES if setting.quick else SCALES
    shops, hours = (200, 12) if setting.quick else (SHOPS, HOURS)
    setting.apart(check, setting.folder / "check.db", setting.seed)
    polls: dict[int, int] = {}
    paths = {scale: setting.folder / f"scale-{scale}.db" for scale in scales}
    for scale, path in paths.items():
        polls[scale] = scale * shops * hours
        if not path.exists():
            setting.apart(fill, path, scale * shops, hours, setting.seed)
    commands = {
        f"{scale} x: {polls[scale]:,} polls of {scale * shops:,} shops": [
            sys.executable,
            __file__,
            "report",
            str(path),
            str(setting.folder / "report.csv"),
        ]
        for scale, path in paths.items()
    }
    timings, printed = part.processes_in_turns(commands, setting.rounds)
    # Timed from within: without the start of Python and the imports.
    within = {
        f"{name}, within": part.Timing(list(map(float, seconds)))
        for name, seconds in printed.items()
    }
    cost = {
        scale: timing.median / polls[scale] * 1e9
        for scale, timing in zip(scales, within.values(), strict=True)
    }
    figures = {f"ns_a_poll_at_{scale}": value for scale, value in cost.items()}
    figures |= {
        f"peak_mb_at_{scale}": timing.peak_mb or 0
        for scale, timing in zip(scales, timings.values(), strict=True)
    }
    figures |= {f"a_poll_at_{scale}": cost[scale] / cost[1] for scale in scales}
    return part.Findings(
        data=f"SqliteStore to report.csv, a process each; {hours} hourly batches",
        agreed="reports from the stores of a small fleet, made in batches and at once "
        "in memory, agree on every shop",
        timings=timings | within,
        figures=figures,
    )


def batches(ids: list[str], hours: int, seed: int) -> Iterable[PollColumns]:
    """Hour by hour, up to the newest poll."""
    random = np.random.default_rng(seed)
    for hour in range(hours):
        yield data.batch(ids, data.newest() - (hours - hour) * data.HOUR, random)


def fill(path: Path, shops: int, hours: int, seed: int) -> None:
    """Make a store, a batch at a time."""
    unfinished = path.with_suffix(".part")
    unfinished.unlink(missing_ok=True)
    ids, business, zones = data.fleet(shops, seed)
    store = SqliteStore(unfinished, journal_mode="delete")
    store.set_hours(business)
    store.set_timezones(zones)
    for batch in batches(ids, hours, seed):
        store.add_polls(batch)
    store.close()
    unfinished.rename(path)


def check(path: Path, seed: int, shops: int = 150, hours: int = 40) -> None:
    """See that a store that was filled so has the sums of all data at once.

    Raises:
        ValueError: It has not.
    """
    path.unlink(missing_ok=True)
    fill(path, shops, hours, seed)
    ids, business, zones = data.fleet(shops, seed)
    parts = list(batches(ids, hours, seed))
    columns = [np.concatenate([getattr(p, name) for p in parts]) for name in COLUMNS]
    memory = MemoryStore(PollColumns(ids, *columns), business, zones)
    ours = compute_store(memory, policy=part.EVERYONE_SPEAKS)
    theirs = compute_store(SqliteStore(path), policy=part.EVERYONE_SPEAKS)
    part.check_sums("the store", part.sums_of(ours), part.sums_of(theirs))


COLUMNS = ("code", "at", "status")


def report(path: str, output: str) -> None:
    """Make a report, and print how many seconds that took."""
    started = time.perf_counter()
    compute_store(SqliteStore(path), policy=part.EVERYONE_SPEAKS).to_csv(output)
    print(time.perf_counter() - started)


if __name__ == "__main__":
    if sys.argv[1:2] == ["report"]:
        report(*sys.argv[2:])
    else:
        part.run(measure, __doc__, rounds=3, files=False)
