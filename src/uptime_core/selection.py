"""Which shops a report has, and what the sources say of them, as columns."""

from __future__ import annotations

from itertools import compress, repeat
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uptime_core.errors import (
    MissingHoursError,
    MissingTimezoneError,
    UnknownTimezoneError,
    counted,
    shown,
)
from uptime_core.kernel.arrays import counts_of, taken
from uptime_core.kernel.localtime import offset_segments
from uptime_core.kernel.weekly import WEEK
from uptime_core.timezones import load_timezone

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from uptime_core.kernel.arrays import Bool, Index, Int64, UInt8
    from uptime_core.kernel.localtime import Segments
    from uptime_core.policy import MissingHours, Policy
    from uptime_core.polls import PollColumns
    from uptime_core.request import CheckedSelection
    from uptime_core.snapshot import Snapshot


class Selection(NamedTuple):
    """The shops of a report.

    Attributes:
        store_ids: Their ids; those of polls first, in the order that they have there,
            since a store's polls are sorted by it.
        quarantined: How many shops were left out because of rejected rows.
        after_as_of: How many polls of shops that are read came too late.
        known: Shops that any source knows.
        poll_rows: How many polls up to "now" each of the ids of the polls has, repeats
            and all.
    """

    store_ids: tuple[str, ...]
    quarantined: int
    after_as_of: int
    known: set[str]
    poll_rows: Int64


def select(snapshot: Snapshot, as_of: int, stores: CheckedSelection) -> Selection:
    """Find the shops of a report.

    Args:
        snapshot: The sources.
        as_of: The report's "now"; polls up to then make a shop known.
        stores: `all` that any source knows, the `polled` ones, or ids; those that no
            source knows are left out.
    """
    ids = snapshot.polls.store_ids
    rows, later = _counted(snapshot, as_of)
    is_polled = rows > 0 if snapshot.totals is None else snapshot.totals.polls > 0
    polled = {ids[code] for code in np.flatnonzero(is_polled).tolist()}
    known = polled.union(
        snapshot.hours.store_ids, snapshot.timezones, snapshot.quarantined
    )
    if isinstance(stores, str):
        wanted = known if stores == "all" else polled
        read = {ids[code] for code in np.flatnonzero(later).tolist()}
    else:
        wanted = read = known.intersection(stores)
    read = read - snapshot.quarantined
    reported = wanted - snapshot.quarantined
    return Selection(
        store_ids=(*filter(reported.__contains__, ids), *reported.difference(ids)),
        quarantined=len(wanted & snapshot.quarantined),
        after_as_of=sum(
            int(later[code])
            for code in np.flatnonzero(later).tolist()
            if ids[code] in read
        ),
        known=known,
        poll_rows=rows,
    )


def _counted(snapshot: Snapshot, as_of: int) -> tuple[Int64, Int64]:
    """How many rows each shop has up to `as_of`, and how many polls after it."""
    polls, totals = snapshot.polls, snapshot.totals
    shops = len(polls.store_ids)
    code = polls.code
    later = np.zeros(shops, dtype=np.int64)
    newest = polls.newest()
    if newest is not None and newest > as_of:
        is_late = polls.at > as_of
        later = np.bincount(code[is_late], minlength=shops)
        code = code[~is_late]
    if totals is not None:
        later += totals.later
    return counts_of(code, shops), later


class ShopColumns(NamedTuple):
    """What is known of some shops, which are numbered from 0.

    Attributes:
        shops: How many there are.
        poll_shop: Whose poll it is; polls in any order, repeats and all.
        poll_at: When, in microseconds.
        poll_status: 1 is up, 0 is down.
        poll_rows: How many of these polls each shop has.
        row_shop: Whose business hours they are; rows in any order.
        row_start: Microseconds since Monday 00:00 on the wall clock.
        row_end: The same for the first instant after.
        zone: Each shop's index into `segments`.
        segments: The zones.
        totals: Each shop's number of distinct polls, and of conflicts, of shape
            (2, shops), where the polls are not all here; otherwise None.
    """

    shops: int
    poll_shop: Index
    poll_at: Int64
    poll_status: UInt8
    poll_rows: Int64
    row_shop: Int64
    row_start: Int64
    row_end: Int64
    zone: Int64
    segments: tuple[Segments, ...]
    totals: Int64 | None = None


def gather(
    snapshot: Snapshot,
    selection: Selection,
    policy: Policy,
    *,
    as_of: int,
    low: int,
    high: int,
    zones: dict[str, Segments],
) -> ShopColumns:
    """What the sources say of the selected shops.

    Args:
        snapshot: The sources.
        selection: The shops, in the order of their numbers.
        policy: What becomes of shops without hours or zone.
        as_of: Polls after it are left out.
        low: First instant of the windows.
        high: First instant after them.
        zones: The zones probed so far between `low` and `high`, by name; those of
            these shops are added.

    Raises:
        MissingHoursError: A shop has no hours, and the policy calls it an error.
        MissingTimezoneError: A shop has no zone, and the policy has none.
    """
    store_ids = selection.store_ids
    number = {store_id: place for place, store_id in enumerate(store_ids)}
    of_polls = _numbers(snapshot.polls.store_ids, number)
    poll_shop, at, status = _polls(snapshot.polls, of_polls, as_of)
    of_hours = _numbers(snapshot.hours.store_ids, number)
    with_hours = _with_hours(snapshot, number, of_hours, policy.missing_hours)
    always_open = np.flatnonzero(~with_hours & (policy.missing_hours == "open"))
    row_shop, start, end = _hours(snapshot, of_hours, always_open)
    zone, segments = _zones(
        snapshot,
        number,
        policy.default_timezone,
        with_hours,
        bounds=(low, high),
        probed_zones=zones,
    )
    return ShopColumns(
        shops=len(store_ids),
        poll_shop=poll_shop,
        poll_at=at,
        poll_status=status,
        poll_rows=_by_shop(selection.poll_rows, of_polls, len(store_ids)),
        row_shop=row_shop,
        row_start=start,
        row_end=end,
        zone=zone,
        segments=segments,
        totals=_totals(snapshot, of_polls, len(store_ids)),
    )


