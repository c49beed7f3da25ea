"""Reports on executors of every kind, in blocks, with their progress."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import random
import signal
import threading
from concurrent.futures import (
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from concurrent.futures.process import BrokenProcessPool
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.faults.samples import (
    NOON,
    Gate,
    no_threads_left,
    open_sink,
    report_of,
    store_of,
)

from uptime_core import (
    MemorySink,
    MemoryStore,
    ReportManager,
    ReportRequest,
    runner,
)
from uptime_core.runner import ExecutorShutDownError, run
from uptime_core.testing.stepped import A_WHILE, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("short_pauses")


class Inline(Executor):
    """Does all work in `submit`."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401  # as in its base
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  # the future tells
            future.set_exception(error)
        return future


class Shuffled(Executor):
    """Does its work in any order, as soon as some has come, or nothing more comes."""

    def __init__(self, seed: int) -> None:
        self.order: list[int] = []
        self.most_waiting = 0
        self._chance = random.Random(seed)  # noqa: S311  # no secret
        self._work: list[tuple[int, Future[Any], Callable[[], Any]]] = []
        self._changed = threading.Condition()
        self._ended = False
        self._submitted = 0
        self._thread = threading.Thread(target=self._go_on)
        self._thread.start()

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401  # as in its base
        future: Future[Any] = Future()
        with self._changed:
            work = (self._submitted, future, lambda: fn(*args, **kwargs))
            self._submitted += 1
            self._work.append(work)
            self.most_waiting = max(self.most_waiting, len(self._work))
            self._changed.notify_all()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002  # as in its base
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._thread.join()

    def _go_on(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: len(self._work) > 2, 0.02)
                if not self._work:
                    if self._ended:
                        return
                    continue
                place = self._chance.randrange(len(self._work))
                number, future, call = self._work.pop(place)
            self.order.append(number)
            if future.set_running_or_notify_cancel():
                future.set_result(call())


class Refusing(Executor):
    """Raises in `submit`, as often as it was told to."""

    def __init__(self, error: BaseException, times: int = 10**9) -> None:
        self.error = error
        self.times = times
        self.asked = 0
        self._pool = Inline()

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401  # as in its base
        self.asked += 1
        if self.asked <= self.times:
            raise self.error
        return self._pool.submit(fn, *args, **kwargs)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> int:
    """Reports of `store_of(60)` have thirty blocks."""
    monkeypatch.setattr(runner, "SHOPS_PER_BLOCK", 2)
    return 30


EXECUTORS: dict[str, Callable[[], Executor | None]] = {
    "default": lambda: None,
    "threads": lambda: ThreadPoolExecutor(3),
    "inline": Inline,
    "shuffled": lambda: Shuffled(5),
    "fork": lambda: ProcessPoolExecutor(
        2, mp_context=multiprocessing.get_context("fork")
    ),
    "spawn": lambda: ProcessPoolExecutor(
        2, mp_context=multiprocessing.get_context("spawn")
    ),
    "forkserver": lambda: ProcessPoolExecutor(
        1, mp_context=multiprocessing.get_context("forkserver")
    ),
}


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("name", EXECUTORS)
def test_every_executor_makes_the_same_report(name: str, tmp_path: Path) -> None:
    executor = EXECUTORS[name]()
    store = store_of(60)
    expected = report_of(store)
    try:
        for kind in ("memory", "sqlite", "csv"):
            with (
                open_sink(kind, tmp_path) as sink,
                ReportManager(store, sink, executor=executor) as manager,
            ):
                ids = [manager.trigger() for _ in range(2)]
                for report_id in ids:
                    status = manager.wait(report_id, 60)
                    assert status.error is None
                    assert manager.get(report_id) == expected
                    assert manager.get(report_id).to_csv() == expected.to_csv()
        if executor is not None and name != "inline":
            assert executor.submit(int).result(A_WHILE) == 0  # it was not shut down
    finally:
        if executor is not None:
            executor.shutdown()


