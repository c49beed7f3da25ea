"""Attempts that take too long, and calls that have less time than a lock is kept."""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from tests.faults.samples import (
    DISKS,
    Gate,
    HookedSink,
    HookedStore,
    open_sink,
    report_of,
    store_of,
)

from uptime_core import (
    CsvSink,
    MemorySink,
    ReportManager,
    SqliteSink,
    SqliteStore,
    StoreBusyError,
    WaitTimeoutError,
)
from uptime_core.jobs import Claim, advance
from uptime_core.patience import at_most, patience
from uptime_core.testing.stepped import A_WHILE, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from uptime_core import ReportSink

SECOND = timedelta(seconds=1)
NAP = 5.0
"""How long a supervisor sleeps where nothing happens."""


def slow(seconds: float) -> HookedStore:
    """A store of which every report takes so long."""
    return HookedStore(store_of(), lambda _: threading.Event().wait(seconds))


def test_a_report_fails_as_soon_as_its_time_is_over() -> None:
    """The supervisor wakes for it: it does not wait for its next renewal."""
    gate = Gate()
    manager = ReportManager(gate.store, timeout=SECOND / 4)
    report_id = manager.trigger()
    status = manager.wait(report_id, NAP - 1)
    assert (status.state, status.attempt) == ("failed", 1)
    assert status.error == "it ran for longer than 0.25 s"
    gate.open()
    manager.close()


def test_each_of_several_reports_fails_in_its_time() -> None:
    gate = Gate()
    manager = ReportManager(gate.store, timeout=SECOND / 4, max_workers=2)
    ids = [manager.trigger() for _ in range(5)]
    for report_id in ids:
        assert manager.wait(report_id, NAP - 1).state == "failed"
    gate.open()
    manager.close()


