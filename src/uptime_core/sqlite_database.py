"""SQLite files shared by threads and processes: connections, transactions, errors."""

from __future__ import annotations

import os
import sqlite3
import time
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Literal, get_args

from uptime_core.errors import (
    BackEndError,
    InputError,
    StoreBusyError,
    StoreVersionError,
    damaged,
    shown,
)
from uptime_core.forks import ForkSafeLock
from uptime_core.logs import log
from uptime_core.patience import at_most
from uptime_core.sqlite_connections import Connections, set_timeout
from uptime_core.sqlite_errors import checked_path, wal_is_safe
from uptime_core.values import seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

JournalMode = Literal["delete", "wal"]

_NAP_SECONDS = (0.001, 0.003)
_LONG_SECONDS = 0.5
_NO_UPGRADES: Mapping[int, Callable[[sqlite3.Connection], None]] = {}

OLDEST_SQLITE = (3, 37)  # the first with STRICT tables


class Database(Connections):
    """An SQLite file.

    A connection is used by one thread at a time and never after a fork. Writers take
    the write lock first (``BEGIN IMMEDIATE``): a transaction that first reads and then
    wants to write fails at once, whatever the timeout, when another one has written
    in between.

    Args:
        path: The file; made if it does not exist.
        timeout: For how many seconds a lock is waited for.
        journal_mode: What a new file gets, `delete` or `wal`; by default `wal` where
            it is safe. An existing file keeps what it has.
        source: Whose arguments these are, for messages.

    Raises:
        InputError: No file can have such a name, or an argument is none of these.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        timeout: float = 30.0,
        journal_mode: JournalMode | None = None,
        source: str = "Database",
    ) -> None:
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:  # pragma: no cover
            raise BackEndError(
                f"SQLite {sqlite3.sqlite_version} is too old, 3.37 is needed; update "
                "Python, or its SQLite"
            )
        name = checked_path(path, source)
        if journal_mode not in (None, *get_args(JournalMode)):
            raise InputError(
                f"{shown(journal_mode)} is neither 'delete' nor 'wal'",
                source=source,
                field="journal_mode",
            )
        super().__init__(name, seconds(timeout, source, "timeout"))
        self._journal_mode = journal_mode
        self._turn = ForkSafeLock()

    def prepare(
        self,
        part: str,
        version: int,
        statements: Sequence[str],
        fill: Callable[[sqlite3.Connection], None] | None = None,
        upgrades: Mapping[int, Callable[[sqlite3.Connection], None]] = _NO_UPGRADES,
    ) -> None:
        """See to it that the file has the tables of a part of this library.

        Args:
            part: The part's name.
            version: The version of its tables.
            statements: What makes them.
            fill: What puts the first rows into them.
            upgrades: What makes the tables of earlier versions these, by version.

        Raises:
            StoreVersionError: The file has newer ones.
            StoreCorruptError: It is no SQLite file, or a damaged one.
        """
        if not os.path.exists(self.path) or os.path.getsize(self.path) == 0:  # noqa: PTH110, PTH202  # a path as text
            self._create()
        with self.read() as connection:
            found = _version(connection, part)
            (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
        if mode == "wal":
            self._warn_of_log()
        if found is None or found in upgrades:
            with self.write() as connection:
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS uptime_parts("
                    "part TEXT PRIMARY KEY NOT NULL, version INTEGER NOT NULL) STRICT"
                )
                found = _version(connection, part)
                if found is None:  # nobody was faster
                    for statement in statements:
                        connection.execute(statement)
                    if fill is not None:
                        fill(connection)
                    connection.execute(
                        "INSERT INTO uptime_parts VALUES (?, ?)", (part, version)
                    )
                elif found in upgrades:
                    upgrades[found](connection)
                    connection.execute(
                        "UPDATE uptime_parts SET version = ? WHERE part = ?",
                        (version, part),
                    )
                found = _version(connection, part)
        self._require_version(part, found, version)

    def _require_version(self, part: str, found: object, version: int) -> None:
        if not isinstance(found, int):
            raise damaged(self.path, "its version cannot be read")
        if found > version:
            raise StoreVersionError(
                f"{self.path}: it was made by a newer version of uptime_core "
                f"({part} {found}, this one knows {version}); update uptime_core"
            )
        if found != version:
            raise damaged(self.path, f"there never was a version {found} of {part}")

    def _warn_of_log(self) -> None:
        if not wal_is_safe(sqlite3.sqlite_version_info):
            warnings.warn(
                f"{self.path} has a write-ahead log, and SQLite "
                f"{sqlite3.sqlite_version} can damage such a file when several "
                "processes write to it; PRAGMA journal_mode=delete ends that",
                RuntimeWarning,
                stacklevel=4,
            )

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees the file as it is at one moment."""
        outer = self._outer()
        if outer is not None:
            with self._translated():
                yield outer
            return
        with self._connection() as connection:
            process = os.getpid()
            connection.execute("BEGIN")
            # BEGIN alone takes no snapshot, the first read does.
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            try:
                yield connection
            finally:
                _roll_back(connection, process)

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A connection that alone may write; all is written at the end, or nothing.

        Within the block, this thread's other calls join the same transaction; what
        one of them has written is undone if it raises.
        """
        outer = self._outer()
        if outer is not None:
            with self._translated():
                if not outer.in_transaction:
                    raise _undone(self.path)
                outer.execute("SAVEPOINT part")
                try:
                    yield outer
                except BaseException:
                    with suppress(sqlite3.Error):
                        outer.execute("ROLLBACK TO part")
                        outer.execute("RELEASE part")
                    raise
                if not outer.in_transaction:
                    raise _undone(self.path)
                outer.execute("RELEASE part")
            return
        with self._turn_to_write() as deadline, self._connection() as connection:
            process = os.getpid()
            self._begin(connection, deadline)
            self._current.connection = connection
            try:
                yield connection
                if process != os.getpid():
                    raise BackEndError(
                        f"{self.path}: the process was forked within a transaction, "
                        "which only its parent can end; nothing was written here; fork "
                        "outside of transactions"
                    )
                _commit(connection, self.path)
            finally:
                self._current.connection = None
                _roll_back(connection, process)

    def shrink(self) -> None:
        """Give pages that are not used back to the disk; not within a transaction."""
        if self._outer() is not None:
            return
        with self._connection() as connection:
            # Not execute: it takes the first step only, and each step is one page.
            connection.executescript("PRAGMA incremental_vacuum")

    @contextmanager
    def _turn_to_write(self) -> Iterator[float]:
        """Let one thread of the process at a time ask the file for its lock.

        Yields:
            Until when the lock may be waited for, on the monotonic clock.
        """
        timeout = at_most(self.timeout)
        deadline = time.monotonic() + timeout
        lock = self._turn.lock  # in a child there is another one, which is free
        # An interrupt may come after any call: nothing is called outside of the `try`
        # once the lock is taken, nor before it is given back.
        try:
            if not lock.acquire(timeout=timeout):
                raise StoreBusyError(
                    f"{self.path}: other threads keep it locked; try again, or give "
                    "it a longer timeout"
                )
            yield deadline
        finally:
            try:  # noqa: SIM105  # suppress would be a call
                lock.release()
            except RuntimeError:  # it was not taken
                pass

    def _begin(self, connection: sqlite3.Connection, deadline: float) -> None:
        """Begin to write, as soon as no other process does.

        SQLite itself looks every tenth of a second whether a lock is free, and meets it
        taken again for many seconds where others write without a pause.
        """
        began = time.monotonic()
        try:
            connection.execute("PRAGMA busy_timeout=0")
            _repeat_while_busy(
                lambda: connection.execute("BEGIN IMMEDIATE"), until=deadline
            )
        finally:
            set_timeout(connection, at_most(self.timeout))
            waited = time.monotonic() - began
            if waited > _LONG_SECONDS:
                log.debug("%s: waited %.1f s for the write lock", self.path, waited)

    def _outer(self) -> sqlite3.Connection | None:
        """The connection of this thread's transaction, if it is in one."""
        if self._process != os.getpid():
            return None
        return getattr(self._current, "connection", None)

    def _create(self) -> None:
        """Make the file, with the settings that can be made before any table only."""
        with self._translated():
            connection = self._open("rwc")
            try:
                connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
                default = "wal" if wal_is_safe(sqlite3.sqlite_version_info) else None
                mode = self._journal_mode or default
                if mode is not None:
                    # Where others make the file too, it fails at once.
                    _repeat_while_busy(
                        lambda: connection.execute(f"PRAGMA journal_mode={mode}"),
                        until=time.monotonic() + self.timeout,
                    )
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS uptime_parts("
                    "part TEXT PRIMARY KEY NOT NULL, version INTEGER NOT NULL) STRICT"
                )
                connection.execute("COMMIT")
            finally:
                connection.close()


