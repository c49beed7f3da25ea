"""Sinks whose lists, keys and bounds are broken on purpose, each in one place."""

from __future__ import annotations

import threading
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING

from uptime_core.errors import QueueFullError
from uptime_core.jobs import JobState
from uptime_core.testing.broken import Faults
from uptime_core.testing.plain_sinks import PlainSink
from uptime_core.testing.sink_suite import sink_back_end

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from uptime_core.jobs import Job
    from uptime_core.report import Report
    from uptime_core.testing.back_ends import SinkBackEnd

faults: Faults[SinkBackEnd] = Faults(sink_back_end)


@faults("sink.order")
class OrderOfAdding(PlainSink):
    """Jobs come in the order in which they were added."""

    def ordered(self, jobs: list[Job]) -> Sequence[Job]:
        return jobs


@faults("sink.order")
class OrderOfIds(PlainSink):
    """Jobs come in the order of their ids."""

    def ordered(self, jobs: list[Job]) -> Sequence[Job]:
        return sorted(jobs, key=lambda job: job.report_id)


@faults("sink.order")
class TimesOnly(PlainSink):
    """Jobs of one moment come in the order in which they were added."""

    def ordered(self, jobs: list[Job]) -> Sequence[Job]:
        return sorted(jobs, key=lambda job: job.created_at)


@faults("sink.active")
class FailedIsActive(PlainSink):
    """A job that has failed is listed as active."""

    def is_active(self, job: Job) -> bool:
        return job.state not in (JobState.COMPLETE, JobState.CANCELLED)


@faults("sink.active")
class QueuedIsActive(PlainSink):
    """A job that runs is not listed as active."""

    def is_active(self, job: Job) -> bool:
        return job.state is JobState.QUEUED


@faults("sink.key")
class KeysInOneCase(PlainSink):
    """Keys are told apart without their case."""

    def has_key(self, job: Job, key: str) -> bool:
        own = job.idempotency_key
        return own is not None and own.lower() == key.lower()


@faults("sink.add", "sink.key")
class KeysAreNotUnique(PlainSink):
    """Jobs with the same key may be many."""

    def is_taken(self, new: Job) -> bool:
        return new.report_id in self.all_jobs


@faults("sink.add", "sink.key")
class KeysOfTheDeadAreFree(PlainSink):
    """The key of a job in a final state may be used again."""

    def is_taken(self, new: Job) -> bool:
        key = new.idempotency_key
        return new.report_id in self.all_jobs or (
            key is not None and bool(self.jobs(idempotency_key=key, active=True))
        )


@faults("sink.add")
class IdsAreAddedAgain(PlainSink):
    """A job is added though its id is there."""

    def is_taken(self, new: Job) -> bool:
        key = new.idempotency_key
        return key is not None and bool(self.jobs(idempotency_key=key))


@faults("sink.most-active")
class OneTooMany(PlainSink):
    """The bound lets one more in."""

    def waiting(self) -> int:
        return super().waiting() - 1


@faults("sink.most-active")
class TheDeadAreCounted(PlainSink):
    """The bound counts jobs in final states, too."""

    def waiting(self) -> int:
        return len(self.all_jobs)


@faults("sink.most-active")
class WhoIsToStopIsNotCounted(PlainSink):
    """The bound counts no job that is to be cancelled."""

    def waiting(self) -> int:
        return sum(not job.cancel_requested for job in self.jobs(active=True))


@faults("sink.most-active")
class TheEndedPassTheBound(PlainSink):
    """The bound is for jobs that are added in no final state."""

    def may_add(self, new: Job, most_active: int | None) -> bool:
        return super().may_add(new, None if new.state.is_final else most_active)


@faults("sink.most-active")
class FullIsNoError(PlainSink):
    """A job too many is not added, and that is all."""

    def may_add(self, new: Job, most_active: int | None) -> bool:
        try:
            return super().may_add(new, most_active)
        except QueueFullError:
            return False


@faults("sink.most-active")
class AddsAndComplains(PlainSink):
    """A job too many is added, and then it is an error."""

    def may_add(self, new: Job, most_active: int | None) -> bool:
        try:
            return super().may_add(new, most_active)
        except QueueFullError:
            self.all_jobs[new.report_id] = new
            raise


