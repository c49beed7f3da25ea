"""Business hours: weekly rows in shop-local wall time."""

from __future__ import annotations

import re
from array import array
from datetime import time
from functools import lru_cache
from numbers import Integral
from typing import TYPE_CHECKING, ClassVar, TypeAlias

import attrs
import numpy as np

from uptime_core.columns import (
    cells_of,
    check_codes,
    distinct_store_ids,
    integer_column,
    iterable,
)
from uptime_core.errors import InputError, counted, located, shown
from uptime_core.kernel.localtime import SECOND
from uptime_core.kernel.weekly import DAY, WEEK
from uptime_core.store_ids import BLANKS, parse_store_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy.typing as npt

    from uptime_core.kernel.arrays import Int32, Int64

TimeOfDay: TypeAlias = "str | time"

_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?")
_MIDNIGHT_AT_THE_END = ("24:00", "24:00:00")
_LAST_MINUTE = DAY - 60 * SECOND
_LAST_SECOND = DAY - SECOND
_NOT_ALWAYS = "give rows (day, start, end), or WeeklySchedule.always() for all week"
DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def parse_day(cell: object) -> int:
    """A day of the week, 0 for Monday to 6 for Sunday.

    Raises:
        InputError: It is none.
    """
    if isinstance(cell, str):
        text = cell.strip(BLANKS)
        if len(text) == 1 and text in "0123456":
            return int(text)
    elif isinstance(cell, Integral) and not isinstance(cell, bool):
        day = int(cell)
        if 0 <= day < len(DAY_NAMES):
            return day
    raise InputError(
        f"{shown(cell)} is not a day from 0 (Monday) to 6 (Sunday)", field="day"
    )


def parse_hours(start: object, end: object) -> tuple[int, int]:
    """A row's times as microseconds since the day's midnight, the end after the start.

    An end of 24:00, 23:59 or 23:59:59 and a fraction is the day's end. An end before
    the start is on the next day, an end equal to it is 24 hours later.

    Raises:
        InputError: One is no time of day.
    """
    opens = _parse_time(start, "start_time_local")
    if isinstance(end, str) and end.strip(BLANKS) in _MIDNIGHT_AT_THE_END:
        closes = DAY
    else:
        closes = _parse_time(end, "end_time_local")
    if closes == _LAST_MINUTE or closes >= _LAST_SECOND:
        closes = DAY
    return opens, closes if closes > opens else closes + DAY


def _parse_time(cell: object, field: str) -> int:
    if isinstance(cell, str):
        return _parse_clock(cell, field)
    if isinstance(cell, time):
        if cell.tzinfo is not None:
            raise InputError(
                f"{cell!r} has a time zone; business hours are local wall time, leave "
                "tzinfo out",
                field=field,
            )
        return _micros(cell.hour, cell.minute, cell.second, cell.microsecond)
    raise _no_time(cell, field)


@lru_cache(maxsize=4096)  # of some hundred that occur in the real hours
def _parse_clock(text: str, field: str) -> int:
    match = _TIME.fullmatch(text.strip(BLANKS))
    if match is None:
        raise _no_time(text, field)
    hour, minute, second = (int(part or 0) for part in match.groups()[:3])
    if hour > 23 or minute > 59 or second > 59:  # noqa: PLR2004  # a clock's digits
        raise InputError(
            f"{shown(text)} is past the last time of day, 23:59:59"
            + ("; only an end may be 24:00" if hour == 24 else ""),  # noqa: PLR2004
            field=field,
        )
    return _micros(hour, minute, second, int((match[4] or "").ljust(6, "0")))


def _micros(hour: int, minute: int, second: int, micro: int) -> int:
    return ((hour * 60 + minute) * 60 + second) * SECOND + micro


def _no_time(cell: object, field: str) -> InputError:
    return InputError(
        f"{shown(cell)} is not a time of day like '9:00', '09:00' or '09:00:00'",
        field=field,
    )


@attrs.frozen
class BusinessHours:
    """One row of a weekly schedule.

    Attributes:
        day: 0 is Monday, 6 is Sunday.
        start: Microseconds since the day's midnight on the wall clock.
        end: The same for the first instant after, at most 48 hours later; past 24
            hours it is on the next day.
    """

    day: int
    start: int
    end: int

    def __attrs_post_init__(self) -> None:
        with located("BusinessHours"):
            parse_day(self.day)
        if not 0 <= self.start < DAY or not 0 < self.end - self.start <= 2 * DAY:
            raise InputError(
                f"{self.start} to {self.end} microseconds does not start within the "
                "day, or is not above 0 and up to 48 hours",
                source="BusinessHours",
            )

    @classmethod
    def parse(cls, day: int | str, start: TimeOfDay, end: TimeOfDay) -> BusinessHours:
        """The row that these cells describe, texts or `datetime.time`.

        Raises:
            InputError: A cell cannot be read; `field` says which.
        """
        return cls(parse_day(day), *parse_hours(start, end))

    def __str__(self) -> str:
        return f"{DAY_NAMES[self.day]} {_clock(self.start)}–{_clock(self.end)}"  # noqa: RUF001


