"""What every sink checks before it swaps jobs, and how it chooses among them."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING

from uptime_core.errors import (
    IllegalTransitionError,
    InputError,
    QueueFullError,
    counted,
    shown,
)
from uptime_core.jobs import Job, JobState, is_report_id
from uptime_core.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterable


def may_swap(
    old: Job | None,
    new: Job | None,
    report: Report | None,
    most_active: int | None = None,
) -> bool:
    """Whether a sink can have such jobs at all: not with an id that is none.

    Raises:
        InputError: There is no job, the two are not of one report, the key cannot
            be written, or there is a report where none is due or none where one is;
            or an argument is none of these.
        IllegalTransitionError: The old job is in a final state.
    """
    for value, kind, field in (
        (old, Job, "old"),
        (new, Job, "new"),
        (report, Report, "report"),
    ):
        if value is not None and not isinstance(value, kind):
            raise InputError(
                f"{shown(value)} is not a {kind.__name__}", source="swap", field=field
            )
    if most_active is not None and not isinstance(most_active, Integral):
        raise InputError(
            f"{shown(most_active)} is no number of jobs",
            source="swap",
            field="most_active",
        )
    job = new if old is None else old
    if job is None:
        raise InputError("there is neither an old job nor a new one", source="swap")
    if old is not None and new is not None:
        if _constants(old) != _constants(new):
            raise InputError("the jobs are not those of one report", source="swap")
        if old.state.is_final and new != old:
            raise IllegalTransitionError(
                f"it is {old.state}, which never changes", old.report_id
            )
    completes = (
        new is not None
        and new.state is JobState.COMPLETE
        and (old is None or old.state is not JobState.COMPLETE)
    )
    if completes is (report is None):
        raise InputError(
            "a report comes with a job that becomes complete, and with no other",
            source="swap",
        )
    if not may_be_key(job.idempotency_key):
        raise InputError(
            "it is no text that UTF-8 can hold", source="swap", field="idempotency_key"
        )
    return is_report_id(job.report_id)


def may_be_key(key: object) -> bool:
    """Whether a job can have this key: text that UTF-8 can hold, or None."""
    if not isinstance(key, str):
        return key is None
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return True


def selected(
    jobs: Iterable[Job], *, active: bool, idempotency_key: str | None
) -> tuple[Job, ...]:
    """The jobs that `ReportSink.jobs` is asked for, in the order of their making."""
    chosen = [
        job
        for job in jobs
        if not (active and job.state.is_final)
        and idempotency_key in (None, job.idempotency_key)
    ]
    return tuple(sorted(chosen, key=lambda job: (job.created_at, job.report_id)))


def queue_is_full(most_active: int) -> QueueFullError:
    """The error for one job too many."""
    return QueueFullError(
        f"{counted(most_active, 'report')} may be queued or running at most, and as "
        "many are; try again later"
    )


def _constants(job: Job) -> tuple[object, ...]:
    """What stays the same for as long as a job lives."""
    return job.report_id, job.created_at, job.idempotency_key
