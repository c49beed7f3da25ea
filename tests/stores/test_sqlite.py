"""SqliteStore: what goes in comes out, all of it or nothing."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from uptime_core import (
    InputError,
    MemoryStore,
    NoPollsError,
    Policy,
    Poll,
    PollColumns,
    ReportRequest,
    UnknownStoreIdError,
    UptimeError,
    WeeklySchedule,
    Window,
    compute_report,
    compute_snapshot,
    compute_store,
)
from uptime_core.capabilities import (
    SupportsIngest,
    SupportsRetention,
    SupportsSnapshot,
    SupportsTransactions,
)
from uptime_core.ingest import IngestResult
from uptime_core.instants import EARLIEST_KEPT, LATEST_KEPT, to_datetime, to_micros
from uptime_core.quarantine import Quarantine
from uptime_core.runner import run
from uptime_core.stores import sqlite_tables
from uptime_core.stores.packed import SHOPS_PER_BLOCK
from uptime_core.stores.sqlite import SqliteStore
from uptime_core.stores.sqlite_tables import Tables
from uptime_core.testing import InlineExecutor

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
POLLS = [
    ("b", NOON, True),
    ("a", NOON - HOUR, False),
    ("a", NOON + HOUR, True),
    ("a", NOON + HOUR, True),
]
HOURS = {"a": WeeklySchedule([(2, "9:00", "17:00")])}
MANY = 2 * SHOPS_PER_BLOCK + 7
IDS = [f"s{number:05d}" for number in range(MANY)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def store(path: Path) -> SqliteStore:
    return SqliteStore(path, timeout=0)


def rows_of(store: SqliteStore, *bounds: Any) -> list[Poll]:  # noqa: ANN401  # as polls has
    return [poll for batch in store.polls(*bounds) for poll in batch.rows()]


def one_each(instant: datetime) -> PollColumns:
    """A poll of each of many shops."""
    at = np.full(MANY, to_micros(instant), dtype=np.int64)
    return PollColumns(IDS, np.arange(MANY), at, np.arange(MANY) % 2)


def test_what_goes_in_comes_out(store: SqliteStore) -> None:
    result = store.add_polls(POLLS)
    assert result == IngestResult(added=3, repeated=1)
    assert store.set_hours(HOURS).added == 1
    assert store.set_timezones({"c": "Asia/Kathmandu"}).added == 1
    assert sorted(rows_of(store), key=str) == sorted(
        (Poll(*row) for row in POLLS[:3]), key=str
    )
    assert store.hours().store_ids == ("a",)
    assert store.timezones() == {"c": "Asia/Kathmandu"}
    assert store.newest_poll() == NOON + HOUR
    assert store.rejected() == ()
    assert store.quarantined() == frozenset()
    expected = compute_report(POLLS, HOURS, {"c": "Asia/Kathmandu"})
    assert compute_snapshot(store.snapshot()) == expected
    assert compute_store(store) == expected
    assert store.snapshot().shops == 3
    store.check()


def test_a_store_takes_data_in_and_gives_snapshots(store: SqliteStore) -> None:
    for protocol in (
        SupportsIngest,
        SupportsRetention,
        SupportsSnapshot,
        SupportsTransactions,
    ):
        assert isinstance(store, protocol)


def test_an_empty_store_has_no_now(store: SqliteStore) -> None:
    assert store.newest_poll() is None
    assert rows_of(store) == []
    assert store.hours().store_ids == ()
    with pytest.raises(NoPollsError, match=r"store\.db"):
        compute_snapshot(store.snapshot())
    with pytest.raises(NoPollsError, match=r"store\.db"):
        compute_store(store)
    assert compute_store(store, as_of=NOON).store_ids == ()
    store.compact()
    store.check()


def test_nothing_changes_nothing(store: SqliteStore) -> None:
    store.add_polls(POLLS)
    before = compute_snapshot(store.snapshot())
    nothing = PollColumns(["new", "a"], [], [], [])
    for result in (
        store.add_polls([]),
        store.add_polls(nothing),
        store.set_hours({}),
        store.set_timezones({}),
        store.add_polls(POLLS[:0]),
    ):
        assert result == IngestResult()
    assert store.snapshot().shops == 2
    assert compute_snapshot(store.snapshot()) == before


@pytest.mark.parametrize(
    ("shop", "start", "end", "rows"),
    [
        (None, NOON, None, [0, 2]),
        (None, None, NOON, [1]),
        (None, NOON - HOUR, NOON + HOUR, [0, 1]),
        (None, NOON + 2 * HOUR, None, []),
        (None, NOON, NOON, []),
        ("a", None, None, [1, 2]),
        (" a ", NOON, None, [2]),
        ("unknown", None, None, []),
    ],
)
def test_a_range_has_its_start_and_not_its_end(
    store: SqliteStore,
    shop: str | None,
    start: datetime | None,
    end: datetime | None,
    rows: list[int],
) -> None:
    store.add_polls(POLLS)
    found = sorted(rows_of(store, shop, start, end), key=str)
    assert found == sorted((Poll(*POLLS[row]) for row in rows), key=str)


def test_what_cannot_be_asked_for_is_refused(store: SqliteStore) -> None:
    store.add_polls(POLLS)
    for bounds in ((None, NOON.replace(tzinfo=None)), (None, None, 5), ("",), (5,)):
        with pytest.raises(InputError):
            rows_of(store, *bounds)
    for instant in (NOON.replace(tzinfo=None), None, 5):
        with pytest.raises(InputError, match="delete_before"):
            store.delete_before(instant)  # type: ignore[arg-type]  # wrong on purpose
    assert len(rows_of(store)) == 3


def test_the_first_and_the_last_instant_are_kept(store: SqliteStore) -> None:
    at = [EARLIEST_KEPT, LATEST_KEPT, EARLIEST_KEPT, 0]
    store.add_polls(PollColumns(["a"], [0] * 4, at, [0, 1, 1, 0]))
    assert [poll.at for poll in rows_of(store)] == [
        to_datetime(instant) for instant in sorted(at)
    ]
    assert store.add_polls([("a", to_datetime(LATEST_KEPT), False)]).conflicting == 1
    assert store.newest_poll() == to_datetime(LATEST_KEPT)
    assert store.delete_before(to_datetime(LATEST_KEPT)) == 2
    store.check()
    assert len(rows_of(store)) == 3


def test_bad_rows_leave_the_store_as_it_was(store: SqliteStore) -> None:
    store.add_polls(POLLS)
    before = compute_snapshot(store.snapshot())
    bad_poll: Any = [("new", NOON, True), ("x", "noon", True)]
    with pytest.raises(InputError):
        store.add_polls(bad_poll)
    with pytest.raises(InputError):
        store.set_hours([("new", 0, "9:00", "10:00"), ("a", 9, "9", "10")])
    with pytest.raises(InputError):
        store.set_timezones({"new": "UTC", "a": "Nowhere"})
    with pytest.raises(InputError):
        store.add_polls(POLLS, on_error="ignore")  # type: ignore[arg-type]  # as said
    assert compute_snapshot(store.snapshot()) == before
    result = store.add_polls(bad_poll, on_error="collect")
    assert (result.added, [row.line for row in result.rejected]) == (1, [2])


# Blocks of shops


def test_shops_in_several_blocks_are_all_there(store: SqliteStore) -> None:
    """In an order of their own, and some more later."""
    order = np.random.default_rng(5).permutation(MANY)
    ids = [IDS[place] for place in order]
    at = to_micros(NOON) + np.arange(MANY)
    few = PollColumns(ids[:10], np.arange(10), at[:10], np.ones(10, dtype=np.uint8))
    assert store.add_polls(few).added == 10
    rest = PollColumns(ids, np.arange(MANY), at, np.ones(MANY, dtype=np.uint8))
    assert store.add_polls(rest) == IngestResult(added=MANY - 10, repeated=10)
    hours = {shop: WeeklySchedule([(2, "9:00", "12:30")]) for shop in IDS[::3]}
    zones = dict.fromkeys(IDS[::5], "Asia/Kathmandu")
    store.set_hours(hours)
    store.set_timezones(zones)
    expected = compute_report(rest, hours, zones)
    assert len(list(store.snapshot().parts())) >= 3
    assert compute_snapshot(store.snapshot()) == expected
    assert compute_store(store) == expected
    assert len(expected) == MANY
    assert store.timezones() == zones
    assert set(store.hours().store_ids) == set(hours)
    assert sum(len(batch) for batch in store.polls()) == MANY
    assert [poll.store_id for poll in rows_of(store, IDS[7])] == [IDS[7]]
    store.check()
    with SqliteStore(store.path) as again:
        assert compute_snapshot(again.snapshot()) == expected
        assert again.add_polls(rest).repeated == MANY


@pytest.mark.parametrize("of", ["snapshot", "store"])
def test_listed_shops_are_found_in_every_block(store: SqliteStore, of: str) -> None:
    polls = one_each(NOON)
    store.add_polls(polls)
    store.set_timezones({"zone-only": "UTC"})

    def report(stores: list[str]) -> Any:  # noqa: ANN401  # a Report
        if of == "store":
            return compute_store(store, stores=stores)
        return compute_snapshot(store.snapshot(), stores=stores)

    wanted = [IDS[-1], IDS[0], IDS[SHOPS_PER_BLOCK], "zone-only"]
    expected = compute_report(polls, None, {"zone-only": "UTC"}, stores=wanted)
    assert report(wanted) == expected
    assert report(wanted).provenance == expected.provenance
    assert report([IDS[-1]]).store_ids == (IDS[-1],)
    for unknown in (["nobody"], [IDS[0], "nobody"], [IDS[-1], "nobody"]):
        with pytest.raises(UnknownStoreIdError, match="nobody"):
            report(unknown)


def test_shops_are_quarantined_in_every_block(store: SqliteStore) -> None:
    """Also one that nothing else is known of, and what may be the id of one."""
    store.add_polls(one_each(NOON))
    bad = [IDS[0], IDS[SHOPS_PER_BLOCK], IDS[-1], "never-polled"]
    store.set_hours([(shop, 9, "9:00", "10:00") for shop in bad], on_error="collect")
    suspects = frozenset({IDS[1], IDS[-2], "no-shop-at-all"})
    store.set_timezones({}, quarantine=Quarantine(suspects=suspects))
    expected = {*bad, IDS[1], IDS[-2]}
    assert store.quarantined() == expected
    for report in (compute_snapshot(store.snapshot()), compute_store(store)):
        assert report.provenance.quarantined == len(expected)
        assert set(report.store_ids) == set(IDS) - expected
    short = compute_store(store, stores=[IDS[0], IDS[5], "never-polled"])
    assert (short.store_ids, short.provenance.quarantined) == ((IDS[5],), 2)
    store.add_polls([("no-shop-at-all", NOON, True)])
    assert store.quarantined() == expected | {"no-shop-at-all"}
    store.set_hours([(bad[0], 0, "9:00", "10:00")])
    store.set_hours({"never-polled": WeeklySchedule([])})
    store.set_timezones({}, replace=True)
    assert store.quarantined() == {bad[1], bad[2]}
    store.set_hours({}, replace=True)
    assert store.quarantined() == frozenset()
    store.check()


def test_a_quarantined_shop_loses_its_hours(store: SqliteStore) -> None:
    store.add_polls(POLLS)
    store.set_hours(HOURS)
    result = store.set_hours([("a", 9, "9:00", "10:00")], on_error="collect")
    assert len(result.rejected) == 1
    assert store.hours().store_ids == ()
    assert compute_snapshot(store.snapshot()).store_ids == ("b",)


def test_a_shop_may_have_hours_and_no_row(store: SqliteStore) -> None:
    """It is closed always, which is not the same as open always."""
    store.set_hours({"a": WeeklySchedule([])})
    store.add_polls(POLLS)
    assert store.hours().store_ids == ("a",)
    report = compute_store(store, windows=Window.last(HOUR, name="h"))
    assert report.row("a")["h"].open == timedelta(0)
    assert report.row("b")["h"].open == HOUR


# Retention

POLICIES = [
    Policy(extrapolation=extrapolation, reach=reach, initial=initial)
    for extrapolation in ("previous", "next", "nearest")
    for reach in (None, HOUR, timedelta(days=9))
    for initial in ("unknown", "first")
]


def test_reports_after_the_horizon_do_not_change(store: SqliteStore) -> None:
    polls = [
        (f"s{shop}", NOON + (shop * 7 % 5 + step * (1 + shop % 3)) * HOUR, step % 3 > 0)
        for shop in range(20)
        for step in range(12)
    ]
    polls += [("s3", at, not up) for shop, at, up in polls if shop == "s3"]
    polls.append(("old", NOON - 99 * HOUR, True))
    store.add_polls(polls)
    store.set_timezones({"s1": "Asia/Kathmandu"})
    horizon = NOON + 6 * HOUR
    deleted = store.delete_before(horizon)
    assert 0 < deleted == len(polls) - len(rows_of(store))
    for policy in POLICIES:
        for as_of in (horizon, horizon + HOUR / 3, horizon + 30 * HOUR):
            windows = [
                Window.between(horizon, horizon + 2 * HOUR, name="first"),
                Window.between(horizon + HOUR / 7, as_of + HOUR, name="late"),
            ]
            asked: dict[str, Any] = {
                "as_of": as_of,
                "windows": windows,
                "policy": policy,
            }
            expected = compute_report(polls, None, {"s1": "Asia/Kathmandu"}, **asked)
            assert compute_snapshot(store.snapshot(), **asked) == expected
            assert compute_store(store, **asked) == expected
    assert "old" in expected.store_ids


def test_polls_from_before_the_horizon_are_not_taken_in_again(
    store: SqliteStore,
) -> None:
    polls = [("a", NOON + hour * HOUR, True) for hour in range(10)]
    store.add_polls(polls)
    assert store.delete_before(NOON + 5 * HOUR) == 4
    late = ("late", NOON, True)
    result = store.add_polls([*polls, late])
    assert result == IngestResult(repeated=5, expired=6)
    assert store.snapshot().shops == 1
    assert len(rows_of(store)) == 6
    assert store.delete_before(NOON + 5 * HOUR) == 0
    assert store.delete_before(NOON) == 0
    assert store.add_polls([late]).expired == 1
    assert store.delete_before(NOON + 9 * HOUR) == 4
    assert store.delete_before(NOON + 9 * HOUR) == 0
    assert store.newest_poll() == NOON + 9 * HOUR
    assert compute_store(store).store_ids == ("a",)
    store.check()


# Transactions


def fail(store: SqliteStore, polls: Any = (("undone", NOON, True),)) -> None:  # noqa: ANN401
    with store.transaction():
        store.add_polls(polls)
        store.set_timezones({"undone": "UTC", "a": "UTC"})
        raise ZeroDivisionError


def test_a_transaction_is_done_wholly_or_not_at_all(store: SqliteStore) -> None:

    def all_undone() -> None:
        with store.transaction():
            store.add_polls(one_each(NOON))
            store.set_hours(HOURS)
            assert store.newest_poll() == NOON
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        all_undone()
    assert (store.newest_poll(), store.snapshot().shops) == (None, 0)
    with store.transaction():
        store.add_polls(POLLS)
        store.set_hours(HOURS)
        with SqliteStore(store.path, timeout=0) as other:
            assert other.newest_poll() is None
    assert compute_store(store) == compute_report(POLLS, HOURS)
    store.check()


def test_an_inner_failure_undoes_the_inner_part_only(store: SqliteStore) -> None:
    with store.transaction():
        store.add_polls(POLLS[:2])
        with pytest.raises(ZeroDivisionError):
            fail(store)
        with pytest.raises(InputError):
            store.set_timezones({"a": "Nowhere"})
        with store.transaction(), store.transaction():
            store.add_polls([("new", NOON, True)])
        store.add_polls(POLLS[2:])
    report = compute_store(store)
    assert report == compute_report([*POLLS, ("new", NOON, True)])
    assert store.timezones() == {}
    store.check()


def test_numbers_of_shops_that_were_undone_are_given_again(store: SqliteStore) -> None:
    """Also where a block of shops had been written already."""
    with pytest.raises(ZeroDivisionError):
        fail(store, one_each(NOON))
    with SqliteStore(store.path) as other:
        other.add_polls([(IDS[5], NOON, True)])
    store.add_polls([(IDS[9], NOON, True), (IDS[5], NOON, False)])
    assert [(p.store_id, p.up) for p in rows_of(store)] == [
        (IDS[5], False),
        (IDS[5], True),
        (IDS[9], True),
    ]
    store.check()


def test_numbers_of_an_ingest_cut_off_half_way_are_forgotten(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The very first one of a file, after its first block of shops."""
    put_block = Tables.put_block

    def cut_off(self: Tables, number: int, shops: Any) -> None:  # noqa: ANN401
        if number == 1:
            raise KeyboardInterrupt
        put_block(self, number, shops)

    with monkeypatch.context() as patch:
        patch.setattr(Tables, "put_block", cut_off)
        with pytest.raises(KeyboardInterrupt):
            store.add_polls(one_each(NOON))
    assert store.add_polls([(IDS[3], NOON, True)]).added == 1
    assert [poll.store_id for poll in rows_of(store)] == [IDS[3]]
    store.check()


