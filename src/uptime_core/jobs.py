"""The life of a report: its states, and what leads from one to the next.

    queued ──claim──▶ running ──complete──▶ complete
      ▲  │               │ ├────fail──────▶ failed
      │  └──cancel──▶    │ └────cancel────▶ cancelled
      └──── release, fail or expire with attempts left

`advance` is a pure function and the only place where a state changes. Who carries a
change out stores the new job in place of the old one, if the old one is still there:
see `uptime_core.abc.ReportSink.swap`.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias, assert_never

import attrs

from uptime_core.errors import IllegalTransitionError, StaleAttemptError

if TYPE_CHECKING:
    from uptime_core.request import ReportRequest

MOST_ATTEMPTS = 3

_REPORT_ID = re.compile("[0-9a-f]{32}")


class JobState(StrEnum):
    """Where a report is; the last three are final and never change."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing changes any more."""
        return self not in (JobState.QUEUED, JobState.RUNNING)


@attrs.frozen(kw_only=True)
class Job:
    """A report that was asked for, and how far it is. Times are in microseconds.

    Attributes:
        report_id: 32 hexadecimal digits.
        request: What was asked for; its `as_of` was fixed when it was triggered.
        as_of_given: Whether the caller gave `as_of`, or it is the newest poll's.
        reads: The identity of the store that it reads.
        created_at: When it was triggered.
        lease: For how long a worker may be silent before it counts as dead.
        idempotency_key: What the caller called the request, or None.
        state: Where it is.
        attempt: How many times it was begun, releases not counted.
        fence: How many times it was claimed; writes of earlier claims are refused.
        owner: Who works on it, or None.
        renewed_at: When the owner last said that it is alive, or None.
        started_at: When the latest attempt began, or None.
        finished_at: When it reached its final state, or None.
        done: Shops that are computed.
        total: Shops in all, as far as known.
        cancel_requested: Whether the owner is to stop.
        error: Why it failed, or why its last attempt did; None otherwise.
        revision: One more with every change.
    """

    report_id: str
    request: ReportRequest
    as_of_given: bool
    reads: str
    created_at: int
    lease: int
    idempotency_key: str | None = None
    state: JobState = JobState.QUEUED
    attempt: int = 0
    fence: int = 0
    owner: str | None = None
    renewed_at: int | None = None
    started_at: int | None = None
    finished_at: int | None = None
    done: int = 0
    total: int = 0
    cancel_requested: bool = False
    error: str | None = None
    revision: int = 0

    def is_expired(self, now: int) -> bool:
        """Whether its worker has been silent for too long.

        A sign of life from the future counts as none: the clock was set back, and
        the worse that follows is a second attempt.
        """
        if self.state is not JobState.RUNNING or self.renewed_at is None:
            return False
        return not -self.lease <= now - self.renewed_at < self.lease

    @property
    def asked(self) -> ReportRequest:
        """The request as the caller made it, for comparing requests of one key."""
        if self.as_of_given:
            return self.request
        return attrs.evolve(self.request, as_of=None)


@attrs.frozen
class Claim:
    """A worker takes a queued job, and a lease of its own length on it."""

    owner: str
    lease: int


@attrs.frozen
class Renew:
    """The worker of this fence is alive, and so far."""

    fence: int
    done: int
    total: int


@attrs.frozen
class Complete:
    """The worker of this fence has the report of so many shops."""

    fence: int
    total: int


@attrs.frozen
class Fail:
    """The worker of this fence could not make the report."""

    fence: int
    error: str
    may_retry: bool


@attrs.frozen
class Release:
    """The worker of this fence stops before it is done, and not for a fault."""

    fence: int


@attrs.frozen
class Cancel:
    """Nobody wants the report any more."""


@attrs.frozen
class Expire:
    """The worker has been silent for longer than its lease."""


@attrs.frozen
class Abandon:
    """Nobody can make the report."""

    error: str


Event: TypeAlias = Claim | Renew | Complete | Fail | Release | Cancel | Expire | Abandon


