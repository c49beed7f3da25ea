"""Sums by the hour of the week: each instant is counted where the wall clock is."""

from __future__ import annotations

import pickle  # noqa: TID251  # as process pools do, nothing goes to disk
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from tests.properties.test_timeline import DATASETS, known_shops, timeline_of

from uptime_core import (
    InputError,
    MemoryStore,
    MissingTimezoneError,
    NoPollsError,
    Policy,
    SqliteStore,
    UnknownStoreIdError,
    UnknownWindowError,
    Window,
    compute_report,
    local_week,
)
from uptime_core.testing.strategies import policies
from uptime_core.timezones import load_timezone

if TYPE_CHECKING:
    from pathlib import Path

    from uptime_core.testing import Dataset

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)  # a Wednesday
MINUTE = timedelta(minutes=1)
HOUR = 60 * MINUTE
MICROSECOND = timedelta(microseconds=1)
SUMS = ("up", "down", "unknown", "open")
POLLS = [
    ("a", NOON - 90 * MINUTE, True),
    ("a", NOON - 40 * MINUTE, False),
    ("b", NOON, True),
]
HOURS = [("a", 2, "09:00", "17:00")]
ZONES = {"a": "UTC", "b": "Asia/Kathmandu", "c": "UTC"}


@given(DATASETS, policies())
def test_every_interval_is_counted_at_the_hours_of_the_wall_clock(
    dataset: Dataset, policy: Policy
) -> None:
    """Minute by minute where a timeline's interval is, and its ends exactly."""
    expected: dict[str, Counter[tuple[int, int]]] = {name: Counter() for name in SUMS}
    shops = known_shops(dataset)
    for shop in shops:
        line = timeline_of(dataset, shop, dataset.windows[0], policy)
        zone = load_timezone(line.timezone)
        for interval in line:
            if interval.state == "closed":
                continue
            at = interval.start
            while at < interval.end:
                local = at.astimezone(zone)
                offset = local.utcoffset()
                # To the full hour, or to where the clock changes if that is before.
                rest = HOUR - timedelta(
                    minutes=local.minute,
                    seconds=local.second,
                    microseconds=local.microsecond,
                )
                after = min(at + rest, interval.end)
                if (after - MICROSECOND).astimezone(zone).utcoffset() != offset:
                    low, high = at, after
                    while high - low > MICROSECOND:
                        middle = low + (high - low) // 2
                        same = middle.astimezone(zone).utcoffset() == offset
                        low, high = (middle, high) if same else (low, middle)
                    after = high
                cell = local.weekday(), local.hour
                expected[interval.state][cell] += (after - at) // MICROSECOND
                expected["open"][cell] += (after - at) // MICROSECOND
                at = after

    week = local_week(
        dataset.polls,
        dataset.hours,
        dataset.timezones,
        stores=[shop.store_id for shop in shops],
        window=dataset.windows[0],
        as_of=dataset.as_of,
        policy=policy,
    )

    for name in SUMS:
        sums = getattr(week, name)
        found = {cell: int(sums[cell]) for cell in np.ndindex(7, 24) if sums[cell]}
        assert found == dict(expected[name])


@given(DATASETS, policies())
def test_all_hours_are_the_totals_of_a_report(dataset: Dataset, policy: Policy) -> None:
    report = compute_report(
        dataset.polls,
        dataset.hours,
        dataset.timezones,
        as_of=dataset.as_of,
        windows=dataset.windows[:1],
        policy=policy,
    )
    week = local_week(
        dataset.polls,
        dataset.hours,
        dataset.timezones,
        report=report,
        window=dataset.windows[0].name,
    )

    assert week.shops == len(report)
    assert week.store_id == (report.store_ids[0] if week.shops == 1 else None)
    for name in SUMS:
        assert (getattr(week, name).sum(),) == getattr(report.totals(), name)
    assert np.array_equal(week.up + week.down + week.unknown, week.open)


