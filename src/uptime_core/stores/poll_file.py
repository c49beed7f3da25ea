"""A CSV file of polls: plain blocks of lines as arrays, others by the csv module."""

from __future__ import annotations

import os
from contextlib import nullcontext
from typing import TYPE_CHECKING

from uptime_core.plain_polls import PlainPolls, scan
from uptime_core.poll_intake import CopiedPolls, PollIntake
from uptime_core.stores.file_version import is_regular
from uptime_core.stores.forked_polls import forked_reader
from uptime_core.stores.parts import open_table
from uptime_core.stores.table import Batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from uptime_core.headers import Column
    from uptime_core.polls import PollColumns
    from uptime_core.rejects import Rejects
    from uptime_core.stores.line_blocks import BytesRead, StrPath
    from uptime_core.stores.parts import Part, Table
    from uptime_core.stores.table import Layout

_SHORTEST_ROW = 16
_SPARE = 32  # of so many rows, room for one more


def read_poll_parts(
    path: StrPath,
    columns: Sequence[Column],
    rejects: Rejects,
    most_rows: int,
    progress: BytesRead | None = None,
    *,
    meanwhile: Callable[[], object] | None = None,
    fork: bool = False,
) -> Iterator[PollColumns]:
    """The polls of a file in parts of about `most_rows`, at least one.

    Args:
        path: The file; see `uptime_core.stores.parts.read_parts`.
        columns: Those of id, timestamp and status.
        rejects: What becomes of bad rows.
        most_rows: Rows of a part.
        progress: Called now and then with the bytes read so far, as they are on disk.
        meanwhile: Called when the header has been read, unless the file is a pipe.
        fork: Whether a forked copy of the process may read, too.

    Raises:
        InputError: The file, or under `raise` a row, cannot be read.
        OSError: The file cannot be opened.
    """
    intake = PollIntake(os.fspath(path), rejects)
    rows = 0
    with (
        open_table(path, columns, progress) as table,
        forked_reader(table, _scan) if fork else nullcontext() as reader,
    ):
        # Who writes into pipes may do so in the order of the arguments.
        if meanwhile is not None and is_regular(table.stream.fileno()):
            meanwhile()
        parts: Iterable[Part[PlainPolls] | CopiedPolls] = (
            table.parts(_scan, threads=True) if reader is None else reader.parts()
        )
        expected = min(_expected_rows(table), most_rows)
        intake.expect(expected)
        for part in parts:
            if rows >= most_rows:
                yield intake.finish()
                intake.expect(expected)
                rows = 0
            rows += _add(intake, part)
    yield intake.finish()


def _expected_rows(table: Table) -> int:
    """How many rows a file has, if all are as long as its first ones; or 0."""
    data = table.first.data
    if not data or table.source.endswith(".gz"):
        return 0
    size = os.fstat(table.stream.fileno()).st_size  # 0 of a pipe
    length = max(len(data) // (data.count(b"\n") + 1), _SHORTEST_ROW)
    return size // length + size // (length * _SPARE)


def _add(intake: PollIntake, part: Part[PlainPolls] | CopiedPolls) -> int:
    """Take in some rows, and count them."""
    if isinstance(part, CopiedPolls):
        intake.add_copied(part)
        return len(part.at)
    if isinstance(part, Batch):
        store_ids, timestamps, statuses = part.columns
        intake.add(part.lines, store_ids, timestamps, statuses, part.misfits)
        return len(part.lines)
    intake.add_plain(part.line, part.rows)
    return len(part.rows.at)


def _scan(data: bytes, layout: Layout) -> PlainPolls | None:
    return scan(data, *layout)
