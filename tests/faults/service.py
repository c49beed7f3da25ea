"""A service in a process of its own: what the tests of storms start, stop and kill.

Batches of polls are numbered: number 0 is at noon, each is a minute after the one
before it, and whoever ingests does so in this order. So a report's expected numbers
follow from its `as_of` alone, whatever is ingested afterwards.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tests.faults.samples import NOON, SHORT_LEASE, HookedSink, end, open_sink, python

from uptime_core import (
    BackEndError,
    CsvSink,
    PollColumns,
    QueueFullError,
    Report,
    ReportManager,
    SqliteSink,
    SqliteStore,
    compute_report,
    report_bytes,
    runner,
)
from uptime_core.clock import system_clock
from uptime_core.instants import to_datetime, to_micros
from uptime_core.polls import concatenate
from uptime_core.testing import oracle
from uptime_core.testing.stepped import A_WHILE

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from uptime_core import Job, ReportRequest, ReportSink
    from uptime_core.stores.sqlite_snapshot import SqliteSnapshot

IDS = [f"s{shop:03}" for shop in range(12)]
HOURS = [(shop, day, "8:00", "24:00") for shop in IDS[:4] for day in range(7)]
ZONES = {"s001": "Europe/Dublin", "s002": "Pacific/Apia", "s005": "Asia/Kolkata"}
FIRST = -60
"""The number of the oldest batch, which is there from the start, like all to 0."""

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def instant_of(number: int) -> datetime:
    return NOON + number * MINUTE


def number_of(instant: datetime) -> int:
    return (instant - NOON) // MINUTE


def is_up(shop: int, number: int) -> bool:
    return (7 * number + 5 * shop + number // 11) % 4 > 0


def batch_of(number: int) -> PollColumns:
    """A poll of each shop."""
    shops = np.arange(len(IDS))
    at = np.full(len(IDS), to_micros(instant_of(number)))
    return PollColumns(IDS, shops, at, [is_up(shop, number) for shop in shops.tolist()])


@cache
def expected(number: int) -> Report:
    """The report as of a batch, computed without any store, sink or manager."""
    polls = concatenate(batch_of(n) for n in range(FIRST, number + 1))
    return compute_report(polls, HOURS, ZONES, as_of=instant_of(number))


def first_store(folder: Path) -> SqliteStore:
    """The store with what is there from the start."""
    store = SqliteStore(folder / "shared.db")
    store.add_polls(concatenate(batch_of(n) for n in range(FIRST, 1)))
    store.set_hours(HOURS)
    store.set_timezones(ZONES)
    return store


def shared_sink(kind: str, folder: Path) -> ReportSink:
    """A sink in the file of the store, or in a folder beside it."""
    if kind == "sqlite":
        return SqliteSink(folder / "shared.db")
    return open_sink(kind, folder)


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


class WatchedStore(SqliteStore):
    """A store that tells before and after a report reads it."""

    def __init__(self, path: Path, hook: Callable[[str], object] = str) -> None:
        super().__init__(path)
        self._hook = hook

    def snapshot_for(self, request: ReportRequest) -> SqliteSnapshot:
        self._hook("read")
        snapshot = super().snapshot_for(request)
        self._hook("compute")
        return snapshot


class Doom:
    """Kills its own process a random moment after a chosen step has begun."""

    def __init__(self, step: str, seed: str) -> None:
        chance = random.Random(seed)  # noqa: S311  # to be repeated
        self._step = step
        self._steps_left = chance.choice([1, 1, 2, 4])
        self._delay = 0.02 * chance.random() ** 2
        if step == "anytime":
            self._steps_left, self._delay = 1, chance.uniform(0, 0.7)
        self._lock = threading.Lock()

    def begins(self, step: str) -> None:
        with self._lock:
            self._steps_left -= step == self._step
            is_now = step == self._step and self._steps_left == 0
        if is_now:
            threading.Thread(target=self._kill, daemon=True).start()

    def _kill(self) -> None:
        time.sleep(self._delay)
        os.kill(os.getpid(), signal.SIGKILL)


def ingest(folder: str, first: str, step: str, seed: str) -> None:
    """Adds batches one after the other, and compacts now and then.

    It never waits, unless it is `paced`.
    """
    doom = Doom(step, seed)
    store = SqliteStore(Path(folder) / "shared.db")
    doom.begins("anytime")
    for number in count(int(first)):
        doom.begins("ingest")
        result = store.add_polls(batch_of(number))
        again = number == int(first) and result.repeated == len(IDS)
        assert again or result.added == len(IDS), f"a part of batch {number} was there"
        say(number)
        if number % 5 == 0:
            doom.begins("compact")
            store.compact()
        if step == "paced":
            time.sleep(0.01)


def make(folder: str, kind: str, *arguments: str) -> None:
    """Triggers reports, each with a key, and makes its own and those of others."""
    name, first, step, seed = arguments
    doom = Doom(step, seed)
    store = WatchedStore(Path(folder) / "shared.db", doom.begins)
    sink = HookedSink(shared_sink(kind, Path(folder)), doom.begins)
    manager = ReportManager(store, sink, lease=SHORT_LEASE, max_pending=20)
    doom.begins("anytime")
    for number in count(int(first)):
        as_of = NOON if number % 2 else None
        while True:
            doom.begins("trigger")
            try:
                report_id = manager.trigger(
                    as_of=as_of, idempotency_key=f"{name}-{number}"
                )
            except QueueFullError:
                time.sleep(0.02)
            else:
                break
        say(number, report_id)
        if number % 3 == 0:
            manager.wait(report_id, A_WHILE)


def race(folder: str, kind: str, keys: str) -> None:
    """Triggers reports with the keys that others use at the same moment, and reads."""
    store = SqliteStore(Path(folder) / "shared.db")
    sink = shared_sink(kind, Path(folder))
    with ReportManager(store, sink) as manager:
        say("ready")
        sys.stdin.readline()
        shared = [manager.trigger(idempotency_key=str(n)) for n in range(int(keys))]
        own = [manager.trigger() for _ in range(3)]
        for report_id in (*shared, *own):
            manager.wait(report_id, 2 * A_WHILE)
            assert manager.get(report_id) == expected(0)
    say(*shared)
    say(*own)


def stop_at_rest(store: SqliteStore, sink: ReportSink) -> None:
    """Stop this process while no thread of it holds a lock that others wait for."""
    databases = [store._database]
    if isinstance(sink, SqliteSink):
        databases.append(sink._database)
    with ExitStack() as stack:
        if isinstance(sink, CsvSink):
            stack.enter_context(sink._folder._turn)
        for database in databases:
            database.hold()
            while database.is_in_use:
                database.let_go()
                time.sleep(0.001)
                database.hold()
            stack.callback(database.let_go)
        say("stopped")
        os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(0.2)  # another thread may be told of it, a moment later


def stop_at(folder: str, kind: str, step: str) -> None:
    """Stops itself, by SIGSTOP, at the first such step; then makes what there is."""
    left = [step]

    def hook(begins: str) -> None:
        if begins in left:
            left.remove(begins)
            stop_at_rest(store, sink.inner)

    store = WatchedStore(Path(folder) / "shared.db", hook)
    sink = HookedSink(shared_sink(kind, Path(folder)), hook)
    manager = ReportManager(store, sink, lease=SHORT_LEASE / 2, max_workers=1)
    manager.start()
    sys.stdin.readline()
    manager.close()


class SlowExecutor(ThreadPoolExecutor):
    """Takes its time for every block."""

    def submit(
        self,
        fn: Callable[..., Any],
        /,
        *args: Any,  # noqa: ANN401  # as Executor has it
        **kwargs: Any,  # noqa: ANN401
    ) -> Future[Any]:
        say("block")
        time.sleep(0.2)
        return super().submit(fn, *args, **kwargs)


def leave(number: int, _: object) -> None:
    raise SystemExit(128 + number)


def serve(folder: str, kind: str, on_sigterm: str) -> None:
    """Makes reports, slowly, until SIGTERM comes."""
    if on_sigterm == "leaves":
        signal.signal(signal.SIGTERM, leave)
    vars(runner)["SHOPS_PER_BLOCK"] = 1
    store = SqliteStore(Path(folder) / "shared.db")
    sink = shared_sink(kind, Path(folder))
    with ReportManager(store, sink, executor=SlowExecutor(1), lease=SHORT_LEASE):
        say("ready")
        while True:
            signal.pause()


class JumpingClock:
    """A clock that is an hour ahead, or behind, or neither, for a while each."""

    def __init__(self, seed: str, every: float) -> None:
        self._seed = seed
        self._every = every
        self._begun = time.monotonic()

    def __call__(self) -> datetime:
        turn = int((time.monotonic() - self._begun) / self._every)
        chance = random.Random(f"{self._seed}-{turn}")  # noqa: S311  # to be repeated
        return system_clock() + chance.choice([-1, 0, 1]) * HOUR


def jump(folder: str, kind: str, reports: str, seed: str) -> None:
    """Triggers and makes reports by a clock that jumps."""
    store = SqliteStore(Path(folder) / "shared.db")
    sink = shared_sink(kind, Path(folder))
    clock = JumpingClock(seed, every=0.3)
    with ReportManager(store, sink, lease=SHORT_LEASE, clock=clock) as manager:
        for _ in range(int(reports)):
            report_id = manager.trigger()
            say(report_id)
            manager.wait(report_id, A_WHILE)
        say("done")
        sys.stdin.readline()


def outgrow(folder: str, kind: str) -> None:
    """Triggers reports until the system lets no file grow, and makes them then."""
    path = Path(folder) / "shared.db"
    store, sink = SqliteStore(path), shared_sink(kind, Path(folder))
    asker = ReportManager(store, sink, max_workers=0)
    ids = [asker.trigger() for _ in range(3)]
    limit = path.stat().st_size + 10_000 if kind == "sqlite" else 100
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        while len(ids) < 1000:
            ids.append(asker.trigger())
    except BackEndError as error:
        say(type(error).__name__)
    store.check()
    assert [job.report_id for job in sink.jobs(active=True)] == ids
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    ids.append(asker.trigger())
    with ReportManager(store, sink) as manager:
        for report_id in ids:
            assert manager.wait(report_id, A_WHILE).attempt == 1
            assert manager.get(report_id) == expected(0)
    assert len(sink.jobs()) == len(ids)
    store.check()


ROLES: dict[str, Callable[..., None]] = {
    "ingest": ingest,
    "make": make,
    "race": race,
    "stop_at": stop_at,
    "serve": serve,
    "jump": jump,
    "outgrow": outgrow,
}

PROGRAM = """
import sys
from tests.faults.service import ROLES
ROLES[sys.argv[1]](*sys.argv[2:])
"""


# What tests do with it


@contextmanager
def running(role: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A service in a process, which does not outlive the block."""
    process = python(PROGRAM, role, *arguments)
    try:
        yield process
    finally:
        end(process)