def test_everything_works_within_a_transaction(store: SqliteStore) -> None:
    store.add_polls(POLLS)
    with store.transaction():
        store.add_polls([("c", NOON + 9 * HOUR, True)])
        assert len(rows_of(store)) == 4
        assert len(compute_store(store)) == 3
        assert store.delete_before(NOON + 3 * HOUR) == 1
        store.check()
        store.compact()
    assert len(rows_of(store)) == 3
    store.check()


def test_an_error_of_the_callers_own_database_is_the_callers(
    store: SqliteStore,
) -> None:
    connection = sqlite3.connect(":memory:")

    def ask() -> None:
        with store.transaction():
            store.add_polls(POLLS)
            connection.execute("SELECT * FROM nix")

    with pytest.raises(sqlite3.OperationalError, match="nix"):
        ask()
    connection.close()
    assert rows_of(store) == []


# Identity


def test_the_identity_goes_with_the_file(path: Path, tmp_path: Path) -> None:
    with SqliteStore(path) as store:
        store.add_polls(POLLS)
        identity = store.identity
    moved = path.rename(tmp_path / "moved.db")
    with SqliteStore(moved) as store, SqliteStore(path) as new:
        assert store.identity == identity != new.identity
        assert new.newest_poll() is None
        assert store.newest_poll() == NOON + HOUR
        assert store.path == str(moved)


