"""What works in the background: leases, cancellation, deadlines, foreign stores."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.faults.samples import (
    DISKS,
    KINDS,
    NOON,
    Gate,
    HookedSink,
    HookedStore,
    begin,
    open_sink,
    own_threads,
    polls_of,
    report_of,
    store_of,
)

from uptime_core import (
    CsvSink,
    CsvStore,
    Job,
    MemorySink,
    MemoryStore,
    ReportManager,
    ReportNotReadyError,
    ReportSink,
    SqliteSink,
    Window,
    runner,
    worker,
)
from uptime_core.instants import to_micros
from uptime_core.job_queue import JobQueue
from uptime_core.jobs import Cancel, Claim, JobState, advance
from uptime_core.testing import FaultyStore, ManualClock
from uptime_core.testing.stepped import A_WHILE, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
YEAR = timedelta(days=365)

pytestmark = pytest.mark.usefixtures("short_pauses")


@pytest.fixture(params=KINDS)
def sink(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReportSink]:
    with open_sink(request.param, tmp_path) as made:
        yield made


def job_in(sink: ReportSink, report_id: str) -> Job:
    job = sink.job(report_id)
    assert job is not None
    return job


def claimed_by_nobody(manager: ReportManager, sink: ReportSink) -> str:
    """A running report whose worker has died right after its claim."""
    report_id = manager.trigger()
    job = job_in(sink, report_id)
    now = to_micros(manager._table._clock())
    assert sink.swap(job, advance(job, Claim("a dead process", job.lease), now))
    return report_id


# Leases


def test_what_a_dead_worker_left_is_made_by_another(sink: ReportSink) -> None:
    clock = ManualClock(NOON)
    store = store_of()
    dead = ReportManager(store, sink, max_workers=0, clock=clock, lease=30 * SECOND)
    report_id = claimed_by_nobody(dead, sink)
    queued = dead.trigger()
    with begin(ReportManager(store, sink, clock=clock, lease=30 * SECOND)) as manager:
        assert manager.wait(queued, A_WHILE).state == "complete"
        clock.advance(29 * SECOND)
        assert manager.status(report_id).state == "running"
        clock.advance(SECOND)
        status = manager.wait(report_id, A_WHILE)
        assert (status.state, status.attempt) == ("complete", 2)
        assert manager.get(report_id) == report_of(store)


@pytest.mark.parametrize("call", ["trigger", "status", "wait"])
def test_each_call_sees_to_it_that_leases_end(sink: ReportSink, call: str) -> None:
    clock = ManualClock(NOON)
    manager = ReportManager(store_of(), sink, max_workers=0, clock=clock)
    report_id = claimed_by_nobody(manager, sink)
    clock.advance(HOUR)
    if call == "trigger":
        manager.trigger()
    elif call == "status":
        assert manager.status(report_id).state == "queued"
    else:
        with pytest.raises(TimeoutError, match="queued"):
            manager.wait(report_id, 0)
    job = job_in(sink, report_id)
    assert (job.state, job.attempt) == ("queued", 1)
    assert "died or hung" in str(job.error)


def test_a_report_that_kills_its_workers_fails(sink: ReportSink) -> None:
    clock = ManualClock(NOON)
    manager = ReportManager(store_of(), sink, max_workers=0, clock=clock)
    report_id = claimed_by_nobody(manager, sink)
    for attempt in (1, 2):
        clock.advance(HOUR)
        assert manager.status(report_id).attempt == attempt
        job = job_in(sink, report_id)
        now = to_micros(clock())
        assert sink.swap(job, advance(job, Claim("another one", job.lease), now))
    clock.advance(HOUR)
    status = manager.status(report_id)
    assert (status.state, status.attempt) == ("failed", 3)
    assert "died or hung" in str(status.error)


def test_a_worker_that_was_taken_for_dead_changes_nothing(sink: ReportSink) -> None:
    """It finds that the report was made anew, and its own is not stored."""
    clock = ManualClock(NOON)
    old_data, new_data = store_of(), store_of()
    zombie_gate = Gate(HookedStore(old_data, str))
    new_gate = Gate(old_data)
    zombie = ReportManager(zombie_gate.store, sink, clock=clock, max_workers=1)
    report_id = zombie.trigger()
    zombie_gate.wait_for_report()
    # It is not scheduled any more, as after SIGSTOP: its supervisor renews nothing.
    zombie._background._worker._renew = lambda: None  # type: ignore[method-assign]
    clock.advance(HOUR)
    manager = begin(ReportManager(new_gate.store, sink, clock=clock))
    new_gate.wait_for_report()
    zombie_gate.open()
    wait_until(lambda: not zombie._background._worker.running())
    job = job_in(sink, report_id)
    assert (job.state, job.fence, job.attempt) == ("running", 2, 2)
    assert sink.report(report_id) is None
    new_gate.open()
    assert manager.wait(report_id, A_WHILE).attempt == 2
    assert manager.get(report_id) == report_of(new_data)
    manager.close()
    zombie.close()


@pytest.mark.parametrize("jump", [HOUR, -HOUR, YEAR, -YEAR])
def test_a_clock_that_jumps_while_a_report_is_made(jump: timedelta) -> None:
    clock = ManualClock(NOON + 2 * YEAR)
    gate = Gate()
    sink = MemorySink()
    manager = ReportManager(gate.store, sink, clock=clock, lease=SECOND / 10)
    running = manager.trigger()
    gate.wait_for_report()
    foreign = ReportManager(store_of(), sink, max_workers=0, clock=clock)
    queued = foreign.trigger(as_of=NOON)
    clock.advance(jump)
    renewed = to_micros(clock())
    wait_until(lambda: job_in(sink, running).renewed_at == renewed)
    other = ReportManager(gate.store, sink, clock=clock, max_workers=0)
    assert other.status(running).state == "running"
    gate.open()
    status = manager.wait(running, A_WHILE)
    assert (status.state, status.attempt) == ("complete", 1)
    manager.close()
    assert foreign.cancel(queued) or foreign.status(queued).state == "failed"


@pytest.mark.parametrize("jump", [HOUR, -HOUR, YEAR, -YEAR])
def test_the_worse_that_a_jump_does_is_a_second_attempt(jump: timedelta) -> None:
    """Another process looks before the worker has renewed its lease."""
    clock, other_clock = (ManualClock(NOON + 2 * YEAR) for _ in range(2))
    gate = Gate()
    sink = MemorySink()
    manager = ReportManager(gate.store, sink, clock=clock, max_workers=1)
    report_id = manager.trigger()
    gate.wait_for_report()
    other_clock.advance(jump)
    with begin(ReportManager(store_like(gate), sink, clock=other_clock)) as other:
        status = other.wait(report_id, A_WHILE)
        assert (status.state, status.attempt) == ("complete", 2)
    gate.open()
    manager.close()
    assert job_in(sink, report_id).fence == 2
    assert manager.get(report_id) == report_of(store_of())


def store_like(gate: Gate) -> HookedStore:
    """The same store, whose reports do not wait."""
    return HookedStore(gate.store._inner, str)


def test_a_lease_is_as_long_as_the_worker_renews_it_for() -> None:
    """Whoever asks for a report may have another lease than whoever makes it."""
    gate = Gate()
    sink = MemorySink()
    worker = begin(ReportManager(gate.store, sink, lease=HOUR))
    asker = ReportManager(gate.store, sink, lease=SECOND / 5, max_workers=0)
    report_id = asker.trigger()
    gate.wait_for_report()
    for _ in range(4):
        threading.Event().wait(0.15)  # for longer than the asker's lease
        assert asker.status(report_id).state == "running"
    gate.open()
    assert asker.wait(report_id, A_WHILE).attempt == 1
    worker.close()


def test_renewals_go_on_for_as_long_as_a_report_is_made() -> None:
    gate = Gate()
    sink = MemorySink()
    lease = SECOND / 2
    manager = ReportManager(gate.store, sink, lease=lease)
    other = ReportManager(gate.store, sink, max_workers=0, lease=lease)
    report_id = manager.trigger()
    gate.wait_for_report()
    seen = set()
    for _ in range(30):
        threading.Event().wait(0.05)
        assert other.status(report_id).attempt == 1
        seen.add(job_in(sink, report_id).renewed_at)
    assert len(seen) > 3
    gate.open()
    assert manager.wait(report_id, A_WHILE).attempt == 1
    manager.close()


def test_a_report_rests_longer_after_each_attempt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rests = []
    rest = JobQueue.rest

    def spy(queue: JobQueue, report_id: str, seconds: float) -> None:
        rests.append(seconds)
        rest(queue, report_id, seconds)

    monkeypatch.setattr(JobQueue, "rest", spy)
    store = FaultyStore(store_of(), methods=["snapshot_for"], times=None)
    began = time.monotonic()
    with ReportManager(store) as manager:
        assert manager.wait(manager.trigger(), A_WHILE).attempt == 3
    pause = worker._PAUSE_SECONDS
    assert rests == [pause, 4 * pause]
    assert time.monotonic() - began > 5 * pause


# Stores of others


def test_a_report_of_a_store_that_nobody_has_fails(sink: ReportSink) -> None:
    clock = ManualClock(NOON)
    lease = SECOND / 5
    gone = ReportManager(store_of(), sink, max_workers=0, clock=clock, lease=lease)
    queued, running = gone.trigger(), claimed_by_nobody(gone, sink)
    with begin(ReportManager(store_of(), sink, clock=clock, lease=lease)) as manager:
        for report_id in (queued, running):

            def over(report_id: str = report_id) -> bool:
                clock.advance(SECOND / 4)
                return manager.status(report_id).is_final

            wait_until(over)
            status = manager.status(report_id)
            assert status.state == "failed"
            assert "MemoryStore:" in str(status.error)


def test_a_report_waits_for_a_manager_that_has_its_store() -> None:
    """A manager that is busy with its queue is not gone, however long that takes."""
    sink = MemorySink()
    lease = SECOND / 4
    slow = HookedStore(store_of(), lambda _: threading.Event().wait(0.4))
    busy = ReportManager(slow, sink, lease=lease, max_workers=1)
    idle = begin(ReportManager(store_of(), sink, lease=lease))
    ids = [busy.trigger() for _ in range(6)]
    assert [busy.wait(i, A_WHILE).state for i in ids] == ["complete"] * 6
    busy.close()
    idle.close()


def test_no_manager_makes_the_reports_of_another_store(tmp_path: Path) -> None:
    sink = SqliteSink(tmp_path / "sink.db")
    managers = {}
    for name in ("a", "b"):
        path = tmp_path / f"{name}.csv"
        path.write_text(f"store_id,timestamp_utc,status\n{name},2023-01-25,active\n")
        text = path.read_text().replace("2023-01-25,", "2023-01-25 12:00:00,")
        path.write_text(text)
        managers[name] = ReportManager(
            CsvStore(polls=path), sink, max_workers=None if name == "b" else 0
        )
    report_id = managers["a"].trigger()
    other = managers["b"].trigger()
    assert managers["b"].wait(other, A_WHILE).state == "complete"
    assert managers["a"].status(report_id).state == "queued"
    managers["b"].close()
    with begin(
        ReportManager(CsvStore(polls=tmp_path / "a.csv"), sink)
    ) as again:  # the same file is the same store
        again.wait(report_id, A_WHILE)
        assert again.get(report_id).store_ids == ("a",)
    sink.close()


def test_keys_of_different_stores_do_not_meet(sink: ReportSink) -> None:
    one, other = (ReportManager(store_of(), sink, max_workers=0) for _ in range(2))
    report_id = one.trigger(idempotency_key="k")
    with pytest.raises(ValueError, match=report_id):
        other.trigger(idempotency_key="k")


def test_a_copy_of_a_store_is_another_store() -> None:
    """Copies go their own ways, so that one must not make the other's reports."""
    import pickle  # noqa: PLC0415, TID251  # as process pools do

    store = store_of()
    copy: MemoryStore = pickle.loads(pickle.dumps(store))  # noqa: S301  # our own
    copy.add_polls([("new", NOON + HOUR, "active")])
    sink = MemorySink()
    idle = begin(ReportManager(store, sink))
    asker = ReportManager(copy, sink, max_workers=0)
    report_id = asker.trigger()
    mine = idle.trigger()
    assert idle.wait(mine, A_WHILE).state == "complete"
    status = asker.status(report_id)
    assert status.state == "queued" or "new" in asker.get(report_id).store_ids
    idle.close()