@faults("sink.most-active", "sink.add")
class FullComesFirst(PlainSink):
    """A job that is there already is a job too many."""

    def may_add(self, new: Job, most_active: int | None) -> bool:
        if most_active is not None and self.waiting() >= most_active:
            raise QueueFullError("too many reports are queued or running")
        return super().may_add(new, None)


class _Unlocked(PlainSink):
    """Looks and writes without a lock."""

    def __init__(self) -> None:
        super().__init__()
        self.lock: AbstractContextManager[object] = nullcontext()


@faults("sink.one-wins", "sink.atomic")
class TwoClaimsWin(_Unlocked):
    """Of two swaps at once, both are done."""

    def is_there(self, old: Job) -> bool:
        there = super().is_there(old)
        time.sleep(0.0005)
        return there


@faults("sink.crowd")
class CrowdsGetIn(_Unlocked):
    """Of jobs that are added at once, more than the bound are."""

    def may_add(self, new: Job, most_active: int | None) -> bool:
        may = super().may_add(new, most_active)
        time.sleep(0.0005)
        return may


@faults("sink.threads", "sink.atomic", "sink.one-wins")
class ListsWhileOthersWrite(PlainSink):
    """Listing fails while another thread writes."""

    def jobs(
        self, *, active: bool = False, idempotency_key: str | None = None
    ) -> Sequence[Job]:
        for _ in self.all_jobs:
            time.sleep(0)
        return super().jobs(active=active, idempotency_key=idempotency_key)


@faults("sink.read-stays")
class ListsAreLive(PlainSink):
    """The list of jobs that was given changes."""

    def __init__(self) -> None:
        super().__init__()
        self.listed: list[Job] = []

    def ordered(self, jobs: list[Job]) -> Sequence[Job]:
        self.listed[:] = super().ordered(jobs)
        return self.listed


@faults("sink.swap", "sink.job")
class WritesBeforeItLooks(PlainSink):
    """A swap that is not done has changed something."""

    def is_there(self, old: Job) -> bool:
        there = super().is_there(old)
        if not there and old.report_id in self.all_jobs:
            current = self.all_jobs[old.report_id]
            self.all_jobs[old.report_id] = min(old, current, key=_revision)
        return there


def _revision(job: Job) -> int:
    return job.revision


@faults("sink.active")
class SecondAttemptsAreNotActive(PlainSink):
    """A job that is back in the queue is not listed as active."""

    def is_active(self, job: Job) -> bool:
        again = job.state is JobState.QUEUED and job.attempt > 0
        return super().is_active(job) and not again


@faults("sink.most-active")
class KeysPassTheBound(PlainSink):
    """The bound is for jobs without a key."""

    def may_add(self, new: Job, most_active: int | None) -> bool:
        keyed = new.idempotency_key is not None
        return super().may_add(new, None if keyed else most_active)


@faults("sink.most-active")
class OnlyTheRunningAreCounted(PlainSink):
    """The bound counts no job that is queued."""

    def waiting(self) -> int:
        active = self.jobs(active=True)
        return sum(job.state is JobState.RUNNING for job in active)


@faults("sink.job", "sink.order")
class OnePageOfJobs(PlainSink):
    """No more than 200 jobs are listed."""

    def ordered(self, jobs: list[Job]) -> Sequence[Job]:
        return super().ordered(jobs)[:200]


@faults("sink.order")
class TimesAreText(PlainSink):
    """Jobs come in the order of their times as text."""

    def ordered(self, jobs: list[Job]) -> Sequence[Job]:
        return sorted(jobs, key=lambda job: (str(job.created_at), job.report_id))


@faults("sink.threads")
class EachThreadReadsOnce(PlainSink):
    """A thread sees a job as it was when it first read it, or wrote it itself."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: threading.local = threading.local()

    def job(self, report_id: str) -> Job | None:
        known: dict[str, Job | None] = vars(self.seen)
        if known.get(report_id) is None:
            known[report_id] = super().job(report_id)
        return known[report_id]

    def write(self, old: Job | None, new: Job | None, report: Report | None) -> None:
        super().write(old, new, report)
        vars(self.seen).clear()
