"""Runs the code in the README, the docs and the docstrings; command line options."""

from __future__ import annotations

from doctest import ELLIPSIS

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser
from sybil.parsers.rest import DocTestParser

pytest_collect_file = (
    Sybil(
        parsers=[
            DocTestParser(optionflags=ELLIPSIS),
            PythonCodeBlockParser(doctest_optionflags=ELLIPSIS),
        ],
        patterns=["README.md", "docs/**/*.md"],
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


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Skip what takes minutes, unless it is asked for."""
    if config.getoption("--deep"):
        return
    for item in items:
        if item.get_closest_marker("deep"):
            item.add_marker(pytest.mark.skip(reason="takes minutes; run with --deep"))
