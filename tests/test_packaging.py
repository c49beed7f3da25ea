"""The package: its version, its table of contents, and what an import costs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from datetime import UTC, datetime
from importlib import import_module, metadata, resources
from pathlib import Path

import pytest

import uptime_core

ROOT = Path(__file__).resolve().parents[1]

LOADED = """
import sys
from datetime import UTC, datetime
from uptime_core import MemoryStore, compute_store, timeline
store = MemoryStore([("a", datetime(2023, 1, 25, tzinfo=UTC), True)])
compute_store(store)._repr_html_()
timeline(store, store_id="a")._repr_html_()
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_the_version_is_that_of_the_project() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")

    assert metadata.version("uptime_core") == uptime_core.__version__
    versions = re.findall(r"^## \[([0-9]\S+)\]", changes, re.MULTILINE)
    assert versions[0] == uptime_core.__version__


def test_the_package_page_is_the_readme_without_links_into_its_folder() -> None:
    page = metadata.metadata("uptime_core")["Description"]
    readme = (ROOT / "README.md").read_text("utf-8")

    links = re.compile(r"!?\[[^\]]+\]\((?!https?:)[^)]+\)")
    assert len(links.findall(readme)) > 10
    assert not links.findall(page)
    code = re.compile(r"```.*?```", re.DOTALL)
    assert code.findall(page) == code.findall(readme)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'report'"):
        uptime_core.__getattr__("report")


def test_a_report_names_the_version() -> None:
    now = datetime(2023, 1, 25, tzinfo=UTC)

    report = uptime_core.compute_report([], as_of=now)

    assert report.provenance.library_version == metadata.version("uptime_core")


def test_the_table_of_contents_is_sorted() -> None:
    """Constants first, then classes, then functions, as ruff sorts them."""

    def rank(name: str) -> tuple[int, str]:
        return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)

    assert uptime_core.__all__ == sorted(set(uptime_core.__all__), key=rank)


@pytest.mark.parametrize("name", uptime_core.__all__)
def test_every_public_name_can_be_imported(name: str) -> None:
    assert getattr(uptime_core, name) is not None


@pytest.mark.parametrize("home", uptime_core._NAMES)
def test_public_names_are_written_where_they_are_looked_for(home: str) -> None:
    module = import_module(f"uptime_core.{home}")

    for name in uptime_core._NAMES[home]:
        value = getattr(uptime_core, name)
        assert value is getattr(module, name)
        assert getattr(value, "__module__", module.__name__) == module.__name__


def test_type_checkers_and_people_see_the_names_that_there_are() -> None:
    tree = ast.parse(Path(uptime_core.__file__).read_text("utf-8"))
    (only_for_types,) = (node for node in tree.body if isinstance(node, ast.If))
    imported = {
        (node.module, alias.name)
        for node in only_for_types.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

    found = {(f"uptime_core.{home}", name) for name, home in uptime_core._HOMES.items()}
    assert imported == found
    assert set(uptime_core._HOMES) == set(uptime_core.__all__) <= set(dir(uptime_core))


def test_the_package_is_typed() -> None:
    assert resources.files("uptime_core").joinpath("py.typed").is_file()


def test_a_report_loads_no_test_library_no_data_frames_and_no_pictures() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", LOADED], check=True, capture_output=True, text=True
    ).stdout.split()

    assert "uptime_core" in loaded
    libraries = {"hypothesis", "pytest", "pandas", "polars", "pyarrow", "duckdb"}
    assert not (libraries | {"nanoarrow", "matplotlib", "tqdm"}) & set(loaded)
