"""Locks that a forked process does not inherit in a locked state."""

from __future__ import annotations

import os
import threading
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType


class ForkSafeLock:
    """A reentrant lock that is free in a child process, whoever held it at the fork.

    What it protects must be whole whenever the process can be forked, or be made new
    in the child.

    Attributes:
        lock: The lock itself, in this process.
    """

    def __init__(self) -> None:
        self.renew()
        _locks.add(self)

    def renew(self) -> None:
        """Make the lock free, in a child process that has one thread so far."""
        self.lock: threading.RLock = threading.RLock()

    def acquire(self, timeout: float = -1) -> bool:
        """Take the lock, and wait for it, at most `timeout` seconds if they are given.

        Returns:
            Whether it was taken.
        """
        return self.lock.acquire(timeout=timeout)

    def release(self) -> None:
        """Give the lock back."""
        self.lock.release()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    def __reduce__(self) -> tuple[type[ForkSafeLock], tuple[()]]:
        return ForkSafeLock, ()


_locks: weakref.WeakSet[ForkSafeLock] = weakref.WeakSet()


def _in_child() -> None:
    for lock in list(_locks):
        lock.renew()


if hasattr(os, "register_at_fork"):  # pragma: no branch  # everywhere but on Windows
    os.register_at_fork(after_in_child=_in_child)


_token: tuple[int, str] | None = None


def process_token() -> str:
    """A text that no other process has, be it a fork of this one."""
    global _token  # noqa: PLW0603  # there is one process
    if _token is None or _token[0] != os.getpid():
        _token = os.getpid(), os.urandom(8).hex()
    return _token[1]
