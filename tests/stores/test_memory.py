"""The store in memory."""

from __future__ import annotations

import os
import pickle  # noqa: TID251  # as process pools do, nothing goes to disk
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from uptime_core import (
    HoursColumns,
    InputError,
    MemoryStore,
    NoPollsError,
    Poll,
    PollColumns,
    SqliteStore,
    Store,
    SupportsIngest,
    SupportsTransactions,
    UnknownTimezoneError,
    WeeklySchedule,
    compute_report,
    compute_snapshot,
)
from uptime_core.quarantine import Quarantine

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


# Taking data in


def test_it_takes_data_in_and_has_transactions(store: MemoryStore) -> None:
    assert isinstance(store, SupportsIngest)
    assert isinstance(store, SupportsTransactions)


def test_polls_are_added_as_a_set(store: MemoryStore) -> None:
    result = store.add_polls(
        [
            ("a", NOON - ONE, False),  # there already
            ("a", NOON, True),
            ("a", NOON, True),  # twice
            ("b", NOON, False),  # contradicts what is there
            ("d", NOON - 9 * ONE, True),  # late, and of an unknown shop
        ]
    )

    assert (result.added, result.repeated, result.conflicting) == (3, 2, 1)
    # What was given to the constructor stays as it was, its repeat too.
    assert polls_of(store)[: len(POLLS)] == [Poll(*row) for row in POLLS]
    assert polls_of(store)[len(POLLS) :] == [
        Poll("a", NOON, up=True),
        Poll("b", NOON, up=False),
        Poll("d", NOON - 9 * ONE, up=True),
    ]
    assert store.add_polls(PollColumns((), (), (), ())) == type(result)()


def test_two_statuses_of_an_instant_are_one_conflict() -> None:
    store = MemoryStore()
    both = [("a", NOON, True), ("a", NOON, False)]
    assert store.add_polls(both).conflicting == 1
    assert store.add_polls(both).conflicting == 0
    assert store.add_polls([*both, ("a", NOON + ONE, True)]).conflicting == 0


def test_hours_and_zones_replace_those_of_the_shops_they_name() -> None:
    hours = {shop: WeeklySchedule([(0, "9:00", "17:00")]) for shop in "abc"}
    store = MemoryStore(POLLS, hours, {"a": "UTC", "b": "UTC"})

    result = store.set_hours(
        [("a", 1, "9:00", "17:00"), ("d", 2, "9:00", "17:00")],
    )
    assert (result.added, result.conflicting) == (2, 1)
    assert sorted(store.hours().store_ids) == ["a", "b", "c", "d"]
    assert hours_of(store)["a"] == [(DAY + 9 * HOUR, DAY + 17 * HOUR)]
    assert store.set_timezones({"b": "Asia/Tokyo"}).conflicting == 1
    assert store.timezones() == {"a": "UTC", "b": "Asia/Tokyo"}

    store.set_hours([("b", 0, "9:00", "17:00")], replace=True)
    store.set_timezones({"c": "UTC"}, replace=True)
    assert store.hours().store_ids == ("b",)
    assert store.timezones() == {"c": "UTC"}
    assert polls_of(store) == [Poll(*row) for row in POLLS]


def test_a_bad_row_quarantines_its_shop_until_good_rows_come(
    store: MemoryStore,
) -> None:
    before = compute_snapshot(store.snapshot())
    result = store.set_hours([("a", 7, "9:00", "17:00")], on_error="collect")

    assert len(result.rejected) == 1
    assert store.quarantined() == {"a"}
    assert store.hours().store_ids == ()
    assert compute_snapshot(store.snapshot()).store_ids == ("b", "c")

    store.set_hours([("a", 2, "9:00", "17:00")])
    assert store.quarantined() == frozenset()
    assert compute_snapshot(store.snapshot()) == before


def test_what_may_be_a_shop_is_quarantined_once_it_is_one(store: MemoryStore) -> None:
    suspects = Quarantine(suspects=frozenset({"b", "d"}))
    store.set_timezones({}, quarantine=suspects)
    assert store.quarantined() == {"b"}
    store.add_polls([("d", NOON, True)])
    assert store.quarantined() == {"b", "d"}
    store.set_timezones({"b": "UTC", "d": "UTC"})
    assert store.quarantined() == frozenset()


@pytest.mark.parametrize(
    "ingest",
    [
        lambda store: store.add_polls([("a", NOON, True), ("", NOON, True)]),
        lambda store: store.set_hours([("a", 0, "1:00", "2:00"), ("a", 7, "1", "2")]),
        lambda store: store.set_timezones([("a", "UTC"), ("a", "GB")]),
    ],
)
def test_a_refused_ingest_changes_nothing(store: MemoryStore, ingest: Any) -> None:  # noqa: ANN401  # a function
    before = store.snapshot()
    with pytest.raises(InputError):
        ingest(store)
    assert store.snapshot() is before


