"""Shops that are polled too seldom, no more, or otherwise than before."""

from __future__ import annotations

from datetime import timedelta

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

from uptime_core import Policy

DAY = timedelta(days=1)
FLEET = fleet(30, end=MONDAY + 4 * DAY)
END = MONDAY + 4 * DAY


@pytest.mark.parametrize(
    ("every", "reach", "is_sparse"),
    [
        (HOUR, HOUR, False),
        (90 * MINUTE, HOUR, False),
        (91 * MINUTE, HOUR, True),
        (4 * HOUR, HOUR, True),
        (4 * HOUR, 3 * HOUR, False),
        (4 * HOUR, None, False),
    ],
)
def test_a_third_of_the_time_unknown_is_too_much(
    every: timedelta, reach: timedelta | None, *, is_sparse: bool
) -> None:
    rows = FLEET + polls("b", end=END, every=every)
    inspection = inspected(rows, policy=Policy(reach=reach))
    assert bool(inspection.of_kind("sparse_polls")) == is_sparse


def test_shops_polled_too_seldom_are_named() -> None:
    rows = FLEET + polls("b", end=END, every=4 * HOUR) + [("c", MONDAY, "active")]

    finding = only(inspected(rows), "sparse_polls")

    assert (finding.severity, finding.count) == ("warning", 2)
    assert finding.store_ids == ("b", "c")
    assert finding.examples == ("'b': every 4 h", "'c': a single poll")
    assert finding.summary == "2 shops are polled less often than every 90 min"


def test_a_shop_that_has_just_begun_is_not_polled_too_seldom() -> None:
    rows = [*FLEET, ("new", END - HOUR, "active")]
    assert found(inspected(rows)) == {}


def test_all_shops_may_be_polled_too_seldom() -> None:
    rows = fleet(30, every=5 * HOUR)
    assert only(inspected(rows), "sparse_polls").summary.endswith("that is every one")


def test_an_outage_makes_no_shop_look_neglected() -> None:
    """Every shop has an interval of thirty hours, and few others."""
    rows = without(fleet(30), MONDAY + 2 * HOUR + MINUTE, MONDAY + 44 * HOUR)
    assert list(found(inspected(rows))) == ["fleet_holes"]


def test_shops_that_are_not_polled_any_more() -> None:
    rows = FLEET + polls("b", end=END - 10 * HOUR) + polls("c", end=END - 20 * HOUR)
    rows += polls("d", end=END - 5 * HOUR)

    inspection = inspected(rows)

    finding = only(inspection, "stopped_shops")
    assert (finding.severity, finding.count) == ("warning", 2)
    assert finding.store_ids == ("b", "c")
    # The one that has been silent for longest comes first.
    assert finding.examples[0] == "'c' since 2023-01-19 03:00:00 UTC"
    assert list(found(inspection)) == ["stopped_shops"]


@pytest.mark.parametrize(("silent", "stopped"), [(10, False), (13, True), (90, True)])
def test_a_shop_with_few_polls_has_stopped_sooner_or_later(
    silent: int, *, stopped: bool
) -> None:
    last = END - HOUR - silent * HOUR
    rows = FLEET + polls("b", start=last - 2 * HOUR, end=last + MINUTE)
    assert list(found(inspected(rows))) == ["stopped_shops"] * stopped


def test_a_sample_with_few_polls_a_shop_has_stopped_nobody() -> None:
    rows = fleet(30, every=30 * HOUR) + polls("b", end=MONDAY + 3 * HOUR)
    assert not inspected(rows).of_kind("stopped_shops")


def test_a_shop_polled_seldom_has_not_stopped() -> None:
    rows = FLEET + polls("b", end=END - 15 * HOUR, every=6 * HOUR)
    assert list(found(inspected(rows))) == ["sparse_polls"]


def test_a_poller_that_is_down_in_the_end_has_stopped_nobody() -> None:
    rows = [*fleet(30), *fleet(30, start=END, end=END + HOUR)]
    assert list(found(inspected(rows))) == ["fleet_holes"]