def test_a_file_put_in_the_place_of_the_opened_one_is_not_read(
    path: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.db"
    with SqliteStore(other) as store:
        store.add_polls([("other", NOON, True)])
    store = SqliteStore(path)
    store.add_polls(POLLS)
    other.replace(path)
    with pytest.raises(UptimeError, match="another file"):
        rows_of(store)
    with pytest.raises(UptimeError, match="another file"):
        store.add_polls(POLLS)


def test_a_file_deleted_under_the_store_is_an_error(
    store: SqliteStore, path: Path
) -> None:
    store.add_polls(POLLS)
    path.unlink()
    for use in (lambda: rows_of(store), lambda: store.add_polls(POLLS), store.compact):
        with pytest.raises(OSError, match=r"store\.db"):
            use()
    assert not path.exists()


def test_a_store_shows_its_file(store: SqliteStore) -> None:
    store.add_polls(POLLS)
    assert repr(store) == f"<SqliteStore: {store.path}>"
    assert "2 shops" in repr(store.snapshot())


def test_the_status_of_polls_that_only_a_summary_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old chunks lie outside of the window; who was last in them speaks into it."""
    monkeypatch.setattr(sqlite_tables, "SUMMARIZED", 1)
    old = NOON - timedelta(days=30)
    minute = timedelta(minutes=1)
    batches = [
        [(shop, old + number * minute, (number + place) % 2 == 0)
         for place, shop in enumerate("ab") for number in range(9)],
        [("a", old + 20 * minute, True), ("b", old + 20 * minute, False)],
        [("c", old, False), ("c", old, True), ("d", old, True)],
        [("d", old, False), ("e", old, True)],
        [("now", NOON, True)],
    ]  # fmt: skip
    memory = MemoryStore()
    with SqliteStore(tmp_path / "a.db") as store:
        for batch in batches:
            store.add_polls(batch)
            memory.add_polls(batch)
        policy = Policy(extrapolation="previous", reach=None)
        window = Window.last(HOUR, name="hour", unit="seconds")
        expected = compute_store(memory, policy=policy, windows=window)
        for executor in (None, InlineExecutor()):
            report = compute_store(
                store, policy=policy, windows=window, executor=executor
            )
            assert report == expected
    up = {shop: expected.row(shop)["hour"].up for shop in expected.store_ids}
    assert [shop for shop, sums in up.items() if sums == HOUR] == ["a", "e"]
    assert [shop for shop, sums in up.items() if not sums] == ["b", "c", "d", "now"]


def test_progress_counts_the_shops_that_were_asked_for(store: SqliteStore) -> None:
    store.add_polls([(shop, NOON, True) for shop in IDS[:50]])
    told: list[int] = []
    request = ReportRequest.of(as_of=NOON, stores=(IDS[3], IDS[7]))
    run(store.snapshot_for(request), request, InlineExecutor(), tell=told.append)
    assert told[-1] == max(told) == 2
