"""Every example runs, and the example data are what their script makes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SERVICES = {"web_service", "celery_reports"}  # tests/examples starts these
NEEDS = {"notebook": [pytest.mark.needs("matplotlib")]}
SCRIPTS = [
    pytest.param(script, marks=NEEDS.get(script.stem, ()), id=script.stem)
    for script in sorted(EXAMPLES.glob("*.py"))
    if script.stem not in SERVICES
]


@pytest.mark.parametrize(
    "script", sorted(EXAMPLES.glob("*.py")), ids=lambda one: one.stem
)
def test_workers_of_another_folder_are_given_an_absolute_path(script: Path) -> None:
    text = script.read_text("utf-8")
    if "--workdir" in text:
        (path,) = re.findall(r"export UPTIME_DB=(\S+)", text)
        assert path.startswith("$PWD/")


@pytest.mark.parametrize("script", SCRIPTS)
def test_example_runs_from_any_folder(script: Path, tmp_path: Path) -> None:
    data = EXAMPLES / "data"
    before = {file.name: file.read_bytes() for file in data.iterdir()}
    run = subprocess.run(
        [sys.executable, "-W", "error", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout
    # This also shows that make_data.py makes exactly the data that are here.
    assert {file.name: file.read_bytes() for file in data.iterdir()} == before
