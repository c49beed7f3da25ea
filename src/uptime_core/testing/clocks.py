"""Clocks that tests set, to hand to a `ReportManager` as its ``clock``."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import attrs

from uptime_core.errors import InputError, located, shown
from uptime_core.instants import to_micros

if TYPE_CHECKING:
    from datetime import datetime, timedelta


def _aware(value: datetime, source: str = "FixedClock") -> datetime:
    with located(source):
        to_micros(value)
    return value


@attrs.frozen
class FixedClock:
    """A clock that stands still for ever.

    >>> from datetime import UTC, datetime
    >>> clock = FixedClock(datetime(2023, 1, 25, 12, tzinfo=UTC))
    >>> print(clock())
    2023-01-25 12:00:00+00:00

    Args:
        at: The time it shows, an aware datetime.

    Raises:
        InputError: `at` is none.
    """

    at: datetime = attrs.field(converter=_aware)

    def __call__(self) -> datetime:
        """The time."""
        return self.at


class ManualClock:
    """A clock that stands still until it is moved, from whatever thread.

    >>> from datetime import UTC, datetime, timedelta
    >>> clock = ManualClock(datetime(2023, 1, 25, 12, tzinfo=UTC))
    >>> print(clock.advance(timedelta(minutes=30)))
    2023-01-25 12:30:00+00:00
    >>> print(clock())
    2023-01-25 12:30:00+00:00

    Args:
        start: The time it shows at first, an aware datetime.

    Raises:
        InputError: `start` is none.
    """

    def __init__(self, start: datetime) -> None:
        self._now = _aware(start, "ManualClock")
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        """The time."""
        with self._lock:
            return self._now

    def advance(self, length: timedelta) -> datetime:
        """Let time pass, or go back if `length` is negative; gives the new time.

        Raises:
            InputError: The new time is no instant.
        """
        with self._lock:
            try:
                now = self._now + length
            except (TypeError, OverflowError):
                raise InputError(
                    f"{shown(length)} is no timedelta, or too long",
                    source="ManualClock.advance",
                ) from None
            self._now = _aware(now, "ManualClock.advance")
            return now

    def set(self, instant: datetime) -> None:
        """Show another time.

        Raises:
            InputError: It is no aware datetime.
        """
        instant = _aware(instant, "ManualClock.set")
        with self._lock:
            self._now = instant

    def __repr__(self) -> str:
        return f"<ManualClock: {self()}>"
