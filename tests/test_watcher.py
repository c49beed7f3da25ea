"""Callbacks of reports that are made in the background, here and elsewhere."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import pytest
from tests.faults.samples import no_threads_left

from uptime_core import (
    InputError,
    JobState,
    MemorySink,
    MemoryStore,
    Progress,
    ReportManager,
    SqliteSink,
    runner,
)
from uptime_core.computation import Computation
from uptime_core.testing.stepped import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from uptime_core import Job, SnapshotLike
    from uptime_core.shop_blocks import Block

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
SHOPS = 10
STORE = MemoryStore([(f"s{number}", NOON, "active") for number in range(SHOPS)])
END = Progress("compute", SHOPS, SHOPS, "shops")


def rises_to_the_end(told: list[Progress]) -> bool:
    """Whether the calls are those of a report that came to its end."""
    done = [progress.done for progress in told]
    return bool(told) and told[-1] == END and done == sorted(done)


@pytest.fixture(params=["memory", "sqlite"])
def sink(request: pytest.FixtureRequest, tmp_path: Path) -> MemorySink | SqliteSink:
    if request.param == "memory":
        return MemorySink()
    return SqliteSink(tmp_path / "reports.db")


def test_all_has_been_told_when_wait_returns(sink: MemorySink | SqliteSink) -> None:
    with ReportManager(STORE, sink) as manager:
        for _ in range(20):
            told: list[Progress] = []
            manager.wait(manager.trigger(progress=told.append))
            assert rises_to_the_end(told)


def test_all_has_been_told_when_a_manager_is_left() -> None:
    told: list[Progress] = []
    with ReportManager(STORE) as manager:
        manager.trigger(progress=told.append)
    assert rises_to_the_end(told)


def test_asyncio_waits_for_the_end_too() -> None:
    async def make(manager: ReportManager) -> list[Progress]:
        told: list[Progress] = []
        report_id = await asyncio.to_thread(manager.trigger, progress=told.append)
        await manager.wait_async(report_id)
        return told

    with ReportManager(STORE) as manager:
        assert rises_to_the_end(asyncio.run(make(manager)))


class Gate:
    """A callback that waits in each call until it may go on."""

    def __init__(self) -> None:
        self.told: list[Progress] = []
        self.go_on = threading.Event()

    def __call__(self, progress: Progress) -> None:
        self.told.append(progress)
        self.go_on.wait(20)


def test_every_block_is_told_of_while_the_report_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[Progress] = []
    blocks = Computation.blocks

    def has_told(done: int) -> bool:
        return done in {progress.done for progress in told}

    def slow_blocks(self: Computation, snapshot: SnapshotLike) -> Iterator[Block]:
        """Blocks of which none comes before those done so far have been told of."""
        for number, block in enumerate(blocks(self, snapshot)):
            wait_until(partial(has_told, max(number - 1, 0)))
            yield block

    monkeypatch.setattr(runner, "SHOPS_PER_BLOCK", 1)
    monkeypatch.setattr(Computation, "blocks", slow_blocks)
    with ReportManager(STORE, max_workers=1) as manager:
        manager.wait(manager.trigger(progress=told.append))
    assert rises_to_the_end(told)
    assert {progress.done for progress in told} >= set(range(SHOPS - 1))


def test_a_slow_callback_does_not_slow_the_report() -> None:
    gate = Gate()
    with ReportManager(STORE) as manager:
        report_id = manager.trigger(progress=gate)
        began = time.monotonic()
        status = manager.wait(report_id)  # waits for the callback, but not for long
        assert status.state is JobState.COMPLETE
        assert time.monotonic() - began < 10
        assert len(gate.told) == 1
        gate.go_on.set()
    assert gate.told[-1] == END


def test_a_callback_that_fails_is_told_of_once_and_the_report_is_made(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(_: Progress) -> None:
        raise ValueError

    with (
        caplog.at_level(logging.WARNING, "uptime_core"),
        ReportManager(STORE) as manager,
    ):
        assert manager.wait(manager.trigger(progress=fail)).state == "complete"
        told: list[Progress] = []
        manager.wait(manager.trigger(progress=told.append))
    assert rises_to_the_end(told)
    assert caplog.messages == [
        "a progress callback failed, and is not called again: ValueError"
    ]


def test_a_callback_that_ends_its_thread_ends_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def leave(_: Progress) -> None:
        raise SystemExit

    with (
        caplog.at_level(logging.WARNING, "uptime_core"),
        ReportManager(STORE) as manager,
    ):
        assert manager.wait(manager.trigger(progress=leave)).state == "complete"
        told: list[Progress] = []
        manager.wait(manager.trigger(progress=told.append))
    assert rises_to_the_end(told)
    assert "wanted to end its thread: SystemExit" in caplog.messages[0]


def test_a_report_that_fails_has_no_end() -> None:
    told: list[Progress] = []
    with ReportManager(STORE) as manager:
        report_id = manager.trigger(stores=["nobody"], progress=told.append)
        assert manager.wait(report_id).state == "failed"
        time.sleep(0.3)  # longer than the watcher's nap
        assert END not in told
        assert not manager._background.worker().watcher._watched


def test_a_report_that_is_cancelled_has_no_end(sink: MemorySink | SqliteSink) -> None:
    told: list[Progress] = []
    with ReportManager(STORE, sink, max_workers=0) as manager:
        report_id = manager.trigger(progress=told.append)
        manager.cancel(report_id)
        watcher = manager._background.worker().watcher
        wait_until(lambda: not watcher._watched)
    assert told == []


def test_reports_made_elsewhere_are_told_of_too(sink: MemorySink | SqliteSink) -> None:
    told: list[Progress] = []
    with ReportManager(STORE, sink, max_workers=0) as idle:
        report_id = idle.trigger(progress=told.append)
        with ReportManager(STORE, sink) as busy:
            busy.wait(report_id)
        assert idle.wait(report_id, timeout=60).state == "complete"
    assert rises_to_the_end(told)


def test_several_may_ask_for_the_same_report() -> None:
    one: list[Progress] = []
    two: list[Progress] = []
    late: list[Progress] = []
    with ReportManager(STORE) as manager:
        report_id = manager.trigger(idempotency_key="k", progress=one.append)
        assert manager.trigger(idempotency_key="k", progress=two.append) == report_id
        manager.wait(report_id)
        # It is complete, and that is what there is to tell.
        manager.trigger(idempotency_key="k", progress=late.append)
        manager.wait(report_id)
    assert rises_to_the_end(one)
    assert rises_to_the_end(two)
    assert late == [END]


class Moody(MemorySink):
    """A sink that cannot be read now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.failures = 0

    def job(self, report_id: str) -> Job | None:
        if threading.current_thread().name == "uptime_core-progress":
            self.failures += 1
            if self.failures % 2:
                raise OSError
        return super().job(report_id)


