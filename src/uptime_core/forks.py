"""Locks that a forked process does not inherit in a locked state."""

from __future__ import annotations

import os
import secrets
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType


class ForkSafeLock:
    """A reentrant lock that is free in a child process, whoever held it at the fork.

    What it protects must be whole whenever the process can be forked, or be made new
    in the child.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._process = os.getpid()

    def __enter__(self) -> None:
        if self._process != os.getpid():
            # Of the parent's threads only the one that forked is here: no race.
            self._lock, self._process = threading.RLock(), os.getpid()
        self._lock.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lock.release()

    def __reduce__(self) -> tuple[type[ForkSafeLock], tuple[()]]:
        return ForkSafeLock, ()


_token: tuple[int, str] | None = None


def process_token() -> str:
    """A text that no other process has, be it a fork of this one."""
    global _token  # noqa: PLW0603  # there is one process
    if _token is None or _token[0] != os.getpid():
        _token = os.getpid(), secrets.token_hex(8)
    return _token[1]
