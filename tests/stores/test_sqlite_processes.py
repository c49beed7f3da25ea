"""SqliteStore in several processes: killed at any moment, at once, and forked."""

from __future__ import annotations

import os
import pickle  # noqa: TID251  # as process pools do, nothing goes to disk
import random
import signal
import sqlite3
import subprocess
import sys
import time
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np
import pytest

from uptime_core import PollColumns, UptimeError, compute_snapshot, compute_store
from uptime_core.errors import BackEndError, StoreBusyError
from uptime_core.instants import to_datetime, to_micros
from uptime_core.stores.sqlite import SqliteStore
from uptime_core.testing.processes import ForkedProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from uptime_core.sqlite_database import JournalMode
    from uptime_core.testing.processes import Say


pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
START = to_micros(NOON)
SECOND = 1_000_000
MODES = ["delete", "wal"]


def opened(
    path: Path, mode: JournalMode = "delete", timeout: float = 30
) -> SqliteStore:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of the write-ahead log
        return SqliteStore(path, timeout=timeout, journal_mode=mode)


def forked(function: Callable[[Say], object]) -> ForkedProcess:
    """A process that says what a function does."""
    return ForkedProcess.running(lambda say, _: function(say))


def batch_of(number: int, shops: int, shift: int = 0) -> PollColumns:
    """A poll of each shop, all at the number's instant."""
    at = np.full(shops, START + number * SECOND + shift, dtype=np.int64)
    status = np.arange(shops) % 2
    return PollColumns([f"s{n}" for n in range(shops)], np.arange(shops), at, status)


