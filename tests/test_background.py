"""Closing, forking and forgetting a manager."""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.faults.samples import (
    DISKS,
    Gate,
    HookedSink,
    HookedStore,
    begin,
    no_threads_left,
    open_sink,
    report_of,
    store_of,
)

from uptime_core import ClosedError, MemorySink, ReportManager
from uptime_core.testing.stepped import A_WHILE, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FORK = multiprocessing.get_context("fork")


@pytest.mark.usefixtures("short_pauses")
def test_a_manager_that_is_forgotten_ends_its_threads() -> None:
    with no_threads_left():
        manager = ReportManager(store_of())
        manager.wait(manager.trigger(), A_WHILE)
        gone = weakref.ref(manager)
        del manager
        gc.collect()
        assert gone() is None


def test_no_thread_is_left_after_close() -> None:
    gate = Gate()
    with no_threads_left():
        manager = ReportManager(gate.store)
        for _ in range(4):
            manager.trigger()
        gate.wait_for_report()
        gate.open()
        manager.close(wait=False)
        assert not manager._background._worker._threads


def test_what_is_claimed_while_the_manager_closes_is_given_back() -> None:
    """Nothing is written any more after `close`: the sink may be closed next."""
    claiming = threading.Event()
    worker = None

    def before(call: str) -> None:
        if call == "queued to running":
            claiming.set()
            wait_until(lambda: worker is not None and worker.is_stopping)

    inner = MemorySink()
    store = HookedStore(store_of(), lambda _: time.sleep(0.3))
    manager = ReportManager(store, HookedSink(inner, before))
    worker = manager._background._worker
    report_id = manager.trigger()
    assert claiming.wait(A_WHILE)
    manager.close(wait=False)
    job = inner.job(report_id)
    assert job is not None
    assert (job.state, job.attempt) == ("queued", 0)
    assert not worker._threads


def test_a_report_triggered_while_the_manager_closes_is_not_lost() -> None:
    sink = MemorySink()
    store = store_of()
    for _ in range(5):
        manager = ReportManager(store, sink)
        ids: list[str] = []
        refused = threading.Event()

        def go_on(
            manager: ReportManager = manager,
            ids: list[str] = ids,
            refused: threading.Event = refused,
        ) -> None:
            try:
                while True:
                    ids.append(manager.trigger())
                    time.sleep(0.001)
            except ClosedError:
                refused.set()

        thread = threading.Thread(target=go_on)
        thread.start()
        wait_until(lambda ids=ids: len(ids) > 3)  # type: ignore[misc]  # bound
        manager.close(wait=False)
        thread.join()
        assert refused.is_set()
        states = {manager.status(report_id).state for report_id in ids}
        assert states <= {"queued", "complete"}
    with begin(ReportManager(store, sink)) as manager:
        for status in manager.list():
            assert manager.wait(status.report_id, A_WHILE).state == "complete"


def test_a_manager_that_closes_waits_for_what_is_just_being_triggered() -> None:
    store = store_of()
    arrived, may_go = threading.Event(), threading.Event()

    def wait(name: str) -> None:
        if name == "add":
            arrived.set()
            may_go.wait(A_WHILE)

    sink = HookedSink(MemorySink(), wait)
    manager = ReportManager(store, sink)
    with ThreadPoolExecutor(2) as pool:
        triggered = pool.submit(manager.trigger)
        assert arrived.wait(A_WHILE)
        closed = pool.submit(manager.close)
        wait_until(lambda: manager._background.is_closed)
        may_go.set()
        closed.result(A_WHILE)
        assert manager.get(triggered.result(A_WHILE)) == report_of(store)


@pytest.mark.parametrize("wait", [True, False])
def test_closing_in_two_threads(wait: bool) -> None:  # noqa: FBT001  # a parameter
    gate = Gate()
    manager = ReportManager(gate.store, max_workers=1)
    ids = [manager.trigger() for _ in range(3)]
    gate.wait_for_report()
    first = threading.Thread(target=manager.close, daemon=True)
    first.start()
    wait_until(lambda: manager._background.is_closed)
    threading.Timer(0.1, gate.open).start()
    manager.close(wait=wait)
    first.join(A_WHILE)
    assert not first.is_alive()
    states = {manager.status(report_id).state for report_id in ids}
    assert states <= {"queued", "complete"}


def test_waiting_in_a_thread_ends_when_the_manager_closes() -> None:
    gate = Gate()
    manager = ReportManager(gate.store)
    report_id = manager.trigger()
    gate.wait_for_report()
    errors: list[BaseException] = []

    def wait() -> None:
        try:
            manager.wait(report_id)
        except ClosedError as error:
            errors.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    threading.Timer(0.1, gate.open).start()
    manager.close(wait=False)
    thread.join(A_WHILE)
    assert len(errors) == 1


def test_a_long_life_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("uptime_core.background._PRUNE_AT", 10)
    manager = ReportManager(store_of(), max_workers=0)
    kept = manager.trigger()
    for _ in range(100):
        manager.cancel(manager.trigger())
    assert len(manager._background._triggered) < 30
    manager.close(cancel_pending=True)
    assert manager.status(kept).state == "cancelled"


