"""The background of a `ReportManager`: begun when needed, anew after a fork, ended."""

from __future__ import annotations

import atexit
import os
import time
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING

import attrs

from uptime_core.errors import ClosedError
from uptime_core.forks import ForkSafeLock
from uptime_core.jobs import Cancel, JobState
from uptime_core.status import ReportStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from uptime_core.job_table import JobTable
    from uptime_core.worker import Worker

_STOP_SECONDS = 5.0
_EXIT_SECONDS = 1.0
_DRAIN_SECONDS = 0.25
_PRUNE_AT = 1000


class Background:
    """Holds the worker of this process.

    Args:
        table: The jobs.
        make_worker: Makes a worker that has not begun, and that calls what it is given
            with the id of each report that it has brought to a final state.
        survives_fork: Whether a child process can work with what the worker is made
            of; otherwise it only reads.

    Attributes:
        is_closed: Whether no more reports are triggered.
        has_ended: Whether nothing is made any more.
    """

    def __init__(
        self,
        table: JobTable,
        make_worker: Callable[[Callable[[str], None]], Worker],
        *,
        survives_fork: bool,
    ) -> None:
        self.is_closed: bool = False
        self.has_ended: bool = False
        self._table = table
        self._make_worker = make_worker
        self._survives_fork = survives_fork
        self._only_reads = False
        self._lock = ForkSafeLock()
        self._process = os.getpid()
        self._triggered: set[str] = set()
        self._triggering: set[object] = set()
        self._prune_at = _PRUNE_AT
        self._worker, self._finalizer = self._begun()

    def worker(self) -> Worker:
        """What works in this process, begun unless all is closed."""
        with self._lock.lock:
            self._renew_in_fork()
            worker = self._worker
            working = not (self.is_closed or self._only_reads)
        if working:
            worker.start()
        return worker

    @contextmanager
    def triggering(self) -> Iterator[Worker]:
        """What works in this process; `close` waits for the end of the block.

        Raises:
            ClosedError: No report can be triggered here.
        """
        this = object()
        try:  # an interrupt may come after any call
            with self._lock.lock:
                self._renew_in_fork()
                if self.is_closed:
                    raise ClosedError("the manager is closed; make another one")
                if self._only_reads:
                    raise ClosedError(
                        "the executor did not survive the fork; make a manager, and "
                        "its executor, in the child process"
                    )
                self._triggering.add(this)
            yield self.worker()
        finally:
            self._triggering.discard(this)

    def status(self, report_id: str) -> ReportStatus:
        """Where a report is; see `ReportManager.status`."""
        worker = self.worker()
        self._table.recover(worker.running())
        job = self._table.job(report_id)
        run = worker.run_of(report_id)
        if run is not None and run.job.fence == job.fence and not job.state.is_final:
            job = attrs.evolve(job, done=run.done, total=run.total)
        if job.state.is_final:
            self.forget(report_id)
        return ReportStatus.of(job)

    def settle(self, report_id: str) -> None:
        """Wait until all progress of a report in its final state has been told."""
        self.worker().watcher.settle(report_id)

    def note(self, report_id: str) -> None:
        """Remember that a report was triggered here."""
        with self._lock.lock:
            self._triggered.add(report_id)
            if len(self._triggered) < self._prune_at:
                return
            triggered = set(self._triggered)
        active = self._active()  # so that a long life does not remember all reports
        with self._lock.lock:
            self._triggered -= triggered - active
            self._prune_at = 2 * len(self._triggered) + _PRUNE_AT

    def forget(self, report_id: str) -> None:
        """A report is in its final state: `close` need not look for it."""
        self._triggered.discard(report_id)

    def _active(self) -> set[str]:
        return {job.report_id for job in self._table.sink.jobs(active=True)}

    def close(self, *, wait: bool, cancel_pending: bool) -> None:
        """End the work; see `ReportManager.close`."""
        with self._lock.lock:
            self._renew_in_fork()
            self.is_closed = True
            worker, finalizer = self._worker, self._finalizer
            wait = wait and worker.max_workers > 0 and not self._only_reads
        try:
            # Where none is left, the sink is not asked: it may be closed already.
            triggered = self._forget_triggered()
            if cancel_pending and triggered:
                for job in self._table.sink.jobs(active=True):
                    if job.report_id in triggered and job.state is JobState.QUEUED:
                        self._table.try_change(job.report_id, Cancel())
            if wait and triggered:
                self._drain(worker, triggered)
            if wait:
                worker.watcher.settle()
        finally:
            finalizer.detach()
            worker.stop(_STOP_SECONDS)
            self.has_ended = True
            worker.tell_of_change()

    def _forget_triggered(self) -> set[str]:
        """The reports triggered here, also those that are just being triggered."""
        deadline = time.monotonic() + _STOP_SECONDS
        while self._triggering and time.monotonic() < deadline:
            time.sleep(0.001)
        with self._lock.lock:
            triggered, self._triggered = self._triggered, set()
        return triggered

    def _drain(self, worker: Worker, triggered: set[str]) -> None:
        """Wait until reports are in their final states."""
        while not worker.is_stopping:
            seen = worker.changes
            triggered &= self._active()
            if not triggered:
                return
            worker.wait_for_change(seen, _DRAIN_SECONDS)

    def _renew_in_fork(self) -> None:
        """Begin anew in a child process, which has none of its parent's threads."""
        if self._process != os.getpid():
            self._process = os.getpid()
            self._only_reads = not self._survives_fork
            self._triggered, self._triggering = set(), set()
            self._worker, self._finalizer = self._begun()

    def _begun(self) -> tuple[Worker, weakref.finalize[[], Background]]:
        worker = self._make_worker(self._triggered.discard)
        _workers.add(worker)
        finalizer = weakref.finalize(self, worker.abandon)
        finalizer.atexit = False
        return worker, finalizer


# At the end of the process, what runs goes back to the queue. A child process does not
# have its parent's threads, and stopping its copies of the workers does nothing.
_workers: weakref.WeakSet[Worker] = weakref.WeakSet()


@atexit.register
def _stop_workers() -> None:
    for worker in list(_workers):
        worker.stop(_EXIT_SECONDS)
