"""Large files of polls, of which a forked copy of the process reads about half.

The file is cut into stretches of one length; to a stretch belong the lines that begin
in it. The copy keeps to those that are plain and have no bad row, so that this process
says what is wrong with a file, in the order of its lines and in the same words.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from uptime_core.forked_worker import ForkedWorker, can_fork
from uptime_core.poll_intake import CopiedPolls, PollIntake
from uptime_core.rejects import Rejects
from uptime_core.stores.line_blocks import LineBlock
from uptime_core.stores.parts import PlainPart, may_go_on
from uptime_core.stores.table import read_batches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptime_core.plain_polls import PlainPolls
    from uptime_core.stores.parts import Part, Scan, Table
    from uptime_core.stores.table import Layout

LEAST_BYTES = 1 << 23
"""Of a file that is worth a process, which takes some milliseconds to make."""

_STRETCH = 1 << 20
_LONGEST_LINE = 1 << 12  # of those that lie in two stretches
# A good row has more bytes than its columns take, and ids are not longer than rows.
_ROOM = 2 * (_STRETCH + _LONGEST_LINE)


class _Stretches(NamedTuple):
    """The lines of a file, in stretches.

    Attributes:
        descriptor: The file.
        start: Where the first line begins.
        end: Where the last one ends.
    """

    descriptor: int
    start: int
    end: int

    @property
    def pieces(self) -> int:
        """How many there are."""
        return -(-(self.end - self.start) // _STRETCH)

    def place(self, number: int) -> int | None:
        """Where a stretch's first line begins, or None if that is not near."""
        place = self.start + number * _STRETCH
        if number == 0 or place >= self.end:
            return min(place, self.end)
        found = os.pread(self.descriptor, _LONGEST_LINE, place - 1).find(b"\n")
        if found >= 0:
            return place + found
        return self.end if place + _LONGEST_LINE > self.end else None

    def read(self, number: int) -> bytes | None:
        """The lines of a stretch, or None if a long one is among them."""
        start, end = self.place(number), self.place(number + 1)
        if start is None or end is None:
            return None
        return os.pread(self.descriptor, end - start, start)


class _Copy:
    """What reads in the copy of the process."""

    def __init__(
        self,
        stretches: _Stretches,
        scan: Scan[PlainPolls],
        layout: Layout,
        source: str,
    ) -> None:
        self._stretches = stretches
        self._scan = scan
        self._layout = layout
        self._intake = PollIntake(source, Rejects("raise"))

    def read(self, number: int, memory: memoryview) -> int | None:
        """Write the polls of a stretch, if all of its lines are plain and good."""
        data = self._stretches.read(number)
        plain = None if data is None else self._scan(data, self._layout)
        polls = None if plain is None else self._intake.copied(plain)
        return None if polls is None else _write(polls, memory)


@contextmanager
def forked_worker(
    table: Table, scan: Scan[PlainPolls]
) -> Iterator[ForkedWorker | None]:
    """What reads about half of a table; None where that cannot be, or gains nothing.

    Args:
        table: The file of polls.
        scan: What makes polls of lines.
    """
    stretches = _stretches(table)
    worker = None
    if stretches is not None and table.layout is not None and can_fork():
        copy = _Copy(stretches, scan, table.layout, table.source)
        with suppress(OSError):  # there is no process or memory to be had
            worker = ForkedWorker(copy.read, stretches.pieces, _ROOM)
    with nullcontext() if worker is None else worker:
        yield worker


def forked_parts(
    table: Table, worker: ForkedWorker, scan: Scan[PlainPolls]
) -> Iterator[Part[PlainPolls] | CopiedPolls]:
    """The polls of a table, in their order.

    Args:
        table: The file of polls.
        worker: What `forked_worker` gave for it.
        scan: What makes polls of lines.

    Raises:
        BadFileError: The file as a whole cannot be read.
    """
    stretches = cast("_Stretches", _stretches(table))
    layout = cast("Layout", table.layout)

    def own(number: int) -> tuple[bytes | None, PlainPolls | None]:
        data = stretches.read(number)
        return data, None if data is None else scan(data, layout)

    line = table.first.line
    for number, result in enumerate(worker.results(own)):
        place = cast("int", stretches.place(number))  # no long line stands before it
        if table.progress is not None:
            table.progress(place)
        if isinstance(result, memoryview):
            polls = _polls(result)
            yield polls
            line += len(polls.at)
            continue
        data, rows = result
        if data is None or (rows is None and may_go_on(data)):
            yield from table.parts_from(place, line, lambda data, _: scan(data, layout))
            return
        block = LineBlock(line, data)
        if rows is not None:
            yield PlainPart(line, rows, block, layout)
        else:
            yield from read_batches([block], table.source, layout)
        line += data.count(b"\n")


def _stretches(table: Table) -> _Stretches | None:
    """The stretches of a large file that can be read at any place."""
    descriptor = table.stream.fileno()
    status = os.fstat(descriptor)
    if (
        table.source.endswith(".gz")
        or not stat.S_ISREG(status.st_mode)
        or status.st_size - table.start < LEAST_BYTES
    ):
        return None
    return _Stretches(descriptor, table.start, status.st_size)


def _write(polls: CopiedPolls, memory: memoryview) -> int:
    """Put polls into memory, for `_polls`; gives the bytes that they take."""
    rows, store_ids = len(polls.at), "\n".join(polls.store_ids).encode()
    np.frombuffer(memory, np.int64, 2)[:] = rows, len(store_ids)
    place = 2 * 8
    for column in (polls.at, polls.code, polls.status):
        np.frombuffer(memory, column.dtype, rows, place)[:] = column
        place += column.nbytes
    memory[place : place + len(store_ids)] = store_ids
    return place + len(store_ids)


def _polls(memory: memoryview) -> CopiedPolls:
    """The polls that `_write` put there, without copies of their columns."""
    rows, size = np.frombuffer(memory, np.int64, 2).tolist()
    at = np.frombuffer(memory, np.int64, rows, 16)
    code = np.frombuffer(memory, np.int32, rows, 16 + 8 * rows)
    status = np.frombuffer(memory, np.uint8, rows, 16 + 12 * rows)
    store_ids = bytes(memory[16 + 13 * rows :]).decode()
    return CopiedPolls(store_ids.split("\n") if size else [], code, at, status)
