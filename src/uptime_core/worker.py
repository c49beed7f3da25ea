"""What makes reports in the background: claims jobs, runs them, keeps leases.

One supervising thread renews the leases of what runs here, recovers what died
elsewhere, and claims queued jobs; every report runs in a thread of its own, which reads
the store and hands blocks of shops to the executor. Every write is fenced: whoever was
too slow to keep a lease finds that the job has moved on, and leaves it alone.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

from uptime_core.abc import Store
from uptime_core.bells import Alarm, Bell
from uptime_core.errors import StaleAttemptError, StoreCorruptError
from uptime_core.job_queue import JobQueue
from uptime_core.job_table import failure, log_state
from uptime_core.jobs import (
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
from uptime_core.logs import log, warn
from uptime_core.runner import ExecutorShutDownError, Run, StopRunError, run
from uptime_core.threads import OwnThreads, join, shut_down
from uptime_core.watcher import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from uptime_core.capabilities import SupportsSnapshot
    from uptime_core.job_table import JobTable
    from uptime_core.report import Report

_PROGRESS_SECONDS = 1.0
_LONGEST_NAP = 5.0
_SHORTEST_NAP = 0.02
_DAMAGED_SECONDS = 60.0
_PAUSE_SECONDS = 0.25
"""How long a report rests after its first failed attempt; four times that the next."""


class Worker:
    """Makes the reports of a sink from a store, until it is stopped.

    Args:
        table: The jobs.
        store: What reports read.
        reads: The store's identity; jobs over other stores are left alone.
        ended: Called with the id of each report that comes to its final state here.
        executor: What computes; None for threads of its own.
        max_workers: How many reports are made at a time, and how many blocks of each
            are with the executor.
        timeout: For how many seconds a report may run.

    Attributes:
        max_workers: As it was given.
        changes: How many changes there were; see `wait_for_change`.
        watcher: What tells callbacks of progress.
    """

    def __init__(
        self,
        table: JobTable,
        store: SupportsSnapshot,
        reads: str,
        ended: Callable[[str], None],
        *,
        executor: Executor | None,
        max_workers: int,
        timeout: float,
    ) -> None:
        self.changes: int = 0
        self._lock = threading.RLock()  # `with` takes it, and nothing else
        self._change = Bell()
        self._table = table
        self._store = store
        self._ended = ended
        self._given_executor = executor
        self._own_executor: Executor | None = None
        self.max_workers = max_workers
        self._timeout = timeout
        self._name = os.urandom(8).hex()
        self._runs: dict[str, Run] = {}
        self._nap = min(max(table.lease / 3e6, _SHORTEST_NAP), _LONGEST_NAP)
        self._queue = JobQueue(table, reads, self._nap)
        self._threads: list[threading.Thread] = []
        self._news = Alarm()
        self._stopping = False
        self._supervisor: threading.Thread | None = None
        self._is_begun = False
        self.watcher: Watcher = Watcher(table, self._runs)

    def start(self) -> None:
        """Begin to look for jobs, unless that has begun."""
        with self._lock:
            if self._is_begun or self._stopping or self.max_workers == 0:
                return
            # An interrupt here may leave a thread that works: the next one replaces it.
            self._news.ring()
            self._news = Alarm()
            self._supervisor = threading.Thread(
                target=self._supervise, name="uptime_core-supervisor", daemon=True
            )
            self._supervisor.start()
            self._is_begun = True

    def abandon(self) -> None:
        """Let the threads end by themselves, soon.

        This is called when a manager is collected as garbage, which may be at any
        point of any thread: no lock can be taken.
        """
        self._stopping = self.watcher.is_over = True

    @property
    def is_stopping(self) -> bool:
        """Whether nothing is begun any more."""
        return self._stopping

    def wake(self) -> None:
        """There is something to do."""
        self._news.ring()

    def tell_of_change(self) -> None:
        """Wake those who wait for a report."""
        with self._lock:
            self.changes += 1
        self._change.ring()
        self.watcher.wake()

    def wait_for_change(self, seen: int, seconds: float) -> None:
        """Wait until `changes` is not what was seen, or for so many seconds."""
        self._change.wait_for(lambda: self.changes != seen, seconds)

    def run_of(self, report_id: str) -> Run | None:
        """The report's run in this process, if there is one."""
        with self._lock:
            return self._runs.get(report_id)

    def running(self) -> frozenset[str]:
        """The reports that run in this process."""
        with self._lock:
            return frozenset(self._runs)

    def stop(self, seconds: float) -> None:
        """Give what runs here back to the queue, and end the threads.

        Args:
            seconds: For how long their ends are waited for.
        """
        with self._lock:
            self._stopping = self.watcher.is_over = True
            for run_ in self._runs.values():
                run_.is_stopped = True
            supervisor = self._supervisor
        self.wake()
        self.tell_of_change()
        deadline = time.monotonic() + seconds
        join(supervisor, deadline)
        for thread in self._threads:  # none is begun any more
            join(thread, deadline)
        self._threads = [*filter(threading.Thread.is_alive, self._threads)]
        self.watcher.stop(deadline)
        if self._own_executor is not None:
            shut_down(self._own_executor, deadline)

    def _executor(self) -> Executor:
        if self._given_executor is not None:
            return self._given_executor
        with self._lock:
            if self._own_executor is None:
                self._own_executor = OwnThreads(
                    self.max_workers, thread_name_prefix="uptime_core"
                )
            return self._own_executor

    def _supervise(self) -> None:
        renewed, news = time.monotonic(), self._news
        while not self._stopping and self._supervisor is threading.current_thread():
            try:
                self._end_overdue()
                if time.monotonic() - renewed >= self._nap:
                    renewed = time.monotonic()
                    self._renew()
                self._table.recover(self.running())
                self._claim()
            except BaseException as error:  # noqa: BLE001  # the thread must live on
                # A sink that fails now may work again later.
                warn("looking for work failed, and is tried again", error)
            news.wait(self._rest())

    def _rest(self) -> float:
        """For how many seconds there is nothing to do."""
        now = time.monotonic()
        deadlines = [run_.deadline - now for run_ in self._all_runs()]
        return max(min([self._nap, *self._queue.rests().values(), *deadlines]), 0)

    def _end_overdue(self) -> None:
        """Let reports fail that take too long.

        The thread of one may hang for ever; its job does not.
        """
        for run_ in self._all_runs():
            if time.monotonic() >= run_.deadline:
                run_.is_stopped = True
                self._tell(run_, self._overdue(run_))
                self._end(run_)

    def _overdue(self, run_: Run) -> Fail:
        error = f"it ran for longer than {self._timeout:g} s"
        return Fail(run_.job.fence, error, may_retry=False)

    def _renew(self) -> None:
        for run_ in self._all_runs():
            self._tell(run_, Renew(run_.job.fence, run_.done, run_.total))

    def _all_runs(self) -> list[Run]:
        with self._lock:
            return list(self._runs.values())

    def _tell(self, run_: Run, event: Event) -> None:
        """Write what became of a run; stop it if the job has moved on."""
        try:
            job = self._table.change(run_.job.report_id, event)
        except StaleAttemptError:
            job = None
        except Exception as error:  # noqa: BLE001  # a lease has time for more tries
            what = f"the state of report {run_.job.report_id} was not written"
            warn(f"{what}, and is tried again", error)
            return
        if job is None or job.cancel_requested:
            run_.is_stopped = True

    def _claim(self) -> None:
        """Begin as many reports as there is room for."""
        while len(self._runs) < self.max_workers and not self._stopping:
            job = self._queue.next()
            if job is None:
                return
            claim = Claim(self._name, self._table.lease)
            claimed = advance(job, claim, self._table.now())
            try:
                is_ours = self._table.sink.swap(job, claimed)
            except StoreCorruptError as error:  # others can be made all the same
                warn(f"report {job.report_id} is left alone", error)
                self._queue.rest(job.report_id, _DAMAGED_SECONDS)
                continue
            if is_ours:
                log_state(claimed)
                self._begin(claimed)

    def _begin(self, job: Job) -> None:
        run_ = Run(job, deadline=time.monotonic() + self._timeout)
        thread = threading.Thread(
            target=self._make,
            args=(run_,),
            name=f"uptime_core-report-{job.report_id[:8]}",
            daemon=True,
        )
        with self._lock:
            begins = not self._stopping
            if begins:
                self._runs[job.report_id] = run_
                self._threads = [*filter(threading.Thread.is_alive, self._threads)]
                self._threads.append(thread)
        try:
            if begins:
                thread.start()
                return
        except RuntimeError:  # no more threads can be started
            self._end(run_)
            self._stopping |= not threading.main_thread().is_alive()
        self._table.change(job.report_id, Release(job.fence))

    def _end(self, run_: Run) -> None:
        with self._lock:
            if self._runs.get(run_.job.report_id) is run_:
                del self._runs[run_.job.report_id]
        self.tell_of_change()
        self.wake()

    def _make(self, run_: Run) -> None:
        """A thread's work: one attempt at one report, whatever happens."""
        fence, report_id = run_.job.fence, run_.job.report_id
        report: Report | None = None
        event: Event = Release(fence)
        try:
            report = self._report(run_)
            event = Complete(fence, len(report))
        except StopRunError:
            pass
        except BaseException as error:  # noqa: BLE001  # told in the report's status
            # With the process, its executors end first; that is no fault.
            ends = self._stopping or not threading.main_thread().is_alive()
            if not (ends and isinstance(error, ExecutorShutDownError)):
                warn(f"an attempt at report {report_id} failed", error)
                event = failure(fence, error)
        finally:
            given_back = isinstance(event, Release) and self._stopping
            if time.monotonic() >= run_.deadline and not given_back:
                event, report = self._overdue(run_), None
            try:
                job = self._table.finish(report_id, event, report)
                if job is not None and job.state.is_final:
                    self._ended(report_id)
                if job is not None and job.state is JobState.QUEUED and job.error:
                    pause = _PAUSE_SECONDS * 4 ** (job.attempt - 1)
                    self._queue.rest(report_id, pause)
            finally:
                self._end(run_)

    def _report(self, run_: Run) -> Report:
        request, store = run_.job.request, self._store
        snapshot = (
            store.snapshot_for(request)
            if isinstance(store, Store)
            else store.snapshot()
        )
        run_.total = snapshot.shops
        told = time.monotonic()
        log.debug("report %s reads %d shops", run_.job.report_id, run_.total)

        def tell(done: int) -> None:
            nonlocal told
            run_.done = done
            self.watcher.wake()
            if time.monotonic() - told > _PROGRESS_SECONDS:
                told = time.monotonic()
                self._tell(run_, Renew(run_.job.fence, run_.done, run_.total))
            if run_.is_stopped or self._stopping:
                raise StopRunError

        return run(
            snapshot,
            request,
            self._executor(),
            in_flight=self.max_workers,
            tell=tell,
        )
