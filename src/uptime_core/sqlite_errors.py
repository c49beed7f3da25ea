"""SQLite's errors as this library's."""

from __future__ import annotations

import sqlite3

from uptime_core.errors import (
    BackEndError,
    StoreBusyError,
    StoreCorruptError,
    StoreFullError,
)

_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_PRIMARY_CODE = 0xFF


def translated(error: sqlite3.Error, path: str) -> BackEndError:
    """The error of this library that says the same, by code and never by message."""
    code = getattr(error, "sqlite_errorcode", None)
    primary = None if code is None else code & _PRIMARY_CODE
    if primary in _BUSY:
        return StoreBusyError(f"{path}: another process keeps it locked; try again")
    if primary == sqlite3.SQLITE_FULL:
        return StoreFullError(f"{path}: there is no room left for it; nothing changed")
    if primary in _DAMAGED or primary is None or primary == sqlite3.SQLITE_ERROR:
        # Without a code: text that is not UTF-8. ERROR: a table or column is missing.
        return StoreCorruptError(
            f"{path}: it is damaged, or no file of uptime_core: {error}"
        )
    return BackEndError(f"{path}: {error}")
