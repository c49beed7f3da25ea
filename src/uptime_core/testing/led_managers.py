"""What managers of one sink should do, step by step."""

from __future__ import annotations

import threading
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from uptime_core.compute import compute_snapshot
from uptime_core.instants import to_micros
from uptime_core.manager import ReportManager
from uptime_core.stores.memory import MemoryStore
from uptime_core.testing.executors import InlineExecutor
from uptime_core.testing.failures import require
from uptime_core.testing.folders import scratch
from uptime_core.testing.manager_model import (
    NO_SUCH_SHOP,
    REQUESTS,
    SECOND,
    TIMEOUT,
    Attempt,
    Entry,
    Led,
)
from uptime_core.testing.stepped import (
    A_WHILE,
    CANCELLED,
    COMPLETE,
    QUEUED,
    RUNNING,
    Clocks,
    Held,
    HeldStore,
    SteppedWorker,
    WatchedSink,
    wait_until,
)
from uptime_core.testing.store_samples import NOON, at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uptime_core.abc import ReportSink
    from uptime_core.jobs import JobState
    from uptime_core.report import Report
    from uptime_core.testing.back_ends import SinkBackEnd
    from uptime_core.testing.stepped import Outcome

PAUSES = {1: 0.25, 2: 1.0}
"""For how many seconds a report rests after an attempt."""


def store_of_reports() -> MemoryStore:
    """Some shops, two of them with hours, and one in an odd zone."""
    polls = [
        (f"s{shop:03}", NOON - timedelta(minutes=37 * n + shop), (n + shop) % 3 > 0)
        for shop in range(6)
        for n in range(12)
    ]
    hours = [(f"s{shop:03}", day, "8:00", "24:00") for shop in (0, 1) for day in (1, 2)]
    return MemoryStore(polls, hours, {"s001": "Europe/Dublin", "s002": "Pacific/Apia"})


