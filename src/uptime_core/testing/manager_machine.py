"""A state machine of managers of one sink, led step by step."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)

from uptime_core.errors import (
    ClosedError,
    IdempotencyConflictError,
    QueueFullError,
    ReportCancelledError,
    ReportFailedError,
    ReportNotFoundError,
    ReportNotReadyError,
    UptimeError,
    WaitTimeoutError,
)
from uptime_core.instants import to_micros
from uptime_core.jobs import MOST_ATTEMPTS, Claim, JobState, advance
from uptime_core.status import ReportStatus
from uptime_core.testing.back_ends import SinkBackEnd
from uptime_core.testing.failures import require, require_equal, require_raises
from uptime_core.testing.led_managers import LedManagers
from uptime_core.testing.manager_model import (
    REQUESTS,
    SECOND,
    Entry,
    Move,
    keys,
    moves,
    requests,
    require_status,
    slots,
)
from uptime_core.testing.sink_samples import NOT_IDS, same
from uptime_core.testing.stepped import CANCELLED, FAILED, QUEUED, RUNNING

if TYPE_CHECKING:
    import builtins
    from collections.abc import Sequence

    from uptime_core.testing.stepped import Outcome

_ERRORS: dict[JobState, type[UptimeError]] = {
    QUEUED: ReportNotReadyError,
    RUNNING: ReportNotReadyError,
    FAILED: ReportFailedError,
    CANCELLED: ReportCancelledError,
}
"""What `get` raises in each state but one."""


class ReportManagerMachine(SinkBackEnd, RuleBasedStateMachine):
    """Two managers at a time of one sink, and dictionaries of what they should do.

    Derive from it, and write `make_sink`; `TestCase` of your class is a test:

        class MyMachine(ReportManagerMachine):
            durable = shared = True

            def make_sink(self, folder):
                return MySink(folder / "reports")

        TestMine = MyMachine.TestCase

    Managers trigger, list, cancel and delete reports; time passes, or the clock is set
    back; reports are made, fail, hang and run for too long; managers crash, are closed,
    and come back, and what they left is taken up. Each manager does a step when it is
    told to, and reports wait until they are let go, so that a run can be repeated.
    After each step, all that managers and sink say is compared.

    While it runs, all managers of the process are led by it.
    """

    reports: Bundle[str] = Bundle("reports")

    def __init__(self) -> None:
        super().__init__()
        self.led: LedManagers = LedManagers(self)

    @initialize(
        target=reports,
        workers=st.sampled_from([2, 1]),
        most=st.sampled_from([3, 1, 2, 4, 5, 6]),
        planned=moves,
    )
    def begin(
        self, workers: int, most: int, planned: Sequence[Move]
    ) -> MultipleResults[str]:
        """Two managers begin, and something happens."""
        self.led.sink()
        for slot in "ab":
            self.led.open(slot, workers, most, 12)
        return multiple(*self._trigger("a", 0, None), *self._work(planned))

    # What is done to the managers.

    @rule(target=reports, slot=slots, request=requests, key=keys)
    def trigger(self, slot: str, request: int, key: str | None) -> MultipleResults[str]:
        """A report is triggered."""
        return multiple(*self._trigger(slot, request, key))

    def _trigger(self, slot: str, request: int, key: str | None) -> Sequence[str]:
        """Trigger a report; its id if it is a new one."""
        world, led = self.led, self.led.led[slot]
        call = partial(led.manager.trigger, idempotency_key=key, **REQUESTS[request])
        if led.closed:
            require_raises(ClosedError, call)
            return []
        world.expect_recovery(led)
        entries = world.entries.values()
        known = [e for e in entries if key is not None and e.key == key]
        if known and known[0].request != request:
            error = require_raises(IdempotencyConflictError, call)
            require_equal("whose key it is", error.report_id, known[0].report_id)
            return []
        if not known and len(world.chosen(QUEUED, RUNNING)) >= led.most:
            require_raises(QueueFullError, call)
            return []
        report_id = call()
        led.triggered.add(report_id)
        if known:
            require_equal("the report of the key", report_id, known[0].report_id)
            return []
        require(report_id not in world.entries, f"the id {report_id} was there")
        as_of = REQUESTS[request].get("as_of", world.newest)
        world.entries[report_id] = Entry(
            report_id, key, request, to_micros(as_of), world.now, led.lease
        )
        return [report_id]

    @rule(slot=slots, report_id=reports)
    def ask(self, slot: str, report_id: str) -> None:
        """Somebody asks for the status of a report, and waits for it no time."""
        led = self.led.led[slot]
        self.led.expect_recovery(led)
        entry = self.led.entries.get(report_id)
        wait = partial(led.manager.wait, report_id, 0)
        if entry is None:
            require_raises(ReportNotFoundError, partial(led.manager.status, report_id))
            require_raises(ReportNotFoundError, wait)
            return
        require_status(led.manager.status(report_id), entry)
        if entry.state.is_final:
            require_status(wait(), entry)
        elif led.closed:
            require_raises(ClosedError, wait)
        else:
            require_raises(WaitTimeoutError, wait)

    @rule(slot=slots, report_id=reports)
    def cancel(self, slot: str, report_id: str) -> None:
        """A report is cancelled."""
        led = self.led.led[slot]
        entry = self.led.entries.get(report_id)
        if entry is None:
            require_raises(ReportNotFoundError, partial(led.manager.cancel, report_id))
            return
        active = not entry.state.is_final
        require_equal("cancel()", led.manager.cancel(report_id), active)
        if entry.state is QUEUED:
            entry.end(CANCELLED, self.led.now)
        elif entry.state is RUNNING:
            entry.cancel_requested = True
        if active and report_id in led.runs:
            led.runs[report_id].stop = True

    @rule(slot=slots, state=st.none() | st.sampled_from(JobState))
    def list(self, slot: str, state: JobState | None) -> None:
        """Reports are listed."""
        listed = self.led.led[slot].manager.list(state)
        expected = self.led.chosen(*(JobState if state is None else [state]))
        told = [status.report_id for status in listed]
        require_equal("list()", told, [entry.report_id for entry in expected])
        for status, entry in zip(listed, expected, strict=True):
            require_status(status, entry)

    @rule(slot=slots, report_id=reports)
    def delete(self, slot: str, report_id: str) -> None:
        """A report is deleted."""
        call = partial(self.led.led[slot].manager.delete, report_id)
        entry = self.led.entries.get(report_id)
        if entry is None:
            require_raises(ReportNotFoundError, call)
        elif not entry.state.is_final:
            require_raises(ReportNotReadyError, call)
        else:
            call()
            del self.led.entries[report_id]

    @rule(slot=slots, seconds=st.sampled_from([-20, -1, 0, 1]))
    def delete_before(self, slot: str, seconds: int) -> None:
        """Old reports are deleted."""
        horizon = self.led.clock.now + timedelta(seconds=seconds)
        gone = [
            entry.report_id
            for entry in self.led.entries.values()
            if entry.finished_at is not None and entry.finished_at < to_micros(horizon)
        ]
        deleted = self.led.led[slot].manager.delete_before(horizon)
        require_equal("delete_before()", deleted, len(gone))
        for report_id in gone:
            del self.led.entries[report_id]

    @rule(slot=slots, bad=st.sampled_from(NOT_IDS))
    def ask_for_what_is_no_id(self, slot: str, bad: str) -> None:
        """Somebody asks for what can be no report."""
        manager = self.led.led[slot].manager
        wait = partial(manager.wait, timeout=0)
        for call in (manager.status, manager.get, wait, manager.cancel, manager.delete):
            require_raises(ReportNotFoundError, partial(call, bad))
        self.led.expect_recovery(self.led.led[slot])

    # What happens by itself, or to the process.

    @rule(target=reports, planned=moves)
    def work(self, planned: Sequence[Move]) -> MultipleResults[str]:
        """Some things happen in a row."""
        return multiple(*self._work(planned))

    def _work(self, planned: Sequence[Move]) -> Sequence[str]:
        new: builtins.list[str] = []
        for move in planned:
            if move.asked is not None:
                new += self._trigger(move.slot, *move.asked)
            self.led.clock.pass_by(move.seconds)
            self.led.step(self.led.led[move.slot])
            self.all_is_as_it_should_be()
            attempts = self.led.attempts
            if move.outcome is not None and attempts:
                self.led.let_go(attempts[move.number % len(attempts)], move.outcome)
                self.all_is_as_it_should_be()
        return new

    @rule(hours=st.sampled_from([-1, 1]))
    def take_in(self, hours: int) -> None:
        """A poll comes, now and then a newer one."""
        at = self.led.newest + timedelta(hours=hours, seconds=1)
        self.led.store.add_polls([("s002", at, hours > 0)])
        self.led.newest = max(self.led.newest, at)

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
            self.led.close(self.led.led[slot], outcome, cancel_pending=end == "cancel")
        if again or end == "crash":
            self.led.open(slot, workers, most, lease)

    @rule(report_id=reports, lease=st.sampled_from([5, 20]))
    def claim_and_die(self, report_id: str, lease: int) -> None:
        """Another process takes a report, and is never heard of again."""
        entry = self.led.entries.get(report_id)
        job = self.led.watching.job(report_id)
        if entry is not None and job is not None and entry.state is QUEUED:
            claimed = advance(job, Claim("dead", lease * SECOND), self.led.now)
            require(self.led.watching.swap(job, claimed), "it could not be claimed")
            entry.claim(lease * SECOND, self.led.now)

    @invariant()
    def all_is_as_it_should_be(self) -> None:
        """Managers and sink say what the dictionaries do."""
        require_equal("what should never be written", self.led.wrong, [])
        if not self.led.led:
            return
        for active in (False, True):
            entries = self.led.chosen(*([QUEUED, RUNNING] if active else JobState))
            jobs = self.led.watching.jobs(active=active)
            told = [job.report_id for job in jobs]
            require_equal("the jobs", told, [entry.report_id for entry in entries])
            for job, entry in zip(jobs, entries, strict=True):
                require_equal("a fence", job.fence, entry.fence)
                require(job.attempt <= MOST_ATTEMPTS, f"attempt {job.attempt}")
                require_equal("a key", job.idempotency_key, entry.key)
                require_status(ReportStatus.of(job), entry)
        for entry in self.led.entries.values():
            self._is_there_or_not(entry)

    def _is_there_or_not(self, entry: Entry) -> None:
        report = self.led.watching.report(entry.report_id)
        for led in self.led.led.values():
            get = partial(led.manager.get, entry.report_id)
            if entry.report is not None:
                require(same(report, entry.report), f"the report is {report}")
                require(same(get(), entry.report), "get() gives another report")
            else:
                require_equal("a report that is not due", report, None)
                error = _ERRORS[entry.state]
                require_equal("an error", type(require_raises(error, get)), error)

    def teardown(self) -> None:
        """End all threads, and delete what is left."""
        self.led.end()
