"""Checks of what outlives a process: closed, killed, crashed, damaged, or shared."""

from __future__ import annotations

import time
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from uptime_core.errors import QueueFullError, UptimeError
from uptime_core.jobs import JobState
from uptime_core.testing.checks import Checks
from uptime_core.testing.failures import keeps, require, require_equal
from uptime_core.testing.processes import CRASHED, ForkedProcess, Steps, chosen
from uptime_core.testing.sink_samples import (
    cancelled,
    complete,
    failed,
    job_of,
    report_of,
    running,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from uptime_core.abc import ReportSink
    from uptime_core.jobs import Job
    from uptime_core.report import Report
    from uptime_core.testing.processes import Say
    from uptime_core.testing.sink_bench import SinkBench

    Swap = tuple[Job | None, Job | None, Report | None]

checks: Checks[SinkBench] = Checks()

REPORTS: list[Report] = [report_of(number, shops=50) for number in range(3)]
MOST = 20


def lives(number: int) -> list[Swap]:
    """The swaps of three jobs: one becomes complete and is deleted, two end else."""
    job = job_of(number, idempotency_key=f"k{number}")
    claimed = running(job)
    done = complete(claimed)
    other, third = (job_of(number + n, idempotency_key=f"o{number}{n}") for n in (1, 2))
    return [
        *((None, job, None), (job, claimed, None)),
        *((None, other, None), (claimed, done, REPORTS[number % 3])),
        *((other, running(other), None), (None, third, None)),
        *((running(other), failed(running(other)), None), (done, None, None)),
        (third, cancelled(third), None),
    ]


@checks("sink.durable", needs=["durable"])
def a_sink_that_is_opened_again(bench: SinkBench) -> None:
    """All of it is there again, whether the sink before was closed or not."""
    for turn in range(3):
        for place, (old, new, report) in enumerate(lives(10 * turn)):
            bench.swap(old, new, report=report)
            if place % 3 == turn:
                bench.reopen(close=turn != 1)
                bench.holds("sink.durable")
        kept = running(job_of(500 + turn, idempotency_key=f"kept {turn}"))
        bench.add(kept)
        bench.swap(kept, complete(kept), report=REPORTS[turn])
    bench.reopen()
    bench.holds("sink.durable")
    with keeps("sink.durable"):
        for turn in range(3):
            bench.add(job_of(600 + turn, idempotency_key=f"kept {turn}"))
            bench.add(job_of(500 + turn))
    bench.holds("sink.durable")


@checks("sink.shared", needs=["shared"])
def sinks_of_one_place(bench: SinkBench) -> None:
    """Each of two sinks sees at once what the other has done."""
    for turn in range(3):
        for old, new, report in lives(10 * turn):
            bench.take_turns()
            with keeps("sink.shared"):
                bench.swap(old, new, report=report)
            bench.holds("sink.shared")


@checks("sink.durable", needs=["durable", "forks"])
def another_process(bench: SinkBench) -> None:
    """What a process has done, another one reads, that knows nothing of the first."""
    expected = bench.anew()
    done: list[Swap] = [*lives(0)[:-2], *lives(10)[:4]]
    for swap in done:
        expected.note(*swap)

    def read(say: Say, wait: Callable[[], object]) -> None:
        wait()
        expected.is_held_by(bench.open(), "sink.durable")
        say("read")

    def write(say: Say, _: object) -> None:
        sink = bench.open()
        for old, new, report in done:
            say(sink.swap(old, new, report=report))

    reader, writer = ForkedProcess.running(read), ForkedProcess.running(write)
    require_equal("what the writer said", writer.end(), (0, [True] * len(done)))
    reader.go_on()
    require_equal("what the reader said", reader.end(), (0, ["read"]))
    for swap in done:
        bench.note(*swap)
    bench.holds("sink.durable")


def crash(bench: SinkBench, swap: Swap, step: int | None) -> int | None:
    """Let a process end at a step of a swap, which is done or not begun.

    Returns:
        How many steps the process has taken, if it came to its end.
    """
    old, new, report = swap

    def work(say: Say, _: object) -> None:
        sink, counter = bench.open(), Steps(last=step, crash=True)
        with counter.counted():
            sink.swap(old, new, report=report)
        say(counter.taken)

    bench.reopen()
    status, said = ForkedProcess.running(work).end()
    require(status in (0, CRASHED), f"the process ended with {status}")
    _settle(bench, swap, "sink.durable", done=bool(said))
    return said[0] if said else None


def _settle(bench: SinkBench, swap: Swap, sentence_id: str, *, done: bool) -> None:
    """Fail unless a swap is done wholly or not at all; the dictionaries follow it."""
    old, new, _ = swap
    job = old if new is None else new
    if job is None:
        return
    for told in (old, new):
        if told is not None:
            bench.ever[told.report_id] = told.idempotency_key
    with keeps(sentence_id):
        there = bench.sink.job(job.report_id)
        require(there in (old, new), f"the job is {there}, not {old} nor {new}")
    if done or there == new:
        bench.note(*swap)
    bench.holds(sentence_id)


@checks("sink.durable", "sink.atomic", needs=["durable", "forks"])
def a_process_that_crashes(bench: SinkBench) -> None:
    """A process that ends at any step of a swap leaves it done or not begun."""
    for swap in _crashing(bench):
        steps = crash(bench, swap, None)
        _undo(bench, swap)
        for step in chosen(steps or 0, 6):
            crash(bench, swap, step)
            _undo(bench, swap)


def _crashing(bench: SinkBench) -> Iterator[Swap]:
    """Swaps of all kinds; what they need is there."""
    bench.add(job_of(90))
    job = job_of(1, idempotency_key="k")
    claimed = running(job)
    yield None, job, None
    bench.add(job)
    yield job, claimed, None
    bench.swap(job, claimed)
    yield claimed, complete(claimed), REPORTS[0]
    bench.swap(claimed, complete(claimed), report=REPORTS[0])
    yield complete(claimed), None, None


def _undo(bench: SinkBench, swap: Swap) -> None:
    """Let a swap be possible again, whether it was done or not."""
    old, new, _ = swap
    job = old or new
    there = None if job is None else bench.jobs.get(job.report_id)
    if there == old or job is None:
        return
    if there is not None:
        bench.swap(there, None)
    if old is not None:
        bench.add(old, report=REPORTS[0] if old.state is JobState.COMPLETE else None)


@checks("sink.atomic", "sink.damage")
def errors_of_the_system(bench: SinkBench) -> None:
    """An error at any step of a swap leaves it done or not begun, and work goes on.

    The error is that of a full disk. It comes at the calls of the operating system,
    or of a database, that the sink makes in Python.
    """
    for swap in _crashing(bench):
        old, new, report = swap
        counter = Steps()
        with counter.counted():
            bench.swap(old, new, report=report)
        _undo(bench, swap)
        for point in chosen(counter.taken, 9):
            done = False
            try:
                with Steps(last=point).counted():
                    done = bench.sink.swap(old, new, report=report)
            except (OSError, UptimeError):
                pass
            _settle(bench, swap, "sink.atomic", done=done)
            if bench.back_end.durable:
                bench.reopen()
                bench.holds("sink.atomic")
            _undo(bench, swap)


@checks("sink.durable", needs=["durable", "forks"])
def processes_that_are_killed(bench: SinkBench) -> None:
    """What was said to be done is done, and nothing is left half."""
    chance = Random(12)  # noqa: S311  # no secret

    def work(first: int, say: Say, _: object) -> None:
        sink = bench.open()
        for number in range(first, first + 10**6):
            job = job_of(number, idempotency_key=str(number))
            claimed = running(job)
            sink.swap(None, job)
            sink.swap(job, claimed)
            sink.swap(claimed, complete(claimed), report=REPORTS[number % 3])
            say(number)

    first = 1
    for _ in range(3):
        bench.reopen()
        process = ForkedProcess.running(partial(work, first))
        last = process.hear()
        time.sleep(chance.uniform(0, 0.02))
        last = max([last, *process.kill()])
        for number in range(first, last + 2):
            job = job_of(number, idempotency_key=str(number))
            there = bench.sink.job(job.report_id)
            done = complete(running(job))
            require(there == done or number > last, f"job {number} is {there}")
            states = (None, job, running(job), done)
            require(there in states, f"job {number} is {there}")
            bench.ever[job.report_id] = job.idempotency_key
            if there is not None:
                made = REPORTS[number % 3] if there == done else None
                bench.note(None, there, made)
        bench.holds("sink.durable")
        for there in bench.chosen():
            bench.swap(there, None)
        first = last + 2


@checks("sink.shared", "sink.crowd", needs=["shared", "forks"])
def processes_at_the_queue(bench: SinkBench) -> None:
    """Keys, the bound of the queue and claims hold for several processes at once."""
    wanted = [job_of(number) for number in range(900, 906)]
    for job in wanted:
        bench.add(job)
    bench.reopen()

    def work(process: int, say: Say, wait: Callable[[], object]) -> None:
        sink = bench.open()
        say("ready")
        wait()
        claims = [sink.swap(job, running(job)) for job in wanted]
        added = [
            _is_added(sink, job_of(100 * process + number, idempotency_key=str(number)))
            for number in range(MOST + 5)
        ]
        say([sum(added), claims])

    processes = [ForkedProcess.running(partial(work, number)) for number in range(3)]
    for process in processes:
        require_equal("it said", process.hear(), "ready")
    for process in processes:
        process.go_on()
    told = [process.end()[1][-1] for process in processes]
    claims_of_each = zip(*(claims for _, claims in told), strict=True)
    for job, claims in zip(wanted, claims_of_each, strict=True):
        require_equal("how many have claimed one job", claims.count(True), 1)
        bench.note(job, running(job), None)
    added = sum(said[0] for said in told)
    require_equal("how many jobs were added", added, MOST - len(wanted))
    there = [job for job in bench.sink.jobs() if job.idempotency_key is not None]
    keys = [job.idempotency_key for job in there]
    require_equal("how many keys there are", len(set(keys)), added)
    for job in there:
        bench.note(None, job, None)
    bench.holds("sink.shared")


def _is_added(sink: ReportSink, job: Job) -> bool:
    try:
        return sink.swap(None, job, most_active=MOST)
    except QueueFullError:
        return False