# Cancellation


def test_cancelled_while_it_is_computed(
    sink: ReportSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "SHOPS_PER_BLOCK", 1)
    gate = Gate(store_of(30))
    with ReportManager(gate.store, sink) as manager:
        report_id = manager.trigger()
        gate.wait_for_report()
        assert manager.cancel(report_id)
        assert manager.status(report_id).cancel_requested
        with pytest.raises(ReportNotReadyError):
            manager.delete(report_id)
        gate.open()
        status = manager.wait(report_id, A_WHILE)
        assert (status.state, status.error) == ("cancelled", None)
        assert sink.report(report_id) is None
        if isinstance(sink, CsvSink):
            assert sink.csv_path(report_id) is None
        assert not manager.cancel(report_id)


def test_cancelled_at_the_last_moment(sink: ReportSink) -> None:
    """The report is computed, and about to be stored."""

    def before(call: str) -> None:
        if call == "running to complete":
            (job,) = sink.jobs(active=True)
            sink.swap(job, advance(job, Cancel(), job.created_at))

    with ReportManager(store_of(), HookedSink(sink, before)) as manager:
        report_id = manager.trigger()
        assert manager.wait(report_id, A_WHILE).state == "cancelled"
        assert sink.report(report_id) is None


def test_cancelled_from_elsewhere_it_stops_within_a_renewal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runner, "SHOPS_PER_BLOCK", 1)
    monkeypatch.setattr("uptime_core.worker._PROGRESS_SECONDS", 0.01)
    sink = MemorySink()
    computed = []

    class Slow(HookedStore):
        pass

    store = Slow(store_of(400), str)
    with ReportManager(store, sink, max_workers=1, lease=SECOND / 10) as manager:
        gate = threading.Event()
        pool = manager._background._worker._executor()
        pool.submit(gate.wait, A_WHILE)  # nothing is computed yet
        report_id = manager.trigger()
        other = ReportManager(store, sink, max_workers=0)
        wait_until(lambda: other.status(report_id).state == "running")
        assert other.cancel(report_id)
        wait_until(lambda: not manager._background._worker.running() or _stops(manager))
        gate.set()
        assert manager.wait(report_id, A_WHILE).state == "cancelled"
        computed.append(job_in(sink, report_id).done)
    assert computed[0] < 400


