"""Checks of polls: repeats, contradictions, clocks that are wrong, silences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uptime_core.errors import counted, shown
from uptime_core.inspection.findings import Finding, utc_intervals
from uptime_core.inspection.wording import EXAMPLES, clause, duration, instant, stretch
from uptime_core.instants import to_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptime_core.inspection.findings import FindingKind, Severity
    from uptime_core.inspection.fleet import Fleet
    from uptime_core.kernel.arrays import Int64
    from uptime_core.policy import Policy


def no_polls() -> Finding:
    """What an inspection of nothing finds."""
    return Finding(
        kind="no_polls",
        severity="error",
        count=0,
        summary="there is no poll",
        meaning="There is no newest poll to be a report's now: without an as_of it "
        "stops, and with one all its time is unknown.",
        advice="Load polls, and see whether this is the source that was meant.",
    )


def poll_findings(fleet: Fleet, policy: Policy, hole: int | None) -> Iterator[Finding]:
    """What is odd about polls.

    Args:
        fleet: The polls.
        policy: How reports would read them.
        hole: From what length on a silence is a hole, in microseconds; by default
            more than six usual intervals.
    """
    yield from _repeats(fleet)
    yield from _ahead(fleet)
    yield from _far_older(fleet)
    yield from _silences(fleet, policy, hole)


def _repeats(fleet: Fleet) -> Iterator[Finding]:
    shops, instants = fleet.contested
    if len(shops):
        yield Finding(
            kind="conflicting_polls",
            severity="warning",
            count=len(shops),
            summary=f"{counted(len(shops), 'instant')} of a shop came with both "
            "statuses",
            meaning="Down wins at each of them.",
            advice="Find out which of two pollers, or of two exports, is right.",
            examples=tuple(
                f"{shown(fleet.store_ids[shop])} at {instant(at)}"
                for shop, at in zip(
                    shops[:EXAMPLES].tolist(), instants[:EXAMPLES].tolist(), strict=True
                )
            ),
            store_ids=fleet.ids(shops),
        )
    repeated = fleet.duplicates - len(shops)
    if repeated:
        yield Finding(
            kind="repeated_polls",
            severity="note",
            count=repeated,
            summary=f"{counted(repeated, 'poll')} came more than once",
            meaning="That changes nothing: polls are a set.",
            advice="Nothing need be done.",
        )


def _ahead(fleet: Fleet) -> Iterator[Finding]:
    is_ahead = fleet.at > fleet.newest
    if not is_ahead.any():
        return
    shop, at = fleet.shop[is_ahead], fleet.at[is_ahead]
    newest = int(at.max())
    ids = fleet.ids(shop)
    by = duration(newest - fleet.newest)
    yield Finding(
        kind="polls_ahead",
        severity="error",
        count=len(at),
        summary=f"{clause(len(at), 'poll', 'is', 'are')} later than those of all other "
        f"shops, by up to {by}",
        meaning=f"The newest poll of all is a report's now: it is {by} late, and "
        "every window ends in time of which nothing is known.",
        advice="Either clocks are ahead, or polling had just begun again. Correct or "
        "delete these polls; until then give reports the as_of (--as-of) "
        f"{to_text(fleet.newest)}.",
        examples=_some_polls(fleet, np.flatnonzero(is_ahead)[::-1]),
        store_ids=ids,
    )


def _far_older(fleet: Fleet) -> Iterator[Finding]:
    is_older = fleet.at < fleet.oldest
    if not is_older.any():
        return
    at = fleet.at[is_older]
    ids = fleet.ids(fleet.shop[is_older])
    apart = duration(fleet.oldest - int(at.max()))
    yield Finding(
        kind="polls_far_older",
        severity="note",
        count=len(at),
        summary=f"{clause(len(at), 'poll', 'is', 'are')} older than all others, by "
        f"{apart} or more",
        meaning="They speak in no window of the time of the others.",
        advice="If a clock was wrong, correct or delete them.",
        examples=_some_polls(fleet, np.flatnonzero(is_older)),
        store_ids=ids,
    )


def _some_polls(fleet: Fleet, rows: Int64) -> tuple[str, ...]:
    return tuple(
        f"{shown(fleet.store_ids[fleet.shop[row]])} at {instant(int(fleet.at[row]))}"
        for row in rows[:EXAMPLES].tolist()
    )


def _silences(fleet: Fleet, policy: Policy, hole: int | None) -> Iterator[Finding]:
    length = fleet.silences.length
    is_hole = length > (fleet.holes if hole is None else hole)
    longest_first = np.argsort(-length, kind="stable")
    holes = longest_first[is_hole[longest_first]]
    missed = longest_first[~is_hole[longest_first]]
    if len(holes):
        yield _silence(
            fleet,
            holes,
            kind="fleet_holes",
            severity="warning",
            what="the poller itself was down",
            meaning=_what_silence_means(policy, length[holes]),
            advice="If these polls are somewhere, load them. If not, judge shops by "
            "ratio and coverage, or by windows that leave this time out.",
        )
    if len(missed):
        is_lost = _lost(policy, length[missed]) > 0
        yield _silence(
            fleet,
            missed,
            kind="missed_rounds",
            severity="warning" if is_lost else "note",
            what="the poller skipped rounds",
            meaning=_what_silence_means(policy, length[missed]),
            advice="If these polls are somewhere, load them. If not, judge shops by "
            "ratio and coverage, or give a longer reach, if a status may be taken to "
            "last that long."
            if is_lost
            else "Nothing need be done, unless it happens often.",
        )


def _silence(
    fleet: Fleet,
    places: Int64,
    *,
    kind: FindingKind,
    severity: Severity,
    what: str,
    meaning: str,
    advice: str,
) -> Finding:
    start, end, strays = fleet.silences
    times = {1: "once", 2: "twice"}.get(len(places), f"{len(places):,} times")
    total = duration(int((end - start)[places].sum()))
    nobody = "hardly any" if strays[places].any() else "no"
    ordered = np.sort(places)
    return Finding(
        kind=kind,
        severity=severity,
        count=len(places),
        summary=f"{what} {times}: {nobody} shop was polled for {total} in all",
        meaning=meaning,
        advice=advice,
        examples=tuple(
            stretch(int(start[place]), int(end[place]))
            for place in places[:EXAMPLES].tolist()
        ),
        intervals=utc_intervals(
            zip(start[ordered].tolist(), end[ordered].tolist(), strict=True)
        ),
    )


def _lost(policy: Policy, lengths: Int64) -> int:
    """How much of silences is further away than the polls around them speak."""
    if policy.reach_micros is None:
        return 0
    sides = 2 if policy.extrapolation == "nearest" else 1
    bridged = min(sides * policy.reach_micros, int(lengths.max()))
    return int(np.maximum(lengths - bridged, 0).sum())


def _what_silence_means(policy: Policy, lengths: Int64) -> str:
    if policy.reach_micros is None:
        return "The polls around it speak for all of it, however long it is."
    lost = _lost(policy, lengths)
    if not lost:
        return "The polls around it speak for all of it."
    return (
        f"A poll speaks for {duration(policy.reach_micros)} at most; what is further "
        f"away, {duration(lost)} or more in all, is unknown for every shop, neither up "
        "nor down."
    )
