"""How often shops are polled, and when the whole fleet fell silent; arrays only.

Instants and durations are int64 microseconds. What they are compared with does not
depend on whether a fleet is polled in bursts or evenly, on how many polls of each shop
there are, as in a sample, nor on whether the cadence changes:

* The *usual interval* of a day is how long it takes until a shop is polled again: the
  median of the intervals that begin on it; but an hour, if that is less, unless the
  whole fleet pauses for longer most of the time.
* A poll is a *stray* if there are fewer than a twentieth of the usual polls around it.
* A *silence* is a stretch of one and a half usual intervals without any other poll.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uptime_core.kernel.arrays import starts_of_runs
from uptime_core.kernel.blocks import PACKED_BITS, time_bits
from uptime_core.kernel.localtime import SECOND
from uptime_core.kernel.weekly import DAY

if TYPE_CHECKING:
    from uptime_core.kernel.arrays import Int64

HOUR = 3600 * SECOND
SILENCE = 1.5
"""How many usual intervals are a silence."""

HOLE = 6
"""How many usual intervals are much longer than one."""

FEW = 20
"""A twentieth of the polls, or of the shops, are few."""

_ENOUGH = 5  # intervals, for their median to mean something
_SEVERAL = 8  # intervals that fit what is looked at together
_NEVER = 1 << 62
_MANY = 1 << 18
_MEDIAN_BITS = 40  # of milliseconds: 34 years


class Silences(NamedTuple):
    """Stretches in which no shop was polled, or hardly any; in order, disjoint.

    Attributes:
        start: The last poll before it.
        end: The first poll after it.
        strays: How many polls there were within.
    """

    start: Int64
    end: Int64
    strays: Int64

    @property
    def length(self) -> Int64:
        """How long they are."""
        return self.end - self.start

    def before(self, at: Int64) -> Int64:
        """How long it had been silent, in all, at each instant."""
        passed = np.append(0, np.cumsum(self.length))
        begun = np.searchsorted(self.start, at, "right")
        left = np.append(0, self.end)[begun] - at
        return passed[begun] - np.where(begun > 0, np.maximum(left, 0), 0)


def medians(group: Int64, value: Int64) -> tuple[Int64, Int64, Int64]:
    """The groups that there are, their sizes, and the lower medians of their values.

    Args:
        group: Numbers from 0, in any order.
        value: Durations; medians are those of whole milliseconds, and at most some
            years, less where there are many millions of groups.
    """
    bits = min(_MEDIAN_BITS, PACKED_BITS - time_bits(0, int(group.max(initial=0))))
    key = group << bits
    key |= np.minimum(value // 1000, (1 << bits) - 1)
    key.sort()
    number = key >> bits
    ends = np.flatnonzero(np.append(number[1:] != number[:-1], len(number) > 0)) + 1
    sizes = np.diff(ends, prepend=0)
    middle = key[ends - sizes + (sizes - 1) // 2]
    return middle >> bits, sizes, (middle & ((1 << bits) - 1)) * 1000


def medians_by_day(begin: Int64, length: Int64) -> tuple[Int64, Int64]:
    """The midnights of the days, in UTC, and the median length of what begins on each.

    Days on which hardly anything begins are left out.

    Args:
        begin: When intervals begin, in any order; at least one.
        length: How long they are.
    """
    midnight = int(begin.min()) // DAY * DAY
    days, median = _medians_of_many((begin - midnight) // DAY, length)
    return midnight + days * DAY, median


def _medians_of_many(group: Int64, value: Int64) -> tuple[Int64, Int64]:
    """The groups with enough values, and their medians; of many millions, of some."""
    every = slice(None, None, len(group) // _MANY + 1)
    number, sizes, median = medians(group[every], value[every])
    enough = sizes >= _ENOUGH
    return number[enough], median[enough]


class Rhythm(NamedTuple):
    """The usual interval, day by day, or for longer stretches of seldom polls.

    Attributes:
        start: When a stretch begins that has polls, in order; at least one.
        usual: Its usual interval.
    """

    start: Int64
    usual: Int64

    @classmethod
    def of(cls, instants: Int64, begin: Int64, interval: Int64) -> Rhythm:
        """The rhythm of a fleet.

        Args:
            instants: All polls, in order; at least one.
            begin: The polls after which another one of their shop comes, in any order.
            interval: After how long; more than nothing.
        """
        overall = int(np.median(interval)) if len(interval) else _NEVER
        stretch = DAY if overall == _NEVER else max(DAY, _SEVERAL * overall)
        origin = int(instants[0])
        number = (instants - origin) // stretch
        first = np.flatnonzero(starts_of_runs(number))
        pauses = np.split(np.diff(instants, append=instants[-1]), first[1:])
        usual = np.array([_usual_pause(part) for part in pauses], dtype=np.int64)
        own = np.full(len(first), overall, dtype=np.int64)
        if len(interval):
            group, median = _medians_of_many((begin - origin) // stretch, interval)
            own[np.searchsorted(number[first], group)] = median
        return cls(origin + number[first] * stretch, np.clip(usual, 1, own))

    def at(self, instants: Int64) -> Int64:
        """The usual interval at each instant, from the first stretch on."""
        return self.usual[np.searchsorted(self.start, instants, "right") - 1]


def silences(instants: Int64, usual: Int64) -> Silences:
    """When the fleet was silent.

    Args:
        instants: All polls of the fleet, in order.
        usual: The usual interval at each of them.
    """
    after = np.searchsorted(instants, instants + usual // 2, "right")
    around = after - np.searchsorted(instants, instants - usual // 2, "left")
    is_stray = around * FEW < np.median(around) if len(around) else around > 0
    regular = np.flatnonzero(~is_stray)
    at = instants[regular]
    pauses = np.flatnonzero(np.diff(at) > SILENCE * usual[regular][:-1])
    return Silences(at[pauses], at[pauses + 1], np.diff(regular)[pauses] - 1)


def newest_of_most(last: Int64, usual: int) -> int:
    """The newest poll, without those of a few shops that are ahead of all others.

    Args:
        last: Each shop's newest poll, in any order; at least one.
        usual: The usual interval.
    """
    newest_first = np.sort(last)[::-1]
    few = max(len(last) // FEW, 1) if len(last) > 2 else 0  # noqa: PLR2004  # who is right?
    steps = newest_first[:-1] - newest_first[1:]
    ahead = np.flatnonzero(steps[:few] > SILENCE * usual)
    return int(newest_first[ahead[-1] + 1 if len(ahead) else 0])


def oldest_of_most(instants: Int64) -> int:
    """The oldest poll, without a few further away than most of the others span.

    Args:
        instants: All polls of the fleet, in order; at least one.
    """
    few = len(instants) // FEW
    oldest, last = instants[: few + 1], instants[len(instants) - 1 - few]
    far = np.flatnonzero(np.diff(oldest) > np.maximum(last - oldest[1:], HOLE * HOUR))
    return int(oldest[far[-1] + 1 if len(far) else 0])


def _usual_pause(pauses: Int64) -> int:
    """A pause so long that half of the time is in such or longer ones, or an hour.

    The longest one, which may be an outage, does not count.
    """
    longest_first = np.sort(pauses[pauses > HOUR])[::-1]
    others = longest_first[1:]
    are_half = np.cumsum(others) * 2 > pauses.sum() - longest_first[:1].sum()
    return int(others[are_half.argmax()]) if are_half.any() else HOUR
