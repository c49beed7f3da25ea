"""Rows that could not be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.inspection.samples import only

from uptime_core import CsvStore, InputError, inspect

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> CsvStore:
    (tmp_path / "polls.csv").write_text(
        "store_id,timestamp_utc,status\n"
        "a,2023-01-25 10:00:00,active\n"
        "a,2023-01-25 10:30:00,maybe\n"
        "a,yesterday,active\n"
        "b,2023-01-25 11:00:00\n"
        "8.4E+18,2023-01-25 11:00:00,active\n"
    )
    (tmp_path / "hours.csv").write_text(
        "store_id,day,start_time_local,end_time_local\n"
        "a,2,06:00,18:00\n"
        "b,2,09:00,17:00\n"
        "b,7,09:00,12:00\n"
    )
    (tmp_path / "zones.csv").write_text("store_id,timezone_str\na,UTC\n")
    return CsvStore(
        tmp_path / "polls.csv",
        tmp_path / "hours.csv",
        tmp_path / "zones.csv",
        on_error="collect",
    )


def test_bad_rows_are_found_by_source_and_all_are_kept(store: CsvStore) -> None:
    inspection = inspect(store)

    polls, hours = inspection.of_kind("rejected_rows")
    assert (polls.severity, polls.count) == ("error", 4)
    assert polls.summary.endswith("polls.csv cannot be read")
    first, second, third = polls.examples
    assert first == "line 3, status: 'maybe' is neither 'active' nor 'inactive'"
    assert second.startswith("line 4, timestamp_utc: 'yesterday' is not a timestamp")
    assert third == "line 5: the row has 2 fields, the header 3; is it cut short?"
    assert "left out" in polls.meaning
    assert (hours.severity, hours.count) == ("error", 2)
    assert "quarantine" in hours.meaning
    assert inspection.rejected == store.rejected()
    assert [row.line for row in inspection.rejected] == [3, 4, 5, 6, 3, 4]


def test_shops_of_bad_rows_are_in_quarantine(store: CsvStore) -> None:
    finding = only(inspect(store), "quarantined_shops")

    assert (finding.severity, finding.store_ids) == ("error", ("b",))


def test_a_store_that_stops_at_bad_rows_stops_here_too(store: CsvStore) -> None:
    strict = CsvStore(store.snapshot().source)
    with pytest.raises(InputError, match="line 3, status"):
        inspect(strict)
