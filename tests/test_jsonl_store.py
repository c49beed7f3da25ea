"""The store of examples/jsonl_store.py, tested as the how-to tests it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jsonl_store import JsonLinesStore

from uptime_core import Store, StoreCorruptError
from uptime_core.testing.suites import StoreTests

ROOT = Path(__file__).resolve().parents[1]
BLOCKS = re.findall(
    r"```python\n(.*?)\n```",
    (ROOT / "docs/how-to/write-and-test-a-store.md").read_text("utf-8"),
    re.DOTALL,
)


class TestJsonLinesStore(StoreTests):
    durable = True
    shared = True
    notices_damage = True

    def make_store(self, folder: Path) -> Store:
        return JsonLinesStore(folder)


def test_nothing_new_makes_no_file(tmp_path: Path) -> None:
    store = JsonLinesStore(tmp_path)
    for _ in range(2):
        store.set_hours([("a", 0, "9:00", "17:00")])
        store.set_timezones({"a": "UTC"})

    assert len(list(tmp_path.glob("*.jsonl"))) == 2


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    JsonLinesStore(tmp_path).set_timezones({"a": "UTC"})
    (path,) = tmp_path.glob("*.jsonl")
    path.write_text(path.read_text("utf-8").replace("UTC", "GMT"), "utf-8")

    with pytest.raises(StoreCorruptError, match=path.name):
        JsonLinesStore(tmp_path).timezones()


def test_the_how_to_has_the_code_of_the_example() -> None:
    example = (ROOT / "examples/jsonl_store.py").read_text("utf-8")
    imports, *blocks, test_class = BLOCKS

    assert "class TestJsonLinesStore" in test_class
    assert set(imports.splitlines()) <= set(example.splitlines())
    assert len(blocks) == 3
    for block in blocks:
        assert block in example
