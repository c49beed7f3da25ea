"""The rows of a `SqliteSink`: each checked, and missed if it is not found.

A job's text has a checksum, so one that is damaged is told from all others, which are
read as before. A row that its page or an index does not give any more is missed by the
counts: what is not found is not there only if they say so.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from uptime_core.errors import StoreCorruptError, damaged, damaged_report
from uptime_core.job_record import parse_job
from uptime_core.jobs import Job, JobState
from uptime_core.report_record import parse_report
from uptime_core.sinks.job_counts import ACTIVE, ALL, JobCounts, counted_as, prefix_of
from uptime_core.sinks.sqlite_schema import ACTIVE_STATES, hash_of, seal_of
from uptime_core.sinks.swaps import queue_is_full

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence

    from uptime_core.report import Report

# A damaged page may hold anything; as bytes, anything can be read. Rows are chosen by
# number: otherwise SQLite takes some of their columns from an index.
_CELLS = ", ".join(
    f"CAST({column} AS BLOB)"
    for column in ("report_id", "created_at", "state", "revision", "key_hash", "job")
)
_ACTIVE = "state IN ('queued', 'running')"


class JobRows:
    """The tables, within one transaction.

    Args:
        connection: A connection in a transaction.
        path: The file, for messages.
    """

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        self._execute = connection.execute
        self._path = path
        self._counts = JobCounts(connection, path)

    def find(self, report_id: str) -> Job | None:
        """The job of an id, or None.

        Raises:
            StoreCorruptError: It is damaged, or it cannot be told whether it is there.
        """
        return self._one("report_id", report_id)

    def holder(self, key: str) -> Job | None:
        """The job with a key, or None; raises like `find`."""
        return self._one("key_hash", hash_of(key))

    def active(self, leave_out: Callable[[StoreCorruptError], object]) -> list[Job]:
        """The jobs that are queued or running.

        Args:
            leave_out: Called for each that is damaged.

        Raises:
            StoreCorruptError: Some cannot be found.
        """
        which = f"WHERE rowid IN (SELECT rowid FROM uptime_jobs WHERE {_ACTIVE})"  # noqa: S608  # a constant
        return self._listed(which, ACTIVE, leave_out)

    def all(self, leave_out: Callable[[StoreCorruptError], object]) -> list[Job]:
        """All jobs; as `active`."""
        return self._listed("NOT INDEXED", ALL, leave_out)

    def add(self, job: Job, text: str, most_active: int | None) -> bool:
        """Add a job, unless its id or its key is there.

        Raises:
            QueueFullError: `most_active` are queued or running.
            StoreCorruptError: It cannot be told.
        """
        hashed = _key_hash(job)
        for column, value in (("report_id", job.report_id), ("key_hash", hashed)):
            if value is not None and self._is_there(column, value):
                return False
        if most_active is not None:
            ((active,),) = self._rows(f"WHERE {_ACTIVE}", (), "count(*)")
            self._counts.require_so_many(ACTIVE, active)
            if active >= most_active:
                raise queue_is_full(most_active)
        state = job.state.value
        self._execute(
            "INSERT INTO uptime_jobs(report_id, created_at, state, revision, key_hash, "
            "job) VALUES (?, ?, ?, ?, ?, ?)",
            (job.report_id, job.created_at, state, job.revision, hashed, text),
        )
        self._counts.change(_names(job), 1)
        return True

    def replace(self, old: Job, new: Job, text: str) -> bool:
        """Put a job in the place of another, if that is there unchanged."""
        current = self._unchanged(old)
        if current is None:
            return False
        self._execute(
            "UPDATE uptime_jobs SET state = ?, revision = ?, job = ? "
            "WHERE report_id = ?",
            (new.state.value, new.revision, text, old.report_id),
        )
        if new.state.is_final and not current.state.is_final:
            self._counts.change({ACTIVE: new.report_id}, -1)
        return True

    def remove(self, old: Job) -> bool:
        """Delete a job and its report, if it is there unchanged."""
        current = self._unchanged(old)
        if current is None:
            return False
        self._execute("DELETE FROM uptime_jobs WHERE report_id = ?", (old.report_id,))
        self._delete_report(old.report_id)
        self._counts.change(_names(current), -1)
        return True

    def discard(self, report_id: str) -> bool:
        """Delete a job that is damaged, and its report; no other.

        What has been counted of it is known no more, so all is counted anew. That is
        done only if no other row is missed: it would not be any more.

        Raises:
            StoreCorruptError: Rows are missed.
        """
        with suppress(StoreCorruptError):
            self.find(report_id)
            return False
        found = self._rows("WHERE report_id = ?", (report_id,), "rowid")
        if not found:
            raise self._counts.damaged()
        (place,) = found
        ((rows,),) = self._rows("NOT INDEXED", (), "count(*)")
        self._counts.require_so_many(ALL, rows)
        # Indexes have what the row had; SQLite would look for what it has.
        self._execute("REINDEX uptime_jobs")
        self._execute("DELETE FROM uptime_jobs WHERE rowid = ?", place)
        self._delete_report(report_id)
        self._counts.renew(self._countable())
        return True

    def put_report(self, report_id: str, content: bytes) -> None:
        """Write the report of a job."""
        self._execute(
            "INSERT OR REPLACE INTO uptime_reports(report_id, report, seal) "
            "VALUES (?, ?, ?)",
            (report_id, content, seal_of(report_id, content)),
        )

    def report(self, report_id: str) -> Report:
        """The report of a complete job.

        Raises:
            StoreCorruptError: It is damaged or missing.
        """
        row = self._execute(
            "SELECT CAST(report AS BLOB), seal FROM uptime_reports WHERE report_id = ?",
            (report_id,),
        ).fetchone()
        if row is None:
            raise self._fault(report_id, "it is complete, but is not there")
        content, seal = row
        if content is None or seal != seal_of(report_id, content):
            # Its own checksum would fit that of another job's.
            raise self._fault(report_id, "the report is damaged, or another job's")
        return parse_report(content, self._source(report_id))

    def check(self) -> None:
        """See whether all there is can be trusted.

        Raises:
            StoreCorruptError: It cannot.
        """
        (found,) = self._execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok":
            raise damaged(self._path, f"SQLite finds: {' '.join(str(found).split())}")
        jobs = self.all(_refuse)
        self._counts.check(map(_names, jobs))
        complete = {job.report_id for job in jobs if job.state is JobState.COMPLETE}
        for report_id in sorted(complete):
            self.report(report_id)
        kept = self._execute("SELECT report_id FROM uptime_reports").fetchall()
        for report_id in sorted({report_id for (report_id,) in kept} - complete):
            raise self._fault(report_id, "there is a report, and no complete job")

    def _one(self, column: str, value: str) -> Job | None:
        """The only job with a value in a column, or None."""
        place = f"(SELECT rowid FROM uptime_jobs WHERE {column} = ?)"  # noqa: S608  # a name
        rows = self._rows(f"WHERE rowid = {place}", (value,))
        if not rows:
            self._require_absent(column, value)
            return None
        _, job = self._read(rows[0])
        if not isinstance(job, Job):
            raise job
        if value not in (job.report_id, _key_hash(job)):
            raise self._fault(value, "the job found for it is another one")
        return job

    def _unchanged(self, old: Job) -> Job | None:
        """The job as it stands, if it is the same as when it was read."""
        job = self.find(old.report_id)
        return None if job is None or job.revision != old.revision else job

    def _require_absent(self, column: str, value: str) -> None:
        """What was not found is not there, as far as the count of its like tells."""
        if self._is_there(column, value):
            raise self._counts.damaged()

    def _is_there(self, column: str, value: str) -> bool:
        """Whether a value is among its like, of which none is missing."""
        prefix = prefix_of(value)
        found = self._rows(
            f"WHERE {column} >= ? AND {column} < ?",
            (prefix, f"{prefix}g"),  # a letter behind all digits
            f"CAST({column} AS BLOB)",
        )
        values = [cell for (cell,) in found]
        kind = "id" if column == "report_id" else "key"
        self._counts.require_all(f"{kind} {prefix}", values)
        return value.encode() in values

    def _listed(
        self, which: str, names: str, leave_out: Callable[[StoreCorruptError], object]
    ) -> list[Job]:
        read = [self._read(row) for row in self._rows(which)]
        self._counts.require_all(names, [report_id for report_id, _ in read])
        jobs = []
        for _, job in read:
            if isinstance(job, Job):
                jobs.append(job)
            else:
                leave_out(job)
        return jobs

    def _read(self, row: tuple[Any, ...]) -> tuple[bytes, Job | StoreCorruptError]:
        """A row's id, and its job or what is wrong with it."""
        *cells, text = row
        report_id = cells[0] or b""
        try:
            job = parse_job(text, self._source(_shown(report_id)))
        except StoreCorruptError as error:
            return report_id, error
        lookups = (
            job.report_id,
            job.created_at,
            job.state.value,
            job.revision,
            _key_hash(job),
        )
        if cells != [None if look is None else str(look).encode() for look in lookups]:
            fault = self._fault(job.report_id, "its columns contradict each other")
            return job.report_id.encode(), fault
        return report_id, job

    def _countable(self) -> Iterator[dict[str, str]]:
        """How each job is counted, also one that is damaged."""
        for row in self._rows("NOT INDEXED"):
            report_id, job = self._read(row)
            if isinstance(job, Job):
                yield _names(job)
            else:
                _, _, state, _, hashed, _ = row
                yield counted_as(
                    _shown(report_id),
                    None if hashed is None else _shown(hashed),
                    active=_shown(state or b"") in ACTIVE_STATES,
                )

    def _rows(
        self, which: str, values: Sequence[str | int] = (), what: str = _CELLS
    ) -> list[tuple[Any, ...]]:
        # Not a cursor: one that an error's traceback holds keeps its lock.
        query = f"SELECT {what} FROM uptime_jobs {which}"  # noqa: S608  # constants only
        return self._execute(query, values).fetchall()

    def _delete_report(self, report_id: str) -> None:
        self._execute("DELETE FROM uptime_reports WHERE report_id = ?", (report_id,))

    def _source(self, report_id: str) -> str:
        return f"{self._path}: report {report_id}"

    def _fault(self, report_id: str, what: str) -> StoreCorruptError:
        return damaged_report(self._source(report_id), what)


def _key_hash(job: Job) -> str | None:
    return None if job.idempotency_key is None else hash_of(job.idempotency_key)


def _names(job: Job) -> dict[str, str]:
    return counted_as(job.report_id, _key_hash(job), active=not job.state.is_final)


def _shown(cell: bytes) -> str:
    return cell.decode("ascii", "backslashreplace")


def _refuse(error: StoreCorruptError) -> None:
    raise error
