"""Windows: the stretches of time that a report adds up."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, get_args

import attrs

from uptime_core.columns import iterable
from uptime_core.errors import InputError, located, shown
from uptime_core.instants import EARLIEST, LATEST, to_micros, to_text, whole_micros

if TYPE_CHECKING:
    from collections.abc import Iterable

Unit = Literal["seconds", "minutes", "hours", "days"]

UNIT_MICROS: dict[Unit, int] = {
    "seconds": 1_000_000,
    "minutes": 60_000_000,
    "hours": 3_600_000_000,
    "days": 86_400_000_000,
}

_LONGEST_NAME = 100
_LARGEST_FIRST: tuple[Unit, ...] = ("days", "hours", "minutes", "seconds")


@attrs.frozen
class Window:
    """A half-open stretch of time, made by `Window.last` or `Window.between`.

    Attributes:
        name: What its columns are called; unique in a report.
        unit: What its sums are written in: seconds, minutes, hours or days.
        length: How far it goes back from the report's "now", in microseconds, or
            None for an absolute window.
        start: An absolute window's first instant in microseconds, or None.
        end: An absolute window's first instant after it, or None.
    """

    name: str
    unit: Unit
    length: int | None = None
    start: int | None = None
    end: int | None = None

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.name, str) or not _is_name(self.name):
            raise InputError(
                f"{shown(self.name)} is not 1 to {_LONGEST_NAME} printable characters",
                source="Window",
                field="name",
            )
        if self.unit not in get_args(Unit):
            raise InputError(
                f"{shown(self.unit)} is none of {', '.join(get_args(Unit))}",
                source="Window",
                field="unit",
            )
        if not (_is_relative(self) or _is_absolute(self)):
            raise InputError(
                "make windows with Window.last or Window.between", source="Window"
            )

    @classmethod
    def last(
        cls, length: timedelta, *, name: str | None = None, unit: Unit = "hours"
    ) -> Window:
        """The window of this length that ends at the report's "now".

        Args:
            length: How long it is; more than nothing.
            name: What its columns are called; by default ``last_30d`` and the like.
            unit: What its sums are written in.

        Raises:
            InputError: An argument is none of these.
        """
        if not isinstance(length, timedelta) or length <= timedelta(0):
            raise InputError(
                f"{shown(length)} is not a positive timedelta, like timedelta(days=1)",
                source="Window.last",
                field="length",
            )
        with located("Window.last", field="length"):
            micros = whole_micros(length, length)
        name = f"last_{_compact(micros)}" if name is None else name
        return cls(name=name, unit=unit, length=micros)

    @classmethod
    def between(
        cls,
        start: datetime,
        end: datetime,
        *,
        name: str = "between",
        unit: Unit = "hours",
    ) -> Window:
        """The window from `start` up to, not including, `end`.

        Args:
            start: First instant, an aware datetime.
            end: First instant after it, not before `start`.
            name: What its columns are called.
            unit: What its sums are written in.

        Raises:
            InputError: An argument is none of these.
        """
        first = _instant(start, "start")
        after = _instant(end, "end")
        if after < first:
            raise InputError(
                f"{end} is before the start, {start}; the start comes first",
                source="Window.between",
                field="end",
            )
        return cls(name=name, unit=unit, start=first, end=after)

    def bounds(self, as_of: int) -> tuple[int, int]:
        """First instant and first instant after it, for a report's "now".

        Raises:
            InputError: The window begins before the year 1.
        """
        if self.start is not None and self.end is not None:
            return self.start, self.end
        start = as_of - (self.length or 0)
        if start < EARLIEST:
            raise InputError(
                "it begins before the year 1; make it shorter, or as_of later",
                source=f"window {self.name!r}",
            )
        return start, as_of

    def __repr__(self) -> str:
        if self.start is not None and self.end is not None:
            span = f"between {to_text(self.start)} and {to_text(self.end)}"
        else:
            span = f"last {timedelta(microseconds=self.length or 0)}"
        return f"<Window {self.name!r}: {span}, in {self.unit}>"


def _instant(value: datetime, field: str) -> int:
    with located("Window.between", field=field):
        return to_micros(value)


def _is_relative(window: Window) -> bool:
    absent = window.start is None and window.end is None
    return absent and isinstance(window.length, int) and window.length > 0


def _is_absolute(window: Window) -> bool:
    start, end = window.start, window.end
    if window.length is not None or not isinstance(start, int):
        return False
    return isinstance(end, int) and EARLIEST <= start <= end <= LATEST


def _is_name(name: str) -> bool:
    return (
        0 < len(name) <= _LONGEST_NAME and name.isprintable() and name.strip() == name
    )


def _compact(micros: int) -> str:
    for unit in _LARGEST_FIRST:
        if micros % UNIT_MICROS[unit] == 0:
            return f"{micros // UNIT_MICROS[unit]}{unit[0]}"
    return f"{micros}us"


DEFAULT_WINDOWS = (
    Window.last(timedelta(hours=1), name="last_hour", unit="minutes"),
    Window.last(timedelta(days=1), name="last_day", unit="hours"),
    Window.last(timedelta(weeks=1), name="last_week", unit="hours"),
)


def checked_windows(windows: Iterable[Window] | Window | None) -> tuple[Window, ...]:
    """The windows of a report, the default ones for None.

    Raises:
        InputError: There is none, something is no window, or two share a name.
    """
    if windows is None:
        return DEFAULT_WINDOWS
    if isinstance(windows, Window):
        return (windows,)
    given = (windows,) if isinstance(windows, str) else windows  # a name, most likely
    checked = tuple(iterable(given, "windows"))
    for window in checked:
        if not isinstance(window, Window):
            raise InputError(
                f"{shown(window)} is not a Window; make one with Window.last or "
                "Window.between",
                source="windows",
            )
    if not checked:
        raise InputError(
            "a report needs at least one window; None is the default ones",
            source="windows",
        )
    for name, times in Counter(window.name for window in checked).items():
        if times > 1:
            raise InputError(
                f"two windows are called {name!r}; give each a name of its own",
                source="windows",
            )
    return checked
