"""One report in the making: blocks of shops, each computed on its own.

    polls ──────── settle ── extrapolate ────────┐
    weekly hours ─ WeeklyTable ─┐                ├─ accumulate ─ up, down, open
    time zones ─── segments ────┴─ BusinessTime ─┘

Shops do not depend on each other and are computed in blocks, each small enough for a
shop and an instant to be packed into one integer.
"""

from __future__ import annotations

import operator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from uptime_core.errors import InputError, UnknownStoreIdError, shown
from uptime_core.instants import to_datetime
from uptime_core.kernel.accumulate import Sums, accumulate
from uptime_core.kernel.blocks import MOST_SHOPS
from uptime_core.kernel.extrapolate import extrapolate, settle
from uptime_core.kernel.weekly import BusinessTime, WeeklyTable
from uptime_core.report import Provenance, Report
from uptime_core.selection import gather, select
from uptime_core.shop_blocks import Block, blocks_of
from uptime_core.sort_speed import sorts_slowly
from uptime_core.timezones import TZDATA_VERSION
from uptime_core.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from uptime_core.kernel.arrays import Int64
    from uptime_core.kernel.localtime import Segments
    from uptime_core.policy import Policy
    from uptime_core.request import ReportRequest
    from uptime_core.snapshot import PartLoader, PollTotals, Snapshot, SnapshotLike

SHOPS_PER_BLOCK = 4096
"""Where blocks are told of or computed side by side."""

_NEVER = np.iinfo(np.int64).min  # read as datetime64 it is "not a time"


class Computation:
    """One report in the making: cut into blocks, computed, put together.

        computation = Computation(request)
        sums = map(computation.compute, computation.blocks(snapshot))
        report = computation.report(sums)

    `compute` may run anywhere, in any order; it pickles. `blocks` reads the snapshot
    as it goes, so that memory is bounded by the blocks that are kept.

    Args:
        request: What is asked for; its `as_of` is fixed.
        most_shops: Bound of a block's shops, beside those that the kernel sets.
        zones: The zones that others have probed for this request, by name.
    """

    def __init__(
        self,
        request: ReportRequest,
        most_shops: int = MOST_SHOPS,
        zones: dict[str, Segments] | None = None,
    ) -> None:
        self.request = request
        self._as_of = cast("int", request.as_of)
        self._most_shops = most_shops
        bounds = np.array(
            [window.bounds(self._as_of) for window in request.windows], dtype=np.int64
        )
        self._starts, self._ends = bounds[:, 0], bounds[:, 1]
        self._zones: dict[str, Segments] = {} if zones is None else zones
        self._facts: list[PartFacts] = []
        self.compute_part: Callable[[PartLoader], PartSums] = partial(
            compute_part, request=request, most_shops=most_shops, zones=self._zones
        )
        self.compute: Callable[[Block], BlockSums] = partial(
            compute_block,
            starts=self._starts,
            ends=self._ends,
            as_of=self._as_of,
            policy=request.policy,
        )

    def blocks(self, snapshot: SnapshotLike) -> Iterator[Block]:
        """What is to be computed, a block of shops at a time.

        Raises:
            UnknownStoreIdError: An id that was asked for is in no source.
            MissingHoursError: A shop has no hours, and the policy calls it an error.
            MissingTimezoneError: A shop has no zone, and the policy has none.
        """
        for part in snapshot.parts():
            facts, blocks = self.cut(part)
            self._facts.append(facts)
            yield from blocks
        self._check_listed()

    def cut(self, part: Snapshot) -> tuple[PartFacts, Iterator[Block]]:
        """What is known of one part, and its blocks; raises like `blocks`."""
        self._check_totals(part.totals)
        listed = self.request.stores
        low, high = int(self._starts.min()), int(self._ends.max())
        selection = select(part, self._as_of, listed)
        columns = gather(
            part,
            selection,
            self.request.policy,
            as_of=self._as_of,
            low=low,
            high=high,
            zones=self._zones,
        )
        facts = PartFacts(
            store_ids=selection.store_ids,
            known=()
            if isinstance(listed, str)
            else selection.known.intersection(listed),
            after_as_of=selection.after_as_of,
            rejected=len(part.rejected),
            quarantined=selection.quarantined,
        )
        oldest, newest = part.polls.oldest(), part.polls.newest()
        if oldest is not None and newest is not None:
            low, high = min(low, oldest), max(high, min(newest, self._as_of))
        return facts, blocks_of(columns, low, high, self._most_shops)

    def add(self, part: PartSums) -> tuple[BlockSums, ...]:
        """Note what is known of a part that was computed elsewhere; gives its sums."""
        self._facts.append(part.facts)
        return part.sums

    def _check_listed(self) -> None:
        listed = self.request.stores
        missing = set() if isinstance(listed, str) else set(listed)
        missing.difference_update(*(facts.known for facts in self._facts))
        if missing:
            raise UnknownStoreIdError(
                f"shop {shown(min(missing))} is in none of the sources (polls count up "
                "to as_of); see how it is written there",
                source="stores",
            )

    def _check_totals(self, totals: PollTotals | None) -> None:
        """Refuse a snapshot that was made for another report."""
        needed = min(int(self._starts.min()), self._as_of + 1)
        if totals is not None and not (
            totals.as_of == self._as_of and totals.low <= needed
        ):
            raise InputError(
                "it was made for a report with another as_of or shorter windows; take "
                "another one from the store",
                source="snapshot",
            )

    def report(self, sums: Iterable[BlockSums]) -> Report:
        """The report, from the sums of all blocks in their order."""
        self._check_listed()
        blocks = list(sums)
        shape = (0, len(self.request.windows))
        nothing = np.zeros(0, dtype=np.int64)
        none = Sums(*(np.zeros(shape, dtype=np.int64) for _ in Sums._fields))
        up, down, opened = map(
            np.concatenate, zip(none, *(block.sums for block in blocks), strict=True)
        )
        last_poll = np.concatenate([nothing, *(block.last_poll for block in blocks)])
        poll_count = np.concatenate([nothing, *(block.poll_count for block in blocks)])
        store_ids = [store_id for facts in self._facts for store_id in facts.store_ids]
        if any(map(operator.gt, store_ids, store_ids[1:])):
            places = sorted(range(len(store_ids)), key=store_ids.__getitem__)
            store_ids = [store_ids[place] for place in places]
            order = np.array(places)
            up, down, opened = up[order], down[order], opened[order]
            last_poll, poll_count = last_poll[order], poll_count[order]
        unknown = opened - up - down
        for array in (up, down, unknown, opened, last_poll, poll_count):
            array.flags.writeable = False  # so that it need not be copied
        return Report(
            store_ids=tuple(store_ids),
            windows=self.request.windows,
            up=up,
            down=down,
            unknown=unknown,
            open=opened,
            last_poll=last_poll.view("datetime64[us]"),
            poll_count=poll_count,
            provenance=Provenance(
                as_of=to_datetime(self._as_of),
                policy=self.request.policy,
                library_version=__version__,
                tzdata_version=TZDATA_VERSION,
                polls=int(poll_count.sum()),
                duplicates=sum(block.duplicates for block in blocks),
                conflicts=sum(block.conflicts for block in blocks),
                after_as_of=sum(facts.after_as_of for facts in self._facts),
                rejected=sum(facts.rejected for facts in self._facts),
                quarantined=sum(facts.quarantined for facts in self._facts),
            ),
        )


