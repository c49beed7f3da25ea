"""Sinks that are broken on purpose, each in one place, to try a suite with.

`BROKEN_SINKS` has all of them, those of `broken_keys`, `broken_queues` and
`broken_sink_files` too.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from uptime_core.jobs import JobState, is_report_id
from uptime_core.testing import broken_keys, broken_queues, broken_sink_files
from uptime_core.testing.broken import Fault, Faults
from uptime_core.testing.plain_sinks import PlainSink
from uptime_core.testing.sink_suite import sink_back_end

if TYPE_CHECKING:
    from uptime_core.jobs import Job
    from uptime_core.report import Report
    from uptime_core.testing.back_ends import SinkBackEnd

faults: Faults[SinkBackEnd] = Faults(sink_back_end)


class _Stored(PlainSink):
    """Stores something else than it is given."""

    def stored_job(self, job: Job) -> Job:
        return job

    def stored_report(self, report: Report) -> Report:
        return report

    def write(self, old: Job | None, new: Job | None, report: Report | None) -> None:
        super().write(
            old,
            None if new is None else self.stored_job(new),
            None if report is None else self.stored_report(report),
        )


@faults("sink.job")
class ForgetsErrors(_Stored):
    """Why a job failed is not stored."""

    def stored_job(self, job: Job) -> Job:
        return attrs.evolve(job, error=None)


@faults("sink.job")
class TimesAreMilliseconds(_Stored):
    """Times are cut off."""

    def stored_job(self, job: Job) -> Job:
        at = job.finished_at
        return attrs.evolve(job, finished_at=None if at is None else at // 1000 * 1000)


@faults("sink.job")
class ForgetsThatCancellingWasAsked(_Stored):
    """Nobody hears that a report is not wanted any more."""

    def stored_job(self, job: Job) -> Job:
        return attrs.evolve(job, cancel_requested=False)


@faults("sink.report")
class SumsAreFloats(_Stored):
    """Large sums are rounded."""

    def stored_report(self, report: Report) -> Report:
        names = ("up", "down", "unknown", "open")
        rounded = {n: getattr(report, n).astype(float).astype(np.int64) for n in names}
        return attrs.evolve(report, **rounded)


@faults("sink.report")
class OtherWindows(_Stored):
    """The windows of a report come back with other units."""

    def stored_report(self, report: Report) -> Report:
        windows = tuple(attrs.evolve(window, unit="hours") for window in report.windows)
        return attrs.evolve(report, windows=windows)


@faults("sink.report")
class ForgetsLastPolls(_Stored):
    """When a shop was last polled is not stored."""

    def stored_report(self, report: Report) -> Report:
        never = np.full(len(report), "NaT", dtype="datetime64[us]")
        return attrs.evolve(report, last_poll=never)


@faults("sink.report")
class ForgetsWhatWasCounted(_Stored):
    """How many polls contradicted each other is not stored."""

    def stored_report(self, report: Report) -> Report:
        told = attrs.evolve(report.provenance, conflicts=0)
        return attrs.evolve(report, provenance=told)


@faults("sink.report")
class OneReportForAll(_Stored):
    """All jobs get the first report."""

    def stored_report(self, report: Report) -> Report:
        return next(iter(self.all_reports.values()), report)


@faults("sink.report")
class LargeReportsAreCutOff(_Stored):
    """Of a report, 4096 shops are stored."""

    def stored_report(self, report: Report) -> Report:
        arrays = ("up", "down", "unknown", "open", "last_poll", "poll_count")
        cut: dict[str, Any] = {name: getattr(report, name)[:4096] for name in arrays}
        return attrs.evolve(report, store_ids=report.store_ids[:4096], **cut)


@faults("sink.job")
class LongErrorsAreCutOff(_Stored):
    """Of why a job failed, 255 characters are stored."""

    def stored_job(self, job: Job) -> Job:
        return attrs.evolve(job, error=job.error and job.error[:255])


@faults("sink.delete", "sink.report")
class OldReportsComeBack(PlainSink):
    """An id that is used again gets the report that it had."""

    def __init__(self) -> None:
        super().__init__()
        self.first: dict[str, Report] = {}

    def write(self, old: Job | None, new: Job | None, report: Report | None) -> None:
        if new is not None and report is not None:
            report = self.first.setdefault(new.report_id, report)
        super().write(old, new, report)


@faults("sink.delete", "sink.swap")
class WhatRunsIsNotDeleted(PlainSink):
    """Deleting a job that runs is said to be done, and is not."""

    def write(self, old: Job | None, new: Job | None, report: Report | None) -> None:
        if new is not None or old is None or old.state is not JobState.RUNNING:
            super().write(old, new, report)


@faults("sink.delete", "sink.swap")
class DeletesWhatHasChanged(PlainSink):
    """A job is deleted whatever has become of it."""

    deletes: bool = False

    def may_swap(self, old: Job | None, new: Job | None, report: Report | None) -> bool:
        self.deletes = new is None
        return super().may_swap(old, new, report)

    def is_there(self, old: Job) -> bool:
        return old.report_id in self.all_jobs if self.deletes else super().is_there(old)


@faults("sink.atomic")
class ReportGoesFirst(PlainSink):
    """A job that is deleted is there a moment longer than its report."""

    def write(self, old: Job | None, new: Job | None, report: Report | None) -> None:
        if old is not None and new is None and old.report_id in self.all_reports:
            del self.all_reports[old.report_id]
            time.sleep(0.002)
        super().write(old, new, report)


@faults("sink.delete", "sink.report")
class ReportsStay(PlainSink):
    """The report of a deleted job is still there."""

    def write(self, old: Job | None, new: Job | None, report: Report | None) -> None:
        before = dict(self.all_reports)
        super().write(old, new, report)
        self.all_reports: dict[str, Report] = before | self.all_reports


@faults("sink.delete")
class DeletesNothing(PlainSink):
    """A job cannot be deleted."""

    def write(self, old: Job | None, new: Job | None, report: Report | None) -> None:
        if new is not None:
            super().write(old, new, report)


@faults("sink.atomic")
class JobBeforeReport(PlainSink):
    """A job is complete a moment before its report is there."""

    def write(self, old: Job | None, new: Job | None, report: Report | None) -> None:
        super().write(old, new, None)
        if new is not None and report is not None:
            time.sleep(0.002)
            self.all_reports[new.report_id] = report


@faults("sink.report", "sink.due", "sink.swap")
class ReportsOfAnybody(PlainSink):
    """A report is kept although its job was not swapped."""

    def is_there(self, old: Job) -> bool:
        there = super().is_there(old)
        if not there and old.state is JobState.RUNNING and self.late is not None:
            self.all_reports[old.report_id] = self.late
        return there

    late: Report | None = None

    def may_swap(self, old: Job | None, new: Job | None, report: Report | None) -> bool:
        self.late = report
        return super().may_swap(old, new, report)


@faults("sink.swap")
class LastWriteWins(PlainSink):
    """A swap is done whatever has become of the old job."""

    def is_there(self, old: Job) -> bool:
        return old.report_id in self.all_jobs


@faults("sink.swap")
class NewerRevisionsToo(PlainSink):
    """A swap of a job from before is done if the swap before was not far."""

    def is_there(self, old: Job) -> bool:
        current = self.all_jobs.get(old.report_id)
        return current is not None and current.revision <= old.revision


@faults("sink.swap")
class WholeJobsAreCompared(PlainSink):
    """A swap is not done if anything but the revision differs."""

    def is_there(self, old: Job) -> bool:
        return self.all_jobs.get(old.report_id) == old


@faults("sink.swap")
class StatesAreCompared(PlainSink):
    """A swap is done if the old job is in the same state."""

    def is_there(self, old: Job) -> bool:
        current = self.all_jobs.get(old.report_id)
        return current is not None and current.state is old.state


@faults("sink.final")
class RevivesTheDead(PlainSink):
    """A job in a final state can be put back into the queue."""

    def may_swap(self, old: Job | None, new: Job | None, report: Report | None) -> bool:
        if old is not None and old.state.is_final and new is not None:
            return True
        return super().may_swap(old, new, report)


@faults("sink.due")
class CompleteWithoutReport(PlainSink):
    """A job may become complete without a report."""

    def may_swap(self, old: Job | None, new: Job | None, report: Report | None) -> bool:
        if new is not None and new.state is JobState.COMPLETE and report is None:
            return True
        return super().may_swap(old, new, report)


@faults("sink.one-report")
class MovesJobs(PlainSink):
    """A job of another report may take the place of one."""

    def may_swap(self, old: Job | None, new: Job | None, report: Report | None) -> bool:
        if old is not None and new is not None and not old.state.is_final:
            fields: dict[str, Any] = {
                "report_id": old.report_id,
                "created_at": old.created_at,
                "idempotency_key": old.idempotency_key,
            }
            new = attrs.evolve(new, **fields)
        return super().may_swap(old, new, report)


@faults("sink.ids")
class OtherIdsAreErrors(PlainSink):
    """A text that is no id is an error."""

    def job(self, report_id: str) -> Job | None:
        if not is_report_id(report_id):
            raise ValueError(f"{report_id!r} is no id")
        return super().job(report_id)


@faults("sink.ids")
class IdsInAnyCase(PlainSink):
    """Ids may be written in capitals."""

    def may_swap(self, old: Job | None, new: Job | None, report: Report | None) -> bool:
        lower = [
            None if j is None else attrs.evolve(j, report_id=j.report_id.lower())
            for j in (old, new)
        ]
        return super().may_swap(lower[0], lower[1], report)


@faults("sink.close")
class ClosesOnce(PlainSink):
    """A sink that is closed cannot be closed again."""

    is_closed: bool = False

    def close(self) -> None:
        if self.is_closed:
            raise ValueError("it is closed")
        self.is_closed = True


BROKEN_SINKS: tuple[Fault[SinkBackEnd], ...] = (
    *(*faults, *broken_keys.faults),
    *(*broken_queues.faults, *broken_sink_files.faults),
)
"""The sinks; a suite of checks is worth something if it finds the fault of each."""
