"""Plain sinks that are right, made to be broken in one place.

They are for tests only: `uptime_core.testing.broken_sinks` derives from them.
"""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

from uptime_core.abc import ReportSink
from uptime_core.errors import QueueFullError
from uptime_core.job_record import job_text, parse_job
from uptime_core.report_record import parse_report, report_bytes
from uptime_core.sinks.swaps import may_swap
from uptime_core.testing.folders import write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from uptime_core.jobs import Job
    from uptime_core.report import Report


class PlainSink(ReportSink):
    """Keeps jobs and reports in dictionaries.

    Attributes:
        all_jobs: By id, in the order of adding.
        all_reports: By id.
    """

    def __init__(self) -> None:
        self.all_jobs: dict[str, Job] = {}
        self.all_reports: dict[str, Report] = {}
        self.lock: AbstractContextManager[object] = threading.RLock()

    def job(self, report_id: str) -> Job | None:
        """The job of this id, or None."""
        return self.all_jobs.get(report_id)

    def report(self, report_id: str) -> Report | None:
        """The report of a complete job, or None."""
        return self.all_reports.get(report_id)

    def jobs(
        self, *, active: bool = False, idempotency_key: str | None = None
    ) -> Sequence[Job]:
        """Jobs in the order of their making."""
        chosen = [
            job
            for job in list(self.all_jobs.values())
            if (self.is_active(job) or not active)
            and (idempotency_key is None or self.has_key(job, idempotency_key))
        ]
        return self.ordered(chosen)

    def is_active(self, job: Job) -> bool:
        """Whether a job is one of the active ones."""
        return not job.state.is_final

    def has_key(self, job: Job, key: str) -> bool:
        """Whether a job has a key."""
        return job.idempotency_key == key

    def ordered(self, jobs: list[Job]) -> Sequence[Job]:
        """Jobs in their order."""
        return sorted(jobs, key=lambda job: (job.created_at, job.report_id))

    def swap(
        self,
        old: Job | None,
        new: Job | None,
        *,
        report: Report | None = None,
        most_active: int | None = None,
    ) -> bool:
        """Put a job in the place of another."""
        if not self.may_swap(old, new, report):
            return False
        with self.lock:
            if old is None:
                if new is None or not self.may_add(new, most_active):
                    return False
            elif not self.is_there(old):
                return False
            self.write(old, new, report)
            return True

    def may_swap(self, old: Job | None, new: Job | None, report: Report | None) -> bool:
        """Refuse what no caller may ask for."""
        return may_swap(old, new, report)

    def is_there(self, old: Job) -> bool:
        """Whether a job is there, unchanged."""
        current = self.all_jobs.get(old.report_id)
        return current is not None and current.revision == old.revision

    def may_add(self, new: Job, most_active: int | None) -> bool:
        """Whether a job may be added.

        Raises:
            QueueFullError: There are too many.
        """
        if self.is_taken(new):
            return False
        if most_active is not None and self.waiting() >= most_active:
            raise QueueFullError("too many reports are queued or running")
        return True

    def is_taken(self, new: Job) -> bool:
        """Whether the id or the key of a job is there."""
        key = new.idempotency_key
        return new.report_id in self.all_jobs or (
            key is not None and bool(self.jobs(idempotency_key=key))
        )

    def waiting(self) -> int:
        """How many jobs count for the bound."""
        return len(self.jobs(active=True))

    def write(self, old: Job | None, new: Job | None, report: Report | None) -> None:
        """Let a swap be done."""
        if new is not None:
            if report is not None:
                self.all_reports[new.report_id] = report
            self.all_jobs[new.report_id] = new
        elif old is not None:
            del self.all_jobs[old.report_id]
            self.all_reports.pop(old.report_id, None)


class PlainFileSink(PlainSink):
    """Keeps all of it in a file, which each swap writes anew.

    One such sink may be open on a file at a time.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        if path.exists():
            self.load(path.read_text("utf-8"))

    def load(self, text: str) -> None:
        """Take over what a file holds."""
        said = json.loads(text)
        for job in said["jobs"]:
            parsed = parse_job(job, "job")
            self.all_jobs[parsed.report_id] = parsed
        for report_id, data in said["reports"].items():
            self.all_reports[report_id] = parse_report(bytes.fromhex(data), "report")

    def text(self) -> str:
        """What the file is to hold."""
        reports = {
            report_id: report_bytes(report).hex()
            for report_id, report in self.all_reports.items()
        }
        jobs = [job_text(job) for job in self.all_jobs.values()]
        return json.dumps({"jobs": jobs, "reports": reports})

    def write(self, old: Job | None, new: Job | None, report: Report | None) -> None:
        """Let a swap be done, in the file first."""
        before = dict(self.all_jobs), dict(self.all_reports)
        super().write(old, new, report)
        try:
            self.save(self.text())
        except BaseException:
            self.all_jobs.clear()
            self.all_jobs.update(before[0])
            self.all_reports.clear()
            self.all_reports.update(before[1])
            raise

    def save(self, text: str) -> None:
        """Write the file, which is complete or as it was."""
        write_whole(self.path, text)
