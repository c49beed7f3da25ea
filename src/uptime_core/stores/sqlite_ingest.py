"""How rows get into the tables of a `SqliteStore`; each call within a transaction."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import attrs
import numpy as np

from uptime_core.ingest import (
    IngestResult,
    hours_change,
    quarantine_after,
    timezones_change,
)
from uptime_core.schedule import HoursColumns
from uptime_core.stores import packed
from uptime_core.stores.compaction import merge_small_chunks
from uptime_core.stores.packed import SHOP_BITS, SHOPS_PER_BLOCK, Packed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from uptime_core.kernel.arrays import Int64
    from uptime_core.polls import PollColumns
    from uptime_core.quarantine import Quarantine
    from uptime_core.stores.sqlite_tables import Tables


@attrs.define
class ShopCodes:
    """The number of each shop, kept from one ingest to the next.

    Numbers are given once and for all; number n is place ``n % 4096`` of block
    ``n // 4096``. Only who has the write lock may use it.
    """

    _numbers: dict[str, int] = attrs.field(factory=dict)
    _token: str | None = None

    def of(self, tables: Tables, store_ids: Iterable[str]) -> list[int]:
        """Each id's number; unknown ids get one."""
        wanted = list(store_ids)
        if self._token != tables.state.shops_token:
            ids = (shop for _, block in tables.blocks() for shop in block.store_ids)
            self._numbers = {store_id: number for number, store_id in enumerate(ids)}
            self._token = tables.state.shops_token
        numbers = self._numbers
        new = [store_id for store_id in wanted if store_id not in numbers]
        if new:
            self._append(tables, iter(new))
        return [numbers[store_id] for store_id in wanted]

    def _append(self, tables: Tables, new: Iterator[str]) -> None:
        numbers = self._numbers
        self._token = None  # until the end: an error half-way leaves numbers to forget
        while True:
            block = len(numbers) >> SHOP_BITS
            shops = tables.block(block)
            more = list(islice(new, SHOPS_PER_BLOCK - len(shops.store_ids)))
            if not more:
                break
            shops.append(more)
            tables.put_block(block, shops)
            for store_id in more:
                numbers[store_id] = len(numbers)
        tables.count_shops(len(numbers))
        self._token = tables.state.shops_token


def add_polls(tables: Tables, codes: ShopCodes, polls: PollColumns) -> IngestResult:
    """Add polls, a chunk for each block of shops."""
    rows = len(polls)
    code, at, status = polls.code, polls.at, polls.status
    horizon = tables.state.horizon
    if horizon is not None and rows and int(at.min()) < horizon:
        kept = at >= horizon
        code, at, status = code[kept], at[kept], status[kept]
    result = IngestResult(expired=rows - len(at))
    if not len(at):
        return result
    used = np.flatnonzero(np.bincount(code, minlength=len(polls.store_ids)))
    numbers = np.zeros(len(polls.store_ids), dtype=np.int64)
    numbers[used] = codes.of(tables, [polls.store_ids[place] for place in used])
    shop, moment = numbers[code], (at << 1) | status
    for block, rows_of_block in _by_block(shop >> SHOP_BITS):
        part = Packed(
            shop[rows_of_block] & (SHOPS_PER_BLOCK - 1), moment[rows_of_block]
        )
        result += _add_to_block(tables, block, part)
    return result


def _by_block(block: Int64) -> Iterator[tuple[int, Int64 | slice]]:
    """The blocks, and which rows belong to each."""
    counts = np.bincount(block)
    present = np.flatnonzero(counts)
    if len(present) == 1:
        yield int(present[0]), slice(None)
        return
    order = np.argsort(block, kind="stable")
    ends = np.cumsum(counts)
    for number in present.tolist():
        yield number, order[ends[number] - counts[number] : ends[number]]


def _add_to_block(tables: Tables, block: int, part: Packed) -> IngestResult:
    polls = packed.distinct(part)
    known = _known(tables, block, polls)
    new = polls.where(~packed.are_in(polls, known))
    are_second = packed.are_second(new, known)
    for seconds in (0, 1):
        for chunk in packed.chunks(new.where(are_second == seconds)):
            tables.add_chunk(block, chunk, seconds=seconds)
    merge_small_chunks(tables, block)
    return IngestResult(
        added=len(new.shop),
        repeated=len(part.shop) - len(new.shop),
        conflicting=int(np.count_nonzero(are_second)),
    )


def _known(tables: Tables, block: int, polls: Packed) -> Packed:
    """Polls of the block at about the same time as any of `polls`."""
    at = np.sort(polls.at)
    low, high = int(at[0]), int(at[-1])
    parts = []
    for chunk in tables.chunks(block):
        first, after = np.searchsorted(at, [chunk.first_at, chunk.last_at + 1])
        if first < after:
            stored = tables.polls(chunk)
            near = (stored.at >= low) & (stored.at <= high)
            parts.append(stored.where(near))
    return packed.joined(parts)


def set_hours(
    tables: Tables,
    codes: ShopCodes,
    hours: HoursColumns,
    quarantine: Quarantine,
    *,
    replace: bool,
) -> IngestResult:
    """Replace the business hours of the shops named, or of all."""
    before = tables.quarantine("hours")
    tables.put_quarantine(
        "hours",
        quarantine_after(before, hours.store_ids, quarantine, replace=replace),
    )
    numbers = np.array(codes.of(tables, hours.store_ids), dtype=np.int64)
    shop = numbers[hours.code]
    old, known = [], []
    for number, block in tables.blocks():
        named = numbers[numbers >> SHOP_BITS == number] & (SHOPS_PER_BLOCK - 1)
        rows = shop >> SHOP_BITS == number
        old.append(block.hours())
        if replace:
            block.forget_hours(range(len(block.store_ids)))
        else:
            block.forget_hours(_places(block.store_ids, quarantine.store_ids))
        block.set_hours(
            named.tolist(),
            shop[rows] & (SHOPS_PER_BLOCK - 1),
            hours.start[rows],
            hours.end[rows],
        )
        tables.put_block(number, block)
        known += block.store_ids
    lost = known if replace else quarantine.store_ids
    return hours_change(HoursColumns.concatenate(old), hours, lost)


def set_timezones(
    tables: Tables,
    codes: ShopCodes,
    timezones: Mapping[str, str],
    quarantine: Quarantine,
    *,
    replace: bool,
) -> IngestResult:
    """Replace the time zones of the shops named, or of all."""
    before = tables.quarantine("timezones")
    tables.put_quarantine(
        "timezones",
        quarantine_after(before, timezones, quarantine, replace=replace),
    )
    by_block: dict[int, dict[int, str]] = {}
    numbers = codes.of(tables, timezones)
    for number, zone in zip(numbers, timezones.values(), strict=True):
        places = by_block.setdefault(number >> SHOP_BITS, {})
        places[number & (SHOPS_PER_BLOCK - 1)] = zone
    result = IngestResult()
    for number, block in tables.blocks():
        old = block.timezones()
        if replace:
            block.zones = [""] * len(block.zones)
        for place in _places(block.store_ids, quarantine.store_ids):
            block.zones[place] = ""
        new = {}
        for place, zone in by_block.get(number, {}).items():
            block.zones[place] = new[block.store_ids[place]] = zone
        lost = old if replace else quarantine.store_ids.intersection(old)
        result += timezones_change(old, new, lost)
        tables.put_block(number, block)
    return result


def _places(store_ids: list[str], named: frozenset[str]) -> list[int]:
    """Where in a block some shops are, those that are."""
    return [place for place, shop in enumerate(store_ids) if shop in named]
