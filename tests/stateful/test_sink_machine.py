"""Several writers with old copies of jobs, and a sink that is opened again at times."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

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
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.faults.samples import KINDS, open_sink

from uptime_core import (
    IllegalTransitionError,
    InputError,
    Job,
    JobState,
    QueueFullError,
    Report,
    ReportSink,
    StaleAttemptError,
)
from uptime_core.jobs import (
    Abandon,
    Cancel,
    Claim,
    Complete,
    Event,
    Expire,
    Fail,
    Release,
    Renew,
    advance,
)
from uptime_core.testing.sink_samples import NOT_IDS, NOW, job_of, report_of, same

if TYPE_CHECKING:
    from hypothesis.stateful import MultipleResults

SECOND = 1_000_000
LEASE = 10 * SECOND
REPORTS = [report_of(seed) for seed in range(3)]
QUEUED, RUNNING = JobState.QUEUED, JobState.RUNNING
COMPLETE, FAILED, CANCELLED = JobState.COMPLETE, JobState.FAILED, JobState.CANCELLED

ARROWS: dict[type[Event], dict[JobState, set[JobState]]] = {
    Claim: {QUEUED: {RUNNING}},
    Renew: {RUNNING: {RUNNING}},
    Complete: {RUNNING: {COMPLETE, CANCELLED}},
    Fail: {RUNNING: {QUEUED, FAILED, CANCELLED}},
    Expire: {RUNNING: {QUEUED, FAILED, CANCELLED}},
    Release: {RUNNING: {QUEUED, CANCELLED}},
    Cancel: {
        QUEUED: {CANCELLED},
        RUNNING: {RUNNING},
        **{final: {final} for final in (COMPLETE, FAILED, CANCELLED)},
    },
    Abandon: {QUEUED: {FAILED}},
}
"""What docs/reference/job-states.md says: from where each event leads where."""

fences = st.sampled_from([0, 0, 0, 0, -1, 1])
keys = st.none() | st.sampled_from(["k", "K", "é/", "\0"])


@attrs.frozen
class Move:
    """What a writer does next, as far as it does not hang on what it holds.

    Attributes:
        place: Which of the events that the job's state has, or of all.
        legal: Whether it is one of those of the job's state.
        off: How far the fence is off.
        choice: What some events have a choice of.
        seconds: How long after the move before.
        report: Which report is made.
    """

    place: int
    legal: bool
    off: int
    choice: bool
    seconds: int
    report: int

    def kind(self, state: JobState) -> type[Event]:
        kinds = [kind for kind in ARROWS if not self.legal or state in ARROWS[kind]]
        if self.legal and state is QUEUED:
            kinds += [Claim, Claim, Claim]  # without it, there is nothing to see
        return kinds[self.place % len(kinds)]


moves = st.lists(
    st.builds(
        Move,
        place=st.integers(0, 7),
        legal=st.sampled_from([True, True, True, False]),
        off=fences,
        choice=st.sampled_from([True, True, False]),
        seconds=st.sampled_from([0, 0, 1, 11, 25, -30]),
        report=st.integers(0, 2),
    ),
    min_size=1,
    max_size=8,
)


def event_of(kind: type[Event], job: Job, off: int, *, choice: bool) -> Event:
    fence = job.fence + off
    made: dict[type[Event], Event] = {
        Claim: Claim("somebody", LEASE if choice else 2 * LEASE),
        Renew: Renew(fence, 1, 3),
        Complete: Complete(fence, 5),
        Fail: Fail(fence, "why", may_retry=choice),
        Expire: Expire(),
        Release: Release(fence),
        Cancel: Cancel(),
        Abandon: Abandon("nobody"),
    }
    return made[kind]


class SinkMachine(RuleBasedStateMachine):
    """Two handles of one sink, used in turn, and jobs and reports in dictionaries."""

    kind: ClassVar[str]
    copies: Bundle[Job] = Bundle("copies")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=_fast_folder()))
        self.now = NOW
        self.jobs: dict[str, Job] = {}
        self.reports: dict[str, Report] = {}
        self.ever: list[Job] = []
        self.turn = 0
        self.sinks: list[ReportSink] = []

    @initialize(
        target=copies, planned=st.lists(st.tuples(keys, moves), min_size=1, max_size=3)
    )
    def begin(
        self, planned: list[tuple[str | None, list[Move]]]
    ) -> MultipleResults[Job]:
        first = open_sink(self.kind, self.folder)
        second = first if self.kind == "memory" else open_sink(self.kind, self.folder)
        self.sinks = [first, second]
        made: list[Job] = []
        for key, life in planned:
            made.append(self._add(key, None))
            made += self._act_all(made[-1], life)
        return multiple(*made)

    @property
    def sink(self) -> ReportSink:
        self.turn += 1
        return self.sinks[self.turn % 2]

    @rule(target=copies, key=keys, most=st.none() | st.integers(1, 4))
    def add(self, key: str | None, most: int | None) -> Job:
        return self._add(key, most)

    def _add(self, key: str | None, most: int | None) -> Job:
        number = (len(self.ever) + 1) * 7 % 64  # ids in another order than times
        job = attrs.evolve(job_of(number, idempotency_key=key), created_at=self.now)
        self.ever.append(job)
        taken = key is not None and key in {j.idempotency_key for j in self._jobs()}
        full = most is not None and len(self._jobs(active=True)) >= most
        if full and not taken:
            with pytest.raises(QueueFullError):
                self.sink.swap(None, job, most_active=most)
        else:
            done = self.sink.swap(None, job, most_active=most)
            assert done is not taken
            if done:
                self.jobs[job.report_id] = job
        return job

    @rule(copy=copies)
    def add_again(self, copy: Job) -> None:
        """An id that is there is not added a second time, whatever else is so."""
        if copy.report_id in self.jobs and copy.state is not COMPLETE:
            assert not self.sink.swap(None, copy, most_active=1)

    @precondition(lambda self: self.jobs)
    @rule(target=copies, number=st.integers(0, 30))
    def read(self, number: int) -> Job:
        chosen = self._jobs()[number % len(self.jobs)]
        job = self.sink.job(chosen.report_id)
        assert job is not None
        return job

    @rule(target=copies, copy=copies, planned=moves)
    def act(self, copy: Job, planned: list[Move]) -> MultipleResults[Job]:
        """A writer lets events happen to what it believes to be the job."""
        return multiple(*self._act_all(copy, planned))

    def _act_all(self, copy: Job, planned: list[Move]) -> list[Job]:
        held = [copy]
        for move in planned:
            self.now += move.seconds * SECOND
            held.append(self._act(held[-1], move))
        return [*dict.fromkeys(held[1:])]

    def _act(self, copy: Job, move: Move) -> Job:
        kind = move.kind(copy.state)
        event = event_of(kind, copy, move.off, choice=move.choice)
        try:
            changed = advance(copy, event, self.now)
        except StaleAttemptError:
            assert move.off or copy.state is not RUNNING
            return copy
        except IllegalTransitionError:
            silent = copy.state is RUNNING and copy.is_expired(self.now)
            assert copy.state not in ARROWS[kind] or (kind is Expire and not silent)
            return copy
        assert changed.state in ARROWS[kind][copy.state]
        if changed is copy:
            return copy
        made = REPORTS[move.report] if changed.state is COMPLETE else None
        there = self.jobs.get(copy.report_id)
        done = self.sink.swap(copy, changed, report=made)
        assert done is (there is not None and there.revision == copy.revision)
        if not done:
            return copy
        assert there == copy  # revisions tell all jobs apart
        assert not copy.state.is_final
        assert changed.attempt <= 3
        assert changed.fence == copy.fence + (kind is Claim)
        if copy.cancel_requested and kind not in (Renew, Cancel):
            assert changed.state is CANCELLED
        elif changed.state in (QUEUED, RUNNING):
            begun = (kind is Claim) - (kind is Release)
            assert changed.attempt == copy.attempt + begun
        self.jobs[copy.report_id] = changed
        if made is not None:
            self.reports[copy.report_id] = made
        self.all_is_as_in_the_model()
        return changed

    @rule(number=st.integers(0, 30))
    def delete_what_is_there(self, number: int) -> None:
        if self.jobs:
            self._delete(self._jobs()[number % len(self.jobs)])

    @rule(copy=copies)
    def delete(self, copy: Job) -> None:
        self._delete(copy)

    def _delete(self, copy: Job) -> None:
        there = self.jobs.get(copy.report_id)
        done = self.sink.swap(copy, None)
        assert done is (there is not None and there.revision == copy.revision)
        if done:
            del self.jobs[copy.report_id]
            self.reports.pop(copy.report_id, None)

    @rule(copy=copies, state=st.sampled_from(JobState), report=st.integers(0, 2))
    def revive(self, copy: Job, state: JobState, report: int) -> None:
        """Nothing leads out of a final state, whoever writes what."""
        if copy.state.is_final and state is not copy.state:
            there = self.jobs.get(copy.report_id)
            revision = copy.revision if there is None else there.revision
            revived = attrs.evolve(copy, state=state, revision=revision + 1)
            made = REPORTS[report] if state is COMPLETE else None
            with pytest.raises(IllegalTransitionError):
                self.sink.swap(copy, revived, report=made)

    @rule(copy=copies, wrong=st.sampled_from(["missing", "undue", "id", "key", "time"]))
    def write_nonsense(self, copy: Job, wrong: str) -> None:
        """A report where none is due, none where one is, and jobs of two reports."""
        if copy.state.is_final:
            return
        next_revision = copy.revision + 1
        new = attrs.evolve(copy, revision=next_revision)
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
        with pytest.raises(InputError):
            self.sink.swap(copy, new, report=report)

    @rule(bad=st.sampled_from([bad for bad in NOT_IDS if isinstance(bad, str)]))
    def ask_for_what_is_no_id(self, bad: str) -> None:
        assert self.sink.job(bad) is None
        assert self.sink.report(bad) is None
        assert not self.sink.swap(None, attrs.evolve(job_of(), report_id=bad))

    @rule(seconds=st.sampled_from([0, 1, 9, 10, 11, 25, -3, -30]))
    def pass_by(self, seconds: int) -> None:
        self.now += seconds * SECOND

    @rule(which=st.integers(0, 1))
    def reopen(self, which: int) -> None:
        if self.kind != "memory":
            self.sinks[which].close()
            self.sinks[which] = open_sink(self.kind, self.folder)

    def _jobs(self, *, active: bool = False) -> list[Job]:
        jobs = [j for j in self.jobs.values() if not (active and j.state.is_final)]
        return sorted(jobs, key=lambda job: (job.created_at, job.report_id))

    @invariant()
    def all_is_as_in_the_model(self) -> None:
        if not self.sinks:
            return
        sink = self.sink
        assert list(sink.jobs()) == self._jobs()
        assert list(sink.jobs(active=True)) == self._jobs(active=True)
        for key in {job.idempotency_key for job in self.ever} - {None}:
            holders = [j for j in self._jobs() if j.idempotency_key == key]
            assert list(sink.jobs(idempotency_key=key)) == holders
            assert len(holders) <= 1
        for report_id in {job.report_id for job in self.ever}:
            job = self.jobs.get(report_id)
            assert sink.job(report_id) == job
            report = sink.report(report_id)
            if job is not None and job.state is COMPLETE:
                assert same(report, self.reports[report_id])
            else:
                assert report is None

    def teardown(self) -> None:
        for sink in self.sinks:
            sink.close()
        if self.kind == "csv" and self.sinks:
            self._no_file_is_left_over()
        if self.kind == "sqlite" and self.sinks:
            self._no_row_is_left_over()
        shutil.rmtree(self.folder)

    def _no_row_is_left_over(self) -> None:
        """Reports that are kept are those of the jobs that are there."""
        with closing(sqlite3.connect(self.folder / "sink.db")) as connection:
            rows = connection.execute("SELECT report_id FROM uptime_reports").fetchall()
        assert {report_id for (report_id,) in rows} == self.reports.keys()

    def _no_file_is_left_over(self) -> None:
        """Marks, keys and files of a folder are those of the jobs that are there."""
        folder = self.folder / "reports"
        active = {path.name for path in (folder / "active").iterdir()}
        assert active == {job.report_id for job in self._jobs(active=True)}
        keys = [j for j in self._jobs() if j.idempotency_key is not None]
        assert len(list((folder / "keys").iterdir())) == len(keys)
        assert not list((folder / "partial").iterdir())
        assert {path.stem for path in folder.glob("*.csv")} == self.reports.keys()


def _fast_folder() -> str | None:
    """A folder in memory, where there is one: what is tested does not need a disk."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  # as said


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_writers_do_the_sink_holds_what_the_model_does(kind: str) -> None:
    profile = hypothesis.settings()
    machine = type(f"{kind.title()}Machine", (SinkMachine,), {"kind": kind})
    run_state_machine_as_test(
        machine,
        settings=hypothesis.settings(
            max_examples=profile.max_examples, stateful_step_count=20
        ),
    )
