"""How many jobs a `SqliteSink` has, so that one that is not found is missed.

    uptime_job_counts  how many jobs have ids that begin with these two digits, or keys
                       whose hashes do, and how many are active; each with the sum of
                       the checksums of those ids or hashes

Ids are looked up by the one of 256 counts that they belong to, and hashes likewise, so
that this takes hardly longer among many jobs than among few.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

from uptime_core.errors import StoreCorruptError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

TABLE = """
    CREATE TABLE uptime_job_counts(
        name TEXT PRIMARY KEY NOT NULL,
        jobs INTEGER NOT NULL,
        total INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
"""
ACTIVE = "active"
ALL = "id"
"""Stands for all names of ids, of which each job has one."""

_DIGITS = 2
_PREFIXES = [f"{number:02x}" for number in range(16**_DIGITS)]
_NAMES = [ACTIVE, *(f"{kind} {p}" for kind in ("id", "key") for p in _PREFIXES)]


def prefix_of(value: str) -> str:
    """The digits of an id or a hash that tell where it is counted."""
    return value[:_DIGITS]


def counted_as(report_id: str, hashed: str | None, *, active: bool) -> dict[str, str]:
    """Under which names a job is counted, and what is counted there.

    Args:
        report_id: Its id.
        hashed: The hash of its key, or None without one.
        active: Whether it is queued or running.
    """
    names = {f"id {prefix_of(report_id)}": report_id}
    if hashed is not None:
        names[f"key {prefix_of(hashed)}"] = hashed
    if active:
        names[ACTIVE] = report_id
    return names


class JobCounts:
    """The counts, within one transaction.

    Args:
        connection: A connection in a transaction.
        path: The file, for messages.
    """

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        self._connection = connection
        self._path = path

    @staticmethod
    def create(connection: sqlite3.Connection) -> None:
        """Fill a table that has just been made."""
        connection.executemany(
            "INSERT INTO uptime_job_counts VALUES (?, 0, 0)",
            ((name,) for name in _NAMES),
        )

    def require_all(self, name: str, values: Sequence[bytes]) -> None:
        """See to it that no id or hash is missing, or is another one than it was.

        Args:
            name: Under which name they are counted.
            values: All that were found.

        Raises:
            StoreCorruptError: They are not those that were counted.
        """
        if self._of(name) != (len(values), sum(map(crc32, values))):
            raise self.damaged()

    def require_so_many(self, name: str, jobs: int) -> None:
        """See to it that so many jobs are counted under a name."""
        if self._of(name)[0] != jobs:
            raise self.damaged()

    def change(self, names: dict[str, str], jobs: int) -> None:
        """Count a job in (1), or out (-1)."""
        changed = self._connection.executemany(
            "UPDATE uptime_job_counts SET jobs = jobs + ?, total = total + ? "
            "WHERE name = ?",
            [
                (jobs, jobs * crc32(value.encode()), name)
                for name, value in names.items()
            ],
        )
        if changed.rowcount != len(names):
            raise self.damaged()

    def check(self, jobs: Iterable[dict[str, str]]) -> None:
        """See to it that just these jobs are counted."""
        rows = self._connection.execute(
            "SELECT name, jobs, total FROM uptime_job_counts"
        ).fetchall()
        if sorted(rows) != sorted(self._counted(jobs)):
            raise self.damaged()

    def renew(self, jobs: Iterable[dict[str, str]]) -> None:
        """Count all jobs anew."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO uptime_job_counts VALUES (?, ?, ?)",
            self._counted(jobs),
        )

    def damaged(self) -> StoreCorruptError:
        """The error that says that jobs are missing."""
        return StoreCorruptError(
            f"{self._path}: its list of jobs cannot be trusted, the file is damaged; "
            "restore it, or begin a new one"
        )

    def _of(self, name: str) -> tuple[object, object]:
        which = "name GLOB 'id *' OR name = ?" if name == ALL else "name = ?"
        jobs, total = self._connection.execute(
            f"SELECT sum(jobs), sum(total) FROM uptime_job_counts WHERE {which}",  # noqa: S608  # one of these two
            (name,),
        ).fetchone()
        return jobs, total

    @staticmethod
    def _counted(jobs: Iterable[dict[str, str]]) -> list[tuple[str, int, int]]:
        counts = dict.fromkeys(_NAMES, (0, 0))
        for names in jobs:
            for name, value in names.items():
                number, total = counts.get(name, (0, 0))
                checksum = crc32(value.encode(errors="replace"))
                counts[name] = number + 1, total + checksum
        return [(name, *count) for name, count in counts.items()]
