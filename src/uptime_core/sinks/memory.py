"""A sink in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptime_core.abc import ReportSink
from uptime_core.closing import Closing
from uptime_core.errors import counted
from uptime_core.forks import ForkSafeLock
from uptime_core.jobs import is_report_id
from uptime_core.sinks.swaps import may_swap, queue_is_full, selected
from uptime_core.values import flag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uptime_core.jobs import Job
    from uptime_core.report import Report


class MemorySink(Closing, ReportSink):
    """Keeps jobs and reports for as long as the process lives.

    A forked process gets a copy that goes its own way.
    """

    def __init__(self) -> None:
        # Job and report in one place: whenever the process is forked, all is whole.
        self._kept: dict[str, tuple[Job, Report | None]] = {}
        self._lock = ForkSafeLock()

    def job(self, report_id: str) -> Job | None:
        """The job of this id, or None."""
        self._require_open()
        kept = self._kept.get(report_id) if is_report_id(report_id) else None
        return None if kept is None else kept[0]

    def jobs(
        self, *, active: bool = False, idempotency_key: str | None = None
    ) -> Sequence[Job]:
        """Jobs, sorted by `created_at` and id; see `ReportSink.jobs`."""
        self._require_open()
        active = flag(active, "jobs", "active")
        with self._lock.lock:
            jobs = [job for job, _ in self._kept.values()]
        return selected(jobs, active=active, idempotency_key=idempotency_key)

    def swap(
        self,
        old: Job | None,
        new: Job | None,
        *,
        report: Report | None = None,
        most_active: int | None = None,
    ) -> bool:
        """Put a job in the place of another; see `ReportSink.swap`.

        Raises:
            QueueFullError: `most_active` are queued or running.
            InputError: The jobs are not of one report, or the report is not due.
            IllegalTransitionError: The old job is in a final state.
        """
        self._require_open()
        if not may_swap(old, new, report, most_active):
            return False
        with self._lock.lock:
            if old is None:
                return new is not None and self._add(new, report, most_active)
            current, kept_report = self._kept.get(old.report_id, (None, None))
            if current is None or current.revision != old.revision:
                return False
            if new is None:
                del self._kept[old.report_id]
            else:
                made = kept_report if report is None else report
                self._kept[new.report_id] = (new, made)
            return True

    def report(self, report_id: str) -> Report | None:
        """The report of a complete job, or None."""
        self._require_open()
        kept = self._kept.get(report_id) if is_report_id(report_id) else None
        return None if kept is None else kept[1]

    def __repr__(self) -> str:
        return f"<MemorySink: {counted(len(self._kept), 'job')}>"

    def _add(self, new: Job, report: Report | None, most_active: int | None) -> bool:
        if new.report_id in self._kept:
            return False
        key = new.idempotency_key
        if key is not None and self.jobs(idempotency_key=key):
            return False
        if most_active is not None and len(self.jobs(active=True)) >= most_active:
            raise queue_is_full(most_active)
        self._kept[new.report_id] = (new, report)
        return True
