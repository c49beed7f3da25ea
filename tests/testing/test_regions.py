"""Regions are told apart by hand-made cases that lie just inside and just outside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import attrs
import pytest

from uptime_core import Window
from uptime_core.testing import Dataset, Shop, regions
from uptime_core.testing.anchors import ANCHORS
from uptime_core.testing.regions import Region
from uptime_core.timezones import load_timezone

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)
GAP = datetime(2023, 3, 12, 8, tzinfo=UTC)  # of Chicago, on a Sunday
FOLD = datetime(2023, 11, 5, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "at"),
    [(zone, at) for zone, instants in ANCHORS.items() for at in instants],
)
def test_every_anchor_is_a_change_of_offset(zone: str, at: datetime) -> None:
    tzinfo = load_timezone(zone)
    before, after = (
        instant.astimezone(tzinfo).utcoffset() for instant in (at - MICROSECOND, at)
    )
    assert (before != after) == (zone != "UTC")


@pytest.mark.parametrize(
    ("offs", "region", "holds"),
    [
        ([], Region.NO_POLL, True),
        ([(0, True)], Region.NO_POLL, False),
        ([(0, True), (0, True)], Region.REPEATED_POLL, True),
        ([(0, True), (0, False)], Region.REPEATED_POLL, False),
        ([(0, True), (0, False)], Region.CONFLICT, True),
        ([(0, True), (1, False)], Region.CONFLICT, False),
        ([(1, True), (0, False)], Region.NEAR_POLLS, True),
        ([(2, True), (0, False)], Region.NEAR_POLLS, False),
        ([(0, True), (5, True), (3_600_000_000, True)], Region.HOUR_APART, True),
        ([(0, True), (3_600_000_001, True)], Region.HOUR_APART, False),
        ([(1, True), (0, True)], Region.UNSORTED, True),
        ([(0, True), (0, False), (1, True)], Region.UNSORTED, False),
    ],
)
def test_polls(
    offs: list[tuple[int, bool]],
    region: Region,
    holds: bool,  # noqa: FBT001  # a parameter
) -> None:
    polls = [(NOON + off * MICROSECOND, up) for off, up in offs]
    assert (region in regions.of_polls(polls)) is holds


@pytest.mark.parametrize(
    ("rows", "region", "holds"),
    [
        (None, Region.NO_HOURS, True),
        ((), Region.NO_HOURS, False),
        ((), Region.ALWAYS_CLOSED, True),
        ([(0, "9:00", "17:00")], Region.CLOSED_DAY, True),
        ([(d, "9:00", "17:00") for d in range(7)], Region.CLOSED_DAY, False),
        ([(0, "22:00", "0:30")], Region.OVERNIGHT, True),
        ([(0, "22:00", "00:00")], Region.OVERNIGHT, False),
        ([(0, "06:00", "6:00")], Region.AROUND_THE_CLOCK, True),
        ([(0, "00:00", "24:00")], Region.AROUND_THE_CLOCK, False),
        ([(0, "20:00", "24:00"), (1, "00:00", "2:00")], Region.SPLIT_AT_MIDNIGHT, True),
        ([(6, "20:00", "23:59"), (0, "0:00", "2:00")], Region.SPLIT_AT_MIDNIGHT, True),
        ([(0, "20:00", "24:00"), (2, "0:00", "2:00")], Region.SPLIT_AT_MIDNIGHT, False),
        ([(0, "20:00", "24:00"), (1, "0:00", "2:00")], Region.TOUCHING, False),
        ([(0, "9:00", "12:00"), (0, "12:00", "17:00")], Region.TOUCHING, True),
        ([(0, "22:00", "2:00"), (1, "2:00", "4:00")], Region.TOUCHING, True),
        ([(0, "9:00", "12:00"), (1, "12:00", "17:00")], Region.TOUCHING, False),
        ([(0, "9:00", "23:59")], Region.LAST_MINUTE, True),
        ([(0, "9:00", "23:59:59.5")], Region.LAST_MINUTE, True),
        ([(0, "9:00", "24:00")], Region.LAST_MINUTE, False),
        ([(0, "9:00", "23:58")], Region.LAST_MINUTE, False),
        ([(0, "9:00", "17:00"), (0, "9:00", "12:00")], Region.NESTED, True),
        ([(0, "9:00", "17:00"), (0, "9:00", "17:00")], Region.NESTED, False),
        ([(0, "9:00", "13:00"), (0, "12:00", "17:00")], Region.NESTED, False),
        ([(0, "9:00", "13:00"), (0, "12:00", "17:00")], Region.OVERLAPPING, True),
        ([(0, "9:00", "12:00"), (0, "12:00", "17:00")], Region.OVERLAPPING, False),
        ([(0, "9:00:01", "17:00")], Region.ODD_SECONDS, True),
        ([(0, "9:00:00", "23:59:59")], Region.ODD_SECONDS, False),
    ],
)
def test_hours(
    rows: list[tuple[int, str, str]] | None,
    region: Region,
    holds: bool,  # noqa: FBT001  # a parameter
) -> None:
    assert (region in regions.of_hours(rows)) is holds


def around(at: datetime, zone: str | None = "America/Chicago") -> Dataset:
    """A shop about an instant, in none of the regions of whole data sets."""
    start, end = at - 5 * HOUR, at - 4 * HOUR
    return Dataset(
        (Shop("a", ((at - 9 * HOUR, True),), ((6, "12:17", "12:18"),), zone),),
        end,
        (Window.between(start, end, name="w"),),
    )


def window(dataset: Dataset, start: datetime, end: datetime) -> Dataset:
    return attrs.evolve(dataset, windows=(Window.between(start, end, name="w"),))


def shop(dataset: Dataset, **changes: object) -> Dataset:
    shops = (attrs.evolve(dataset.shops[0], **changes),)  # type: ignore[arg-type]  # fields by name
    return attrs.evolve(dataset, shops=shops)


QUIET = around(GAP)
ACROSS = window(QUIET, GAP - HOUR, GAP + HOUR)
CASABLANCA = around(ANCHORS["Africa/Casablanca"][0], "Africa/Casablanca")
APIA = around(ANCHORS["Pacific/Apia"][0], "Pacific/Apia")
LORD_HOWE = around(ANCHORS["Australia/Lord_Howe"][0], "Australia/Lord_Howe")
CASES = {
    Region.NO_ZONE: around(GAP, None),
    Region.GAP: ACROSS,
    Region.FOLD: window(around(FOLD), FOLD - HOUR, FOLD + HOUR),
    Region.WHOLE_DAY: window(
        APIA, APIA.as_of, ANCHORS["Pacific/Apia"][0] + MICROSECOND
    ),
    Region.ODD_CHANGE: window(LORD_HOWE, LORD_HOWE.as_of, LORD_HOWE.as_of + 9 * HOUR),
    Region.TWO_CHANGES: window(
        CASABLANCA, CASABLANCA.as_of, CASABLANCA.as_of + timedelta(days=40)
    ),
    Region.WINDOW_ON_CHANGE: window(QUIET, GAP - HOUR, GAP),
    Region.WINDOW_BESIDE_CHANGE: window(QUIET, GAP - MICROSECOND, GAP + HOUR),
    Region.POLL_ON_CHANGE: shop(ACROSS, polls=((GAP, True),)),
    Region.HOURS_IN_GAP: shop(ACROSS, rows=((6, "02:59:59", "05:00"),)),
    Region.HOURS_IN_FOLD: shop(
        window(around(FOLD), FOLD - HOUR, FOLD + HOUR), rows=((6, "00:30", "01:00"),)
    ),
    Region.OVERNIGHT_CHANGE: shop(ACROSS, rows=((5, "22:00", "02:01"),)),
    Region.POLL_ON_WINDOW: shop(QUIET, polls=((GAP - 5 * HOUR, True),)),
    Region.POLL_BESIDE_WINDOW: shop(
        QUIET, polls=((GAP - 5 * HOUR - MICROSECOND, True),)
    ),
    Region.POLL_BEFORE_WINDOW: shop(QUIET, polls=((GAP - 5.5 * HOUR, True),)),
    Region.POLL_ON_HOURS: shop(
        QUIET, polls=((GAP - 9 * HOUR, True),), rows=((5, "17:00", "17:01"),)
    ),
    Region.WINDOW_ON_HOURS: shop(QUIET, rows=((5, "20:59", "21:00"),)),
    Region.POLL_AT_AS_OF: shop(QUIET, polls=((QUIET.as_of, True),)),
    Region.POLL_AFTER_AS_OF: shop(QUIET, polls=((QUIET.as_of + 2 * HOUR, True),)),
    Region.POLL_JUST_AFTER_AS_OF: shop(
        QUIET, polls=((QUIET.as_of + MICROSECOND, True),)
    ),
    Region.AS_OF_BEFORE_POLLS: shop(QUIET, polls=((QUIET.as_of + 2 * HOUR, True),)),
    Region.AS_OF_IN_WINDOW: window(
        QUIET, QUIET.as_of - HOUR, QUIET.as_of + MICROSECOND
    ),
    Region.WINDOW_AFTER_AS_OF: window(QUIET, QUIET.as_of, QUIET.as_of + HOUR),
    Region.EMPTY_WINDOW: window(QUIET, QUIET.as_of, QUIET.as_of),
}


@pytest.mark.parametrize("region", CASES)
def test_whole_data_sets(region: Region) -> None:
    assert region in regions.of(CASES[region])
    assert region not in regions.of(QUIET)


def test_all_regions_are_told_apart() -> None:
    parts = {*regions.of_polls([])} | {Region.NO_HOURS, Region.ALWAYS_CLOSED}
    tested = [test_polls, test_hours]
    for test in tested:
        (mark,) = test.pytestmark  # type: ignore[attr-defined]  # set by the decorator
        parts |= {case[1] for case in mark.args[1] if case[2]}
    assert parts | CASES.keys() == set(Region)
