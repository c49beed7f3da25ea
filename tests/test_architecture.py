"""The layers: imports go one way, and modules stay short."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "uptime_core"
MODULES = sorted(path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py"))

LINT_IMPORTS = """
import sys
from importlinter.cli import lint_imports
sys.exit(lint_imports(config_filename=sys.argv[1], cache_dir=None, no_cache=True))
"""


def test_every_import_keeps_the_contracts() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]

    linted = subprocess.run(
        [sys.executable, "-c", LINT_IMPORTS, str(ROOT / "pyproject.toml")],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )

    assert linted.returncode == 0, linted.stdout + linted.stderr
    assert f"Contracts: {len(contracts)} kept, 0 broken." in linted.stdout


def test_the_modules_are_there() -> None:
    assert {"__init__.py", "compute.py", "kernel/extrapolate.py"} < set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_at_most_350_lines(module: str) -> None:
    lines = (SOURCE / module).read_text("utf-8").splitlines()

    assert len(lines) <= 350
