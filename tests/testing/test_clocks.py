"""Clocks that stand still, and go when they are told."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest

from uptime_core import InputError, MemoryStore, ReportManager
from uptime_core.testing import FixedClock, ManualClock

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
NAIVE = datetime(2023, 1, 25, 12)  # noqa: DTZ001  # to be refused
HOUR = timedelta(hours=1)


def test_a_fixed_clock_stands_still() -> None:
    clock = FixedClock(NOON)

    assert [clock(), clock(), clock.at] == [NOON] * 3
    assert clock == FixedClock(NOON)
    assert "2023, 1, 25" in repr(clock)


def test_a_manual_clock_goes_when_it_is_told() -> None:
    clock = ManualClock(NOON)

    assert clock() == NOON
    assert clock.advance(HOUR) == clock() == NOON + HOUR
    assert clock.advance(-3 * HOUR) == clock() == NOON - 2 * HOUR
    clock.set(NOON)
    assert clock() == NOON
    assert repr(clock) == "<ManualClock: 2023-01-25 12:00:00+00:00>"


def test_any_zone_will_do() -> None:
    there = timezone(timedelta(hours=5, minutes=45))

    assert ManualClock(NOON.astimezone(there))() == NOON
    assert FixedClock(NOON.astimezone(there))() == NOON


@pytest.mark.parametrize("value", [NAIVE, None, "2023-01-25", 5, NOON.date()])
def test_what_is_no_instant_is_refused(value: datetime) -> None:
    clock = ManualClock(NOON)
    with pytest.raises(InputError, match="FixedClock"):
        FixedClock(value)
    with pytest.raises(InputError, match="ManualClock"):
        ManualClock(value)
    with pytest.raises(InputError, match=r"ManualClock\.set"):
        clock.set(value)
    assert clock() == NOON


@pytest.mark.parametrize("length", [None, 5, "1h", timedelta.max, timedelta.min])
def test_what_is_no_length_is_refused(length: timedelta) -> None:
    clock = ManualClock(NOON)
    with pytest.raises(InputError, match=r"ManualClock\.advance"):
        clock.advance(length)
    assert clock() == NOON


def test_no_advance_of_any_thread_is_lost() -> None:
    clock = ManualClock(NOON)
    barrier = threading.Barrier(4)

    def advance() -> None:
        barrier.wait(10)
        for _ in range(2000):
            clock.advance(timedelta(microseconds=1))

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(advance) for _ in range(4)]:
            future.result(20)

    assert clock() == NOON + timedelta(microseconds=8000)


def test_a_manager_takes_either() -> None:
    store = MemoryStore([("a", NOON, True)])
    clock = ManualClock(NOON)
    with ReportManager(store, clock=clock, max_workers=0) as manager:
        first = manager.trigger()
        clock.advance(HOUR)
        second = manager.trigger()
        made = [manager.status(report_id).created_at for report_id in (first, second)]
        assert made == [NOON, NOON + HOUR]
    with ReportManager(store, clock=FixedClock(NOON)) as manager:
        status = manager.wait(manager.trigger(), 20)
        assert status.created_at == status.finished_at == NOON
