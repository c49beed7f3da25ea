"""Ctrl-C at the moment when a lock has been taken, or any other where it matters."""

from __future__ import annotations

import gc
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from tests.faults.samples import no_threads_left

from uptime_core import (
    CsvSink,
    MemorySink,
    MemoryStore,
    Progress,
    ReportManager,
    SqliteSink,
    SqliteStore,
    StoreBusyError,
)
from uptime_core.bells import Bell
from uptime_core.testing.stepped import wait_until

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

    from uptime_core.abc import ReportSink

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)


def interrupt(frame: FrameType, event: str, called: object) -> None:
    """Raise as soon as the lock that writers take turns with has been taken."""
    if event == "c_return" and getattr(called, "__name__", "") == "acquire":
        outer = frame.f_back
        if "_turn_to_write" in (frame.f_code.co_name, outer and outer.f_code.co_name):
            sys.setprofile(None)
            raise KeyboardInterrupt


def test_writers_go_on_after_an_interrupt(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db", timeout=0.5)
    before = sys.getprofile()
    try:
        sys.setprofile(interrupt)
        with pytest.raises(KeyboardInterrupt):
            store.add_polls([("bakery", NOON, "active")])
    finally:
        sys.setprofile(before)
    with ThreadPoolExecutor(1) as others:
        adding = others.submit(store.add_polls, [("bakery", NOON, "active")])
        assert adding.result().added == 1


STORE = MemoryStore([("bakery", NOON, "active")])
MOST_MOMENTS = 1000
CALLS = ("acquire", "release", "__exit__", "get", "put", "add", "flock", "execute")


class Interrupt:
    """Raises after one of the calls that take locks, wait, or open a transaction."""

    def __init__(self, moment: int) -> None:
        self.left = moment

    def __call__(self, frame: FrameType, event: str, called: object) -> None:  # noqa: ARG002  # what `setprofile` calls
        if event == "c_return" and getattr(called, "__name__", "") in CALLS:
            self.left -= 1
            if self.left < 0:
                sys.setprofile(None)
                raise KeyboardInterrupt


def sink_of(kind: str, tmp_path: Path) -> ReportSink:
    if kind == "memory":
        return MemorySink()
    if kind == "csv":
        return CsvSink(tmp_path / "reports", timeout=2)
    return SqliteSink(tmp_path / "reports.db", timeout=2)


def is_interrupted(manager: ReportManager, moment: int) -> bool:
    """Trigger a report and wait for it; whether the moment came before the end."""
    before = sys.getprofile()
    try:
        sys.setprofile(Interrupt(moment))
        manager.wait(manager.trigger(as_of=NOON), timeout=30)
        manager.cancel(manager.trigger(as_of=NOON))
    except KeyboardInterrupt:
        return True
    finally:
        sys.setprofile(before)
    return False


# From Python 3.13 on, a connection tells if it is closed with an interrupt's traceback.
@pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")
@pytest.mark.parametrize("kind", ["memory", "csv", "sqlite"])
def test_reports_are_made_after_an_interrupt_at_any_moment(
    kind: str, tmp_path: Path
) -> None:
    sink = sink_of(kind, tmp_path)
    with ReportManager(STORE, sink) as manager, ThreadPoolExecutor(1) as others:
        for moment in range(MOST_MOMENTS):
            interrupted = is_interrupted(manager, moment)
            gc.collect()  # what the interrupt's traceback keeps open
            report_id = others.submit(manager.trigger, as_of=NOON).result(30)
            assert manager.wait(report_id, timeout=30).state == "complete", moment
            if not interrupted:
                break
        assert moment > 10
        assert all(
            manager.wait(status.report_id, timeout=30).is_final
            for status in manager.list()
        )


def test_an_interrupt_while_threads_are_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start, interrupted = threading.Thread.start, []
    names = ["uptime_core-supervisor", "uptime_core-progress"]

    def start_interrupted(thread: threading.Thread) -> None:
        start(thread)
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and thread.name in names and thread.name not in interrupted:
            interrupted.append(thread.name)
            raise KeyboardInterrupt

    told: list[object] = []
    with no_threads_left():
        manager = ReportManager(STORE, MemorySink())
        monkeypatch.setattr(threading.Thread, "start", start_interrupted)
        with pytest.raises(KeyboardInterrupt):
            manager.start()
        with manager:
            for fails in (True, False):
                with suppress(KeyboardInterrupt):
                    report_id = manager.trigger(as_of=NOON, progress=told.append)
                    assert not fails
            assert manager.wait(report_id, timeout=30).state == "complete"
            assert told[-1] == Progress("compute", 1, 1, "shops")
            wait_until(
                lambda: (
                    [thread.name for thread in threading.enumerate()].count(names[0])
                    == 1
                )
            )
    assert interrupted == names


def test_a_bell_that_rings_before_the_wait_ends_it() -> None:
    bell, rung = Bell(), threading.Event()

    def is_so() -> bool:
        if not rung.is_set():
            rung.set()
            bell.ring()  # after the look, before the wait
            return False
        return True

    bell.wait_for(is_so, 60)
    assert rung.is_set()


def test_a_signal_handler_that_triggers_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = CsvSink(tmp_path, timeout=60)
    manager = ReportManager(STORE, sink, max_workers=0)
    add, errors = sink._files.add, []

    def trigger(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  # as `signal` calls it
        with pytest.raises(StoreBusyError, match="signal handler") as caught:
            manager.trigger(as_of=NOON)
        errors.append(caught.value)

    def add_interrupted(*args: object) -> bool:
        signal.raise_signal(signal.SIGUSR1)
        return add(*args)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(sink._files, "add", add_interrupted)
    before = signal.signal(signal.SIGUSR1, trigger)
    try:
        report_id = manager.trigger(as_of=NOON)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert len(errors) == 1
    assert [job.report_id for job in sink.jobs()] == [report_id]
    manager.close(wait=False)
