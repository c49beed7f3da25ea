"""Executors without threads of their own: what runs, and when, is up to the test."""

from __future__ import annotations

import threading
from concurrent.futures import Executor, Future
from operator import index
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar

from uptime_core.errors import InputError, shown

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")

_SHUT_DOWN = "cannot schedule new futures after shutdown"


class _Task(NamedTuple):
    future: Future[Any]
    call: Callable[[], Any]

    def run(self) -> None:
        """Run it, unless it was cancelled, and tell its future."""
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            result = self.call()
        except BaseException as error:
            self.future.set_exception(error)
            if not isinstance(error, Exception):
                raise  # what ends a program is not for whoever asks the future
        else:
            self.future.set_result(result)


class InlineExecutor(Executor):
    """Runs what is submitted at once, in the thread that submits it.

    What a task raises is in its future; what is no `Exception`, like Ctrl-C, is raised
    by `submit`, too. It may be used from several threads.

    >>> with InlineExecutor() as executor:
    ...     future = executor.submit(pow, 2, 10)
    >>> future.done(), future.result()
    (True, 1024)
    """

    def __init__(self) -> None:
        self._is_shut_down = False

    def submit(
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        """Call a function; the future that is given is done.

        Raises:
            RuntimeError: The executor is shut down.
        """
        if self._is_shut_down:
            raise RuntimeError(_SHUT_DOWN)
        future: Future[T] = Future()
        _Task(future, lambda: fn(*args, **kwargs)).run()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002  # as Executor has them
        """Take nothing more; there is nothing to wait for, or to cancel."""
        self._is_shut_down = True


class SteppingExecutor(Executor):
    """Holds what is submitted, and runs it when and in the order that the test says.

    Tasks run in the thread that steps. Any thread may submit, step and cancel.

    >>> executor = SteppingExecutor()
    >>> futures = [executor.submit(print, name) for name in "abc"]
    >>> executor.step(2)
    c
    <Future at ... state=finished returned NoneType>
    >>> futures[0].cancel(), executor.pending == (futures[1],)
    (True, True)
    >>> executor.run_all()
    b
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._tasks: list[_Task] = []
        self._running: list[int] = []
        self._is_shut_down = False

    @property
    def pending(self) -> tuple[Future[Any], ...]:
        """What waits to be run, oldest first; what was cancelled does not."""
        with self._changed:
            return tuple(task.future for task in self._tasks)

    def submit(
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        """Hold a call until it is stepped to.

        Raises:
            RuntimeError: The executor is shut down.
        """
        future: Future[T] = Future()
        with self._changed:
            if self._is_shut_down:
                raise RuntimeError(_SHUT_DOWN)
            self._tasks.append(_Task(future, lambda: fn(*args, **kwargs)))
            self._changed.notify_all()
        future.add_done_callback(self._forget)
        return future

    def step(self, choice: int = 0) -> Future[Any]:
        """Run one of what is pending to its end, and give its future.

        Args:
            choice: Which one, counted from the oldest and round again, so that every
                integer that is drawn is one of them.

        Raises:
            LookupError: Nothing is pending.
            InputError: The choice is no integer.
        """
        task = self._taken(choice)
        if task is None:
            message = "nothing is pending; see wait_for_pending"
            raise LookupError(message)
        self._run(task)
        return task.future

    def run_all(self, choose: Callable[[int], int] = lambda _: 0) -> None:
        """Step until nothing is pending, also what the tasks themselves submit.

        Args:
            choose: Given how many are pending, says which is next; by default the
                oldest. With hypothesis: ``lambda n: data.draw(st.integers(0, n - 1))``.
        """
        while pending := len(self.pending):
            task = self._taken(choose(pending))
            if task is not None:  # another thread may have cancelled it meanwhile
                self._run(task)

    def wait_for_pending(self, number: int = 1, seconds: float = 10.0) -> None:
        """Wait until so many are pending, where other threads submit them.

        Raises:
            TimeoutError: They are not, after so many seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._tasks) >= number, seconds):
                message = f"{len(self._tasks)} are pending, not {number}"
                raise TimeoutError(message)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002  # as Executor has them
        """Take nothing more.

        Args:
            wait: Run what is pending, oldest first, and wait for what other threads
                are running.
            cancel_futures: Cancel what is pending instead.
        """
        with self._changed:
            self._is_shut_down = True
        if cancel_futures:
            for future in self.pending:
                future.cancel()
        if wait:
            self.run_all()
            own = threading.get_ident()
            with self._changed:
                self._changed.wait_for(lambda: not set(self._running) - {own})

    def _taken(self, choice: int) -> _Task | None:
        """One of what is pending, which is running from now on, or None."""
        try:
            number = index(choice)
        except TypeError:
            told = f"{shown(choice)} is no integer"
            raise InputError(told, source="SteppingExecutor", field="choice") from None
        with self._changed:
            if not self._tasks:
                return None
            self._running.append(threading.get_ident())
            return self._tasks.pop(number % len(self._tasks))

    def _run(self, task: _Task) -> None:
        try:
            task.run()
        finally:
            with self._changed:
                self._running.remove(threading.get_ident())
                self._changed.notify_all()

    def _forget(self, future: Future[Any]) -> None:
        """Drop what was cancelled while it was pending."""
        with self._changed:
            kept = [task for task in self._tasks if task.future is not future]
            was_pending = len(kept) < len(self._tasks)
            self._tasks = kept
        if was_pending:  # otherwise the step that took it tells those who wait
            future.set_running_or_notify_cancel()