def _stops(manager: ReportManager) -> bool:
    runs = list(manager._background._worker._runs.values())
    return all(run.is_stopped for run in runs)


def test_cancelled_and_its_worker_dead(sink: ReportSink) -> None:
    clock = ManualClock(NOON)
    manager = ReportManager(store_of(), sink, max_workers=0, clock=clock)
    report_id = claimed_by_nobody(manager, sink)
    assert manager.cancel(report_id)
    clock.advance(HOUR)
    assert manager.status(report_id).state == "cancelled"


# Deadlines


def test_a_store_that_hangs(sink: ReportSink) -> None:
    before = own_threads()
    gate = Gate()
    manager = ReportManager(
        gate.store, sink, timeout=SECOND / 2, lease=SECOND, max_workers=1
    )
    hanging = manager.trigger()
    gate.wait_for_report()
    status = manager.wait(hanging, A_WHILE)
    assert (status.state, status.attempt) == ("failed", 1)
    assert "longer than 0.5 s" in str(status.error)
    # The place of the hanging one is free again.
    gate.store._hook = str
    assert manager.wait(manager.trigger(), A_WHILE).state == "complete"
    gate.open()
    manager.close()
    assert manager.status(hanging).state == "failed"
    assert sink.report(hanging) is None
    wait_until(lambda: own_threads() <= before)