def polls_by_number(store: SqliteStore) -> Counter[int]:
    """How many polls there are of each instant."""
    at = [batch.at for batch in store.polls()] or [np.zeros(0, dtype=np.int64)]
    return Counter(((np.concatenate(at) - START) // SECOND).tolist())


# Killed at any moment


def ingest(store: SqliteStore, first: int, shops: int, say: Say) -> None:
    for number in range(first, first + 100_000):
        assert store.add_polls(batch_of(number, shops)).added == shops
        say(number)


def compact(store: SqliteStore, first: int, shops: int, say: Say) -> None:
    for number in range(first, first + 100_000):
        assert store.add_polls(batch_of(number, shops)).added == shops
        say(number)
        if number % 5 == 0:
            store.compact()


def hours_of(generation: int, shops: int) -> list[tuple[str, int, str, str]]:
    day, minute = generation % 7, generation // 7 % 60
    return [(f"s{n}", day, f"8:{minute:02d}", "20:00") for n in range(shops)]


@pytest.mark.parametrize(
    ("work", "shops", "kills"),
    [
        pytest.param(*scenario, kills, id=f"{name}-{kills}", marks=marks)
        for kills, marks in ((3, ()), (30, pytest.mark.deep))
        for name, *scenario in (
            ("large", ingest, 5_000),
            ("merging", ingest, 2),
            ("compact", compact, 300),
        )
    ],
)
def test_a_killed_process_leaves_every_batch_whole(
    tmp_path: Path,
    work: Callable[[SqliteStore, int, int, Say], None],
    shops: int,
    kills: int,
) -> None:
    """What was acknowledged is there; of the rest one batch may be, wholly."""
    path = tmp_path / "store.db"
    for seed in range(kills):
        chance = random.Random(f"{shops}-{seed}")  # noqa: S311  # to be repeated
        first = seed * 100_000
        child = forked(lambda say, f=first: work(opened(path), f, shops, say))  # type: ignore[misc]
        said = [child.hear() for _ in range(chance.choice([1, 3, 20]))]
        time.sleep(chance.random() * 0.05)
        said += child.kill()
        with opened(path) as store:
            store.check()
            found = polls_by_number(store)
        assert set(found.values()) == {shops}, f"seed {seed}: a part of a batch"
        here = {number for number in found if number >= first}
        assert here >= set(said), f"seed {seed}: lost what was acknowledged"
        assert here <= {*said, said[-1] + 1}, f"seed {seed}"


@pytest.mark.parametrize(
    "kills",
    [pytest.param(4, id="4"), pytest.param(30, id="30", marks=pytest.mark.deep)],
)
def test_a_process_killed_in_retention_leaves_it_done_or_not(
    tmp_path: Path, kills: int
) -> None:
    path = tmp_path / "store.db"
    shops, ahead = 50, 10

    def work(store: SqliteStore, first: int, say: Say) -> None:
        for number in range(first, first + 100_000):
            store.add_polls(batch_of(number + ahead, shops))
            say(["add", number + ahead])
            store.delete_before(to_datetime(START + number * SECOND))
            say(["delete", number])

    for seed in range(kills):
        chance = random.Random(seed)  # noqa: S311  # to be repeated
        first = seed * 100_000
        child = forked(lambda say, f=first: work(opened(path), f, say))  # type: ignore[misc]
        said = [child.hear() for _ in range(2 * ahead + 6 + chance.randrange(20))]
        time.sleep(chance.random() * 0.05)
        said += child.kill()
        added = max(number for what, number in said if what == "add")
        horizon = max(number for what, number in said if what == "delete")
        with opened(path) as store:
            store.check()
            found = polls_by_number(store)
        assert set(found.values()) == {shops}, f"seed {seed}"
        choices = [
            {h - 1, *range(h, last + 1)}
            for h in (horizon, horizon + 1)
            for last in (added, added + 1)
        ]
        assert set(found) in choices, f"seed {seed}: {said[-3:]}"


@pytest.mark.parametrize(
    "kills",
    [pytest.param(3, id="3"), pytest.param(30, id="30", marks=pytest.mark.deep)],
)
def test_a_process_killed_while_it_sets_hours_leaves_all_old_or_all_new(
    tmp_path: Path, kills: int
) -> None:
    path = tmp_path / "store.db"
    shops = 4_500

    def work(store: SqliteStore, first: int, say: Say) -> None:
        for generation in range(first, first + 100_000):
            store.set_hours(hours_of(generation, shops))
            say(generation)

    for seed in range(kills):
        chance = random.Random(seed)  # noqa: S311  # to be repeated
        child = forked(lambda say, f=seed * 10: work(opened(path), f, say))  # type: ignore[misc]
        said = [child.hear()]
        time.sleep(chance.random() * 0.1)
        said += child.kill()
        with opened(path) as store:
            store.check()
            hours = store.hours()
        assert len(hours.store_ids) == len(hours.code) == shops, f"seed {seed}"
        (start,) = set(hours.start.tolist())
        day, minutes = divmod(start // (60 * SECOND), 24 * 60)
        generations = [g % 420 for g in (said[-1], said[-1] + 1)]
        assert day + 7 * (minutes - 8 * 60) in generations, f"seed {seed}"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.deep)])
def test_a_process_killed_before_any_statement_has_written_nothing(
    tmp_path: Path, mode: JournalMode, step: int
) -> None:
    """A transaction of all kinds of writes, cut off before each statement in turn."""
    path = tmp_path / "store.db"
    with opened(path, mode) as store:
        for number in range(15):
            store.add_polls(batch_of(number, 3))
        store.set_hours(hours_of(0, 3))
        before = compute_snapshot(store.snapshot())

    def work(last: int) -> None:
        store = opened(path, mode)
        (connection,) = store._database._idle
        statements = iter(range(last))

        def count(_: str) -> None:
            if next(statements, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)

        connection.set_trace_callback(count)
        with store.transaction():
            store.add_polls(batch_of(20, 4_200))
            store.set_hours(hours_of(1, 5))
            store.set_timezones({"s0": "UTC", "other": "UTC"})
            store.delete_before(to_datetime(START + 5 * SECOND))

    killed = 0
    for last in range(0, 200, step):
        status, _ = forked(lambda _, n=last: work(n)).end()  # type: ignore[misc]
        with opened(path, mode) as store:
            store.check()
            report = compute_snapshot(store.snapshot())
        if status == 0:
            break
        assert status == -signal.SIGKILL
        assert report == before, f"killed before statement {last}"
        killed += 1
    assert 30 < killed * step < 199
    assert len(report) == 4_201