@pytest.mark.usefixtures("small_blocks")
def test_blocks_may_be_computed_in_any_order() -> None:
    executor = Shuffled(3)
    store = store_of(60)
    with ReportManager(store, executor=executor, max_workers=5) as manager:
        report_id = manager.trigger()
        manager.wait(report_id, A_WHILE)
        assert manager.get(report_id) == report_of(store)
    executor.shutdown()
    assert executor.order != sorted(executor.order)


@pytest.mark.parametrize("in_flight", [1, 2, 7])
def test_memory_holds_as_many_blocks_as_are_in_flight(
    small_blocks: int, in_flight: int
) -> None:
    executor = Shuffled(in_flight)
    progress: list[int] = []
    store = store_of(60)
    read = 0

    class Counted:
        """A snapshot of as many parts as there are blocks."""

        source = "counted"
        shops = 60

        def newest(self) -> int | None:
            return None

        def parts(self) -> Iterator[Any]:
            nonlocal read
            polls = [(f"s{n:03}", NOON, True) for n in range(60)]
            for number in range(small_blocks):
                read = number
                done = progress[-1] // 2
                assert number - done <= in_flight
                yield MemoryStore(polls[2 * number : 2 * number + 2]).snapshot()

    report = run(
        Counted(),
        ReportRequest.of(as_of=NOON),
        executor,
        in_flight=in_flight,
        tell=progress.append,
    )
    executor.shutdown()
    assert read == small_blocks - 1
    assert progress == [2 * n for n in range(small_blocks + 1)]
    assert executor.most_waiting <= in_flight
    assert len(report) == len(report_of(store))


