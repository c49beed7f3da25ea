"""A manager that does one step when it is told to, and whose reports wait."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Literal, cast
from unittest import mock

import attrs

from uptime_core.abc import ReportSink, Store
from uptime_core.bells import Alarm
from uptime_core.errors import InputError
from uptime_core.jobs import MOST_ATTEMPTS, JobState
from uptime_core.testing.failures import require
from uptime_core.testing.store_samples import NOON
from uptime_core.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from uptime_core.jobs import Job
    from uptime_core.polls import PollColumns
    from uptime_core.report import Report
    from uptime_core.schedule import HoursColumns
    from uptime_core.snapshot import SnapshotLike

Outcome = Literal["good", "os error", "input error"]
"""What becomes of a report that was held."""

A_WHILE = 20.0
"""For how many seconds something is waited for that comes much sooner."""

QUEUED, RUNNING = JobState.QUEUED, JobState.RUNNING
COMPLETE, FAILED, CANCELLED = JobState.COMPLETE, JobState.FAILED, JobState.CANCELLED
ARROWS = {
    (QUEUED, RUNNING),
    (QUEUED, CANCELLED),
    (RUNNING, RUNNING),
    (RUNNING, QUEUED),
    (RUNNING, COMPLETE),
    (RUNNING, FAILED),
    (RUNNING, CANCELLED),
}
"""From which state a job comes into which, if all jobs are over one store."""


def wait_until(condition: Callable[[], object], seconds: float = A_WHILE) -> None:
    """Wait until something holds, at most for so many seconds.

    Raises:
        AssertionError: It does not, for a while.
    """
    end = time.monotonic() + seconds
    while not condition():
        require(time.monotonic() < end, "it did not come true")
        time.sleep(0.005)


class Clocks:
    """A wall clock that can be set back, and a watch that cannot; both stand still.

    Attributes:
        now: What the wall clock says.
        watch: What the watch says, in seconds.
    """

    def __init__(self) -> None:
        self.now: datetime = NOON
        self.watch: float = 0.0

    def __call__(self) -> datetime:
        """What the wall clock says."""
        return self.now

    def pass_by(self, seconds: float) -> None:
        """Time passes; or the wall clock is set back."""
        self.now += timedelta(seconds=seconds)
        self.watch += max(seconds, 0)

    def stepped(self, new_id: Callable[[], str]) -> ExitStack:
        """Let all managers that are made from now on be stepped, until it is closed.

        Args:
            new_id: Makes the ids of their reports.
        """
        watch = SimpleNamespace(monotonic=lambda: self.watch)
        patches = ExitStack()
        for name, replacement in (
            ("uptime_core.manager.Worker", SteppedWorker),
            ("uptime_core.job_table._new_report_id", new_id),
            ("uptime_core.worker.Alarm", Turnstile),
            ("uptime_core.worker.time", watch),
            ("uptime_core.job_queue.time", watch),
        ):
            patches.enter_context(mock.patch(name, replacement))
        return patches


class Turnstile(Alarm):
    """What a worker's supervisor waits at: it is let through once for each step."""

    def __init__(self) -> None:
        super().__init__()
        self._arrived = threading.Semaphore(0)
        self._through = threading.Semaphore(0)

    def wait(self, seconds: float) -> None:
        """Wait for the next step, however long that takes."""
        del seconds
        self._arrived.release()
        self._through.acquire()

    def ring(self) -> None:
        """Do nothing: there is only something to do when a step is due."""

    def let_through(self) -> None:
        """Let the supervisor do its next step."""
        self._through.release()

    def wait_for_arrival(self) -> None:
        """Wait until the supervisor has done all that it wants to do now."""
        require(self._arrived.acquire(timeout=A_WHILE), "the supervisor hangs")


class SteppedWorker(Worker):
    """A worker whose supervisor waits for every step."""

    @property
    def turnstile(self) -> Turnstile:
        """Where it waits; `Clocks.stepped` sees to it that it is one."""
        return cast("Turnstile", self._news)

    def wake(self) -> None:
        """Let the supervisor end, if it is to end."""
        if self.is_stopping:
            self.turnstile.let_through()


@attrs.define(eq=False)
class Held:
    """A thread that makes a report, and waits before it reads the store.

    Attributes:
        thread: The thread.
        outcome: What is to become of the report.
        opened: Whether it may go on.
    """

    thread: threading.Thread
    outcome: Outcome = "good"
    opened: threading.Event = attrs.field(factory=threading.Event)

    def hold(self) -> None:
        """Wait, and fail if that is to become of it."""
        self.opened.wait(600)
        if self.outcome == "os error":
            raise OSError("the store is away")
        if self.outcome == "input error":
            raise InputError("a bad row")

    def let_go(self, outcome: Outcome) -> None:
        """Let it go on to its end."""
        self.outcome = outcome
        self.opened.set()
        self.thread.join(A_WHILE)
        require(not self.thread.is_alive(), "a report has no end")


class HeldStore(Store):
    """A store at which reports wait.

    Args:
        inner: What they read then.
        hold: Is called whenever a report begins to read.
    """

    def __init__(self, inner: Store, hold: Callable[[], object]) -> None:
        self._inner = inner
        self._hold = hold

    def polls(
        self,
        store_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Iterator[PollColumns]:
        """The polls."""
        return self._inner.polls(store_id, start, end)

    def hours(self) -> HoursColumns:
        """The business hours."""
        return self._inner.hours()

    def timezones(self) -> Mapping[str, str]:
        """The time zones."""
        return self._inner.timezones()

    def newest_poll(self) -> datetime | None:
        """The newest poll."""
        return self._inner.newest_poll()

    @property
    def identity(self) -> str:
        """That of the store behind it."""
        return self._inner.identity

    def snapshot(self) -> SnapshotLike:
        """Wait, and read."""
        self._hold()
        return self._inner.snapshot()


class WatchedSink(ReportSink):
    """A sink that notes every change that the documentation does not have.

    Args:
        inner: The sink.
        wrong: Where such changes are noted.
    """

    def __init__(self, inner: ReportSink, wrong: list[str]) -> None:
        self._inner = inner
        self._wrong = wrong

    def job(self, report_id: str) -> Job | None:
        """The job."""
        return self._inner.job(report_id)

    def jobs(
        self, *, active: bool = False, idempotency_key: str | None = None
    ) -> Sequence[Job]:
        """The jobs."""
        return self._inner.jobs(active=active, idempotency_key=idempotency_key)

    def swap(
        self,
        old: Job | None,
        new: Job | None,
        *,
        report: Report | None = None,
        most_active: int | None = None,
    ) -> bool:
        """Swap, and look whether that was right."""
        there = None if old is None else self._inner.job(old.report_id)
        done = self._inner.swap(old, new, report=report, most_active=most_active)
        if done and not _is_right(old, new):
            self._wrong.append(f"{old} became {new}")
        if done and old is not None and old != there:
            self._wrong.append(f"{old} took the place of {there}")
        return done

    def report(self, report_id: str) -> Report | None:
        """The report."""
        return self._inner.report(report_id)

    def close(self) -> None:
        """Close it."""
        self._inner.close()


def _is_right(old: Job | None, new: Job | None) -> bool:
    if old is None:
        return new is not None and new.state is QUEUED and new.attempt == 0
    if new is None:
        return old.state.is_final
    claimed = (old.state, new.state) == (QUEUED, RUNNING)
    return (
        (old.state, new.state) in ARROWS
        and 0 <= new.attempt <= MOST_ATTEMPTS
        and new.fence == old.fence + claimed
        and new.cancel_requested >= old.cancel_requested
        and new.revision == old.revision + 1
    )