@attrs.frozen(init=False)
class WeeklySchedule:
    """The weekly business hours of one shop, in its local wall time.

    Rows may overlap, nest and touch: the shop is open in their union. Without any
    row it is always closed. Schedules are equal when their rows are.

    Args:
        rows: `BusinessHours`, or ``(day, start, end)`` as they describe them.

    Raises:
        InputError: A row cannot be read; `line` is its number, from 1.
    """

    rows: tuple[BusinessHours, ...]

    def __init__(
        self,
        rows: Iterable[BusinessHours | tuple[int | str, TimeOfDay, TimeOfDay]] = (),
    ) -> None:
        parsed = []
        given = iterable(rows, "hours", _NOT_ALWAYS)
        for number, row in enumerate(given, start=1):
            try:
                parsed.append(_business_hours(row))
            except InputError as error:
                error.source, error.line = error.source or "hours", number
                raise
        self.__attrs_init__(tuple(parsed))

    @classmethod
    def always(cls) -> WeeklySchedule:
        """Open all day on every day."""
        return cls([BusinessHours(day, 0, DAY) for day in range(len(DAY_NAMES))])

    def __repr__(self) -> str:
        rows = ", ".join(map(str, self.rows)) or "always closed"
        return f"<WeeklySchedule: {rows}>"


@attrs.frozen(eq=False, init=False)
class HoursColumns:
    """Business hours as columns, in any order; row i belongs to shop ``code[i]``.

    Args:
        store_ids: The distinct ids; one without a row is always closed.
        code: int32 indices into `store_ids`.
        start: int64 microseconds since Monday 00:00 on the shop's wall clock, in
            [0, 7 days).
        end: The same for the first instant after, at most two days later; what is
            past the week's end belongs to its beginning.

    Raises:
        InputError: A column has another shape or type, or a value out of range.
    """

    store_ids: tuple[str, ...]
    code: Int32
    start: Int64
    end: Int64

    def __init__(
        self,
        store_ids: Iterable[str],
        code: npt.ArrayLike,
        start: npt.ArrayLike,
        end: npt.ArrayLike,
    ) -> None:
        source = "HoursColumns"
        ids = distinct_store_ids(store_ids, source)
        codes = integer_column(code, np.int32, source, "code")
        starts = integer_column(start, np.int64, source, "start")
        ends = integer_column(end, np.int64, source, "end")
        if not len(codes) == len(starts) == len(ends):
            raise InputError(
                f"the columns code, start and end have {len(codes)}, {len(starts)} "
                f"and {len(ends)} rows; give as many of each",
                source=source,
            )
        check_codes(codes, len(ids), source)
        lengths = ends - starts
        if len(codes) and not (
            0 <= int(starts.min()) <= int(starts.max()) < WEEK
            and 0 < int(lengths.min()) <= int(lengths.max()) <= 2 * DAY
        ):
            raise InputError(
                "a row starts outside the week, or is not above 0 and up to 48 hours; "
                "they are in microseconds since Monday 00:00",
                source=source,
            )
        self.__attrs_init__(ids, codes, starts, ends)

    @classmethod
    def from_schedules(cls, schedules: Mapping[str, WeeklySchedule]) -> HoursColumns:
        """Columns from a schedule for each shop.

        Raises:
            InputError: A key is no id, or a value no schedule.
        """
        codes: dict[str, int] = {}
        code, start, end = array("i"), array("q"), array("q")
        for cell, schedule in schedules.items():
            with located("hours"):
                store_id = parse_store_id(cell)
            if not isinstance(schedule, WeeklySchedule):
                raise InputError(
                    f"{shown(schedule)} of shop {shown(store_id)} is not a "
                    "WeeklySchedule; write WeeklySchedule([(day, start, end), ...])",
                    source="hours",
                )
            number = codes.setdefault(store_id, len(codes))
            for row in schedule.rows:
                code.append(number)
                start.append(row.day * DAY + row.start)
                end.append(row.day * DAY + row.end)
        return cls(
            codes,
            np.array(code, dtype=np.int32),
            np.array(start, dtype=np.int64),
            np.array(end, dtype=np.int64),
        )

    @classmethod
    def concatenate(cls, parts: Iterable[HoursColumns]) -> HoursColumns:
        """All rows of some columns; no two of them have a shop in common."""
        store_ids: list[str] = []
        code, start, end = (
            [np.zeros(0, dtype=np.int32)],
            [np.zeros(0, dtype=np.int64)],
            [np.zeros(0, dtype=np.int64)],
        )
        for part in parts:
            code.append(part.code + np.int32(len(store_ids)))
            start.append(part.start)
            end.append(part.end)
            store_ids += part.store_ids
        return cls(
            store_ids, np.concatenate(code), np.concatenate(start), np.concatenate(end)
        )

    def __reduce__(self) -> tuple[type[HoursColumns], tuple[object, ...]]:
        # Through the constructor, which makes the arrays read-only again.
        return HoursColumns, (self.store_ids, self.code, self.start, self.end)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, HoursColumns):
            return NotImplemented
        return (
            self.store_ids == other.store_ids
            and np.array_equal(self.code, other.code)
            and np.array_equal(self.start, other.start)
            and np.array_equal(self.end, other.end)
        )

    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # it holds arrays

    def __repr__(self) -> str:
        rows, shops = (
            counted(len(self.code), "row"),
            counted(len(self.store_ids), "shop"),
        )
        return f"<HoursColumns: {rows} of {shops}>"


def _business_hours(row: object) -> BusinessHours:
    if isinstance(row, BusinessHours):
        return row
    day, start, end = cells_of(row, 3, "(day, start, end)")
    return BusinessHours.parse(day, start, end)


def _clock(micros: int) -> str:
    while micros > DAY:  # of a later day
        micros -= DAY
    minutes, rest = divmod(micros, 60 * SECOND)
    text = f"{minutes // 60:02d}:{minutes % 60:02d}"
    if rest:
        seconds = f"{rest / SECOND:09.6f}".rstrip("0").rstrip(".")
        return f"{text}:{seconds}"
    return text
