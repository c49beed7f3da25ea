"""Executors without threads: each is one of concurrent.futures, and runs in order."""

from __future__ import annotations

import threading
from concurrent.futures import (
    CancelledError,
    Executor,
    Future,
    ThreadPoolExecutor,
    wait,
)
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_core import InputError, MemoryStore, ReportManager, Window, compute_store
from uptime_core.testing import InlineExecutor, SteppingExecutor

if TYPE_CHECKING:
    from collections.abc import Callable

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)


def fail(error: BaseException) -> None:
    raise error


def run(executor: Executor) -> None:
    if isinstance(executor, SteppingExecutor):
        executor.run_all()


@pytest.fixture(
    params=[InlineExecutor, SteppingExecutor, partial(ThreadPoolExecutor, 2)]
)
def executor(request: pytest.FixtureRequest) -> Executor:
    """Ours, and one of the standard library, which does the same."""
    make: Callable[[], Executor] = request.param
    return make()


def test_results_and_errors_are_in_the_future(executor: Executor) -> None:
    good = executor.submit(pow, 2, exp=10)
    bad = executor.submit(fail, ZeroDivisionError("why"))
    run(executor)

    assert good.result(10) == 1024
    assert isinstance(bad.exception(10), ZeroDivisionError)
    with pytest.raises(ZeroDivisionError, match="why"):
        bad.result(10)
    executor.shutdown()


def test_callbacks_are_called(executor: Executor) -> None:
    future = executor.submit(pow, 2, 3)
    called: list[Future[int]] = []
    future.add_done_callback(called.append)
    run(executor)

    executor.shutdown()
    assert called == [future]


def test_nothing_is_taken_after_the_end(executor: Executor) -> None:
    with executor:
        future = executor.submit(pow, 2, 3)
    assert future.result(0) == 8
    executor.shutdown()
    with pytest.raises(RuntimeError, match="after shutdown"):
        executor.submit(pow, 2, 3)


def test_map_gives_results_in_the_order_of_the_calls(executor: Executor) -> None:
    results = executor.map(pow, [2, 3, 4], [1, 2, 3])
    run(executor)

    assert list(results) == [2, 9, 64]
    executor.shutdown()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3)])
def test_what_ends_a_program_is_raised_as_well(error: BaseException) -> None:
    with pytest.raises(type(error)):
        InlineExecutor().submit(fail, error)

    stepping = SteppingExecutor()
    future = stepping.submit(fail, error)
    with pytest.raises(type(error)):
        stepping.step()
    assert future.exception(0) is error
    assert stepping.pending == ()


def test_inline_futures_are_done_at_once() -> None:
    here: list[int] = []
    future = InlineExecutor().submit(lambda: here.append(threading.get_ident()))

    assert future.done()
    assert not future.cancel()
    assert here == [threading.get_ident()]


def test_steps_run_what_they_choose() -> None:
    executor = SteppingExecutor()
    ran: list[str] = []
    futures = {name: executor.submit(ran.append, name) for name in "abcde"}
    assert ran == []
    assert executor.pending == tuple(futures.values())

    assert executor.step() is futures["a"]
    assert executor.step(2) is futures["d"]
    assert executor.step(4) is futures["c"]  # of three, counted round: the second
    assert executor.step(-1) is futures["e"]
    assert executor.pending == (futures["b"],)
    executor.run_all()
    assert ran == ["a", "d", "c", "e", "b"]
    with pytest.raises(LookupError, match="nothing is pending"):
        executor.step()


def test_run_all_runs_what_tasks_submit() -> None:
    executor = SteppingExecutor()
    ran: list[int] = []

    def count_down(number: int) -> None:
        ran.append(number)
        if number:
            executor.submit(count_down, number - 1)

    executor.submit(count_down, 3)
    executor.submit(count_down, 10)
    executor.run_all(lambda pending: pending - 1)
    assert ran == [*range(10, -1, -1), 3, 2, 1, 0]


def test_a_task_may_step_itself() -> None:
    executor = SteppingExecutor()
    ran: list[str] = []

    def outer() -> None:
        executor.step()
        executor.shutdown()
        ran.append("outer")

    executor.submit(outer)
    executor.submit(ran.append, "inner")
    executor.step()
    assert ran == ["inner", "outer"]