def _repeat_while_busy(act: Callable[[], object], *, until: float) -> None:
    while True:
        try:
            act()
        except sqlite3.OperationalError as error:
            is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() >= until:
                raise
        else:
            return
        from random import uniform  # noqa: PLC0415  # 3 ms, and few ever wait

        time.sleep(uniform(*_NAP_SECONDS))  # noqa: S311  # no secret


def _version(connection: sqlite3.Connection, part: str) -> Any:  # noqa: ANN401  # a damaged file
    exists = connection.execute(
        "SELECT 1 FROM sqlite_schema WHERE name = 'uptime_parts'"
    ).fetchone()
    if exists is None:
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        if not tables and pages > 1:
            raise sqlite3.DatabaseError("it has pages, and no tables")
        return None
    row = connection.execute(
        "SELECT version FROM uptime_parts WHERE part = ?", (part,)
    ).fetchone()
    return None if row is None else row[0]


def _commit(connection: sqlite3.Connection, path: str) -> None:
    if not connection.in_transaction:
        raise _undone(path)
    connection.execute("COMMIT")


def _undone(path: str) -> BackEndError:
    return BackEndError(
        f"{path}: an error before has undone the whole transaction; nothing was "
        "written, begin it again"
    )


def _roll_back(connection: sqlite3.Connection, process: int) -> None:
    if process == os.getpid() and connection.in_transaction:
        with suppress(sqlite3.Error):  # the error before is the one to tell of
            connection.execute("ROLLBACK")