class PartFacts(NamedTuple):
    """What is known of a part of a snapshot, beside its sums.

    Attributes:
        store_ids: The shops of the report, in the order of their sums.
        known: The ids that were asked for and that it knows.
        after_as_of: How many polls came too late.
        rejected: How many rows could not be read.
        quarantined: How many shops were left out because of such rows.
    """

    store_ids: tuple[str, ...]
    known: Collection[str]
    after_as_of: int
    rejected: int
    quarantined: int


class PartSums(NamedTuple):
    """A part of a snapshot, computed.

    Attributes:
        facts: What is known of it.
        sums: Those of its blocks, in their order.
    """

    facts: PartFacts
    sums: tuple[BlockSums, ...]


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


def compute_part(
    load: PartLoader,
    *,
    request: ReportRequest,
    most_shops: int,
    zones: dict[str, Segments],
) -> PartSums:
    """Load one part of a snapshot, and compute it; the arguments are `Computation`'s.

    Raises:
        InputError: As `Computation.blocks`.
        BackEndError: It cannot be read.
    """
    computation = Computation(request, most_shops, zones)
    facts, blocks = computation.cut(load())
    return PartSums(facts, tuple(map(computation.compute, blocks)))


def compute_block(
    shops: Block, starts: Int64, ends: Int64, *, as_of: int, policy: Policy
) -> BlockSums:
    """Compute one block of shops.

    Args:
        shops: What is known of them, up to `as_of`.
        starts: The windows' first instants.
        ends: The windows' first instants after them.
        as_of: The report's "now"; nobody speaks from then on.
        policy: How polls are extrapolated.
    """
    block = shops.columns()
    low, high = int(starts.min()), int(ends.max())
    polls = settle(
        block.poll_shop,
        block.poll_at,
        block.poll_status,
        by_shop=sorts_slowly(len(block.poll_at)),
    )
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
    latest = polls.take(polls.last)
    last_poll[latest.shop] = latest.at
    if block.totals is None:
        poll_count = np.zeros(block.shops, dtype=np.int64)
        poll_count[latest.shop] = np.diff(polls.last, prepend=-1)
        duplicates, conflicts = polls.duplicates, polls.conflicts
    else:  # of a store that keeps no poll twice
        poll_count = block.totals[0]
        duplicates = conflicts = int(block.totals[1].sum())
    return BlockSums(sums, last_poll, poll_count, duplicates, conflicts)
