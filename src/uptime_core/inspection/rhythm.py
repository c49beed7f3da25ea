"""How often shops are polled, and when the whole fleet fell silent; arrays only.

Instants and durations are int64 microseconds. What they are compared with does not
depend on whether a fleet is polled in bursts or evenly, nor on how many polls of each
shop there are, as in a sample:

* The *usual interval* is how long it takes until a shop is polled again; at most an
  hour, unless the whole fleet pauses for longer most of the time.
* A poll is a *stray* if there are fewer than a twentieth of the usual polls around it.
* A *silence* is a stretch of one and a half usual intervals without any other poll.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

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

_ENOUGH = 5  # intervals of a day, for their median to mean something
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

    Days on which hardly anything begins are left out. Of many millions of intervals,
    enough are looked at.

    Args:
        begin: When intervals begin, in any order; at least one.
        length: How long they are.
    """
    every = slice(None, None, len(begin) // _MANY + 1)
    midnight = int(begin.min()) // DAY * DAY
    days, sizes, median = medians((begin[every] - midnight) // DAY, length[every])
    enough = sizes >= _ENOUGH
    return midnight + days[enough] * DAY, median[enough]


def usual_interval(instants: Int64, begin: Int64, interval: Int64) -> int:
    """How long it usually takes until a shop is polled again; see the module's text.

    Args:
        instants: All polls of the fleet, in order; at least one.
        begin: The polls after which another one of their shop comes, in any order.
        interval: After how long; more than nothing.
    """
    core = instants[instants >= oldest_of_most(instants)]
    core = core[core <= -oldest_of_most(-instants[::-1])]
    usual = _usual_pause(core)
    if not len(interval):
        return usual
    # By days, so that neither an outage nor a change of cadence decides for all.
    _, median = medians_by_day(begin, interval)
    slowest = int(median.max() if len(median) else np.median(interval))
    return max(min(usual, slowest), 1)


def silences(instants: Int64, usual: int) -> Silences:
    """When the fleet was silent.

    Args:
        instants: All polls of the fleet, in order.
        usual: The usual interval.
    """
    after = np.searchsorted(instants, instants + usual // 2, "right")
    around = after - np.searchsorted(instants, instants - usual // 2, "left")
    is_stray = around * FEW < np.median(around) if len(around) else around
    regular = np.flatnonzero(is_stray == 0)
    at = instants[regular]
    pauses = np.flatnonzero(np.diff(at) > SILENCE * usual)
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
    """The oldest poll, without a few that are further away than the others span.

    Args:
        instants: All polls of the fleet, in order; at least one.
    """
    few = len(instants) // FEW
    oldest, last = instants[: few + 1], instants[len(instants) - 1 - few]
    far = np.flatnonzero(np.diff(oldest) > np.maximum(last - oldest[1:], HOLE * HOUR))
    return int(oldest[far[-1] + 1 if len(far) else 0])


def _usual_pause(instants: Int64) -> int:
    """A pause so long that half of the time is in such or longer ones, or an hour."""
    pauses = np.diff(instants)
    longest_first = np.sort(pauses[pauses > HOUR])[::-1]
    are_half = np.cumsum(longest_first) * 2 > pauses.sum()
    return int(longest_first[are_half.argmax()]) if are_half.any() else HOUR
