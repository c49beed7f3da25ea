"""Timestamps of the usual form, whole columns at a time, as words of eight bytes.

A timestamp is four words, and some forty operations on whole columns check every byte
of it and add it up. What has another form is left to be read as text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uptime_core.instants import FIRST_YEAR, MONTH_DAYS, MONTH_START
from uptime_core.kernel.localtime import SECOND
from uptime_core.plain_lines import WORD, fetch, kept, word_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from uptime_core.kernel.arrays import Bool, Int64, UInt64

_LENGTHS = range(
    len("2023-01-25 18:13:22 UTC"), len("2023-01-25 18:13:22.479545 UTC") + 1
)
_MOST_DIGITS = 6
_DAY_MINUTES = 24 * 60
_MINUTE = 60 * SECOND


def _pattern(form: bytes) -> tuple[np.uint64, np.uint64]:
    """What makes a word of this form digits, and what then finds bytes that are none.

    Xor with the form leaves 0 to 9 where it has ``0``, and 0 elsewhere. Adding 0x76
    then sets the high bit of every byte above 9, adding 0x7f that of every byte above
    0; bytes that have it already are caught before the sum.
    """
    limits = bytes(0x76 if byte == ord("0") else 0x7F for byte in form)
    return word_of(form), word_of(limits)


_DATE, _DATE_LIMITS = _pattern(b"0000-00-")
_CLOCK, _CLOCK_LIMITS = _pattern(b"00 00:00")
_SECONDS, _SECONDS_LIMITS = _pattern(b"00000000")
_HIGH_BITS = word_of(b"\x80" * WORD)


def _endings() -> npt.NDArray[np.uint64]:
    """What the last two words have around the digits, by how many a fraction has.

    A row for each: what is kept of both words to be compared, and what then is there.
    """
    rows = []
    for digits in range(_MOST_DIGITS + 1):
        point = b"." + bytes(digits) if digits else b""
        form = b":\0\0" + point + b" UTC"
        marks = bytes(0xFF if byte else 0 for byte in form)
        rows.append(
            [
                word_of(text[place : place + WORD])
                for text in (marks, form)
                for place in (0, WORD)
            ]
        )
    return np.array(rows)


_ENDINGS = _endings()
_SECONDS_KEPT = kept(0, WORD)[WORD - _MOST_DIGITS :]
"""What is kept of seconds and fraction, by how many digits this has."""

# Day, hour and minute have a byte each; adding the limits sets the high bit of what is
# too great; the product has all minutes in its highest two bytes.
_TIMES = word_of(b"\xff\0\0\xff\0\0\xff")
_TIMES_LIMITS = word_of(bytes([0x7F - 31, 0, 0, 0x7F - 23, 0, 0, 0x7F - 59]))
_TO_MINUTES = np.uint64((_DAY_MINUTES << 48) + (60 << 24) + 1)

# The products have seconds and the third pair of digits, or the second and the fourth
# pair, in the higher half.
_PAIRS = word_of(b"\xff\0\0\0\xff")
_FIRST_AND_THIRD = np.uint64((10**6 << 32) + 100)
_SECOND_AND_FOURTH = np.uint64((10**4 << 32) + 1)


def plain_timestamps(
    words: npt.NDArray[np.void], start: Int64, end: Int64
) -> tuple[Int64, Bool]:
    """Instants of cells like ``2023-01-25 18:13:22.479 UTC``, and which are like it.

    The fraction has one to six digits, or is not there with its point.

    Args:
        words: What `plain_lines.words_of` gives.
        start: Where each cell begins.
        end: Where each ends.
    """
    length = end - start
    digits = np.clip(length - (_LENGTHS[0] + 1), 0, _MOST_DIGITS)
    date, clock, marks, rest = fetch(words, start)
    if (date == date[0]).all():
        date = date[:1]  # one month for all rows, as in most blocks of most files
    clock ^= _CLOCK
    # The seconds, and behind them the fraction without its point.
    seconds = rest << _bits(6)
    seconds |= (marks >> _bits(4)) << _bits(2)
    seconds |= (marks >> _bits(1)) & np.uint64(0xFFFF)
    seconds ^= _SECONDS
    seconds &= _SECONDS_KEPT[digits]
    fault = (clock + _CLOCK_LIMITS) | clock
    fault |= (seconds + _SECONDS_LIMITS) | seconds
    times = _pairs(clock) & _TIMES
    fault |= times + _TIMES_LIMITS
    is_read = (fault & _HIGH_BITS) == 0
    marks_kept, rest_kept, marks_form, rest_form = _ENDINGS.take(digits, axis=0).T
    is_read &= (marks & marks_kept) == marks_form
    is_read &= (rest & rest_kept) == rest_form
    is_read &= (length >= _LENGTHS[0]) & (length <= _LENGTHS[-1])
    is_read &= length != _LENGTHS[1]  # it has two blanks, or a point alone

    month_start, month_minutes, is_month = _months(date)
    minutes = ((times * _TO_MINUTES) >> _bits(6)) - np.uint64(_DAY_MINUTES)
    is_read &= is_month & (minutes < month_minutes)
    pairs = _pairs(seconds)
    micros = (pairs & _PAIRS) * _FIRST_AND_THIRD
    micros += ((pairs >> _bits(2)) & _PAIRS) * _SECOND_AND_FOURTH
    micros >>= _bits(4)
    is_read &= micros < _MINUTE
    at = minutes.view(np.int64) + month_start
    at *= _MINUTE
    at += micros.view(np.int64)
    return at, is_read


def _months(date: UInt64) -> tuple[Int64, UInt64, Bool]:
    """A month's first minute, how many it has, and whether it is a month."""
    date = date ^ _DATE
    is_month = ((date | (date + _DATE_LIMITS)) & _HIGH_BITS) == 0
    pairs = _pairs(date)
    month = _byte(pairs, 5)
    number = (_byte(pairs, 0) * 100 + _byte(pairs, 2) - FIRST_YEAR) * 12 + month - 1
    is_month &= (month >= 1) & (month <= 12)  # noqa: PLR2004  # months
    is_month &= (number >= 0) & (number < len(MONTH_DAYS))
    number[~is_month] = 0
    minutes = (MONTH_DAYS[number] * _DAY_MINUTES).view(np.uint64)
    return MONTH_START[number] * _DAY_MINUTES, minutes, is_month


def _pairs(word: UInt64) -> UInt64:
    """In each byte of a word of digits, the number that it makes with the next one."""
    return word * np.uint64(10) + (word >> _bits(1))


def _byte(word: UInt64, place: int) -> Int64:
    return ((word >> _bits(place)) & np.uint64(0xFF)).view(np.int64)


def _bits(count: int) -> np.uint64:
    """The bits of some bytes."""
    return np.uint64(8 * count)
