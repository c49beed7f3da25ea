"""Checks of what a sink keeps, and of what it refuses."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import attrs

from uptime_core.jobs import Cancel, JobState
from uptime_core.testing.checks import Checks
from uptime_core.testing.failures import require, require_closes, require_equal
from uptime_core.testing.sink_samples import (
    KEYS,
    NOW,
    after,
    cancelled,
    complete,
    failed,
    job_of,
    jobs_of_all_kinds,
    renewed,
    report_of,
    reports_of_all_kinds,
    running,
)

if TYPE_CHECKING:
    from uptime_core.report import Report
    from uptime_core.testing.sink_bench import SinkBench

checks: Checks[SinkBench] = Checks()

REPORT: Report = report_of()


@checks("sink.job", "sink.report", "sink.key", "sink.active")
def an_empty_sink(bench: SinkBench) -> None:
    """A new sink has no job and no report, and that is no error."""
    sink = bench.sink
    require_equal("jobs()", list(sink.jobs()), [])
    require_equal("jobs(active=True)", list(sink.jobs(active=True)), [])
    require_equal("jobs of a key", list(sink.jobs(idempotency_key="k")), [])
    require_equal("a job", sink.job("0" * 32), None)
    require_equal("a report", sink.report("0" * 32), None)


@checks("sink.job", "sink.order", "sink.key")
def jobs_of_all_fields(bench: SinkBench) -> None:
    """A job comes back with all that its fields can hold."""
    for job in jobs_of_all_kinds():
        bench.add(job)
    bench.holds()


@checks("sink.job", "sink.swap")
def a_job_in_every_state(bench: SinkBench) -> None:
    """A job comes back as it is after each step of its life."""
    job = job_of(idempotency_key="k")
    claimed = running(job)
    bench.add(job)
    previous = job
    for step in (claimed, renewed(claimed), after(claimed, Cancel()), job, claimed):
        changed = attrs.evolve(step, revision=previous.revision + 1)
        bench.swap(previous, changed)
        bench.holds()
        previous = changed


@checks("sink.report", "sink.delete", "sink.job")
def the_life_of_a_report(bench: SinkBench) -> None:
    """A report is there when its job is complete, and gone with it."""
    job = job_of()
    claimed, done = running(job), complete(running(job))
    other = running(job_of(2))
    bench.add(job)
    bench.add(other)
    bench.holds("sink.report")
    bench.swap(job, claimed)
    bench.holds("sink.report")
    bench.swap(claimed, done, report=REPORT)
    bench.swap(other, complete(other), report=report_of(9))
    bench.holds("sink.report")
    bench.swap(done, None)
    bench.holds("sink.delete")
    bench.swap(done, None)
    bench.add(job)
    bench.holds("sink.delete")
    bench.swap(job, claimed)
    bench.swap(claimed, done, report=report_of(8))
    bench.holds("sink.delete")
    bench.swap(done, None)
    bench.add(job)
    bench.swap(job, claimed)
    bench.swap(claimed, failed(claimed))
    bench.holds("sink.report")


@checks("sink.delete")
def deleting_jobs_of_all_fields(bench: SinkBench) -> None:
    """Whatever a job is, it can be deleted."""
    jobs = jobs_of_all_kinds()
    for job in jobs:
        bench.add(job)
    for job in jobs:
        bench.swap(job, None)
    bench.holds("sink.delete")


@checks("sink.report")
def reports_of_all_fields(bench: SinkBench) -> None:
    """A report comes back exactly, however large and odd it is."""
    for number, report in enumerate(reports_of_all_kinds()):
        claimed = running(job_of(number + 1))
        bench.add(claimed)
        bench.swap(claimed, complete(claimed), report=report)
        bench.holds("sink.report")


@checks("sink.swap")
def swaps_of_what_is_there_no_more(bench: SinkBench) -> None:
    """A swap of a job that has changed since, or is not there, changes nothing."""
    job = job_of(idempotency_key="k")
    claimed = running(job)
    further = renewed(claimed)
    bench.add(job)
    bench.swap(job, claimed)
    bench.swap(claimed, further)
    ahead = attrs.evolve(further, revision=99)
    for old, new in (
        *((job, running(job)), (claimed, renewed(claimed, 2)), (job, None)),
        *((claimed, failed(claimed)), (claimed, None), (ahead, None)),
        *((ahead, failed(further)), (job_of(2), None), (job_of(2), running(job_of(2)))),
    ):
        bench.swap(old, new)
        bench.holds("sink.swap")
    bench.swap(claimed, complete(claimed), report=REPORT)
    bench.holds("sink.swap")


@checks("sink.swap")
def only_the_revision_counts(bench: SinkBench) -> None:
    """A job is unchanged if its revision is, and changed if that is, by whatever."""
    job = attrs.evolve(job_of(), revision=5)
    bench.add(job)
    other = attrs.evolve(job, done=7, owner="x", attempt=2, fence=3, error="e")
    bench.swap(other, attrs.evolve(job, revision=9))
    bench.holds("sink.swap")
    far = 2**40 + 9
    for revision, following in ((5, 11), (8, 11), (10, 11), (9, far), (9, 11)):
        old, new = (attrs.evolve(job, revision=r) for r in (revision, following))
        bench.swap(old, new)
        bench.holds("sink.swap")
    bench.swap(attrs.evolve(job, revision=far), attrs.evolve(job, revision=far + 1))
    bench.holds("sink.swap")


@checks("sink.add")
def a_job_is_added_once(bench: SinkBench) -> None:
    """An id that is there is not added again, whatever else is new, and even full."""
    job = job_of()
    for other in (job, attrs.evolve(job, created_at=5, idempotency_key="k")):
        bench.add(other)
        bench.add(other, most_active=1)
        bench.holds("sink.add")
    bench.swap(job, cancelled(job))
    bench.add(job)
    bench.add(running(job), most_active=0)
    bench.holds("sink.add")


@checks("sink.key", "sink.add", "sink.delete")
def one_job_for_each_key(bench: SinkBench) -> None:
    """There is one job for each key, in whatever state, until it is deleted."""
    for number, key in enumerate(KEYS):
        bench.add(job_of(100 + number, idempotency_key=key))
    bench.holds("sink.key")
    for number, key in enumerate(KEYS):
        bench.add(job_of(200 + number, idempotency_key=key))
    bench.holds("sink.add")
    for number in (0, 3, 7):
        job, key = job_of(100 + number, idempotency_key=KEYS[number]), KEYS[number]
        ended = cancelled(job)
        bench.swap(job, ended)
        bench.add(job_of(300 + number, idempotency_key=key))
        bench.holds("sink.add")
        bench.swap(ended, None)
        bench.holds("sink.delete")
        bench.add(job_of(300 + number, idempotency_key=key))
        bench.holds("sink.delete")


@checks("sink.add", "sink.key")
def jobs_without_a_key(bench: SinkBench) -> None:
    """There are any number of jobs without a key."""
    for number in range(5):
        bench.add(job_of(number))
    bench.add(job_of(9, idempotency_key="k"))
    bench.holds("sink.add")
    told = len(bench.sink.jobs(idempotency_key=None))
    require_equal("jobs(idempotency_key=None)", told, 6)


@checks("sink.job", "sink.active", "sink.order")
def many_jobs(bench: SinkBench) -> None:
    """No job is left out where there are many."""
    for number in range(210):
        job = job_of(number * 37 % 211)
        bench.add(job if number % 3 else failed(running(job)))
    bench.holds()


@checks("sink.order")
def the_order_of_jobs(bench: SinkBench) -> None:
    """Jobs come by the time of their making, then by id, however they were added."""
    times = (5, 3, 9, 3, 5, 10, 3, -7, 0, 5, -NOW, -NOW + 9, 9 * NOW, -NOW - 1)
    jobs = [
        job_of(number * 7 % 17, created_at=NOW + time)
        for number, time in enumerate(times)
    ]
    for job in jobs:
        bench.add(job)
    bench.holds()
    for job in jobs[::2]:
        bench.swap(job, running(job))
    bench.holds()


@checks("sink.active")
def active_jobs(bench: SinkBench) -> None:
    """Active jobs are those that are queued or running, and no other."""
    jobs = [job_of(number, idempotency_key=f"k{number}") for number in range(7)]
    for job in jobs:
        bench.add(job)
    for number in (1, 2, 3, 5, 6):
        bench.swap(jobs[number], running(jobs[number]))
    bench.holds("sink.active")
    two, three, five, six = (running(jobs[number]) for number in (2, 3, 5, 6))
    bench.swap(two, complete(two), report=REPORT)
    bench.swap(three, failed(three))
    bench.swap(jobs[4], cancelled(jobs[4]))
    bench.swap(five, renewed(five))
    bench.swap(six, attrs.evolve(six, state=JobState.QUEUED, owner=None, revision=2))
    bench.holds("sink.active")


@checks("sink.job", "sink.report", "sink.most-active")
def jobs_added_in_any_state(bench: SinkBench) -> None:
    """A job may be added in whatever state; those in final ones are not active."""
    bench.add(complete(running(job_of())), report=REPORT)
    bench.add(failed(running(job_of(2))), most_active=1)
    bench.add(running(job_of(3)), most_active=1)
    bench.add(job_of(4), most_active=1)
    bench.holds()


@checks("sink.read-stays")
def what_was_read_stays(bench: SinkBench) -> None:
    """Jobs and reports that were read stay as they were."""
    claimed = running(job_of())
    done = complete(claimed)
    bench.add(claimed)
    bench.add(job_of(2))
    before = bench.chosen()
    jobs, active = bench.sink.jobs(), bench.sink.jobs(active=True)
    bench.swap(claimed, done, report=REPORT)
    report = bench.sink.report(done.report_id)
    bench.swap(done, None)
    bench.add(job_of(3))
    bench.sink.jobs(), bench.sink.jobs(active=True)
    require_equal("jobs() read before", list(jobs), before)
    require_equal("active jobs read before", list(active), before)
    require(report is not None and report == REPORT, "a report has changed")
    with suppress(Exception):  # it may refuse to be changed
        bench.sink.jobs().clear()  # type: ignore[attr-defined]  # of a list
    bench.holds("sink.read-stays")


@checks("sink.threads")
def what_another_thread_sees(bench: SinkBench) -> None:
    """A thread that has read before sees what there is now, whoever has changed it."""
    job = job_of(idempotency_key="k")
    claimed, done = running(job), complete(running(job))
    swaps = ((None, job), (job, claimed), (claimed, done), (done, None))
    with ThreadPoolExecutor(1) as pool:
        for old, new in swaps:
            bench.swap(old, new, report=REPORT if new is done else None)
            pool.submit(bench.holds, "sink.threads").result()


@checks("sink.close")
def closing(bench: SinkBench) -> None:
    """A sink can be closed twice, and a block gives it and closes it."""
    require_closes(bench.open)