@pytest.mark.parametrize("outcome", ["made", "os error"])
def test_an_attempt_that_ends_too_late_fails(
    outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the supervisor has not seen it: it hangs in the sink just now."""
    mono = 0.0
    watch = SimpleNamespace(monotonic=lambda: mono)
    monkeypatch.setattr("uptime_core.worker.time", watch)
    held, let_go = threading.Event(), threading.Event()

    def hold(name: str) -> None:
        if name == "jobs" and threading.current_thread().name.endswith("supervisor"):
            held.set()
            assert let_go.wait(A_WHILE)

    gate = Gate()
    if outcome == "os error":
        gate.store._hook = _fail_after(gate)
    sink = HookedSink(MemorySink())
    manager = ReportManager(gate.store, sink, timeout=SECOND, max_workers=1)
    report_id = manager.trigger()
    gate.wait_for_report()
    sink.before = hold
    manager._background.worker().wake()
    assert held.wait(A_WHILE)
    mono = 1.0
    gate.open()
    wait_until(lambda: manager._background.worker().run_of(report_id) is None)
    job = sink.inner.job(report_id)
    assert job is not None
    assert (job.state, job.attempt) == ("failed", 1)
    assert job.error == "it ran for longer than 1 s"
    assert sink.inner.report(report_id) is None
    let_go.set()
    manager.close()


def _fail_after(gate: Gate) -> Callable[[int], None]:
    wait = gate._wait

    def fail(number: int) -> None:
        wait(number)
        raise OSError("no")

    return fail


def test_an_attempt_within_its_time_is_complete() -> None:
    with ReportManager(slow(0.2), timeout=A_WHILE * SECOND) as manager:
        report_id = manager.trigger()
        assert manager.wait(report_id, A_WHILE).state == "complete"
        assert manager.get(report_id) == report_of(store_of())


def test_a_late_report_that_is_given_back_does_not_fail() -> None:
    gate = Gate()
    sink = MemorySink()
    manager = ReportManager(gate.store, sink, timeout=A_WHILE * SECOND)
    report_id = manager.trigger()
    gate.wait_for_report()
    run = manager._background.worker().run_of(report_id)
    assert run is not None
    threading.Timer(0.1, gate.open).start()
    closes = threading.Thread(target=lambda: manager.close(wait=False))
    closes.start()
    wait_until(lambda: manager._background.worker().is_stopping)
    run.deadline = 0
    closes.join(A_WHILE)
    job = sink.job(report_id)
    assert job is not None
    assert (job.state, job.attempt) == ("queued", 0)


# Locked sinks


@contextmanager
def locked(kind: str, folder: Path) -> Iterator[None]:
    """Nobody else can read an SQLite sink, or write to the folder of a CSV sink."""
    if kind == "sqlite":
        path = folder / "sink.db"
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            yield
            connection.execute("ROLLBACK")
        return
    descriptor = os.open(folder / "reports" / ".lock", os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


@pytest.fixture(params=DISKS)
def kind(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


def manager_of_expired(sink: ReportSink) -> tuple[ReportManager, str]:
    """A manager that has something to write whenever it looks at a report."""
    manager = ReportManager(store_of(), sink, max_workers=0, lease=SECOND / 1000)
    report_id = manager.trigger()
    job = sink.job(report_id)
    assert job is not None
    claimed = advance(job, Claim("dead", lease=1), job.created_at)
    assert sink.swap(job, claimed)
    return manager, report_id


@pytest.mark.parametrize("timeout", [0, 0.3])
def test_waiting_ends_in_time_though_the_sink_is_locked(
    kind: str, timeout: float, tmp_path: Path
) -> None:
    with open_sink(kind, tmp_path) as sink:  # which waits for 30 s
        manager, report_id = manager_of_expired(sink)
        with locked(kind, tmp_path):
            start = time.monotonic()
            with pytest.raises(WaitTimeoutError, match="could not be read") as caught:
                manager.wait(report_id, timeout)
            assert isinstance(caught.value.__cause__, StoreBusyError)
            assert caught.value.report_id == report_id
            with pytest.raises(WaitTimeoutError, match="could not be read"):
                asyncio.run(manager.wait_async(report_id, timeout))
            assert time.monotonic() - start < 15
        with pytest.raises(WaitTimeoutError, match="is still queued"):
            manager.wait(report_id, timeout)


def test_other_threads_of_the_process_are_waited_for_no_longer(tmp_path: Path) -> None:
    with open_sink("sqlite", tmp_path) as sink:
        assert isinstance(sink, SqliteSink)
        manager, report_id = manager_of_expired(sink)
        held, let_go = threading.Event(), threading.Event()

        def hold() -> None:
            with sink._database.write():
                held.set()
                let_go.wait(A_WHILE)

        thread = threading.Thread(target=hold)
        thread.start()
        assert held.wait(A_WHILE)
        start = time.monotonic()
        with pytest.raises(WaitTimeoutError):
            manager.wait(report_id, 0.1)
        assert time.monotonic() - start < 10
        let_go.set()
        thread.join()


def test_a_sink_that_gives_up_before_the_wait_does_is_told_of(tmp_path: Path) -> None:
    with SqliteSink(tmp_path / "sink.db", timeout=0.01) as sink:
        manager, report_id = manager_of_expired(sink)
        with locked("sqlite", tmp_path), pytest.raises(StoreBusyError):
            manager.wait(report_id, A_WHILE)


def test_a_lock_that_is_freed_in_time_is_waited_for(kind: str, tmp_path: Path) -> None:
    with open_sink(kind, tmp_path) as sink:
        manager, report_id = manager_of_expired(sink)
        held, freed = threading.Event(), threading.Event()

        def hold() -> None:
            with locked(kind, tmp_path):
                held.set()
                threading.Event().wait(0.3)
            freed.set()

        thread = threading.Thread(target=hold)
        thread.start()
        assert held.wait(A_WHILE)
        with pytest.raises(WaitTimeoutError, match="is still queued"):
            manager.wait(report_id, 1)
        assert freed.is_set()
        thread.join()


def test_patience_is_of_one_thread_and_ends_with_its_block() -> None:
    assert at_most(30) == 30
    start = time.monotonic()
    with patience(start + 10):
        assert 0 < at_most(30) <= 10
        assert at_most(1) == 1
        with patience(start + 1000):
            assert at_most(30) <= 10
        with patience(start - 1):
            assert at_most(30) == 0
        assert at_most(30) > 0
        found: list[float] = []
        thread = threading.Thread(target=lambda: found.append(at_most(30)))
        thread.start()
        thread.join()
        assert found == [30]
        with pytest.raises(ZeroDivisionError), patience(start):
            raise ZeroDivisionError
    assert at_most(30) == 30


def test_a_connection_waits_again_as_long_as_before(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "store.db", timeout=7) as store:
        database = store._database

        def timeouts() -> set[int]:
            with database.read() as connection:
                (read,) = connection.execute("PRAGMA busy_timeout").fetchone()
            with database.write() as connection:
                (write,) = connection.execute("PRAGMA busy_timeout").fetchone()
            return {read // 1000, write // 1000}

        assert timeouts() == {7}
        with patience(time.monotonic() + 2.5):
            assert timeouts() <= {1, 2}
            database.rest()  # so that the next connection is a new one
            assert timeouts() <= {1, 2}
        assert timeouts() == {7}


def test_a_csv_sink_waits_again_as_long_as_before(tmp_path: Path) -> None:
    sink = CsvSink(tmp_path / "reports", timeout=A_WHILE)
    with (
        locked("csv", tmp_path),
        patience(time.monotonic()),
        pytest.raises(StoreBusyError),
    ):
        sink.jobs()
    assert list(sink.jobs()) == []
