"""Runs the code in the README, the docs and the docstrings; options of pytest."""

from __future__ import annotations

import faulthandler
import os
import re
import shutil
import subprocess
import sys
from doctest import ELLIPSIS
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from sybil import Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser
from sybil.parsers.rest import DocTestParser

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from sybil import Example

# A page says in a comment what its code needs beyond the group of the tests.
PAGE_NEEDS = re.compile(r"<!-- needs: ([\w, -]+) -->")

ROOT, BIN = Path(__file__).parent, Path(sys.executable).parent
SECONDS = re.compile(r"\d+\.\d s$", re.MULTILINE)

# Far more than the longest test takes on a slow machine.
SECONDS_A_TEST, SECONDS_A_DEEP_TEST = 600, 1800

LIBRARIES = ("duckdb", "matplotlib", "nanoarrow", "pandas", "polars", "pyarrow")
MISSING = [library for library in LIBRARIES if find_spec(library) is None]

STDERR = pytest.StashKey[int]()

os.environ.setdefault("MPLBACKEND", "Agg")  # pictures without a screen


class Console:
    """Runs what a ```console block has after ``$``, and compares what comes out.

    The commands of a page share a folder with the examples in it. Commands without
    ``$`` are for people: they install something, or run until they are stopped.
    """

    def __call__(self, example: Example) -> str | None:
        """Say what is wrong, if anything is."""
        namespace = example.namespace
        if "_scratch" not in namespace:
            namespace["_scratch"] = TemporaryDirectory()
            examples = Path(namespace["_scratch"].name, "examples")
            examples.symlink_to(ROOT / "examples")
        for step in re.split(r"^\$ ", example.parsed, flags=re.MULTILINE)[1:]:
            command, _, expected = step.partition("\n")
            run = subprocess.run(
                ["bash", "-c", command],
                check=False,
                cwd=namespace["_scratch"].name,
                env={**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            if SECONDS.sub("", run.stdout) != SECONDS.sub("", expected):
                return f"{command}\nExpected:\n{expected}\nGot:\n{run.stdout}"
        return None


class PythonConsoleParser(PythonCodeBlockParser):
    """Reads ```pycon blocks, as its parent reads ```python blocks."""

    def __init__(self) -> None:
        super().__init__(doctest_optionflags=ELLIPSIS)
        self.codeblock_parser = CodeBlockParser("pycon", PythonEvaluator())


def _from_the_root(namespace: dict[str, Any]) -> None:
    namespace["_folder"] = Path.cwd()
    os.chdir(ROOT)


def _back(namespace: dict[str, Any]) -> None:
    os.chdir(namespace["_folder"])
    if "_scratch" in namespace:
        namespace["_scratch"].cleanup()


pytest_collect_file = (
    Sybil(
        parsers=[
            PythonCodeBlockParser(),
            PythonConsoleParser(),
            CodeBlockParser("console", Console()),
        ],
        patterns=["README.md", "docs/**/*.md"],
        excludes=["docs/generated/*"],
        setup=_from_the_root,
        teardown=_back,
    )
    + Sybil(parsers=[DocTestParser(optionflags=ELLIPSIS)], path="src", pattern="*.py")
).pytest()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the continuous integration."""
    parser.addoption("--deep", action="store_true", help="run the tests marked deep")
    parser.addoption(
        "--require-shared",
        action="store_true",
        help="fail, rather than skip, where the full-size data are missing",
    )
    parser.addoption(
        "--require-needs",
        action="store_true",
        help="fail, rather than skip, where what a test needs is not installed",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Keep the real standard error, which tests do not see while they run.

    Raises:
        UsageError: A library is required and missing.
    """
    if MISSING and config.getoption("--require-needs"):
        raise pytest.UsageError(f"not installed: {', '.join(MISSING)}")
    config.stash[STDERR] = os.dup(2)


@cache
def _page_needs(path: Path) -> tuple[str, ...]:
    found = PAGE_NEEDS.search(path.read_text("utf-8"))
    return tuple(found[1].split(", ")) if found else ()


def _is_there(name: str) -> bool:
    return find_spec(name.replace("-", "_")) is not None or bool(shutil.which(name))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test where a module or a program that it needs is missing."""
    needs = [name for mark in item.iter_markers("needs") for name in mark.args]
    missing = [name for name in needs if not _is_there(name)]
    if missing:
        reason = f"needs {', '.join(missing)}; see tests/README.md"
        if item.config.getoption("--require-needs"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Half as many again as cores: tests of crashes and leases mostly wait."""
    from uptime_core.cores import cores  # noqa: PLC0415  # coverage begins before it

    return cores() * 3 // 2


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """End a process whose test hangs, and show where each of its threads is."""
    deep = item.get_closest_marker("deep") is not None
    seconds = SECONDS_A_DEEP_TEST if deep else SECONDS_A_TEST
    stderr = item.config.stash[STDERR]
    faulthandler.dump_traceback_later(seconds, exit=True, file=stderr)
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Mark pages that need something; skip what takes minutes, unless asked for."""
    for item in items:
        if item.path.suffix == ".md" and (needs := _page_needs(item.path)):
            item.add_marker(pytest.mark.needs(*needs))
    if config.getoption("--deep"):
        return
    for item in items:
        if item.get_closest_marker("deep"):
            item.add_marker(pytest.mark.skip(reason="takes minutes; run with --deep"))
