"""The store in memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from uptime_core import (
    InputError,
    MemoryStore,
    NoPollsError,
    Poll,
    PollColumns,
    Store,
    UnknownTimezoneError,
    WeeklySchedule,
    compute_report,
    compute_snapshot,
)

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
ONE = timedelta(hours=1)
POLLS = [
    ("b", NOON, True),
    ("a", NOON - ONE, False),
    ("a", NOON + ONE, True),
    ("a", NOON + ONE, True),
]
HOURS = {"a": WeeklySchedule([(2, "9:00", "17:00")])}
TIMEZONES = {"c": "Asia/Kathmandu"}


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(POLLS, HOURS, TIMEZONES)


def polls_of(
    store: Store, start: datetime | None = None, end: datetime | None = None
) -> list[Poll]:
    return [poll for batch in store.polls(None, start, end) for poll in batch.rows()]


def test_what_goes_in_comes_out(store: MemoryStore) -> None:
    assert polls_of(store) == [Poll(*row) for row in POLLS]
    assert store.hours().store_ids == ("a",)
    assert store.timezones() == TIMEZONES
    assert store.rejected() == ()
    assert store.quarantined() == frozenset()


@pytest.mark.parametrize(
    ("start", "end", "rows"),
    [
        (NOON, None, [0, 2, 3]),
        (None, NOON, [1]),
        (NOON - ONE, NOON + ONE, [0, 1]),
        (NOON + 2 * ONE, None, []),
        (NOON, NOON, []),
    ],
)
def test_a_range_has_its_start_and_not_its_end(
    store: MemoryStore, start: datetime | None, end: datetime | None, rows: list[int]
) -> None:
    assert polls_of(store, start, end) == [Poll(*POLLS[row]) for row in rows]


def test_a_range_without_a_time_zone_is_refused(store: MemoryStore) -> None:
    with pytest.raises(InputError):
        list(store.polls(start=NOON.replace(tzinfo=None)))
    with pytest.raises(InputError):
        list(store.polls(end=NOON.replace(tzinfo=None)))


def test_a_report_of_its_snapshot_is_that_of_its_data(store: MemoryStore) -> None:
    assert compute_snapshot(store.snapshot()) == compute_report(POLLS, HOURS, TIMEZONES)


def test_an_empty_store_has_no_now() -> None:
    with MemoryStore() as store:
        assert polls_of(store) == []
        with pytest.raises(NoPollsError) as caught:
            compute_snapshot(store.snapshot())
        assert compute_snapshot(store.snapshot(), as_of=NOON).store_ids == ()

    assert caught.value.source == "polls"


def test_columns_are_taken_too() -> None:
    columns = PollColumns.from_rows(POLLS)

    assert next(MemoryStore(columns).polls()) == columns


def test_bad_rows_are_refused_at_once() -> None:
    with pytest.raises(InputError):
        MemoryStore([("", NOON, True)])
    with pytest.raises(UnknownTimezoneError):
        MemoryStore(timezones={"a": "Nowhere"})


def test_a_store_does_not_change_with_the_mapping_it_was_given() -> None:
    timezones = dict(TIMEZONES)
    store = MemoryStore(POLLS, timezones=timezones)

    timezones["c"] = "UTC"

    assert store.timezones() == TIMEZONES


def test_a_store_shows_what_it_holds(store: MemoryStore) -> None:
    assert repr(store) == "<MemoryStore: <PollColumns: 4 polls of 2 shops>>"