# At once


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("processes", "batches"),
    [(2, 40), pytest.param(8, 125, marks=pytest.mark.deep)],
)
def test_processes_write_and_read_at_once(
    tmp_path: Path, processes: int, batches: int, mode: JournalMode
) -> None:
    path = tmp_path / "store.db"
    shops = 20
    opened(path, mode).close()

    def work(process: int, say: Say) -> None:
        with opened(path, mode) as store:
            seen = 0
            for number in range(batches):
                result = store.add_polls(batch_of(number, shops, shift=process))
                assert result.added == shops
                if number % 5 == 0:
                    at = np.concatenate([batch.at for batch in store.polls()])
                    counts = set(Counter(at.tolist()).values())
                    assert counts == {shops}, "a part of a batch"
                    assert len(at) > seen
                    seen = len(at)
            say("done")

    children = [
        forked(lambda say, p=process: work(p, say))  # type: ignore[misc]
        for process in range(processes)
    ]
    assert [child.end() for child in children] == [(0, ["done"])] * processes
    with opened(path, mode) as store:
        store.check()
        assert polls_by_number(store) == dict.fromkeys(
            range(batches), shops * processes
        )


@pytest.mark.parametrize("mode", MODES)
def test_a_snapshot_is_of_one_moment_while_another_process_writes(
    tmp_path: Path, mode: JournalMode
) -> None:
    """After batch i all shops, of two blocks, have i polls, and a zone of the same."""
    path = tmp_path / "store.db"
    shops, batches = 4_200, 25
    zones = ["UTC", "Asia/Kathmandu"]

    def work(say: Say) -> None:
        with opened(path, mode) as store:
            for number in range(batches):
                with store.transaction():
                    store.add_polls(batch_of(number, shops))
                    store.set_timezones({"s0": zones[number % 2]})
                    store.set_timezones({f"s{shops - 1}": zones[number % 2]})
                say(number)

    opened(path, mode).close()
    child = forked(work)
    child.hear()
    seen = set()
    with opened(path, mode) as store:
        while True:
            snapshot = store.snapshot()
            report = compute_snapshot(snapshot)
            (count,) = set(report.poll_count.tolist())
            expected = zones[(count - 1) % 2]
            named = {z for part in snapshot.parts() for z in part.timezones.values()}
            assert named == {expected}
            seen.add(count)
            if count == batches:
                break
    assert child.end()[0] == 0
    assert len(seen) > 3


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("read", ["snapshot", "polls", "report", "check"])
def test_what_is_written_between_two_statements_of_a_read_is_not_read(
    tmp_path: Path, mode: JournalMode, read: str
) -> None:
    """Another connection tries to write before every statement of the read."""
    path = tmp_path / "store.db"
    store, writer = opened(path, mode), opened(path, mode, timeout=0)
    store.add_polls(batch_of(0, 10))
    store.set_timezones({"s1": "UTC"})
    (connection,) = store._database._idle
    written = 1

    def write(_: str) -> None:
        nonlocal written
        try:
            with writer.transaction():
                writer.add_polls(batch_of(written, 10))
                writer.set_timezones({"s1": ["UTC", "Asia/Tokyo"][written % 2]})
        except StoreBusyError:
            return
        written += 1

    for _ in range(5):
        before = written
        connection.set_trace_callback(write)
        if read == "snapshot":
            (part, *_) = store.snapshot().parts()
            polls = part.polls
            assert part.timezones["s1"] == ["Asia/Tokyo", "UTC"][len(polls) // 10 % 2]
        elif read == "polls":
            (polls,) = store.polls()
        elif read == "report":
            compute_store(store)
        else:
            store.check()
        connection.set_trace_callback(None)
        if read in ("snapshot", "polls"):
            counts = set(Counter(polls.at.tolist()).values())
            assert counts == {10}
            assert before <= len(polls) // 10 <= written
        assert written > before
    store.check()
    assert len(polls_by_number(store)) == written


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("processes", [4, pytest.param(16, marks=pytest.mark.deep)])
def test_processes_that_open_a_new_file_at_once_make_one(
    tmp_path: Path, mode: JournalMode, processes: int
) -> None:
    for attempt in range(5):
        path = tmp_path / f"{attempt}.db"
        begins_at = time.monotonic() + 0.05

        def work(
            process: int, say: Say, path: Path = path, at: float = begins_at
        ) -> None:
            while time.monotonic() < at:
                pass
            with opened(path, mode) as store:
                store.add_polls([(f"s{process}", NOON, True)])
                say(store.identity)

        children = [
            forked(lambda say, p=process: work(p, say))  # type: ignore[misc]
            for process in range(processes)
        ]
        ends = [child.end() for child in children]
        assert [status for status, _ in ends] == [0] * processes
        assert len({said[0] for _, said in ends}) == 1
        with opened(path, mode) as store:
            store.check()
            assert len(compute_snapshot(store.snapshot())) == processes
        with sqlite3.connect(path) as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone() == (mode,)
            assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)
        connection.close()


