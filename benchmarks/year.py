"""The last week's report from a year of history, and from a store of that week alone.

    python benchmarks/year.py --folder FOLDER

Both get a batch of polls every hour, and are kept in FOLDER. `hourly_year.py` shows how
ingest and reports go through the year.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import data
import part
from uptime_core import SqliteStore, compute_store

SHOPS = 14_000
WEEK = 7 * 24 + 2  # hours: polls from before the window speak into it
YEAR = 8_600  # hours: 120 million polls


def measure(setting: part.Setting) -> part.Findings:
    """Make the stores, and report from them in turns."""
    shops, year = (100, WEEK * 2) if setting.quick else (SHOPS, YEAR)
    stores = []
    for name, hours in (("year", year), ("week", WEEK)):
        path = setting.folder / f"{name}.db"
        if not path.exists():
            setting.apart(fill, path, shops, hours, setting.seed)
        stores.append(SqliteStore(path))
    check(*stores)
    output = setting.folder / "report.csv"

    def report(store: SqliteStore) -> None:
        compute_store(store, policy=part.EVERYONE_SPEAKS).to_csv(output)

    long, short = stores
    timings = part.in_turns(
        {
            f"from {shops * year:,} polls": lambda: report(long),
            f"from {shops * WEEK:,} polls": lambda: report(short),
        },
        setting.rounds,
    )
    history, week = (timing.median for timing in timings.values())
    size = Path(long.path).stat().st_size
    return part.Findings(
        data=f"SqliteStore to report.csv in a running process, {shops:,} shops, "
        f"{year:,} hourly batches",
        agreed="both agree on every shop",
        timings=timings,
        figures={
            "year_to_week": history / week,
            "bytes_a_poll": size / (shops * year),
        },
    )


def fill(path: Path, shops: int, hours: int, seed: int) -> None:
    """Make a store, an hour at a time; the last hours are the same in all of them."""
    unfinished = path.with_suffix(".part")
    unfinished.unlink(missing_ok=True)
    ids, business, zones = data.fleet(shops, seed)
    store = SqliteStore(unfinished, journal_mode="delete")
    store.set_hours(business)
    store.set_timezones(zones)
    for day in range(hours, 0, -24):
        with store.transaction():  # waits for the disk once a day
            for hour in range(day, max(day - 24, 0), -1):
                random = np.random.default_rng([seed, hour])
                start = data.newest() - hour * data.HOUR
                store.add_polls(data.batch(ids, start, random))
    store.close()
    unfinished.rename(path)


def check(long: SqliteStore, short: SqliteStore) -> None:
    """See that both stores have the same sums.

    Raises:
        ValueError: They have not.
    """
    ours, theirs = (
        part.sums_of(compute_store(store, policy=part.EVERYONE_SPEAKS))
        for store in (short, long)
    )
    part.check_sums("the year", ours, theirs)


if __name__ == "__main__":
    part.run(measure, __doc__, rounds=15, files=False)
