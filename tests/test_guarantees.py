"""Every test that the page on guarantees names is there, and is run."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from tests.sinks import test_contract as sinks
from tests.stores import test_contract as stores

from uptime_core.testing.sink_suite import sink_checks_of
from uptime_core.testing.store_suite import store_checks_of

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/explanation/guarantees.md"
NAMED = re.findall(
    r"`((?:tests|src/uptime_core/testing)/[\w/]+\.py)::([\w.]+)`",
    PAGE.read_text("utf-8"),
)
OURS = [name for name in NAMED if name[0].startswith("tests/")]
KIT = [name for name in NAMED if name not in OURS]
RUN = {
    *((c.run.__module__, c.name) for c in store_checks_of(stores.TestSqliteStore())),
    *((c.run.__module__, c.name) for c in sink_checks_of(sinks.TestSqliteSink())),
}
SUITES = {"StoreTests": stores.TestSqliteStore, "ReportSinkTests": sinks.TestSqliteSink}


def test_the_page_names_tests() -> None:
    lines = PAGE.read_text("utf-8").splitlines()
    rows = [line for line in lines if line.startswith("|") and ".py::" in line]

    assert len(rows) == len(NAMED) > 0
    assert OURS
    assert KIT


@pytest.mark.parametrize(("file", "name"), OURS)
def test_a_test_that_is_named_is_there(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    functions = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    assert name in functions


@pytest.mark.parametrize(("file", "name"), KIT)
def test_what_is_named_of_the_kit_is_run_here(file: str, name: str) -> None:
    module = file.removeprefix("src/").removesuffix(".py").replace("/", ".")
    suite, _, method = name.partition(".")

    if method:
        assert callable(getattr(SUITES[suite], method))
    else:
        assert (module, name) in RUN
