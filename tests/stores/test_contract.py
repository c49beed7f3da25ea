"""The stores of this library, tested as anybody's are."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from tests.stores.sqlite_machine import SqliteMachine

from uptime_core import CsvStore, MemoryStore, SqliteStore, Store
from uptime_core.testing.store_model import StoreData, row_texts
from uptime_core.testing.store_samples import at
from uptime_core.testing.suites import StoreTests

if TYPE_CHECKING:
    from pathlib import Path


class TestMemoryStore(StoreTests):
    def make_store(self, folder: Path) -> Store:  # noqa: ARG002  # it needs none
        return MemoryStore()


class TestSqliteStore(StoreTests):
    machine = SqliteMachine
    sorted_batches = True
    durable = True
    shared = True
    notices_damage = True

    def make_store(self, folder: Path) -> Store:
        return SqliteStore(folder / "store.db")


class TestCsvStore(StoreTests):
    ingest = False
    durable = True
    shared = True

    def make_store(self, folder: Path) -> Store:
        return CsvStore(
            folder / "polls.csv", folder / "hours.csv", folder / "timezones.csv"
        )

    def write_raw(self, folder: Path, data: StoreData) -> None:
        polls = [
            (shop, at(t).strftime("%Y-%m-%d %H:%M:%S.%f UTC"), STATUS[up])
            for shop, t, up in data.polls
        ]
        hours = [
            (shop, *row_texts(row)) for shop, rows in data.hours.items() for row in rows
        ]
        for name, header, rows in (
            ("polls", ("store_id", "timestamp_utc", "status"), polls),
            ("hours", HOURS_HEADER, hours),
            ("timezones", ("store_id", "timezone_str"), data.timezones.items()),
        ):
            with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as to:
                csv.writer(to).writerows([header, *rows])


STATUS = {True: "active", False: "inactive"}
HOURS_HEADER = ("store_id", "day", "start_time_local", "end_time_local")