class LedManagers:
    """Managers of one sink, and what is expected of them.

    Args:
        back_end: Makes the sinks.
    """

    def __init__(self, back_end: SinkBackEnd) -> None:
        self.clock: Clocks = Clocks()
        self.wrong: list[str] = []
        self.entries: dict[str, Entry] = {}
        self.led: dict[str, Led] = {}
        self.attempts: list[Attempt] = []
        self.store: MemoryStore = store_of_reports()
        self.newest = NOON
        self._back_end = back_end
        self._folder = scratch()
        self._sinks: list[ReportSink] = []
        self._all: list[Led] = []
        self._held: list[Held] = []
        numbers = count(1)

        def new_id() -> str:  # in another order than that of the calls
            chosen = next(numbers) * 0x9E3779B97F4A7C15 % 2**64
            return f"{chosen:016x}".ljust(32, "0")

        self._patches = self.clock.stepped(new_id)

    @property
    def now(self) -> int:
        """What the wall clock says, in microseconds."""
        return to_micros(self.clock.now)

    @property
    def watching(self) -> ReportSink:
        """A sink that no manager has, if there may be several."""
        return self._sinks[0]

    def sink(self) -> ReportSink:
        """A sink, another one if there may be several."""
        if self._sinks and not self._back_end.shared:
            return self._sinks[0]
        made = self._back_end.make_sink(Path(self._folder.name))
        self._sinks.append(WatchedSink(made, self.wrong))
        return self._sinks[-1]

    def open(self, slot: str, workers: int, most: int, lease: int) -> None:
        """Make a manager, and let it do its first step."""
        arrivals: list[Held] = []

        def hold() -> None:
            held = Held(threading.current_thread())
            self._held.append(held)
            arrivals.append(held)
            held.hold()

        manager = ReportManager(
            HeldStore(self.store, hold),
            self.sink(),
            executor=InlineExecutor() if slot == "a" else None,
            max_workers=workers,
            max_pending=most,
            lease=timedelta(seconds=lease),
            timeout=TIMEOUT,
            clock=self.clock,
        )
        manager.start()
        worker = manager._background.worker()  # noqa: SLF001  # it is led
        if not isinstance(worker, SteppedWorker):
            raise AssertionError("the managers are not stepped")  # noqa: TRY004  # as said
        led = Led(
            manager, worker, workers, most, lease * SECOND, self.clock.watch, arrivals
        )
        self._all.append(led)
        self.led[slot] = led
        if workers:
            worker.turnstile.wait_for_arrival()
            self.expect_pass(led)

    def chosen(self, *states: JobState) -> Sequence[Entry]:
        """The reports in these states, in their order."""
        chosen = [e for e in self.entries.values() if e.state in states]
        return sorted(chosen, key=lambda e: (e.created_at, e.report_id))

    def expect_recovery(self, led: Led) -> None:
        """Reports whose worker is silent go back to the queue, or fail."""
        since = None if led.recovered_at is None else self.now - led.recovered_at
        if since is not None and 0 <= since < SECOND:
            return
        led.recovered_at = self.now
        for entry in self.chosen(RUNNING):
            if entry.is_silent(self.now) and entry.report_id not in led.runs:
                entry.fail("its worker died or hung", self.now, may_retry=True)

    def step(self, led: Led) -> None:
        """The supervisor of a manager does what there is to do now."""
        if led.workers and not led.closed:
            led.worker.turnstile.let_through()
            led.worker.turnstile.wait_for_arrival()
            self.expect_pass(led)

    def expect_pass(self, led: Led) -> None:
        """Signs of life, recovery, and as many new reports as there is room for."""
        self._expect_end_of_overdue(led)
        watch = self.clock.watch
        if watch - led.renewed >= led.nap:
            led.renewed = watch
            for attempt in [*led.runs.values()]:
                self._expect_sign_of_life(attempt)
        self.expect_recovery(led)
        free = max(led.workers - len(led.runs), 0)
        waiting = [
            entry
            for entry in self.chosen(QUEUED)
            if led.rests.get(entry.report_id, 0) <= watch
        ]
        begun = []
        for entry in waiting:
            job = self.watching.job(entry.report_id)
            require(job is not None, f"report {entry.report_id} is lost")
            if job is not None and job.state is RUNNING:
                entry.claim(led.lease, self.now)
                begun.append(entry)
        # A report that it lost, still holds, and takes up again is not counted.
        anew = [entry for entry in begun if entry.report_id not in led.runs]
        require(len(anew) <= free, f"{len(anew)} were begun, with room for {free}")
        all_of_them = len(anew) == free or begun == waiting
        require(all_of_them, f"{len(begun)} of {len(waiting)} were begun")
        wait_until(lambda: len(led.arrivals) == len(begun))
        for entry in begun:
            (held,) = (
                held
                for held in led.arrivals
                if held.thread.name.endswith(entry.report_id[:8])
            )
            deadline = watch + TIMEOUT.total_seconds()
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
            if self.clock.watch >= attempt.deadline:
                attempt.stop = True
                del led.runs[attempt.report_id]
                entry = self._current(attempt)
                if entry is not None:
                    entry.fail("it ran for longer", self.now, may_retry=False)

    def let_go(self, attempt: Attempt, outcome: Outcome) -> None:
        """A held report is made, or fails, also if its manager is gone."""
        expected = None if outcome != "good" else self._expected(attempt)
        attempt.held.let_go(outcome)
        self._expect_end(attempt, outcome, expected)

    def _expected(self, attempt: Attempt) -> Report | None:
        entry = self._current(attempt)
        if entry is None or entry.request == NO_SUCH_SHOP:
            return None
        request = {**REQUESTS[entry.request], "as_of": at(entry.as_of)}
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
        if self.clock.watch >= attempt.deadline and not given_back:
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
            led.rests[attempt.report_id] = self.clock.watch + PAUSES[entry.attempt]

    def close(self, led: Led, outcome: Outcome, *, cancel_pending: bool) -> None:
        """Close a manager; what it runs is let go as soon as it has been told."""
        if cancel_pending:
            for entry in self.chosen(QUEUED):
                if entry.report_id in led.triggered:
                    entry.end(CANCELLED, self.now)
        own = {e.report_id for e in self.chosen(QUEUED, RUNNING)} & led.triggered
        wait = not own or not led.workers
        led.triggered.clear()
        led.closed = True
        closing = threading.Thread(
            target=partial(led.manager.close, wait, cancel_pending)
        )
        closing.start()
        wait_until(lambda: led.worker.is_stopping)
        for attempt in [a for a in self.attempts if a.led is led]:
            attempt.held.let_go(outcome)
            self._expect_end(attempt, outcome, None)
        closing.join(A_WHILE)
        require(not closing.is_alive(), "a manager has no end")

    def end(self) -> None:
        """End all threads, close the sinks, and delete what they leave."""
        for held in self._held:
            held.opened.set()
        for held in self._held:
            held.thread.join(A_WHILE)
        for led in self._all:
            led.manager.close(wait=False)
        for sink in self._sinks:
            sink.close()
        self._patches.close()
        self._folder.cleanup()
