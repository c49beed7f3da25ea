"""Whole processes in turns: our reports beside those of DuckDB and Polars.

    python -m pip install --group comparison
    python benchmarks/compare.py --polls POLLS --hours HOURS --timezones ZONES

Without files, a set of `--shops` is generated from `--seed`. Before anything is timed,
every contender's sums are compared with ours, shop by shop and to the microsecond.
"""

from __future__ import annotations

import argparse
import csv
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from uptime_core import CsvStore, Policy, compute_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

COMPARISON = Path(__file__).parent / "comparison"
CONTENDERS = ("duckdb", "polars")
POLICY = ("--extrapolation", "previous", "--reach", "none", "--initial", "first")
AS_OF = np.datetime64("2023-01-25T18:13:22.479220", "us")
WEEK = np.timedelta64(7, "D")
ZONES = ("America/Chicago", "America/New_York", "Asia/Beirut", "Europe/London")


def main() -> None:
    """Compare, and print a line for each contender."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--polls", type=Path)
    parser.add_argument("--hours", type=Path)
    parser.add_argument("--timezones", type=Path)
    parser.add_argument("--shops", type=int, default=14_000)
    parser.add_argument("--polls-a-shop", type=int, default=130)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = [options.polls, options.hours, options.timezones]
        # In a process of its own: a child's peak memory begins with that of its parent.
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            if None in files:
                size = options.shops, options.polls_a_shop, options.seed
                files = pool.submit(generate, folder, *size).result()
            shops = pool.submit(check, folder, files).result()
        print(f"all agree on each of {shops:,} shops, to the microsecond", flush=True)
        print_table(run(commands(folder, files), options.rounds))


def generate(folder: Path, shops: int, polls_a_shop: int, seed: int) -> list[Path]:
    """Files of shops that are polled about once an hour and open on most days."""
    random = np.random.default_rng(seed)
    ids = random.choice(10**15, shops, replace=False) + 10**18
    paths = [folder / f"{name}.csv" for name in ("polls", "hours", "zones")]
    rows = shops * polls_a_shop
    shop = ids[random.integers(0, shops, rows)]
    at = AS_OF - (random.random(rows) * WEEK.astype("m8[us]").astype(np.int64)).astype(
        "m8[us]"
    )
    at[0] = AS_OF
    up = random.random(rows) < 0.76  # noqa: PLR2004  # a share like the real one
    with paths[0].open("w", encoding="utf-8") as file:
        file.write("store_id,status,timestamp_utc\n")
        file.writelines(
            f"{shop_id},{status},{text[:10]} {text[11:]} UTC\n"
            for shop_id, status, text in zip(
                shop.tolist(),
                np.where(up, "active", "inactive").tolist(),
                np.datetime_as_string(at).tolist(),
                strict=True,
            )
        )
    with paths[1].open("w", encoding="utf-8") as file:
        file.write("store_id,day,start_time_local,end_time_local\n")
        for shop_id in ids[random.random(shops) < 0.8].tolist():  # noqa: PLR2004
            opens, length = random.integers(0, 24), random.integers(1, 20)
            closes = (opens + length) % 24
            file.writelines(
                f"{shop_id},{day},{opens:02}:00:00,{closes:02}:30:00\n"
                for day in np.flatnonzero(random.random(7) < 0.9).tolist()  # noqa: PLR2004
            )
    with paths[2].open("w", encoding="utf-8") as file:
        file.write("store_id,timezone_str\n")
        file.writelines(
            f"{shop_id},{ZONES[zone]}\n"
            for shop_id, zone in zip(
                ids.tolist(), random.integers(0, len(ZONES), shops), strict=True
            )
        )
    return paths


def check(folder: Path, files: Sequence[Path]) -> int:
    """How many shops there are, if all contenders' sums are ours in each of them."""
    policy = Policy(extrapolation="previous", reach=None, initial="first")
    report = compute_snapshot(CsvStore(*files).snapshot(), policy=policy)
    sums = np.hstack([report.up, report.down, report.unknown]).tolist()
    ours = dict(zip(report.store_ids, sums, strict=True))
    for name in CONTENDERS:
        output = folder / f"{name}.csv"
        subprocess.run([*contender(name, files, output), "--exact"], check=True)  # noqa: S603
        theirs = dict(read_sums(output))
        wrong = [shop for shop in ours | theirs if ours.get(shop) != theirs.get(shop)]
        if wrong:
            shop = wrong[0]
            raise ValueError(
                f"{name} differs in {len(wrong)} shops, such as {shop}: "
                f"{theirs.get(shop)} instead of {ours.get(shop)}"
            )
    return len(ours)


def read_sums(path: Path) -> Iterator[tuple[str, list[int]]]:
    """Each shop's sums."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        next(rows)
        for store_id, *cells in rows:
            yield store_id, list(map(int, cells))


def contender(name: str, files: Sequence[Path], output: Path) -> list[str]:
    """The command of a contender."""
    script = COMPARISON / f"{name}_report.py"
    return [sys.executable, *map(str, (script, *files, output))]


def commands(folder: Path, files: Sequence[Path]) -> dict[str, list[str]]:
    """What is timed, by name."""
    ours = [sys.executable, "-m", "uptime_core"]
    options = ("--polls", "--hours", "--timezones")
    sources = [str(word) for pair in zip(options, files, strict=True) for word in pair]
    database, output = str(folder / "store.db"), str(folder / "ours.csv")
    subprocess.run([*ours, "load", database, *sources], check=True)  # noqa: S603
    report = [*ours, "report", *POLICY, "-o", output]
    return {
        "uptime_core, CSV files": [*report, *sources],
        "uptime_core, SqliteStore": [*report, "--db", database],
        "DuckDB SQL, CSV files": contender("duckdb", files, folder / "duckdb.csv"),
        "Polars, CSV files": contender("polars", files, folder / "polars.csv"),
    }


def run(
    timed: dict[str, list[str]], rounds: int
) -> dict[str, tuple[list[float], float]]:
    """Seconds of each round, and the peak memory in MB, by name."""
    seconds: dict[str, list[float]] = {name: [] for name in timed}
    memory = dict.fromkeys(timed, 0.0)
    for _ in range(rounds):
        for name, command in timed.items():
            started = time.perf_counter()
            process = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603
            _, status, usage = os.wait4(process.pid, 0)
            seconds[name].append(time.perf_counter() - started)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                sys.exit(f"{name} failed")
            memory[name] = max(memory[name], usage.ru_maxrss / 1024)
    return {name: (seconds[name], memory[name]) for name in timed}


def print_table(results: dict[str, tuple[list[float], float]]) -> None:
    """Medians, and their ratios to the contenders'."""
    medians = {name: statistics.median(times) for name, (times, _) in results.items()}
    duckdb, polars = list(medians.values())[-2:]
    print(f"{'':26}  median s  min s  to DuckDB  to Polars  peak MB")
    for name, (times, memory) in results.items():
        median = medians[name]
        print(
            f"{name:26}  {median:8.3f}  {min(times):5.3f}  {median / duckdb:9.2f}"
            f"  {median / polars:9.2f}  {memory:7.0f}"
        )


if __name__ == "__main__":
    main()