def test_what_has_been_read_does_not_change(store: MemoryStore) -> None:
    before = store.snapshot()
    report = compute_snapshot(before)
    batch = next(store.polls())
    store.add_polls([("a", NOON + 5 * ONE, False)])
    store.set_hours({}, replace=True)
    store.set_timezones({}, replace=True)

    assert len(batch) == len(POLLS)
    assert compute_snapshot(before) == report
    assert compute_snapshot(store.snapshot()) != report


def test_a_transaction_is_all_or_nothing(store: MemoryStore) -> None:
    def add_and_fail(shop: str, error: BaseException) -> None:
        with store.transaction():
            store.add_polls([(shop, NOON, True)])
            raise error

    before = store.snapshot()
    with pytest.raises(KeyboardInterrupt):
        add_and_fail("x", KeyboardInterrupt())
    assert store.snapshot() is before

    with store.transaction():
        store.add_polls([("x", NOON, True)])
        with pytest.raises(KeyError):
            add_and_fail("y", KeyError())
        assert "y" not in store.snapshot().polls.store_ids
        store.set_timezones({"x": "UTC"})
    assert "x" in store.snapshot().polls.store_ids
    assert store.timezones() == TIMEZONES | {"x": "UTC"}


def test_other_threads_see_a_transaction_when_it_is_done(store: MemoryStore) -> None:
    seen: list[bool] = []

    def look() -> None:
        seen.append("x" in store.snapshot().polls.store_ids)

    def in_a_thread() -> None:
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()

    with store.transaction():
        store.add_polls([("x", NOON, True)])
        look()
        in_a_thread()
    in_a_thread()
    assert seen == [True, False, True]


def test_threads_lose_nothing() -> None:
    store = MemoryStore()

    def ingest(shop: str) -> None:
        for hour in range(50):
            store.add_polls([(shop, NOON + hour * ONE, True)])
            store.set_timezones({f"{shop}{hour}": "UTC"})

    threads = [threading.Thread(target=ingest, args=(shop,)) for shop in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(polls_of(store)) == len(store.timezones()) == 200


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_process_works_on_while_a_thread_of_its_parent_writes(
    store: MemoryStore,
) -> None:
    inside, done = threading.Event(), threading.Event()

    def write() -> None:
        with store.transaction():
            store.add_polls([("x", NOON, True)])
            inside.set()
            done.wait(10)

    thread = threading.Thread(target=write)
    thread.start()
    inside.wait(10)
    child = os.fork()
    if not child:  # pragma: no cover  # in another process
        store.add_polls([("y", NOON, True)])
        ids = store.snapshot().polls.store_ids
        os._exit(0 if "y" in ids and "x" not in ids else 1)
    _, status = os.waitpid(child, 0)
    done.set()
    thread.join()
    assert os.waitstatus_to_exitcode(status) == 0


def test_a_pickled_copy_is_another_store_of_the_same_data(
    store: MemoryStore,
) -> None:
    store.set_hours([("b", 9, "1:00", "2:00")], on_error="collect")
    copy: MemoryStore = pickle.loads(pickle.dumps(store))  # noqa: S301  # our own

    assert len({copy.identity, store.identity, MemoryStore().identity}) == 3
    assert store.identity == store.identity  # it is made but once
    assert copy.quarantined() == store.quarantined() == {"b"}
    assert copy.snapshot() == store.snapshot()
    copy.add_polls([("x", NOON, True)])
    copy.set_hours([("b", 0, "1:00", "2:00")])
    assert copy.quarantined() == frozenset()
    assert store.quarantined() == {"b"}
    assert "x" not in store.snapshot().polls.store_ids


# It does what an SqliteStore does

HOUR = 3_600_000_000
DAY = 24 * HOUR


def hours_of(store: Store) -> dict[str, list[tuple[int, int]]]:
    """Each shop's rows, sorted."""
    hours = store.hours()
    rows: dict[str, list[tuple[int, int]]] = {shop: [] for shop in hours.store_ids}
    for code, start, end in zip(hours.code, hours.start, hours.end, strict=True):
        rows[hours.store_ids[code]].append((int(start), int(end)))
    return {shop: sorted(known) for shop, known in rows.items()}


def test_many_shops_are_counted_as_an_sqlite_store_counts_them(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """More shops than one block of the file has."""
    generator = np.random.default_rng(7)
    memory = MemoryStore()
    with SqliteStore(tmp_path_factory.mktemp("store") / "store.db") as sqlite:
        for _ in range(3):
            columns = PollColumns(
                [f"shop-{number}" for number in range(10_000)],
                generator.integers(0, 10_000, 50_000, dtype=np.int32),
                generator.integers(0, 5, 50_000) * HOUR,
                generator.integers(0, 2, 50_000, dtype=np.uint8),
            )
            assert memory.add_polls(columns) == sqlite.add_polls(columns)
        hours = HoursColumns(
            [f"shop-{number}" for number in range(5_000)],
            np.arange(5_000, dtype=np.int32),
            np.zeros(5_000, dtype=np.int64),
            np.full(5_000, DAY),
        )
        assert memory.set_hours(hours) == sqlite.set_hours(hours)
        assert hours_of(memory) == hours_of(sqlite)
        assert compute_snapshot(memory.snapshot()) == compute_snapshot(
            sqlite.snapshot()
        )