def advance(job: Job, event: Event, now: int) -> Job:
    """The job after the event; the same job where the event changes nothing.

    Args:
        job: The job as it is.
        event: What happens.
        now: When, in microseconds.

    Raises:
        StaleAttemptError: A worker speaks whose claim is over.
        IllegalTransitionError: The event cannot happen in the job's state.
    """
    changed = _changed(job, event, now)
    if changed == job:
        return job
    return attrs.evolve(changed, revision=job.revision + 1)


def _changed(job: Job, event: Event, now: int) -> Job:
    match event:
        case Renew() | Complete() | Fail() | Release():
            if job.state is not JobState.RUNNING or job.fence != event.fence:
                raise StaleAttemptError(
                    f"claim {event.fence} is over: the report is {job.state}, and "
                    f"its latest claim is {job.fence}",
                    job.report_id,
                )
            return _by_worker(job, event, now)
        case Claim():
            _require(job, JobState.QUEUED, event)
            return attrs.evolve(
                job,
                state=JobState.RUNNING,
                attempt=job.attempt + 1,
                fence=job.fence + 1,
                owner=event.owner,
                lease=event.lease,
                renewed_at=now,
                started_at=now,
                done=0,
            )
        case Cancel():
            return _cancelled(job, now)
        case Expire():
            _require(job, JobState.RUNNING, event)
            if not job.is_expired(now):
                raise IllegalTransitionError("its lease still holds", job.report_id)
            error = (
                "its worker died or hung: no sign of life for longer than the lease; "
                "if it was only slow, give managers a longer lease"
            )
            return _failed_attempt(job, error, now, may_retry=True)
        case Abandon():
            _require(job, JobState.QUEUED, event)
            return _final(job, JobState.FAILED, now, error=event.error)
        case _:
            assert_never(event)


def _by_worker(job: Job, event: Renew | Complete | Fail | Release, now: int) -> Job:
    match event:
        case Renew():
            return attrs.evolve(job, renewed_at=now, done=event.done, total=event.total)
        case Complete():
            if job.cancel_requested:
                return _final(job, JobState.CANCELLED, now)
            done = attrs.evolve(job, done=event.total, total=event.total, error=None)
            return _final(done, JobState.COMPLETE, now)
        case Fail():
            return _failed_attempt(job, event.error, now, may_retry=event.may_retry)
        case Release():
            if job.cancel_requested:
                return _final(job, JobState.CANCELLED, now)
            return attrs.evolve(_queued(job), attempt=job.attempt - 1)
        case _:
            assert_never(event)


def _cancelled(job: Job, now: int) -> Job:
    if job.state is JobState.QUEUED:
        return _final(job, JobState.CANCELLED, now)
    if job.state is JobState.RUNNING:
        return attrs.evolve(job, cancel_requested=True)
    return job


def _failed_attempt(job: Job, error: str, now: int, *, may_retry: bool) -> Job:
    if job.cancel_requested:
        return _final(job, JobState.CANCELLED, now)
    if may_retry and job.attempt < MOST_ATTEMPTS:
        return attrs.evolve(_queued(job), error=error)
    if may_retry:
        error = f"{error} (attempt {job.attempt} of {MOST_ATTEMPTS})"
    return _final(job, JobState.FAILED, now, error=error)


def _queued(job: Job) -> Job:
    return attrs.evolve(job, state=JobState.QUEUED, owner=None, renewed_at=None, done=0)


def _final(job: Job, state: JobState, now: int, error: str | None = None) -> Job:
    return attrs.evolve(
        job, state=state, owner=None, renewed_at=None, finished_at=now, error=error
    )


def _require(job: Job, state: JobState, event: Event) -> None:
    if job.state is not state:
        raise IllegalTransitionError(
            f"{type(event).__name__} needs a {state} report, this one is {job.state}",
            job.report_id,
        )


def is_report_id(text: object) -> bool:
    """Whether a report can have this id: text of 32 hexadecimal digits."""
    return isinstance(text, str) and _REPORT_ID.fullmatch(text) is not None
