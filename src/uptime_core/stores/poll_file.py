"""A CSV file of polls: plain blocks of lines as arrays, others by the csv module."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from uptime_core.plain_polls import PlainPolls, scan
from uptime_core.poll_intake import PollIntake
from uptime_core.stores.parts import read_parts
from uptime_core.stores.table import Batch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from uptime_core.headers import Column
    from uptime_core.polls import PollColumns
    from uptime_core.rejects import Rejects
    from uptime_core.stores.line_blocks import BytesRead, StrPath
    from uptime_core.stores.table import Layout


def read_poll_parts(
    path: StrPath,
    columns: Sequence[Column],
    rejects: Rejects,
    most_rows: int,
    progress: BytesRead | None = None,
) -> Iterator[PollColumns]:
    """The polls of a file in parts of about `most_rows`, at least one.

    Args:
        path: The file; see `uptime_core.stores.parts.read_parts`.
        columns: Those of id, timestamp and status.
        rejects: What becomes of bad rows.
        most_rows: Rows of a part.
        progress: Called now and then with the bytes read so far, as they are on disk.

    Raises:
        InputError: The file, or under `raise` a row, cannot be read.
        OSError: The file cannot be opened.
    """
    intake = PollIntake(os.fspath(path), rejects)
    rows = 0
    for part in read_parts(path, columns, _scan, progress, threads=True):
        if rows >= most_rows:
            yield intake.finish()
            rows = 0
        if isinstance(part, Batch):
            store_ids, timestamps, statuses = part.columns
            intake.add(part.lines, store_ids, timestamps, statuses, part.misfits)
            rows += len(part.lines)
        else:
            intake.add_plain(part.line, part.rows)
            rows += len(part.rows.at)
    yield intake.finish()


def _scan(data: bytes, layout: Layout) -> PlainPolls | None:
    return scan(data, *layout)
