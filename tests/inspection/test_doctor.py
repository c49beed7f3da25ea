"""Inspections of every kind of store, of odd data, and of the full-size data."""

from __future__ import annotations

import csv
import gzip
import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.inspection.samples import (
    HOUR,
    MINUTE,
    MONDAY,
    fleet,
    found,
    hours_of,
    inspected,
    polls,
    without,
)

from uptime_core import (
    CsvStore,
    InputError,
    MemoryStore,
    Policy,
    PollColumns,
    Progress,
    Snapshot,
    SqliteStore,
    Store,
    export_csv,
    inspect,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from uptime_core import HoursColumns, Inspection

# Something of everything.
ALL = [
    *fleet(20),
    *polls("ahead", end=MONDAY + 60 * HOUR),
    *polls("seldom", every=5 * HOUR),
    *polls("no-hours"),
    *polls("no-zone"),
    *polls("NO-zone"),
    *fleet(3)[:5],
]
ROWS = without(ALL, MONDAY + 5 * HOUR + MINUTE, MONDAY + 13 * HOUR)
HOURS = [
    *(row for row in hours_of(ROWS) if row[0] != "no-hours"),
    *[("never", day, "9:00", "11:59") for day in range(7)],
    *[("never", day, "12:00", "12:00") for day in range(6)],
]
ZONES = {row[0]: "US/Central" for row in HOURS if row[0] != "no-zone"}


@pytest.fixture(scope="module")
def expected() -> Inspection:
    return inspected(ROWS, HOURS, ZONES)


def test_there_is_something_of_everything(expected: Inspection) -> None:
    assert {"fleet_holes", "polls_ahead", "missing_hours", "twin_ids"} < set(
        found(expected)
    )
    assert len(expected.findings) >= 12


def same(one: Inspection, two: Inspection) -> bool:
    """Whether two inspections say the same, but for the names of the sources."""
    return (one.findings, one.shops, one.polls, one.usual_interval) == (
        *(two.findings, two.shops, two.polls, two.usual_interval),
    )


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_rows_changes_nothing(expected: Inspection, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  # to be repeated
    rows, hours, zones = list(ROWS), list(HOURS), list(ZONES.items())
    for mixed in (rows, hours, zones):
        chance.shuffle(mixed)
    assert inspected(rows, hours, dict(zones)) == expected


def test_files_say_the_same_as_rows(expected: Inspection, tmp_path: Path) -> None:
    polls, hours = tmp_path / "polls.csv", tmp_path / "hours.csv"
    zones = tmp_path / "zones.csv"
    export_csv(MemoryStore(ROWS, HOURS, ZONES), polls, hours, zones)

    inspection = inspect(CsvStore(polls, hours, zones))

    # The export has each poll and each row once.
    once = [f for f in expected.findings if not f.kind.startswith("repeated")]
    assert inspection.findings == tuple(once)
    assert inspection.source == str(polls)


def test_a_store_of_many_blocks_says_the_same(
    expected: Inspection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("packed", "sqlite_ingest", "shop_block"):
        name = f"uptime_core.stores.{module}.SHOPS_PER_BLOCK"
        monkeypatch.setattr(name, 4, raising=False)
    for module in ("packed", "sqlite_ingest"):
        monkeypatch.setattr(f"uptime_core.stores.{module}.SHOP_BITS", 2)
    told: list[Progress] = []
    with SqliteStore(tmp_path / "uptime.db") as store:
        store.add_polls(ROWS[::2])
        store.add_polls(ROWS[1::2])
        store.set_hours(HOURS)
        store.set_timezones(ZONES)
        inspection = inspect(store, progress=told.append)
        parts = sum(1 for _ in store.snapshot().parts())

    assert parts > 5
    once = [f for f in expected.findings if f.kind != "repeated_polls"]
    assert inspection.findings == tuple(once)
    assert inspection.shops == expected.shops
    assert [p.done for p in told] == sorted({p.done for p in told})
    assert (told[0].done, told[-1].done) == (0, told[-1].total)
    assert {(p.phase, p.unit) for p in told} == {("inspect", "shops")}
    assert len(told) > 5


class Batches(Store):
    """A store of somebody's own, that gives polls in batches."""

    def polls(self, *_: object) -> Iterator[PollColumns]:
        for first in range(0, len(ROWS), 100):
            yield PollColumns.from_rows(ROWS[first : first + 100])

    def hours(self) -> HoursColumns:
        return MemoryStore((), HOURS).hours()

    def timezones(self) -> Mapping[str, str]:
        return ZONES


def test_a_store_of_ones_own_says_the_same(expected: Inspection) -> None:
    assert same(inspect(Batches()), expected)


def test_a_snapshot_will_do(expected: Inspection) -> None:
    assert same(inspect(Snapshot.of(ROWS, HOURS, ZONES)), expected)


@pytest.mark.parametrize(
    ("store", "options", "message"),
    [
        ("polls.csv", {}, "inspect: 'polls.csv' is neither a store nor a snapshot"),
        ([], {}, "for files, give CsvStore.*, for rows and frames MemoryStore"),
        (MemoryStore(), {"policy": "open"}, "policy: 'open' is not a Policy"),
        (MemoryStore(), {"hole": 6}, "hole: 6 is not a positive timedelta"),
        (MemoryStore(), {"hole": timedelta(0)}, "hole: .* is not a positive"),
        (MemoryStore(), {"progress": 5}, "progress: 5 cannot be called"),
    ],
)
def test_what_cannot_be_inspected(store: Any, options: Any, message: str) -> None:  # noqa: ANN401
    with pytest.raises(InputError, match=message):
        inspect(store, **options)


EDGES = [
    datetime(1900, 1, 1, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    *(MONDAY + number * MINUTE for number in range(5)),
    datetime(2199, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
]
odd_polls = st.lists(
    st.tuples(
        st.sampled_from(["a", "A", "b", "007", "7", "x\u00a0"]),
        st.one_of(
            st.sampled_from(EDGES),
            st.integers(0, 2000).map(lambda n: MONDAY + n * 13 * MINUTE),
        ),
        st.booleans(),
    ),
    max_size=40,
)
odd_hours = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "z"]),
        st.integers(0, 6),
        st.sampled_from(["0:00", "9:00", "11:59", "12:00"]),
        st.sampled_from(["0:00", "9:00", "11:59", "12:00", "23:59:30", "24:00"]),
    ),
    max_size=12,
)


@given(odd_polls, odd_hours, st.sampled_from([None, timedelta(microseconds=1), HOUR]))
def test_whatever_is_there_is_inspected(
    rows: list[tuple[str, datetime, bool]],
    hours: list[tuple[str, int, str, str]],
    reach: timedelta | None,
) -> None:
    policy = Policy(reach=reach)
    store = MemoryStore(rows, hours, {"a": "UTC"})

    inspection = inspect(store, policy=policy)

    assert inspection == inspect(
        MemoryStore(rows[::-1], hours[::-1], {"a": "UTC"}), policy=policy
    )
    assert inspection.polls == len({(shop, at) for shop, at, _ in rows})
    ids = {*(row[0] for row in rows), *(row[0] for row in hours), "a"}
    assert inspection.shops == len(ids)
    for finding in inspection.findings:
        assert set(finding.store_ids) <= ids
        assert list(finding.store_ids) == sorted(set(finding.store_ids))
        assert len(finding.examples) <= 3
        assert all(start < end for start, end in finding.intervals)
    assert str(inspection)
    assert inspection._repr_html_()


# The full-size data


def rows_of(path: Path) -> list[dict[str, str]]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "holes", "edges"),
    [
        (
            "polls_sample.csv",
            [9.2, 40.7],
            ("2023-01-19T20:11:39.810163", "2023-01-24T05:53:21.264065"),
        ),
        pytest.param(
            "polls_full_synthetic.csv.gz",
            [9.0, 39.0],
            ("2023-01-19T19:59:59.921648", "2023-01-24T05:00:00.073942"),
            marks=pytest.mark.deep,
        ),
    ],
)
def test_the_real_poller_was_down_twice(
    shared: Path, name: str, holes: list[float], edges: tuple[str, str]
) -> None:
    polls_path = shared / name
    store = CsvStore(polls_path, shared / "menu_hours.csv", shared / "timezones.csv")

    inspection = inspect(store)

    (finding,) = inspection.of_kind("fleet_holes")
    lengths = [(end - start) / HOUR for start, end in finding.intervals]
    assert [round(hours, 1) for hours in lengths] == holes
    first, last = finding.intervals[0][0], finding.intervals[-1][1]
    assert (first, last) == tuple(
        datetime.fromisoformat(edge).replace(tzinfo=UTC) for edge in edges
    )

    # What sets say of the shops.
    polled = {row["store_id"] for row in rows_of(polls_path)}
    hours = rows_of(shared / "menu_hours.csv")
    zones = {row["store_id"] for row in rows_of(shared / "timezones.csv")}
    days = defaultdict(set)
    for row in hours:
        days[row["store_id"]].add(row["day"])
    counts = found(inspection)
    assert counts["missing_hours"] == len(polled - set(days))
    assert counts["missing_timezones"] == len(polled - zones)
    assert counts["never_polled"] == len(set(days) - polled)
    assert counts["timezones_only"] == len(zones - polled - set(days))
    lacking = sum(len(of_shop) < 7 for of_shop in days.values())
    assert counts["missing_weekdays"] == lacking == 2066
    assert not {"error"} & {f.severity for f in inspection.findings}
