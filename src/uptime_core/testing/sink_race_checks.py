"""Checks of several that use a sink at once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import attrs

from uptime_core.errors import QueueFullError
from uptime_core.jobs import Complete, JobState
from uptime_core.testing.checks import Checks, at_once
from uptime_core.testing.failures import require, require_equal
from uptime_core.testing.sink_samples import (
    after,
    complete,
    failed,
    job_of,
    report_of,
    running,
    same,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from uptime_core.abc import ReportSink
    from uptime_core.jobs import Job
    from uptime_core.report import Report
    from uptime_core.testing.sink_bench import SinkBench

checks: Checks[SinkBench] = Checks()

THREADS = 8
MOST = 10


def _sinks(bench: SinkBench) -> list[ReportSink]:
    return [bench.sink, bench.second]


@checks("sink.one-wins", "sink.threads")
def swaps_at_once(bench: SinkBench) -> None:
    """Of several claims of one job, one is done, and it is that one that is there."""
    sinks, job = _sinks(bench), job_of()
    bench.add(job)
    for turn in range(10):
        current = job

        def change(number: int, current: Job = current) -> bool:
            claimed = attrs.evolve(running(current), owner=str(number))
            return sinks[number % 2].swap(current, claimed)

        won = at_once(THREADS, change)
        require_equal("how many swaps were done", won.count(True), 1)
        owner = str(won.index(True))
        bench.note(current, attrs.evolve(running(current), owner=owner), None)
        bench.holds("sink.one-wins")
        found = bench.jobs[job.report_id]
        job = attrs.evolve(found, state=JobState.QUEUED, revision=2 * turn + 2)
        bench.swap(found, job)


@checks("sink.one-wins", "sink.atomic")
def reports_published_at_once(bench: SinkBench) -> None:
    """Of several that publish a report, or let it fail, one does, and wholly."""
    sinks, reports = _sinks(bench), [report_of(number) for number in range(THREADS)]
    for turn in range(4):
        job = running(job_of(turn))
        bench.add(job)

        def end(number: int, job: Job = job) -> Job:
            if number % 4 == 3:  # noqa: PLR2004  # some of them
                return failed(job)
            return after(job, Complete(job.fence, total=number))

        def publish(number: int, job: Job = job) -> bool:
            done = end(number, job)
            made = reports[number] if done.state is JobState.COMPLETE else None
            return sinks[number % 2].swap(job, done, report=made)

        won = at_once(THREADS, publish)
        require_equal("how many swaps were done", won.count(True), 1)
        winner = won.index(True)
        done = end(winner)
        made = reports[winner] if done.state is JobState.COMPLETE else None
        bench.note(job, done, made)
        bench.holds("sink.atomic")


@checks("sink.crowd", "sink.key")
def jobs_of_one_key_at_once(bench: SinkBench) -> None:
    """Of several jobs with one key that are added at once, one is."""
    sinks = _sinks(bench)
    for turn in range(5):
        jobs = [
            job_of(10 * turn + number, idempotency_key=f"k{turn}")
            for number in range(THREADS)
        ]

        def add(number: int, jobs: list[Job] = jobs) -> bool:
            return sinks[number % 2].swap(None, jobs[number])

        won = at_once(THREADS, add)
        require_equal("how many were added", won.count(True), 1)
        for job in jobs:
            bench.ever[job.report_id] = job.idempotency_key
        bench.note(None, jobs[won.index(True)], None)
        bench.holds("sink.crowd")


@checks("sink.add", "sink.threads")
def jobs_of_one_id_at_once(bench: SinkBench) -> None:
    """Of several jobs with one id that are added at once, one is."""
    sinks = _sinks(bench)
    for turn in range(10):

        def job(number: int, turn: int = turn) -> Job:
            return job_of(turn, owner=str(number))

        def add(number: int, job: Callable[[int], Job] = job) -> bool:
            return sinks[number % 2].swap(None, job(number))

        won = at_once(THREADS, add)
        require_equal("how many were added", won.count(True), 1)
        bench.note(None, job(won.index(True)), None)
        bench.holds("sink.add")


@checks("sink.crowd", "sink.most-active")
def a_crowd_at_the_queue(bench: SinkBench) -> None:
    """The bound of the queue holds exactly, however many jobs come at once."""
    sinks = _sinks(bench)
    for turn in range(2):

        def add(number: int, turn: int = turn) -> bool:
            job = job_of(100 * turn + number)
            try:
                return sinks[number % 2].swap(None, job, most_active=MOST)
            except QueueFullError:
                return False

        done = at_once(4 * THREADS, add)
        require_equal("how many were added", done.count(True), MOST)
        for number, added in enumerate(done):
            job = job_of(100 * turn + number)
            bench.ever[job.report_id] = None
            if added:
                bench.note(None, job, None)
        bench.holds("sink.crowd")
        for job in bench.chosen():
            bench.swap(job, None)


@checks("sink.one-wins", "sink.delete")
def deleting_and_completing_at_once(bench: SinkBench) -> None:
    """A job that is deleted and completed at once is gone, or there, but not half."""
    sinks, report = _sinks(bench), report_of()
    for turn in range(8):
        job = running(job_of(turn, idempotency_key="k"))
        done = complete(job)
        bench.add(job)

        def change(number: int, job: Job = job, done: Job = done) -> bool:
            if number == 0:
                return sinks[turn % 2].swap(job, None)  # noqa: B023  # at once
            return sinks[1 - turn % 2].swap(job, done, report=report)  # noqa: B023

        won = at_once(2, change)
        require_equal("how many swaps were done", won.count(True), 1)
        bench.note(job, None if won[0] else done, None if won[0] else report)
        bench.holds("sink.delete")
        if not won[0]:
            bench.swap(done, None)


@checks("sink.atomic", "sink.threads")
def readers_see_no_half(bench: SinkBench) -> None:
    """While reports come and go, no complete job is without its report."""
    ended = threading.Event()
    reports = [report_of(number) for number in range(3)]
    writer = bench.sink

    def write() -> None:
        try:
            for number in range(30):
                job = running(job_of(number, idempotency_key=f"k{number}"))
                kind = number % 3
                done = after(job, Complete(job.fence, total=kind))
                require(writer.swap(None, job), "a job was not added")
                require(writer.swap(job, done, report=reports[kind]), "nor completed")
                if number % 2:
                    require(writer.swap(done, None), "nor deleted")
        finally:
            ended.set()

    def read(sink: ReportSink) -> None:
        while True:
            last = ended.is_set()
            jobs = sink.jobs()
            active = sink.jobs(active=True)
            require(len(active) <= 1, f"{len(active)} jobs are active, not one")
            ended_before = {job.report_id for job in jobs if job.state.is_final}
            again = [job for job in active if job.report_id in ended_before]
            require(not again, f"{again} are listed as active, and were complete")
            for job in jobs:
                if job.state is JobState.COMPLETE:
                    _require_whole(sink, job, reports)
            if last:
                return

    work = (write, lambda: read(bench.sink), lambda: read(bench.second))
    at_once(len(work), lambda number: work[number]())
    for number in range(0, 30, 2):
        job = running(job_of(number, idempotency_key=f"k{number}"))
        done = after(job, Complete(job.fence, total=number % 3))
        bench.note(None, done, reports[number % 3])
    bench.holds("sink.atomic")


def _require_whole(sink: ReportSink, job: Job, reports: list[Report]) -> None:
    report = sink.report(job.report_id)
    if report is None:
        now = sink.job(job.report_id)  # it may be deleted by now
        require(now is None, f"{now} is complete, and has no report")
    else:
        require(same(report, reports[job.done]), f"{job} has another report")
