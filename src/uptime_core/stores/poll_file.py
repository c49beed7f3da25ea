"""A CSV file of polls: plain blocks of lines as arrays, others by the csv module."""

from __future__ import annotations

import os
from itertools import chain
from typing import TYPE_CHECKING

from uptime_core.plain_polls import PlainPolls, scan
from uptime_core.poll_intake import PollIntake
from uptime_core.stores.line_blocks import LineBlock, line_blocks, open_file
from uptime_core.stores.table import Batch, read_batches, split_header

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from uptime_core.polls import PollColumns
    from uptime_core.rejects import Rejects
    from uptime_core.stores.line_blocks import Progress, StrPath
    from uptime_core.stores.table import Column, Layout


def read_poll_parts(
    path: StrPath,
    columns: Sequence[Column],
    rejects: Rejects,
    most_rows: int,
    progress: Progress | None = None,
) -> Iterator[PollColumns]:
    """The polls of a file in parts of about `most_rows`, at least one.

    Args:
        path: The file; see `uptime_core.stores.table.read_table`.
        columns: Those of id, timestamp and status.
        rejects: What becomes of bad rows.
        most_rows: Rows of a part.
        progress: Called now and then with the bytes read so far, as they are on disk.

    Raises:
        InputError: The file, or under `raise` a row, cannot be read.
        OSError: The file cannot be opened.
    """
    source = os.fspath(path)
    intake = PollIntake(source, rejects)
    rows = 0
    with open_file(source) as stream:
        blocks = line_blocks(stream, source, progress)
        for part in _parts(blocks, source, columns):
            if rows >= most_rows:
                yield intake.finish()
                rows = 0
            if isinstance(part, Batch):
                store_ids, timestamps, statuses = part.columns
                intake.add(part.lines, store_ids, timestamps, statuses, part.misfits)
                rows += len(part.lines)
            else:
                intake.add_plain(*part)
                rows += len(part[1].at)
    yield intake.finish()


def _parts(
    blocks: Iterator[LineBlock], source: str, columns: Sequence[Column]
) -> Iterator[Batch | tuple[int, PlainPolls]]:
    """The rows of a file: plain ones with the number of the first line, or batches."""
    first = next(blocks, LineBlock(1, b""))
    header = split_header(first, columns, source)
    if header is None:
        yield from read_batches(chain([first], blocks), source, columns)
        return
    layout, rest = header
    scanned = _scanned(chain([rest], blocks), layout)
    for block, polls in scanned:
        if polls is not None:
            yield block.line, polls
        elif b'"' in block.data:  # what is quoted may end in another block
            others = (other for other, _ in scanned)
            yield from read_batches(chain([block], others), source, layout)
        else:
            yield from read_batches([block], source, layout)


def _scanned(
    blocks: Iterable[LineBlock], layout: Layout
) -> Iterator[tuple[LineBlock, PlainPolls | None]]:
    for block in blocks:
        yield block, scan(block.data, *layout)
