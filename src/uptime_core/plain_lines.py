"""Plain CSV lines, a block at a time, as words of eight bytes instead of texts.

Plain is what needs no more than commas and line feeds to tell the cells: no quotes, no
carriage return but before a line feed, no NUL, UTF-8, the full number of cells in every
row. Other blocks are left to the csv module, so nothing is ever guessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from uptime_core.kernel.arrays import Int64, UInt8, UInt64

WORD = 8
WORDS = 4
"""Words that are fetched at once: four take numpy the time that one takes."""

LONGEST_STRETCH = 64
"""Bytes that are looked at as words."""
_LONGEST_LINE = 1 << 16
_HIGH_BITS = 0x8080808080808080
_PADDING = LONGEST_STRETCH  # words can be fetched for the last cell, and after it


def kept(word: int, most: int) -> UInt64:
    """What keeps of a word the bytes of a stretch, by its length from 0 up to `most`.

    Args:
        word: Which word of the stretch, from 0.
        most: The greatest length.
    """
    counts = (min(max(length - word * WORD, 0), WORD) for length in range(most + 1))
    return np.array([(1 << 8 * count) - 1 for count in counts], dtype=np.uint64)


_KEPT = [kept(word, LONGEST_STRETCH) for word in range(LONGEST_STRETCH // WORD)]


class Stretches(NamedTuple):
    """A stretch of each row: a cell, or some that stand together.

    Attributes:
        data: The lines.
        start: Where each begins.
        end: Where each ends.
        words: What tells one from another: its length, and its words of eight bytes,
            one column each, as many as the longest one needs; behind its end are
            zeros.
    """

    data: bytes
    start: Int64
    end: Int64
    words: list[UInt64]

    def texts(self, rows: Int64) -> list[str]:
        """The stretches of some rows."""
        columns = [column[rows] for column in self.words[1:]]
        if columns and b"\0" not in self.data:
            words = np.stack(columns, axis=1).astype("<u8")
            if not int(np.bitwise_or.reduce(words, axis=None)) & _HIGH_BITS:
                # A third of the time: numpy cuts ASCII texts where the zeros begin.
                letters = words.view(np.uint8).astype(np.uint32)
                texts = letters.view(f"U{letters.shape[1]}").ravel().tolist()
                return cast("list[str]", texts)
        places = zip(self.start[rows].tolist(), self.end[rows].tolist(), strict=True)
        return [self.data[start:end].decode() for start, end in places]


class PlainLines(NamedTuple):
    """The rows of a block of plain lines.

    Attributes:
        data: The lines.
        words: The words that begin at each byte; see `words_of`.
        first: Where each row begins.
        marks: The places of the commas and of the line feed, by row.
    """

    data: bytes
    words: npt.NDArray[np.void]
    first: Int64
    marks: Int64

    def cell(self, place: int) -> tuple[Int64, Int64]:
        """First and last place of the cell in a column, by row."""
        start = self.first if place == 0 else self.marks[:, place - 1] + 1
        return start, np.ascontiguousarray(self.marks[:, place])

    def stretches(self, start: Int64, end: Int64) -> Stretches | None:
        """A stretch of each row, or None if one is too long for words."""
        return stretches(self.data, self.words, start, end)


def word_of(text: bytes) -> np.uint64:
    """A text of up to eight bytes as a word, filled up with zeros."""
    return np.uint64(int.from_bytes(text.ljust(WORD, b"\0"), "little"))


def words_of(data: bytes) -> npt.NDArray[np.void]:
    """The words that begin at any place of some bytes, or at their end, for `fetch`."""
    padded = data + bytes(_PADDING)
    item = f"V{WORDS * WORD}"
    return np.ndarray((len(data) + WORDS * WORD + 1,), item, padded, strides=(1,))


def fetch(words: npt.NDArray[np.void], places: Int64) -> list[UInt64]:
    """The `WORDS` words that begin at some places, one column each."""
    rows = words[places].view("<u8").reshape(-1, WORDS)
    return list(np.ascontiguousarray(rows.T))


def fetch_one(words: npt.NDArray[np.void], places: Int64) -> UInt64:
    """The word that begins at some places, in two thirds of the time of `fetch`."""
    return cast("UInt64", words.getfield("<u8")[places])


def stretches(
    data: bytes, words: npt.NDArray[np.void], start: Int64, end: Int64
) -> Stretches | None:
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
    shortest, longest = int(length.min()), int(length.max())
    if longest > LONGEST_STRETCH:
        return None
    columns: list[UInt64] = []
    for offset in range(0, longest, WORDS * WORD):
        columns += fetch(words, start + offset)
    columns = columns[: -(-longest // WORD)]
    for number in range(shortest // WORD, len(columns)):
        columns[number] &= _KEPT[number][length]
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
    is_mark = data == ord(",")
    is_mark |= is_end
    places = np.flatnonzero(is_mark)
    if len(places) != width * np.count_nonzero(is_end):
        return None
    marks = places.reshape(-1, width)
    if not is_end[marks[:, -1]].all():
        return None
    return marks
