"""What is done with forked copies, in a process of its own that has one thread.

``python tests/forked.py NAME ARGUMENTS`` does the part of this name, and fails if it is
not as it should be. `run` does that for the tests, whose process has threads.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, closing, suppress
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from hypothesis import given, settings

from uptime_core import CsvStore, __main__, cores, forked_worker
from uptime_core.errors import InputError
from uptime_core.forked_worker import ForkedWorker
from uptime_core.headers import POLL_COLUMNS
from uptime_core.rejects import Rejects
from uptime_core.stores import forked_polls, line_blocks, poll_file
from uptime_core.stores.poll_file import read_poll_parts
from uptime_core.testing.strategies import hostile_csv

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).resolve()
FEW_BYTES = 1 << 7


def run(name: str, *arguments: object) -> str:
    """Do a part in a process of its own, and give what it says."""
    done = subprocess.run(
        [sys.executable, HERE, name, *map(str, arguments)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def environment() -> dict[str, str]:
    """What keeps numpy from starting threads."""
    return os.environ | {"OPENBLAS_NUM_THREADS": "1"}


def descriptors() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def write(number: int, memory: memoryview) -> int:
    text = b"%d" % number * (number % 5)
    memory[: len(text)] = text
    return len(text)


def slowly(number: int) -> tuple[str, int]:
    """What this process makes of a piece, so that the copy gets some, too."""
    time.sleep(0.001)
    return ("own", number)


def faults_come_in_the_order_of_lines() -> None:
    """However far apart they are, and however the file is cut."""
    for fault in (b"\xff,x,y\n", b"a\0,x,y\n", b"a,x,active\r"):
        content = [
            HEADER + b"".join([*GOOD[:3], ODD[5], *GOOD[:rows], fault])
            for rows in (0, 3, 12)
        ]
        for data in content:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "polls.csv"
                path.write_bytes(data)
                plain = outcome(path, fork=False)
                assert plain[1][2] == 5
                with small_stretches(100):
                    assert outcome(path, fork=True) == plain


def done(work: Callable[[int, memoryview], int | None], pieces: int) -> list[Any]:
    before = descriptors()
    with closing(ForkedWorker(work, pieces, 100)) as worker:
        found = [
            bytes(result) if isinstance(result, memoryview) else result
            for result in worker.results(slowly)
        ]
    assert descriptors() == before
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return found
    message = "the copy is still there"
    raise AssertionError(message)


def check(found: list[Any], pieces: int) -> int:
    """Each piece is what one of both made of it; gives how many the copy did."""
    assert len(found) == pieces
    of_copy = 0
    for number, result in enumerate(found):
        if result != ("own", number):
            assert result == b"%d" % number * (number % 5)
            of_copy += 1
    return of_copy


def pieces_come_in_order() -> None:
    for pieces in (1, 2, 31, 32, 33, 150):
        of_copy = check(done(write, pieces), pieces)
    assert 0 < of_copy < 150


def what_the_copy_leaves_is_done_here() -> None:
    def even(number: int, memory: memoryview) -> int | None:
        return None if number % 2 else write(number, memory)

    found = done(even, 100)
    assert check(found, 100) > 0
    assert all(found[number] == ("own", number) for number in range(1, 100, 2))


def a_copy_may_end_at_any_piece() -> None:
    def die(number: int, memory: memoryview) -> int:
        if number >= last:
            os.kill(os.getpid(), signal.SIGKILL)
        return write(number, memory)

    def fail(number: int, memory: memoryview) -> int:
        if number >= last:
            raise ZeroDivisionError
        return write(number, memory)

    for last, work in product((0, 1, 7, 40), (die, fail)):
        assert check(done(work, 60), 60) <= last


def work_may_be_given_up() -> None:
    before = descriptors()

    def hang(number: int, memory: memoryview) -> int:
        time.sleep(1000 if number else 0)
        return write(number, memory)

    begun = time.monotonic()
    with closing(ForkedWorker(hang, 10, 10)) as worker:
        for _ in zip(range(3), worker.results(slowly), strict=False):
            break
    assert time.monotonic() - begun < 100
    assert descriptors() == before


def an_interrupt_is_for_the_process_that_forked() -> None:
    os.setpgid(0, 0)

    sent: list[int] = []

    def interrupt(number: int, memory: memoryview) -> int:
        if not sent:
            sent.append(number)
            os.killpg(0, signal.SIGINT)
        return write(number, memory)

    def wait(_: int) -> None:
        time.sleep(20)

    try:
        with closing(ForkedWorker(interrupt, 10, 10)) as worker:
            list(worker.results(wait))
    except KeyboardInterrupt:
        print("interrupted once")  # noqa: T201  # looked for


def nothing_is_left_of_a_fork_that_fails() -> None:
    before = descriptors()
    for name in ("fork", "set_blocking", "pidfd_open"):
        with mock.patch.object(os, name, side_effect=OSError("no room")):
            try:
                ForkedWorker(write, 10, 10)
            except OSError:
                assert descriptors() == before
            else:
                raise AssertionError(name)
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == set()
    fork = os.fork

    def interrupted() -> int:
        os.kill(os.getpid(), signal.SIGINT)
        return fork()

    with (
        mock.patch.object(os, "fork", interrupted),
        pytest.raises(KeyboardInterrupt),
    ):
        ForkedWorker(write, 100, 10)
    assert descriptors() == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def others_may_have_waited_for_the_copy() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    check(done(write, 50), 50)

    def reap(*_: object) -> None:
        with suppress(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)

    signal.signal(signal.SIGCHLD, reap)
    for last in (0, 10, 50):

        def die(number: int, memory: memoryview) -> int:
            if number >= last:  # noqa: B023  # called in the same turn
                os._exit(1)
            return write(number, memory)

        # A copy that is gone at once is as one that could not be made.
        with suppress(ProcessLookupError):
            check(done(die, 50), 50)


def the_copy_ends_with_its_process() -> None:
    """Says the copy's number, and waits to be killed."""

    told: list[int] = []

    def tell(number: int, memory: memoryview) -> int:
        if not told:
            told.append(number)
            print(os.getpid(), flush=True)  # noqa: T201  # looked for
        return write(number, memory)

    with closing(ForkedWorker(tell, 1000, 10)) as worker:
        for _ in worker.results(lambda _: time.sleep(0.2)):
            pass


