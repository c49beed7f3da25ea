"""What `ReportSink` says of every sink."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import attrs
import pytest

from uptime_core.errors import IllegalTransitionError, InputError, QueueFullError
from uptime_core.jobs import Cancel, Complete, JobState, is_report_id
from uptime_core.sinks.csv import CsvSink
from uptime_core.sinks.memory import MemorySink
from uptime_core.sinks.sqlite import SqliteSink
from uptime_core.testing.sink_samples import (
    NOT_IDS,
    NOW,
    after,
    cancelled,
    complete,
    failed,
    job_of,
    renewed,
    report_of,
    running,
    same,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from uptime_core.abc import ReportSink
    from uptime_core.jobs import Job

KEYS = ("", "k", "K", "a/../b", "\0", "\u00fc\u2615", "%", "x" * 5000, "k ")
REPORT = report_of()


def open_sink(kind: str, folder: Path) -> ReportSink:
    if kind == "csv":
        return CsvSink(folder / "reports")
    return SqliteSink(folder / "sink.db")


@pytest.fixture(params=["memory", "sqlite", "csv"])
def sink(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReportSink]:
    """An empty sink of each kind."""
    kind: str = request.param
    with MemorySink() if kind == "memory" else open_sink(kind, tmp_path) as made:
        yield made


def added(sink: ReportSink, job: Job) -> Job:
    """The job, once it is in the sink."""
    assert sink.swap(None, job)
    return job


def at_once(threads: int, call: Callable[[int], bool]) -> list[bool]:
    """What a call gave in several threads that began at the same moment."""
    start = threading.Barrier(threads)

    def run(number: int) -> bool:
        start.wait()
        return call(number)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, range(threads)))


def test_a_new_sink_is_empty(sink: ReportSink) -> None:
    assert list(sink.jobs()) == []
    assert list(sink.jobs(active=True)) == []
    assert list(sink.jobs(idempotency_key="k")) == []
    assert sink.job("0" * 32) is None
    assert sink.report("0" * 32) is None


def test_a_job_comes_back_equal_in_every_state(sink: ReportSink) -> None:
    job = added(sink, job_of(idempotency_key="k"))
    claimed = running(job)
    steps = [claimed, renewed(claimed), after(claimed, Cancel())]
    previous = job
    for step in steps:
        changed = attrs.evolve(step, revision=previous.revision + 1)
        assert sink.job(job.report_id) == previous
        assert sink.swap(previous, changed)
        previous = changed
    assert sink.job(job.report_id) == previous
    assert list(sink.jobs()) == [previous]


def test_the_life_of_a_report(sink: ReportSink) -> None:
    job = added(sink, job_of())
    assert sink.report(job.report_id) is None
    claimed = running(job)
    assert sink.swap(job, claimed)
    assert sink.report(job.report_id) is None
    done = complete(claimed)
    assert sink.swap(claimed, done, report=REPORT)

    assert sink.job(job.report_id) == done
    assert same(sink.report(job.report_id), REPORT)
    assert list(sink.jobs(active=True)) == []
    assert list(sink.jobs()) == [done]

    assert sink.swap(done, None)
    assert sink.job(job.report_id) is None
    assert sink.report(job.report_id) is None
    assert list(sink.jobs()) == []
    assert not sink.swap(done, None)


@pytest.mark.parametrize("shops", [0, 1, 2000])
def test_a_report_of_any_size_is_kept(sink: ReportSink, shops: int) -> None:
    report = report_of(shops=shops)
    claimed = added(sink, running(job_of()))
    assert sink.swap(claimed, complete(claimed), report=report)
    assert same(sink.report(claimed.report_id), report)


def test_a_swap_of_what_is_there_no_more_changes_nothing(sink: ReportSink) -> None:
    job = added(sink, job_of(idempotency_key="k"))
    claimed = running(job)
    assert sink.swap(job, claimed)
    further = renewed(claimed)
    assert sink.swap(claimed, further)

    for old, new in [
        (job, running(job)),
        (claimed, renewed(claimed, 2)),
        (claimed, failed(claimed)),
        (job, None),
        (claimed, None),
        (attrs.evolve(further, revision=99), None),
        (attrs.evolve(further, revision=99), failed(further)),
        (job_of(2), None),
        (job_of(2), running(job_of(2))),
    ]:
        assert not sink.swap(old, new)
    assert not sink.swap(claimed, complete(claimed), report=REPORT)

    assert list(sink.jobs()) == [further]
    assert list(sink.jobs(active=True, idempotency_key="k")) == [further]
    assert sink.report(job.report_id) is None


def test_jobs_are_unchanged_if_their_revision_is(sink: ReportSink) -> None:
    job = added(sink, job_of())
    assert sink.swap(attrs.evolve(job, done=7), running(job))


def test_a_job_is_added_once(sink: ReportSink) -> None:
    job = added(sink, job_of())

    assert not sink.swap(None, job)
    assert not sink.swap(None, attrs.evolve(job, created_at=5, idempotency_key="k"))
    assert list(sink.jobs()) == [job]
    assert list(sink.jobs(idempotency_key="k")) == []


@pytest.mark.parametrize("key", KEYS)
def test_there_is_one_job_for_each_key(sink: ReportSink, key: str) -> None:
    for number, other in enumerate(KEYS):
        if other != key:
            added(sink, job_of(100 + number, idempotency_key=other))
    job = added(sink, job_of(idempotency_key=key))

    assert not sink.swap(None, job_of(2, idempotency_key=key))
    assert list(sink.jobs(idempotency_key=key)) == [job]
    assert sink.job(job_of(2).report_id) is None

    ended = cancelled(job)
    assert sink.swap(job, ended)
    assert not sink.swap(None, job_of(2, idempotency_key=key))
    assert list(sink.jobs(idempotency_key=key)) == [ended]
    assert list(sink.jobs(idempotency_key=key, active=True)) == []

    assert sink.swap(ended, None)
    assert list(sink.jobs(idempotency_key=key)) == []
    assert sink.swap(None, job_of(2, idempotency_key=key))
    assert len(sink.jobs()) == len(KEYS)


def test_jobs_without_a_key_are_many(sink: ReportSink) -> None:
    assert all(sink.swap(None, job_of(number)) for number in range(5))
    assert len(sink.jobs(idempotency_key=None)) == 5


def test_a_key_that_no_job_can_have_has_none(sink: ReportSink) -> None:
    added(sink, job_of(idempotency_key="k"))

    assert list(sink.jobs(idempotency_key="\ud800")) == []
    with pytest.raises(InputError, match="idempotency_key"):
        sink.swap(None, job_of(2, idempotency_key="\ud800"))
    assert len(sink.jobs()) == 1


def test_jobs_come_in_the_order_of_their_making(sink: ReportSink) -> None:
    jobs = [job_of(number, created_at=NOW + number % 3) for number in range(1, 10)]
    for job in (jobs[4], *jobs[:4], *reversed(jobs[5:])):
        added(sink, job)
    for job in jobs[::2]:
        assert sink.swap(job, running(job))
    ordered = sorted(jobs, key=lambda job: (job.created_at, job.report_id))

    found = [job.report_id for job in sink.jobs()]
    assert found == [job.report_id for job in ordered]
    assert [job.report_id for job in sink.jobs(active=True)] == found


def test_active_jobs_are_those_in_no_final_state(sink: ReportSink) -> None:
    jobs = [added(sink, job_of(number)) for number in range(6)]
    claimed = {number: running(jobs[number]) for number in (1, 2, 3, 5)}
    for number, job in claimed.items():
        assert sink.swap(jobs[number], job)
    assert sink.swap(claimed[2], complete(claimed[2]), report=REPORT)
    assert sink.swap(claimed[3], failed(claimed[3]))
    assert sink.swap(jobs[4], cancelled(jobs[4]))
    assert sink.swap(claimed[5], renewed(claimed[5]))

    active = sink.jobs(active=True)
    assert [job.state for job in active] == [
        JobState.QUEUED,
        JobState.RUNNING,
        JobState.RUNNING,
    ]
    assert [job for job in sink.jobs() if not job.state.is_final] == list(active)
    assert len(sink.jobs()) == 6


def test_a_job_can_be_added_in_any_state(sink: ReportSink) -> None:
    done = complete(running(job_of()))
    assert sink.swap(None, done, report=REPORT)
    assert sink.swap(None, cancelled(job_of(2)), most_active=1)
    assert sink.swap(None, job_of(3), most_active=1)

    assert same(sink.report(done.report_id), REPORT)
    assert len(sink.jobs(active=True)) == 1


def test_no_more_are_active_than_allowed(sink: ReportSink) -> None:
    first = job_of(1, idempotency_key="k")
    assert sink.swap(None, first, most_active=2)
    claimed = running(first)
    assert sink.swap(first, claimed, most_active=0)
    assert sink.swap(None, job_of(2), most_active=2)

    with pytest.raises(QueueFullError, match=r"^2 reports may be"):
        sink.swap(None, job_of(3), most_active=2)
    with pytest.raises(QueueFullError, match=r"^1 report may be"):
        sink.swap(None, job_of(3), most_active=1)
    assert sink.job(job_of(3).report_id) is None
    assert not sink.swap(None, first, most_active=2)
    assert not sink.swap(None, job_of(3, idempotency_key="k"), most_active=2)

    assert sink.swap(claimed, failed(claimed))
    assert sink.swap(None, job_of(3), most_active=2)
    with pytest.raises(QueueFullError):
        sink.swap(None, job_of(4), most_active=2)
    assert sink.swap(None, job_of(4))
    assert sink.swap(job_of(4), None)
    assert sink.swap(job_of(3), None)
    assert sink.swap(None, job_of(5), most_active=2)


@pytest.mark.parametrize("text", NOT_IDS, ids=ascii)
def test_another_text_has_no_job(sink: ReportSink, text: str) -> None:
    job = added(sink, job_of())
    strange = attrs.evolve(job_of(2), report_id=text)

    assert not is_report_id(text)
    assert sink.job(text) is None
    assert sink.report(text) is None
    assert not sink.swap(None, strange)
    assert not sink.swap(strange, running(strange))
    assert not sink.swap(strange, None)
    assert list(sink.jobs()) == [job]


def test_what_no_caller_may_do_is_refused(sink: ReportSink) -> None:
    job = added(sink, job_of(idempotency_key="k"))
    claimed = running(job)
    done = complete(claimed)

    with pytest.raises(InputError, match="neither"):
        sink.swap(None, None)
    with pytest.raises(InputError, match="comes with"):
        sink.swap(job, claimed, report=REPORT)
    with pytest.raises(InputError, match="comes with"):
        sink.swap(job, None, report=REPORT)
    with pytest.raises(InputError, match="comes with"):
        sink.swap(job, done)
    for other in (
        attrs.evolve(claimed, report_id="1" * 32),
        attrs.evolve(claimed, idempotency_key="other"),
        attrs.evolve(claimed, idempotency_key=None),
        attrs.evolve(claimed, created_at=0),
    ):
        with pytest.raises(InputError, match="one report"):
            sink.swap(job, other)
    assert list(sink.jobs()) == [job]


def test_final_states_never_change(sink: ReportSink) -> None:
    job = added(sink, running(job_of()))
    done = complete(job)
    assert sink.swap(job, done, report=REPORT)

    for other in (job, failed(job), attrs.evolve(done, revision=9)):
        with pytest.raises(IllegalTransitionError):
            sink.swap(done, other)
    assert sink.swap(done, done)
    assert same(sink.report(job.report_id), REPORT)
    assert sink.job(job.report_id) == done


def test_what_was_read_does_not_change(sink: ReportSink) -> None:
    job = added(sink, job_of())
    jobs = sink.jobs()
    assert sink.swap(job, None)
    assert list(jobs) == [job]


def test_of_swaps_at_once_one_wins(sink: ReportSink) -> None:
    job = added(sink, job_of())
    for claim in range(5):
        current = job

        def change(number: int, current: Job = current) -> bool:
            return sink.swap(current, attrs.evolve(running(current), owner=str(number)))

        won = at_once(8, change)
        assert won.count(True) == 1
        found = sink.job(job.report_id)
        assert found is not None
        assert found.owner == str(won.index(True))
        job = attrs.evolve(found, state=JobState.QUEUED, revision=2 * claim + 2)
        assert sink.swap(found, job)


def test_of_reports_published_at_once_one_wins(sink: ReportSink) -> None:
    job = added(sink, running(job_of()))
    reports = [report_of(number) for number in range(8)]

    def publish(number: int) -> bool:
        if number % 4 == 3:
            return sink.swap(job, failed(job))
        done = after(job, Complete(job.fence, total=number))
        return sink.swap(job, done, report=reports[number])

    won = at_once(8, publish)
    found = sink.job(job.report_id)

    assert won.count(True) == 1
    winner = won.index(True)
    assert found is not None
    if found.state is JobState.COMPLETE:
        assert found.total == winner
        assert same(sink.report(job.report_id), reports[winner])
    else:
        assert winner % 4 == 3
        assert sink.report(job.report_id) is None


def test_of_jobs_of_one_key_added_at_once_one_wins(sink: ReportSink) -> None:
    won = at_once(
        8, lambda number: sink.swap(None, job_of(number, idempotency_key="k"))
    )

    assert won.count(True) == 1
    assert list(sink.jobs()) == list(sink.jobs(idempotency_key="k"))
    assert [job.report_id for job in sink.jobs()] == [job_of(won.index(True)).report_id]


def test_the_queue_is_exact_under_many_threads(sink: ReportSink) -> None:
    def add(number: int) -> bool:
        try:
            return sink.swap(None, job_of(number), most_active=10)
        except QueueFullError:
            return False

    done = at_once(64, add)

    assert done.count(True) == 10
    assert {int(job.report_id, 16) for job in sink.jobs(active=True)} == {
        number for number, was_added in enumerate(done) if was_added
    }


def test_deleting_and_changing_at_once_leaves_no_half(sink: ReportSink) -> None:
    for number in range(5):
        job = added(sink, running(job_of(number, idempotency_key="k")))

        def change(thread: int, job: Job = job) -> bool:
            if thread == 0:
                return sink.swap(job, None)
            return sink.swap(job, complete(job), report=REPORT)

        won = at_once(2, change)
        assert won.count(True) == 1
        report = sink.report(job.report_id)
        assert (report is None) is won[0]
        assert len(sink.jobs(idempotency_key="k")) == (0 if won[0] else 1)
        assert len(sink.jobs(active=True)) == 0
        left = sink.job(job.report_id)
        assert left is None or sink.swap(left, None)


def test_readers_see_before_or_after(sink: ReportSink) -> None:
    """While reports come and go, nobody finds a complete job without its report."""
    stop = threading.Event()
    reports = [report_of(number) for number in range(3)]

    def read() -> int:
        seen = 0
        while not stop.is_set():
            for job in sink.jobs():
                if job.state is JobState.COMPLETE:
                    report = sink.report(job.report_id)
                    assert report is None or same(report, reports[job.done])
                    seen += report is not None
            assert len(sink.jobs(active=True)) <= 1
        return seen

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        try:
            for number in range(30):
                job = added(sink, running(job_of(number)))
                kind = number % 3
                done = after(job, Complete(job.fence, total=kind))
                assert sink.swap(job, done, report=reports[kind])
                assert sink.report(job.report_id) is not None
                if number % 2:
                    assert sink.swap(done, None)
        finally:
            stop.set()
        assert all(reader.result() >= 0 for reader in readers)


READ_AND_CLAIM = """
import sys
from pathlib import Path
from uptime_core.testing.sink_samples import report_of, running, same
from tests.sinks.test_contract import open_sink

