"""A check by chance: whatever writers do, a sink holds what dictionaries do."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from uptime_core.errors import IllegalTransitionError
from uptime_core.jobs import (
    Abandon,
    Cancel,
    Claim,
    Complete,
    Event,
    Expire,
    Fail,
    Job,
    JobState,
    Release,
    Renew,
    advance,
)
from uptime_core.testing.checks import Checks
from uptime_core.testing.failures import BrokenContractError, keeps
from uptime_core.testing.sink_samples import NOW, job_of, report_of

if TYPE_CHECKING:
    from uptime_core.testing.sink_bench import SinkBench

checks: Checks[SinkBench] = Checks()

RUNS = 8
STEPS = 60
LEASE = 10_000_000
REPORTS = [report_of(seed) for seed in range(3)]


class Writers:
    """Several writers, who hold copies of jobs that may be old.

    Args:
        bench: The sink, and what it should hold.
        chance: Chooses what they do.
    """

    def __init__(self, bench: SinkBench, chance: Random) -> None:
        self._bench = bench
        self._chance = chance
        self._now = NOW
        self._number = 0
        self._copies: list[Job] = []

    def step(self) -> str:
        """Do something, and say what."""
        self._now += self._chance.choice((0, 1, 1, 11, -30)) * 1_000_000
        acts = (self._add, *[self._act] * 4, self._delete, self._look)
        told = self._chance.choice(acts)()
        self._bench.take_turns()
        return told

    def _add(self) -> str:
        self._number += 1
        key = self._chance.choice((None, None, "k", "K", "\u00e9/"))
        most = self._chance.choice((None, None, 1, 3))
        number = self._number * 7 % 64
        job = job_of(number, idempotency_key=key, created_at=self._now)
        if job.report_id not in self._bench.ever:
            self._bench.add(job, most_active=most)
            self._copies.append(job)
        return f"add {job.report_id}, key {key!r}, most_active {most}"

    def _copy(self) -> Job | None:
        there = self._bench.chosen()
        if there and self._chance.random() < 0.6:  # noqa: PLR2004  # often one of now
            return self._chance.choice(there)
        return self._chance.choice(self._copies) if self._copies else None

    def _act(self) -> str:
        copy = self._copy()
        if copy is None:
            return "nothing"
        event = self._chance.choice(self._events(copy))
        try:
            changed = advance(copy, event, self._now)
        except IllegalTransitionError:
            return f"{event} cannot happen to {copy.report_id}"
        if changed is copy:
            return f"{event} changes nothing of {copy.report_id}"
        completes = changed.state is JobState.COMPLETE
        report = self._chance.choice(REPORTS) if completes else None
        if self._bench.swap(copy, changed, report=report):
            self._copies.append(changed)
        return f"{event} happens to {copy.report_id}, revision {copy.revision}"

    def _events(self, job: Job) -> list[Event]:
        fence = job.fence
        if job.state is JobState.QUEUED:
            return [*[Claim("somebody", LEASE)] * 4, Cancel(), Abandon("nobody")]
        return [
            *(Renew(fence, 1, 3), Complete(fence, 5), Complete(fence, 5), Cancel()),
            *(Fail(fence, "why", may_retry=self._chance.random() < 0.5), Expire()),  # noqa: PLR2004
            Release(fence),
        ]

    def _delete(self) -> str:
        copy = self._copy()
        if copy is not None:
            self._bench.swap(copy, None)
            return f"delete {copy.report_id}, revision {copy.revision}"
        return "nothing"

    def _look(self) -> str:
        self._bench.is_held_by(self._bench.sink, "sink.swap")
        return "look"


@checks("sink.swap", "sink.job", "sink.report")
def whatever_writers_do(bench: SinkBench) -> None:
    """Whatever writers do in whatever order, the sink holds what dictionaries would."""
    for seed in range(RUNS):
        other = bench.anew()
        writers = Writers(other, Random(seed))  # noqa: S311  # no secret
        told: list[str] = []
        try:
            with keeps("sink.swap"):
                while len(told) < STEPS:
                    told.append(writers.step())
                other.holds()
        except BrokenContractError as error:
            done = "\n".join(f"  {step}" for step in told)
            raise BrokenContractError(
                error.sentence_id, f"{error.told}, after\n{done}"
            ) from error
        finally:
            other.close()
