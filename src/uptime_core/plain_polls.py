"""Polls of plain CSV lines, a block of lines at a time, without a text for any cell.

Cells are looked at as words of eight bytes. Rows whose cells have another form, but are
still one line without quotes, are left to be read as texts; blocks of other lines are
left to the csv module. Nothing is ever guessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uptime_core.plain_lines import Stretches, fetch_one, plain_lines, word_of
from uptime_core.plain_timestamps import plain_timestamps

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from uptime_core.kernel.arrays import Bool, Int64, UInt8

ODD_STATUS = 2
"""The status of a row whose cell is neither ``active`` nor ``inactive`` as written."""

_ACTIVE, _INACTIVE = word_of(b"active"), word_of(b"inactive")
_ACTIVE_KEPT = word_of(b"\xff" * len(b"active"))


class PlainPolls(NamedTuple):
    """The rows of a block of plain lines.

    Attributes:
        store_ids: The cells of the ids.
        cells: First and last place of each wanted cell in the data, by row: one pair
            of columns each for id, timestamp and status.
        at: The instants, in microseconds; anything where `at_is_read` is not set.
        at_is_read: Which timestamps were read.
        status: 1 is up, 0 is down, `ODD_STATUS` is to be read as text.
    """

    store_ids: Stretches
    cells: tuple[tuple[Int64, Int64], ...]
    at: Int64
    at_is_read: Bool
    status: UInt8

    def text(self, column: int, row: int) -> str:
        """A cell, of column 0 (id), 1 (timestamp) or 2 (status)."""
        start, end = self.cells[column]
        return self.store_ids.data[start[row] : end[row]].decode()


def scan(data: bytes, places: Sequence[int], width: int) -> PlainPolls | None:
    """Read a block of whole lines.

    Args:
        data: The lines, without the header; the last may lack its line feed.
        places: In which column id, timestamp and status stand.
        width: How many columns there are.

    Returns:
        The rows, or None if the csv module has to read them: lines that are not plain,
        or have a very long id.
    """
    lines = plain_lines(data, width)
    if lines is None:
        return None
    store_ids, times, statuses = cells = tuple(map(lines.cell, places))
    ids = lines.stretches(*store_ids)
    if ids is None:
        return None
    at, at_is_read = plain_timestamps(lines.words, *times)
    return PlainPolls(
        store_ids=ids,
        cells=cells,
        at=at,
        at_is_read=at_is_read,
        status=_statuses(lines.words, *statuses),
    )


def _statuses(words: npt.NDArray[np.void], start: Int64, end: Int64) -> UInt8:
    length = end - start
    word = fetch_one(words, start)
    is_down = (word == _INACTIVE) & (length == len(b"inactive"))
    is_up = ((word & _ACTIVE_KEPT) == _ACTIVE) & (length == len(b"active"))
    status: UInt8 = is_up.astype(np.uint8)
    status[~(is_up | is_down)] = ODD_STATUS
    return status
