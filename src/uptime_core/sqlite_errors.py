"""What SQLite cannot do: its errors as this library's, its bug, its file names."""

from __future__ import annotations

import os
import sqlite3

from uptime_core.errors import (
    BackEndError,
    InputError,
    StoreBusyError,
    StoreCorruptError,
    StoreFullError,
)
from uptime_core.values import path_text

_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_PRIMARY_CODE = 0xFF
_ADVICE = {
    sqlite3.SQLITE_CANTOPEN: "; see whether its folder is there, and may be written to",
    sqlite3.SQLITE_READONLY: "; see whether it and its folder may be written to",
    sqlite3.SQLITE_IOERR: "; see whether the disk is well, and try again",
}


def translated(error: sqlite3.Error | UnicodeDecodeError, path: str) -> BackEndError:
    """The error of this library that says the same, by code and never by message."""
    code = getattr(error, "sqlite_errorcode", None)
    primary = None if code is None else code & _PRIMARY_CODE
    says = " ".join(str(error).split())  # some of its messages have several lines
    if primary in _BUSY:
        return StoreBusyError(
            f"{path}: another process keeps it locked; try again, or "
            "give it a longer timeout"
        )
    if primary == sqlite3.SQLITE_FULL:
        return StoreFullError(
            f"{path}: there is no room left for it; nothing changed, make room and try "
            "again; if there is room, see with check() whether it is damaged"
        )
    if primary in _DAMAGED or primary is None or primary == sqlite3.SQLITE_ERROR:
        # Without a code: text that is not UTF-8. ERROR: a table or column is missing.
        return StoreCorruptError(
            f"{path}: it is damaged, or no file of uptime_core ({says}); restore it "
            "from a copy, or give another path"
        )
    if code == sqlite3.SQLITE_IOERR_WRITE:  # any error but a full disk
        longest = _longest_file()
        if longest is not None:
            return StoreFullError(
                f"{path}: it could not be written, nothing changed; files of this "
                f"process may have {longest:,} bytes (ulimit -f), raise that limit"
            )
        return BackEndError(
            f"{path}: it could not be written, nothing changed ({says}); a quota may "
            "be used up, or the disk fails"
        )
    advice = "" if primary is None else _ADVICE.get(primary, "")
    return BackEndError(f"{path}: {says}{advice}")


def _longest_file() -> int | None:
    """How many bytes a file may have that this process writes; None is no limit."""
    try:
        from resource import RLIM_INFINITY, RLIMIT_FSIZE, getrlimit  # noqa: PLC0415
    except ImportError:  # pragma: no cover  # Windows
        return None
    longest = getrlimit(RLIMIT_FSIZE)[0]
    return None if longest == RLIM_INFINITY else longest


def wal_is_safe(version: tuple[int, int, int]) -> bool:
    """Whether this SQLite has the bug of the write-ahead log repaired.

    From 3.7.0 to 3.51.2 two connections that write and checkpoint at the same moment
    can damage the file; 3.50.7 and 3.44.6 have the repair too. See
    ``docs/decisions/0009-sqlite-journal.md``.
    """
    return (
        version >= (3, 51, 3)
        or (3, 50, 7) <= version < (3, 51)
        or (3, 44, 6) <= version < (3, 45)
    )


def file_names(path: str) -> tuple[str, ...]:
    """A file of SQLite's, and those that it makes beside it."""
    return (path, *(f"{path}{end}" for end in ("-journal", "-wal", "-shm")))


def checked_path(path: str | os.PathLike[str], source: str) -> str:
    """The absolute path of a file.

    Args:
        path: The path.
        source: Whose argument it is, for messages.

    Raises:
        InputError: No file can have such a name.
    """
    name = path_text(path, source, "path")
    if name == ":memory:":
        raise InputError(
            "an SQLite database in memory cannot be shared; use MemoryStore and "
            "MemorySink",
            source=name,
        )
    return os.path.abspath(name)  # noqa: PTH100  # the process may change its folder
