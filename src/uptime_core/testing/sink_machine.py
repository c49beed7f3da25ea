"""A state machine of writers who hold copies of jobs, old and new, of one sink."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from uptime_core.errors import (
    IllegalTransitionError,
    InputError,
    StaleAttemptError,
)
from uptime_core.jobs import (
    Cancel,
    Claim,
    Complete,
    Event,
    Expire,
    Job,
    JobState,
    Release,
    Renew,
    advance,
)
from uptime_core.testing.back_ends import SinkBackEnd
from uptime_core.testing.failures import keeps, require, require_equal
from uptime_core.testing.folders import scratch
from uptime_core.testing.sink_bench import SinkBench
from uptime_core.testing.sink_durable_checks import crash
from uptime_core.testing.sink_moves import (
    ARROWS,
    CANCELLED,
    COMPLETE,
    LEASE,
    QUEUED,
    RUNNING,
    SECOND,
    Move,
    moves,
)
from uptime_core.testing.sink_samples import NOT_IDS, NOW, job_of, report_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uptime_core.report import Report
    from uptime_core.testing.sink_durable_checks import Swap

REPORTS = [report_of(seed) for seed in range(3)]
keys: st.SearchStrategy[str | None] = st.none() | st.sampled_from(
    ["k", "K", "\u00e9/", "\0"]
)


class ReportSinkMachine(SinkBackEnd, RuleBasedStateMachine):
    """Writers change jobs of a sink, and dictionaries say what should be there.

    Derive from it, and write `make_sink`; `TestCase` of your class is a test:

        class MyMachine(ReportSinkMachine):
            durable = shared = True

            def make_sink(self, folder):
                return MySink(folder / "reports")

        TestMine = MyMachine.TestCase

    Where sinks may share a folder, two of them are used in turn. There are rules for
    adding, reading, changing and deleting jobs, also by copies that are old; for what
    no caller may ask for; for threads that claim a job at once; for time that passes,
    or goes back; and for restarts, with and without an end, and processes that crash,
    where the sink is durable. After each rule, all that the sink holds is compared.

    Attributes:
        bench: The sink, and what it should hold.
        crashes: How many processes have ended at a step of a swap.
    """

    copies: Bundle[Job] = Bundle("copies")

    def __init__(self) -> None:
        super().__init__()
        self._folder = scratch()
        self.bench: SinkBench = SinkBench(self, Path(self._folder.name))
        self._now = NOW
        self._added = 0
        self.crashes: int = 0

    @initialize(
        target=copies, planned=st.lists(st.tuples(keys, moves), min_size=1, max_size=3)
    )
    def begin(
        self, planned: list[tuple[str | None, list[Move]]]
    ) -> MultipleResults[Job]:
        """Some jobs live for a while."""
        made: list[Job] = []
        for key, life in planned:
            made.append(self._add(key, None))
            made += self._act_all(made[-1], life)
        return multiple(*made)

    @rule(target=copies, key=keys, most=st.none() | st.integers(1, 4))
    def add(self, key: str | None, most: int | None) -> Job:
        """A job is added, unless its key is there, or there are too many."""
        return self._add(key, most)

    def _add(self, key: str | None, most: int | None) -> Job:
        self._added += 1
        number = self._added * 7 % 64  # ids in another order than times
        job = attrs.evolve(job_of(number, idempotency_key=key), created_at=self._now)
        self.bench.add(job, most_active=most)
        return job

    @rule(copy=copies)
    def add_again(self, copy: Job) -> None:
        """An id that is there is not added a second time, whatever else is so."""
        if copy.report_id in self.bench.jobs and copy.state is not COMPLETE:
            self.bench.add(copy, most_active=1)

    @precondition(lambda self: self.bench.jobs)
    @rule(target=copies, number=st.integers(0, 30))
    def read(self, number: int) -> Job:
        """A writer reads a job."""
        chosen = self.bench.chosen()[number % len(self.bench.jobs)]
        with keeps("sink.job"):
            job = self.bench.sink.job(chosen.report_id)
            require_equal("job()", job, chosen)
        return chosen

    @rule(target=copies, copy=copies, planned=moves)
    def act(self, copy: Job, planned: list[Move]) -> MultipleResults[Job]:
        """A writer lets events happen to what it believes to be the job."""
        return multiple(*self._act_all(copy, planned))

    def _act_all(self, copy: Job, planned: Sequence[Move]) -> list[Job]:
        held = [copy]
        for move in planned:
            self._now += move.seconds * SECOND
            held.append(self._act(held[-1], move))
        return [*dict.fromkeys(held[1:])]

    def _act(self, copy: Job, move: Move) -> Job:
        event = move.event(copy)
        arrows = ARROWS[type(event)]
        try:
            changed = advance(copy, event, self._now)
        except StaleAttemptError:
            require(move.off or copy.state is not RUNNING, f"{event} was refused")
            return copy
        except IllegalTransitionError:
            silent = copy.state is RUNNING and copy.is_expired(self._now)
            early = isinstance(event, Expire) and not silent
            require(copy.state not in arrows or early, f"{event} was refused")
            return copy
        require(changed.state in arrows[copy.state], f"{copy} became {changed}")
        if changed is copy:
            return copy
        made = REPORTS[move.report] if changed.state is COMPLETE else None
        there = self.bench.jobs.get(copy.report_id)
        if not self.bench.swap(copy, changed, report=made):
            return copy
        require_equal("the job that was there", there, copy)  # revisions tell all apart
        self._require_legal(copy, event, changed)
        self.all_is_as_it_should_be()
        return changed

    def _require_legal(self, copy: Job, event: Event, changed: Job) -> None:
        require(not copy.state.is_final, f"{copy} was final")
        require(changed.attempt <= 3, f"{changed} is in its fourth attempt")  # noqa: PLR2004
        claims = isinstance(event, Claim)
        require_equal("its fence", changed.fence, copy.fence + claims)
        if copy.cancel_requested and not isinstance(event, Renew | Cancel):
            require_equal("its state", changed.state, CANCELLED)
        elif changed.state in (QUEUED, RUNNING):
            begun = claims - isinstance(event, Release)
            require_equal("its attempt", changed.attempt, copy.attempt + begun)

    @rule(number=st.integers(0, 30))
    def delete_what_is_there(self, number: int) -> None:
        """A job is deleted as it is."""
        if self.bench.jobs:
            self.bench.swap(self.bench.chosen()[number % len(self.bench.jobs)], None)

    @rule(copy=copies)
    def delete(self, copy: Job) -> None:
        """A job is deleted by a copy, which may be old."""
        self.bench.swap(copy, None)

    @rule(copy=copies, state=st.sampled_from(JobState), report=st.integers(0, 2))
    def revive(self, copy: Job, state: JobState, report: int) -> None:
        """Nothing leads out of a final state, whoever writes what."""
        there = self.bench.jobs.get(copy.report_id)
        if there is not None and there.state.is_final and state is not there.state:
            revived = attrs.evolve(there, state=state, revision=there.revision + 1)
            made = REPORTS[report] if state is COMPLETE else None
            with keeps("sink.final"):
                self._refuses(IllegalTransitionError, there, revived, made)

    @rule(copy=copies, wrong=st.sampled_from(["missing", "undue", "id", "key", "time"]))
    def write_nonsense(self, copy: Job, wrong: str) -> None:
        """A report where none is due, none where one is, and jobs of two reports."""
        if copy.state.is_final:
            return
        new = attrs.evolve(copy, revision=copy.revision + 1)
        report = None
        if wrong == "missing":
            new = attrs.evolve(new, state=COMPLETE)
        elif wrong == "undue":
            report = REPORTS[0]
        elif wrong == "id":
            new = attrs.evolve(new, report_id="f" * 32)
        elif wrong == "key":
            new = attrs.evolve(new, idempotency_key="another")
        else:
            new = attrs.evolve(new, created_at=copy.created_at + 1)
        due = wrong in ("missing", "undue")
        with keeps("sink.due" if due else "sink.one-report"):
            self._refuses(InputError, copy, new, report)

    def _refuses(
        self, error: type[Exception], old: Job, new: Job, report: Report | None
    ) -> None:
        try:
            done = self.bench.sink.swap(old, new, report=report)
        except error:
            return
        require(holds=False, told=f"swap({old}, {new}) gave {done}")

    @rule(copy=copies, writers=st.integers(2, 4))
    def claim_at_once(self, copy: Job, writers: int) -> None:
        """Threads claim a job at once."""
        if copy.state is QUEUED:
            claims = [Claim(f"writer {number}", LEASE) for number in range(writers)]
            jobs = [advance(copy, claim, self._now) for claim in claims]
            self.bench.swap_at_once(copy, jobs)

    @precondition(lambda self: self.durable and self.forks and self.bench.jobs)
    @rule(number=st.integers(0, 30), step=st.integers(1, 15))
    def crash(self, number: int, step: int) -> None:
        """A process ends at some step of claiming, completing or deleting a job."""
        job = self.bench.chosen()[number % len(self.bench.jobs)]
        swap: Swap = (job, None, None)
        if job.state is QUEUED:
            swap = job, advance(job, Claim("somebody", LEASE), self._now), None
        elif job.state is RUNNING and not job.cancel_requested:
            done = advance(job, Complete(job.fence, 5), self._now)
            swap = job, done, REPORTS[number % 3]
        self.crashes += 1
        crash(self.bench, swap, step)

    @rule(bad=st.sampled_from(NOT_IDS))
    def ask_for_what_is_no_id(self, bad: str) -> None:
        """A text that is no id has no job, and cannot be added."""
        sink = self.bench.sink
        with keeps("sink.ids", ascii(bad)):
            require_equal("job()", sink.job(bad), None)
            require_equal("report()", sink.report(bad), None)
            added = sink.swap(None, attrs.evolve(job_of(), report_id=bad))
            require_equal("swap()", added, expected=False)

    @rule(seconds=st.sampled_from([0, 1, 9, 10, 11, 25, -3, -30]))
    def pass_by(self, seconds: int) -> None:
        """Time passes, or the clock is set back."""
        self._now += seconds * SECOND

    @precondition(lambda self: self.durable)
    @rule(close=st.booleans())
    def reopen(self, *, close: bool) -> None:
        """The sink is opened again; the one before was closed, or has crashed."""
        self.bench.reopen(close=close)

    @invariant()
    def all_is_as_it_should_be(self) -> None:
        """The sink holds what the dictionaries do."""
        self.bench.take_turns()
        self.bench.is_held_by(self.bench.sink)

    def check_at_the_end(self) -> None:
        """Look into the folder, once all sinks are closed; by default nobody does.

        What the sink should hold is in `bench.jobs` and `bench.reports`.
        """

    def teardown(self) -> None:
        """Close the sinks, look at what they leave, and delete it."""
        self.bench.close()
        try:
            if self.bench.place.exists():
                self.check_at_the_end()
        finally:
            self._folder.cleanup()
