"""What threads are woken with, whatever Ctrl-C does to those who wait or ring."""

from __future__ import annotations

import time
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Bell:
    """Wakes the threads that wait for something to become so.

    A KeyboardInterrupt comes to the main thread after any call. Within the methods of a
    `threading.Condition` or an `Event`, which are Python code that holds a lock, it can
    leave that lock taken for ever. Nothing here holds a lock while Python code runs.
    """

    def __init__(self) -> None:
        self._waiting: set[SimpleQueue[None]] = set()

    def ring(self) -> None:
        """Let all who wait look again; what they look at was changed before."""
        for rings in list(self._waiting):
            if rings.empty():
                rings.put(None)

    def wait_for(self, is_so: Callable[[], bool], seconds: float) -> None:
        """Wait until something is so, at most for some seconds.

        Args:
            is_so: Whether it is; called at the beginning and after each ring.
            seconds: For how long.
        """
        deadline = time.monotonic() + seconds
        rings: SimpleQueue[None] = SimpleQueue()
        try:
            self._waiting.add(rings)
            while not is_so():
                left = deadline - time.monotonic()
                if left <= 0:
                    return
                with suppress(Empty):
                    rings.get(timeout=left)
        finally:
            self._waiting.discard(rings)


class Alarm(Bell):
    """A bell for one thread, which also hears what rang while it did not wait."""

    def __init__(self) -> None:
        super().__init__()
        self._has_rung = False

    def ring(self) -> None:
        """There is something to do."""
        self._has_rung = True
        super().ring()

    def wait(self, seconds: float) -> None:
        """Wait until it has rung since the last wait, at most for some seconds."""
        self.wait_for(lambda: self._has_rung, seconds)
        self._has_rung = False
