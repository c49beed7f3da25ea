"""For how long a thread waits for locks, where its caller has less time than they."""

from __future__ import annotations

import math
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_own = threading.local()


@contextmanager
def patience(until: float) -> Iterator[None]:
    """Let this thread wait for no lock of a store or a sink beyond some instant.

    Args:
        until: The instant, on the monotonic clock.
    """
    before = _until()
    _own.until = min(before, until)
    try:
        yield
    finally:
        _own.until = before


def at_most(seconds: float) -> float:
    """For how long to wait where it would be `seconds`."""
    until = _until()
    if until == math.inf:
        return seconds
    return min(seconds, max(until - time.monotonic(), 0))


def _until() -> float:
    until: float = getattr(_own, "until", math.inf)
    return until
