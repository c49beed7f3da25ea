"""Processes that are forked off, told what to do, and killed."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import traceback
import warnings
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import TYPE_CHECKING, Any

import attrs

from uptime_core.testing.failures import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Say = Callable[[object], None]
    """Sends something that JSON can hold to the process that waits for it."""

CRASHED = 77
_STEPS = frozenset(
    {
        *("open", "write", "writelines", "fsync", "replace", "rename", "link", "mkdir"),
        *("unlink", "remove", "truncate", "execute", "executemany", "commit"),
    }
)
_OTHERS = frozenset({"builtins", "collections", "datetime"})
"""Where types have methods of these names that are no steps, such as `str.replace`."""


@attrs.define
class ForkedProcess:
    """A forked process that says JSON, a line each.

    Attributes:
        pid: Its number.
    """

    pid: int
    _hears: int
    _tells: int
    _rest: bytes = b""

    @classmethod
    def running(
        cls, function: Callable[[Say, Callable[[], object]], object]
    ) -> ForkedProcess:
        """Fork a process that runs a function and ends.

        Args:
            function: It is given what sends things to the caller, and what waits until
                the caller says that it should go on.
        """
        hears, says = os.pipe()
        listens, tells = os.pipe()
        with warnings.catch_warnings():
            # The child does nothing with the threads that it does not have.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:  # pragma: no cover  # in another process
            status = 1
            try:
                os.close(hears)
                os.close(tells)

                def say(what: object) -> None:
                    os.write(says, json.dumps(what).encode() + b"\n")

                try:
                    function(say, lambda: os.read(listens, 1))
                    status = 0
                except BaseException:  # noqa: BLE001  # nothing may unwind any further
                    say({"failed": traceback.format_exc()})
            finally:
                os._exit(status)
        os.close(says)
        os.close(listens)
        return cls(pid, hears, tells)

    def go_on(self) -> None:
        """Let it go on from where it waits."""
        os.write(self._tells, b".")

    def hear(self) -> Any:  # noqa: ANN401  # JSON
        """The next thing that it says.

        Raises:
            AssertionError: It has failed, or ended.
        """
        while b"\n" not in self._rest:
            data = os.read(self._hears, 65_536)
            require(data, "the other process has ended")
            self._rest += data
        line, self._rest = self._rest.split(b"\n", 1)
        return _heard(line)

    def kill(self) -> list[Any]:
        """Kill it, and give all that it has said since."""
        os.kill(self.pid, signal.SIGKILL)
        return self.end()[1]

    def end(self) -> tuple[int, list[Any]]:
        """Wait for its end: its exit status, and all that it has said since.

        Raises:
            AssertionError: It has failed.
        """
        with suppress(OSError):
            os.close(self._tells)
        while data := os.read(self._hears, 65_536):
            self._rest += data
        os.close(self._hears)
        _, status = os.waitpid(self.pid, 0)
        lines, self._rest = self._rest.split(b"\n")[:-1], b""
        return os.waitstatus_to_exitcode(status), [_heard(line) for line in lines]


def _heard(line: bytes) -> Any:  # noqa: ANN401  # JSON
    said = json.loads(line)
    if isinstance(said, dict) and "failed" in said:
        raise AssertionError(f"in another process:\n{said['failed']}")
    return said


@attrs.define
class Steps:
    """Counts the steps of a thread that a crash can come between.

    A step is a call of the operating system or of a database, by the names that
    Python's own modules give them: open, write, fsync, replace, execute and so on.

    Attributes:
        taken: How many there were.
        last: At which one it ends; None is at none.
        crash: Whether the process ends there at once; otherwise the call fails.
    """

    taken: int = 0
    last: int | None = None
    crash: bool = False

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count the steps of this thread in the block."""
        before = sys.getprofile()
        sys.setprofile(self._note)
        try:
            yield
        finally:
            sys.setprofile(before)

    def _note(self, _: object, event: str, called: object) -> None:
        if event != "c_call" or getattr(called, "__name__", "") not in _STEPS:
            return
        owner = getattr(called, "__self__", None)
        if type(owner).__module__ in _OTHERS and not isinstance(owner, ModuleType):
            return
        self.taken += 1
        if self.taken == self.last:
            if self.crash:  # pragma: no cover  # in another process
                os._exit(CRASHED)
            raise OSError(errno.ENOSPC, "there is no room, as a test has it")


def chosen(steps: int, most: int) -> list[int]:
    """Some of the steps from 1 on, evenly spread, with the first and the last ones."""
    if steps <= most:
        return list(range(1, steps + 1))
    spread = {1 + place * (steps - 1) // (most - 3) for place in range(most - 2)}
    return sorted(spread | {2, steps - 1, steps})
