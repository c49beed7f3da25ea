"""The report on the README's first screen is the one that its command writes."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_the_report_is_the_one_that_the_command_writes(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    table, summary = re.findall(r"```text\n(.*?)```", readme, re.DOTALL)
    (command,) = re.findall(r"\n\.venv/bin/python (.+ -o) report\.csv\n", readme)
    report = tmp_path / "report.csv"

    run = subprocess.run(
        [sys.executable, *shlex.split(command), report],
        check=True,
        capture_output=True,
        cwd=ROOT,
        text=True,
    )

    assert report.read_text("utf-8") == table
    seconds = re.compile(r"\d+\.\d s$")
    assert seconds.sub("", run.stderr) == seconds.sub("", summary)
