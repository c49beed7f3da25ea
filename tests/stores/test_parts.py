"""Files in parts: the order of blocks and failures, with threads and without."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Thread, current_thread, main_thread
from typing import TYPE_CHECKING, NoReturn

import pytest

from uptime_core.errors import BadFileError
from uptime_core.headers import Column
from uptime_core.stores import line_blocks, parts
from uptime_core.stores.table import Batch, Layout

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = (Column("a", ("a",)),)
LINES = [b"%d\n" % number for number in range(40)]


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_blocks, "_BLOCK_BYTES", 7)
    monkeypatch.setattr(parts, "cores", lambda: 2)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "a.csv"
    file.write_bytes(b"a\n" + b"".join(LINES))
    return file


def scan(data: bytes, _: Layout) -> bytes:
    return data


def in_threads(_data: bytes, _: Layout) -> bool:
    return current_thread() is not main_thread()


def read(path: Path, *, threads: bool) -> list[tuple[int, bytes]]:
    found = []
    for part in parts.read_parts(path, COLUMNS, scan, threads=threads):
        assert not isinstance(part, Batch)
        found.append((part.line, part.rows))
    return found


@pytest.mark.parametrize("threads", [False, True])
def test_blocks_come_in_their_order(path: Path, *, threads: bool) -> None:
    found = read(path, threads=threads)
    assert len(found) > 10
    assert b"".join(data for _, data in found) == b"".join(LINES)
    for line, data in found:
        assert data.startswith(LINES[line - 2]) or not data


def test_two_threads_scan_and_one_of_them_is_the_reader(path: Path) -> None:
    """Who would wait for a block scans the next one."""
    path.write_bytes(b"a\n" + b"".join(LINES[10:16]))  # one block, and two later ones
    meeting = Barrier(2)

    def scan_together(data: bytes, _: Layout) -> bool:
        if data != LINES[10]:
            meeting.wait(60)
        return current_thread() is main_thread()

    found = [
        part.rows
        for part in parts.read_parts(path, COLUMNS, scan_together, threads=True)
        if not isinstance(part, Batch)
    ]
    assert sorted(found[1:]) == [False, True]


def test_a_machine_with_one_core_needs_no_threads(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "cores", lambda: 1)
    for part in parts.read_parts(path, COLUMNS, in_threads, threads=True):
        assert not isinstance(part, Batch)
        assert not part.rows


def test_without_a_thread_to_be_had_blocks_are_scanned_all_the_same(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = read(path, threads=False)

    def refuse(*_: object) -> NoReturn:
        message = "can't start new thread"
        raise RuntimeError(message)

    monkeypatch.setattr(ThreadPoolExecutor, "submit", refuse)
    assert read(path, threads=True) == expected


def test_what_stands_before_a_failure_comes_first(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_blocks, "LONGEST_LINE", 5)
    path.write_bytes(b"a\n" + b"".join(LINES[:20]) + b"x" * 100)
    found: list[bytes] = []

    def read_on() -> None:
        for part in parts.read_parts(path, COLUMNS, scan, threads=True):
            assert not isinstance(part, Batch)
            found.append(part.rows)

    with pytest.raises(BadFileError, match="line 22"):
        read_on()
    assert b"".join(found) == b"".join(LINES[:20])


def test_what_scan_raises_is_raised(path: Path) -> None:
    def fail(data: bytes, _: Layout) -> bytes:
        if LINES[-1] in data:
            raise ZeroDivisionError
        return data

    with pytest.raises(ZeroDivisionError):
        list(parts.read_parts(path, COLUMNS, fail, threads=True))


def test_a_reader_may_stop_early(path: Path) -> None:
    found = parts.read_parts(path, COLUMNS, scan, threads=True)
    assert next(found) is not None
    assert next(found) is not None
    found.close()  # type: ignore[attr-defined]  # a generator


def test_what_is_given_up_waits_for_no_thread(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The garbage collector may end it, where waiting would be for ever."""
    monkeypatch.setattr(parts, "_work", lambda *_: False)  # the reader scans nothing
    is_over, begun = Event(), Event()
    last = read(path, threads=True)[4][1]

    def slow(data: bytes, _: Layout) -> bytes:
        if data and int(data.split()[0]) > int(last.split()[0]):
            begun.set()
            is_over.wait(60)
        return data

    found = parts.read_parts(path, COLUMNS, slow, threads=True)
    for part in found:
        assert not isinstance(part, Batch)
        if part.rows == last:
            break
    assert begun.wait(20)
    ending = Thread(target=found.close)  # type: ignore[attr-defined]  # a generator
    ending.start()
    ending.join(20)
    is_ended = not ending.is_alive()
    is_over.set()
    ending.join()
    assert is_ended
