"""Pieces of work that are shared with a forked copy of this process.

Threads that do many short operations of numpy wait for each other's turn at the
interpreter: two of them gain a third. A process of its own gains all of it, and memory
that both have needs no copy on the way back.
"""

from __future__ import annotations

import mmap
import os
import select
import signal
import struct
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn, TypeVar

from uptime_core.cores import cores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Own = TypeVar("Own")

_PLACES = 32
"""Results that may wait: the copy goes on while this process does something else."""

_NUMBER = struct.Struct("=q")
_MESSAGE = struct.Struct("=qq")
_UNDONE = -1
_NONE = -1  # no file, and no process
_THREADS = "/proc/self/task"


def can_fork() -> bool:
    """Whether a copy of this process would be a safe one, and of use.

    A copy has only the thread that made it: locks that others hold stay locked for
    ever. So there must be no other, not even of a library in C.
    """
    if sys.platform != "linux" or not hasattr(os, "pidfd_open") or cores() == 1:
        return False
    try:
        return len(os.listdir(_THREADS)) == 1  # noqa: PTH208  # pathlib takes 3 ms to load
    except OSError:
        return False


class ForkedWorker:
    """A copy of this process, which does pieces of work beside it.

    Both take the next piece from a pipe whenever they have done one; so neither waits
    for the other before the end. Of what the copy leaves undone, or dies of, this
    process does its part.

    Args:
        work: Does a piece in the copy, given its number and memory for the result;
            returns how many bytes it has written, or None where it cannot.
        pieces: How many there are.
        room: Bytes of memory for a result.

    Raises:
        OSError: The system has no process, pipe or memory to give.
    """

    def __init__(
        self, work: Callable[[int, memoryview], int | None], pieces: int, room: int
    ) -> None:
        self._pieces, self._room = pieces, room
        self._memory = memoryview(mmap.mmap(-1, _PLACES * room))
        self._is_alive = True
        self._child = self._handle = _NONE
        self._tokens = self._offers = self._messages = self._answers = _NONE
        self._messages_poll = select.poll()
        try:
            self._tokens, self._offers = os.pipe()
            self._messages, self._answers = os.pipe()
            self._messages_poll.register(self._messages, select.POLLIN)
            os.set_blocking(self._tokens, False)  # who comes second gets none
            for number in range(min(pieces, _PLACES)):
                self._offer(number)
            self._fork(work)
            self._answers = _closed(self._answers)
        except BaseException:  # also an interrupt, once there is a copy
            self.close()
            raise

    def results(self, own: Callable[[int], Own]) -> Iterator[Own | memoryview]:
        """What becomes of each piece, in their order.

        Args:
            own: Does a piece in this process.

        Yields:
            What `own` gave, or what the copy has written, which is overwritten soon
            after the next one is asked for.
        """
        done: dict[int, Own | memoryview | None] = {}
        for number in range(self._pieces):
            while number not in done:
                if self._has_message(wait=False):
                    self._receive(done)
                elif (taken := self._taken()) is not None:
                    done[taken] = own(taken)
                elif self._has_message(wait=True):
                    self._receive(done)
                else:  # the copy had it, and is gone
                    done[number] = None
            result = done.pop(number)
            yield own(number) if result is None else result
            self._offer(number + _PLACES)

    def _offer(self, number: int) -> None:
        """Let a piece be taken, if there are so many; after the last, the copy ends."""
        if number < self._pieces:
            os.write(self._offers, _NUMBER.pack(number))
        if number == self._pieces - 1:
            self._offers = _closed(self._offers)

    def _taken(self) -> int | None:
        """The next piece, or None where none is offered now."""
        try:
            token = os.read(self._tokens, _NUMBER.size)
        except BlockingIOError:
            return None
        return int(_NUMBER.unpack(token)[0]) if token else None

    def _has_message(self, *, wait: bool) -> bool:
        """Whether there is a message of the copy; False if it is gone."""
        return self._is_alive and bool(self._messages_poll.poll(None if wait else 0))

    def _receive(self, done: dict[int, Own | memoryview | None]) -> None:
        """Note a piece that the copy has done or left, or that the copy is gone."""
        message = os.read(self._messages, _MESSAGE.size)
        if not message:
            self._is_alive = False
            return
        number, size = _MESSAGE.unpack(message)
        done[number] = None if size == _UNDONE else self._place(number)[:size]

    def _place(self, number: int) -> memoryview:
        start = number % _PLACES * self._room
        return self._memory[start : start + self._room]

    def _fork(self, work: Callable[[int, memoryview], int | None]) -> None:
        """Make the copy; there it never returns."""
        # Ctrl-C is for this process, which then ends the copy; and no interrupt may
        # find the copy outside of what keeps it from going on as this process.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            self._child = os.fork()
            if self._child == 0:
                self._serve(work)
            # Not its number, which may be another's when somebody has waited for it.
            self._handle = os.pidfd_open(self._child)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _serve(self, work: Callable[[int, memoryview], int | None]) -> NoReturn:
        """Do pieces until there are no more; in the copy."""
        try:
            # So that the pipes end when the other process does.
            self._offers = _closed(self._offers)
            self._messages = _closed(self._messages)
            offered = select.poll()
            offered.register(self._tokens, select.POLLIN)
            while True:
                offered.poll()
                try:
                    token = os.read(self._tokens, _NUMBER.size)
                except BlockingIOError:  # the other process was first
                    continue
                if not token:
                    break
                (number,) = _NUMBER.unpack(token)
                size = work(number, self._place(number))
                message = _MESSAGE.pack(number, _UNDONE if size is None else size)
                os.write(self._answers, message)
        finally:
            os._exit(0)  # nothing of what this process still has to do on its end

    def close(self) -> None:
        """End the copy, and close what is open."""
        if self._handle != _NONE:
            with suppress(ProcessLookupError):  # somebody has waited for it
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)
        # Without a handle it ends by itself: there is nobody to offer anything.
        self._tokens, self._offers = _closed(self._tokens), _closed(self._offers)
        self._messages = _closed(self._messages)
        self._answers = _closed(self._answers)
        if self._handle != _NONE:
            with suppress(ChildProcessError):
                os.waitid(os.P_PIDFD, self._handle, os.WEXITED)
        elif self._child != _NONE:
            with suppress(ChildProcessError):
                os.waitpid(self._child, 0)
        self._handle = _closed(self._handle)


def _closed(descriptor: int) -> int:
    """Close a file, if it is one; gives what stands for none."""
    if descriptor != _NONE:
        os.close(descriptor)
    return _NONE
