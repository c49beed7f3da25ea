"""Managers of one sink, led step by step, and what they should do."""

from __future__ import annotations

import shutil
import tempfile
import threading
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import attrs
import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from tests.faults.samples import (
    A_WHILE,
    KINDS,
    NOON,
    HookedStore,
    open_sink,
    store_of,
    wait_until,
)
from tests.sinks.samples import NOT_IDS, same

from uptime_core import (
    ClosedError,
    IdempotencyConflictError,
    InputError,
    JobState,
    QueueFullError,
    ReportCancelledError,
    ReportFailedError,
    ReportManager,
    ReportNotFoundError,
    ReportNotReadyError,
    ReportSink,
    ReportStatus,
    UptimeError,
    WaitTimeoutError,
    Window,
    compute_snapshot,
)
from uptime_core.instants import to_micros
from uptime_core.jobs import Claim, advance
from uptime_core.testing import InlineExecutor, ManualClock
from uptime_core.worker import Worker

if TYPE_CHECKING:
    import builtins
    from collections.abc import Sequence

    from hypothesis.stateful import MultipleResults

    from uptime_core import Job, MemoryStore, Report

Outcome = Literal["good", "os error", "input error"]

SECOND = 1_000_000
TIMEOUT = timedelta(seconds=100)
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
"""The arrows of docs/reference/job-states.md; all jobs here are over one store."""

REQUESTS: tuple[dict[str, Any], ...] = (
    {},
    {"stores": ["s001", "s000"]},
    {"as_of": NOON - timedelta(hours=1)},
    {"windows": Window.last(timedelta(hours=3), name="three")},
    {"stores": ["nobody"]},
)
NO_SUCH_SHOP = 4


class Turnstile(threading.Event):
    """What a worker's supervisor waits at: it is let through once for each step."""

    def __init__(self, worker: Worker) -> None:
        super().__init__()
        self._worker = worker
        self._arrived = threading.Semaphore(0)
        self._through = threading.Semaphore(0)

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self._arrived.release()
        self._through.acquire()
        return True

    def set(self) -> None:
        if self._worker.is_stopping:
            self._through.release()

    def let_through(self) -> None:
        self._through.release()

    def wait_for_arrival(self) -> None:
        """Wait until the supervisor has done all that it wants to do now."""
        assert self._arrived.acquire(timeout=A_WHILE)