def test_what_comes_while_memory_is_cleared_is_remembered() -> None:
    sink = MemorySink()
    manager = ReportManager(store_of(), sink, max_workers=0)
    background = manager._background
    late: list[str] = []
    active = background._active

    def meanwhile() -> set[str]:
        found = active()
        if not late:
            late.append("")
            late[0] = manager.trigger()
        return found

    background._active = meanwhile  # type: ignore[method-assign]
    background._prune_at = 1
    manager.trigger()
    assert late[0] in background._triggered


# Forks


def in_child(work: Callable[[], object]) -> str:
    """What `work` gave in a forked process, as text."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, str(work()).encode())
        except BaseException as error:  # noqa: BLE001  # told to the parent
            os.write(writer, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        said = stream.read().decode()
    os.waitpid(child, 0)
    return said


@pytest.mark.parametrize("kind", ["memory", *DISKS])
def test_a_manager_works_on_in_a_forked_process(kind: str, tmp_path: Path) -> None:
    sink = open_sink(kind, tmp_path)
    store = store_of()
    manager = ReportManager(store, sink)
    before = manager.trigger()
    manager.wait(before, A_WHILE)

    def work() -> object:
        assert manager.get(before) == report_of(store)
        report_id = manager.trigger()
        state = manager.wait(report_id, A_WHILE).state
        assert manager.get(report_id) == report_of(store)
        manager.close()
        return state

    assert in_child(work) == "complete"
    assert manager.wait(manager.trigger(), A_WHILE).state == "complete"
    manager.close()
    if kind != "memory":
        assert len(sink.jobs()) == 3
    sink.close()


def test_forked_while_the_manager_is_busy(tmp_path: Path) -> None:
    """Whatever lock any of its threads holds at that moment."""
    sink = open_sink("sqlite", tmp_path)
    manager = ReportManager(store_of(), sink, max_workers=2)
    children = []

    def work() -> None:
        state = manager.wait(manager.trigger(), A_WHILE).state
        manager.close()
        os._exit(0 if state == "complete" else 1)

    for _ in range(6):
        for _ in range(3):
            manager.trigger()
        child = FORK.Process(target=work)
        child.start()
        children.append(child)
    for child in children:
        child.join(A_WHILE)
    codes = [child.exitcode for child in children]
    for child in children:
        child.kill()
    assert codes == [0] * len(children)
    manager.close()
    assert {job.state for job in sink.jobs()} == {"complete"}
    sink.close()


def test_a_running_report_is_not_the_childs(tmp_path: Path) -> None:
    gate = Gate()
    with (
        open_sink("sqlite", tmp_path) as sink,
        ReportManager(gate.store, sink) as manager,
    ):
        report_id = manager.trigger()
        gate.wait_for_report()

        def work() -> object:
            manager.close(wait=False)
            return manager.status(report_id).state

        assert in_child(work) == "running"
        gate.open()
        status = manager.wait(report_id, A_WHILE)
        assert (status.state, status.attempt) == ("complete", 1)


def test_a_given_executor_does_not_survive_a_fork(tmp_path: Path) -> None:
    sink = open_sink("sqlite", tmp_path)
    with ThreadPoolExecutor(1) as pool:
        manager = ReportManager(store_of(), sink, executor=pool)
        report_id = manager.trigger()
        manager.wait(report_id, A_WHILE)
        said = in_child(manager.trigger)
        assert said.startswith("ClosedError: the executor did not survive the fork")
        said = in_child(lambda: manager.status(report_id).state)
        assert said == "complete"
        said = in_child(lambda: manager.get(report_id) == report_of(store_of()))
        assert said == "True"
        assert in_child(manager.close) == "None"
        assert manager.wait(manager.trigger(), A_WHILE).state == "complete"
        manager.close()
    sink.close()


def test_threads_of_a_forked_process_share_its_locks() -> None:
    """The first to use a lock there are several at once."""
    manager = ReportManager(store_of())
    manager.wait(manager.trigger(), A_WHILE)

    def work() -> object:
        sys.setswitchinterval(1e-6)
        errors: list[BaseException] = []
        start = threading.Barrier(8)

        def call() -> None:
            start.wait()
            try:
                for _ in range(5):
                    manager.list()
                    manager.status(manager.trigger())
            except BaseException as error:  # noqa: BLE001  # told below
                errors.append(error)

        threads = [threading.Thread(target=call) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        manager.close(wait=False)
        return errors

    for _ in range(5):
        assert in_child(work) == "[]"
    manager.close(wait=False)


def test_a_child_that_is_forked_and_ends_leaves_the_parent_alone(
    tmp_path: Path,
) -> None:
    """Its finalizers must not give the parent's reports back."""
    gate = Gate()
    with (
        open_sink("sqlite", tmp_path) as sink,
        ReportManager(gate.store, sink, lease=timedelta(seconds=30)) as manager,
    ):
        report_id = manager.trigger()
        gate.wait_for_report()
        child = FORK.Process(target=gc.collect)
        child.start()
        child.join(A_WHILE)
        assert child.exitcode == 0
        job = sink.job(report_id)
        assert job is not None
        assert job.state == "running"
        gate.open()
        assert manager.wait(report_id, A_WHILE).attempt == 1
