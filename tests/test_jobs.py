"""The life of a report: every state with every event."""

from __future__ import annotations

from itertools import product

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_core.errors import IllegalTransitionError, StaleAttemptError
from uptime_core.jobs import (
    MOST_ATTEMPTS,
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
    is_report_id,
)
from uptime_core.request import ReportRequest

LEASE = 30_000_000
START = 1_700_000_000_000_000
LATER = START + LEASE  # from here on a worker that has been silent since START is dead
CLAIM = Claim("a worker", LEASE)
NEW = Job(
    report_id="0" * 32,
    request=ReportRequest(as_of=START),
    as_of_given=False,
    reads="a store",
    created_at=START - 5,
    lease=LEASE,
)
RUNNING = attrs.evolve(  # written out, so that no test depends on what it tests
    NEW,
    state=JobState.RUNNING,
    attempt=1,
    fence=1,
    owner="a worker",
    renewed_at=START,
    started_at=START,
    revision=1,
)
FINAL = attrs.evolve(
    RUNNING, owner=None, renewed_at=None, finished_at=START + 1, revision=2
)
JOBS = {
    "queued": NEW,
    "running": RUNNING,
    "running, to be cancelled": attrs.evolve(
        RUNNING, cancel_requested=True, revision=2
    ),
    "complete": attrs.evolve(FINAL, state=JobState.COMPLETE, done=7, total=7),
    "failed": attrs.evolve(FINAL, state=JobState.FAILED, error="no"),
    "cancelled": attrs.evolve(
        NEW, state=JobState.CANCELLED, finished_at=START + 1, revision=1
    ),
}
EVENTS: dict[str, Event] = {
    "claim": CLAIM,
    "renew": Renew(1, 3, 7),
    "complete": Complete(1, 7),
    "fail": Fail(1, "no", may_retry=False),
    "fail, retry": Fail(1, "no", may_retry=True),
    "release": Release(1),
    "cancel": Cancel(),
    "expire": Expire(),
    "abandon": Abandon("nobody"),
}
WORKERS = {"renew", "complete", "fail", "fail, retry", "release"}
LEGAL = {
    ("queued", "claim"): JobState.RUNNING,
    ("queued", "cancel"): JobState.CANCELLED,
    ("queued", "abandon"): JobState.FAILED,
    ("running", "renew"): JobState.RUNNING,
    ("running", "complete"): JobState.COMPLETE,
    ("running", "fail"): JobState.FAILED,
    ("running", "fail, retry"): JobState.QUEUED,
    ("running", "release"): JobState.QUEUED,
    ("running", "cancel"): JobState.RUNNING,
    ("running", "expire"): JobState.QUEUED,
    ("running, to be cancelled", "renew"): JobState.RUNNING,
    ("running, to be cancelled", "complete"): JobState.CANCELLED,
    ("running, to be cancelled", "fail"): JobState.CANCELLED,
    ("running, to be cancelled", "fail, retry"): JobState.CANCELLED,
    ("running, to be cancelled", "release"): JobState.CANCELLED,
    ("running, to be cancelled", "cancel"): JobState.RUNNING,
    ("running, to be cancelled", "expire"): JobState.CANCELLED,
    ("complete", "cancel"): JobState.COMPLETE,
    ("failed", "cancel"): JobState.FAILED,
    ("cancelled", "cancel"): JobState.CANCELLED,
}


@pytest.mark.parametrize(("name", "event"), list(product(JOBS, EVENTS)))
def test_every_event_in_every_state(name: str, event: str) -> None:
    job = JOBS[name]
    after = LEGAL.get((name, event))
    if after is not None:
        assert advance(job, EVENTS[event], LATER).state is after
        return
    with pytest.raises(IllegalTransitionError) as caught:
        advance(job, EVENTS[event], LATER)
    assert (type(caught.value) is StaleAttemptError) is (event in WORKERS)
    assert caught.value.report_id == job.report_id


@pytest.mark.parametrize("event", sorted(WORKERS))
@pytest.mark.parametrize("name", ["running", "running, to be cancelled"])
def test_a_worker_of_another_claim_is_refused(name: str, event: str) -> None:
    for fence in (0, 2, -1):
        stale = attrs.evolve(EVENTS[event], fence=fence)  # type: ignore[arg-type]
        with pytest.raises(StaleAttemptError, match=f"claim {fence} is over"):
            advance(JOBS[name], stale, START)


def test_how_each_state_comes_about() -> None:
    assert advance(NEW, CLAIM, START) == RUNNING
    cancelled = advance(RUNNING, Cancel(), START + 1)
    assert cancelled == JOBS["running, to be cancelled"]
    assert advance(RUNNING, Complete(1, 7), START + 1) == JOBS["complete"]
    failed = advance(RUNNING, Fail(1, "no", may_retry=False), START + 1)
    assert failed == JOBS["failed"]
    assert advance(NEW, Cancel(), START + 1) == JOBS["cancelled"]


