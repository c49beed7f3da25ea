"""Checks of what a sink refuses: jobs too many, and what no caller may ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from uptime_core.errors import IllegalTransitionError, InputError
from uptime_core.jobs import Cancel, JobState
from uptime_core.testing.checks import Checks
from uptime_core.testing.failures import keeps, require, require_equal
from uptime_core.testing.sink_samples import (
    NOT_IDS,
    after,
    cancelled,
    complete,
    failed,
    job_of,
    renewed,
    report_of,
    running,
)

if TYPE_CHECKING:
    from uptime_core.jobs import Job
    from uptime_core.report import Report
    from uptime_core.testing.sink_bench import SinkBench

checks: Checks[SinkBench] = Checks()

REPORT: Report = report_of()


@checks("sink.most-active")
def the_bound_of_the_queue(bench: SinkBench) -> None:
    """No more jobs are added than the bound allows, and no fewer."""
    first = job_of(1, idempotency_key="k")
    bench.add(first, most_active=2)
    claimed = running(first)
    with keeps("sink.most-active", "most_active is for jobs that are added"):
        require(bench.sink.swap(first, claimed, most_active=0), "it was not swapped")
        bench.note(first, claimed, None)
    bench.add(job_of(2), most_active=2)
    for most in (2, 1, 0):
        bench.add(job_of(3), most_active=most)
        bench.holds("sink.most-active")
    bench.add(first, most_active=2)  # what is there already comes first
    bench.add(job_of(3, idempotency_key="k"), most_active=2)
    bench.swap(claimed, failed(claimed))
    bench.add(job_of(3), most_active=2)
    bench.add(job_of(4), most_active=2)
    bench.add(job_of(4, idempotency_key="another"), most_active=2)
    bench.add(job_of(4))
    bench.swap(job_of(4), None)
    bench.swap(job_of(3), None)
    bench.add(job_of(5), most_active=2)
    bench.add(job_of(6), most_active=2)
    bench.holds("sink.most-active")


@checks("sink.most-active")
def all_that_is_active_counts(bench: SinkBench) -> None:
    """For the bound it is the same what a job reads, and whether it is to stop."""
    claimed = running(job_of(1))
    bench.add(claimed)
    bench.swap(claimed, after(claimed, Cancel()))
    bench.add(job_of(2, reads="another store"))
    for job in (job_of(3), failed(running(job_of(3))), cancelled(job_of(3))):
        bench.add(job, most_active=2)
        bench.holds("sink.most-active")


@checks("sink.ids")
def texts_that_are_no_ids(bench: SinkBench) -> None:
    """A text that is no id has no job and no report, and cannot be added."""
    bench.add(job_of(0))
    for text in NOT_IDS:
        strange = attrs.evolve(job_of(2), report_id=text)
        with keeps("sink.ids", f"{text!a}"):
            require_equal("job()", bench.sink.job(text), None)
            require_equal("report()", bench.sink.report(text), None)
            added = bench.sink.swap(None, strange)
            require_equal("swap() to add it", added, expected=False)
            swapped = bench.sink.swap(strange, running(strange))
            require_equal("swap() of it", swapped, expected=False)
            deleted = bench.sink.swap(strange, None)
            require_equal("swap() to delete it", deleted, expected=False)
    bench.holds("sink.ids")


def _refused(
    bench: SinkBench,
    sentence_id: str,
    error: type[Exception],
    jobs: tuple[Job | None, Job | None],
    report: Report | None = None,
) -> None:
    """A swap that no caller may ask for is an error, and changes nothing."""
    old, new = jobs
    with keeps(sentence_id, f"swap({old}, {new}, report={report})"):
        try:
            done = bench.sink.swap(old, new, report=report)
        except error:
            pass
        else:
            require(holds=False, told=f"it gave {done} instead of a {error.__name__}")
    for job in jobs:
        if job is not None:
            bench.ever.setdefault(job.report_id, job.idempotency_key)
    bench.holds(sentence_id)


@checks("sink.due", "sink.report")
def reports_that_are_not_due(bench: SinkBench) -> None:
    """No job is complete without its report, and no other job has one."""
    job = job_of(idempotency_key="k")
    claimed, done = running(job), complete(running(job))
    bench.add(claimed)
    for old, new, report in (
        *((claimed, done, None), (claimed, renewed(claimed), REPORT)),
        *((claimed, failed(claimed), REPORT), (claimed, None, REPORT)),
        *((None, complete(running(job_of(2))), None), (None, job_of(3), REPORT)),
    ):
        _refused(bench, "sink.due", InputError, (old, new), report)
    bench.swap(claimed, done, report=REPORT)
    _refused(bench, "sink.due", InputError, (done, None), REPORT)
    bench.swap(done, None)
    bench.holds("sink.due")


@checks("sink.one-report")
def jobs_of_two_reports(bench: SinkBench) -> None:
    """A job is not put in the place of that of another report."""
    job = job_of(idempotency_key="k")
    claimed = running(job)
    bench.add(job)
    bench.add(job_of(2))
    for new in (
        *(attrs.evolve(claimed, report_id="1" * 32), job_of(2)),
        *(attrs.evolve(claimed, idempotency_key=key) for key in ("K", "other", None)),
        *(attrs.evolve(claimed, created_at=time) for time in (0, job.created_at + 1)),
    ):
        _refused(bench, "sink.one-report", InputError, (job, new))


@checks("sink.final")
def final_states(bench: SinkBench) -> None:
    """Nothing leads out of a final state but being deleted."""
    for number, end in enumerate((complete, failed, cancelled)):
        queued = job_of(number + 1)
        before = queued if end is cancelled else running(queued)
        final = end(before)
        own = REPORT if final.state is JobState.COMPLETE else None
        bench.add(before)
        bench.swap(before, final, report=own)
        for state in JobState:
            revived = attrs.evolve(before, state=state, revision=final.revision + 1)
            due = own is None and state is JobState.COMPLETE
            made = report_of(5) if due else None
            _refused(
                bench, "sink.final", IllegalTransitionError, (final, revived), made
            )
    for job in bench.chosen():
        bench.swap(job, None)
    bench.holds("sink.final")
