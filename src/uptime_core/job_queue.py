"""Which job a worker takes next."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from uptime_core.jobs import Abandon, Job, JobState
from uptime_core.logs import log

if TYPE_CHECKING:
    from uptime_core.job_table import JobTable

_FOREIGN_LEASES = 3
"""For how many leases jobs over another store wait for a manager that has it."""


class JobQueue:
    """The queued jobs of a sink over one store, oldest first.

    Args:
        table: The jobs.
        reads: The identity of the store; jobs over others are left alone.
        every: After how many seconds the sink is asked again, at the latest.
    """

    def __init__(self, table: JobTable, reads: str, every: float) -> None:
        self._table = table
        self._reads = reads
        self._every = every
        self._jobs: deque[Job] = deque()
        self._listed_at = -math.inf
        self._lock = threading.Lock()
        self._resting: dict[str, float] = {}
        self._foreign: dict[str, tuple[frozenset[tuple[str, int]], float]] = {}

    def next(self) -> Job | None:
        """The next job, as it was a moment ago; for one thread only."""
        # Reading all queued jobs takes a while where there are many.
        if not self._jobs or time.monotonic() - self._listed_at > self._every:
            self._list()
        return self._jobs.popleft() if self._jobs else None

    def rest(self, report_id: str, seconds: float) -> None:
        """Leave a report alone for a while."""
        with self._lock:
            self._resting[report_id] = time.monotonic() + seconds

    def rests(self) -> dict[str, float]:
        """For how many seconds more reports are left alone."""
        now = time.monotonic()
        with self._lock:
            self._resting = {
                report_id: until
                for report_id, until in self._resting.items()
                if until > now
            }
            return {
                report_id: until - now for report_id, until in self._resting.items()
            }

    def _list(self) -> None:
        self._listed_at = time.monotonic()
        self._jobs.clear()
        resting = self.rests()
        foreign: dict[str, list[Job]] = {}
        for job in self._table.sink.jobs(active=True):
            if job.reads != self._reads:
                foreign.setdefault(job.reads, []).append(job)
            elif job.state is JobState.QUEUED and job.report_id not in resting:
                self._jobs.append(job)
        self._abandon(foreign)

    def _abandon(self, foreign: dict[str, list[Job]]) -> None:
        """Let jobs fail whose store no open manager reads.

        There is none if nothing has become of any of them for some leases, on this
        process's own clock.
        """
        now, micros = time.monotonic(), self._table.now()
        seen, self._foreign = self._foreign, {}
        for reads, jobs in foreign.items():
            signs = frozenset((job.report_id, job.revision) for job in jobs)
            before, since = seen.get(reads, (signs, now))
            alive = any(
                job.state is JobState.RUNNING and not job.is_expired(micros)
                for job in jobs
            )
            since = now if alive or before != signs else since
            self._foreign[reads] = signs, since
            if now - since > _FOREIGN_LEASES * self._table.lease / 1e6:
                error = (
                    f"no open manager reads the store that it needs, {reads}; open "
                    "one, and trigger it again"
                )
                for job in jobs:
                    if (
                        self._table.try_change(job.report_id, Abandon(error))
                        is not None
                    ):
                        log.warning("report %s fails: %s", job.report_id, error)
