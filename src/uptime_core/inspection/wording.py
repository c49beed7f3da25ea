"""Instants, durations, ids and rows of hours as people read them."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from uptime_core.errors import counted, shown
from uptime_core.instants import to_datetime
from uptime_core.kernel.localtime import SECOND
from uptime_core.kernel.weekly import DAY
from uptime_core.schedule import BusinessHours

if TYPE_CHECKING:
    from collections.abc import Iterable

EXAMPLES = 3
"""How many a finding has at most."""

_MINUTE, _HOUR = 60 * SECOND, 3600 * SECOND
_UNITS = (
    (3 * DAY, DAY, "days"),
    (2 * _HOUR, _HOUR, "h"),
    (2 * _MINUTE, _MINUTE, "min"),
)


def instant(micros: int) -> str:
    """``2023-01-25 18:13:22 UTC``."""
    return f"{_instant(micros)} UTC"


def stretch(start: int, end: int) -> str:
    """``2023-01-19 20:11:39 to 2023-01-20 05:26:23 UTC (9.2 h)``."""
    return f"{_instant(start)} to {_instant(end)} UTC ({duration(end - start)})"


def duration(micros: int) -> str:
    """In days, hours, minutes or seconds, whichever says it in few digits."""
    for least, unit, name in _UNITS:
        if micros >= least or (micros >= unit and micros % unit == 0 and unit < DAY):
            return f"{micros / unit:,.1f}".removesuffix(".0") + f" {name}"
    return f"{micros / SECOND:.3g} s"


def weekly(start: int, end: int) -> str:
    """A stretch of a week, of 24 hours at most, like ``Mon 11:59–12:00``."""  # noqa: RUF002
    day, opens = divmod(start, DAY)
    return str(BusinessHours(day, opens, opens + end - start))


def clause(number: int, thing: str, one: str, several: str) -> str:
    """``1 shop has``, ``2 shops have``: a number of things, and the verb after it."""
    return f"{counted(number, thing)} {one if number == 1 else several}"


def some(store_ids: Iterable[str]) -> tuple[str, ...]:
    """The first few ids, as messages quote them."""
    return tuple(map(shown, islice(store_ids, EXAMPLES)))


def _instant(micros: int) -> str:
    return to_datetime(micros).replace(tzinfo=None, microsecond=0).isoformat(" ")
