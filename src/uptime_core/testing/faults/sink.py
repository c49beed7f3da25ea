"""A sink that fails when the test says so."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from uptime_core.abc import ReportSink
from uptime_core.errors import InputError, shown
from uptime_core.jobs import JobState
from uptime_core.testing.faults.plan import Faulty

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from uptime_core.jobs import Job
    from uptime_core.report import Report
    from uptime_core.testing.faults.plan import Error, When

_METHODS = ("job", "jobs", "swap", "report", "discard")
_SWAPS = ("add", "delete", *(f"{a} to {b}" for a, b in product(JobState, JobState)))


class FaultySink(Faulty, ReportSink):
    """A sink that fails at its n-th call, around another sink.

    A `swap` that fails after the call has changed the job, and its caller does not
    know.

    >>> from uptime_core import MemorySink
    >>> sink = FaultySink(MemorySink(), methods=["job"], times=None)
    >>> sink.jobs()
    ()
    >>> sink.job("0" * 32)
    Traceback (most recent call last):
    uptime_core.errors.BackEndError: fault on purpose, before call 1 (job)
    >>> sink.heal()
    >>> sink.job("0" * 32)

    Args:
        sink: The other sink.
        fail_at: As of `FaultyStore`; likewise the next two, and `times`.
        error: What is raised.
        when: `before` or `after`.
        methods: Only calls of these methods count. A swap may also be named by what it
            does: `add`, `delete`, or from which state to which, `running to complete`.
        times: How many calls in a row fail; None is all from then on.

    Raises:
        InputError: An argument is none of these.
    """

    def __init__(
        self,
        sink: ReportSink,
        fail_at: int = 1,
        *,
        error: Error = None,
        when: When = "before",
        methods: Collection[str] | None = None,
        times: int | None = 1,
    ) -> None:
        if not isinstance(sink, ReportSink):
            raise InputError(f"{shown(sink)} is not a ReportSink", source="FaultySink")
        self._sink = sink
        self.watch(
            sink,
            (*_METHODS, *_SWAPS),
            fail_at=fail_at,
            error=error,
            when=when,
            methods=methods,
            times=times,
        )

    def job(self, report_id: str) -> Job | None:
        """The inner sink's job."""
        return self.around("job", self._sink.job, report_id)

    def jobs(
        self, *, active: bool = False, idempotency_key: str | None = None
    ) -> Sequence[Job]:
        """The inner sink's jobs."""
        return self.around(
            "jobs", self._sink.jobs, active=active, idempotency_key=idempotency_key
        )

    def swap(
        self,
        old: Job | None,
        new: Job | None,
        *,
        report: Report | None = None,
        most_active: int | None = None,
    ) -> bool:
        """Swap in the inner sink."""
        kind = "add" if old is None else "delete"
        if old is not None and new is not None:
            kind = f"{old.state} to {new.state}"
        with self.calling("swap", kind):
            return self._sink.swap(old, new, report=report, most_active=most_active)

    def report(self, report_id: str) -> Report | None:
        """The inner sink's report."""
        return self.around("report", self._sink.report, report_id)

    def discard(self, report_id: str) -> bool:
        """Discard what is damaged in the inner sink."""
        return self.around("discard", self._sink.discard, report_id)
