"""SQLite files: paths, connections, transactions, errors."""

from __future__ import annotations

import os
import random
import resource
import sqlite3
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from uptime_core.errors import (
    BackEndError,
    ClosedError,
    InputError,
    StoreBusyError,
    StoreCorruptError,
    StoreFullError,
    StoreVersionError,
    UptimeError,
)
from uptime_core.sqlite_database import Database
from uptime_core.sqlite_errors import translated, wal_is_safe
from uptime_core.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from uptime_core.sqlite_database import JournalMode

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TABLE = ["CREATE TABLE t(a INTEGER NOT NULL) STRICT"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file.db"


@pytest.fixture
def database(path: Path) -> Database:
    database = Database(path, timeout=0)
    database.prepare("part", 3, TABLE)
    return database


def rows(database: Database) -> list[int]:
    with database.read() as connection:
        return [a for (a,) in connection.execute("SELECT a FROM t ORDER BY a")]


def insert(database: Database, *values: int) -> None:
    with database.write() as connection:
        connection.executemany("INSERT INTO t VALUES (?)", [(v,) for v in values])


# Paths and arguments


@pytest.mark.parametrize(
    "name",
    [
        *("a b.db", "a?mode=memory", "a#b", "a%41", "ünï.db", "'", '"', "a&b", "-x"),
        *(":memory:x", "file:a", "\U0001f3ea.db", "a;b", "a\\b", "a\nb"),
    ],
)
def test_a_name_is_taken_as_it_is(tmp_path: Path, name: str) -> None:
    database = Database(tmp_path / name)
    database.prepare("part", 1, TABLE)
    insert(database, 1)
    database.close()
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux")
def test_a_name_may_be_no_text(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/a\xff.db"
    database = Database(os.fsdecode(name))
    database.prepare("part", 1, TABLE)
    insert(database, 1)
    database.close()
    assert os.path.getsize(name) > 0  # noqa: PTH202  # a path of bytes


def test_a_path_may_begin_with_two_slashes(tmp_path: Path) -> None:
    database = Database(f"/{tmp_path}/file.db")
    database.prepare("part", 1, TABLE)
    assert (tmp_path / "file.db").exists()
    database.close()


def test_a_relative_path_stays_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    database = Database("file.db")
    database.prepare("part", 1, TABLE)
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    insert(database, 1)
    assert rows(database) == [1]
    assert list((tmp_path / "other").iterdir()) == []
    database.close()


@pytest.mark.parametrize("path", ["", "a\0b", ":memory:", b"file.db", None, 5, ["a"]])
def test_what_names_no_file_is_refused(path: Any) -> None:  # noqa: ANN401  # wrong on purpose
    with pytest.raises(InputError):
        SqliteStore(path)


@pytest.mark.parametrize("name", ["", "missing/file.db", "file/x.db", "x" * 300])
def test_what_cannot_be_opened_is_an_error_that_names_it(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=str(tmp_path)) as caught:
        SqliteStore(tmp_path / name)
    assert not isinstance(caught.value, StoreCorruptError)
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_lone_surrogate_in_a_path_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises((UptimeError, OSError)):
        SqliteStore(f"{tmp_path}/a\ud800.db")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0,
    reason="the superuser may write everywhere",
)
def test_a_file_that_may_only_be_read_is_read(path: Path, database: Database) -> None:
    insert(database, 1)
    database.close()
    path.chmod(0o444)
    again = Database(path)
    again.prepare("part", 3, TABLE)
    assert rows(again) == [1]
    with pytest.raises(BackEndError, match="readonly"):
        insert(again, 2)
    again.close()
    path.parent.chmod(0o555)
    try:
        with pytest.raises(BackEndError):
            Database(path.with_name("new.db")).prepare("part", 3, TABLE)
    finally:
        path.parent.chmod(0o755)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"journal_mode": "off"}, "journal_mode"),
        ({"journal_mode": []}, "journal_mode"),
        ({"timeout": -1}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"timeout": float("inf")}, "timeout"),
        ({"timeout": "5"}, "timeout"),
        ({"timeout": None}, "timeout"),
    ],
)
def test_an_option_that_cannot_be_is_refused(
    path: Path, options: dict[str, Any], field: str
) -> None:
    with pytest.raises(InputError) as caught:
        SqliteStore(path, **options)
    assert caught.value.field == field
    assert not path.exists()


# Versions, and the kind of file


def test_a_part_is_made_once_and_keeps_its_rows(path: Path, database: Database) -> None:
    insert(database, 5)
    filled: list[object] = []
    again = Database(path)
    again.prepare("part", 3, TABLE, filled.append)
    assert filled == []
    again.prepare("other", 1, ["CREATE TABLE u(b)"], filled.append)
    assert len(filled) == 1
    assert rows(again) == [5]


@pytest.mark.parametrize(
    ("version", "error"), [(2, StoreVersionError), (4, StoreCorruptError)]
)
def test_another_version_is_refused(
    path: Path, database: Database, version: int, error: type[UptimeError]
) -> None:
    insert(database, 5)
    again = Database(path)
    with pytest.raises(error, match=r"file\.db"):
        again.prepare("part", version, TABLE)
    assert rows(database) == [5]


