"""Large files of polls, of which a forked copy of the process reads about half.

The file is cut into stretches of one length; to a stretch belong the lines that begin
in it. The copy keeps to those that are plain and have no bad row, so that this process
says what is wrong with a file, in the order of its lines and in the same words.
"""

from __future__ import annotations

import os
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uptime_core.forked_worker import ForkedWorker, can_fork
from uptime_core.poll_intake import CopiedPolls, PollIntake
from uptime_core.rejects import Rejects
from uptime_core.stores.file_version import changed, is_regular
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


class ForkedReader(NamedTuple):
    """Reads a table with a copy of the process.

    Attributes:
        table: The file of polls.
        scan: What makes polls of lines.
        layout: Where its columns are.
        stretches: Its lines.
        worker: What reads some of these in the copy.
    """

    table: Table
    scan: Scan[PlainPolls]
    layout: Layout
    stretches: _Stretches
    worker: ForkedWorker

    def parts(self) -> Iterator[Part[PlainPolls] | CopiedPolls]:
        """The polls, in their order.

        Raises:
            BadFileError: The file as a whole cannot be read.
        """
        table, stretches, layout = self.table, self.stretches, self.layout
        line = table.first.line
        for number, result in enumerate(self.worker.results(self._own)):
            place = stretches.place(number)
            if place is None:  # a long line would have ended this before
                raise changed(table.source)
            if table.progress is not None:
                table.progress(place)
            if isinstance(result, memoryview):
                polls = _polls(result)
                yield polls
                line += len(polls.at)
                continue
            data, rows = result
            if data is None or (rows is None and may_go_on(data)):
                yield from table.parts_from(place, line, self.scan)
                return
            block = LineBlock(line, data)
            if rows is not None:
                yield PlainPart(line, rows, block, layout)
                line += len(rows.at)
            else:
                yield from read_batches([block], table.source, layout)
                line += data.count(b"\n")

    def _own(self, number: int) -> tuple[bytes | None, PlainPolls | None]:
        data = self.stretches.read(number)
        return data, None if data is None else self.scan(data, self.layout)


@contextmanager
def forked_reader(
    table: Table, scan: Scan[PlainPolls]
) -> Iterator[ForkedReader | None]:
    """What reads a table; None where a copy is not possible, or no gain.

    Args:
        table: The file of polls.
        scan: What makes polls of lines.
    """
    stretches, layout, worker = _stretches(table), table.layout, None
    if stretches is None or layout is None or not can_fork():
        yield None
        return
    copy = _Copy(stretches, scan, layout, table.source)
    with suppress(OSError):  # there is no process or memory to be had
        worker = ForkedWorker(copy.read, stretches.pieces, _ROOM)
    if worker is None:
        yield None
        return
    with closing(worker):
        yield ForkedReader(table, scan, layout, stretches, worker)


def _stretches(table: Table) -> _Stretches | None:
    """The stretches of a large file that can be read at any place."""
    descriptor = table.stream.fileno()
    end = os.fstat(descriptor).st_size
    if (
        table.source.endswith(".gz")
        or not is_regular(descriptor)
        or end - table.start < LEAST_BYTES
    ):
        return None
    return _Stretches(descriptor, table.start, end)


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