def test_a_claim_begins_anew_with_a_lease_of_its_own() -> None:
    before = attrs.evolve(NEW, done=3, total=9, error="once", fence=4, attempt=1)
    job = advance(before, Claim("another", 77), START + 5)
    assert (job.done, job.total, job.error, job.lease) == (0, 9, "once", 77)
    assert (job.attempt, job.fence, job.owner) == (2, 5, "another")


@pytest.mark.parametrize("event", [Complete(1, 7), Release(1), Fail(1, "x", True)])  # noqa: FBT003
def test_what_is_to_be_cancelled_ends_when_its_worker_does(event: Event) -> None:
    job = advance(JOBS["running, to be cancelled"], event, LATER)
    assert (job.state, job.finished_at) == (JobState.CANCELLED, LATER)
    assert (job.error, job.cancel_requested) == (None, True)


@pytest.mark.parametrize("event", [Fail(1, "x", may_retry=True), Release(1)])
def test_what_goes_back_to_the_queue_has_done_nothing(event: Event) -> None:
    job = advance(attrs.evolve(RUNNING, done=3, total=7), event, LATER)
    assert (job.state, job.done, job.total) == (JobState.QUEUED, 0, 7)
    assert (job.owner, job.renewed_at, job.started_at) == (None, None, START)


def test_errors_say_what_was_tried_and_of_which_report() -> None:
    with pytest.raises(IllegalTransitionError) as caught:
        advance(RUNNING, CLAIM, LATER)
    assert str(caught.value) == "Claim needs a queued report, this one is running"
    with pytest.raises(IllegalTransitionError) as caught:
        advance(NEW, Expire(), LATER)
    assert str(caught.value) == "Expire needs a running report, this one is queued"
    with pytest.raises(IllegalTransitionError) as caught:
        advance(RUNNING, Abandon("x"), LATER)
    assert str(caught.value) == "Abandon needs a queued report, this one is running"
    with pytest.raises(IllegalTransitionError) as caught:
        advance(RUNNING, Expire(), START)
    assert str(caught.value) == "its lease still holds"
    assert caught.value.report_id == NEW.report_id
    with pytest.raises(StaleAttemptError) as caught:
        advance(RUNNING, Release(2), LATER)
    assert str(caught.value) == (
        "claim 2 is over: the report is running, and its latest claim is 1"
    )


def test_a_worker_that_is_silent_is_said_to_be() -> None:
    job = advance(RUNNING, Expire(), LATER)
    assert job.error == (
        "its worker died or hung: no sign of life for longer than the lease; if it was "
        "only slow, give managers a longer lease"
    )


def test_what_a_renewal_changes() -> None:
    renewed = advance(RUNNING, Renew(1, 3, 7), START + 9)
    assert (renewed.renewed_at, renewed.done, renewed.total) == (START + 9, 3, 7)
    assert renewed.started_at == START
    # The same sign of life twice is one; nothing is to be written.
    assert advance(renewed, Renew(1, 3, 7), START + 9) is renewed


def test_a_complete_report_has_all_its_shops_and_no_error() -> None:
    again = advance(
        advance(RUNNING, Fail(1, "once", may_retry=True), START), CLAIM, START
    )
    assert again.error == "once"
    job = advance(again, Complete(2, 7), START + 9)
    assert (job.done, job.total, job.error) == (7, 7, None)
    assert (job.finished_at, job.owner, job.renewed_at) == (START + 9, None, None)
    assert job.attempt == 2


def test_a_release_gives_the_attempt_back_and_not_the_fence() -> None:
    job = NEW
    for fence in range(1, 10):
        job = advance(job, CLAIM, START)
        assert (job.attempt, job.fence) == (1, fence)
        job = advance(job, Release(fence), START)
        assert (job.attempt, job.fence, job.state) == (0, fence, JobState.QUEUED)
        assert (job.owner, job.renewed_at, job.done, job.error) == (None, None, 0, None)


@pytest.mark.parametrize("how", ["fail", "expire"])
def test_three_attempts_and_then_the_reason(how: str) -> None:
    job = NEW
    for attempt in (1, 2, 3):
        assert job.state is JobState.QUEUED
        job = advance(job, CLAIM, START)
        assert (job.attempt, job.started_at) == (attempt, START)
        event = Expire() if how == "expire" else Fail(attempt, "why", may_retry=True)
        job = advance(job, event, LATER)
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert ("died or hung" if how == "expire" else "why") in job.error
    assert "attempt 3 of 3" in job.error
    assert (job.finished_at, job.owner, job.renewed_at) == (LATER, None, None)


