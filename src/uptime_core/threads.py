"""Threads that compute, and their ends, waited for until some monotonic instant."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

P = ParamSpec("P")
T = TypeVar("T")


class OwnThreads(ThreadPoolExecutor):
    """Threads; once the main thread has ended, the one that asks.

    `concurrent.futures` takes no more work then, but other threads may live on, and
    functions of `atexit` may wait for reports.
    """

    def submit(
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        """Begin a call.

        Raises:
            RuntimeError: The executor is shut down.
        """
        try:
            return super().submit(fn, *args, **kwargs)
        except RuntimeError:
            if threading.main_thread().is_alive():
                raise
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001  # whoever waits gets it
            future.set_exception(error)
        return future


def join(thread: threading.Thread | None, deadline: float) -> None:
    """Wait for the end of a thread other than this one."""
    if thread is None or thread.ident is None:  # it could not be started
        return
    if thread is not threading.current_thread():
        thread.join(max(deadline - time.monotonic(), 0))


def shut_down(executor: Executor, deadline: float) -> None:
    """Cancel what an executor has not begun, and wait for the ends of its threads."""
    executor.shutdown(wait=False, cancel_futures=True)
    # It can be waited for for ever only.
    waiting = threading.Thread(
        target=executor.shutdown, name="uptime_core-shutdown", daemon=True
    )
    try:
        waiting.start()
    except RuntimeError:  # no more threads can be started, as at the end of a process
        return
    join(waiting, deadline)
