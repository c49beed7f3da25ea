"""The whole computation: from polls, business hours and time zones to a report.

    polls ──────── settle ── extrapolate ────────┐
    weekly hours ─ WeeklyTable ─┐                ├─ accumulate ─ up, down, open
    time zones ─── segments ────┴─ BusinessTime ─┘

Shops do not depend on each other and are computed in blocks, each small enough for a
shop and an instant to be packed into one integer.
"""

from __future__ import annotations

from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uptime_core.errors import InputError, NoPollsError, located, shown
from uptime_core.instants import to_datetime, to_micros
from uptime_core.kernel.accumulate import Sums, accumulate
from uptime_core.kernel.arrays import ends_of_runs
from uptime_core.kernel.blocks import rows_of_blocks, shop_blocks, time_bits
from uptime_core.kernel.extrapolate import extrapolate, settle
from uptime_core.kernel.weekly import BusinessTime, WeeklyTable
from uptime_core.policy import Policy
from uptime_core.report import Provenance, Report
from uptime_core.selection import Selection, ShopColumns, StoreSelection, gather, select
from uptime_core.snapshot import Snapshot
from uptime_core.timezones import TZDATA_VERSION
from uptime_core.window import Window, checked_windows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from uptime_core.kernel.arrays import Int64
    from uptime_core.snapshot import HoursInput, PollInput, TimezonesInput

DEFAULT_POLICY = Policy()
_NEVER = np.iinfo(np.int64).min  # read as datetime64 it is "not a time"


def compute_report(
    polls: PollInput,
    hours: HoursInput | None = None,
    timezones: TimezonesInput | None = None,
    *,
    as_of: datetime | None = None,
    windows: Iterable[Window] | Window | None = None,
    stores: StoreSelection = "all",
    policy: Policy = DEFAULT_POLICY,
) -> Report:
    """How long each shop was up, down and unknown within its business hours.

    A pure function: the same arguments give the same report on every machine.

    Args:
        polls: `PollColumns`, or rows ``(store_id, aware datetime, status)`` with
            status "active", "inactive", True or False; in any order.
        hours: Rows ``(store_id, day, start, end)``, day 0 being Monday and times
            texts or `datetime.time`; or a mapping of ids to `WeeklySchedule`. A shop
            without any falls under `policy.missing_hours`.
        timezones: A mapping of ids to names, or pairs. A shop without one has
            `policy.default_timezone`.
        as_of: The report's "now", an aware datetime; by default the newest poll.
            Later polls are ignored.
        windows: What to add up; by default the last hour, day and week.
        stores: `all` shops that any argument names, only the `polled` ones, or a
            list of ids.
        policy: How polls and missing data are read.

    Raises:
        InputError: An argument, or a row in it, cannot be accepted; `NoPollsError`,
            `UnknownTimezoneError`, `UnknownStoreIdError`, `MissingHoursError` and
            `MissingTimezoneError` are special cases of it.
    """
    return compute_snapshot(
        Snapshot.of(polls, hours, timezones),
        as_of=as_of,
        windows=windows,
        stores=stores,
        policy=policy,
    )


def compute_snapshot(
    snapshot: Snapshot,
    *,
    as_of: datetime | None = None,
    windows: Iterable[Window] | Window | None = None,
    stores: StoreSelection = "all",
    policy: Policy = DEFAULT_POLICY,
) -> Report:
    """`compute_report` for what a `Store` gives; the other arguments are the same."""
    if not isinstance(snapshot, Snapshot):
        raise InputError(
            f"{shown(snapshot)} is not a Snapshot; a store gives one: store.snapshot()",
            source="snapshot",
        )
    if not isinstance(policy, Policy):
        raise InputError(f"{shown(policy)} is not a Policy", source="policy")
    chosen = checked_windows(windows)
    now = _now(snapshot, as_of)
    bounds = np.array([window.bounds(now) for window in chosen], dtype=np.int64)
    starts, ends = bounds[:, 0], bounds[:, 1]
    selection = select(snapshot, now, stores)
    columns = gather(
        snapshot,
        selection.store_ids,
        policy,
        as_of=now,
        low=int(starts.min()),
        high=int(ends.max()),
    )
    parts = [
        compute_block(block, starts, ends, as_of=now, policy=policy)
        for block in blocks_of(columns, starts, ends)
    ]
    return _report(snapshot, selection, chosen, parts, now=now, policy=policy)


class BlockSums(NamedTuple):
    """The sums of a block of shops, and what was counted on the way.

    Attributes:
        sums: Up, down and open, in microseconds, each of shape (shops, windows).
        last_poll: Each shop's newest poll in microseconds, or the smallest int64.
        poll_count: How many distinct polls each shop has.
        duplicates: Rows beyond the first of an instant.
        conflicts: Instants with both statuses.
    """

    sums: Sums
    last_poll: Int64
    poll_count: Int64
    duplicates: int
    conflicts: int