def test_the_hours_are_those_of_each_shops_own_clock() -> None:
    week = local_week(POLLS, HOURS, ZONES, window=Window.last(2 * HOUR))

    assert repr(week) == (
        "<LocalWeek: 3 shops, last_2h, as of 2023-01-25T12:00:00+00:00>"
    )
    minutes = {
        name: {
            cell: int(sums[cell]) // 60_000_000
            for cell in np.ndindex(7, 24)
            if sums[cell]
        }
        for name, sums in ((name, getattr(week, name)) for name in SUMS)
    }
    assert minutes["up"] == {(2, 10): 30, (2, 11): 20}
    assert minutes["down"] == {(2, 11): 40}
    # The shop c is always open in UTC, and b in Kathmandu, 5:45 ahead.
    assert minutes["open"] == {
        (2, 10): 120,
        (2, 11): 120,
        (2, 15): 15,
        (2, 16): 60,
        (2, 17): 45,
    }
    assert np.isnan(week.ratio[2, 16])
    assert week.ratio[2, 11] == 20 / 60
    assert week.coverage[2, 11] == 0.5
    assert np.isnan(week.coverage[0, 0])


def test_a_repeated_hour_counts_twice_and_a_skipped_one_not_at_all() -> None:
    zones = {"a": "America/New_York"}
    weeks = [
        local_week(
            [], None, zones, window=Window.between(day, day + 48 * HOUR), as_of=day
        )
        for day in (
            datetime(2023, 11, 5, 0, tzinfo=UTC),
            datetime(2023, 3, 12, 0, tzinfo=UTC),
        )
    ]

    assert weeks[0].open[6, 1] == 2 * 3_600_000_000
    assert weeks[1].open[6, 2] == 0
    assert weeks[1].open[6, 1] == weeks[1].open[6, 3] == 3_600_000_000


def test_long_windows_are_added_up_in_parts() -> None:
    polls = [("a", NOON - day * timedelta(days=1), True) for day in range(40)]
    week = local_week(polls, HOURS, ZONES, window=Window.last(timedelta(35)))

    assert week.up.sum() == 5 * 3_600_000_000
    assert week.up[2, 12] == 5 * 3_600_000_000
    assert week.open[2, 9:17].sum() == 3 * 5 * 8 * 3_600_000_000


def test_stores_and_selections(tmp_path: Path) -> None:
    expected = local_week(POLLS, HOURS, ZONES)
    with SqliteStore(tmp_path / "uptime.db") as store:
        store.add_polls(POLLS)
        store.set_hours(HOURS)
        store.set_timezones(ZONES)
        assert local_week(store) == expected
        assert local_week(store.snapshot()) == expected
    memory = MemoryStore(POLLS, HOURS, ZONES)
    assert local_week(memory) == expected
    assert local_week(memory, stores="polled").shops == 2
    one = local_week(memory, stores=["a"], window="last_day")
    assert one.shops == 1
    assert one.up.sum() == 50 * 60_000_000
    assert one != expected
    assert local_week(memory, stores=[]).open.sum() == 0


def test_it_is_a_value() -> None:
    week = local_week(POLLS, HOURS, ZONES)

    assert pickle.loads(pickle.dumps(week)) == week  # noqa: S301  # our own bytes
    with pytest.raises(ValueError, match="read-only"):
        week.up[0, 0] = 1
    with pytest.raises(TypeError, match="unhashable"):
        hash(week)
    nothing = Window.between(NOON, NOON)
    assert local_week(POLLS, HOURS, ZONES, window=nothing).open.sum() == 0


def test_what_cannot_be_added_up_is_told() -> None:
    with pytest.raises(UnknownStoreIdError, match="local_week, stores: shop 'z'"):
        local_week(POLLS, stores=["a", "z"])
    with pytest.raises(UnknownWindowError, match="local_week: there is no window 'x'"):
        local_week(POLLS, window="x")
    with pytest.raises(NoPollsError):
        local_week([])
    with pytest.raises(MissingTimezoneError, match="shop 'a' has no time zone"):
        local_week(POLLS, policy=Policy(default_timezone=None))
    with pytest.raises(InputError, match=r"local_week: .*hours and time zones of its"):
        local_week(MemoryStore(POLLS), HOURS)
    with pytest.raises(InputError, match="local_week, report: a report has an as_of"):
        local_week(POLLS, report=compute_report(POLLS), as_of=NOON)
