"""A sink in an SQLite file."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from uptime_core.abc import ReportSink
from uptime_core.job_record import job_text
from uptime_core.jobs import JobState, is_report_id
from uptime_core.logs import warn
from uptime_core.report_record import report_bytes
from uptime_core.sinks.job_counts import JobCounts
from uptime_core.sinks.sqlite_jobs import JobRows
from uptime_core.sinks.sqlite_schema import SCHEMA, VERSION, upgrade
from uptime_core.sinks.swaps import may_be_key, may_swap, selected
from uptime_core.sqlite_database import Database
from uptime_core.values import flag

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    from uptime_core.errors import StoreCorruptError
    from uptime_core.jobs import Job
    from uptime_core.report import Report
    from uptime_core.sqlite_database import JournalMode


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
        self._database = Database(
            path, timeout=timeout, journal_mode=journal_mode, source="SqliteSink"
        )
        self._database.prepare(
            "sink", VERSION, SCHEMA, JobCounts.create, upgrades={1: upgrade}
        )
        self._left_out: set[str] = set()

    def job(self, report_id: str) -> Job | None:
        """The job of this id, or None.

        Raises:
            StoreCorruptError: It is damaged, or it cannot be told whether it is there.
        """
        if not is_report_id(report_id):
            return None
        with self._reading() as rows:
            return rows.find(report_id)

    def jobs(
        self, *, active: bool = False, idempotency_key: str | None = None
    ) -> Sequence[Job]:
        """Jobs, sorted by `created_at` and id; see `ReportSink.jobs`.

        Raises:
            StoreCorruptError: Some cannot be found, or the one with the key is damaged.
        """
        active = flag(active, "jobs", "active")
        if not may_be_key(idempotency_key):
            return ()
        with self._reading() as rows:
            if idempotency_key is not None:
                holder = rows.holder(idempotency_key)
                jobs = [] if holder is None else [holder]
            else:
                jobs = (rows.active if active else rows.all)(self._leave_out)
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
        if not may_swap(old, new, report, most_active):
            return False
        # Before the transaction, which others wait for.
        text = "" if new is None else job_text(new)
        content = None if report is None else report_bytes(report)
        with self._database.write() as connection:
            rows = JobRows(connection, self._database.path)
            if new is None:
                return old is not None and rows.remove(old)
            done = (
                rows.add(new, text, most_active)
                if old is None
                else rows.replace(old, new, text)
            )
            if done and content is not None:
                rows.put_report(new.report_id, content)
            return done

    def report(self, report_id: str) -> Report | None:
        """The report of a complete job, or None.

        Raises:
            StoreCorruptError: It is damaged or missing.
        """
        if not is_report_id(report_id):
            return None
        with self._reading() as rows:
            job = rows.find(report_id)
            if job is None or job.state is not JobState.COMPLETE:
                return None
            return rows.report(report_id)

    def discard(self, report_id: str) -> bool:
        """Remove a report whose job is damaged; see `ReportSink.discard`.

        Raises:
            StoreCorruptError: Other jobs cannot be found; nothing changed.
        """
        if not is_report_id(report_id):
            return False
        with self._database.write() as connection:
            return JobRows(connection, self._database.path).discard(report_id)

    def check(self) -> None:
        """Read all there is and see whether it can be trusted.

        Raises:
            StoreCorruptError: It cannot; the message says which report is damaged.
        """
        with self._reading() as rows:
            rows.check()

    def close(self) -> None:
        """Close the connections; whatever is asked after that is an error."""
        self._database.close()

    def __repr__(self) -> str:
        return f"<SqliteSink: {self._database.path}>"

    @contextmanager
    def _reading(self) -> Iterator[JobRows]:
        with self._database.read() as connection:
            yield JobRows(connection, self._database.path)

    def _leave_out(self, error: StoreCorruptError) -> None:
        """Tell, once, of a job that is damaged."""
        if str(error) not in self._left_out:
            self._left_out.add(str(error))
            warn("a report is left out", error)
