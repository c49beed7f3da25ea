"""Every benchmark runs on tiny data, and none times contenders that disagree."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from uptime_core import SqliteStore, compute_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.once

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
NEEDS_SQL = pytest.mark.needs("duckdb", "polars")
NEEDS_LIBRARIES = pytest.mark.needs("pandas", "portion", "staircase", "traces")
LIAR = """
import sys
with open(sys.argv[4], "w") as file:
    file.write("store_id\\n1000000000000000000,0,0,0,0,0,0,0,0,0\\n")
print(0.1)
"""


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """Imports a script, as other scripts beside it do."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    before = set(sys.modules)
    yield import_module
    for name in set(sys.modules) - before:
        if (BENCHMARKS / f"{name}.py").exists():
            del sys.modules[name]


@pytest.fixture
def files(module: Callable[[str], Any], tmp_path: Path) -> tuple[Path, ...]:
    made: tuple[Path, ...] = module("data").generate(tmp_path, 20, 30, seed=5)
    return made


def run(script: str, *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, BENCHMARKS / script, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "part",
    [
        *("imports", "kernel", "hourly", "scaling", "year"),
        pytest.param("compare", marks=NEEDS_SQL),
        pytest.param("sample", marks=NEEDS_LIBRARIES),
    ],
)
def test_a_part_finds_what_the_targets_and_the_page_need(
    part: str, module: Callable[[str], Any], tmp_path: Path
) -> None:
    if part == "compare":
        pytest.importorskip("polars", minversion="1.30", reason="an old polars")
    done = run(f"{part}.py", "--quick", "--json", tmp_path / "found.json")

    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "found.json").read_text("utf-8"))
    committed = json.loads((BENCHMARKS / "results.json").read_text("utf-8"))
    wanted = committed["parts"][part]
    if part != "scaling":  # a trial stops at twice as much
        assert set(found["figures"]) == set(wanted["figures"])
        assert len(found["timings"]) == len(wanted["timings"])
        targets = module("targets").TARGETS
        assert {target.figure for target in targets if target.part == part} <= set(
            found["figures"]
        )
    assert all(value > 0 for value in found["figures"].values())
    for timing in found["timings"].values():
        assert min(timing["seconds"]) <= timing["median"] <= max(timing["seconds"])


def test_the_year_by_the_hour_runs() -> None:
    done = run("hourly_year.py", "--hours", 20, "--shops", 10)

    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 11


@pytest.mark.parametrize("wrong", [{"a": [1, 3]}, {}, {"a": [1, 2], "b": [0, 0]}])
def test_sums_that_differ_are_refused(
    wrong: dict[str, list[int]], module: Callable[[str], Any]
) -> None:
    check = module("part").check_sums
    check("equal", {"a": [1, 2]}, {"a": [1, 2]})

    with pytest.raises(ValueError, match="wrong differs in 1 shops, such as"):
        check("wrong", {"a": [1, 2]}, wrong)


def test_whole_processes_that_disagree_are_not_timed(
    module: Callable[[str], Any], files: tuple[Path, ...], tmp_path: Path
) -> None:
    (tmp_path / "duckdb_report.py").write_text(LIAR, "utf-8")

    with pytest.raises(ValueError, match="duckdb differs in 21 shops"):
        module("compare").check(tmp_path, files, tmp_path)


@NEEDS_SQL
def test_our_own_processes_that_disagree_are_not_timed(
    module: Callable[[str], Any],
    files: tuple[Path, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compare = module("compare")
    monkeypatch.setattr(compare, "POLICY", ("--extrapolation", "next"))

    with pytest.raises(ValueError, match="CSV files: its file is not the report"):
        compare.check(tmp_path, files, compare.COMPARISON)


def test_a_loop_over_shops_that_disagrees_is_not_timed(
    module: Callable[[str], Any], files: tuple[Path, ...], tmp_path: Path
) -> None:
    (tmp_path / "traces_report.py").write_text(LIAR, "utf-8")
    setting = module("part").Setting(tmp_path, files, rounds=1, seed=1, quick=True)
    sample, ours = module("sample").sums_of_sample(files, quick=True)

    with pytest.raises(ValueError, match="traces differs in 4 shops"):
        module("sample").run("traces", setting, sample, ours, tmp_path)


def test_phases_that_are_not_the_whole_are_not_timed(
    module: Callable[[str], Any], files: tuple[Path, ...]
) -> None:
    kernel, part = module("kernel"), module("part")
    columns = module("data").read(files, 1)
    kernel.check_phases(columns, compute_report(*columns, policy=part.EVERYONE_SPEAKS))

    with pytest.raises(ValueError, match="block by block differs"):
        kernel.check_phases(columns, compute_report(*columns))


def test_stores_that_lost_a_batch_are_not_timed(
    module: Callable[[str], Any], tmp_path: Path
) -> None:
    data = module("data")
    ids, hours, zones = data.fleet(20, seed=1)
    batches = list(module("scaling").batches(ids, 6, seed=1))
    whole, less = (SqliteStore(tmp_path / name) for name in ("whole.db", "less.db"))
    for store, kept in ((whole, batches), (less, batches[:3] + batches[4:])):
        store.set_hours(hours)
        store.set_timezones(zones)
        for batch in kept:
            store.add_polls(batch)
    module("year").check(whole, whole)
    module("hourly").check(whole, batches)

    with pytest.raises(ValueError, match="the year differs"):
        module("year").check(whole, less)
    with pytest.raises(ValueError, match="the store differs"):
        module("hourly").check(less, batches)


def test_parts_are_put_together(tmp_path: Path) -> None:
    path = tmp_path / "found.json"
    first = run("run.py", "--quick", "--parts", "imports", "--into", path)
    assert first.returncode == 0, first.stderr
    assert "import numpy`: 0." in first.stdout

    found = json.loads(path.read_text("utf-8"))
    found["parts"]["year"] = "kept"
    path.write_text(json.dumps(found), "utf-8")
    assert not run("run.py", "--quick", "--parts", "imports", "--into", path).returncode
    assert json.loads(path.read_text("utf-8"))["parts"]["year"] == "kept"

    found["machine"]["cores"] += 1
    path.write_text(json.dumps(found), "utf-8")
    other = run("run.py", "--quick", "--parts", "imports", "--into", path)
    assert "of another machine" in other.stderr
    assert other.returncode

    assert "no such part: lunch" in run("run.py", "--parts", "lunch").stderr
    trial = run("run.py", "--quick", "--into", BENCHMARKS / "results.json")
    assert "a trial's figures do not belong into results.json" in trial.stderr


def test_the_tables_are_those_of_the_results(module: Callable[[str], Any]) -> None:
    tables = module("tables")
    found = json.loads((BENCHMARKS / "results.json").read_text("utf-8"))
    text = tables.PAGE.read_text("utf-8")

    assert tables.page(text, found) == text
    assert len(tables.MARK.findall(text)) == 2 + len(found["parts"])
    found["parts"]["compare"]["figures"]["csv_to_duckdb"] += 1
    assert tables.page(text, found) != text