def test_a_part_that_cannot_be_filled_is_not_made(path: Path) -> None:
    def fail(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO t VALUES (1)")
        raise ZeroDivisionError

    database = Database(path)
    with pytest.raises(ZeroDivisionError):
        database.prepare("part", 1, TABLE, fail)
    database.prepare("part", 1, TABLE)
    assert rows(database) == []


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 37, 0), False),
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 0), False),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 53, 0), True),
        ((4, 0, 0), True),
    ],
)
def test_the_log_is_used_where_its_bug_is_repaired(
    version: tuple[int, int, int], *, safe: bool
) -> None:
    assert wal_is_safe(version) is safe


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_file_keeps_its_journal_and_an_unsafe_one_is_told_of(
    path: Path, mode: JournalMode
) -> None:
    unsafe = mode == "wal" and not wal_is_safe(sqlite3.sqlite_version_info)
    modes: list[JournalMode | None] = [mode, "delete", "wal", None]
    for asked in modes:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            store = SqliteStore(path, journal_mode=asked)
        assert [w.category for w in caught] == [RuntimeWarning] * unsafe
        assert [w.filename for w in caught] == [__file__] * unsafe
        store.add_polls([("a", NOON, True)])
        with store._database.read() as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone() == (mode,)
        store.close()


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_new_file_waits_for_another_process_that_makes_it(
    path: Path, mode: JournalMode
) -> None:
    path.touch()
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE t(a)")
    timer = threading.Timer(0.2, other.execute, ["ROLLBACK"])
    timer.start()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            store = SqliteStore(path, journal_mode=mode, timeout=10)
    finally:
        timer.join()
        other.close()
    with store, store._database.read() as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == (mode,)


def test_a_new_file_has_the_mode_that_is_safe(path: Path) -> None:
    with SqliteStore(path) as store, store._database.read() as connection:
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
        (sync,) = connection.execute("PRAGMA synchronous").fetchone()
        (vacuum,) = connection.execute("PRAGMA auto_vacuum").fetchone()
    safe = wal_is_safe(sqlite3.sqlite_version_info)
    assert (mode, sync, vacuum) == ("wal" if safe else "delete", 3, 2)


# Transactions


