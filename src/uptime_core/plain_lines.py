"""Plain CSV lines, a block at a time, as words of eight bytes instead of texts.

Plain is what needs no more than commas and line feeds to tell the cells: no quotes, no
carriage return but before a line feed, no NUL, UTF-8, the full number of cells in every
row. Other blocks are left to the csv module, so nothing is ever guessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from uptime_core.kernel.arrays import Int64, UInt8, UInt64

WORD = 8

LONGEST_STRETCH = 64
"""Bytes that are looked at as words."""
_LONGEST_LINE = 1 << 16
_PADDING = 40  # a word can be read at the end of the last cell, and after
_KEPT = np.array([(1 << 8 * count) - 1 for count in range(WORD + 1)], dtype=np.uint64)


class Stretches(NamedTuple):
    """A stretch of each row: a cell, or some that stand together.

    Attributes:
        data: The lines.
        start: Where each begins.
        end: Where each ends.
        words: What tells one from another: its length, and its words of eight bytes,
            one column each, as many as the longest one needs.
    """

    data: bytes
    start: Int64
    end: Int64
    words: list[UInt64]

    def texts(self, rows: Int64) -> list[bytes]:
        """The stretches of some rows."""
        places = zip(self.start[rows].tolist(), self.end[rows].tolist(), strict=True)
        return [self.data[start:end] for start, end in places]


class PlainLines(NamedTuple):
    """The rows of a block of plain lines.

    Attributes:
        data: The lines.
        words: The word that begins at each byte, and so at any place.
        first: Where each row begins.
        marks: The places of the commas and of the line feed, by row.
    """

    data: bytes
    words: UInt64
    first: Int64
    marks: Int64

    def cell(self, place: int) -> tuple[Int64, Int64]:
        """First and last place of the cell in a column, by row."""
        start = self.first if place == 0 else self.marks[:, place - 1] + 1
        return start, np.ascontiguousarray(self.marks[:, place])

    def stretches(self, start: Int64, end: Int64) -> Stretches | None:
        """A stretch of each row, or None if one is too long for words."""
        return stretches(self.data, self.words, start, end)


def words_of(data: bytes) -> UInt64:
    """The words at any place of some bytes, not only at multiples of eight."""
    padded = np.frombuffer(data + bytes(_PADDING), dtype=np.uint8)
    return np.ndarray((len(padded) - WORD + 1,), "<u8", padded.data, strides=(1,))


def stretches(data: bytes, words: UInt64, start: Int64, end: Int64) -> Stretches | None:
    """Stretches of some bytes, at least one.

    Args:
        data: The bytes.
        words: What `words_of` gives for them.
        start: Where each begins.
        end: Where each ends.

    Returns:
        None if one has more than `LONGEST_STRETCH` bytes.
    """
    length = end - start
    longest = int(length.max())
    if longest > LONGEST_STRETCH:
        return None
    # The last word of a stretch ends where it does, and stands in the place of all
    # that would follow: with the length, these words say every byte.
    last = np.maximum(end - WORD, start)
    offsets = range(0, max(longest, 1), WORD)
    columns = [words[np.minimum(start + offset, last)] for offset in offsets]
    if int(length.min()) < WORD:
        short = np.flatnonzero(length < WORD)
        columns[0][short] &= _KEPT[length[short]]
        for column in columns[1:]:
            column[short] = columns[0][short]
    return Stretches(data, start, end, [length.view(np.uint64), *columns])


def plain_lines(data: bytes, width: int) -> PlainLines | None:
    """Cut a block of whole lines.

    Args:
        data: The lines, without the header; the last may lack its line feed.
        width: How many columns there are.

    Returns:
        The rows, or None if the csv module has to read them: for quotes, carriage
        returns that end no line, NULs, bytes that are no UTF-8, blank lines, rows of
        another width, and lines that are very long.
    """
    data = _plain(data)
    if not data:
        return None
    marks = _marks(np.frombuffer(data, dtype=np.uint8), width)
    if marks is None:
        return None
    ends = marks[:, -1]
    first = np.append(0, ends[:-1] + 1)
    if int((ends - first).max()) > _LONGEST_LINE:
        return None
    return PlainLines(data, words_of(data), first, marks)


def _plain(data: bytes) -> bytes:
    """Lines without anything that needs more than commas to tell the cells; or none."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    if b'"' in data or b"\r" in data or b"\0" in data:
        return b""
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError:
            return b""
    return data if data.endswith(b"\n") else data + b"\n"


def _marks(data: UInt8, width: int) -> Int64 | None:
    """The places of commas and line feeds, by line, if each has its full number."""
    is_end = data == ord("\n")
    is_mark = is_end | (data == ord(","))
    if np.count_nonzero(is_mark) != width * np.count_nonzero(is_end):
        return None
    marks = np.flatnonzero(is_mark).reshape(-1, width)
    if not is_end[marks[:, -1]].all():
        return None
    return marks
