"""What writers do with jobs that they hold: events, legal or not, of whatever fence."""

from __future__ import annotations

import attrs
from hypothesis import strategies as st

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
)

SECOND = 1_000_000
LEASE = 10 * SECOND
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
"""From where each event leads where; the reference has it as a table."""


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
        """The event, for a job in this state."""
        kinds = [kind for kind in ARROWS if not self.legal or state in ARROWS[kind]]
        if self.legal and state is QUEUED:
            kinds += [Claim, Claim, Claim]  # without it, there is nothing to see
        return kinds[self.place % len(kinds)]

    def event(self, job: Job) -> Event:
        """What happens to a job."""
        fence = job.fence + self.off
        made: dict[type[Event], Event] = {
            Claim: Claim("somebody", LEASE if self.choice else 2 * LEASE),
            Renew: Renew(fence, 1, 3),
            Complete: Complete(fence, 5),
            Fail: Fail(fence, "why", may_retry=self.choice),
            Expire: Expire(),
            Release: Release(fence),
            Cancel: Cancel(),
            Abandon: Abandon("nobody"),
        }
        return made[self.kind(job.state)]


moves: st.SearchStrategy[list[Move]] = st.lists(
    st.builds(
        Move,
        place=st.integers(0, 7),
        legal=st.sampled_from([True, True, True, False]),
        off=st.sampled_from([0, 0, 0, 0, -1, 1]),
        choice=st.sampled_from([True, True, False]),
        seconds=st.sampled_from([0, 0, 1, 11, 25, -30]),
        report=st.integers(0, 2),
    ),
    min_size=1,
    max_size=8,
)