sink = open_sink(sys.argv[1], Path(sys.argv[2]))
done, queued = sink.jobs()
assert same(sink.report(done.report_id), report_of())
assert list(sink.jobs(active=True)) == [queued]
assert list(sink.jobs(idempotency_key="k")) == [queued]
assert sink.swap(queued, running(queued))
sink.close()
"""


@pytest.mark.parametrize("kind", ["sqlite", "csv"])
def test_everything_outlives_the_process(kind: str, tmp_path: Path) -> None:
    with open_sink(kind, tmp_path) as sink:
        claimed = added(sink, running(job_of(1)))
        done = complete(claimed)
        assert sink.swap(claimed, done, report=REPORT)
        queued = added(sink, job_of(2, idempotency_key="k"))

        subprocess.run(
            [sys.executable, "-c", READ_AND_CLAIM, kind, str(tmp_path)], check=True
        )

        assert list(sink.jobs()) == [done, running(queued)]
        assert not sink.swap(queued, running(queued))
    with open_sink(kind, tmp_path) as sink:
        assert list(sink.jobs()) == [done, running(queued)]
        assert same(sink.report(done.report_id), REPORT)


def test_closing_twice_is_allowed(sink: ReportSink) -> None:
    sink.close()
    sink.close()


def test_a_sink_tells_what_it_is(sink: ReportSink) -> None:
    assert repr(sink).startswith(f"<{type(sink).__name__}: ")