def test_a_block_is_written_wholly_or_not_at_all(database: Database) -> None:
    def fail() -> None:
        with database.write():
            insert(database, 1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert rows(database) == []
    with database.write():
        insert(database, 1)
        with pytest.raises(KeyboardInterrupt):
            fail()
        assert rows(database) == [1]
        with pytest.raises(BackEndError):
            insert(database, 2, "x")  # type: ignore[arg-type]  # the table is strict
        insert(database, 3)
    assert rows(database) == [1, 3]


def test_a_reader_sees_one_moment(path: Path, database: Database) -> None:
    insert(database, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        logged = Database(path.with_name("wal.db"), timeout=0, journal_mode="wal")
        logged.prepare("part", 3, TABLE)
    with logged.read() as connection:
        insert_elsewhere(logged, 1)
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)
    assert rows(logged) == [1]
    with database.read(), pytest.raises(StoreBusyError):
        insert_elsewhere(database, 2)
    assert rows(database) == [1]
    insert_elsewhere(database, 2)
    assert rows(database) == [1, 2]


def insert_elsewhere(database: Database, value: int) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(insert, database, value).result()


def test_a_transaction_is_of_one_thread(database: Database) -> None:
    with database.write():
        insert(database, 1)
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(rows, database).result() == []
        with pytest.raises(StoreBusyError):
            insert_elsewhere(database, 2)
    assert rows(database) == [1]


# Connections


def test_a_closed_database_is_not_used_any_more(database: Database) -> None:
    insert(database, 1)
    with database.read() as connection:
        database.close()
        assert connection.execute("SELECT a FROM t").fetchall() == [(1,)]
    database.close()
    assert database._idle == []
    for use in (rows, insert, Database.shrink):
        with pytest.raises(ClosedError, match=r"file\.db"):
            use(database)


def test_a_closed_store_is_not_used_any_more(path: Path) -> None:
    store = SqliteStore(path)
    store.add_polls([("a", NOON, True)])
    snapshot = store.snapshot()
    batches = store.polls()
    with store:
        pass
    uses: list[Callable[[], object]] = [
        lambda: list(store.polls()),
        lambda: next(batches),
        store.hours,
        store.timezones,
        store.newest_poll,
        store.quarantined,
        store.snapshot,
        store.compact,
        store.check,
        lambda: store.add_polls([]),
        lambda: store.set_hours({}),
        lambda: store.set_timezones({}),
        lambda: store.delete_before(NOON),
        lambda: store.transaction().__enter__(),
    ]
    for use in uses:
        with pytest.raises(ClosedError, match=r"file\.db"):
            use()
    assert sum(len(part.polls) for part in snapshot.parts()) == 1
    assert (repr(store), store.identity[:7]) == (f"<SqliteStore: {path}>", "sqlite:")


def test_a_connection_that_failed_is_not_used_again(database: Database) -> None:
    with pytest.raises(BackEndError), database.read() as connection:
        connection.execute("SELECT * FROM missing")
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        raise ZeroDivisionError
    for connection in database._idle:
        assert not connection.in_transaction
    insert(database, 1)
    assert rows(database) == [1]


@pytest.fixture
def _quick_switches() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("_quick_switches")
@pytest.mark.parametrize(
    ("threads", "rounds"), [(16, 6), pytest.param(16, 100, marks=pytest.mark.deep)]
)
def test_threads_read_and_write_one_store(
    path: Path, threads: int, rounds: int
) -> None:
    """Each batch is of ten shops: whoever reads sees whole batches."""
    store = SqliteStore(path)
    shops = [f"s{number}" for number in range(10)]
    barrier = threading.Barrier(threads)

    def work(thread: int) -> int:
        chance = random.Random(thread)  # noqa: S311  # to be repeated
        barrier.wait()
        seen = 0
        for number in range(rounds):
            at = NOON + (thread * rounds + number) * SECOND
            with store.transaction():
                added = store.add_polls([(shop, at, True) for shop in shops[:5]])
                added += store.add_polls([(shop, at, True) for shop in shops[5:]])
            assert added.added == 10
            choice = chance.randrange(5)
            if choice == 0:
                store.compact()
            elif choice == 1:
                store.set_timezones(dict.fromkeys(shops, "UTC"))
            elif choice == 2:
                assert len(store.timezones()) in (0, 10)
            else:
                polls = sum(len(batch) for batch in store.polls())
                assert polls % 10 == 0
                assert polls >= max(seen, (number + 1) * 10)
                seen = polls
        return rounds

    with ThreadPoolExecutor(threads) as pool:
        assert sum(pool.map(work, range(threads))) == threads * rounds
    assert len(store._database._idle) <= threads
    assert sum(len(batch) for batch in store.polls()) == 10 * threads * rounds
    store.check()
    store.close()
    assert store._database._idle == []


def test_connections_do_not_pile_up(database: Database) -> None:
    for number in range(50):
        insert(database, number)
        rows(database)
        with pytest.raises(ZeroDivisionError), database.read():
            raise ZeroDivisionError
    assert len(database._idle) == 1
    for _ in range(20):
        thread = threading.Thread(target=rows, args=(database,))
        thread.start()
        thread.join()
    assert len(database._idle) == 1


# Errors


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_BUSY, StoreBusyError),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, StoreBusyError),
        (sqlite3.SQLITE_LOCKED, StoreBusyError),
        (sqlite3.SQLITE_FULL, StoreFullError),
        (sqlite3.SQLITE_CORRUPT, StoreCorruptError),
        (sqlite3.SQLITE_CORRUPT_INDEX, StoreCorruptError),
        (sqlite3.SQLITE_NOTADB, StoreCorruptError),
        (sqlite3.SQLITE_ERROR, StoreCorruptError),
        (None, StoreCorruptError),
        (sqlite3.SQLITE_IOERR_WRITE, BackEndError),
        (sqlite3.SQLITE_CANTOPEN, BackEndError),
        (sqlite3.SQLITE_READONLY, BackEndError),
        (sqlite3.SQLITE_TOOBIG, BackEndError),
    ],
)
def test_an_error_is_told_by_its_code(
    code: int | None, kind: type[BackEndError]
) -> None:
    error = sqlite3.OperationalError("database is locked")
    if code is not None:
        error.sqlite_errorcode = code
    found = translated(error, "a.db")
    assert type(found) is kind
    assert str(found).startswith("a.db: ")


def test_an_error_is_told_in_one_line() -> None:
    error = sqlite3.DatabaseError("*** in database main ***\nOn tree page 218: lost")
    assert "\n" not in str(translated(error, "file.db"))
    assert "*** On tree page 218: lost" in str(translated(error, "file.db"))


def test_a_file_that_becomes_empty_is_damaged(path: Path) -> None:
    with SqliteStore(path) as store:
        store.add_polls([("bakery", NOON, "active")])
        os.truncate(path, 0)
        for act in (store.newest_poll, store.check, lambda: store.add_polls([])):
            with pytest.raises(StoreCorruptError, match="has become empty"):
                act()
    assert path.stat().st_size == 0


def test_a_file_of_no_bytes_is_a_new_one(path: Path) -> None:
    path.touch()  # as a process leaves it that is killed while it makes it
    with SqliteStore(path) as store:
        assert store.add_polls([("bakery", NOON, "active")]).added == 1
        store.check()


def test_a_limit_of_file_size_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite says the same of a limit, of a quota and of a broken disk."""
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
    for limit, kind, reason in (
        (resource.RLIM_INFINITY, BackEndError, "a quota may be used up"),
        (5_000, StoreFullError, "may have 5,000 bytes"),
    ):
        limits = (limit, resource.RLIM_INFINITY)
        monkeypatch.setattr(resource, "getrlimit", lambda _, both=limits: both)
        found = translated(error, "a.db")
        assert type(found) is kind
        assert reason in str(found)