def test_what_is_cancelled_does_not_run() -> None:
    executor = SteppingExecutor()
    ran: list[str] = []
    one, two, three = (executor.submit(ran.append, name) for name in "abc")
    told: list[Future[None]] = []
    two.add_done_callback(told.append)

    assert two.cancel()
    assert two.cancel()
    assert executor.pending == (one, three)
    assert wait([two], 0).done == {two}
    assert told == [two]
    executor.run_all()
    assert ran == ["a", "c"]
    assert not one.cancel()
    with pytest.raises(CancelledError):
        two.result(0)


def test_a_shutdown_runs_what_is_pending() -> None:
    executor = SteppingExecutor()
    future = executor.submit(pow, 2, 3)
    executor.shutdown(wait=False)
    assert executor.pending == (future,)
    executor.shutdown()
    assert future.result(0) == 8


def test_a_shutdown_may_cancel_instead() -> None:
    executor = SteppingExecutor()
    future = executor.submit(pow, 2, 3)
    executor.shutdown(cancel_futures=True)
    assert future.cancelled()
    assert executor.pending == ()


def test_a_shutdown_waits_for_the_steps_of_other_threads() -> None:
    executor = SteppingExecutor()
    begun, go_on = threading.Event(), threading.Event()
    ends: list[str] = []

    def task() -> None:
        begun.set()
        go_on.wait(20)
        ends.append("task")

    def close() -> None:
        executor.shutdown()
        ends.append("shutdown")

    executor.submit(task)
    stepper = threading.Thread(target=executor.step)
    closer = threading.Thread(target=close)
    stepper.start()
    assert begun.wait(20)
    closer.start()
    go_on.set()
    for thread in (stepper, closer):
        thread.join(20)
    assert ends == ["task", "shutdown"]


def test_waiting_for_other_threads_to_submit() -> None:
    executor = SteppingExecutor()
    with pytest.raises(TimeoutError, match="0 are pending, not 1"):
        executor.wait_for_pending(seconds=0)
    threads = [
        threading.Thread(target=executor.submit, args=(pow, 2, n)) for n in range(3)
    ]
    for thread in threads:
        thread.start()
    executor.wait_for_pending(3)
    assert len(executor.pending) == 3


def test_each_task_is_run_or_cancelled_and_never_both() -> None:
    """One thread steps, another cancels."""
    executor = SteppingExecutor()
    ran: list[int] = []
    futures = [executor.submit(ran.append, number) for number in range(2000)]

    def cancel() -> None:
        for future in reversed(futures):
            future.cancel()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    executor.run_all()
    canceller.join(20)
    executor.run_all()

    assert all(future.done() for future in futures)
    assert ran == [n for n, future in enumerate(futures) if not future.cancelled()]
    assert wait(futures, 0).not_done == set()


@given(st.data())
def test_whatever_order_is_drawn_every_task_runs_once(data: st.DataObject) -> None:
    executor = SteppingExecutor()
    ran: list[int] = []
    model: list[int] = []
    expected: list[int] = []
    for number in range(data.draw(st.integers(0, 6))):
        executor.submit(ran.append, number)
        model.append(number)
        if data.draw(st.booleans()):
            choice = data.draw(st.integers(-10, 10))
            executor.step(choice)
            expected.append(model.pop(choice % len(model)))
    executor.run_all(lambda pending: data.draw(st.integers(0, pending - 1)))
    assert ran[: len(expected)] == expected
    assert sorted(ran) == list(range(len(ran)))


@given(order=st.lists(st.integers(0, 5), min_size=3, max_size=3))
def test_reports_are_the_same_in_whatever_order_they_are_made(
    order: list[int],
) -> None:
    store = MemoryStore([("a", NOON, True), ("b", NOON - timedelta(hours=2), False)])
    windows = [Window.last(timedelta(hours=n), name="w") for n in (1, 2, 3)]
    executor = SteppingExecutor()
    with ReportManager(store, executor=executor, max_workers=3) as manager:
        ids = [manager.trigger(windows=window) for window in windows]
        executor.wait_for_pending(3)
        for choice in order:
            executor.step(choice)
        for report_id, window in zip(ids, windows, strict=True):
            manager.wait(report_id, 20)
            assert manager.get(report_id) == compute_store(store, windows=window)


def test_a_choice_is_an_integer() -> None:
    executor = SteppingExecutor()
    future = executor.submit(pow, 2, 10)

    for choice in ("x", 0.0, None):
        with pytest.raises(InputError, match="SteppingExecutor, choice"):
            executor.step(choice)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(InputError, match="SteppingExecutor, choice"):
        executor.run_all(lambda _: "a")  # type: ignore[arg-type,return-value]  # on purpose
    assert executor.pending == (future,)