# Locked


@contextmanager
def locked(path: Path, how: str) -> Iterator[None]:
    """Another process has the file locked."""

    def work(say: Say) -> None:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute(how)
        say("locked")
        signal.pause()

    child = forked(work)
    child.hear()
    try:
        yield
    finally:
        child.kill()


@pytest.mark.parametrize("how", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
@pytest.mark.parametrize("mode", MODES)
def test_a_file_that_stays_locked_is_an_error_and_works_again(
    tmp_path: Path, mode: JournalMode, how: str
) -> None:
    path = tmp_path / "store.db"
    opened(path, mode).close()
    store = opened(path, mode, timeout=0.05)
    store.add_polls(batch_of(0, 3))
    store.close()  # no connection may be carried into the other process
    store = opened(path, mode, timeout=0.05)
    store._database._idle.pop().close()
    writes: list[Callable[[], object]] = [
        lambda: store.add_polls(batch_of(1, 3)),
        lambda: store.set_hours(hours_of(0, 3)),
        lambda: store.set_timezones({"a": "UTC"}),
        lambda: store.delete_before(NOON),
        store.compact,
    ]
    with locked(path, how):
        for write in writes:
            with pytest.raises(StoreBusyError, match=r"store\.db"):
                write()
        if how == "BEGIN IMMEDIATE" or mode == "wal":
            assert polls_by_number(store) == {0: 3}
        else:
            for read in (store.snapshot, store.hours, store.check, store.newest_poll):
                with pytest.raises(StoreBusyError):
                    read()
    store.check()
    assert polls_by_number(store) == {0: 3}
    assert store.add_polls(batch_of(1, 3)).added == 3
    assert polls_by_number(store) == {0: 3, 1: 3}
    assert store.hours().store_ids == ()


def test_a_writer_waits_for_another_one(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    opened(path).close()

    def work(say: Say) -> None:
        with opened(path) as store, store.transaction():
            store.add_polls(batch_of(0, 3))
            say("begun")
            time.sleep(0.3)

    child = forked(work)
    child.hear()
    with opened(path) as store:
        assert store.newest_poll() is None
        assert store.add_polls(batch_of(0, 4)).repeated == 3
    assert child.end()[0] == 0


# Forked


@pytest.mark.parametrize("mode", MODES)
def test_a_forked_child_reads_and_writes_and_the_parent_goes_on(
    tmp_path: Path, mode: JournalMode
) -> None:
    store = opened(tmp_path / "store.db", mode)
    store.add_polls(batch_of(0, 3))
    parents = list(store._database._idle)

    def work(say: Say) -> None:
        assert polls_by_number(store)[0] == 3
        assert not any(c is p for c in store._database._idle for p in parents)
        say(store.add_polls(batch_of(1, 3)).added)
        store.set_hours(hours_of(0, 3))
        store.compact()
        store.check()

    child = forked(work)
    store.add_polls(batch_of(2, 4))
    assert child.end() == (0, [3])
    assert polls_by_number(store) == {0: 3, 1: 3, 2: 4}
    assert len(store.hours().store_ids) == 3
    store.add_polls(batch_of(3, 5))
    store.check()


@pytest.mark.parametrize("mode", MODES)
def test_what_a_child_has_written_outlives_the_parents_close(
    tmp_path: Path, mode: JournalMode
) -> None:
    """The last connection to close removes the log: the child's must count."""
    path = tmp_path / "store.db"
    store = opened(path, mode)
    store.add_polls(batch_of(0, 3))
    wait, go = os.pipe()

    def work(say: Say) -> None:
        store.add_polls(batch_of(1, 3))
        say("first")
        os.read(wait, 1)
        store.add_polls(batch_of(2, 3))
        say("second")

    child = forked(work)
    assert child.hear() == "first"
    store.close()
    os.write(go, b"x")
    assert child.end() == (0, ["second"])
    with opened(path, mode) as again:
        assert polls_by_number(again) == {0: 3, 1: 3, 2: 3}
        again.check()
    os.close(wait)
    os.close(go)


@pytest.mark.parametrize("mode", MODES)
def test_a_child_forked_in_a_transaction_does_not_end_it(
    tmp_path: Path, mode: JournalMode
) -> None:
    """The child leaves the block too; only the parent's end counts."""
    path = tmp_path / "store.db"
    store = opened(path, mode, timeout=0.2)
    with store.transaction():
        store.add_polls(batch_of(0, 3))
        said_to, says_to = os.pipe()
        pid = os.fork()
        is_child = pid == 0
        if is_child:
            status = 1
            try:
                with pytest.raises(UptimeError):
                    store.add_polls(batch_of(1, 3))  # the parent has the lock
                status = 0
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        os.close(said_to)
        os.close(says_to)
    assert polls_by_number(store) == {0: 3}
    store.check()


@pytest.mark.parametrize("mode", MODES)
def test_a_child_that_leaves_its_parents_block_commits_nothing(
    tmp_path: Path, mode: JournalMode
) -> None:
    path = tmp_path / "store.db"
    store = opened(path, mode, timeout=0.2)

    def work(_: Say) -> None:
        block.__exit__(None, None, None)

    block = store.transaction()
    block.__enter__()
    store.add_polls(batch_of(0, 3))
    with pytest.raises(AssertionError, match=r"BackEndError: .* only its parent"):
        forked(work).end()
    with sqlite3.connect(path) as connection:
        chunks = connection.execute("SELECT count(*) FROM uptime_polls").fetchone()
    connection.close()
    assert chunks == (0,)
    block.__exit__(ZeroDivisionError, ZeroDivisionError(), None)
    assert polls_by_number(store) == {}
    store.check()


@pytest.mark.parametrize("mode", MODES)
def test_a_child_forked_while_a_thread_reads_is_right_or_refuses(
    tmp_path: Path, mode: JournalMode
) -> None:
    """SQLite counts locks by process: a child must not rely on its parent's.

    A connection of the parent is in a read transaction when the fork comes, and the
    child then must not read while a third process has the file locked for itself.
    """
    path = tmp_path / "store.db"
    store = opened(path, mode, timeout=0.2)
    store.add_polls(batch_of(0, 3))
    wait, go = os.pipe()

    def work(say: Say) -> None:
        os.read(wait, 1)
        try:
            say(store.add_polls(batch_of(1, 3)).added)
        except BackEndError as error:
            say(type(error).__name__)
        try:
            say(polls_by_number(store)[0])
        except BackEndError as error:
            say(type(error).__name__)

    with store._database.read():
        child = forked(work)
    with locked(path, "BEGIN EXCLUSIVE"):
        os.write(go, b"x")
        written, read = child.end()[1]
    assert written in ("StoreBusyError", "BackEndError")
    if mode == "delete":
        assert read in ("StoreBusyError", "BackEndError"), "it read without a lock"
    os.close(wait)
    os.close(go)
    store.check()


FORKED_JUST_THEN = """
import os, sys, threading, warnings
stores, threads = [], []
def just_then():  # the last hook to be run, for it is the first one
    if stores:
        threads.append(threading.Thread(target=stores[0].newest_poll, daemon=True))
        threads[-1].start()
        threads[-1].join(0.3)
os.register_at_fork(before=just_then)
warnings.simplefilter("ignore", RuntimeWarning)
from tests.stores.test_sqlite_processes import batch_of, forked, opened, polls_by_number
path = sys.argv[1]
stores.append(opened(path, "wal"))
stores[0].add_polls(batch_of(0, 3))
wait, go = os.pipe()
def work(say):
    store = stores[0]
    say(store.add_polls(batch_of(1, 3)).added)
    os.read(wait, 1)
    say(store.add_polls(batch_of(2, 3)).added)
child = forked(work)
assert child.hear() == 3
for thread in threads:  # it waits for the fork's end, and reads then
    thread.join()
stores.pop().close()
os.write(go, b"x")
assert child.end() == (0, [3])
print(sorted(polls_by_number(opened(path, "wal"))))
"""


def test_a_read_that_ends_as_the_process_forks_is_not_carried_over(
    tmp_path: Path,
) -> None:
    """A thread's connection comes to rest after those at rest have been closed."""
    child = subprocess.run(
        [sys.executable, "-c", FORKED_JUST_THEN, tmp_path / "store.db"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (child.stdout, child.stderr) == ("[0, 1, 2]\n", "")


def test_a_file_in_use_at_a_fork_is_refused_by_every_name(tmp_path: Path) -> None:
    path, link = tmp_path / "store.db", tmp_path / "link.db"
    store = opened(path)
    link.symlink_to(path)
    by_link = opened(link)

    def work(_: Say) -> None:
        with pytest.raises(BackEndError, match="forked"):
            by_link.newest_poll()

    with store._database.read():
        child = forked(work)
    assert child.end()[0] == 0


def _count(store: SqliteStore) -> int:
    store.add_polls([(f"p{os.getpid()}", NOON, True)])
    return sum(len(batch) for batch in store.polls())


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_store_can_be_sent_to_a_pool_of_processes(
    tmp_path: Path, method: str
) -> None:
    store = opened(tmp_path / "store.db")
    store.add_polls(batch_of(0, 3))
    with ProcessPoolExecutor(2, mp_context=get_context(method)) as pool:
        counts = list(pool.map(_count, [store] * 4))
    assert min(counts) >= 4
    assert polls_by_number(store)[0] == 3 + len(
        {shop for batch in store.polls() for shop in batch.store_ids if shop[0] == "p"}
    )
    store.check()


def test_a_store_sent_away_is_the_same_or_an_error(tmp_path: Path) -> None:
    """A file that was lost on the way is not replaced by an empty one."""
    path = tmp_path / "store.db"
    store = opened(path, timeout=3)
    store.add_polls(batch_of(0, 3))
    sent = pickle.dumps(store)
    received = pickle.loads(sent)  # noqa: S301  # our own
    assert received.identity == store.identity
    assert polls_by_number(received) == {0: 3}
    assert received._database.timeout == 3
    received.close()
    store.close()
    path.unlink()
    with pytest.raises((OSError, UptimeError)):
        pickle.loads(sent)  # noqa: S301  # our own
    assert not path.exists()
    opened(path).close()
    with pytest.raises((OSError, UptimeError)):
        pickle.loads(sent)  # noqa: S301  # our own


def test_a_snapshot_neither_holds_the_file_nor_changes(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = opened(path, timeout=0)
    store.add_polls(batch_of(0, 4_200))
    snapshot = store.snapshot()
    parts = snapshot.parts()
    first = next(parts)
    assert store.add_polls(batch_of(1, 4_200)).added == 4_200
    store.add_polls(batch_of(2, 4_200))
    assert store.delete_before(store.newest_poll() or NOON) == 4_200
    with locked(path, "BEGIN EXCLUSIVE"):
        rest = list(parts)
    assert sum(len(part.polls) for part in (first, *rest)) == 4_200
    assert snapshot.newest() == START
    store.close()
    report = compute_snapshot(snapshot)
    assert len(report) == 4_200
    assert set(report.poll_count.tolist()) == {1}