def a_process_with_threads_is_not_copied() -> None:
    assert forked_worker.can_fork() == (cores.cores() > 1)
    with mock.patch.object(forked_worker, "cores", return_value=2):
        assert forked_worker.can_fork()
        is_over = threading.Event()
        other = threading.Thread(target=is_over.wait)
        other.start()
        assert not forked_worker.can_fork()
        is_over.set()
        other.join()
    with mock.patch.object(forked_worker, "cores", return_value=1):
        assert not forked_worker.can_fork()
    for name, value in (("_THREADS", "/nowhere"), ("sys", mock.Mock(platform="odd"))):
        with mock.patch.object(forked_worker, name, value):
            assert not forked_worker.can_fork()


def small_stretches(size: int) -> Any:  # noqa: ANN401  # some patches
    patches = ExitStack()
    room = 2 * (size + 64)
    for name, value in {
        "LEAST_BYTES": 0,
        "_STRETCH": size,
        "_LONGEST_LINE": 64,
        "_ROOM": room,
        "can_fork": lambda: True,
    }.items():
        patches.enter_context(mock.patch.object(forked_polls, name, value))
    patches.enter_context(mock.patch.object(line_blocks, "_BLOCK_BYTES", size))
    return patches


def outcome(path: Path, *, fork: bool) -> Any:  # noqa: ANN401  # to be compared
    """What becomes of a file, bad rows collected and bad rows raised."""
    found: list[Any] = []
    for on_error in ("collect", "raise"):
        rejects = Rejects(on_error)
        parts: Iterator[Any] = read_poll_parts(
            path, POLL_COLUMNS, rejects, 10**9, fork=fork
        )
        try:
            found.append((list(parts), rejects.rows))
        except InputError as error:
            found.append((type(error), str(error), error.line, rejects.rows))
    return found