# Faults of a sink


@pytest.mark.parametrize("kind", DISKS)
def test_a_report_that_the_sink_cannot_take_fails_at_once(
    kind: str, tmp_path: Path
) -> None:
    """Whatever is wrong with the request is wrong with the next attempt as well."""
    store = HookedStore(store_of(), str)
    sink: ReportSink = (
        CsvSink(tmp_path / "reports", columns="classic")
        if kind == "csv"
        else open_sink(kind, tmp_path)
    )
    with ReportManager(store, sink) as manager:
        report_id = manager.trigger(windows=Window.last(HOUR, name="x"))
        status = manager.wait(report_id, A_WHILE)
    expected = ("failed", 1) if kind == "csv" else ("complete", 1)
    assert (status.state, status.attempt) == expected
    assert store.reads == 1


def test_a_claim_that_is_stored_though_the_sink_says_otherwise() -> None:
    failures = iter([True])

    def after(call: str) -> None:
        if call == "queued to running" and next(failures, False):
            raise OSError("the answer was lost")

    inner = MemorySink()
    lease = SECOND / 5
    with ReportManager(store_of(), HookedSink(inner, after=after), lease=lease) as m:
        status = m.wait(m.trigger(), A_WHILE)
    assert (status.state, status.attempt) == ("complete", 2)


