"""What makes reports in the background: claims jobs, runs them, keeps leases.

One supervising thread renews the leases of what runs here, recovers what died
elsewhere, and claims queued jobs; every report runs in a thread of its own, which reads
the store and hands blocks of shops to the executor. Every write is fenced: whoever was
too slow to keep a lease finds that the job has moved on, and leaves it alone.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import attrs

from uptime_core.errors import (
    IllegalTransitionError,
    InputError,
    StaleAttemptError,
)
from uptime_core.job_table import JobTable, described, log
from uptime_core.jobs import (
    Abandon,
    Claim,
    Complete,
    Event,
    Fail,
    Job,
    JobState,
    Release,
    Renew,
    advance,
)
from uptime_core.runner import ExecutorShutDownError, run

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from uptime_core.abc import SupportsSnapshot
    from uptime_core.report import Report

_PROGRESS_SECONDS = 1.0
_LONGEST_NAP = 5.0
_SHORTEST_NAP = 0.02
_FOREIGN_LEASES = 3
"""For how many leases a job over another store waits for a manager that has it."""


class StopRunError(Exception):
    """The report is not to be finished here."""


@attrs.define(eq=False)
class Run:
    """A report that is being made in this process.

    Attributes:
        job: As it was when it was last written.
        stop: Set when it is not to go on.
        done: Shops that are computed.
        total: Shops in all, as far as known.
        deadline: Until when it may run, on the monotonic clock.
    """

    job: Job
    deadline: float
    stop: threading.Event = attrs.field(factory=threading.Event)
    done: int = 0
    total: int = 0


class Worker:
    """Makes the reports of a sink from a store, until it is stopped.

    Args:
        table: The jobs.
        store: What reports read.
        reads: The store's identity; jobs over other stores are left alone.
        executor: What computes; None for threads of its own.
        max_workers: How many reports are made at a time, and how many blocks of each
            are with the executor.
        timeout: For how many seconds a report may run.

    Attributes:
        max_workers: As it was given.
        changes: How many changes there were; see `wait_for_change`.
    """

    def __init__(
        self,
        table: JobTable,
        store: SupportsSnapshot,
        reads: str,
        *,
        executor: Executor | None,
        max_workers: int,
        timeout: float,
    ) -> None:
        self.changes = 0
        self._changed = threading.Condition()
        self._table = table
        self._store = store
        self._reads = reads
        self._given_executor = executor
        self._own_executor: Executor | None = None
        self.max_workers = max_workers
        self._timeout = timeout
        self._name = secrets.token_hex(8)
        self._runs: dict[str, Run] = {}
        self._threads: set[threading.Thread] = set()
        self._wake = threading.Event()
        self._stopping = False
        self._supervisor: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look for jobs, unless that has begun."""
        with self._changed:
            idle = self._supervisor is None and self.max_workers > 0
            if idle and not self._stopping:
                self._supervisor = threading.Thread(
                    target=self._supervise, name="uptime_core-supervisor", daemon=True
                )
                self._supervisor.start()

    def wake(self) -> None:
        """There is something to do."""
        self._wake.set()

    def tell_of_change(self) -> None:
        """Wake those who wait for a report."""
        with self._changed:
            self.changes += 1
            self._changed.notify_all()

    def wait_for_change(self, seen: int, seconds: float) -> None:
        """Wait until `changes` is not what was seen, or for so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self.changes != seen, seconds)

    def run_of(self, report_id: str) -> Run | None:
        """The report's run in this process, if there is one."""
        with self._changed:
            return self._runs.get(report_id)

    def running(self) -> frozenset[str]:
        """The reports that run in this process."""
        with self._changed:
            return frozenset(self._runs)

    def stop(self, seconds: float) -> None:
        """Give what runs here back to the queue, and end the threads.

        Args:
            seconds: For how long their ends are waited for.
        """
        with self._changed:
            self._stopping = True
            for run_ in self._runs.values():
                run_.stop.set()
            threads = [*self._threads, self._supervisor]
        self._wake.set()
        deadline = time.monotonic() + seconds
        for thread in threads:
            if thread is not None and thread is not threading.current_thread():
                thread.join(max(deadline - time.monotonic(), 0))
        if self._own_executor is not None:
            self._own_executor.shutdown(wait=False, cancel_futures=True)

    def _executor(self) -> Executor:
        if self._given_executor is not None:
            return self._given_executor
        with self._changed:
            if self._own_executor is None:
                self._own_executor = ThreadPoolExecutor(
                    self.max_workers, thread_name_prefix="uptime_core"
                )
            return self._own_executor

    def _supervise(self) -> None:
        nap = self._table.lease / 1e6 / 3
        nap = min(max(nap, _SHORTEST_NAP), _LONGEST_NAP)
        renewed = time.monotonic()
        while not self._stopping:
            try:
                if time.monotonic() - renewed >= nap:
                    renewed = time.monotonic()
                    self._renew()
                self._table.recover(self.running())
                self._claim()
            except Exception:  # noqa: BLE001  # the thread must live on
                # A sink that fails now may work again later.
                log.warning("the supervisor could not do its round", exc_info=True)
            self._wake.wait(nap)
            self._wake.clear()

    def _renew(self) -> None:
        with self._changed:
            runs = list(self._runs.values())
        for run_ in runs:
            if time.monotonic() > run_.deadline:
                # Its thread may hang for ever; the job does not.
                error = f"it ran for longer than {self._timeout:g} s"
                event: Event = Fail(run_.job.fence, error, may_retry=False)
                run_.stop.set()
            else:
                event = Renew(run_.job.fence, run_.done, run_.total)
            self._tell(run_, event)
            if isinstance(event, Fail):
                self._end(run_)

    def _tell(self, run_: Run, event: Event) -> None:
        """Write what became of a run; stop it if the job has moved on."""
        try:
            job = self._table.change(run_.job.report_id, event)
        except StaleAttemptError:
            job = None
        except Exception:  # noqa: BLE001  # a lease has time for more than one try
            log.warning("could not write to the sink", exc_info=True)
            return
        if job is None or job.cancel_requested:
            run_.stop.set()

    def _claim(self) -> None:
        if self._free() < 1:
            return
        now = self._table.now()
        for job in self._table.sink.jobs(active=True):
            if job.state is not JobState.QUEUED:
                continue
            if job.reads != self._reads:
                self._abandon_if_old(job, now)
                continue
            if self._free() < 1 or self._stopping:
                return
            claimed = advance(job, Claim(self._name), self._table.now())
            if self._table.sink.swap(job, claimed):
                self._begin(claimed)

    def _free(self) -> int:
        with self._changed:
            return self.max_workers - len(self._runs)

    def _abandon_if_old(self, job: Job, now: int) -> None:
        since = max(job.created_at, job.started_at or 0)
        if abs(now - since) > _FOREIGN_LEASES * job.lease:
            error = f"no open manager reads the store that it needs, {job.reads}"
            with contextlib.suppress(IllegalTransitionError):
                self._table.change(job.report_id, Abandon(error))

    def _begin(self, job: Job) -> None:
        run_ = Run(job, deadline=time.monotonic() + self._timeout)
        thread = threading.Thread(
            target=self._make,
            args=(run_,),
            name=f"uptime_core-report-{job.report_id[:8]}",
            daemon=True,
        )
        with self._changed:
            self._runs[job.report_id] = run_
            self._threads.add(thread)
            if self._stopping:
                run_.stop.set()
        try:
            thread.start()
        except RuntimeError:  # no more threads can be started
            self._threads.discard(thread)
            self._end(run_)
            self._table.change(job.report_id, Release(job.fence))

    def _end(self, run_: Run) -> None:
        with self._changed:
            if self._runs.get(run_.job.report_id) is run_:
                del self._runs[run_.job.report_id]
        self.tell_of_change()
        self._wake.set()

    def _make(self, run_: Run) -> None:
        """A thread's work: one attempt at one report, whatever happens."""
        fence, report_id = run_.job.fence, run_.job.report_id
        report: Report | None = None
        event: Event = Release(fence)
        try:
            report = self._report(run_)
            event = Complete(fence, len(report))
        except (StopRunError, ExecutorShutDownError):
            pass
        except Exception as error:  # noqa: BLE001  # told in the report's status
            log.info("report %s failed: %s", report_id, type(error).__name__)
            log.debug("report %s failed", report_id, exc_info=True)
            may_retry = not isinstance(error, InputError)
            event = Fail(fence, described(error), may_retry)
        finally:
            try:
                self._finish(report_id, event, report)
            finally:
                self._end(run_)
                with self._changed:
                    self._threads.discard(threading.current_thread())

    def _finish(self, report_id: str, event: Event, report: Report | None) -> None:
        """Write the outcome; where that fails, the failure is the outcome."""
        try:
            self._table.change(report_id, event, report)
        except IllegalTransitionError:
            log.info("report %s was taken over by another worker", report_id)
        except Exception as error:  # noqa: BLE001  # told in the report's status
            log.warning("report %s could not be stored", report_id, exc_info=True)
            if isinstance(event, Complete):
                failed = Fail(event.fence, described(error), may_retry=True)
                # If this fails too, the lease runs out, and another worker takes over.
                with contextlib.suppress(Exception):
                    self._table.change(report_id, failed)

    def _report(self, run_: Run) -> Report:
        snapshot = self._store.snapshot()
        run_.total = snapshot.shops
        told = time.monotonic()

        def tell(done: int) -> None:
            nonlocal told
            run_.done = done
            if time.monotonic() - told > _PROGRESS_SECONDS:
                told = time.monotonic()
                self._tell(run_, Renew(run_.job.fence, run_.done, run_.total))
            if run_.stop.is_set():
                raise StopRunError

        return run(
            snapshot,
            run_.job.request,
            self._executor(),
            in_flight=self.max_workers,
            tell=tell,
        )