def files_with_and_without(content: list[bytes], sizes: tuple[int, ...]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "polls.csv"
        for data in content:
            path.write_bytes(data)
            plain = outcome(path, fork=False)
            for size in sizes:
                with small_stretches(size):
                    assert outcome(path, fork=True) == plain, (size, data)


HEADER = b"store_id,timestamp_utc,status\n"
GOOD = [
    b"%d,2023-01-2%d 1%d:00:0%d.5 UTC,%s\n"
    % (10**n, n % 7, n % 9, n % 6, (b"active", b"inactive")[n % 2])
    for n in range(12)
]
ODD = [
    b"a,2023-01-25T18:13:22Z,active\n",
    b" a ,2023-01-25 18:13:22 UTC, ACTIVE\n",
    b"\xc3\xa9,2023-01-25 18:13:22 UTC,inactive\n",
    b"a,2023-01-25 18:13:22 UTC,active\r\n",
    b"\n",
    b"a,x,active\n",
    b"a,2023-01-25 18:13:22 UTC,up\n",
    b",2023-01-25 18:13:22 UTC,active\n",
    b"a,2023-01-25 18:13:22 UTC\n",
    b'"a",2023-01-25 18:13:22 UTC,active\n',
    b'"a\nb",2023-01-25 18:13:22 UTC,active\n',
    b'"a,2023-01-25 18:13:22 UTC,active\n',
    b"a,2023-01-25 18:13:22 UTC,active\r",
    b"\xff,2023-01-25 18:13:22 UTC,active\n",
    b"a\0,2023-01-25 18:13:22 UTC,active\n",
    b"a" * 70 + b",2023-01-25 18:13:22 UTC,active\n",
    b"a" * 200 + b",2023-01-25 18:13:22 UTC,active\n",
    b"b" * 300 + b",2023-01-25 18:13:22 UTC,active\n",
    b"a,2023-01-25 18:13:22 UTC,active",
]


def odd_rows_anywhere() -> None:
    content = [HEADER, HEADER + b"".join(GOOD), b"", b"x,y\n"]
    for odd in ODD:
        for place in (0, 1, 6, 11, 12):
            rows = [*GOOD[:place], odd, *GOOD[place:]]
            content.append(HEADER + b"".join(rows))
            content.append(HEADER + b"".join(rows + GOOD * 3 + [odd] + GOOD))
    files_with_and_without(content, (40, FEW_BYTES, 500))


def generated_files() -> None:
    @settings(max_examples=150, deadline=None, database=None, derandomize=True)
    @given(hostile_csv("polls"))
    def compare(file: Any) -> None:  # noqa: ANN401  # a HostileCsv
        with tempfile.TemporaryDirectory() as folder:
            path = file.write(Path(folder))
            if path.suffix != ".gz":
                files_with_and_without([path.read_bytes()], (30, FEW_BYTES))

    compare()


def many_ids_and_several_parts() -> None:
    """Ids that each of both meets first, and parts of few rows."""
    rows = [
        b"shop-%d,2023-01-25 18:%02d:22 UTC,active\n" % (n * 7919 % 1000, n % 60)
        for n in range(5000)
    ]
    added: list[str] = []
    add = poll_file._add

    def noted(intake: Any, part: Any) -> int:  # noqa: ANN401  # passed on
        added.append(type(part).__name__)
        return add(intake, part)

    with tempfile.TemporaryDirectory() as folder, small_stretches(1000):
        path = Path(folder) / "polls.csv"
        path.write_bytes(HEADER + b"".join(rows))
        for most in (10**9, 700):
            found = []
            for fork in (False, True):
                rejects = Rejects("raise")
                with mock.patch.object(poll_file, "_add", noted):
                    parts = poll_file.read_poll_parts(
                        path, POLL_COLUMNS, rejects, most, fork=fork
                    )
                    found.append(list(parts))
            whole = [
                [(poll.store_id, poll.at) for part in parts for poll in part.rows()]
                for parts in found
            ]
            assert whole[0] == whole[1]
            assert [part.store_ids[:9] for part in found[0][:1]] == [
                part.store_ids[:9] for part in found[1][:1]
            ]
        assert all(len(part) < 800 for part in found[1])
        assert {"CopiedPolls", "PlainPart"} <= set(added)
        with mock.patch.object(
            forked_polls, "ForkedWorker", side_effect=OSError("no process")
        ):
            assert outcome(path, fork=True) == outcome(path, fork=False)


def progress_reaches_the_end() -> None:
    with tempfile.TemporaryDirectory() as folder, small_stretches(200):
        polls, hours = Path(folder) / "polls.csv", Path(folder) / "hours.csv"
        polls.write_bytes(HEADER + b"".join(GOOD * 50))
        hours.write_bytes(
            b"store_id,day,start_time_local,end_time_local\n10,0,9:00,17:00\n"
        )
        told: list[Any] = []
        CsvStore(polls, hours, fork=True).snapshot(progress=told.append)
    shares = [progress.share for progress in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert len(shares) > 10


def a_file_that_changes_is_an_error() -> None:
    """Cut, or longer, before the first stretch and after some."""
    with tempfile.TemporaryDirectory() as folder, small_stretches(500):
        path = Path(folder) / "polls.csv"
        for cut, after in product((0, 100, 3_000, 20_000, None), (0, 1, 7)):
            path.write_bytes(HEADER + b"".join(GOOD * 40))
            seen = 0
            add = poll_file._add

            def change(intake: Any, part: Any) -> int:  # noqa: ANN401  # passed on
                nonlocal seen
                if seen == after:  # noqa: B023  # called in the same turn
                    with path.open("ab") as file:
                        file.write(GOOD[0]) if cut is None else file.truncate(cut)  # noqa: B023
                seen += 1
                return add(intake, part)  # noqa: B023

            with (
                mock.patch.object(poll_file, "_add", change),
                pytest.raises(InputError) as caught,
            ):
                CsvStore(path, fork=True).snapshot()
            assert caught.value.source == str(path)


def the_command_forks(folder: str) -> None:
    """Reads a file of more than 8 MB, and says who read it."""
    polls, report = Path(folder) / "polls.csv", Path(folder) / "report.csv"
    reader = forked_polls.ForkedReader
    with (
        mock.patch.object(forked_polls, "can_fork", return_value=True),
        mock.patch.object(reader, "parts", autospec=True, side_effect=reader.parts) as (
            parts
        ),
    ):
        code = __main__.main(["report", "--polls", str(polls), "-o", str(report)])
    assert code == 0
    parts.assert_called_once()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
