"""Checks of how often shops are polled: too seldom, no more, otherwise than before.

Only the time counts in which the poller was not silent, so that its outages make no
shop look neglected.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uptime_core.errors import shown
from uptime_core.inspection.findings import Finding
from uptime_core.inspection.rhythm import HOLE, medians, medians_by_day
from uptime_core.inspection.wording import EXAMPLES, clause, duration, instant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptime_core.inspection.fleet import Fleet
    from uptime_core.kernel.arrays import Int64
    from uptime_core.policy import Policy

CHANGE = 2
"""How many times as long, or as short, intervals have to become."""

_SPARSE = 1.5  # times the reach: a third of the time, or more, is unknown
_ENOUGH = 6  # intervals, for their median to mean something
_STOPPED = 3  # times its own interval that a shop must be silent
_SOON = 12  # times the usual interval, or its own, if it has few of its own
_COMPLETE = 4  # times its interval that a day must be past, so that it has long ones


class Cadence(NamedTuple):
    """How often shops are polled; durations do not count when nobody was.

    Attributes:
        fleet: The polls.
        shop: Whose interval it is, ascending; from each poll to the shop's next one.
        begin: When it begins, in microseconds.
        length: How long it is.
        shops: The shops that have a poll, ascending.
        intervals: How many intervals each has.
        own: The median of them; 0 for a shop with a single poll.
        lag: How long it is from each one's last poll to the fleet's newest one.
    """

    fleet: Fleet
    shop: Int64
    begin: Int64
    length: Int64
    shops: Int64
    intervals: Int64
    own: Int64
    lag: Int64

    @classmethod
    def of(cls, fleet: Fleet) -> Cadence:
        """The cadence of some polls."""
        spoken = fleet.at - fleet.silences.before(fleet.at)
        goes_on = fleet.shop[1:] == fleet.shop[:-1]
        last = np.flatnonzero(np.append(~goes_on, True))
        shops = fleet.shop[last]
        shop, length = fleet.shop[:-1][goes_on], np.diff(spoken)[goes_on]
        own = np.zeros(len(shops), dtype=np.int64)
        several, _, median = medians(shop, length)
        own[np.searchsorted(shops, several)] = median
        end = fleet.newest - fleet.silences.before(np.array([fleet.newest]))
        return cls(
            fleet=fleet,
            shop=shop,
            begin=fleet.at[:-1][goes_on],
            length=length,
            shops=shops,
            intervals=np.diff(last, prepend=-1) - 1,
            own=own,
            lag=end - spoken[last],
        )


def cadence_findings(fleet: Fleet, policy: Policy) -> Iterator[Finding]:
    """What is odd about how often shops are polled."""
    cadence = Cadence.of(fleet)
    reach = policy.reach_micros
    if reach is not None:
        yield from _sparse(cadence, reach)
    yield from _stopped(cadence)
    yield from _changes(cadence, reach)


def _sparse(cadence: Cadence, reach: int) -> Iterator[Finding]:
    single = cadence.intervals == 0
    longest = _SPARSE * reach
    is_sparse = np.where(single, cadence.lag, cadence.own) > longest
    count = int(np.count_nonzero(is_sparse))
    if not count:
        return
    of_all = "" if count < len(cadence.shops) else ", that is every one"
    yield Finding(
        kind="sparse_polls",
        severity="warning",
        count=count,
        summary=f"{clause(count, 'shop', 'is', 'are')} polled less often than every "
        f"{duration(int(longest))}{of_all}",
        meaning=f"A poll speaks for {duration(reach)} at most, so a third or more of "
        "their time is unknown.",
        advice="Poll them more often, or give a longer reach, if a status may be "
        "trusted for so long.",
        examples=tuple(
            f"{shown(cadence.fleet.store_ids[cadence.shops[place]])}: "
            + (f"every {duration(int(own))}" if own else "a single poll")
            for place in np.flatnonzero(is_sparse)[:EXAMPLES].tolist()
            for own in [cadence.own[place]]
        ),
        store_ids=cadence.fleet.ids(cadence.shops[is_sparse]),
    )


def _stopped(cadence: Cadence) -> Iterator[Finding]:
    least = HOLE * cadence.fleet.usual
    usual = cadence.fleet.interval or 0
    own = np.where(
        cadence.intervals >= _ENOUGH,
        _STOPPED * cadence.own,
        _SOON * np.maximum(cadence.own, usual),
    )
    is_stopped = (cadence.intervals > 0) & (cadence.lag > np.maximum(own, least))
    count = int(np.count_nonzero(is_stopped))
    if not count:
        return
    last = np.searchsorted(cadence.fleet.shop, cadence.shops, "right") - 1
    places = np.flatnonzero(is_stopped)
    yield Finding(
        kind="stopped_shops",
        severity="warning",
        count=count,
        summary=f"{clause(count, 'shop', 'is', 'are')} not polled any more, for "
        f"{duration(least)} or longer",
        meaning="Their business time since is unknown, neither up nor down.",
        advice="If they have closed, leave them out of reports with a list of stores; "
        "if not, find out why nobody asks.",
        examples=tuple(
            f"{shown(cadence.fleet.store_ids[cadence.shops[place]])} since "
            f"{instant(int(cadence.fleet.at[last[place]]))}"
            for place in places[np.argsort(-cadence.lag[places], kind="stable")][
                :EXAMPLES
            ].tolist()
        ),
        store_ids=cadence.fleet.ids(cadence.shops[is_stopped]),
    )


def _changes(cadence: Cadence, reach: int | None) -> Iterator[Finding]:
    steps = _steps_of_fleet(cadence)
    if steps:
        yield _change(
            [(before, after) for _, before, after in steps],
            reach,
            summary="the whole fleet is polled at another cadence than before",
            examples=tuple(
                f"from {instant(at)} on every {duration(after)} instead of "
                f"{duration(before)}"
                for at, before, after in steps[:EXAMPLES]
            ),
        )
    shops, early, late = _ends(cadence)
    places = np.flatnonzero((late >= CHANGE * early) | (early >= CHANGE * late))
    slowed = late[places] / early[places]
    if len(places) == 0 or (steps and 2 * len(places) > len(shops)):
        return  # or it is what has just been said of the fleet
    pairs = zip(early[places].tolist(), late[places].tolist(), strict=True)
    store_ids = cadence.fleet.store_ids
    yield _change(
        list(pairs),
        reach,
        summary=f"{clause(len(places), 'shop', 'is', 'are')} polled at another cadence "
        "than before",
        examples=tuple(
            f"{shown(store_ids[shops[place]])}: every {duration(int(late[place]))} "
            f"instead of {duration(int(early[place]))}"
            for place in places[np.argsort(-slowed, kind="stable")][:EXAMPLES].tolist()
        ),
        store_ids=cadence.fleet.ids(shops[places]),
    )


def _change(
    pairs: list[tuple[int, int]],
    reach: int | None,
    *,
    summary: str,
    examples: tuple[str, ...],
    store_ids: tuple[str, ...] = (),
) -> Finding:
    """A finding of intervals before and after."""
    weakens = reach is not None and any(
        after > max(before, _SPARSE * reach) for before, after in pairs
    )
    meaning = "Reports weigh time and not polls, so sums stay right"
    if weakens:
        meaning += "; but polls are now so far apart that more time is unknown"
    return Finding(
        kind="cadence_changes",
        severity="warning" if weakens else "note",
        count=len(pairs),
        summary=summary,
        meaning=f"{meaning}.",
        advice="Compare coverage before comparing uptime from before and after.",
        examples=examples,
        store_ids=store_ids,
    )


def _ends(cadence: Cadence) -> tuple[Int64, Int64, Int64]:
    """Shops, and the medians of intervals in the first and last third of their time."""
    several = cadence.intervals[cadence.intervals > 0]
    after = np.cumsum(several)
    since = cadence.begin - np.repeat(cadence.begin[after - several], several)
    until = np.repeat(cadence.begin[after - 1], several) - cadence.begin
    is_early, is_late = 2 * since < until, 2 * until < since
    at_end = is_early | is_late
    group, sizes, median = medians(
        cadence.shop[at_end] << 1 | is_late[at_end], cadence.length[at_end]
    )
    enough = sizes >= _ENOUGH
    group, median = group[enough], np.maximum(median[enough], 1)
    both = np.flatnonzero((group[1:] ^ group[:-1]) == 1)
    return group[both] >> 1, median[both], median[both + 1]


def _steps_of_fleet(cadence: Cadence) -> list[tuple[int, int, int]]:
    """On which days the fleet's median interval changed: when, from what, to what.

    A change shows on two days; the last days, in which long intervals have had no time
    to end, tell nothing.
    """
    if not len(cadence.begin):
        return []
    midnight, median = medians_by_day(cadence.begin, cadence.length)
    past = cadence.fleet.newest - midnight
    tells = (median > 0) & (past >= _COMPLETE * median)
    days = list(zip(midnight[tells].tolist(), median[tells].tolist(), strict=True))
    before = days[0][1] if days else 0
    steps = []
    for (at, now), (_, next_day) in pairwise(days[1:]):
        slower = min(now, next_day) >= CHANGE * before
        faster = max(now, next_day) * CHANGE <= before
        if slower or faster:
            steps.append((at, before, next_day))
            before = next_day
    return steps
