"""Runs the code in the README, the docs and the docstrings; command line options."""

from __future__ import annotations

import faulthandler
import os
from doctest import ELLIPSIS
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sybil import Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser
from sybil.parsers.rest import DocTestParser

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

# Far more than the longest test takes on a slow machine.
SECONDS_A_TEST, SECONDS_A_DEEP_TEST = 240, 1800

LIBRARIES = ("duckdb", "matplotlib", "nanoarrow", "pandas", "polars", "pyarrow")
MISSING = [library for library in LIBRARIES if find_spec(library) is None]
PAGES_WITH_LIBRARIES = ("use-data-frames.md", "draw-pictures.md")

STDERR = pytest.StashKey[int]()

os.environ.setdefault("MPLBACKEND", "Agg")  # pictures without a screen


class PythonConsoleParser(PythonCodeBlockParser):
    """Reads ```pycon blocks, as its parent reads ```python blocks."""

    def __init__(self) -> None:
        super().__init__(doctest_optionflags=ELLIPSIS)
        self.codeblock_parser = CodeBlockParser("pycon", PythonEvaluator())


def _from_the_root(namespace: dict[str, Any]) -> None:
    namespace["_folder"] = Path.cwd()
    os.chdir(Path(__file__).parent)


def _back(namespace: dict[str, Any]) -> None:
    os.chdir(namespace["_folder"])


pytest_collect_file = (
    Sybil(
        parsers=[PythonCodeBlockParser(), PythonConsoleParser()],
        patterns=["README.md", "docs/**/*.md"],
        setup=_from_the_root,
        teardown=_back,
    )
    + Sybil(parsers=[DocTestParser(optionflags=ELLIPSIS)], patterns=["src/**/*.py"])
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
        "--require-libraries",
        action="store_true",
        help="fail, rather than skip, where a library of contrib is missing",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Keep the real standard error, which tests do not see while they run.

    Raises:
        UsageError: A library is required and missing.
    """
    if MISSING and config.getoption("--require-libraries"):
        raise pytest.UsageError(f"not installed: {', '.join(MISSING)}")
    config.stash[STDERR] = os.dup(2)


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
    """Skip what takes minutes, unless it is asked for, and what cannot be run."""
    if MISSING:
        reason = f"needs {', '.join(MISSING)}; pip install --group frames, pictures"
        for item in items:
            if item.path.name in PAGES_WITH_LIBRARIES:
                item.add_marker(pytest.mark.skip(reason=reason))
    if config.getoption("--deep"):
        return
    for item in items:
        if item.get_closest_marker("deep"):
            item.add_marker(pytest.mark.skip(reason="takes minutes; run with --deep"))
