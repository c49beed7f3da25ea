"""An export takes the place of nothing that it reads, and of nothing it has written."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from uptime_core import (
    CsvStore,
    InputError,
    MemoryStore,
    Snapshot,
    SqliteStore,
    export_csv,
    load_csv,
)
from uptime_core.files import is_one_file

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
NAMES = ("polls", "hours", "timezones")
FILES = {
    "polls": "store_id,timestamp_utc,status\na,2023-01-25 12:00:00 UTC,active\n",
    "hours": "store_id,day,start_time_local,end_time_local\na,2,9:00,17:00\n",
    "timezones": "store_id,timezone_str\na,UTC\n",
}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """The three files, which say the same shop's data."""
    monkeypatch.chdir(tmp_path)
    paths = {name: tmp_path / f"{name}.csv" for name in NAMES}
    for name, path in paths.items():
        path.write_text(FILES[name])
    return paths


def everything(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def csv_store(files: dict[str, Path]) -> CsvStore:
    return CsvStore(files["polls"], files["hours"], files["timezones"])


def spellings(path: Path) -> Iterator[Path | str]:
    """The ways to name a file."""
    yield path
    yield str(path)
    yield path.name  # the tests are in its folder
    yield path.parent / "x" / ".." / path.name
    for name, link in (("soft", os.symlink), ("hard", os.link)):
        link(path, path.with_name(name))
        yield path.with_name(name)


@pytest.mark.parametrize("name", NAMES)
def test_an_sqlite_store_is_not_overwritten(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SqliteStore(tmp_path / "store.db") as store:
        store.add_polls([("a", NOON, "active")])
        (tmp_path / "x").mkdir()
        before = (tmp_path / "store.db").read_bytes()
        monkeypatch.chdir(tmp_path)
        for path in spellings(tmp_path / "store.db"):
            with pytest.raises(InputError, match="one file cannot be two of"):
                export_csv(store, **{name: path})
        for end in ("-journal", "-wal", "-shm"):
            with pytest.raises(InputError, match="one file cannot be two of"):
                export_csv(store, **{name: f"{store.path}{end}"})
        assert (tmp_path / "store.db").read_bytes() == before
        store.check()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("other", NAMES)
def test_the_files_of_a_csv_store_are_not_overwritten(
    files: dict[str, Path], tmp_path: Path, name: str, other: str
) -> None:
    store = csv_store(files)
    (tmp_path / "x").mkdir()
    for path in spellings(files[other]):
        before = everything(tmp_path)
        with pytest.raises(InputError, match="one file cannot be two of") as caught:
            export_csv(store, **{name: path})
        assert caught.value.source == str(path)
        assert everything(tmp_path) == before


def test_two_outputs_are_not_one_file(tmp_path: Path) -> None:
    store = MemoryStore([("a", NOON, "active")])
    (tmp_path / "old").write_text("old")
    os.link(tmp_path / "old", tmp_path / "same")
    for one, two in (("new", "./new"), ("old", "old"), ("old", "same")):
        with pytest.raises(InputError, match="one file cannot be two of"):
            export_csv(store, tmp_path / one, timezones=f"{tmp_path}/{two}")
    assert {path.name for path in tmp_path.iterdir()} == {"old", "same"}
    assert (tmp_path / "old").read_text() == "old"


def test_what_only_has_a_snapshot_may_say_which_files_it_reads(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("data")
    snapshot = Snapshot.of([("a", NOON, "active")])
    duck = SimpleNamespace(
        snapshot=lambda: snapshot, files=(str(tmp_path / "data"), str(tmp_path / "no"))
    )
    for name in ("data", "no"):
        with pytest.raises(InputError, match="one file cannot be two of"):
            export_csv(duck, tmp_path / name)
    assert everything(tmp_path) == {tmp_path / "data": b"data"}
    export_csv(duck, tmp_path / "polls.csv")


def test_other_files_are_replaced(files: dict[str, Path], tmp_path: Path) -> None:
    out = {name: tmp_path / f"{name}.out" for name in NAMES}
    for path in out.values():
        path.write_text("old")
    export_csv(csv_store(files), **out)
    assert {name: path.read_text() for name, path in out.items()} == {
        **FILES,
        "hours": FILES["hours"].replace("9:00,17:00", "09:00:00,17:00:00"),
        "polls": FILES["polls"].replace("00 UTC", "00.000000 UTC"),
    }
    with SqliteStore(tmp_path / "store.db") as store:
        load_csv(store, *files.values())
        export_csv(store, **out)


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="there is no such device")
def test_what_takes_everything_may_be_named_twice(tmp_path: Path) -> None:
    store = MemoryStore([("a", NOON, "active")])
    export_csv(store, polls="/dev/null", timezones="/dev/null")
    assert not is_one_file("/dev/null", "/dev/null")
    assert not is_one_file(tmp_path, tmp_path)
