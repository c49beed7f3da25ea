"""Numbers of ids, looked up for whole columns of words at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    from uptime_core.kernel.arrays import Bool, Int32, UInt64

Scalar = TypeVar("Scalar", bound=np.generic)

_SPACE_BITS = 3  # a slot in eight is taken at most, so that few entries find none free
_NONE = np.int32(-1)
_MULTIPLIERS = tuple(
    np.uint64(number)
    for number in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xD6E8FEB86659FD93)
)
"""Odd numbers without a pattern; each gives an entry another slot."""


class IdTable:
    """Looks cells up in a mapping like `StoreCodes`, which it fills.

    A hash table of the cells seen so far: each has three slots it may be in, and is
    compared with what is there in every byte. A cell that is in none of them is looked
    up as text.

    Args:
        codes: Gives each id its number, below 0 for what is no id.
    """

    def __init__(self, codes: Mapping[str, int]) -> None:
        self._codes = codes
        self._cells: set[bytes] = set()
        self._words: list[UInt64] = []
        self._hashes = np.empty(0, dtype=np.uint64)
        self._numbers = np.empty(0, dtype=np.int32)
        self._slots = np.full(2, -1, dtype=np.int32)

    def lookup(self, words: Sequence[UInt64], cell: Callable[[int], bytes]) -> Int32:
        """The number of each row's id, or -1 for what is no id.

        Args:
            words: The cells as words of eight bytes, padded with zeros, one column
                each; without a row, not even one.
            cell: Gives a row's cell.
        """
        hashes = _hashes(words)
        if self._cells:
            # Nearly all are in the first of their slots, so that no row is picked yet.
            entry = self._slots[self._slot(hashes, _MULTIPLIERS[0])]
            is_entry = self._is_entry(entry, words)
            numbers = np.where(is_entry, self._numbers[entry], _NONE)
            rows = np.flatnonzero(~is_entry)
            for multiplier in _MULTIPLIERS[1:]:
                entry = self._slots[self._slot(hashes[rows], multiplier)]
                is_entry = self._is_entry(entry, [column[rows] for column in words])
                numbers[rows[is_entry]] = self._numbers[entry[is_entry]]
                rows = rows[~is_entry]
        else:
            numbers = np.full(len(hashes), _NONE)
            rows = np.arange(len(hashes))
        fresh = []
        for row in rows.tolist():
            text = cell(row)
            numbers[row] = number = self._codes[text.decode()]
            if number >= 0 and text not in self._cells:
                self._cells.add(text)
                fresh.append(row)
        if fresh:
            self._add(
                [column[fresh] for column in words], hashes[fresh], numbers[fresh]
            )
        return numbers

    def _is_entry(self, entry: Int32, words: Sequence[UInt64]) -> Bool:
        """Which cells are those of the entries, byte by byte."""
        same = entry >= 0
        for known, column in zip(self._words, words, strict=False):
            same &= known[entry] == column
        for known in self._words[len(words) :]:
            same &= known[entry] == 0
        for column in words[len(self._words) :]:
            same &= column == 0
        return same

    def _add(self, words: list[UInt64], hashes: UInt64, numbers: Int32) -> None:
        count = len(self._cells)
        first = count - len(hashes)
        if count > len(self._numbers):
            room = 2 * count
            self._hashes = _enlarged(self._hashes, room)
            self._numbers = _enlarged(self._numbers, room)
            self._words = [_enlarged(column, room) for column in self._words]
        while len(self._words) < len(words):
            self._words.append(np.zeros(len(self._numbers), dtype=np.uint64))
        new = slice(first, count)
        self._hashes[new], self._numbers[new] = hashes, numbers
        for known, column in zip(self._words, words, strict=False):
            known[new] = column
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

    def _slot(self, hashes: UInt64, multiplier: np.uint64) -> UInt64:
        bits = len(self._slots).bit_length() - 1
        return (hashes * multiplier) >> np.uint64(64 - bits)


def _hashes(words: Sequence[UInt64]) -> UInt64:
    """A number of each row's words that others very likely do not have.

    Zeros at the end change nothing, since the same cell may have more words of padding
    elsewhere.
    """
    mixed = words[0].copy()
    for number, column in enumerate(words[1:], start=1):
        part = column * _MULTIPLIERS[number % len(_MULTIPLIERS)]
        part ^= part >> np.uint64(32)
        part *= np.uint64(2 * number + 1)
        mixed += part
    mixed ^= mixed >> np.uint64(31)
    return mixed


def _enlarged(values: npt.NDArray[Scalar], room: int) -> npt.NDArray[Scalar]:
    larger = np.zeros(room, dtype=values.dtype)
    larger[: len(values)] = values
    return larger