def timezone_of(snapshot: Snapshot, store_id: str, default: str | None) -> ZoneInfo:
    """A shop's time zone.

    Raises:
        MissingTimezoneError: It has none, and there is no default.
        UnknownTimezoneError: The time zone database does not have its name.
    """
    name = snapshot.timezones.get(store_id, default)
    if name is None:
        raise MissingTimezoneError(
            f"shop {shown(store_id)} has no time zone; add it, or give the policy a "
            "default_timezone",
            source=snapshot.timezones_source,
        )
    try:
        return load_timezone(name)
    except UnknownTimezoneError as error:
        error.reason = f"{error.reason} (shop {shown(store_id)})"
        error.source = snapshot.timezones_source
        raise


def _numbers(store_ids: tuple[str, ...], number: dict[str, int]) -> Int64:
    """Each id's number, or -1."""
    find = number.get
    return np.array([find(store_id, -1) for store_id in store_ids], dtype=np.int64)


def _polls(
    polls: PollColumns, numbers: Int64, as_of: int
) -> tuple[Index, Int64, UInt8]:
    newest = polls.newest()
    if newest is None or newest <= as_of:
        if np.array_equal(numbers, np.arange(len(numbers))):
            return polls.code, polls.at, polls.status  # no copies of the columns
        if (numbers >= 0).all():
            return taken(numbers, polls.code), polls.at, polls.status
    shop = taken(numbers, polls.code)
    keep = (shop >= 0) & (polls.at <= as_of)
    return shop[keep], polls.at[keep], polls.status[keep]


def _by_shop(counts: Int64, numbers: Int64, shops: int) -> Int64:
    """Counts of the ids of polls, by the shops' numbers."""
    by_shop = np.zeros(shops, dtype=np.int64)
    wanted = numbers >= 0
    by_shop[numbers[wanted]] = counts[wanted]
    return by_shop


def _totals(snapshot: Snapshot, numbers: Int64, shops: int) -> Int64 | None:
    totals = snapshot.totals
    if totals is None:
        return None
    counts = totals.polls, totals.conflicts
    return np.stack([_by_shop(count, numbers, shops) for count in counts])


def _with_hours(
    snapshot: Snapshot,
    number: dict[str, int],
    of_hours: Int64,
    missing_hours: MissingHours,
) -> Bool:
    """Which shops have business hours of their own."""
    with_hours = np.zeros(len(number), dtype=np.bool_)
    with_hours[of_hours[of_hours >= 0]] = True
    if missing_hours == "error" and not with_hours.all():
        without = sorted(compress(number, ~with_hours))
        raise MissingHoursError(
            f"shop {shown(without[0])} has no business hours "
            f"({counted(len(without), 'such shop')} in all); add them, or let "
            "the policy's missing_hours be 'open' or 'closed'",
            source=snapshot.hours_source,
        )
    return with_hours


def _hours(
    snapshot: Snapshot, of_hours: Int64, always_open: Int64
) -> tuple[Int64, Int64, Int64]:
    hours = snapshot.hours
    shop = of_hours[hours.code]
    keep = shop >= 0
    return (
        np.append(shop[keep], always_open),
        np.append(hours.start[keep], np.zeros_like(always_open)),
        np.append(hours.end[keep], np.full_like(always_open, WEEK)),
    )


def _zones(
    snapshot: Snapshot,
    number: dict[str, int],
    default: str | None,
    with_hours: Bool,
    *,
    bounds: tuple[int, int],
    probed_zones: dict[str, Segments],
) -> tuple[Int64, tuple[Segments, ...]]:
    """Each shop's zone, and the zones; first a stand-in that never changes.

    A shop without hours of its own is open or closed whatever its clock reads, so its
    zone need not be probed.
    """
    low, high = bounds
    names = list(map(snapshot.timezones.get, number, repeat(default)))
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    try:
        rules = [load_timezone(name) for name in places if name is not None]
    except UnknownTimezoneError:
        rules = []
    if len(rules) < len(places):  # raise the error of the first shop, by its id
        for store_id in sorted(number):
            timezone_of(snapshot, store_id, default)
    place = np.fromiter(map(places.__getitem__, names), np.int64, len(names))
    is_probed = np.bincount(place[with_hours], minlength=len(rules)) > 0
    never_changes = np.array([low], dtype=np.int64), np.array([0], dtype=np.int64)
    segments: list[Segments] = [never_changes]
    for zone, probed in zip(rules, is_probed.tolist(), strict=True):
        if probed:
            if zone.key not in probed_zones:
                probed_zones[zone.key] = offset_segments(zone, low, high)
            segments.append(probed_zones[zone.key])
    segment = np.cumsum(is_probed)
    return np.where(with_hours, segment[place], 0), tuple(segments)