def kept(sink: ReportSink, report_id: str) -> bytes | None:
    """A report as it is kept, to the last byte."""
    report = sink.report(report_id)
    return None if report is None else report_bytes(report)


def job_in(sink: ReportSink, report_id: str) -> Job:
    job = sink.job(report_id)
    assert job is not None, f"{report_id} is not known any more"
    return job


def check_report(report: Report) -> None:
    """It is that of the polls until its `as_of`, whatever came later."""
    right = expected(number_of(report.as_of))
    assert report == right
    assert report.provenance.polls == right.provenance.polls
    assert np.array_equal(report.poll_count, right.poll_count)
    assert np.array_equal(report.last_poll, right.last_poll)


def check_against_oracle(report: Report, shops: list[int]) -> None:
    """The same by other means, which share no code with the library's."""
    last = number_of(report.as_of)
    polls = {
        shop: [(instant_of(n), is_up(shop, n)) for n in range(FIRST, last + 1)]
        for shop in shops
    }
    for shop in shops:
        row = report.row(IDS[shop])
        rows = [(day, a, b) for name, day, a, b in HOURS if name == IDS[shop]]
        for place, window in enumerate(report.windows):
            start, after = window.bounds(to_micros(report.as_of))
            sums = oracle.account(
                polls[shop],
                to_datetime(start),
                to_datetime(after),
                as_of=report.as_of,
                rows=rows or None,
                timezone=ZONES.get(IDS[shop], "America/Chicago"),
                policy=report.policy,
            )
            assert sums == (
                row.up[place],
                row.down[place],
                row.unknown[place],
                row.open[place],
            )


def tell(process: subprocess.Popen[str]) -> None:
    """Let a process that waits go on."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