def test_a_shop_whose_cadence_changes() -> None:
    change = MONDAY + 2 * DAY
    faster = polls("b", end=change) + polls(
        "b", start=change, end=END, every=20 * MINUTE
    )
    slower = polls("c", end=change) + polls("c", start=change, end=END, every=2 * HOUR)

    inspection = inspected(FLEET + faster)
    finding = only(inspection, "cadence_changes")
    assert (finding.severity, finding.count) == ("note", 1)
    assert finding.store_ids == ("b",)
    assert finding.examples == ("'b': every 20 min instead of 1 h",)

    finding = only(inspected(FLEET + faster + slower), "cadence_changes")
    # The one of which more is unknown than before comes first.
    assert finding.examples[0] == "'c': every 2 h instead of 1 h"
    assert finding.store_ids == ("b", "c")

    finding = only(inspected(FLEET + slower), "cadence_changes")
    assert finding.severity == "warning"
    assert finding.examples == ("'c': every 2 h instead of 1 h",)
    assert (
        only(
            inspected(FLEET + slower, policy=Policy(reach=None)), "cadence_changes"
        ).severity
        == "note"
    )


def test_jitter_and_a_skipped_round_are_no_change() -> None:
    jitter = [
        ("b", at + timedelta(minutes=17 * (number % 3)), status)
        for number, (_, at, status) in enumerate(polls("b", end=END))
        if number % 7
    ]
    assert found(inspected(FLEET + jitter)) == {}


def test_few_polls_show_no_change() -> None:
    few = polls("b", end=MONDAY + 5 * HOUR) + polls(
        "b", start=MONDAY + 6 * HOUR, end=MONDAY + 8 * HOUR, every=20 * MINUTE
    )
    inspection = inspected(fleet(30, end=MONDAY + 8 * HOUR) + few)
    assert not inspection.of_kind("cadence_changes")


@pytest.mark.parametrize(
    ("before", "after", "severity"),
    [(HOUR, 3 * HOUR, "warning"), (3 * HOUR, HOUR, "note"), (HOUR, 7 * MINUTE, "note")],
)
def test_a_fleet_whose_cadence_changes(
    before: timedelta, after: timedelta, severity: str
) -> None:
    change = MONDAY + 4 * DAY
    rows = fleet(30, end=change, every=before)
    rows += fleet(30, start=change, end=change + 4 * DAY, every=after)

    finding = only(inspected(rows), "cadence_changes")

    assert (finding.severity, finding.count) == (severity, 1)
    assert finding.store_ids == ()
    (example,) = finding.examples
    assert example.startswith("from 2023-01-20 00:00:00 UTC on every ")


def test_a_fleet_may_change_back() -> None:
    rows = []
    for turn, every in enumerate((HOUR, 20 * MINUTE, HOUR)):
        start = MONDAY + 3 * turn * DAY
        rows += fleet(10, start=start, end=start + 3 * DAY, every=every)
    finding = only(inspected(rows), "cadence_changes")
    assert [example[:15] for example in finding.examples] == [
        "from 2023-01-19",
        "from 2023-01-22",
    ]


def test_a_single_odd_day_is_no_change() -> None:
    rows = fleet(10, end=MONDAY + 3 * DAY)
    odd = MONDAY + 3 * DAY
    rows += fleet(10, start=odd, end=odd + DAY, every=20 * MINUTE)
    rows += fleet(10, start=odd + DAY, end=odd + 4 * DAY)
    assert found(inspected(rows)) == {}


def test_a_sample_that_ends_tells_of_no_change() -> None:
    """Of each shop there are some polls a week: the last intervals are the shorter."""
    rows = []
    for number in range(200):
        at = MONDAY + number * 50 * MINUTE
        while at < MONDAY + 10 * DAY:
            rows.append((f"s{number}", at, "active"))
            at += (number % 7 + 1) * 9 * HOUR
    assert not inspected(rows).of_kind("cadence_changes")
