"""A sink in an SQLite file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uptime_core.abc import ReportSink
from uptime_core.errors import damaged
from uptime_core.job_record import job_text, parse_job
from uptime_core.jobs import JobState, is_report_id
from uptime_core.report_record import parse_report, report_bytes
from uptime_core.sinks.swaps import may_be_key, may_swap, queue_is_full, selected
from uptime_core.sqlite_database import Database

if TYPE_CHECKING:
    import os
    import sqlite3
    from collections.abc import Sequence

    from uptime_core.jobs import Job
    from uptime_core.report import Report
    from uptime_core.sqlite_database import JournalMode

_TABLES = (
    # Beside a job's text stands what is looked up; the two have to agree.
    """
    CREATE TABLE uptime_jobs(
        report_id TEXT PRIMARY KEY NOT NULL
            CHECK (length(report_id) = 32 AND report_id NOT GLOB '*[^0-9a-f]*'),
        created_at INTEGER NOT NULL,
        state TEXT NOT NULL
            CHECK (state IN ('queued', 'running', 'complete', 'failed', 'cancelled')),
        revision INTEGER NOT NULL CHECK (revision >= 0),
        idempotency_key TEXT UNIQUE,
        job TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE INDEX uptime_jobs_active ON uptime_jobs(state)
        WHERE state IN ('queued', 'running')
    """,
    """
    CREATE TRIGGER uptime_jobs_final BEFORE UPDATE ON uptime_jobs
        WHEN OLD.state NOT IN ('queued', 'running') AND NEW.job IS NOT OLD.job
        BEGIN SELECT RAISE(ABORT, 'a report in a final state never changes'); END
    """,
    """
    CREATE TABLE uptime_reports(
        report_id TEXT PRIMARY KEY NOT NULL,
        report BLOB NOT NULL
    ) STRICT
    """,
)
_COLUMNS = "report_id, created_at, state, revision, idempotency_key, job"
_ACTIVE = "state IN ('queued', 'running')"


class SqliteSink(ReportSink):
    """Keeps jobs and reports in an SQLite file, which may be that of a store.

    Args:
        path: The file; made if it does not exist, its folder is not.
        timeout: For how many seconds a lock is waited for.
        journal_mode: What a new file gets, `delete` or `wal`; by default `wal` where
            it is safe. An existing file keeps what it has.

    Raises:
        InputError: An argument is none of these.
        StoreVersionError: A newer version of this library made the file.
        StoreCorruptError: It is no SQLite file, or a damaged one.
        OSError: It cannot be opened or made.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        timeout: float = 30.0,
        journal_mode: JournalMode | None = None,
    ) -> None:
        self._database = Database(path, timeout=timeout, journal_mode=journal_mode)
        self._database.prepare("sink", 1, _TABLES)

    def job(self, report_id: str) -> Job | None:
        """The job of this id, or None."""
        if not is_report_id(report_id):
            return None
        with self._database.read() as connection:
            return self._job(connection, report_id)

    def jobs(
        self, *, active: bool = False, idempotency_key: str | None = None
    ) -> Sequence[Job]:
        """Jobs, sorted by `created_at` and id; see `ReportSink.jobs`."""
        if not may_be_key(idempotency_key):
            return ()
        condition, values = "TRUE", []
        if idempotency_key is not None:
            condition, values = "idempotency_key = ?", [idempotency_key]
        elif active:
            condition = _ACTIVE
        query = f"SELECT {_COLUMNS} FROM uptime_jobs WHERE {condition}"  # noqa: S608  # constants only
        with self._database.read() as connection:
            rows = connection.execute(query, values).fetchall()
        jobs = map(self._checked, rows)
        return selected(jobs, active=active, idempotency_key=idempotency_key)

    def swap(
        self,
        old: Job | None,
        new: Job | None,
        *,
        report: Report | None = None,
        most_active: int | None = None,
    ) -> bool:
        """Put a job in the place of another; see `ReportSink.swap`.

        Raises:
            QueueFullError: `most_active` are queued or running.
            InputError: The jobs are not of one report, or the report is not due.
            IllegalTransitionError: The old job is in a final state.
            StoreBusyError: Another process kept the file locked for too long.
            StoreFullError: There is no room left; nothing changed.
        """
        if not may_swap(old, new, report):
            return False
        # Before the transaction, which others wait for.
        values = None if new is None else (*_lookups(new), job_text(new))
        content = None if report is None else report_bytes(report)
        with self._database.write() as connection:
            if old is None:
                done = values is not None and _added(connection, values, most_active)
            elif values is None:
                done = _deleted(connection, old)
            else:
                done = _replaced(connection, old, values)
            if done and values is not None and content is not None:
                connection.execute(
                    "INSERT OR REPLACE INTO uptime_reports VALUES (?, ?)",
                    (values[0], content),
                )
            return done

    def report(self, report_id: str) -> Report | None:
        """The report of a complete job, or None.

        Raises:
            StoreCorruptError: It is damaged or missing.
        """
        if not is_report_id(report_id):
            return None
        with self._database.read() as connection:
            job = self._job(connection, report_id)
            if job is None or job.state is not JobState.COMPLETE:
                return None
            row = connection.execute(
                "SELECT report FROM uptime_reports WHERE report_id = ?", (report_id,)
            ).fetchone()
        source = self._source(report_id)
        if row is None:
            raise damaged(source, "it is complete, but is not there")
        return parse_report(row[0], source)

    def close(self) -> None:
        """Close the connections; whatever is asked after that is an error."""
        self._database.close()

    def __repr__(self) -> str:
        return f"<SqliteSink: {self._database.path}>"

    def _job(self, connection: sqlite3.Connection, report_id: str) -> Job | None:
        row = connection.execute(
            f"SELECT {_COLUMNS} FROM uptime_jobs WHERE report_id = ?",  # noqa: S608  # constants only
            (report_id,),
        ).fetchone()
        return None if row is None else self._checked(row)

    def _checked(self, row: tuple[Any, ...]) -> Job:
        *lookups, text = row
        source = self._source(row[0])
        job = parse_job(text, source)
        if tuple(lookups) != _lookups(job):
            raise damaged(source, "its columns contradict each other")
        return job

    def _source(self, report_id: str) -> str:
        return f"{self._database.path}: report {report_id}"


