"""Many texts in one piece of memory, as data frames have them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uptime_core.plain_polls import id_words, plain_timestamps, words_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uptime_core.id_table import IdTable
    from uptime_core.kernel.arrays import Bool, Int64

_LONGEST_WORDS = 64  # bytes of a text that is looked up as words
_ROWS_PER_LOOKUP = 1 << 14


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
        return self._encoded(row).decode() if self.is_there[row] else None

    def _encoded(self, row: int) -> bytes:
        return self.data[self.start[row] : self.start[row] + self.length[row]]

    def _encoded_of(self, rows: Int64, place: int) -> bytes:
        return self._encoded(rows[place])

    def numbers(self, numbers: Mapping[str | None, int], table: IdTable) -> Int64:
        """Each row's number, -1 where it has no text.

        Args:
            numbers: The texts' numbers.
            table: What looks them up there.
        """
        number = np.full(len(self.start), -1, dtype=np.int64)
        is_short = self.length <= _LONGEST_WORDS
        words = words_of(self.data)
        short = np.flatnonzero(self.is_there & is_short)
        # In blocks, as every row of the first one is looked up as text.
        for first in range(0, len(short), _ROWS_PER_LOOKUP):
            rows = short[first : first + _ROWS_PER_LOOKUP]
            length = self.length[rows]
            # The length tells a text from one with zeros behind it.
            columns = [
                length.view(np.uint64),
                *id_words(words, self.start[rows], length),
            ]
            number[rows] = table.lookup(columns, partial(self._encoded_of, rows))
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
