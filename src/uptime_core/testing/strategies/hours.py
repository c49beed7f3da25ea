"""Business hours."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from uptime_core.schedule import WeeklySchedule
from uptime_core.testing import regions
from uptime_core.testing.strategies.events import tell

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from uptime_core.testing.dataset import HoursRow

    Wall = tuple[int, str]
    Rows = tuple[HoursRow, ...]
    Draft = Callable[[Sequence[Wall]], Rows]

_DAYS = range(7)
_STARTS = (
    *("09:00", "0:00", "00:00", "01:00", "01:30", "02:00", "2:15", "02:30", "03:00"),
    *("06:00", "12:00", "17:30:30", "22:00", "23:30", "01:59:59.999999"),
    *("00:00:00.000001", "23:58", "23:59", "23:59:59.5"),
)
_LAST = ("24:00", "23:59", "23:59:59", "24:00:00", "23:59:00", "23:59:59.9", "00:00")
"""Ways to write that a shop is open until its day ends."""

_MORNINGS = ("06:00", "02:30", "03:00", "0:30")
_ENDS = ("17:00", *_STARTS, *_LAST)
_WHICH = (0, 0, 0, 1, 2, 3, 4, 5)
"""Of the times that matter, which one; the first is inside a gap or a fold."""

_MINUTES_A_DAY = 24 * 60
_CLOCK = tuple(f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 30))
_SHAPES = {
    "touching": (0, 1, 1, 2),
    "overlapping": (0, 2, 1, 3),
    "one inside the other": (0, 3, 1, 2),
    "overlapping nights": (2, 0, 3, 1),
    "one night inside the other": (2, 1, 3, 0),
}
"""Two rows: which of four times, in their order, they begin and end at."""


def business_hours(
    *, at: Sequence[Wall] = (), max_size: int = 7
) -> st.SearchStrategy[Rows]:
    """The rows of one shop ``(day, start, end)``, with times in text; at least one.

    Among them are nights, nights split at midnight, 24 hours from a start, rows inside
    others, rows that overlap or touch, and every way to write the end of a day.

    Args:
        at: Days and times at which rows shall often begin or end.
        max_size: How many there are at most.

    >>> from uptime_core.testing.strategies import simplest
    >>> simplest(business_hours())
    ((0, '09:00', '17:00'),)
    """
    return _written(drafts(about_moments=bool(at)), at, max_size)


@st.composite
def _written(
    draw: st.DrawFn, drawn: st.SearchStrategy[Draft], at: Sequence[Wall], most: int
) -> Rows:
    return draw(drawn)(at)[:most]


def weekly_schedules() -> st.SearchStrategy[WeeklySchedule]:
    """`business_hours` as `WeeklySchedule`; also always closed, and always open.

    >>> from uptime_core.testing.strategies import simplest
    >>> simplest(weekly_schedules())
    <WeeklySchedule: always closed>
    >>> simplest(weekly_schedules(), lambda week: week.rows) == WeeklySchedule.always()
    True
    """
    return st.one_of(
        st.builds(WeeklySchedule),
        business_hours().map(WeeklySchedule),
        st.builds(WeeklySchedule.always),
    )


def drafts(*, about_moments: bool) -> st.SearchStrategy[Draft]:
    """What gives rows once it is told of days and times that matter.

    Args:
        about_moments: Whether it will be told of any.
    """
    starts, ends = clock_starts(), clock_ends()
    days, numbers = st.sampled_from(_DAYS), st.sampled_from(_WHICH)
    some_days = st.lists(days, min_size=2, max_size=7, unique=True)
    four_times = st.lists(st.sampled_from(_CLOCK), min_size=4, max_size=4, unique=True)
    row = st.builds(_row, days, starts, ends)
    groups = [
        row,
        st.builds(_split_at_midnight, days, starts, st.sampled_from(_LAST), ends),
        st.builds(_two_on_a_day, days, four_times, st.sampled_from(sorted(_SHAPES))),
        st.builds(_on_some_days, some_days, starts, ends),
        st.builds(_around_the_clock, days, starts),
    ]
    if about_moments:
        groups += [
            *(st.builds(_begins, numbers, ends) for _ in range(2)),
            *(st.builds(_closes, numbers, starts) for _ in range(2)),
            st.builds(_night, numbers, st.booleans(), st.sampled_from(_MORNINGS)),
        ]
    return st.lists(st.one_of(groups), min_size=1, max_size=3).map(_all_of)


def _all_of(groups: Sequence[Draft]) -> Draft:
    def write(at: Sequence[Wall]) -> Rows:
        rows = tuple(chain.from_iterable(group(at) for group in groups))
        tell(regions.of_hours(rows))
        return rows

    return write


def clock_starts() -> st.SearchStrategy[str]:
    """Times of day at which a row may begin, in text."""
    return _times(_STARTS)


def clock_ends() -> st.SearchStrategy[str]:
    """Times of day at which a row may end, in text."""
    return _times(_ENDS)


def _times(special: Sequence[str]) -> st.SearchStrategy[str]:
    """Special times of day, as often as all others together.

    It is one choice; with one of the kind first, simpler cases are harder to find.
    """
    often = _MINUTES_A_DAY // len(special)
    minutes = (divmod(minute, 60) for minute in range(_MINUTES_A_DAY))
    others = [f"{hour}:{minute:02}" for hour, minute in minutes]
    return st.sampled_from([*tuple(special) * often, *others])


def _row(day: int, start: str, end: str) -> Draft:
    return lambda _: ((day, start, end),)


def _around_the_clock(day: int, start: str) -> Draft:
    return lambda _: ((day, start, start),)


def _begins(number: int, end: str) -> Draft:
    return lambda at: ((*at[number % len(at)], end),)


def _closes(number: int, start: str) -> Draft:
    def write(at: Sequence[Wall]) -> Rows:
        day, end = at[number % len(at)]
        return ((day, start, end),)

    return write


def _night(number: int, on_the_day: bool, end: str) -> Draft:  # noqa: FBT001  # drawn
    """A night that ends, or begins, on a day that matters."""
    return lambda at: (
        ((at[number % len(at)][0] - (not on_the_day)) % 7, "22:00", end),
    )


def _split_at_midnight(day: int, start: str, last: str, end: str) -> Draft:
    """A night in two rows, which join without a hole."""

    def write(at: Sequence[Wall]) -> Rows:
        own = _day(day, at)
        return (own, start, last), ((own + 1) % 7, "00:00", end)

    return write


def _two_on_a_day(day: int, times: Sequence[str], shape: str) -> Draft:
    def write(at: Sequence[Wall]) -> Rows:
        own = _day(day, at)
        a, b, c, d = (sorted(times)[place] for place in _SHAPES[shape])
        return (own, a, b), (own, c, d)

    return write


def _on_some_days(days: Sequence[int], start: str, end: str) -> Draft:
    return lambda _: tuple((day, start, end) for day in sorted(days))


def _day(number: int, at: Sequence[Wall]) -> int:
    """A day that matters, if any does."""
    return at[number % len(at)][0] if at else number
