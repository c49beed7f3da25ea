"""Reports in the background: trigger one, ask for its status, get it."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Self

from uptime_core import manager_arguments as checked
from uptime_core.background import Background
from uptime_core.clock import system_clock
from uptime_core.compute import with_as_of
from uptime_core.errors import ClosedError, located
from uptime_core.instants import to_micros
from uptime_core.job_table import JobTable, error_of, not_found
from uptime_core.jobs import Cancel, JobState
from uptime_core.progress import Meter
from uptime_core.request import DEFAULT_POLICY, ReportRequest
from uptime_core.sinks.memory import MemorySink
from uptime_core.status import ReportStatus
from uptime_core.values import flag
from uptime_core.waiting import Waiting
from uptime_core.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Executor
    from datetime import datetime
    from types import TracebackType

    from uptime_core.abc import ReportSink
    from uptime_core.capabilities import SupportsSnapshot
    from uptime_core.clock import Clock
    from uptime_core.policy import Policy
    from uptime_core.progress import ProgressCallback
    from uptime_core.report import Report
    from uptime_core.request import StoreSelection
    from uptime_core.window import Window

_LEASE = timedelta(seconds=30)
_TIMEOUT = timedelta(hours=1)


class ReportManager:
    """Makes reports of a store in the background and keeps them in a sink.

    Any number of managers, in any processes, may share a sink; each takes up what
    another one leaves behind, provided that it reads the same store. Nothing is started
    before the first call or ``with``. A manager works in several threads and in forked
    processes. It closes neither the store nor the sink.

    Leaving a ``with`` block waits for the reports triggered by this manager, unless an
    exception leaves it: then they go back to the queue.

    Args:
        store: What reports read.
        sink: Where jobs and reports are kept; by default in memory.
        executor: What computes, in threads or in processes; by default threads of the
            manager's own. It is never shut down.
        max_workers: How many reports are made here at a time, and how many blocks of
            each; by default one for each processor, at most 4. With 0, all are left to
            other managers of the sink.
        max_pending: How many reports of the sink may be queued or running; `trigger`
            refuses more.
        lease: For how long a worker may be silent before another one takes over.
        timeout: How long an attempt at a report may take before it fails.
        clock: What time it is, as an aware datetime; for tests.

    Raises:
        InputError: An argument is none of these.
    """

    def __init__(
        self,
        store: SupportsSnapshot,
        sink: ReportSink | None = None,
        *,
        executor: Executor | None = None,
        max_workers: int | None = None,
        max_pending: int = 1000,
        lease: timedelta = _LEASE,
        timeout: timedelta = _TIMEOUT,
        clock: Clock = system_clock,
    ) -> None:
        checked.parts(store, sink, executor, clock)
        self._store = store
        self._sink = MemorySink() if sink is None else sink
        self._max_pending = checked.number(max_pending, "max_pending", least=1)
        self._reads = checked.identity(store)
        self._table = JobTable(self._sink, clock, checked.micros(lease, "lease"))
        self._background = Background(
            self._table,
            partial(
                Worker,
                self._table,
                store,
                self._reads,
                executor=executor,
                max_workers=checked.workers(max_workers),
                timeout=checked.micros(timeout, "timeout") / 1e6,
            ),
            survives_fork=executor is None,
        )

    def start(self) -> None:
        """Begin to make what is queued in the sink; every other method does, too.

        A process that only makes the reports that others trigger needs no other call.

        Raises:
            ClosedError: The manager is closed.
        """
        self._background.worker()
        if self._background.is_closed:
            raise ClosedError("the manager is closed; make another one")

    def trigger(
        self,
        *,
        windows: Iterable[Window] | Window | None = None,
        as_of: datetime | None = None,
        stores: StoreSelection = "all",
        policy: Policy | None = None,
        idempotency_key: str | None = None,
        progress: ProgressCallback | None = None,
    ) -> str:
        """Ask for a report; it is made in the background.

        Args:
            windows: As `compute_report` takes them; likewise the next three.
            as_of: The report's "now"; by default the newest poll's instant, which is
                fixed here, whatever polls come before the report is made.
            stores: The shops.
            policy: How polls and missing data are read.
            idempotency_key: What the caller calls this request. The same request with
                the same key is the same report, however often it is triggered.
            progress: Told how many shops are computed, in a thread of this manager,
                wherever the report is made. It is no part of the request.

        Returns:
            The report's id, 32 hexadecimal digits that nobody can guess. The job is
            durable, if the sink is.

        Raises:
            InputError: An argument cannot be accepted, or there is neither a poll nor
                an `as_of`.
            IdempotencyConflictError: The key came with another request before.
            QueueFullError: `max_pending` reports are queued or running.
            ClosedError: The manager is closed.
        """
        with self._background.triggering() as worker:
            asked = ReportRequest.of(
                windows=windows,
                as_of=as_of,
                stores=stores,
                policy=DEFAULT_POLICY if policy is None else policy,
            )
            meter = Meter(progress, "compute", "shops")
            report_id = self._queued(asked, checked.key(idempotency_key), worker)
            self._background.note(report_id)
        worker.wake()
        worker.watcher.watch(report_id, meter)
        return report_id

    def status(self, report_id: str) -> ReportStatus:
        """Where a report is.

        Raises:
            ReportNotFoundError: There is no such report.
        """
        return self._background.status(report_id)

    def get(self, report_id: str) -> Report:
        """A complete report.

        Raises:
            ReportNotFoundError: There is no such report.
            ReportNotReadyError: It is queued or running; or `ReportFailedError`, or
                `ReportCancelledError`.
        """
        self._background.worker()
        job = self._table.job(report_id)
        if job.state is not JobState.COMPLETE:
            raise error_of(job)
        report = self._sink.report(report_id)
        if report is None:  # deleted since
            raise not_found(report_id)
        return report

    def wait(self, report_id: str, timeout: float | None = None) -> ReportStatus:
        """Wait until a report is complete, failed or cancelled.

        Args:
            report_id: The report.
            timeout: For how many seconds; None is for ever.

        Returns:
            Its final status.

        Raises:
            ReportNotFoundError: There is no such report.
            WaitTimeoutError: It is not in its final state after `timeout` seconds, or
                the sink was locked until then.
            ClosedError: It is not, and this manager is closed.
        """
        waiting = Waiting(report_id, timeout)
        while True:
            worker = self._background.worker()
            seen = worker.changes  # so that no end goes unnoticed between the two
            status = waiting.look(self.status)
            if status.is_final:
                self._background.settle(report_id)
                return status
            nap = waiting.nap(status, ended=self._background.has_ended)
            worker.wait_for_change(seen, nap)

    async def wait_async(
        self,
        report_id: str,
        timeout: float | None = None,  # noqa: ASYNC109  # as `wait` has it
    ) -> ReportStatus:
        """`wait` for asyncio; neither the loop nor a thread is kept waiting."""
        import asyncio  # noqa: PLC0415  # 15 ms, for those who have it loaded

        waiting = Waiting(report_id, timeout)
        while True:
            status = await asyncio.to_thread(waiting.look, self.status)
            if status.is_final:
                await asyncio.to_thread(self._background.settle, report_id)
                return status
            nap = waiting.nap(status, ended=self._background.has_ended)
            await asyncio.sleep(nap)

    async def get_async(self, report_id: str) -> Report:
        """`get` for asyncio."""
        import asyncio  # noqa: PLC0415  # as in `wait_async`

        return await asyncio.to_thread(self.get, report_id)

    def cancel(self, report_id: str) -> bool:
        """Give up a report: at once if it is queued, after a block if it runs.

        Returns:
            Whether it was queued or running; a final state does not change.

        Raises:
            ReportNotFoundError: There is no such report.
        """
        worker = self._background.worker()
        before = self._table.job(report_id)
        if before.state.is_final:
            return False
        job = self._table.change(report_id, Cancel())
        if job is None:
            raise not_found(report_id)
        if job.state.is_final:
            self._background.forget(report_id)
        run = worker.run_of(report_id)
        if run is not None:
            run.is_stopped = True
        worker.tell_of_change()
        return job.cancel_requested or job.state is JobState.CANCELLED

    def list(self, state: JobState | str | None = None) -> tuple[ReportStatus, ...]:
        """The reports of the sink, oldest first, but for damaged ones: see the log.

        Args:
            state: Only those in this state.
        """
        wanted = None if state is None else checked.state(state)
        active = wanted is not None and not wanted.is_final
        return tuple(
            ReportStatus.of(job)
            for job in self._sink.jobs(active=active)
            if wanted is None or job.state is wanted
        )

    def delete(self, report_id: str) -> None:
        """Delete a report that is complete, failed, cancelled, or damaged.

        Raises:
            ReportNotFoundError: There is no such report.
            ReportNotReadyError: It is queued or running; cancel it first.
        """
        self._table.delete(report_id)
        self._background.forget(report_id)

    def delete_before(self, instant: datetime) -> int:
        """Delete the reports that were finished before an instant.

        Returns:
            How many there were.
        """
        with located("delete_before", field="instant"):
            horizon = to_micros(instant)
        return self._table.delete_before(horizon)

    def close(self, wait: bool = True, cancel_pending: bool = False) -> None:  # noqa: FBT001, FBT002  # as Executor.shutdown has them
        """Take no more requests, and end the work; closing twice is allowed.

        Args:
            wait: Wait for the reports triggered here. Otherwise what runs goes back
                to the queue, for other managers of the sink, or one opened later.
            cancel_pending: Cancel the reports triggered here that are still queued.
        """
        self._background.close(
            wait=flag(wait, "close", "wait"),
            cancel_pending=flag(cancel_pending, "close", "cancel_pending"),
        )

    def _queued(self, asked: ReportRequest, key: str | None, worker: Worker) -> str:
        """The id of a new report, or of the one that has the key."""
        self._table.recover(worker.running())
        if key is not None:
            earlier = self._table.of_key(key, asked, self._reads)
            if earlier is not None:
                return earlier
        newest = partial(checked.newest, self._store)
        return self._table.add(
            asked,
            with_as_of(asked, newest, repr(self._store)),
            reads=self._reads,
            key=key,
            most_active=self._max_pending,
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close(wait=kind is None)

    def __repr__(self) -> str:
        closed = ", closed" if self._background.is_closed else ""
        return f"<ReportManager: {self._store!r} to {self._sink!r}{closed}>"
