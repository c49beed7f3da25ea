"""The ends of threads, waited for until some instant of the monotonic clock."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import Executor


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
