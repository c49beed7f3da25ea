"""Data sets go into everything that takes data, and come out the same."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_core import (
    CsvStore,
    IngestUnsupportedError,
    MemoryStore,
    SqliteStore,
    Store,
    WeeklySchedule,
    Window,
    compute_report,
    compute_store,
    load_csv,
)
from uptime_core.testing import Dataset, Shop, oracle
from uptime_core.testing.strategies import datasets, policies

if TYPE_CHECKING:
    from uptime_core import Policy

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
DATASET = Dataset(
    shops=(
        Shop("b", polls=((NOON, True), (NOON - timedelta(hours=1), False))),
        Shop("a", rows=((2, "9:00", "17:00"),)),
        Shop("c", timezone="Europe/Paris"),
    ),
    as_of=NOON,
    windows=(Window.last(timedelta(hours=2), name="w"),),
)
CLOSED = Dataset((Shop("a", ((NOON, True),), rows=()),), NOON, DATASET.windows)


def test_the_parts() -> None:
    assert DATASET.store_ids == ["a", "b", "c"]
    assert DATASET.polls == [
        ("b", NOON, True),
        ("b", NOON - timedelta(hours=1), False),
    ]
    assert DATASET.hours == [("a", 2, "9:00", "17:00")]
    assert DATASET.schedules == {"a": WeeklySchedule([(2, "9:00", "17:00")])}
    assert DATASET.timezones == {"c": "Europe/Paris"}
    report = compute_report(**DATASET.arguments)
    assert list(report.store_ids) == DATASET.store_ids
    assert report.row("b").down == (3_600_000_000,)


def test_files_have_the_usual_form(tmp_path: Path) -> None:
    files = DATASET.write_csv(tmp_path)

    assert files["polls"].read_text("utf-8") == (
        "store_id,timestamp_utc,status\n"
        "b,2023-01-25T12:00:00+00:00,active\n"
        "b,2023-01-25T11:00:00+00:00,inactive\n"
    )
    assert files["hours"].read_text("utf-8") == (
        "store_id,day,start_time_local,end_time_local\na,2,9:00,17:00\n"
    )
    assert files["timezones"].read_text("utf-8") == (
        "store_id,timezone_str\nc,Europe/Paris\n"
    )


def test_rows_cannot_say_that_a_shop_is_always_closed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'a' is always closed"):
        _ = CLOSED.hours
    with pytest.raises(ValueError, match="use schedules"):
        CLOSED.write_csv(tmp_path)
    assert compute_report(**CLOSED.arguments).open.tolist() == [[0]]
    store = MemoryStore()
    CLOSED.fill(store)
    report = compute_store(store, windows=CLOSED.windows)
    assert report.open.tolist() == [[0]]


def reports_of(store: Store, dataset: Dataset, policy: Policy) -> object:
    report = compute_store(
        store, as_of=dataset.as_of, windows=dataset.windows, policy=policy
    )
    return oracle.sums_of(report)


@given(dataset=datasets(), policy=policies(), turned=st.booleans())
def test_every_store_gives_the_oracles_sums(
    dataset: Dataset, policy: Policy, *, turned: bool
) -> None:
    """Through files, in memory, and in an SQLite file, from either."""
    sums = oracle.account_all(**dataset.arguments, policy=policy)

    with tempfile.TemporaryDirectory(dir=_fast_folder()) as folder:
        files = dataset.write_csv(folder)
        memory = MemoryStore()
        with SqliteStore(Path(folder) / "store.db") as sqlite:
            given_rows, given_files = (memory, sqlite) if turned else (sqlite, memory)
            dataset.fill(given_rows)
            load_csv(given_files, **files)
            for store in (CsvStore(**files), memory, sqlite):
                assert reports_of(store, dataset, policy) == sums


def _fast_folder() -> str | None:
    """A folder in memory, where there is one: what is tested does not need a disk."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  # as said


def test_a_store_that_only_reads_is_not_filled(tmp_path: Path) -> None:
    with pytest.raises(IngestUnsupportedError, match=r"CsvStore.* takes no data in"):
        DATASET.fill(CsvStore(tmp_path / "polls.csv"))  # type: ignore[arg-type]  # on purpose
