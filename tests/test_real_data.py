"""The main job on the full-size data: every row there, sums equal to the oracle's."""

from __future__ import annotations

import csv
import gzip
import io
import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from uptime_core import Policy
from uptime_core.__main__ import main
from uptime_core.testing import oracle

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.shared, pytest.mark.deep]

Polls = dict[str, list[tuple[datetime, bool]]]
Rows = dict[str, list[tuple[int, str, str]]]

SHOPS_CHECKED = 60
UNITS = {"minutes": 60_000_000, "hours": 3_600_000_000}
WINDOWS = {
    "last_hour_minutes": timedelta(hours=1),
    "last_day_hours": timedelta(days=1),
    "last_week_hours": timedelta(weeks=1),
}
POLICIES = {
    "default": ([], Policy()),
    "for ever": (
        ["--extrapolation", "previous", "--reach", "none", "--initial", "first"],
        Policy(reach=None, initial="first"),
    ),
    "nearest": (
        ["--extrapolation", "nearest", "--reach", "2h"],
        Policy(extrapolation="nearest", reach=timedelta(hours=2)),
    ),
}


def read(path: Path) -> list[dict[str, str]]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(
    scope="module", params=["polls_full_synthetic.csv.gz", "polls_sample.csv"]
)
def polls_file(request: pytest.FixtureRequest, shared: Path) -> Path:
    name: str = request.param
    return shared / name


@pytest.fixture(scope="module")
def polls(polls_file: Path) -> Polls:
    found: Polls = defaultdict(list)
    for row in read(polls_file):
        text = row["timestamp_utc"].removesuffix(" UTC")
        at = datetime.fromisoformat(text).replace(tzinfo=UTC)
        found[row["store_id"]].append((at, row["status"] == "active"))
    return found


@pytest.fixture(scope="module")
def shops(shared: Path) -> tuple[Rows, dict[str, str]]:
    """Business hours and time zones."""
    hours: Rows = defaultdict(list)
    for row in read(shared / "menu_hours.csv"):
        hours[row["store_id"]].append(
            (int(row["day"]), row["start_time_local"], row["end_time_local"])
        )
    rows = read(shared / "timezones.csv")
    return hours, {row["store_id"]: row["timezone_str"] for row in rows}


def rounded(micros: int, unit: int) -> str:
    """Six decimals, half to even, by way of fractions."""
    return f"{round(Fraction(micros, unit) * 10**6) / 10**6:.6f}"


@pytest.mark.parametrize("name", POLICIES)
def test_the_report_has_every_shop_and_the_oracles_numbers(
    name: str,
    polls_file: Path,
    polls: Polls,
    shops: tuple[Rows, dict[str, str]],
    tmp_path: Path,
) -> None:
    hours, timezones = shops
    options, policy = POLICIES[name]
    out = tmp_path / "report.csv"
    shared = polls_file.parent
    sources = ["--polls", str(polls_file), "--hours", str(shared / "menu_hours.csv")]
    sources += ["--timezones", str(shared / "timezones.csv")]
    code = main(["report", *sources, *options, "--decimals", "6", "-o", str(out)])
    assert code == 0
    table = {
        row["store_id"]: row
        for row in csv.DictReader(io.StringIO(out.read_text("utf-8")))
    }
    assert list(table) == sorted({*polls, *hours, *timezones})

    as_of = max(at for shop in polls.values() for at, _ in shop)
    chosen = random.Random(20230125).sample(sorted(table), SHOPS_CHECKED)  # noqa: S311
    for store_id in chosen:
        for window, length in WINDOWS.items():
            sums = oracle.account(
                polls.get(store_id, []),
                as_of - length,
                as_of,
                as_of=as_of,
                rows=hours.get(store_id),
                timezone=timezones.get(store_id, "America/Chicago"),
                policy=policy,
            )
            unit = UNITS[window.rpartition("_")[2]]
            row = table[store_id]
            assert row[f"uptime_{window}"] == rounded(sums.up, unit), store_id
            assert row[f"downtime_{window}"] == rounded(sums.down, unit), store_id
            assert row[f"unknown_{window}"] == rounded(sums.unknown, unit), store_id
