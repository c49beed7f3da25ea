"""Connections to an SQLite file, for threads, processes and forks."""

from __future__ import annotations

import math
import os
import re
import sqlite3
import threading
import time
import weakref
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from uptime_core.errors import BackEndError, ClosedError, damaged
from uptime_core.forks import ForkSafeLock
from uptime_core.patience import at_most
from uptime_core.sqlite_errors import translated

if TYPE_CHECKING:
    from collections.abc import Iterator

# SQLite counts locks by process, and knows nothing of forks: a child that goes on with
# what its parent had open reads without locks, and one that closes it can undo what the
# parent writes. So a fork waits until every connection is at rest, and closes it; files
# that are still in use then cannot be used in the child.
_FORK_SECONDS = 5.0
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_./-]*")
_databases: weakref.WeakSet[Connections] = weakref.WeakSet()
_gate = ForkSafeLock()  # held by whoever forks: nothing is taken into use meanwhile
_forked_in_use: set[tuple[int, int] | None] = set()
_carried_over: list[sqlite3.Connection] = []  # not even to be closed
_held: list[Connections] = []


class Connections:
    """The connections to a file: each used by one thread at a time, never after a fork.

    Args:
        path: The file.
        timeout: For how many seconds a lock is waited for.
    """

    def __init__(self, path: str, timeout: float) -> None:
        self.path = path
        self.timeout = timeout
        self._lock = ForkSafeLock()
        self._process = os.getpid()
        self._idle: list[sqlite3.Connection] = []
        self._current = threading.local()
        self._file: tuple[int, int] | None = None
        self._users: list[int] = []
        self._closed = False
        with _gate.lock:
            _databases.add(self)

    @property
    def is_in_use(self) -> bool:
        """Whether a thread has a connection at this moment."""
        return bool(self._users)

    @property
    def is_waited_for(self) -> bool:
        """Whether another thread than this one has a connection."""
        return any(user != threading.get_ident() for user in self._users)

    @property
    def file(self) -> tuple[int, int] | None:
        """What the system calls the file, by whatever path it was opened."""
        return self._file

    def hold(self) -> None:
        """Let nobody take or give back a connection until `let_go`."""
        self._lock.acquire()

    def let_go(self) -> None:
        """The end of `hold`."""
        self._lock.release()

    def rest(self) -> None:
        """Close the connections that nobody uses."""
        with self._lock.lock:
            if self._process != os.getpid():
                return
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def __del__(self) -> None:
        with suppress(Exception):  # the constructor may have failed
            self.rest()

    def close(self) -> None:
        """Close the connections that nobody uses, and the others when they are."""
        self._closed = True
        self.rest()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with self._translated():
            user, process = threading.get_ident(), os.getpid()
            connection = self._take(user)
            try:
                with self._hurried(connection, process):
                    yield connection
            except (sqlite3.Error, UnicodeDecodeError):
                self._give_back(connection, user, process, damaged=True)
                raise
            except BaseException:
                self._give_back(connection, user, process)
                raise
            self._give_back(connection, user, process)

    @contextmanager
    def _hurried(self, connection: sqlite3.Connection, process: int) -> Iterator[None]:
        """Let a connection wait for no lock for longer than its thread may."""
        timeout = at_most(self.timeout)
        if timeout == self.timeout:
            yield
            return
        try:
            set_timeout(connection, timeout)
            yield
        finally:
            if process == os.getpid():
                set_timeout(connection, self.timeout)

    def _take(self, user: int) -> sqlite3.Connection:
        with _gate.lock, self._lock.lock:
            if self._process != os.getpid():
                self._idle, self._process, self._users = [], os.getpid(), []
                self._current = threading.local()
            if self._closed:
                raise ClosedError(f"{self.path}: it is closed; open it anew")
            try:
                status = os.stat(self.path)  # noqa: PTH116  # a path as text
            except OSError as error:
                raise BackEndError(f"{self.path}: {error.strerror}") from error
            file = (status.st_dev, status.st_ino)
            if file in _forked_in_use:
                raise BackEndError(
                    f"{self.path}: the process was forked while the file was in use, "
                    "and SQLite cannot go on with it in the child; fork at rest, or "
                    "start the process anew (spawn)"
                )
            if self._file not in (None, file):
                raise BackEndError(
                    f"{self.path}: another file has taken the place of the one that "
                    "was opened; open it anew"
                )
            if status.st_size == 0:  # it has had tables since before it was opened
                raise damaged(
                    self.path, "it has become empty, or is no file of uptime_core"
                )
            self._file = file
            self._users.append(user)
            if self._idle:
                return self._idle.pop()
        try:
            return self._connect()
        except BaseException:
            with self._lock.lock:
                self._users.remove(user)
            raise

    def _give_back(
        self,
        connection: sqlite3.Connection,
        user: int,
        process: int,
        *,
        damaged: bool = False,
    ) -> None:
        if process != os.getpid():
            _carried_over.append(connection)
            return
        with self._lock.lock:
            self._users.remove(user)
            # After some errors it may be in any state; and one that comes as soon as a
            # transaction has begun, such as a KeyboardInterrupt, leaves it in that.
            if not (self._closed or damaged or connection.in_transaction):
                self._idle.append(connection)
                return
        connection.close()

    def _connect(self) -> sqlite3.Connection:
        connection = self._open("rw")
        try:
            # EXTRA: a commit also outlives a power cut right after it.
            connection.execute("PRAGMA synchronous=EXTRA")
            connection.execute("PRAGMA cell_size_check=ON")
            connection.execute("PRAGMA mmap_size=0")
        except BaseException:
            connection.close()
            raise
        return connection

    def _open(self, mode: str) -> sqlite3.Connection:
        return sqlite3.connect(
            f"file://{_quoted(self.path)}?mode={mode}",
            uri=True,
            timeout=at_most(self.timeout),
            isolation_level=None,
            check_same_thread=False,
        )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise translated(error, self.path) from error


def _quoted(path: str) -> str:
    """A path as it stands in a URI."""
    if _PLAIN_PATH.fullmatch(path):
        return path
    from urllib.parse import quote  # noqa: PLC0415  # 2 ms, for few paths

    return quote(os.fsencode(path))


def set_timeout(connection: sqlite3.Connection, seconds: float) -> None:
    """For how long a connection waits for locks."""
    connection.execute(f"PRAGMA busy_timeout={math.ceil(seconds * 1000)}")


def _before_fork() -> None:
    _gate.acquire()
    databases = list(_databases)
    deadline = time.monotonic() + _FORK_SECONDS
    while any(database.is_waited_for for database in databases):
        if time.monotonic() > deadline:
            break
        time.sleep(0.001)
    for database in databases:
        database.hold()
        database.rest()
    _held.extend(databases)


def _in_parent() -> None:
    while _held:
        _held.pop().let_go()
    _gate.release()


def _in_child() -> None:
    for database in _held:
        if database.is_in_use:
            _forked_in_use.add(database.file)
    _held.clear()


if hasattr(os, "register_at_fork"):  # pragma: no branch  # everywhere but on Windows
    os.register_at_fork(
        before=_before_fork, after_in_parent=_in_parent, after_in_child=_in_child
    )