def compute_block(
    block: ShopColumns, starts: Int64, ends: Int64, *, as_of: int, policy: Policy
) -> BlockSums:
    """Compute one block of shops.

    Args:
        block: What is known of the shops, up to `as_of`.
        starts: The windows' first instants.
        ends: The windows' first instants after them.
        as_of: The report's "now"; nobody speaks from then on.
        policy: How polls are extrapolated.
    """
    low, high = int(starts.min()), int(ends.max())
    polls = settle(block.poll_shop, block.poll_at, block.poll_status)
    spans = extrapolate(
        polls,
        method=policy.extrapolation,
        reach=policy.reach_micros,
        initial=policy.initial,
        low=low,
        high=min(high, as_of),
    )
    weekly = WeeklyTable.of(block.shops, block.row_shop, block.row_start, block.row_end)
    business = BusinessTime.of(weekly, block.zone, block.segments, low, high)
    sums = accumulate(spans, business, starts, ends)
    last_poll = np.full(block.shops, _NEVER, dtype=np.int64)
    latest = ends_of_runs(polls.shop)
    last_poll[polls.shop[latest]] = polls.at[latest]
    return BlockSums(
        sums=sums,
        last_poll=last_poll,
        poll_count=np.bincount(polls.shop, minlength=block.shops),
        duplicates=polls.duplicates,
        conflicts=polls.conflicts,
    )


def blocks_of(
    columns: ShopColumns, starts: Int64, ends: Int64
) -> Iterator[ShopColumns]:
    """Cut all shops into blocks that `compute_block` can take."""
    low, high = int(starts.min()), int(ends.max())
    if len(columns.poll_at):
        low = min(low, int(columns.poll_at.min()))
        high = max(high, int(columns.poll_at.max()))
    blocks = shop_blocks(
        np.bincount(columns.poll_shop, minlength=columns.shops),
        time_bits(low, high),
        max((len(offsets) for _, offsets in columns.segments), default=1),
    )
    poll_rows = rows_of_blocks(columns.poll_shop, blocks)
    hour_rows = rows_of_blocks(columns.row_shop, blocks)
    for (first, after), polls, hours in zip(blocks, poll_rows, hour_rows, strict=True):
        zones = sorted(set(columns.zone[first:after].tolist()))
        yield ShopColumns(
            shops=after - first,
            poll_shop=columns.poll_shop[polls] - first,
            poll_at=columns.poll_at[polls],
            poll_status=columns.poll_status[polls],
            row_shop=columns.row_shop[hours] - first,
            row_start=columns.row_start[hours],
            row_end=columns.row_end[hours],
            zone=np.searchsorted(zones, columns.zone[first:after]),
            segments=tuple(columns.segments[zone] for zone in zones),
        )


@cache
def _library_version() -> str:
    return metadata.version("uptime_core")


def _now(snapshot: Snapshot, as_of: datetime | None) -> int:
    if as_of is None:
        newest = snapshot.polls.newest()
        if newest is None:
            raise NoPollsError(
                "there is no poll, so no newest one to be the report's now; give as_of",
                source=snapshot.source,
            )
        return newest
    with located("as_of"):
        return to_micros(as_of)


def _report(
    snapshot: Snapshot,
    selection: Selection,
    windows: tuple[Window, ...],
    blocks: list[BlockSums],
    *,
    now: int,
    policy: Policy,
) -> Report:
    shape = (len(selection.store_ids), len(windows))
    up, down, opened = (
        np.concatenate([np.zeros((0, shape[1]), dtype=np.int64), *parts])
        for parts in (
            [part.sums.up for part in blocks],
            [part.sums.down for part in blocks],
            [part.sums.open for part in blocks],
        )
    )
    empty = np.zeros(0, dtype=np.int64)
    last_poll = np.concatenate([empty, *(part.last_poll for part in blocks)])
    poll_count = np.concatenate([empty, *(part.poll_count for part in blocks)])
    late = snapshot.polls.at > now
    return Report(
        store_ids=selection.store_ids,
        windows=windows,
        up=up,
        down=down,
        unknown=opened - up - down,
        open=opened,
        last_poll=last_poll.view("datetime64[us]"),
        poll_count=poll_count,
        provenance=Provenance(
            as_of=to_datetime(now),
            policy=policy,
            library_version=_library_version(),
            tzdata_version=TZDATA_VERSION,
            polls=int(poll_count.sum()),
            duplicates=sum(part.duplicates for part in blocks),
            conflicts=sum(part.conflicts for part in blocks),
            after_as_of=int(
                np.count_nonzero(selection.read[snapshot.polls.code[late]])
            ),
            rejected=len(snapshot.rejected),
            quarantined=selection.quarantined,
        ),
    )
