"""Many texts in one piece of memory, as data frames have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uptime_core.plain_lines import LONGEST_STRETCH, stretches, words_of
from uptime_core.plain_timestamps import plain_timestamps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uptime_core.cell_table import CellTable
    from uptime_core.kernel.arrays import Bool, Int64

_ROWS_PER_LOOKUP = 1 << 14  # so that their words stay in the cache


class TextBuffer(NamedTuple):
    """Texts as places in some bytes.

    Attributes:
        data: The bytes, UTF-8.
        start: Where each row's text begins.
        length: How many bytes it has.
        is_there: Which rows have a text.
    """

    data: bytes
    start: Int64
    length: Int64
    is_there: Bool

    def text(self, row: int) -> str | None:
        """A row's text, or None."""
        if not self.is_there[row]:
            return None
        return self.data[self.start[row] : self.start[row] + self.length[row]].decode()

    def numbers(self, numbers: Mapping[str | None, int], table: CellTable) -> Int64:
        """Each row's number, -1 where it has no text.

        Args:
            numbers: The texts' numbers.
            table: What looks them up there.
        """
        number = np.full(len(self.start), -1, dtype=np.int64)
        is_short = self.length <= LONGEST_STRETCH
        words = words_of(self.data)
        short = np.flatnonzero(self.is_there & is_short)
        for first in range(0, len(short), _ROWS_PER_LOOKUP):
            rows = short[first : first + _ROWS_PER_LOOKUP]
            start = self.start[rows]
            texts = stretches(self.data, words, start, start + self.length[rows])
            if texts is not None:  # as all are short
                number[rows] = table.lookup(texts)
        for row in np.flatnonzero(self.is_there & ~is_short).tolist():
            number[row] = numbers[self.text(row)]
        return number

    def timestamps(self) -> tuple[Int64, Bool]:
        """Instants of the usual form of a timestamp, and which rows have it."""
        if not len(self.start):
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.bool_)
        end = self.start + self.length
        at, is_read = plain_timestamps(words_of(self.data), self.start, end)
        return at, is_read & self.is_there