def test_what_may_not_be_tried_again_fails_at_once() -> None:
    job = advance(RUNNING, Fail(1, "bad input", may_retry=False), LATER)
    assert (job.state, job.error, job.attempt) == (JobState.FAILED, "bad input", 1)


def test_an_abandoned_report_says_why() -> None:
    job = advance(NEW, Abandon("nobody has it"), LATER)
    assert (job.error, job.finished_at) == ("nobody has it", LATER)


@pytest.mark.parametrize(
    ("passed", "expired"),
    [
        (0, False),
        (LEASE - 1, False),
        (LEASE, True),
        (10**17, True),
        (-1, False),  # a clock set back by less than a lease
        (-LEASE, False),
        (-LEASE - 1, True),  # and by more
        (-(10**15), True),
    ],
)
def test_a_lease_ends(passed: int, expired: bool) -> None:  # noqa: FBT001
    assert RUNNING.is_expired(START + passed) is expired
    if expired:
        assert advance(RUNNING, Expire(), START + passed).state is JobState.QUEUED
    else:
        with pytest.raises(IllegalTransitionError, match="lease still holds"):
            advance(RUNNING, Expire(), START + passed)


@pytest.mark.parametrize("name", sorted(set(JOBS) - {"running"}))
def test_only_what_runs_has_a_lease(name: str) -> None:
    expected = name.startswith("running")
    assert JOBS[name].is_expired(START + 10**15) is expected
    assert not attrs.evolve(JOBS[name], renewed_at=None).is_expired(START + 10**15)


@pytest.mark.parametrize("name", ["complete", "failed", "cancelled"])
def test_final_states_never_change(name: str) -> None:
    job = JOBS[name]
    assert job.state.is_final
    assert advance(job, Cancel(), LATER) is job
    for event in EVENTS.values():
        if not isinstance(event, Cancel):
            with pytest.raises(IllegalTransitionError):
                advance(job, event, LATER)


def test_the_request_as_it_was_made() -> None:
    assert NEW.asked == ReportRequest()
    assert attrs.evolve(NEW, as_of_given=True).asked == NEW.request


def events_of(job: Job) -> st.SearchStrategy[Event]:
    fences = st.sampled_from([job.fence, job.fence, job.fence - 1, job.fence + 1])
    return st.one_of(
        st.just(CLAIM),
        st.builds(Renew, fences, st.integers(0, 9), st.integers(0, 9)),
        st.builds(Complete, fences, st.integers(0, 9)),
        st.builds(Fail, fences, st.sampled_from("xyz"), st.booleans()),
        st.builds(Release, fences),
        st.just(Cancel()),
        st.just(Expire()),
        st.just(Abandon("nobody")),
    )


@given(st.data())
def test_what_holds_of_every_job_at_all_times(data: st.DataObject) -> None:
    job, now, refused = NEW, START, False
    for _ in range(data.draw(st.integers(1, 25))):
        now += data.draw(st.sampled_from([0, 1, LEASE - 1, LEASE, -LEASE, -2 * LEASE]))
        before = job
        try:
            job = advance(job, data.draw(events_of(job)), now)
        except IllegalTransitionError:
            refused = True
            continue
        assert (job is before) is (job == before)
        assert job.revision == before.revision + (job is not before)
        assert not (before.state.is_final and job is not before)
        assert job.fence >= before.fence
        assert (job.owner is not None) is (job.state is JobState.RUNNING)
        assert (job.renewed_at is not None) is (job.state is JobState.RUNNING)
        assert (job.finished_at is not None) is job.state.is_final
        assert (job.error is not None) or job.state is not JobState.FAILED
        assert job.error is None or job.state is not JobState.COMPLETE
        assert 0 <= job.attempt <= min(job.fence, MOST_ATTEMPTS)
        assert job.attempt < MOST_ATTEMPTS or job.state is not JobState.QUEUED
        assert not (job.cancel_requested and job.state is JobState.QUEUED)
        assert not (job.cancel_requested and job.state is JobState.COMPLETE)
        assert not (job.cancel_requested and job.state is JobState.FAILED)
        for name in ("report_id", "request", "as_of_given", "reads", "created_at"):
            assert getattr(job, name) == getattr(before, name)
    assert refused or job is not NEW


@pytest.mark.parametrize(
    "value",
    [
        "",
        "0" * 31,
        "0" * 33,
        "A" * 32,
        "g" * 32,
        "0" * 32 + "\n",
        "\u0661" * 32,
        None,
        5,
        b"0" * 32,
        ["0" * 32],
    ],
)
def test_what_is_no_id(value: object) -> None:
    assert not is_report_id(value)


def test_what_is_an_id() -> None:
    assert is_report_id("0123456789abcdef" * 2)
