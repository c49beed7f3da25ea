"""Repeats, contradictions, clocks that are wrong, and outages of the poller."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.inspection.samples import (
    HOUR,
    MINUTE,
    MONDAY,
    fleet,
    found,
    inspected,
    only,
    polls,
    without,
)

from uptime_core import MemoryStore, Policy, SqliteStore, inspect

if TYPE_CHECKING:
    from pathlib import Path

    from uptime_core import Store

DAY = timedelta(days=1)


def test_even_polls_of_known_shops_are_sound() -> None:
    inspection = inspected(fleet(30))

    assert inspection.findings == ()
    assert inspection.is_sound
    assert inspection.severity is None
    assert (inspection.shops, inspection.polls) == (30, 30 * 48)
    assert inspection.first_poll == MONDAY
    assert inspection.newest_poll == MONDAY + 47 * HOUR + timedelta(seconds=29)
    assert inspection.usual_interval == HOUR


def test_there_may_be_no_poll() -> None:
    inspection = inspect(MemoryStore())

    assert found(inspection) == {"no_polls": 0}
    assert inspection.severity == "error"
    assert inspection.first_poll is inspection.newest_poll is None
    assert inspection.usual_interval is None


# Repeats and contradictions


def test_repeats_are_a_note() -> None:
    rows = fleet(5)
    finding = only(inspected([*rows, *rows[:7]]), "repeated_polls")
    assert (finding.severity, finding.count) == ("note", 7)


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> MemoryStore | SqliteStore:
    if request.param == "memory":
        return MemoryStore()
    return SqliteStore(tmp_path / "uptime.db")


def test_contradictions_are_found_in_every_store(
    store: MemoryStore | SqliteStore,
) -> None:
    rows = fleet(5)
    store.add_polls(rows)
    store.add_polls([(shop, at, "inactive") for shop, at, _ in rows[3:6]])

    finding = only(inspect(store), "conflicting_polls")

    assert (finding.severity, finding.count) == ("warning", 3)
    assert finding.store_ids == ("shop-000",)
    assert finding.examples[0] == "'shop-000' at 2023-01-16 03:00:00 UTC"
    assert not inspect(store).of_kind("repeated_polls")
    _closed(store)


def _closed(store: Store) -> None:
    store.close()


def test_contradictions_of_many_shops_and_eras_are_found() -> None:
    """So far apart that few shops fit one block of packed keys."""
    rows = []
    for number in range(20):
        for year in (1900, 1970, 2199):
            at = datetime(year, 1, 2, tzinfo=UTC)
            rows += [(f"s{number:02}", at, "active"), (f"s{number:02}", at, "inactive")]

    finding = only(inspected(rows), "conflicting_polls")

    assert finding.count == 60
    assert finding.store_ids == tuple(f"s{number:02}" for number in range(20))
    assert finding.examples[:2] == (
        "'s00' at 1900-01-02 00:00:00 UTC",
        "'s00' at 1970-01-02 00:00:00 UTC",
    )


# Clocks that are wrong


def test_a_shop_ahead_of_all_others_is_an_error() -> None:
    ahead = polls("fast", start=MONDAY + 3 * HOUR, end=MONDAY + 51 * HOUR)
    inspection = inspected([*fleet(30), *ahead])

    finding = only(inspection, "polls_ahead")

    assert finding.severity == "error"
    assert finding.store_ids == ("fast",)
    # At 47:00:29 the others end; those at 48, 49 and 50 are the shop's alone.
    assert finding.count == 3
    assert "by up to 3 h" in finding.summary
    assert "2023-01-17T23:00:29.000000Z" in finding.advice
    assert finding.examples[0] == "'fast' at 2023-01-18 02:00:00 UTC"
    assert not inspection.is_sound
    assert not inspection.of_kind("fleet_holes")


def test_a_year_ahead_hides_no_outage() -> None:
    rows = without(fleet(30), MONDAY + 10 * HOUR + MINUTE, MONDAY + 20 * HOUR)
    inspection = inspected([*rows, ("shop-000", MONDAY + 366 * DAY, "active")])

    assert only(inspection, "polls_ahead").count == 1
    assert only(inspection, "fleet_holes").count == 1


def test_all_shops_end_at_about_the_same_time() -> None:
    rows = fleet(30) + polls("b", end=MONDAY + 49 * HOUR)
    assert not inspected(rows).of_kind("polls_ahead")


def test_polls_far_older_than_all_others_are_a_note() -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    inspection = inspected([*fleet(30), ("shop-007", epoch, "active")])

    finding = only(inspection, "polls_far_older")

    assert (finding.severity, finding.count) == ("note", 1)
    assert finding.store_ids == ("shop-007",)
    assert finding.examples == ("'shop-007' at 1970-01-01 00:00:00 UTC",)
    assert "days or more" in finding.summary
    assert found(inspection) == {"polls_far_older": 1}
    assert inspection.first_poll == epoch


# Outages of the poller


def test_an_outage_of_the_poller_is_found_to_the_microsecond() -> None:
    """From 10:00:29 on day one to 20:00:00: ten hours less the fleet's half minute."""
    rows = without(fleet(30), MONDAY + 10 * HOUR + MINUTE, MONDAY + 20 * HOUR)

    finding = only(inspected(rows), "fleet_holes")

    assert (finding.severity, finding.count) == ("warning", 1)
    start = MONDAY + 10 * HOUR + timedelta(seconds=29)
    assert finding.intervals == ((start, MONDAY + 20 * HOUR),)
    assert finding.examples == (
        "2023-01-16 10:00:29 to 2023-01-16 20:00:00 UTC (10 h)",
    )
    assert "down once: no shop" in finding.summary