def test_a_sink_that_fails_is_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    sink = Moody()
    told: list[Progress] = []
    with (
        caplog.at_level(logging.INFO, "uptime_core"),
        ReportManager(STORE, sink) as manager,
    ):
        manager.wait(manager.trigger(progress=told.append))
    assert rises_to_the_end(told)
    assert sink.failures
    assert not [line for line in caplog.messages if "progress" in line]


def test_the_job_knows_nothing_of_it() -> None:
    sink = MemorySink()
    with ReportManager(STORE, sink, max_workers=0) as manager:
        with_bar = manager.trigger(progress=lambda _: None)
        without = manager.trigger()
        jobs: Sequence[Job] = sink.jobs()
        assert {job.request for job in jobs} == {jobs[0].request}
        assert {job.report_id for job in jobs} == {with_bar, without}


def test_what_is_no_callback_is_refused_before_anything_is_queued() -> None:
    with ReportManager(STORE) as manager:
        with pytest.raises(InputError, match="progress"):
            manager.trigger(progress=5)  # type: ignore[arg-type]
        assert manager.list() == ()


def test_no_thread_is_there_without_a_callback_and_none_is_left() -> None:
    def names() -> set[str]:
        return {thread.name for thread in threading.enumerate()}

    with no_threads_left():
        with ReportManager(STORE) as manager:
            manager.wait(manager.trigger())
            assert "uptime_core-progress" not in names()
            manager.wait(manager.trigger(progress=lambda _: None))
        idle = ReportManager(STORE, max_workers=0)
        idle.trigger(progress=lambda _: None)
        assert "uptime_core-progress" in names()
        idle.close(wait=False)


def test_a_manager_that_is_forgotten_ends_its_watch() -> None:
    with no_threads_left():
        ReportManager(STORE, max_workers=0).trigger(progress=lambda _: None)
