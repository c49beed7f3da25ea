"""Files of `SqliteStore` that uptime_core 0.2 made, as `store_of_0_2.sql` is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from uptime_core import SqliteStore, StoreCorruptError
from uptime_core.instants import to_micros

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
DUMP = Path(__file__).with_name("store_of_0_2.sql").read_text(encoding="utf-8")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file as 0.2 has made it."""
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(DUMP)
    return path


def polls_of(store: SqliteStore) -> set[tuple[str, int, bool]]:
    return {
        (columns.store_ids[code], at, bool(up))
        for columns in store.polls()
        for code, at, up in zip(
            columns.code.tolist(),
            columns.at.tolist(),
            columns.status.tolist(),
            strict=True,
        )
    }


def test_all_is_there_as_before(path: Path) -> None:
    often = {
        ("bakery", to_micros(NOON + timedelta(minutes=5 * i)), i % 3 > 0)
        for i in range(12)
    }
    with SqliteStore(path) as store:
        store.check()
        assert polls_of(store) == often | {
            ("bakery", to_micros(NOON), True),
            ("kiosk", to_micros(NOON), False),
            ("büro 9", to_micros(NOON), True),
            ("bakery", to_micros(NOON - timedelta(days=8)), True),
        }
        assert store.timezones() == {"bakery": "Europe/Berlin", "kiosk": "Asia/Tokyo"}
        assert len(store.hours().code) == 5
        assert store.quarantined() == {"bad'\"one"}
        assert store.add_polls([("bakery", NOON, "active")]).repeated == 1
        late = ("bakery", NOON - timedelta(days=7, minutes=1), "active")
        assert store.add_polls([late]).expired == 1
        assert store.add_polls([("kiosk", NOON, "active")]).added == 1
        store.compact()
        store.check()
    with SqliteStore(path) as store:
        store.check()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE uptime_shops SET zones = replace(zones, 'Tokyo', 'Seoul')",
        "UPDATE uptime_shops SET checksum = checksum + 1",
        "UPDATE uptime_quarantine SET suspects = 'kiosk' WHERE source = 'hours'",
        "UPDATE uptime_polls SET first_at = first_at + 1 WHERE chunk = 1",
        "DELETE FROM uptime_polls WHERE chunk = 1",
        "DELETE FROM uptime_quarantine WHERE source = 'timezones'",
        "DELETE FROM uptime_state",
        "UPDATE uptime_state SET horizon = NULL",
    ],
)
def test_a_damaged_one_is_refused_and_left_as_it_is(path: Path, damage: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(damage)
    before = path.read_bytes()
    with pytest.raises(StoreCorruptError):
        SqliteStore(path)
    assert path.read_bytes() == before


def test_damaged_polls_are_noticed_after_it_too(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "UPDATE uptime_polls SET data = zeroblob(length(data)) WHERE chunk = 1"
        )
    with SqliteStore(path) as store, pytest.raises(StoreCorruptError):
        polls_of(store)
