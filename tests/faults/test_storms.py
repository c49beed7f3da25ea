"""Services in processes of their own that are killed, stopped and led astray.

All read one SQLite file, which takes polls in meanwhile. What is left to chance follows
from UPTIME_CORE_SEED.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import threading
import time
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.faults.samples import DISKS, SHORT_LEASE, line_of, python
from tests.faults.service import (
    FIRST,
    IDS,
    PROGRAM,
    WatchedStore,
    check_report,
    expected,
    first_store,
    job_in,
    kept,
    number_of,
    running,
    shared_sink,
    tell,
)

from uptime_core import (
    CsvSink,
    JobState,
    ReportManager,
    SqliteStore,
    report_bytes,
)
from uptime_core.instants import to_datetime
from uptime_core.jobs import MOST_ATTEMPTS
from uptime_core.testing.stepped import A_WHILE

if TYPE_CHECKING:
    from pathlib import Path

    from uptime_core import ReportSink

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no signals"),
]

SEED = os.environ.get("UPTIME_CORE_SEED", "1")


# Killed


class Victim:
    """A service that kills itself at some moment, and what it said before."""

    def __init__(self, role: str, *arguments: object) -> None:
        self.role = role
        self.process = python(PROGRAM, role, *arguments)
        self._until = time.monotonic() + A_WHILE
        self._said: list[str] = []
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def has_ended(self) -> bool:
        if time.monotonic() > self._until:
            self.process.kill()
        return self.process.poll() is not None

    def end(self) -> list[list[str]]:
        """The words of all lines that it said."""
        self.process.kill()
        self.process.wait()
        self._listener.join()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()
        return [line.split() for line in self._said if line.endswith("\n")]

    def _listen(self) -> None:
        assert self.process.stdout is not None
        self._said += self.process.stdout


REPORTS = 12
"""So many that one of them may be killed three times, which is its end."""

STEPS = {
    "ingest": ("ingest", "compact", "anytime"),
    "make": (
        "trigger",
        "add",
        "queued to running",
        "read",
        "compute",
        "running to complete",
        "anytime",
    ),
}


class Storm:
    """Services over one file that are killed again and again, and begun anew.

    Attributes:
        acknowledged: The batches that were taken in.
        ids: The reports that were triggered, by service and number.
    """

    def __init__(self, folder: Path, kind: str, sink: ReportSink) -> None:
        self.acknowledged = {0}
        self.ids: dict[tuple[str, int], str] = {}
        self._folder, self._kind, self._sink = folder, kind, sink
        self._next = dict.fromkeys(("a", "b"), 0)
        self._begun = 0
        self._seen: dict[str, bytes] = {}

    def rage(self, kills: int) -> None:
        """Kill so many services, and go on until there are some reports."""
        victims: dict[str, Victim] = {}
        killed = 0
        looked = time.monotonic()
        try:
            while killed < kills or (len(self.ids) < REPORTS and killed < 9 * kills):
                for name in ("ingest", *self._next):
                    if name not in victims:
                        victims[name] = self._begin(name)
                    elif victims[name].has_ended():
                        self._end(name, victims.pop(name))
                        killed += 1
                if time.monotonic() - looked > 0.25:
                    self.look()
                    looked = time.monotonic()
                time.sleep(0.005)
        finally:
            for name, victim in victims.items():
                self._end(name, victim)

    def look(self) -> None:
        """No report is visible before it is complete, and none changes after that."""
        for job in self._sink.jobs():
            if job.report_id not in self._seen:
                report = kept(self._sink, job.report_id)
                state = job_in(self._sink, job.report_id).state
                assert report is None or state is JobState.COMPLETE
                assert report is not None or job.state is not JobState.COMPLETE
                if report is not None:
                    self._seen[job.report_id] = report

    def check_reports(self) -> None:
        """Each id has come to its end, and those that have a report, to the right one.

        All other attempts were those of services that were killed.
        """
        jobs = {job.report_id: job for job in self._sink.jobs()}
        assert set(self.ids.values()) <= set(jobs)
        for report_id, job in jobs.items():
            report = self._sink.report(report_id)
            if job.state is JobState.COMPLETE:
                assert report is not None
                check_report(report)
                assert self._seen.get(report_id) in (None, report_bytes(report))
            else:
                assert (job.state, report) == (JobState.FAILED, None)
                assert job.attempt == MOST_ATTEMPTS
                assert "died or hung" in str(job.error)
        states = [job.state for job in jobs.values()]
        assert states.count(JobState.COMPLETE) > 0.8 * len(states)

    def check_batches(self, store: SqliteStore) -> None:
        """All that was acknowledged is there, and no part of a batch."""
        store.check()
        at = np.concatenate([polls.at for polls in store.polls()])
        polls = Counter(at.tolist())
        numbers = {number_of(to_datetime(micros)) for micros in polls}
        assert set(polls.values()) == {len(IDS)}
        last = max(self.acknowledged)
        assert numbers - {last + 1} == set(range(FIRST, last + 1))

    def _begin(self, name: str) -> Victim:
        self._begun += 1
        seed = f"{SEED}-{self._kind}-{self._begun}"
        chance = random.Random(seed)  # noqa: S311  # to be repeated
        role = "ingest" if name == "ingest" else "make"
        how = (chance.choice(STEPS[role]), seed)
        if role == "ingest":
            return Victim(role, self._folder, max(self.acknowledged) + 1, *how)
        return Victim(role, self._folder, self._kind, name, self._next[name], *how)

    def _end(self, name: str, victim: Victim) -> None:
        said = victim.end()
        assert victim.process.returncode == -signal.SIGKILL, f"{SEED}: {name}, {said}"
        if name == "ingest":
            self.acknowledged |= {int(number) for (number,) in said}
            return
        for number, report_id in said:
            # What was triggered last is triggered again by the next service.
            assert self.ids.setdefault((name, int(number)), report_id) == report_id
            self._next[name] = int(number)


@pytest.mark.parametrize(
    ("kind", "kills"),
    [
        ("sqlite", 7),
        ("csv", 5),
        pytest.param("sqlite", 130, marks=pytest.mark.deep),
        pytest.param("csv", 90, marks=pytest.mark.deep),
    ],
)
def test_nothing_is_lost_in_a_storm_of_kills(
    kind: str, kills: int, tmp_path: Path
) -> None:
    with first_store(tmp_path) as store, shared_sink(kind, tmp_path) as sink:
        storm = Storm(tmp_path, kind, sink)
        storm.rage(kills)
        storm.look()
        with ReportManager(store, sink, lease=SHORT_LEASE) as manager:
            for job in sink.jobs():
                manager.wait(job.report_id, 2 * A_WHILE)
        storm.check_reports()
        storm.check_batches(store)
        assert len(storm.ids) > kills / 4
        complete = {job.report_id for job in sink.jobs() if job.state == "complete"}
        if kind == "sqlite":
            check_rows(tmp_path, complete)
        else:
            check_files(tmp_path, complete)


def check_rows(folder: Path, complete: set[str]) -> None:
    connection = sqlite3.connect(folder / "shared.db")
    rows = connection.execute("SELECT report_id FROM uptime_reports").fetchall()
    assert {report_id for (report_id,) in rows} == complete
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def check_files(folder: Path, complete: set[str]) -> None:
    reports = folder / "reports"
    with CsvSink(reports) as sink:  # opening it removes what was left half-written
        assert list((reports / "partial").iterdir()) == []
        assert {path.stem for path in reports.glob("*.csv")} == complete
        for report_id in complete:
            report = sink.report(report_id)
            assert report is not None
            text = (reports / f"{report_id}.csv").read_text("utf-8")
            assert text == report.to_csv()


# At once


@pytest.mark.parametrize(
    ("kind", "processes", "keys"),
    [
        ("sqlite", 2, 8),
        ("sqlite", 8, 3),
        ("csv", 2, 8),
        pytest.param("sqlite", 2, 60, marks=pytest.mark.deep),
        pytest.param("sqlite", 8, 40, marks=pytest.mark.deep),
        pytest.param("csv", 8, 40, marks=pytest.mark.deep),
    ],
)
def test_processes_with_the_same_keys_get_the_same_reports(
    kind: str, processes: int, keys: int, tmp_path: Path
) -> None:
    with first_store(tmp_path), ExitStack() as stack:
        racers = [
            stack.enter_context(running("race", tmp_path, kind, keys))
            for _ in range(processes)
        ]
        for racer in racers:
            assert line_of(racer) == "ready"
        for racer in racers:
            tell(racer)
        shared = {line_of(racer) for racer in racers}
        own = [report_id for racer in racers for report_id in line_of(racer).split()]
        assert [racer.wait(A_WHILE) for racer in racers] == [0] * processes
    assert len(shared) == 1
    ids = {*shared.pop().split(), *own}
    with shared_sink(kind, tmp_path) as sink:
        assert len(ids) == keys + len(own) == len(sink.jobs())
        assert {job.state for job in sink.jobs()} == {JobState.COMPLETE}
        for report_id in ids:
            report = sink.report(report_id)
            assert report == expected(0)


# Stopped


@pytest.mark.parametrize(
    ("kind", "step"),
    [
        ("sqlite", "compute"),
        ("sqlite", "running to complete"),
        ("csv", "running to complete"),
        pytest.param("sqlite", "read", marks=pytest.mark.deep),
        pytest.param("csv", "read", marks=pytest.mark.deep),
        pytest.param("csv", "compute", marks=pytest.mark.deep),
    ],
)
def test_a_stopped_service_that_goes_on_changes_nothing(
    kind: str, step: str, tmp_path: Path
) -> None:
    """It was stopped for longer than its lease, and another one took over."""
    lease = SHORT_LEASE / 2
    with (
        first_store(tmp_path) as store,
        shared_sink(kind, tmp_path) as sink,
        running("stop_at", tmp_path, kind, step) as stopped,
    ):
        asker = ReportManager(store, sink, lease=lease, max_workers=0)
        report_id = asker.trigger()
        assert line_of(stopped) == "stopped"
        with ReportManager(store, sink, lease=lease) as other:
            other.start()
            status = asker.wait(report_id, A_WHILE)
        assert (status.state, status.attempt) == ("complete", 2)
        job, report = job_in(sink, report_id), kept(sink, report_id)
        check_report(asker.get(report_id))

        stopped.send_signal(signal.SIGCONT)
        again = asker.trigger()  # its only place is free when the first has ended
        assert asker.wait(again, A_WHILE).attempt == 1
        assert asker.get(again) == asker.get(report_id)
        tell(stopped)
        assert stopped.wait(A_WHILE) == 0
        assert (job_in(sink, report_id), kept(sink, report_id)) == (job, report)
        asker.close()


@pytest.mark.parametrize("kind", DISKS)
@pytest.mark.parametrize("step", ["compute", "running to complete"])
def test_a_stopped_service_goes_on_while_another_makes_its_report(
    kind: str, step: str, tmp_path: Path
) -> None:
    """Its claim is over, though the report is still, or again, being made."""
    lease = SHORT_LEASE / 2
    reads, goes_on = threading.Event(), threading.Event()

    def hold(begins: str) -> None:
        if begins == "read":
            reads.set()
            goes_on.wait(A_WHILE)

    with (
        first_store(tmp_path) as store,
        shared_sink(kind, tmp_path) as sink,
        running("stop_at", tmp_path, kind, step) as stopped,
    ):
        asker = ReportManager(store, sink, lease=lease, max_workers=0)
        report_id = asker.trigger()
        assert line_of(stopped) == "stopped"
        slow = WatchedStore(tmp_path / "shared.db", hold)
        with slow, ReportManager(slow, sink, lease=5 * lease, max_workers=1) as other:
            assert reads.wait(A_WHILE)
            stopped.send_signal(signal.SIGCONT)
            again = asker.trigger()  # made when the first has ended
            assert asker.wait(again, A_WHILE).attempt == 1
            status = asker.status(report_id)
            assert (status.state, status.attempt) == ("running", 2)
            assert sink.report(report_id) is None
            goes_on.set()
            assert other.wait(report_id, A_WHILE).attempt == 2
        check_report(asker.get(report_id))
        asker.close()


@pytest.mark.parametrize(
    ("on_sigterm", "code", "attempt", "kind"),
    [
        ("leaves", 143, 1, "sqlite"),
        ("ends", -15, 2, "csv"),
        pytest.param("leaves", 143, 1, "csv", marks=pytest.mark.deep),
        pytest.param("ends", -15, 2, "sqlite", marks=pytest.mark.deep),
    ],
)
def test_a_service_ends_at_once_on_sigterm_and_another_takes_over(
    kind: str, on_sigterm: str, code: int, attempt: int, tmp_path: Path
) -> None:
    with (
        first_store(tmp_path) as store,
        shared_sink(kind, tmp_path) as sink,
        running("serve", tmp_path, kind, on_sigterm) as service,
    ):
        assert line_of(service) == "ready"
        asker = ReportManager(store, sink, lease=SHORT_LEASE, max_workers=0)
        report_id = asker.trigger()
        assert line_of(service) == "block"
        service.terminate()
        assert service.wait(5) == code
        state = asker.status(report_id).state
        assert state == ("queued" if attempt == 1 else "running")
        with ReportManager(store, sink, lease=SHORT_LEASE) as other:
            status = other.wait(report_id, A_WHILE)
        assert (status.state, status.attempt) == ("complete", attempt)
        check_report(asker.get(report_id))
        asker.close()


# Led astray


@pytest.mark.parametrize("kind", DISKS)
@pytest.mark.parametrize("reports", [6, pytest.param(60, marks=pytest.mark.deep)])
def test_a_clock_that_jumps_leaves_nothing_stuck_and_changes_no_report(
    kind: str, reports: int, tmp_path: Path
) -> None:
    """Its service takes running reports from the other, which is allowed; no more."""
    seen: dict[str, bytes] = {}
    with (
        first_store(tmp_path) as store,
        shared_sink(kind, tmp_path) as sink,
        running("jump", tmp_path, kind, reports, SEED) as jumping,
        ReportManager(store, sink, lease=SHORT_LEASE) as manager,
    ):
        ids = [manager.trigger() for _ in range(reports)]
        while (said := line_of(jumping)) != "done":
            ids += [said, manager.trigger()]
            for report_id in ids:
                report = kept(sink, report_id)
                assert report is not None or report_id not in seen
                if report is not None:
                    assert seen.setdefault(report_id, report) == report
        for report_id in ids:
            status = manager.wait(report_id, A_WHILE)
            if status.state is JobState.FAILED:
                assert status.attempt == MOST_ATTEMPTS
                assert "died or hung" in str(status.error)
            else:
                check_report(manager.get(report_id))
                report = kept(sink, report_id)
                assert seen.setdefault(report_id, report or b"") == report
        tell(jumping)
        assert jumping.wait(A_WHILE) == 0
        assert len(seen) > reports
        assert {report_id: kept(sink, report_id) for report_id in seen} == seen
        assert sink.jobs(active=True) == ()
