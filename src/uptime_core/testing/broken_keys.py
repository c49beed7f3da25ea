"""Sinks that are broken on purpose where jobs look alike, or are there again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from uptime_core.jobs import JobState
from uptime_core.testing.broken import Faults
from uptime_core.testing.plain_sinks import PlainSink
from uptime_core.testing.sink_suite import sink_back_end

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uptime_core.jobs import Job
    from uptime_core.report import Report
    from uptime_core.testing.back_ends import SinkBackEnd

faults: Faults[SinkBackEnd] = Faults(sink_back_end)


@faults("sink.key", "sink.add")
class KeysAreNumbers(PlainSink):
    """Keys of digits are told apart as numbers."""

    def has_key(self, job: Job, key: str) -> bool:
        own = job.idempotency_key
        return own == key or bool(
            own and own.isdecimal() and key.isdecimal() and int(own) == int(key)
        )


@faults("sink.key", "sink.add")
class KeysEndAtZero(PlainSink):
    """Keys end at their first zero character."""

    def has_key(self, job: Job, key: str) -> bool:
        own = job.idempotency_key
        return own is not None and own.partition("\0")[0] == key.partition("\0")[0]


@faults("sink.key")
class TheEmptyKeyIsNone(PlainSink):
    """Who asks for the key without a character is given all jobs."""

    def jobs(
        self, *, active: bool = False, idempotency_key: str | None = None
    ) -> Sequence[Job]:
        return super().jobs(active=active, idempotency_key=idempotency_key or None)


@faults("sink.add", "sink.threads")
class OneIdTwice(PlainSink):
    """Of jobs with one id that are added at once without a bound, several are."""

    def swap(
        self,
        old: Job | None,
        new: Job | None,
        *,
        report: Report | None = None,
        most_active: int | None = None,
    ) -> bool:
        plain = old is None and new is not None and most_active is None
        if not plain or new is None or new.idempotency_key is not None:
            return super().swap(old, new, report=report, most_active=most_active)
        if not self.may_swap(old, new, report) or self.is_taken(new):
            return False
        time.sleep(0.0005)
        self.write(old, new, report)
        return True


@faults("sink.swap")
class AttemptsAreRevisions(PlainSink):
    """A swap is not done if the old job is of another attempt."""

    def is_there(self, old: Job) -> bool:
        current = self.all_jobs.get(old.report_id)
        return (
            super().is_there(old)
            and current is not None
            and (current.attempt == old.attempt)
        )


@faults("sink.delete")
class RetriesAreNotDeleted(PlainSink):
    """A job that waits for another attempt is not deleted."""

    def write(self, old: Job | None, new: Job | None, report: Report | None) -> None:
        waits = old is not None and old.state is JobState.QUEUED and old.attempt > 0
        if new is not None or not waits:
            super().write(old, new, report)


@faults("sink.report", "sink.delete")
class TheFailedHaveOldReports(PlainSink):
    """A job that has failed gets the report of an earlier job of its id."""

    def __init__(self) -> None:
        super().__init__()
        self.ever: dict[str, Report] = {}

    def report(self, report_id: str) -> Report | None:
        job = self.all_jobs.get(report_id)
        if job is not None and job.state is JobState.FAILED:
            return self.ever.get(report_id)
        return super().report(report_id)

    def write(self, old: Job | None, new: Job | None, report: Report | None) -> None:
        super().write(old, new, report)
        self.ever |= self.all_reports


@faults("sink.atomic", "sink.threads")
class ActiveForAWhile(PlainSink):
    """A job is listed as active a moment longer than it is."""

    def __init__(self) -> None:
        super().__init__()
        self.listed: dict[str, Job] = {}

    def jobs(
        self, *, active: bool = False, idempotency_key: str | None = None
    ) -> Sequence[Job]:
        jobs = super().jobs(active=active, idempotency_key=idempotency_key)
        late = [] if idempotency_key is not None else list(self.listed.values())
        return self.ordered(late) if active and late else jobs

    def write(self, old: Job | None, new: Job | None, report: Report | None) -> None:
        ends = new is not None and new.state.is_final
        if ends and old is not None:
            self.listed[old.report_id] = old
        super().write(old, new, report)
        if ends:
            time.sleep(0.002)
            self.listed.clear()
