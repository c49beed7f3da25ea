"""Numbers of cells, looked up for whole columns of words at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from uptime_core.kernel.arrays import Bool, Index, Int32, Int64, UInt64
    from uptime_core.plain_lines import Stretches

Scalar = TypeVar("Scalar", bound=np.generic)

_SPACE_BITS = 3  # a slot in eight is taken at most, so that few entries find none free
_NONE = np.int32(-1)
_MULTIPLIERS = tuple(
    np.uint64(number)
    for number in (
        0x9E3779B97F4A7C15,
        0xC2B2AE3D27D4EB4F,
        0xD6E8FEB86659FD93,
        0xA0761D6478BD642F,
        0xE7037ED1A0B428DB,
        0x8EBC6AF09C88C6E3,
    )
)
"""Odd numbers without a pattern; each gives an entry another slot.

Six, so that hardly an entry finds them all taken: to look up two of these as texts
takes half as much time, in every block, as to look up all others.
"""


class CellTable:
    """Looks cells up where texts are numbered, as in `StoreCodes`.

    A hash table of the cells seen so far: each has six slots it may be in, and is
    compared with what is there in every byte. A cell that is in none of them is looked
    up as text.

    Args:
        numbers_of: Gives texts their numbers, below 0 where one has none.
    """

    def __init__(self, numbers_of: Callable[[Sequence[str]], Sequence[int]]) -> None:
        self._numbers_of = numbers_of
        self._texts: set[str] = set()
        self._words: list[UInt64] = []
        self._hashes = np.empty(0, dtype=np.uint64)
        self._numbers = np.empty(0, dtype=np.int32)
        self._slots = np.full(2, -1, dtype=np.int32)

    def lookup(self, cells: Stretches) -> Int32:
        """The number of each row's cell, or -1 for one that has none."""
        words = cells.words
        hashes = _hashes(words)
        if self._texts:
            # Nearly all are in the first of their slots, so that no row is picked yet.
            entry = self._slots[self._slot(hashes, _MULTIPLIERS[0])].astype(np.int64)
            rows = np.flatnonzero(~self._is_entry(entry, words))
            numbers = self._numbers[entry]
            numbers[rows] = _NONE
            rows = self._find(cells, hashes, rows, numbers)
        else:
            numbers = np.full(len(hashes), _NONE)
            rows = np.arange(len(hashes))
        if len(rows):
            self._learn(cells, hashes, _firsts(words, hashes, rows))
            rows = self._find(cells, hashes, rows, numbers)
        if len(rows):
            numbers[rows] = self._numbers_of(cells.texts(rows))
        return numbers

    def _find(
        self, cells: Stretches, hashes: UInt64, rows: Int64, numbers: Int32
    ) -> Int64:
        """Fill in the numbers of some rows; those that are in no slot are left."""
        for multiplier in _MULTIPLIERS:
            if not len(rows):
                break
            entry = self._slots[self._slot(hashes[rows], multiplier)]
            is_entry = self._is_entry(entry, [column[rows] for column in cells.words])
            numbers[rows[is_entry]] = self._numbers[entry[is_entry]]
            rows = rows[~is_entry]
        return rows

    def _learn(self, cells: Stretches, hashes: UInt64, rows: Int64) -> None:
        """Look up some rows as texts, and keep those that have a number."""
        texts = cells.texts(rows)
        numbers = np.array(self._numbers_of(texts), dtype=np.int32)
        # At first all of them are new and have numbers, and need no look at each.
        if (
            numbers.min() < 0
            or len(set(texts)) < len(texts)
            or not self._texts.isdisjoint(texts)
        ):
            places = {text: place for place, text in enumerate(texts)}
            fresh = np.array(
                [
                    place
                    for text, place in places.items()
                    if numbers[place] >= 0 and text not in self._texts
                ],
                dtype=np.int64,
            )
            rows, numbers = rows[fresh], numbers[fresh]
            texts = [texts[place] for place in fresh.tolist()]
        if texts:
            self._texts.update(texts)
            self._add([column[rows] for column in cells.words], hashes[rows], numbers)

    def _is_entry(self, entry: Index, words: Sequence[UInt64]) -> Bool:
        """Which cells are those of the entries, byte by byte."""
        same = entry >= 0
        # Cells of one length need the same number of words, and no more than there are.
        for known, column in zip(self._words, words, strict=False):
            same &= known[entry] == column
        return same

    def _add(self, words: list[UInt64], hashes: UInt64, numbers: Int32) -> None:
        count = len(self._texts)
        first = count - len(hashes)
        if count > len(self._numbers):
            room = 2 * count
            self._hashes = _enlarged(self._hashes, room)
            self._numbers = _enlarged(self._numbers, room)
            self._words = [_enlarged(column, room) for column in self._words]
        if not self._words:
            self._words = [np.zeros(len(self._numbers), dtype=np.uint64) for _ in words]
        while len(self._words) < len(words):
            self._words.append(np.zeros_like(self._words[0]))
        new = slice(first, count)
        self._hashes[new], self._numbers[new] = hashes, numbers
        for known, column in zip(self._words, words, strict=False):
            known[new] = column  # the others have zeros there
        if count << _SPACE_BITS > len(self._slots):
            bits = (2 * count << _SPACE_BITS).bit_length()
            self._slots = np.full(1 << bits, -1, dtype=np.int32)
            first = 0
        self._place(np.arange(first, count, dtype=np.int32))

    def _place(self, entries: Int32) -> None:
        """Put entries into free slots, as far as there are."""
        for multiplier in _MULTIPLIERS:
            slot = self._slot(self._hashes[entries], multiplier)
            is_free = self._slots[slot] < 0
            self._slots[slot[is_free]] = entries[is_free]
            entries = entries[self._slots[slot] != entries]

    def _slot(self, hashes: UInt64, multiplier: np.uint64) -> Int64:
        bits = len(self._slots).bit_length() - 1
        return ((hashes * multiplier) >> np.uint64(64 - bits)).view(np.int64)


def _hashes(words: Sequence[UInt64]) -> UInt64:
    """A number of each row's words that others very likely do not have.

    Zeros change nothing, since the same cell may have more of these elsewhere.
    """
    length, *columns = words
    mixed = length * _MULTIPLIERS[0]
    for number, column in enumerate(columns, start=1):
        # The upper half in the lower one, too: what differs in the last byte alone
        # would differ in the first eight bits of the product alone, in each word.
        folded = column >> np.uint64(32)
        folded ^= column
        folded *= _MULTIPLIERS[number % len(_MULTIPLIERS)] + np.uint64(2 * number)
        mixed += folded
    mixed ^= mixed >> np.uint64(31)
    return mixed


def _firsts(words: Sequence[UInt64], hashes: UInt64, rows: Int64) -> Int64:
    """The first row of each cell among some rows, in their order; others may be too.

    Sorted by 16 bits, which takes a tenth of the time that all 64 do, few cells stand
    between others that are equal.
    """
    bits = (hashes[rows] >> np.uint64(48)).astype(np.uint16)
    rows = rows[np.argsort(bits, kind="stable")]
    differs = np.ones(len(rows), dtype=np.bool_)
    differs[1:] = False
    for column in words:
        sorted_words = column[rows]
        differs[1:] |= sorted_words[1:] != sorted_words[:-1]
    return np.sort(rows[differs])


def _enlarged(values: npt.NDArray[Scalar], room: int) -> npt.NDArray[Scalar]:
    larger = np.zeros(room, dtype=values.dtype)
    larger[: len(values)] = values
    return larger
