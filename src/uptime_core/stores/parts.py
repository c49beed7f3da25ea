"""CSV files in parts: plain blocks of lines quickly, others by the csv module."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeAlias, TypeVar, cast

from uptime_core.cores import cores
from uptime_core.errors import InputError
from uptime_core.stores.line_blocks import LineBlock, line_blocks, open_file
from uptime_core.stores.table import Batch, Layout, read_batches, split_header

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from uptime_core.headers import Column
    from uptime_core.stores.line_blocks import BytesRead, Stream, StrPath

Rows = TypeVar("Rows")

_THREADS = 2  # beside the one that takes the blocks; more gain nothing
_AHEAD = 3


class PlainPart(NamedTuple, Generic[Rows]):
    """The rows of a block of plain lines.

    Attributes:
        line: The number of the first line.
        rows: What was made of the lines.
        block: The lines themselves.
        layout: Where the columns are.
    """

    line: int
    rows: Rows
    block: LineBlock
    layout: Layout

    def batches(self, source: str) -> Iterator[Batch]:
        """The same rows as texts."""
        return read_batches([self.block], source, self.layout)


Scan: TypeAlias = Callable[[bytes, Layout], Rows | None]
Part: TypeAlias = PlainPart[Rows] | Batch


class Table(NamedTuple):
    """A CSV file that is open, and its header read.

    Attributes:
        source: Its name, for messages.
        stream: The file.
        columns: The wanted columns.
        layout: Where they are, or None if `read_batches` has to find or miss them.
        first: The lines behind the header, as many as were read with it; all of the
            first lines if there is no layout.
        rest: The lines that follow.
        start: How many bytes stand before `first`.
        progress: What is told how far the file has been read.
    """

    source: str
    stream: Stream
    columns: Sequence[Column]
    layout: Layout | None
    first: LineBlock
    rest: Iterator[LineBlock]
    start: int
    progress: BytesRead | None

    def parts(self, scan: Scan[Rows], *, threads: bool) -> Iterator[Part[Rows]]:
        """Its rows; the arguments are those of `read_parts`."""
        blocks = chain([self.first], self.rest)
        if self.layout is None:
            return read_batches(blocks, self.source, self.columns)
        return parts_of(blocks, self.source, self.layout, scan, threads=threads)

    def parts_from(
        self, place: int, line: int, scan: Scan[Rows]
    ) -> Iterator[Part[Rows]]:
        """Its rows from some line on.

        Args:
            place: Where the line begins; the file has a layout, and can be wound.
            line: The line's number.
            scan: As in `read_parts`.
        """
        self.stream.seek(place)
        blocks = line_blocks(self.stream, self.source, self.progress, line)
        layout = cast("Layout", self.layout)
        return parts_of(blocks, self.source, layout, scan, threads=True)


@contextmanager
def open_table(
    path: StrPath, columns: Sequence[Column], progress: BytesRead | None = None
) -> Iterator[Table]:
    """Open a CSV file, and read its header; the arguments are those of `read_parts`.

    Raises:
        BadFileError: The file is no text, or no file has such a name.
        OSError: The file cannot be opened.
    """
    source = os.fspath(path)
    with open_file(source) as stream:
        blocks = line_blocks(stream, source, progress)
        first = next(blocks, LineBlock(1, b""))
        header = split_header(first, columns, source)
        layout, rest = (None, first) if header is None else header
        start = len(first.data) - len(rest.data)
        yield Table(source, stream, columns, layout, rest, blocks, start, progress)


def read_parts(
    path: StrPath,
    columns: Sequence[Column],
    scan: Scan[Rows],
    progress: BytesRead | None = None,
    *,
    threads: bool,
) -> Iterator[Part[Rows]]:
    """The rows of a CSV file, plain or ``.gz``.

    Args:
        path: The file: UTF-8, with or without byte order mark, comma-separated, lines
            ending in LF or CRLF, with a header.
        columns: The wanted columns, in the order they shall have.
        scan: Makes something of a block of lines, or None if the csv module has to.
        progress: Called now and then with the bytes read so far, as they are on disk.
        threads: Whether `scan` spends its time in numpy, so that threads speed it up.

    Raises:
        BadFileError: The file as a whole cannot be read.
        OSError: The file cannot be opened.
    """
    with open_table(path, columns, progress) as table:
        yield from table.parts(scan, threads=threads)


def parts_of(
    blocks: Iterable[LineBlock],
    source: str,
    layout: Layout,
    scan: Scan[Rows],
    *,
    threads: bool,
) -> Iterator[Part[Rows]]:
    """The rows of blocks of lines; the other arguments are those of `read_parts`."""
    scanned = _scanned(
        blocks,
        lambda block: scan(block.data, layout),
        threads=threads and cores() > 1,
    )
    for block, rows in scanned:
        if rows is not None:
            yield PlainPart(block.line, rows, block, layout)
        elif may_go_on(block.data):
            others = (other for other, _ in scanned)
            yield from read_batches(chain([block], others), source, layout)
        else:
            yield from read_batches([block], source, layout)


def may_go_on(data: bytes) -> bool:
    """Whether a row may begin in these lines and end in later ones, in quotes."""
    return b'"' in data


def _scanned(
    blocks: Iterable[LineBlock],
    scan: Callable[[LineBlock], Rows | None],
    *,
    threads: bool,
) -> Iterator[tuple[LineBlock, Rows | None]]:
    """Blocks in their order, and what is made of them, in threads some blocks ahead."""
    rest = iter(blocks)
    # Most files are a single block, and worth no thread.
    for block in rest:
        yield block, scan(block)
        if threads:
            break
    waiting: deque[tuple[LineBlock, Future[Rows | None]]] = deque()
    failure: InputError | OSError | None = None
    pool = ThreadPoolExecutor(max(min(cores() - 1, _THREADS), 1))
    is_read = False
    try:
        while True:
            try:
                waiting.extend(
                    (block, _started(pool, scan, block))
                    for block in _at_most(rest, _AHEAD - len(waiting))
                )
            except (InputError, OSError) as error:
                failure, rest = error, iter(())  # what stands before it comes first
            if not waiting:
                break
            block, result = waiting[0]
            if not result.done() and _work(scan, waiting):
                continue
            waiting.popleft()
            yield block, result.result()
        is_read = True
    finally:
        # What is given up half-way may be ended by the garbage collector, in any
        # thread, while that holds locks: to wait for threads there may be for ever.
        pool.shutdown(wait=is_read, cancel_futures=True)
    if failure is not None:
        raise failure


def _work(
    scan: Callable[[LineBlock], Rows],
    waiting: deque[tuple[LineBlock, Future[Rows]]],
) -> bool:
    """Scan a block that no thread has begun, instead of waiting; if there is one."""
    for place, (block, result) in enumerate(waiting):
        if result.cancel():
            waiting[place] = block, _done(scan, block)
            return True
    return False


def _done(scan: Callable[[LineBlock], Rows], block: LineBlock) -> Future[Rows]:
    result: Future[Rows] = Future()
    result.set_result(scan(block))
    return result


def _at_most(blocks: Iterator[LineBlock], count: int) -> Iterator[LineBlock]:
    return (block for _, block in zip(range(count), blocks, strict=False))


def _started(
    pool: ThreadPoolExecutor, scan: Callable[[LineBlock], Rows], block: LineBlock
) -> Future[Rows]:
    try:
        return pool.submit(scan, block)
    except RuntimeError:  # the system has no thread to give
        return _done(scan, block)
