"""Polls of plain CSV lines, a block of lines at a time, without a text for any cell.

Cells are looked at as words of eight bytes: a timestamp is four of them, and some
twenty operations on whole columns check every byte of it and add it up. Rows whose
cells have another form, but are still one line without quotes, are left to be read as
texts; blocks of other lines are left to the csv module. Nothing is ever guessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uptime_core.instants import FIRST_YEAR, MONTH_DAYS, MONTH_START
from uptime_core.kernel.localtime import SECOND
from uptime_core.plain_lines import WORD, Stretches, plain_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uptime_core.kernel.arrays import Bool, Int64, UInt8, UInt64

ODD_STATUS = 2
"""The status of a row whose cell is neither ``active`` nor ``inactive`` as written."""

_PLAIN_LENGTHS = range(len("2023-01-25 18:13:22 UTC"), 31)
_MOST_DIGITS = 6


def _word(text: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(text.ljust(WORD, b"\0"), "little"))


def _pattern(form: bytes) -> tuple[np.uint64, np.uint64]:
    """What makes a word of this form digits, and what then finds bytes that are none.

    Xor with the form leaves 0 to 9 where it has ``0``, and 0 elsewhere. Adding 0x76
    then sets the high bit of every byte above 9, adding 0x7f that of every byte above
    0; bytes that have it already are caught before the sum.
    """
    limits = bytes(0x76 if byte == ord("0") else 0x7F for byte in form)
    return _word(form), _word(limits)


_DATE, _DATE_LIMITS = _pattern(b"0000-00-")
_CLOCK, _CLOCK_LIMITS = _pattern(b"00 00:00")
_SECONDS, _SECONDS_LIMITS = _pattern(b":00.0000")
_FRACTION, _FRACTION_LIMITS = _pattern(b"000000")
_HIGH_BITS = _word(b"\x80" * WORD)
_BYTE = np.uint64(0xFF)
_UTC = np.uint64(int.from_bytes(b" UTC", "little"))
_ENDING = np.uint64(0xFFFFFFFF)
_ACTIVE, _INACTIVE = _word(b"active"), _word(b"inactive")


def _low_bytes(count: int) -> int:
    return (1 << 8 * count) - 1


_KEPT = np.array([_low_bytes(count) for count in range(WORD + 1)], dtype=np.uint64)
# Of the word at the seconds, and of that behind the point, by the fraction's digits.
_SECONDS_KEPT = np.array(
    [_low_bytes(3), *(_low_bytes(4 + min(count, 4)) for count in range(1, 7))],
    dtype=np.uint64,
)
_FRACTION_KEPT = _KEPT[: _MOST_DIGITS + 1]


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

    def cell(self, column: int, row: int) -> bytes:
        """A cell, of column 0 (id), 1 (timestamp) or 2 (status)."""
        start, end = self.cells[column]
        return self.store_ids.data[start[row] : end[row]]


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


def _statuses(words: UInt64, start: Int64, end: Int64) -> UInt8:
    length = end - start
    word = words[start]
    is_up = (length == len(b"active")) & (word & _KEPT[len(b"active")] == _ACTIVE)
    is_down = (length == len(b"inactive")) & (word == _INACTIVE)
    status = np.full(len(word), ODD_STATUS, dtype=np.uint8)
    status[is_up] = 1
    status[is_down] = 0
    return status


def plain_timestamps(words: UInt64, start: Int64, end: Int64) -> tuple[Int64, Bool]:
    """Instants of cells like ``2023-01-25 18:13:22.479 UTC``, and which are like it.

    The fraction has one to six digits, or is not there with its point.
    """
    length = end - start
    digits = np.clip(length - _PLAIN_LENGTHS[1], 0, _MOST_DIGITS)
    # After the last line there is padding enough for cells of any length.
    date = words[start]
    if (date == date[0]).all():
        date = date[:1]  # one month for all rows, as in most blocks of most files
    date = date ^ _DATE
    clock = words[start + 8] ^ _CLOCK
    seconds = (words[start + 16] ^ _SECONDS) & _SECONDS_KEPT[digits]
    fraction = (words[start + 20] ^ _FRACTION) & _FRACTION_KEPT[digits]
    fault = clock | (clock + _CLOCK_LIMITS)
    fault |= seconds | (seconds + _SECONDS_LIMITS)
    fault |= fraction | (fraction + _FRACTION_LIMITS)
    fault |= date | (date + _DATE_LIMITS)
    is_read = (fault & _HIGH_BITS) == 0
    is_read &= (words[end - 4] & _ENDING) == _UTC
    is_read &= (length >= _PLAIN_LENGTHS[0]) & (length <= _PLAIN_LENGTHS[-1])
    is_read &= length != _PLAIN_LENGTHS[1]  # a point alone is no fraction
    return _instants(date, clock, seconds, fraction, is_read)


def _instants(
    date: UInt64, clock: UInt64, seconds: UInt64, fraction: UInt64, is_read: Bool
) -> tuple[Int64, Bool]:
    """Instants of words whose bytes are digits, and zeros at the marks between them.

    There is a date for each row, or one for all.
    """
    date, clock, seconds, fraction = map(_pairs, (date, clock, seconds, fraction))
    month = _pair(date, 5)
    number = (_pair(date, 0) * 100 + _pair(date, 2) - FIRST_YEAR) * 12 + month - 1
    is_month = (month >= 1) & (month <= 12)  # noqa: PLR2004  # months
    is_month &= (number >= 0) & (number < len(MONTH_DAYS))
    number[~is_month] = 0
    day, hour, minute = _pair(clock, 0), _pair(clock, 3), _pair(clock, 6)
    second = _pair(seconds, 1)
    micro = (_pair(fraction, 0) * 100 + _pair(fraction, 2)) * 100 + _pair(fraction, 4)
    is_read = is_read & is_month & (day >= 1) & (day <= MONTH_DAYS[number])
    is_read &= (hour < 24) & (minute < 60) & (second < 60)  # noqa: PLR2004  # clock
    days = MONTH_START[number] - 1 + day
    at = ((days * 24 + hour) * 60 + minute) * 60 + second
    return at * SECOND + micro, is_read


def _pairs(word: UInt64) -> UInt64:
    """In each byte of a word of digits, the number that it makes with the next one."""
    return word * np.uint64(10) + (word >> np.uint64(8))


def _pair(pairs: UInt64, place: int) -> Int64:
    return ((pairs >> np.uint64(8 * place)) & _BYTE).view(np.int64)
