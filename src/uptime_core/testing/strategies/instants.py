"""Instants, and the zones in which they are hard."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import strategies as st

from uptime_core.testing.anchors import ANCHORS, FIRST_YEAR_IN_FILES
from uptime_core.timezones import load_timezone, timezone_names

if TYPE_CHECKING:
    from collections.abc import Sequence

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
"""A Wednesday, about which strategies draw unless they are told otherwise."""

MICROSECOND = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
TWO_DAYS = timedelta(days=2)
_STEPS = (timedelta(0), HOUR, -HOUR, MICROSECOND, -MICROSECOND)
_MOMENTS = range(5)
_MONTH = timedelta(days=40)


def timezones(*, hostile: bool = False) -> st.SearchStrategy[str]:
    """Names of time zones: half of them hostile, or all of them.

    The hostile ones are those of `uptime_core.testing.anchors.ANCHORS`.

    >>> from uptime_core.testing.strategies import simplest
    >>> simplest(timezones(), lambda name: name.startswith("A"))
    'America/Chicago'
    >>> simplest(timezones(), lambda name: name.startswith("Europe/P"))
    'Europe/Paris'
    """
    if hostile:
        return st.sampled_from(list(ANCHORS))
    return st.one_of(timezones(hostile=True), st.sampled_from(sorted(timezone_names())))


def anchors(
    *, first_year: int = FIRST_YEAR_IN_FILES
) -> st.SearchStrategy[tuple[str, datetime]]:
    """A zone and an instant at which its offset from UTC changes.

    Args:
        first_year: None is older; a file cannot have instants before 1900.

    >>> from uptime_core.testing.strategies import simplest
    >>> zone, at = simplest(anchors(), lambda anchor: anchor[0] != "UTC")
    >>> print(zone, at)
    America/Chicago 2023-03-12 08:00:00+00:00
    """
    return st.sampled_from(
        [
            (zone, at)
            for zone, instants_of_it in ANCHORS.items()
            for at in instants_of_it
            if at.year >= first_year
        ]
    )


def instants(
    *, near: datetime = NOON, within: timedelta = TWO_DAYS
) -> st.SearchStrategy[datetime]:
    """Aware datetimes: half hours off, a microsecond or two off, and any others.

    Args:
        near: What they are off.
        within: By how much at most.

    >>> from uptime_core.testing.strategies import simplest
    >>> print(simplest(instants(), lambda at: at > NOON))
    2023-01-25 12:30:00+00:00
    """
    return deltas(within).map(lambda delta: near + delta)


def deltas(within: timedelta = TWO_DAYS) -> st.SearchStrategy[timedelta]:
    """By how much instants lie off another one."""
    half_hours = int(within / HOUR * 2)
    micros = within // MICROSECOND
    return st.one_of(
        st.integers(-half_hours, half_hours).map(lambda n: n * HOUR / 2),
        st.integers(-2, 2).map(lambda n: n * MICROSECOND),
        st.integers(-micros, micros).map(lambda n: n * MICROSECOND),
    )


class Place(NamedTuple):
    """An instant that is not yet fixed: so far off one of some moments.

    Strategies that are made once and fixed later are drawn from ten times as fast as
    strategies that are made anew for the moments of each draw.
    """

    moment: int
    off: timedelta

    def among(self, moments: Sequence[datetime]) -> datetime:
        """The instant."""
        return moments[self.moment % len(moments)] + self.off


_NEAR = [Place(moment, step) for step in _STEPS for moment in _MOMENTS]


def places() -> st.SearchStrategy[Place]:
    """Instants that are, or lie just beside, one of some moments, and any others.

    Few choices make a value, so that hypothesis can leave it out as a whole when it
    looks for a simpler case. It draws from what is there twice only once, unless the
    two differ.
    """
    near = [st.sampled_from(_NEAR).map(lambda place: place) for _ in range(4)]
    return st.one_of(*near, deltas().map(lambda off: Place(0, off)))


def walls_about(
    zone: str, anchor: datetime, moments: Sequence[datetime]
) -> list[tuple[int, str]]:
    """Days of the week and times that a shop's wall clock reads at some moments.

    Of an anchor they are the first reading after its change, the one that would have
    come without it, and one between the two: inside the gap, or inside the fold.
    """
    tzinfo = load_timezone(zone)
    changed, *others = (at.astimezone(tzinfo).replace(tzinfo=None) for at in moments)
    before = (anchor - MICROSECOND).astimezone(tzinfo).replace(tzinfo=None)
    unchanged = before + MICROSECOND
    between = unchanged + (changed - unchanged) / 2
    return [_wall(local) for local in (between, unchanged, changed, *others)]


def _wall(local: datetime) -> tuple[int, str]:
    odd = local.second or local.microsecond
    return local.weekday(), local.time().isoformat() if odd else f"{local:%H:%M}"


def moments_about(
    zone: str, anchor: datetime, offs: Sequence[timedelta]
) -> list[datetime]:
    """An anchor, others of its zone in the same weeks, and instants off the anchor."""
    known = ANCHORS.get(zone, ())
    others = [at for at in known if at != anchor and abs(at - anchor) < _MONTH]
    return [anchor, *others, *(anchor + off for off in offs)]
