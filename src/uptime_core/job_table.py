"""Jobs of a sink, changed by several workers at once, and told of in words."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, assert_never

from uptime_core.errors import (
    IdempotencyConflictError,
    IllegalTransitionError,
    InputError,
    ReportCancelledError,
    ReportError,
    ReportFailedError,
    ReportNotFoundError,
    ReportNotReadyError,
    StoreCorruptError,
    counted,
    located,
    shown,
)
from uptime_core.instants import to_micros, to_text
from uptime_core.jobs import (
    MOST_ATTEMPTS,
    Complete,
    Event,
    Expire,
    Fail,
    Job,
    JobState,
    advance,
    is_report_id,
)
from uptime_core.logs import described, log, warn

if TYPE_CHECKING:
    from uptime_core.abc import ReportSink
    from uptime_core.clock import Clock
    from uptime_core.report import Report
    from uptime_core.request import ReportRequest


class JobTable:
    """The jobs of a sink, changed one event at a time.

    Args:
        sink: Where they are.
        clock: What time it is.
        lease: For how long a worker may be silent, in microseconds.
    """

    def __init__(self, sink: ReportSink, clock: Clock, lease: int) -> None:
        self.sink = sink
        self.lease = lease
        self._clock = clock
        self._recovered_at: int | None = None

    def now(self) -> int:
        """The time in microseconds.

        Raises:
            InputError: The clock gives no aware datetime.
        """
        now = self._clock()
        with located("clock"):
            return to_micros(now)

    def job(self, report_id: str) -> Job:
        """The job of this id.

        Raises:
            ReportNotFoundError: There is none.
        """
        job = self.sink.job(report_id) if is_report_id(report_id) else None
        if job is None:
            raise not_found(report_id)
        return job

    def change(
        self, report_id: str, event: Event, report: Report | None = None
    ) -> Job | None:
        """Let an event happen; other writers may come in between.

        Returns:
            The job afterwards, or None if there is none of this id.

        Raises:
            IllegalTransitionError: It cannot happen in the job's state.
        """
        while True:
            job = self.sink.job(report_id)
            if job is None:
                return None
            changed = advance(job, event, self.now())
            if changed is job:
                return job
            publish = report if changed.state is JobState.COMPLETE else None
            if self.sink.swap(job, changed, report=publish):
                if changed.state is not job.state:
                    log_state(changed)
                return changed

    def finish(self, report_id: str, event: Event, report: Report | None) -> Job | None:
        """Write how an attempt ended; where that fails, the failure is its end.

        Returns:
            The job afterwards, or None if nothing could be written.
        """
        try:
            return self.change(report_id, event, report)
        except IllegalTransitionError:
            log.info("report %s was taken over by another worker", report_id)
        except Exception as error:  # noqa: BLE001  # told in the report's status
            warn(f"report {report_id} was not stored, so the attempt failed", error)
            if isinstance(event, Complete):
                # If this fails too, the lease runs out, and another worker takes over.
                with contextlib.suppress(Exception):
                    return self.change(report_id, failure(event.fence, error))
        return None

    def try_change(self, report_id: str, event: Event) -> Job | None:
        """`change`, unless the event cannot happen any more, or the job is damaged."""
        try:
            return self.change(report_id, event)
        except IllegalTransitionError:  # somebody was faster
            return None
        except StoreCorruptError as error:  # the others are to go on
            warn(f"report {report_id} stays as it is", error)
            return None

    def of_key(self, key: str, asked: ReportRequest, reads: str) -> str | None:
        """The id of the report that has the key, if one does.

        Raises:
            IdempotencyConflictError: It was asked for otherwise.
        """
        for job in self.sink.jobs(idempotency_key=key):
            if job.asked != asked or job.reads != reads:
                raise IdempotencyConflictError(
                    f"the key {shown(key)} belongs to another request, that of report "
                    f"{job.report_id}; give this one a key of its own",
                    job.report_id,
                )
            return job.report_id
        return None

    def add(
        self,
        asked: ReportRequest,
        request: ReportRequest,
        *,
        reads: str,
        key: str | None,
        most_active: int,
    ) -> str:
        """Add a job to the queue, unless one with the same key is there.

        Args:
            asked: The request as the caller made it.
            request: The same with its `as_of` fixed.
            reads: The identity of the store.
            key: What the caller calls the request, or None.
            most_active: How many jobs may be queued or running.

        Returns:
            The report's id.

        Raises:
            QueueFullError: `most_active` are queued or running.
            IdempotencyConflictError: The key came with another request before.
        """
        while True:
            job = Job(
                report_id=_new_report_id(),
                request=request,
                as_of_given=asked.as_of is not None,
                reads=reads,
                created_at=self.now(),
                lease=self.lease,
                idempotency_key=key,
            )
            if self.sink.swap(None, job, most_active=most_active):
                log.info(
                    "report %s is triggered: %s as of %s",
                    job.report_id,
                    counted(len(request.windows), "window"),
                    to_text(request.as_of or 0),
                )
                return job.report_id
            if key is not None:
                earlier = self.of_key(key, asked, reads)
                if earlier is not None:
                    return earlier

    def delete(self, report_id: str) -> None:
        """Delete a job in a final state, or one that is damaged, and its report.

        Raises:
            ReportNotFoundError: There is none.
            ReportNotReadyError: It is queued or running.
        """
        try:
            self._delete(report_id)
        except StoreCorruptError as error:
            if not self.sink.discard(report_id):
                raise
            warn(f"report {report_id} was damaged, and is deleted", error)

    def _delete(self, report_id: str) -> None:
        while True:
            job = self.job(report_id)
            if not job.state.is_final:
                raise ReportNotReadyError(
                    f"report {report_id} is {job.state}; cancel it first", report_id
                )
            if self.sink.swap(job, None):
                log.info("report %s is deleted", report_id)
                return

    def delete_before(self, horizon: int) -> int:
        """Delete the jobs that were finished before an instant; how many there were."""
        deleted = 0
        for job in self.sink.jobs():
            if job.finished_at is not None and job.finished_at < horizon:
                try:
                    deleted += self.sink.swap(job, None)
                except StoreCorruptError as error:  # it has been damaged since
                    warn(f"report {job.report_id} was not deleted", error)
        log.info(
            "%s finished before %s are deleted",
            counted(deleted, "report"),
            to_text(horizon),
        )
        return deleted

    def recover(self, but: frozenset[str] = frozenset()) -> None:
        """Put back into the queue what has lost its worker, or let it fail.

        Args:
            but: Reports that run in this process.
        """
        now = self.now()
        last = self._recovered_at
        if last is not None and 0 <= now - last < min(self.lease // 10, 1_000_000):
            return
        self._recovered_at = now
        for job in self.sink.jobs(active=True):
            if (
                job.is_expired(now)
                and job.report_id not in but
                and self.try_change(job.report_id, Expire()) is not None
            ):
                log.warning(
                    "report %s lost its worker: its lease ran out; if the worker "
                    "was only slow, give managers a longer lease",
                    job.report_id,
                )


def failure(fence: int, error: BaseException) -> Fail:
    """What an error means: bad input stays bad, anything else may pass."""
    return Fail(fence, described(error), may_retry=not isinstance(error, InputError))


def log_state(job: Job) -> None:
    """Log the state that a job has come into; not its error, which may name shops."""
    report_id, attempt = job.report_id, f"attempt {job.attempt} of {MOST_ATTEMPTS}"
    match job.state:
        case JobState.RUNNING:
            log.info("report %s is begun, %s", report_id, attempt)
        case JobState.COMPLETE:
            log.info(
                "report %s is complete: %s in %.3f s, %s",
                report_id,
                counted(job.done, "shop"),
                ((job.finished_at or 0) - (job.started_at or 0)) / 1e6,
                attempt,
            )
        case JobState.FAILED:
            log.warning("report %s has failed; its status says why", report_id)
        case JobState.CANCELLED:
            log.info("report %s is cancelled", report_id)
        case JobState.QUEUED:
            why = f"after {attempt}" if job.error else "unfinished"
            log.info("report %s is back in the queue, %s", report_id, why)
        case _:
            assert_never(job.state)


def not_found(report_id: object) -> ReportNotFoundError:
    """The error that says that there is no such report."""
    known = report_id if isinstance(report_id, str) else None
    return ReportNotFoundError(
        f"there is no report {shown(report_id)}, or no more", known
    )


def error_of(job: Job) -> ReportError:
    """The error of a job that has no report, or none yet."""
    report_id = job.report_id
    match job.state:
        case JobState.FAILED:
            return ReportFailedError(
                f"report {report_id} failed: {job.error}", report_id
            )
        case JobState.CANCELLED:
            return ReportCancelledError(
                f"report {report_id} was cancelled; trigger it again if it is wanted",
                report_id,
            )
        case _:
            return ReportNotReadyError(
                f"report {report_id} is {job.state}; wait for it with wait()",
                report_id,
            )


def _new_report_id() -> str:
    """128 random bits, so that nobody guesses the id of somebody else's report."""
    return os.urandom(16).hex()
