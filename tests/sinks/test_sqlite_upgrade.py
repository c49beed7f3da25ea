"""Files of `SqliteSink` that uptime_core 0.2 has made."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import attrs
import pytest

from uptime_core import SqliteSink, StoreCorruptError
from uptime_core.job_record import job_text
from uptime_core.report_record import report_bytes
from uptime_core.testing.sink_samples import complete, job_of, report_of, running, same

if TYPE_CHECKING:
    from pathlib import Path

    from uptime_core import Job

SCHEMA = """
CREATE TABLE uptime_parts(part TEXT PRIMARY KEY NOT NULL, version INTEGER NOT NULL)
    STRICT;
INSERT INTO uptime_parts VALUES ('sink', 1);
CREATE TABLE uptime_jobs(
    report_id TEXT PRIMARY KEY NOT NULL
        CHECK (length(report_id) = 32 AND report_id NOT GLOB '*[^0-9a-f]*'),
    created_at INTEGER NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('queued', 'running', 'complete', 'failed', 'cancelled')),
    revision INTEGER NOT NULL CHECK (revision >= 0),
    idempotency_key TEXT UNIQUE,
    job TEXT NOT NULL
) STRICT;
CREATE INDEX uptime_jobs_active ON uptime_jobs(state)
    WHERE state IN ('queued', 'running');
CREATE TRIGGER uptime_jobs_final BEFORE UPDATE ON uptime_jobs
    WHEN OLD.state NOT IN ('queued', 'running') AND NEW.job IS NOT OLD.job
    BEGIN SELECT RAISE(ABORT, 'a report in a final state never changes'); END;
CREATE TABLE uptime_reports(
    report_id TEXT PRIMARY KEY NOT NULL,
    report BLOB NOT NULL
) STRICT;
"""
REPORT = report_of(3, shops=40)
JOBS = 60


def made(path: Path) -> list[Job]:
    """Jobs in three states, every other one with a key."""
    chance = random.Random(1)  # noqa: S311  # to be repeated
    jobs = []
    for number in range(JOBS):
        job = attrs.evolve(
            job_of(number, idempotency_key=f"key {number}" if number % 2 else None),
            report_id=f"{chance.getrandbits(128):032x}",
        )
        if number % 3:
            job = running(job)
        if number % 3 > 1:
            job = complete(job)
        jobs.append(job)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(SCHEMA)
        for job in jobs:
            connection.execute(
                "INSERT INTO uptime_jobs VALUES (?, ?, ?, ?, ?, ?)",
                (
                    job.report_id,
                    job.created_at,
                    job.state.value,
                    job.revision,
                    job.idempotency_key,
                    job_text(job),
                ),
            )
            if job.state == "complete":
                connection.execute(
                    "INSERT INTO uptime_reports VALUES (?, ?)",
                    (job.report_id, report_bytes(REPORT)),
                )
    return jobs


def test_all_is_there_as_before(tmp_path: Path) -> None:
    path = tmp_path / "sink.db"
    jobs = made(path)
    for _ in range(2):
        with SqliteSink(path) as sink:
            sink.check()
            assert list(sink.jobs()) == jobs
            active = [job for job in jobs if job.state != "complete"]
            assert list(sink.jobs(active=True)) == active
            for job in jobs:
                assert sink.job(job.report_id) == job
                found = sink.report(job.report_id)
                if job.state == "complete":
                    assert found is not None
                    assert same(found, REPORT)
                else:
                    assert found is None
                key = job.idempotency_key
                if key is not None:
                    assert list(sink.jobs(idempotency_key=key)) == [job]
                    assert not sink.swap(None, job_of(10**9, idempotency_key=key))
    with SqliteSink(path) as sink:
        assert sink.swap(jobs[0], running(jobs[0]))
        assert sink.swap(jobs[2], None)
        assert sink.swap(None, job_of(idempotency_key="new"))
        sink.check()


def test_a_damaged_job_is_the_trouble_of_its_own_report(tmp_path: Path) -> None:
    path = tmp_path / "sink.db"
    jobs = made(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "UPDATE uptime_jobs SET job = replace(job, 'store', 'stare') "
            "WHERE report_id = ?",
            (jobs[0].report_id,),
        )
    with SqliteSink(path) as sink:
        assert list(sink.jobs()) == jobs[1:]
        with pytest.raises(StoreCorruptError, match="delete the report"):
            sink.job(jobs[0].report_id)
        assert sink.discard(jobs[0].report_id)
        sink.check()


def test_a_file_with_lost_rows_is_not_taken_for_sound(tmp_path: Path) -> None:
    """What is lost is counted nowhere, so it could not be missed later."""
    path = tmp_path / "sink.db"
    jobs = made(path)
    data = bytearray(path.read_bytes())
    places, place = [], data.find(jobs[0].report_id.encode())
    while place >= 0:
        places.append(place)
        place = data.find(jobs[0].report_id.encode(), place + 1)
    assert len(places) >= 3  # the text, the column, the index
    refused = 0
    for place in places:
        changed = bytearray(data)
        changed[place + 5] ^= 1
        path.write_bytes(changed)
        try:
            with SqliteSink(path) as sink:
                assert jobs[0] not in sink.jobs()
                with pytest.raises(StoreCorruptError):
                    sink.job(jobs[0].report_id)
        except StoreCorruptError:
            assert path.read_bytes() == changed
            refused += 1
    assert refused >= 2


OPEN = """
import sys
from uptime_core import SqliteSink
with SqliteSink(sys.argv[1]) as sink:
    sink.check()
    print(len(sink.jobs()))
"""


def test_processes_that_come_at_once_all_find_it_new(tmp_path: Path) -> None:
    path = tmp_path / "sink.db"
    made(path)
    command = [sys.executable, "-c", OPEN, str(path)]
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # ours
        for _ in range(3)
    ]
    for process in processes:
        out, _ = process.communicate(timeout=60)
        assert (process.returncode, out.strip()) == (0, str(JOBS))
