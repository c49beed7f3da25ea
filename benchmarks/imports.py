"""How long imports take, each in a fresh process.

python benchmarks/imports.py
"""

from __future__ import annotations

import subprocess
import sys

import part

TIMED = "import time; t = time.perf_counter(); {}; print(time.perf_counter() - t)"
STATEMENTS = (
    "import numpy",
    "import uptime_core",
    "from uptime_core import compute_report",
    "from uptime_core import *",
)


def measure(setting: part.Setting) -> part.Findings:
    """Import each in turns."""
    seconds: dict[str, list[float]] = {statement: [] for statement in STATEMENTS}
    warm = not setting.quick  # the first round reads from the disk
    for done in range(setting.rounds + warm):
        for statement, times in seconds.items():
            took = float(
                subprocess.run(
                    [sys.executable, "-c", TIMED.format(statement)],
                    check=True,
                    capture_output=True,
                ).stdout
            )
            if done >= warm:
                times.append(took)
    timings = {name: part.Timing(times) for name, times in seconds.items()}
    numpy, ours, compute, everything = (timing.median for timing in timings.values())
    return part.Findings(
        data="one statement in a fresh process, without the start of Python",
        agreed="nothing to agree on",
        timings=timings,
        figures={
            "import_to_numpy": ours / numpy,
            "import_compute_to_numpy": compute / numpy,
            "import_all_to_numpy": everything / numpy,
        },
    )


if __name__ == "__main__":
    part.run(measure, __doc__, rounds=21, files=False)