def _lookups(job: Job) -> tuple[Any, ...]:
    """What stands in the columns beside a job's text."""
    return (
        job.report_id,
        job.created_at,
        job.state.value,
        job.revision,
        job.idempotency_key,
    )


def _added(
    connection: sqlite3.Connection, values: tuple[Any, ...], most_active: int | None
) -> bool:
    report_id, _, _, _, key, _ = values
    taken = connection.execute(
        "SELECT 1 FROM uptime_jobs WHERE report_id = ? OR idempotency_key = ?",
        (report_id, key),
    ).fetchone()
    if taken is not None:
        return False
    if most_active is not None:
        (active,) = connection.execute(
            f"SELECT count(*) FROM uptime_jobs WHERE {_ACTIVE}"  # noqa: S608  # a constant
        ).fetchone()
        if active >= most_active:
            raise queue_is_full(most_active)
    connection.execute(
        f"INSERT INTO uptime_jobs({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608  # constants only
        values,
    )
    return True


def _replaced(
    connection: sqlite3.Connection, old: Job, values: tuple[Any, ...]
) -> bool:
    _, _, state, revision, _, text = values
    changed = connection.execute(
        "UPDATE uptime_jobs SET state = ?, revision = ?, job = ? "
        "WHERE report_id = ? AND revision = ?",
        (state, revision, text, old.report_id, old.revision),
    )
    return changed.rowcount == 1


def _deleted(connection: sqlite3.Connection, old: Job) -> bool:
    deleted = connection.execute(
        "DELETE FROM uptime_jobs WHERE report_id = ? AND revision = ?",
        (old.report_id, old.revision),
    )
    if deleted.rowcount != 1:
        return False
    connection.execute(
        "DELETE FROM uptime_reports WHERE report_id = ?", (old.report_id,)
    )
    return True