def test_progress_never_goes_back_and_ends_with_all(
    small_blocks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uptime_core.worker._PROGRESS_SECONDS", 0.0)
    sink = MemorySink()
    seen = []
    step, asked = threading.Semaphore(0), threading.Semaphore(0)

    class Stepwise(Inline):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401  # as in its base
            asked.release()
            assert step.acquire(timeout=A_WHILE)
            return super().submit(fn, *args, **kwargs)

    with ReportManager(store_of(60), sink, executor=Stepwise()) as manager:
        report_id = manager.trigger()
        other = ReportManager(store_of(), sink, max_workers=0)
        for _ in range(small_blocks):
            assert asked.acquire(timeout=A_WHILE)
            seen.append([m.status(report_id) for m in (manager, other)])
            step.release()
        last = manager.wait(report_id, A_WHILE)
    for mine, others in itertools.pairwise(seen):
        assert mine[0].done <= others[0].done <= 60
        assert mine[1].done <= others[1].done <= 60
        assert mine[0].done <= mine[0].total or mine[0].total == 0
    assert any(0 < statuses[0].done < 60 for statuses in seen)
    assert any(0 < statuses[1].done < 60 for statuses in seen)
    assert (last.done, last.total) == (60, 60)


# Executors that fail


class NoMessageError(Exception):
    def __str__(self) -> str:
        raise ZeroDivisionError


@pytest.mark.parametrize(
    "error",
    [
        OSError("why"),
        StopIteration("why"),
        MemoryError("why"),
        NoMessageError(),
        BrokenProcessPool("why"),
        NotImplementedError("why"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_executor_that_refuses(error: Exception) -> None:
    with ReportManager(store_of(), executor=Refusing(error)) as manager:
        status = manager.wait(manager.trigger(), A_WHILE)
        assert (status.state, status.attempt) == ("failed", 3)
        assert status.error is not None
        assert type(error).__name__ in status.error
        assert "attempt 3 of 3" in status.error
    executor = Refusing(error, times=2)
    with ReportManager(store_of(), executor=executor) as manager:
        status = manager.wait(manager.trigger(), A_WHILE)
        assert (status.state, status.attempt, status.error) == ("complete", 3, None)


def closes(manager: ReportManager) -> bool:
    """Whether `close` returns; if not, it is made to."""
    thread = threading.Thread(target=manager.close, daemon=True)
    thread.start()
    thread.join(5)
    hangs = thread.is_alive()
    manager.close(wait=False)
    return not hangs


@pytest.mark.parametrize("how", ["threads", "processes", "plain error", "cancelling"])
def test_an_executor_that_has_ended(how: str) -> None:
    """No attempt can succeed: three are made, not thousands, and `close` returns."""
    executor: Executor
    if how == "threads":
        executor = ThreadPoolExecutor(1)
        executor.shutdown()
    elif how == "processes":
        executor = ProcessPoolExecutor(1)
        executor.shutdown()
    elif how == "plain error":
        executor = Refusing(RuntimeError("no more"))
    else:

        class Cancelling(Executor):
            def submit(self, fn: Any, /, *_: Any, **__: Any) -> Future[Any]:  # noqa: ANN401, ARG002  # as in its base
                future: Future[Any] = Future()
                future.cancel()
                future.set_running_or_notify_cancel()
                return future

        executor = Cancelling()
    sink = MemorySink()
    manager = ReportManager(store_of(), sink, executor=executor)
    report_id = manager.trigger()
    try:
        status = manager.wait(report_id, 5)
        assert (status.state, status.attempt) == ("failed", 3)
    finally:
        assert closes(manager)
        job = sink.job(report_id)
        assert job is not None
        assert job.fence <= 3


def test_an_executor_that_ends_while_a_report_is_made() -> None:
    pool = ThreadPoolExecutor(1)
    gate = Gate()
    manager = ReportManager(gate.store, executor=pool)
    report_id = manager.trigger()
    gate.wait_for_report()
    pool.shutdown()
    gate.open()
    try:
        assert manager.wait(report_id, 5).state == "failed"
    finally:
        assert closes(manager)


def test_a_pool_whose_processes_are_killed() -> None:
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        worker = pool.submit(os.getpid).result(A_WHILE)
        with ReportManager(store_of(), executor=pool) as manager:
            assert manager.wait(manager.trigger(), A_WHILE).state == "complete"
            os.kill(worker, signal.SIGKILL)
            wait_until(lambda: pool._broken)
            status = manager.wait(manager.trigger(), A_WHILE)
            assert (status.state, status.attempt) == ("failed", 3)
            assert status.error is not None
            assert "BrokenProcessPool" in status.error


def test_what_is_waiting_is_cancelled_when_a_block_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runner, "SHOPS_PER_BLOCK", 2)
    futures: list[Future[Any]] = []

    class Never(Executor):
        def submit(self, fn: Any, /, *_: Any, **__: Any) -> Future[Any]:  # noqa: ANN401, ARG002  # as in its base
            future: Future[Any] = Future()
            if not futures:
                future.set_exception(KeyError("block"))
            futures.append(future)
            return future

    with pytest.raises(KeyError, match="block"):
        run(
            store_of(60).snapshot(),
            ReportRequest.of(as_of=NOON),
            Never(),
            in_flight=3,
            tell=int,  # type: ignore[arg-type]
        )
    assert [future.cancelled() for future in futures] == [False, True, True]


def test_what_tell_raises_ends_the_computation() -> None:
    class StopError(Exception):
        pass

    def stop(_: int) -> None:
        raise StopError

    executor = Refusing(AssertionError())
    with pytest.raises(StopError):
        run(
            store_of().snapshot(),
            ReportRequest.of(as_of=NOON),
            executor,
            in_flight=1,
            tell=stop,
        )
    assert executor.asked == 0


def test_an_executor_at_its_end_is_told_apart() -> None:
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(ExecutorShutDownError):
        run(
            store_of().snapshot(),
            ReportRequest.of(as_of=NOON),
            pool,
            in_flight=1,
            tell=int,  # type: ignore[arg-type]
        )


def test_an_executor_that_loses_its_work_keeps_neither_report_nor_thread() -> None:
    class Losing(Executor):
        def submit(self, fn: Any, /, *_: Any, **__: Any) -> Future[Any]:  # noqa: ANN401, ARG002  # as in its base
            return Future()

    with no_threads_left():
        manager = ReportManager(
            store_of(), executor=Losing(), timeout=timedelta(seconds=0.3)
        )
        status = manager.wait(manager.trigger(), A_WHILE)
        assert status.state == "failed"
        assert "it ran for longer than 0.3 s" in str(status.error)
        manager.close()