def test_the_longest_outage_is_the_first_example_and_intervals_are_in_order() -> None:
    rows = without(fleet(30), MONDAY + 3 * HOUR + MINUTE, MONDAY + 12 * HOUR)
    rows = without(rows, MONDAY + 20 * HOUR + MINUTE, MONDAY + 40 * HOUR)

    finding = only(inspected(rows), "fleet_holes")

    starts = [start for start, _ in finding.intervals]
    assert starts == sorted(starts)
    assert finding.count == len(starts) == 2
    assert finding.examples[0].startswith("2023-01-16 20:00:29")
    assert "twice" in finding.summary


def test_a_stray_poll_in_an_outage_is_told_of() -> None:
    rows = without(fleet(30), MONDAY + 10 * HOUR + MINUTE, MONDAY + 20 * HOUR)
    rows.append(("shop-003", MONDAY + 13 * HOUR, "active"))

    finding = only(inspected(rows), "fleet_holes")

    assert finding.count == 1
    assert "hardly any shop" in finding.summary


@pytest.mark.parametrize(
    ("policy", "severity", "meaning"),
    [
        (Policy(), "warning", "further away, 3 h or more in all, is unknown for every"),
        (Policy(reach=2 * HOUR), "warning", "119.5 min or more in all"),
        (Policy(reach=2 * HOUR, extrapolation="next"), "warning", "119.5 min or more"),
        (Policy(reach=2 * HOUR, extrapolation="nearest"), "note", "speak for all of"),
        (
            Policy(reach=HOUR, extrapolation="nearest"),
            "warning",
            "119.5 min or more in all",
        ),
        (Policy(reach=4 * HOUR), "note", "The polls around it speak for all of it."),
        (Policy(reach=timedelta.max), "note", "The polls around it speak for all"),
        (Policy(reach=None), "note", "speak for all of it, however long it is."),
    ],
)
def test_rounds_that_were_skipped_are_a_note_unless_time_becomes_unknown(
    policy: Policy, severity: str, meaning: str
) -> None:
    """No shop is polled from 10:00:29 to 14:00:00, just under four hours."""
    rows = without(fleet(30), MONDAY + 10 * HOUR + MINUTE, MONDAY + 14 * HOUR)

    inspection = inspected(rows, policy=policy)

    finding = only(inspection, "missed_rounds")
    assert (finding.severity, finding.count) == (severity, 1)
    assert found(inspection) == {"missed_rounds": 1}
    assert meaning in finding.meaning
    assert ("Nothing need be done" in finding.advice) == (severity == "note")
    assert inspection.is_sound == (severity == "note")
    assert ("Nothing distorts reports" in inspection.verdict) == inspection.is_sound


@pytest.mark.parametrize(
    ("hole", "kind"),
    [
        (timedelta(hours=3), "fleet_holes"),
        (timedelta(hours=4), "missed_rounds"),
        (None, "missed_rounds"),
    ],
)
def test_the_length_of_a_hole_can_be_chosen(hole: timedelta | None, kind: str) -> None:
    rows = without(fleet(30), MONDAY + 10 * HOUR + MINUTE, MONDAY + 14 * HOUR)
    assert list(found(inspected(rows, hole=hole))) == [kind]


def test_polls_every_five_minutes_make_half_an_hour_an_outage() -> None:
    rows = fleet(30, every=5 * MINUTE, end=MONDAY + 10 * HOUR)
    short = without(rows, MONDAY + HOUR, MONDAY + HOUR + 25 * MINUTE)
    long = without(rows, MONDAY + HOUR, MONDAY + HOUR + 40 * MINUTE)

    assert list(found(inspected(short))) == ["missed_rounds"]
    assert list(found(inspected(long))) == ["fleet_holes"]


def test_a_change_of_cadence_is_no_row_of_outages() -> None:
    slow = fleet(30, end=MONDAY + 5 * DAY)
    fast = fleet(30, start=MONDAY + 5 * DAY, end=MONDAY + 9 * DAY, every=5 * MINUTE)
    assert list(found(inspected(slow + fast))) == ["cadence_changes"]


@pytest.mark.parametrize(
    ("policy", "meaning"),
    [
        (Policy(), "A poll speaks for 1 h at most"),
        (Policy(reach=timedelta(minutes=90)), "A poll speaks for 90 min at most"),
        (Policy(reach=None), "however long it is"),
    ],
)
def test_what_an_outage_means_depends_on_the_policy(
    policy: Policy, meaning: str
) -> None:
    rows = without(fleet(30), MONDAY + 10 * HOUR + MINUTE, MONDAY + 20 * HOUR)
    finding = only(inspected(rows, policy=policy), "fleet_holes")
    assert meaning in finding.meaning
