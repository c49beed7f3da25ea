"""What a report is asked: windows and policies."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import attrs
from hypothesis import strategies as st

from uptime_core.policy import MissingHours, Policy
from uptime_core.testing.strategies.instants import (
    HOUR,
    MICROSECOND,
    NOON,
    Place,
    places,
    timezones,
)
from uptime_core.window import Unit, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    Question = Callable[[str, Sequence[datetime]], Window]

_LENGTHS = (
    *(HOUR, timedelta(days=1), timedelta(weeks=1), MICROSECOND),
    *(timedelta(minutes=90), timedelta(days=2, microseconds=1)),
)
_REACHES = (
    *(HOUR, None, timedelta(minutes=17, microseconds=3), MICROSECOND),
    *(timedelta(hours=5), timedelta(days=400_000)),
)
_UNITS: tuple[Unit, ...] = ("hours", "seconds", "minutes", "days")
_NAMES = ("w", "last day", 'a,"b"', "=1", "\u00fc", "x" * 100)


def windows(
    *, near: datetime = NOON, names: st.SearchStrategy[str] | None = None
) -> st.SearchStrategy[Window]:
    """Windows of both kinds, of no length up to a week.

    Those of one report need different names.

    Args:
        near: Absolute ones begin and end within two days of it.
        names: What they are called; by default also what is hard to write in a header.

    >>> from uptime_core.testing.strategies import simplest
    >>> simplest(windows())
    <Window 'w': last 1:00:00, in hours>
    """
    names = st.sampled_from(_NAMES) if names is None else names
    drawn = st.builds(lambda question, name: question(name, [near]), questions(), names)
    return drawn.flatmap(as_made)


def as_made(window: Window) -> st.SearchStrategy[Window]:
    """The same window, which hypothesis tells as something to be pasted."""
    fields = attrs.asdict(window, filter=lambda _, value: value is not None)
    return st.builds(Window, **{name: st.just(fields[name]) for name in fields})


def questions() -> st.SearchStrategy[Question]:
    """What gives a window once it is told its name, and of moments that matter."""
    units, lengths = st.sampled_from(_UNITS), st.sampled_from(_LENGTHS)
    numbers = st.sampled_from((0, 1, 1, 1, 1, 2))
    between = [st.builds(_between, places(), places(), units) for _ in range(2)]
    across = [st.builds(_across, numbers, lengths, lengths, units) for _ in range(2)]
    return st.one_of(st.builds(_last, lengths, units), *between, *across)


def _last(length: timedelta, unit: Unit) -> Question:
    return lambda name, _: Window.last(length, name=name, unit=unit)


def _between(one: Place, other: Place, unit: Unit) -> Question:
    def ask(name: str, moments: Sequence[datetime]) -> Window:
        start, end = sorted((one.among(moments), other.among(moments)))
        return Window.between(start, end, name=name, unit=unit)

    return ask


def _across(number: int, before: timedelta, after: timedelta, unit: Unit) -> Question:
    """A window with the first moment, and perhaps another one, in it."""

    def ask(name: str, moments: Sequence[datetime]) -> Window:
        ends = sorted((moments[0], moments[number % len(moments)]))
        return Window.between(ends[0] - before, ends[1] + after, name=name, unit=unit)

    return ask


def policies(*, strict: bool = False) -> st.SearchStrategy[Policy]:
    """Every policy.

    Args:
        strict: Also those that make missing hours or a missing zone an error.

    >>> from uptime_core.testing.strategies import simplest
    >>> simplest(policies()) == Policy()
    True
    >>> simplest(policies(), lambda policy: policy.reach != HOUR).reach is None
    True
    """
    missing: list[MissingHours] = ["open", "open", "open", "closed"]
    zones = st.one_of(st.just("America/Chicago"), timezones(hostile=True))
    return st.builds(
        Policy,
        extrapolation=st.sampled_from(("previous", "next", "nearest")),
        reach=st.one_of(
            st.sampled_from(_REACHES),
            st.integers(1, 10**11).map(lambda n: timedelta(microseconds=n)),
        ),
        initial=st.sampled_from(("unknown", "first")),
        missing_hours=st.sampled_from([*missing, "error"] if strict else missing),
        default_timezone=st.one_of(zones, st.none()) if strict else zones,
    )
