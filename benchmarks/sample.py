"""A sample of shops, one by one: pandas, portion, staircase and traces.

    python -m pip install --group comparison
    python benchmarks/sample.py --polls POLLS --hours HOURS --timezones ZONES

Their loops over shops are timed, without reading; ours is `compute_report` for the same
shops, from columns in memory.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import part
from compare import COMPARISON, read_sums
from uptime_core import CsvStore, compute_snapshot

if TYPE_CHECKING:
    from pathlib import Path

    from data import Files

CONTENDERS = ("pandas", "portion", "staircase", "traces")
SHOPS = 100
OURS = "uptime_core"


def measure(setting: part.Setting) -> part.Findings:
    """Check, then time in turns."""
    sample, ours = setting.apart(sums_of_sample, setting.files, setting.quick)
    seconds: dict[str, list[float]] = {name: [] for name in (OURS, *CONTENDERS)}
    warm = not setting.quick  # the first round reads from the disk
    for done in range(setting.rounds + warm):
        for name in CONTENDERS:
            took = run(name, setting, sample, ours, COMPARISON)
            if done >= warm:
                seconds[name].append(took)
        if done >= warm:
            seconds[OURS].append(
                setting.apart(time_ours, setting.files, sample) / len(sample)
            )
    timings = {name: part.Timing(times) for name, times in seconds.items()}
    figures = {
        f"{name}_to_ours": timings[name].median / timings[OURS].median
        for name in CONTENDERS
    }
    return part.Findings(
        data=f"seconds a shop, {len(sample)} shops one after the other, "
        "without reading the files",
        agreed=f"all agree on every one of the {len(sample)} shops, to the microsecond",
        timings=timings,
        figures=figures,
    )


def sums_of_sample(files: Files, quick: bool) -> tuple[list[str], dict[str, list[int]]]:  # noqa: FBT001
    """The ids of polled shops spread over all of them, and their sums."""
    report = compute_snapshot(
        CsvStore(*files).snapshot(), policy=part.EVERYONE_SPEAKS, stores="polled"
    )
    count = min(3 if quick else SHOPS, len(report.store_ids))
    sample = list(report.store_ids[:: len(report.store_ids) // count][:count])
    sums = part.sums_of(report)
    return sample, {store_id: sums[store_id] for store_id in sample}


def run(
    name: str,
    setting: part.Setting,
    sample: list[str],
    ours: dict[str, list[int]],
    comparison: Path,
) -> float:
    """The seconds a shop of a contender, whose sums are ours.

    Raises:
        ValueError: They are not.
    """
    output = setting.folder / f"sample-{name}.csv"
    script = comparison / f"{name}_report.py"
    words = [sys.executable, script, *setting.files, output, json.dumps(sample)]
    done = subprocess.run(list(map(str, words)), check=True, stdout=subprocess.PIPE)
    part.check_sums(name, ours, dict(read_sums(output)))
    return float(done.stdout) / len(sample)


def time_ours(files: Files, sample: list[str]) -> float:
    """The seconds of our report of the sample."""
    snapshot = CsvStore(*files).snapshot()
    timing = part.in_turns(
        {
            OURS: lambda: compute_snapshot(
                snapshot, policy=part.EVERYONE_SPEAKS, stores=sample
            )
        },
        rounds=3,
    )
    return timing[OURS].median


if __name__ == "__main__":
    part.run(measure, __doc__, rounds=3)
