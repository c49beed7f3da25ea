"""What a `ReportManager` tells of a report while it is made, and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from uptime_core.errors import counted
from uptime_core.instants import to_datetime

if TYPE_CHECKING:
    from datetime import datetime

    from uptime_core.jobs import Job, JobState


@attrs.frozen(kw_only=True, repr=False)
class ReportStatus:
    """Where a report is, as of the call. Times are in UTC.

    Attributes:
        report_id: The report.
        state: `queued`, `running`, `complete`, `failed` or `cancelled`.
        done: Shops that are computed.
        total: Shops in all, as far as known; 0 before the first attempt.
        attempt: How many times it was begun.
        created_at: When it was triggered.
        started_at: When the latest attempt began, or None.
        finished_at: When it reached its final state, or None.
        as_of: The report's "now", fixed when it was triggered.
        cancel_requested: Whether a running report is about to stop.
        error: Why it failed, or why its last attempt did; None otherwise.
    """

    report_id: str
    state: JobState
    done: int
    total: int
    attempt: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    as_of: datetime
    cancel_requested: bool
    error: str | None

    @classmethod
    def of(cls, job: Job) -> ReportStatus:
        """The status of a job."""
        return cls(
            report_id=job.report_id,
            state=job.state,
            done=job.done,
            total=job.total,
            attempt=job.attempt,
            created_at=to_datetime(job.created_at),
            started_at=_instant(job.started_at),
            finished_at=_instant(job.finished_at),
            as_of=to_datetime(job.request.as_of or 0),
            cancel_requested=job.cancel_requested,
            error=job.error,
        )

    @property
    def is_final(self) -> bool:
        """Whether nothing changes any more."""
        return self.state.is_final

    def __repr__(self) -> str:
        shops = (
            f", {self.done:,} of {counted(self.total, 'shop')}" if self.total else ""
        )
        attempt = f", attempt {self.attempt}" if self.attempt > 1 else ""
        error = f": {self.error}" if self.error else ""
        return f"<ReportStatus {self.report_id}: {self.state}{shops}{attempt}{error}>"


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else to_datetime(micros)
