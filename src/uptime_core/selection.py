"""Which shops a report has, and what the sources say of them, as columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from uptime_core.columns import iterable
from uptime_core.errors import (
    InputError,
    MissingHoursError,
    MissingTimezoneError,
    UnknownStoreIdError,
    UnknownTimezoneError,
    shown,
)
from uptime_core.kernel.localtime import offset_segments
from uptime_core.kernel.weekly import WEEK
from uptime_core.store_ids import parse_store_id
from uptime_core.timezones import load_timezone

if TYPE_CHECKING:
    from uptime_core.kernel.arrays import Bool, Int64, UInt8
    from uptime_core.kernel.localtime import Segments
    from uptime_core.policy import Policy
    from uptime_core.snapshot import Snapshot

Stores = Literal["all", "polled"] | Iterable[str]


class Selection(NamedTuple):
    """The shops of a report.

    Attributes:
        store_ids: Their ids, sorted as text, code point by code point.
        read: Whether a shop's polls are read, for each of the snapshot's poll ids.
        quarantined: How many shops were left out because of rejected rows.
    """

    store_ids: tuple[str, ...]
    read: Bool
    quarantined: int


def select(snapshot: Snapshot, as_of: int, stores: Stores) -> Selection:
    """Find the shops of a report.

    Args:
        snapshot: The sources.
        as_of: The report's "now"; polls up to then make a shop known.
        stores: `all` that any source knows, the `polled` ones, or ids.

    Raises:
        InputError: `stores` is none of these.
        UnknownStoreIdError: An id is in no source.
    """
    polls = snapshot.polls
    counts = np.bincount(polls.code[polls.at <= as_of], minlength=len(polls.store_ids))
    polled = {polls.store_ids[code] for code in np.flatnonzero(counts).tolist()}
    known = polled.union(
        snapshot.hours.store_ids, snapshot.timezones, snapshot.quarantined
    )
    if not isinstance(stores, str):
        wanted = read = _listed(stores, known)
    elif stores in ("all", "polled"):
        wanted = known if stores == "all" else polled
        read = set(polls.store_ids)
    else:
        raise InputError(
            f"{shown(stores)} is neither 'all' nor 'polled' nor a list of ids",
            source="stores",
        )
    read = read - snapshot.quarantined
    return Selection(
        store_ids=tuple(sorted(wanted - snapshot.quarantined)),
        read=np.array([shop in read for shop in polls.store_ids], dtype=np.bool_),
        quarantined=len(wanted & snapshot.quarantined),
    )


def _listed(stores: Iterable[str], known: set[str]) -> set[str]:
    listed = set()
    for cell in iterable(stores, "stores"):
        try:
            store_id = parse_store_id(cell)
        except InputError as error:
            error.source = "stores"
            raise
        if store_id not in known:
            raise UnknownStoreIdError(
                f"shop {shown(store_id)} is in none of the sources (polls count up to "
                "as_of)",
                source="stores",
            )
        listed.add(store_id)
    return listed


class ShopColumns(NamedTuple):
    """What is known of some shops, which are numbered from 0.

    Attributes:
        shops: How many there are.
        poll_shop: Whose poll it is; polls in any order, repeats and all.
        poll_at: When, in microseconds.
        poll_status: 1 is up, 0 is down.
        row_shop: Whose business hours they are; rows in any order.
        row_start: Microseconds since Monday 00:00 on the wall clock.
        row_end: The same for the first instant after.
        zone: Each shop's index into `segments`.
        segments: The zones.
    """

    shops: int
    poll_shop: Int64
    poll_at: Int64
    poll_status: UInt8
    row_shop: Int64
    row_start: Int64
    row_end: Int64
    zone: Int64
    segments: tuple[Segments, ...]


def gather(
    snapshot: Snapshot,
    store_ids: tuple[str, ...],
    policy: Policy,
    *,
    as_of: int,
    low: int,
    high: int,
) -> ShopColumns:
    """What the sources say of the selected shops.

    Args:
        snapshot: The sources.
        store_ids: The shops, in the order of their numbers.
        policy: What becomes of shops without hours or zone.
        as_of: Polls after it are left out.
        low: First instant of the windows.
        high: First instant after them.

    Raises:
        MissingHoursError: A shop has no hours, and the policy calls it an error.
        MissingTimezoneError: A shop has no zone, and the policy has none.
    """
    number = {store_id: place for place, store_id in enumerate(store_ids)}
    poll_shop, at, status = _polls(snapshot, number, as_of)
    row_shop, start, end = _hours(snapshot, number, policy)
    zone, segments = _zones(snapshot, store_ids, policy, low, high)
    return ShopColumns(
        shops=len(store_ids),
        poll_shop=poll_shop,
        poll_at=at,
        poll_status=status,
        row_shop=row_shop,
        row_start=start,
        row_end=end,
        zone=zone,
        segments=segments,
    )


def _numbers(store_ids: tuple[str, ...], number: dict[str, int]) -> Int64:
    """Each id's number, or -1."""
    find = number.get
    return np.array([find(store_id, -1) for store_id in store_ids], dtype=np.int64)


def _polls(
    snapshot: Snapshot, number: dict[str, int], as_of: int
) -> tuple[Int64, Int64, UInt8]:
    polls = snapshot.polls
    shop = _numbers(polls.store_ids, number)[polls.code]
    keep = (shop >= 0) & (polls.at <= as_of)
    if keep.all():
        return shop, polls.at, polls.status
    return shop[keep], polls.at[keep], polls.status[keep]


def _hours(
    snapshot: Snapshot, number: dict[str, int], policy: Policy
) -> tuple[Int64, Int64, Int64]:
    hours = snapshot.hours
    known = _numbers(hours.store_ids, number)
    has_hours = np.zeros(len(number), dtype=np.bool_)
    has_hours[known[known >= 0]] = True
    without = np.flatnonzero(~has_hours)
    if len(without) and policy.missing_hours == "error":
        store_ids = tuple(number)
        raise MissingHoursError(
            f"shop {shown(store_ids[without[0]])} has no business hours "
            f"({len(without):,} such shops in all); add them, or let "
            "the policy's missing_hours be 'open' or 'closed'",
            source="hours",
        )
    shop = known[hours.code]
    keep = shop >= 0
    shop, start, end = shop[keep], hours.start[keep], hours.end[keep]
    if policy.missing_hours == "open":
        shop = np.append(shop, without)
        start = np.append(start, np.zeros_like(without))
        end = np.append(end, np.full_like(without, WEEK))
    return shop, start, end


def _zones(
    snapshot: Snapshot,
    store_ids: tuple[str, ...],
    policy: Policy,
    low: int,
    high: int,
) -> tuple[Int64, tuple[Segments, ...]]:
    numbers: dict[str, int] = {}
    segments: list[Segments] = []
    zone = np.zeros(len(store_ids), dtype=np.int64)
    for place, store_id in enumerate(store_ids):
        name = snapshot.timezones.get(store_id, policy.default_timezone)
        if name is None:
            raise MissingTimezoneError(
                f"shop {shown(store_id)} has no time zone; add it, or give "
                "the policy a default_timezone",
                source="timezones",
            )
        if name not in numbers:
            try:
                segments.append(offset_segments(load_timezone(name), low, high))
            except UnknownTimezoneError as error:
                error.reason = f"{error.reason} (shop {shown(store_id)})"
                error.source = "timezones"
                raise
            numbers[name] = len(numbers)
        zone[place] = numbers[name]
    return zone, tuple(segments)
