"""Stores, sinks and clocks that fail at any of their calls, with any exception."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.faults.samples import (
    KINDS,
    HookedSink,
    HookedStore,
    open_sink,
    report_of,
    store_of,
)

from uptime_core import BackEndError, InputError, ReportManager, ReportStatus
from uptime_core.testing import FaultySink, FaultyStore
from uptime_core.testing.stepped import A_WHILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from uptime_core import ReportSink
    from uptime_core.testing.faults import When


class SpeechlessError(Exception):
    """It cannot be shown."""

    def __str__(self) -> str:
        raise ZeroDivisionError

    __repr__ = __str__


class UnpicklableError(Exception):
    """It holds what no other process can have."""

    def __init__(self) -> None:
        super().__init__("x" * 10_000 + "\ud800\n\0")
        self.lock = threading.Lock()


ERRORS: list[Callable[[], BaseException]] = [
    lambda: OSError(5, "input/output error"),
    lambda: RuntimeError("why"),
    lambda: StopIteration("why"),
    MemoryError,
    lambda: BackEndError("why"),
    SpeechlessError,
    UnpicklableError,
    lambda: RecursionError("why"),
    lambda: TimeoutError("why"),
    AssertionError,
    lambda: SystemExit(3),
    KeyboardInterrupt,
    GeneratorExit,
]
LEASE = timedelta(seconds=0.3)

pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
    pytest.mark.usefixtures("short_pauses"),
]


@pytest.fixture(params=KINDS)
def sink(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReportSink]:
    with open_sink(request.param, tmp_path) as made:
        yield made


def is_whole(status: ReportStatus, sink: ReportSink) -> None:
    """A final state has what belongs to it, and nothing else is visible."""
    report = sink.report(status.report_id)
    if status.state == "complete":
        assert report == report_of(store_of())
        assert status.error is None
    else:
        assert report is None
        assert status.state == "failed"
        assert status.error
        assert len(status.error) < 600
        assert "\n" not in status.error


@pytest.mark.parametrize("make", ERRORS, ids=lambda make: type(make()).__name__)
def test_a_store_that_raises_anything(make: Callable[[], BaseException]) -> None:
    store = FaultyStore(store_of(), error=make, methods=["snapshot_for"], times=None)
    manager = ReportManager(store, lease=LEASE)
    status = manager.wait(manager.trigger(), A_WHILE)
    assert (status.state, status.attempt, store.failures) == ("failed", 3, 3)
    assert type(make()).__name__ in str(status.error)
    is_whole(status, manager._sink)
    store.heal()
    assert manager.wait(manager.trigger(), A_WHILE).state == "complete"
    manager.close()


@pytest.mark.parametrize("failures", [1, 2, 3])
def test_a_store_that_fails_and_recovers(sink: ReportSink, failures: int) -> None:
    store = FaultyStore(store_of(), methods=["snapshot_for"], times=failures)
    with ReportManager(store, sink) as manager:
        status = manager.wait(manager.trigger(), A_WHILE)
        is_whole(status, sink)
        assert status.attempt == min(failures + 1, 3)
        assert (status.state == "complete") is (failures < 3)
        assert manager.wait(manager.trigger(), A_WHILE).state == "complete"


def test_input_errors_are_not_tried_again(sink: ReportSink) -> None:
    error = InputError("bad", source="polls.csv", line=7)
    store = FaultyStore(store_of(), error=error, methods=["snapshot_for"])
    with ReportManager(store, sink) as manager:
        status = manager.wait(manager.trigger(), A_WHILE)
        assert (status.state, status.attempt) == ("failed", 1)
        assert "polls.csv, line 7: bad" in str(status.error)


def life(manager: ReportManager, errors: tuple[type[BaseException], ...]) -> list[str]:
    """The ids of what could be triggered while things fail."""
    ids = []
    for _ in range(2):
        try:
            ids.append(manager.trigger())
            manager.wait(ids[-1], 0.05)
        except errors:
            pass
    return ids


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_sink_that_fails_once_at_any_call(
    kind: str, when: When, tmp_path: Path
) -> None:
    """At its n-th call, for each n until a life of two reports needs no more."""
    for number in range(1, 100):
        folder = tmp_path / str(number)
        folder.mkdir()
        inner = open_sink(kind, folder)
        failing = FaultySink(inner, number, error=ERRORS[number % 6], when=when)
        manager = ReportManager(store_of(), failing, lease=LEASE)
        ids = life(manager, (Exception,))
        enough = not failing.failures
        failing.heal()
        for report_id in {*ids, *(job.report_id for job in inner.jobs())}:
            status = manager.wait(report_id, A_WHILE)
            assert status.state == "complete", f"call {number}: {status}"
            is_whole(status, inner)
        assert manager.wait(manager.trigger(), A_WHILE).state == "complete"
        manager.close()
        inner.close()
        if enough:
            assert number > 10
            break


@pytest.mark.parametrize("make", ERRORS[:9], ids=lambda make: type(make()).__name__)
@pytest.mark.parametrize(
    "call", ["queued to running", "running to complete", "running to queued", "jobs"]
)
def test_a_sink_that_fails_for_a_while(
    call: str, make: Callable[[], BaseException]
) -> None:
    failing = True
    failed = threading.Event()

    def fail(name: str) -> None:
        if failing and name == call and threading.current_thread() is not main:
            failed.set()
            raise make()

    def stumble(number: int) -> None:
        if call == "running to queued" and number == 1:
            raise OSError("so that it goes back")

    main = threading.current_thread()
    inner = open_sink("memory", ROOTLESS)
    store = HookedStore(store_of(), stumble)
    manager = ReportManager(store, HookedSink(inner, fail), lease=LEASE)
    report_id = manager.trigger()
    assert failed.wait(A_WHILE)
    failing = False
    status = manager.wait(report_id, A_WHILE)
    is_whole(status, inner)
    assert manager.wait(manager.trigger(), A_WHILE).state == "complete"
    manager.close()


ROOTLESS: Path = None  # type: ignore[assignment]  # a sink in memory needs no folder


def test_a_sink_that_never_takes_a_report(sink: ReportSink) -> None:
    full = FaultySink(
        sink, error=OSError(28, "no room"), methods=["running to complete"], times=None
    )
    with ReportManager(store_of(), full, lease=LEASE) as manager:
        status = manager.wait(manager.trigger(), A_WHILE)
        assert (status.state, status.attempt) == ("failed", 3)
        assert "no room" in str(status.error)
        is_whole(status, sink)


def test_a_sink_that_exits_in_the_background() -> None:
    """`sys.exit` and Ctrl-C of somebody's sink do not end the supervisor for ever."""
    exits = iter([SystemExit(1), KeyboardInterrupt()])
    main = threading.current_thread()

    def fail(name: str) -> None:
        error = None
        if name == "jobs" and threading.current_thread() is not main:
            error = next(exits, None)
        if error is not None:
            raise error

    sink = HookedSink(open_sink("memory", ROOTLESS), fail)
    manager = ReportManager(store_of(), sink, lease=LEASE)
    try:
        for _ in range(3):
            assert manager.wait(manager.trigger(), 5).state == "complete"
    finally:
        manager.close(wait=False)


@pytest.mark.parametrize("method", ["job", "jobs", "report", "add"])
def test_what_a_sink_raises_reaches_the_caller(method: str) -> None:
    failing = False

    def fail(name: str) -> None:
        if failing and name == method:
            raise BackEndError("the disk is gone")

    sink = HookedSink(open_sink("memory", ROOTLESS), fail)
    manager = ReportManager(store_of(), sink)
    report_id = manager.trigger()
    manager.wait(report_id, A_WHILE)
    failing = True
    calls: dict[str, Callable[[], object]] = {
        "job": lambda: manager.status(report_id),
        "jobs": manager.list,
        "report": lambda: manager.get(report_id),
        "add": manager.trigger,
    }
    with pytest.raises(BackEndError, match="the disk is gone"):
        calls[method]()
    failing = False
    assert manager.wait(manager.trigger(), A_WHILE).state == "complete"
    manager.close()
