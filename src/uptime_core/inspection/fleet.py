"""The polls of all shops in order, and the fleet's rhythm."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uptime_core.inspection import rhythm
from uptime_core.inspection.rhythm import Rhythm
from uptime_core.kernel.arrays import starts_of_runs
from uptime_core.kernel.blocks import BlockRows, shop_blocks, time_bits
from uptime_core.kernel.extrapolate import settle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uptime_core.inspection.rhythm import Silences
    from uptime_core.kernel.arrays import Int64, UInt8
    from uptime_core.polls import PollColumns


class Fleet(NamedTuple):
    """Distinct polls, at least one, sorted by shop and instant.

    Attributes:
        shop: int64, each poll's shop, an index of `store_ids`.
        at: int64, its instant in microseconds.
        store_ids: The ids of the shops, sorted as text.
        duplicates: Rows beyond the first of an instant of a shop.
        contested: Shops and instants that have both statuses.
        instants: int64, all of `at`, in order.
        interval: The median interval between two polls of a shop, or None.
        usual: The usual interval in the end, for comparisons; see `rhythm`.
        newest: The newest poll, without those of a few shops ahead of all others.
        oldest: The oldest poll, without a few that are far older than all others.
        silences: When nobody was polled between those two.
        holes: From what length on each of them is a hole.
    """

    shop: Int64
    at: Int64
    store_ids: tuple[str, ...]
    duplicates: int
    contested: tuple[Int64, Int64]
    instants: Int64
    interval: int | None
    usual: int
    newest: int
    oldest: int
    silences: Silences
    holes: Int64

    @classmethod
    def of(cls, polls: PollColumns) -> Fleet:
        """Arrange polls, at least one."""
        counts = np.bincount(polls.code, minlength=len(polls.store_ids))
        store_ids, number = numbered(polls.store_ids, np.flatnonzero(counts))
        code = number[polls.code]
        bits = time_bits(int(polls.at.min()), int(polls.at.max()))
        blocks = shop_blocks(np.bincount(code), bits, 1)
        shop, at, contested = [], [], []
        duplicates = 0
        of_blocks = BlockRows.of(code, blocks)
        for block, (first, _) in enumerate(blocks):
            rows = of_blocks.rows(block)
            columns = code[rows] - first, polls.at[rows], polls.status[rows]
            settled = settle(*columns)
            shop.append(settled.shop + first)
            at.append(settled.at)
            duplicates += settled.duplicates
            if settled.conflicts:
                both = _contested(*columns, bits=settled.bits, origin=settled.origin)
                contested.append((both[0] + first, both[1]))
        return cls._of_sorted(
            np.concatenate(shop),
            np.concatenate(at),
            store_ids,
            duplicates,
            _joined(contested),
        )

    @classmethod
    def _of_sorted(
        cls,
        shop: Int64,
        at: Int64,
        store_ids: tuple[str, ...],
        duplicates: int,
        contested: tuple[Int64, Int64],
    ) -> Fleet:
        instants = np.sort(at)
        goes_on = shop[1:] == shop[:-1]
        begin = at[:-1][goes_on]
        interval = at[1:][goes_on] - begin
        beats = Rhythm.of(instants, begin, interval)
        usual = int(beats.usual[-1])
        last = at[np.append(~goes_on, True)]  # the shop's newest
        newest = rhythm.newest_of_most(last, usual)
        oldest = rhythm.oldest_of_most(instants)
        first, after = np.searchsorted(instants, [oldest, newest + 1])
        regular = instants[first:after]
        silences = rhythm.silences(regular, beats.at(regular))
        return cls(
            shop=shop,
            at=at,
            store_ids=store_ids,
            duplicates=duplicates,
            contested=contested,
            instants=instants,
            interval=int(np.median(interval)) if len(interval) else None,
            usual=usual,
            newest=newest,
            oldest=oldest,
            silences=silences,
            holes=rhythm.HOLE * beats.at(silences.start),
        )

    def ids(self, shops: Int64) -> tuple[str, ...]:
        """The distinct ids of some shops, sorted."""
        return ids_of(self.store_ids, shops)


def numbered(store_ids: Sequence[str], wanted: Int64) -> tuple[tuple[str, ...], Int64]:
    """Some ids sorted as text, and the number of each among them, or -1.

    Args:
        store_ids: All ids, each once.
        wanted: The places of those wanted.
    """
    order = sorted(wanted.tolist(), key=store_ids.__getitem__)
    number = np.full(len(store_ids), -1, dtype=np.int64)
    number[order] = np.arange(len(order))
    return tuple(store_ids[place] for place in order), number


def ids_of(store_ids: Sequence[str], shops: Int64) -> tuple[str, ...]:
    """The ids of shops by number, each once, in the order of their numbers."""
    is_there = np.bincount(shops, minlength=len(store_ids))
    return tuple(store_ids[shop] for shop in np.flatnonzero(is_there).tolist())


def _contested(
    shop: Int64, at: Int64, status: UInt8, *, bits: int, origin: int
) -> tuple[Int64, Int64]:
    """The shops and instants that have both statuses, in order."""
    moment = (shop << bits) | (at - origin)
    moment = moment << 1 | status
    moment.sort()
    moment = moment[starts_of_runs(moment)]  # then down is followed by up
    both = moment[1:][(moment[1:] ^ moment[:-1]) == 1] >> 1
    return both >> bits, (both & ((1 << bits) - 1)) + origin


def _joined(parts: list[tuple[Int64, Int64]]) -> tuple[Int64, Int64]:
    nothing = np.zeros(0, dtype=np.int64)
    shops, instants = zip((nothing, nothing), *parts, strict=True)
    return np.concatenate(shops), np.concatenate(instants)