class SteppedWorker(Worker):
    """A worker whose supervisor waits for every step."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # as it is
        super().__init__(*args, **kwargs)
        self._wake = self.turnstile = Turnstile(self)


class WatchedSink(ReportSink):
    """A sink that notes every change that the documentation does not have."""

    def __init__(self, inner: ReportSink, wrong: list[str]) -> None:
        self.inner = inner
        self._wrong = wrong

    def job(self, report_id: str) -> Job | None:
        return self.inner.job(report_id)

    def jobs(
        self, *, active: bool = False, idempotency_key: str | None = None
    ) -> Sequence[Job]:
        return self.inner.jobs(active=active, idempotency_key=idempotency_key)

    def swap(
        self,
        old: Job | None,
        new: Job | None,
        *,
        report: Report | None = None,
        most_active: int | None = None,
    ) -> bool:
        there = None if old is None else self.inner.job(old.report_id)
        done = self.inner.swap(old, new, report=report, most_active=most_active)
        if done:
            self._check(old, new)
            if old is not None and old != there:
                self._wrong.append(f"{old} took the place of {there}")
        return done

    def report(self, report_id: str) -> Report | None:
        return self.inner.report(report_id)

    def close(self) -> None:
        self.inner.close()

    def _check(self, old: Job | None, new: Job | None) -> None:
        if old is None:
            right = new is not None and new.state is QUEUED and new.attempt == 0
        elif new is None:
            right = old.state.is_final
        else:
            claimed = (old.state, new.state) == (QUEUED, RUNNING)
            right = (
                (old.state, new.state) in ARROWS
                and 0 <= new.attempt <= 3
                and new.fence == old.fence + claimed
                and new.cancel_requested >= old.cancel_requested
                and new.revision == old.revision + 1
            )
        if not right:
            self._wrong.append(f"{old} became {new}")


@attrs.define(eq=False)
class Held:
    """A thread that makes a report, and waits before it reads the store."""

    thread: threading.Thread
    outcome: Outcome = "good"
    opened: threading.Event = attrs.field(factory=threading.Event)

    def hold(self) -> None:
        assert self.opened.wait(600)
        if self.outcome == "os error":
            raise OSError("the store is away")
        if self.outcome == "input error":
            raise InputError("a bad row")

    def let_go(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.opened.set()
        self.thread.join(A_WHILE)
        assert not self.thread.is_alive()


@attrs.define(eq=False)
class Entry:
    """What is known of a report."""

    report_id: str
    key: str | None
    request: int
    as_of: int
    created_at: int
    lease: int
    state: JobState = QUEUED
    attempt: int = 0
    fence: int = 0
    renewed_at: int = 0
    started_at: int | None = None
    finished_at: int | None = None
    cancel_requested: bool = False
    error: str | None = None
    report: Report | None = None

    def claim(self, lease: int, now: int) -> None:
        self.state, self.lease = RUNNING, lease
        self.attempt += 1
        self.fence += 1
        self.renewed_at = self.started_at = now

    def end(self, state: JobState, now: int, error: str | None = None) -> None:
        if self.cancel_requested:
            state, error = CANCELLED, None
        self.state, self.finished_at, self.error = state, now, error

    def fail(self, error: str, now: int, *, may_retry: bool) -> None:
        if may_retry and self.attempt < 3 and not self.cancel_requested:
            self.state, self.error = QUEUED, error
        else:
            self.end(FAILED, now, error)

    def release(self, now: int) -> None:
        if self.cancel_requested:
            self.end(CANCELLED, now)
        else:
            self.state = QUEUED
            self.attempt -= 1

    def is_silent(self, now: int) -> bool:
        since = now - self.renewed_at
        return self.state is RUNNING and (since >= self.lease or since < -self.lease)


@attrs.define(eq=False)
class Attempt:
    """A run of a report, and the thread that makes it."""

    report_id: str
    fence: int
    deadline: float
    held: Held
    led: Led
    stop: bool = False


@attrs.define(eq=False)
class Led:
    """A manager, and what is known of it."""

    manager: ReportManager
    worker: SteppedWorker
    workers: int
    most: int
    lease: int
    renewed: float
    arrivals: list[Held]
    runs: dict[str, Attempt] = attrs.field(factory=dict)
    rests: dict[str, float] = attrs.field(factory=dict)
    triggered: set[str] = attrs.field(factory=set)
    recovered_at: int | None = None
    closed: bool = False

    @property
    def nap(self) -> float:
        return min(self.lease / 3e6, 5)


@attrs.frozen
class Move:
    """What happens in a row: each part of it may be left out.

    A report is triggered, time passes, a manager does what there is to do, and a held
    report ends.
    """

    asked: tuple[int, str | None] | None
    slot: str
    seconds: float
    number: int
    outcome: Outcome | None


slots = st.sampled_from("ab")
requests = st.sampled_from([0, 0, 0, 1, 2, 3, NO_SUCH_SHOP])
keys = st.none() | st.sampled_from(["k", "\u00e9"])
moves = st.lists(
    st.builds(
        Move,
        asked=st.none() | st.tuples(requests, keys),
        slot=st.sampled_from("aab"),
        seconds=st.sampled_from(
            [0, 1, 1, 0.25, 0.5, 4, 5, 11.75, 12, 30, 36, 101, -0.25, -13, -60]
        ),
        number=st.integers(0, 3),
        outcome=st.sampled_from(
            ["good", None, None, "os error", "os error", "os error", "input error"]
        ),
    ),
    min_size=1,
    max_size=8,
)


class ManagerMachine(RuleBasedStateMachine):
    """Two managers at a time, each in one of two places, and the model."""

    kind: ClassVar[str]
    reports: Bundle[str] = Bundle("reports")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=_fast_folder()))
        self.patch = pytest.MonkeyPatch()
        self.clock = ManualClock(NOON)
        self.mono = 0.0
        self.wrong: list[str] = []
        self.entries: dict[str, Entry] = {}
        self.sinks: list[ReportSink] = []
        self.all: list[Led] = []
        self.led: dict[str, Led] = {}
        self.attempts: list[Attempt] = []
        self.held: list[Held] = []
        numbers = count(1)

        def new_id() -> str:  # in another order than that of the calls
            chosen = next(numbers) * 0x9E3779B97F4A7C15 % 2**64
            return f"{chosen:016x}".ljust(32, "0")

        watch = SimpleNamespace(monotonic=lambda: self.mono)
        self.patch.setattr("uptime_core.manager.Worker", SteppedWorker)
        self.patch.setattr("uptime_core.job_table._new_report_id", new_id)
        self.patch.setattr("uptime_core.worker.time", watch)
        self.patch.setattr("uptime_core.job_queue.time", watch)
        self.store: MemoryStore = store_of()
        self.newest = NOON

    @initialize(
        target=reports,
        workers=st.sampled_from([2, 1]),
        most=st.sampled_from([3, 1, 2, 4, 5, 6]),
        planned=moves,
    )
    def begin(
        self, workers: int, most: int, planned: Sequence[Move]
    ) -> MultipleResults[str]:
        self.watching = self._sink()
        for slot in "ab":
            self._open(slot, workers, most, 12)
        return multiple(*self._trigger("a", 0, None), *self._work(planned))

    @property
    def now(self) -> int:
        return to_micros(self.clock())

    def _sink(self) -> ReportSink:
        if self.kind == "memory" and self.sinks:
            return self.sinks[0]
        self.sinks.append(WatchedSink(open_sink(self.kind, self.folder), self.wrong))
        return self.sinks[-1]

    def _open(self, slot: str, workers: int, most: int, lease: int) -> None:
        arrivals: list[Held] = []

        def hold(_: int) -> None:
            held = Held(threading.current_thread())
            self.held.append(held)
            arrivals.append(held)
            held.hold()

        manager = ReportManager(
            HookedStore(self.store, hold),
            self._sink(),
            executor=InlineExecutor() if slot == "a" else None,
            max_workers=workers,
            max_pending=most,
            lease=timedelta(seconds=lease),
            timeout=TIMEOUT,
            clock=self.clock,
        )
        manager.start()
        worker = manager._background.worker()
        assert isinstance(worker, SteppedWorker)
        led = Led(manager, worker, workers, most, lease * SECOND, self.mono, arrivals)
        self.all.append(led)
        self.led[slot] = led
        if workers:
            worker.turnstile.wait_for_arrival()
            self._expect_pass(led)

    # What is done to the managers.

    @rule(target=reports, slot=slots, request=requests, key=keys)
    def trigger(self, slot: str, request: int, key: str | None) -> MultipleResults[str]:
        return multiple(*self._trigger(slot, request, key))

    def _trigger(self, slot: str, request: int, key: str | None) -> Sequence[str]:
        """Trigger a report; its id if it is a new one."""
        led = self.led[slot]
        call = partial(led.manager.trigger, idempotency_key=key, **REQUESTS[request])
        if led.closed:
            with pytest.raises(ClosedError):
                call()
            return []
        self._expect_recovery(led)
        known = [e for e in self.entries.values() if key is not None and e.key == key]
        if known and known[0].request != request:
            with pytest.raises(IdempotencyConflictError) as caught:
                call()
            assert caught.value.report_id == known[0].report_id
            return []
        if not known and len(self._entries(QUEUED, RUNNING)) >= led.most:
            with pytest.raises(QueueFullError):
                call()
            return []
        report_id = call()
        led.triggered.add(report_id)
        if known:
            assert report_id == known[0].report_id
            return []
        assert report_id not in self.entries
        as_of = REQUESTS[request].get("as_of", self.newest)
        self.entries[report_id] = Entry(
            report_id, key, request, to_micros(as_of), self.now, led.lease
        )
        return [report_id]

    @rule(slot=slots, report_id=reports)
    def ask(self, slot: str, report_id: str) -> None:
        led = self.led[slot]
        self._expect_recovery(led)
        entry = self.entries.get(report_id)
        if entry is None:
            with pytest.raises(ReportNotFoundError):
                led.manager.status(report_id)
        else:
            self._is(led.manager.status(report_id), entry)
        self._wait(led, report_id)

    def _wait(self, led: Led, report_id: str) -> None:
        self._expect_recovery(led)
        entry = self.entries.get(report_id)
        if entry is None:
            with pytest.raises(ReportNotFoundError):
                led.manager.wait(report_id, 0)
        elif entry.state.is_final:
            self._is(led.manager.wait(report_id, 0), entry)
        else:
            with pytest.raises(ClosedError if led.closed else WaitTimeoutError):
                led.manager.wait(report_id, 0)

    @rule(slot=slots, report_id=reports)
    def cancel(self, slot: str, report_id: str) -> None:
        led = self.led[slot]
        entry = self.entries.get(report_id)
        if entry is None:
            with pytest.raises(ReportNotFoundError):
                led.manager.cancel(report_id)
            return
        active = not entry.state.is_final
        assert led.manager.cancel(report_id) is active
        if entry.state is QUEUED:
            entry.end(CANCELLED, self.now)
        elif entry.state is RUNNING:
            entry.cancel_requested = True
        if active and report_id in led.runs:
            led.runs[report_id].stop = True

    @rule(slot=slots, state=st.none() | st.sampled_from(JobState))
    def list(self, slot: str, state: JobState | None) -> None:
        listed = self.led[slot].manager.list(state)
        expected = self._entries(*(JobState if state is None else [state]))
        assert [s.report_id for s in listed] == [e.report_id for e in expected]
        for status, entry in zip(listed, expected, strict=True):
            self._is(status, entry)

    @rule(slot=slots, report_id=reports)
    def delete(self, slot: str, report_id: str) -> None:
        manager = self.led[slot].manager
        entry = self.entries.get(report_id)
        if entry is None:
            with pytest.raises(ReportNotFoundError):
                manager.delete(report_id)
        elif not entry.state.is_final:
            with pytest.raises(ReportNotReadyError):
                manager.delete(report_id)
        else:
            manager.delete(report_id)
            del self.entries[report_id]

    @rule(slot=slots, seconds=st.sampled_from([-20, -1, 0, 1]))
    def delete_before(self, slot: str, seconds: int) -> None:
        horizon = self.clock() + timedelta(seconds=seconds)
        gone = [
            entry.report_id
            for entry in self.entries.values()
            if entry.finished_at is not None and entry.finished_at < to_micros(horizon)
        ]
        assert self.led[slot].manager.delete_before(horizon) == len(gone)
        for report_id in gone:
            del self.entries[report_id]

    @rule(slot=slots, bad=st.sampled_from(NOT_IDS))
    def ask_for_what_is_no_id(self, slot: str, bad: Any) -> None:  # noqa: ANN401  # anything
        led = self.led[slot]
        for call in (
            led.manager.status,
            led.manager.get,
            partial(led.manager.wait, timeout=0),
            led.manager.cancel,
            led.manager.delete,
        ):
            with pytest.raises(ReportNotFoundError):
                call(bad)
        self._expect_recovery(led)

    # What happens by itself, or to the process.

    @rule(target=reports, planned=moves)
    def work(self, planned: Sequence[Move]) -> MultipleResults[str]:
        return multiple(*self._work(planned))

    def _work(self, planned: Sequence[Move]) -> Sequence[str]:
        new: builtins.list[str] = []
        for move in planned:
            if move.asked is not None:
                new += self._trigger(move.slot, *move.asked)
            self._pass_by(move.seconds)
            self._step(self.led[move.slot])
            self.all_is_as_in_the_model()
            if move.outcome is not None and self.attempts:
                attempt = self.attempts[move.number % len(self.attempts)]
                self._let_go(attempt, move.outcome)
                self.all_is_as_in_the_model()
        return new

    def _pass_by(self, seconds: float) -> None:
        """Time passes; or the clock is set back, which only the wall clock is."""
        self.clock.advance(timedelta(seconds=seconds))
        self.mono += max(seconds, 0)

    def _step(self, led: Led) -> None:
        """The supervisor of a manager does what there is to do now."""
        if led.workers and not led.closed:
            led.worker.turnstile.let_through()
            led.worker.turnstile.wait_for_arrival()
            self._expect_pass(led)

    def _let_go(self, attempt: Attempt, outcome: Outcome) -> None:
        """A held report is made, or fails, also if its manager is gone."""
        expected = None if outcome != "good" else self._expected(attempt)
        attempt.held.let_go(outcome)
        self._expect_end(attempt, outcome, expected)

    @rule(hours=st.sampled_from([-1, 1]))
    def take_in(self, hours: int) -> None:
        """A poll comes, now and then a newer one."""
        at = self.newest + timedelta(hours=hours, seconds=1)
        self.store.add_polls([("s002", at, hours > 0)])
        self.newest = max(self.newest, at)

    @rule(
        slot=slots,
        end=st.sampled_from(["crash", "crash", "close", "cancel"]),
        again=st.sampled_from([True, True, True, False]),
        outcome=st.sampled_from(["good", "os error"]),
        workers=st.sampled_from([1, 2, 0]),
        most=st.integers(1, 6),
        lease=st.sampled_from([12, 36]),
    )
    def replace(
        self,
        slot: str,
        *,
        end: str,
        again: bool,
        outcome: Outcome,
        workers: int,
        most: int,
        lease: int,
    ) -> None:
        """A manager ends, and mostly another one begins in its place.

        One that has crashed does nothing any more, but what it has begun may end yet,
        as if its process had only been stopped for a while.
        """
        if end != "crash":
            self._close(self.led[slot], outcome, cancel_pending=end == "cancel")
        if again or end == "crash":
            self._open(slot, workers, most, lease)

    @rule(report_id=reports, lease=st.sampled_from([5, 20]))
    def claim_and_die(self, report_id: str, lease: int) -> None:
        """Another process takes a report, and is never heard of again."""
        entry = self.entries.get(report_id)
        if entry is not None and entry.state is QUEUED:
            job = self.watching.job(report_id)
            assert job is not None
            dead = Claim("dead", lease * SECOND)
            assert self.watching.swap(job, advance(job, dead, self.now))
            entry.claim(lease * SECOND, self.now)

    # What is expected of that.

    def _entries(self, *states: JobState) -> Sequence[Entry]:
        chosen = [e for e in self.entries.values() if e.state in states]
        return sorted(chosen, key=lambda e: (e.created_at, e.report_id))

    def _expect_recovery(self, led: Led) -> None:
        since = None if led.recovered_at is None else self.now - led.recovered_at
        if since is not None and 0 <= since < SECOND:
            return
        led.recovered_at = self.now
        for entry in self._entries(RUNNING):
            if entry.is_silent(self.now) and entry.report_id not in led.runs:
                entry.fail("its worker died or hung", self.now, may_retry=True)

    def _expect_pass(self, led: Led) -> None:
        """Signs of life, recovery, and as many new reports as there is room for."""
        self._expect_end_of_overdue(led)
        if self.mono - led.renewed >= led.nap:
            led.renewed = self.mono
            for attempt in [*led.runs.values()]:
                self._expect_sign_of_life(attempt)
        self._expect_recovery(led)
        free = max(led.workers - len(led.runs), 0)
        waiting = [
            entry
            for entry in self._entries(QUEUED)
            if led.rests.get(entry.report_id, 0) <= self.mono
        ]
        begun = []
        for entry in waiting:
            job = self.watching.job(entry.report_id)
            assert job is not None
            if job.state is RUNNING:
                entry.claim(led.lease, self.now)
                begun.append(entry)
        # A report that it lost, still holds, and takes up again is not counted.
        anew = [entry for entry in begun if entry.report_id not in led.runs]
        assert len(anew) <= free
        assert len(anew) == free or begun == waiting
        wait_until(lambda: len(led.arrivals) == len(begun))
        for entry in begun:
            (held,) = (
                held
                for held in led.arrivals
                if held.thread.name.endswith(entry.report_id[:8])
            )
            deadline = self.mono + TIMEOUT.total_seconds()
            attempt = Attempt(entry.report_id, entry.fence, deadline, held, led)
            led.runs[entry.report_id] = attempt
            self.attempts.append(attempt)
        led.arrivals.clear()

    def _current(self, attempt: Attempt) -> Entry | None:
        """What an attempt may still change."""
        entry = self.entries.get(attempt.report_id)
        if entry is None or entry.state is not RUNNING or entry.fence != attempt.fence:
            return None
        return entry

    def _expect_sign_of_life(self, attempt: Attempt) -> None:
        entry = self._current(attempt)
        if entry is None or entry.cancel_requested:
            attempt.stop = True
        if entry is not None:
            entry.renewed_at = self.now

    def _expect_end_of_overdue(self, led: Led) -> None:
        for attempt in [*led.runs.values()]:
            if self.mono >= attempt.deadline:
                attempt.stop = True
                del led.runs[attempt.report_id]
                entry = self._current(attempt)
                if entry is not None:
                    entry.fail("it ran for longer", self.now, may_retry=False)

    def _expected(self, attempt: Attempt) -> Report | None:
        entry = self._current(attempt)
        if entry is None or entry.request == NO_SUCH_SHOP:
            return None
        as_of = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=entry.as_of)
        request = {**REQUESTS[entry.request], "as_of": as_of}
        return compute_snapshot(self.store.snapshot(), **request)

    def _expect_end(
        self, attempt: Attempt, outcome: Outcome, report: Report | None
    ) -> None:
        self.attempts.remove(attempt)
        led = attempt.led
        if led.runs.get(attempt.report_id) is attempt:
            del led.runs[attempt.report_id]
        entry = self._current(attempt)
        if entry is None:
            return
        given_back = outcome == "good" and led.closed
        if self.mono >= attempt.deadline and not given_back:
            entry.fail("it ran for longer", self.now, may_retry=False)
        elif outcome == "os error":
            entry.fail("OSError: the store is away", self.now, may_retry=True)
        elif outcome == "input error":
            entry.fail("InputError: a bad row", self.now, may_retry=False)
        elif attempt.stop or led.closed:
            entry.release(self.now)
        elif report is None:
            entry.fail("UnknownStoreIdError", self.now, may_retry=False)
        else:
            entry.end(COMPLETE, self.now)
            entry.report = report if entry.state is COMPLETE else None
        if entry.state is QUEUED and entry.error is not None:
            pause = {1: 0.25, 2: 1.0}[entry.attempt]
            led.rests[attempt.report_id] = self.mono + pause

    def _close(self, led: Led, outcome: Outcome, *, cancel_pending: bool) -> None:
        """Close a manager; what it runs is let go as soon as it has been told."""
        if cancel_pending:
            for entry in self._entries(QUEUED):
                if entry.report_id in led.triggered:
                    entry.end(CANCELLED, self.now)
        own = {e.report_id for e in self._entries(QUEUED, RUNNING)} & led.triggered
        wait = not own or not led.workers
        led.triggered.clear()
        led.closed = True
        close = partial(led.manager.close, wait, cancel_pending)
        closing = threading.Thread(target=close)
        closing.start()
        wait_until(lambda: led.worker.is_stopping)
        for attempt in [a for a in self.attempts if a.led is led]:
            attempt.held.let_go(outcome)
            self._expect_end(attempt, outcome, None)
        closing.join(A_WHILE)
        assert not closing.is_alive()

    def _is(self, status: ReportStatus, entry: Entry) -> None:
        assert status.report_id == entry.report_id
        assert status.state is entry.state
        assert status.is_final is entry.state.is_final
        assert status.attempt == entry.attempt
        assert status.cancel_requested is entry.cancel_requested
        assert to_micros(status.as_of) == entry.as_of
        assert to_micros(status.created_at) == entry.created_at
        for told, expected in [
            (status.started_at, entry.started_at),
            (status.finished_at, entry.finished_at),
        ]:
            assert (None if told is None else to_micros(told)) == expected
        if entry.error is None:
            assert status.error is None
        else:
            assert entry.error in str(status.error)
        assert 0 <= status.done <= status.total
        if entry.report is not None:
            assert status.done == status.total == len(entry.report)

    @invariant()
    def all_is_as_in_the_model(self) -> None:
        assert not self.wrong
        if not self.led:
            return
        sink = self.watching
        for active in (False, True):
            states = [QUEUED, RUNNING] if active else JobState
            entries = self._entries(*states)
            jobs = sink.jobs(active=active)
            assert [j.report_id for j in jobs] == [e.report_id for e in entries]
            for job, entry in zip(jobs, entries, strict=True):
                assert job.fence == entry.fence
                assert job.attempt <= 3
                assert job.idempotency_key == entry.key
                self._is(ReportStatus.of(job), entry)
        for entry in self.entries.values():
            self._is_there_or_not(entry)

    def _is_there_or_not(self, entry: Entry) -> None:
        report = self.watching.report(entry.report_id)
        for led in self.led.values():
            if entry.state is COMPLETE:
                assert entry.report is not None
                got = led.manager.get(entry.report_id)
                assert got == report == entry.report
                assert same(got, entry.report)
                continue
            assert report is None
            error: type[UptimeError] = {
                QUEUED: ReportNotReadyError,
                RUNNING: ReportNotReadyError,
                FAILED: ReportFailedError,
                CANCELLED: ReportCancelledError,
            }[entry.state]
            with pytest.raises(error) as caught:
                led.manager.get(entry.report_id)
            assert type(caught.value) is error

    def teardown(self) -> None:
        for held in self.held:
            held.opened.set()
        for held in self.held:
            held.thread.join(A_WHILE)
        for led in self.all:
            led.manager.close(wait=False)
        for sink in self.sinks:
            sink.close()
        self.patch.undo()
        shutil.rmtree(self.folder)


def _fast_folder() -> str | None:
    """A folder in memory, where there is one: what is tested does not need a disk."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  # as said


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_happens_managers_do_what_the_model_does(kind: str) -> None:
    profile = hypothesis.settings()
    machine = type(f"{kind.title()}Machine", (ManagerMachine,), {"kind": kind})
    run_state_machine_as_test(
        machine,
        settings=hypothesis.settings(
            max_examples=profile.max_examples // (1 if kind == "memory" else 3),
            stateful_step_count=25,
        ),
    )
