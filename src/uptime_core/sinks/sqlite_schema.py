"""The tables of a `SqliteSink`, and how those of earlier versions become these.

uptime_jobs        a job a row: its text, and beside it what is looked up
uptime_reports     a complete job's report a row, sealed with the job's id
uptime_job_counts  see `uptime_core.sinks.job_counts`
"""

from __future__ import annotations

import sqlite3
from hashlib import sha256
from zlib import crc32

from uptime_core.sinks.job_counts import TABLE, JobCounts, counted_as

VERSION = 2
SCHEMA = (
    """
    CREATE TABLE uptime_jobs(
        report_id TEXT PRIMARY KEY NOT NULL
            CHECK (length(report_id) = 32 AND report_id NOT GLOB '*[^0-9a-f]*'),
        created_at INTEGER NOT NULL,
        state TEXT NOT NULL
            CHECK (state IN ('queued', 'running', 'complete', 'failed', 'cancelled')),
        revision INTEGER NOT NULL CHECK (revision >= 0),
        key_hash TEXT UNIQUE,
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
        report BLOB NOT NULL,
        seal INTEGER NOT NULL DEFAULT 0
    ) STRICT
    """,
    TABLE,
)
ACTIVE_STATES = ("queued", "running")


def hash_of(key: str) -> str:
    """What is looked up for an idempotency key: its SHA-256."""
    return sha256(key.encode()).hexdigest()


def seal_of(report_id: str, report: bytes) -> int:
    """The checksum of a job's id and its report, which belong together."""
    return crc32(report, crc32(report_id.encode()))


def upgrade(connection: sqlite3.Connection) -> None:
    """Make the tables of version 1, which had neither counts nor seals, these.

    Raises:
        sqlite3.DatabaseError: They are damaged: what is lost could not be told later.
    """
    execute = connection.execute
    for table in ("uptime_jobs", "uptime_reports"):
        (found,) = execute(f"PRAGMA integrity_check({table})").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(found)
    execute("ALTER TABLE uptime_jobs RENAME COLUMN idempotency_key TO key_hash")
    jobs = execute("SELECT report_id, key_hash, state FROM uptime_jobs").fetchall()
    hashes = {
        report_id: None if key is None else hash_of(key) for report_id, key, _ in jobs
    }
    execute("UPDATE uptime_jobs SET key_hash = NULL")
    connection.executemany(
        "UPDATE uptime_jobs SET key_hash = ? WHERE report_id = ?",
        [(hashed, report_id) for report_id, hashed in hashes.items()],
    )
    execute(TABLE)
    JobCounts(connection, "").renew(
        counted_as(report_id, hashes[report_id], active=state in ACTIVE_STATES)
        for report_id, _, state in jobs
    )
    execute("ALTER TABLE uptime_reports ADD COLUMN seal INTEGER NOT NULL DEFAULT 0")
    for (report_id,) in execute("SELECT report_id FROM uptime_reports").fetchall():
        (report,) = execute(
            "SELECT report FROM uptime_reports WHERE report_id = ?", (report_id,)
        ).fetchone()
        execute(
            "UPDATE uptime_reports SET seal = ? WHERE report_id = ?",
            (seal_of(report_id, report), report_id),
        )