def test_a_report_that_is_stored_though_the_sink_says_otherwise() -> None:
    def after(call: str) -> None:
        if call == "running to complete":
            raise OSError("the answer was lost")

    with ReportManager(store_of(), HookedSink(MemorySink(), after=after)) as manager:
        report_id = manager.trigger()
        status = manager.wait(report_id, A_WHILE)
        assert (status.state, status.attempt, status.error) == ("complete", 1, None)
        assert manager.get(report_id) == report_of(store_of())


def test_a_report_that_is_deleted_while_it_is_made(sink: ReportSink) -> None:
    """By a tool that goes round the manager; nothing of it comes back."""
    gate = Gate()
    with ReportManager(gate.store, sink) as manager:
        report_id = manager.trigger()
        gate.wait_for_report()
        assert sink.swap(job_in(sink, report_id), None)
        gate.open()
        wait_until(lambda: not manager._background._worker.running())
        assert sink.job(report_id) is None
        assert sink.report(report_id) is None


def test_a_thread_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    start = threading.Thread.start
    refusals = iter([True, True])

    def refuse(thread: threading.Thread) -> None:
        if "report" in thread.name and next(refusals, False):
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with ReportManager(store_of()) as manager:
        status = manager.wait(manager.trigger(), A_WHILE)
        assert (status.state, status.attempt) == ("complete", 1)
    assert next(refusals, None) is None


def test_a_supervisor_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    start = threading.Thread.start
    refusals = iter([True])

    def refuse(thread: threading.Thread) -> None:
        if "supervisor" in thread.name and next(refusals, False):
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    manager = ReportManager(store_of())
    with pytest.raises(RuntimeError, match="start new thread"):
        manager.trigger()
    assert manager.wait(manager.trigger(), A_WHILE).state == "complete"
    manager.close()


def test_a_restless_store_is_left_alone() -> None:
    """All three attempts, and not one more."""
    store = FaultyStore(MemoryStore(polls_of()), methods=["snapshot_for"], times=None)
    with ReportManager(store) as manager:
        status = manager.wait(manager.trigger(), A_WHILE)
    assert (status.state, status.attempt, store.failures) == ("failed", 3, 3)
    assert status.state is JobState.FAILED
