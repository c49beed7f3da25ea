"""What a report reads from a `SqliteStore`: a copy, outside of any transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from uptime_core.errors import counted
from uptime_core.kernel.arrays import counts_of
from uptime_core.polls import PollColumns
from uptime_core.schedule import HoursColumns
from uptime_core.snapshot import Snapshot
from uptime_core.stores.poll_copy import PollCopy
from uptime_core.stores.sqlite_tables import SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptime_core.snapshot import PartLoader
    from uptime_core.stores.packed import Packed
    from uptime_core.stores.poll_copy import Span
    from uptime_core.stores.shop_block import ShopBlock
    from uptime_core.stores.sqlite_tables import Tables


class SqliteSnapshot:
    """All that a store has, as it was at one moment, a block of shops at a time.

    Args:
        tables: The tables, in a transaction; not used any more afterwards.
        path: The store's file.
        source: What the data come from, for messages.
        span: What the report needs; None is everything.
        store_ids: The shops that the report is of; None is all.
    """

    def __init__(
        self,
        tables: Tables,
        path: str,
        source: str,
        span: Span | None = None,
        store_ids: tuple[str, ...] | None = None,
    ) -> None:
        chunks = tables.chunks()
        tables.verify(chunks)
        self.source = source
        self._span = span
        self._newest = max((chunk.last_at for chunk in chunks), default=None)
        self._blocks = [
            (number, block)
            for number, block in tables.blocks()
            if store_ids is None or not set(store_ids).isdisjoint(block.store_ids)
        ]
        known = sum(len(block.store_ids) for _, block in self._blocks)
        self.shops: int = known if store_ids is None else len(store_ids)
        quarantines = [tables.quarantine(source) for source in SOURCES]
        self._named = frozenset().union(*(q.store_ids for q in quarantines))
        self._suspects = frozenset().union(*(q.suspects for q in quarantines))
        read = {number for number, _ in self._blocks}
        chosen = [chunk for chunk in chunks if chunk.block in read]
        self._copy = PollCopy.of(tables, chosen, path, span)

    def newest(self) -> int | None:
        """The newest poll's instant in microseconds, or None without any."""
        return self._newest

    def parts(self) -> Iterator[Snapshot]:
        """The blocks of shops, and the quarantined shops of which nothing is known.

        Raises:
            StoreCorruptError: Polls are not those that were written.
        """
        return (load() for load in self.loaders())

    def loaders(self) -> Iterator[PartLoader]:
        """What loads each of the parts, in any thread or process."""
        elsewhere = set(self._named)
        for number, block in self._blocks:
            elsewhere.difference_update(block.store_ids)
            yield _BlockLoader(
                number=number,
                block=block,
                copy=self._copy,
                span=self._span,
                named=self._named.intersection(block.store_ids),
                suspects=self._suspects.intersection(block.store_ids),
                source=self.source,
            )
        yield _OtherShops(frozenset(elsewhere), self.source)

    def quarantined(self) -> frozenset[str]:
        """The shops of rejected rows, as far as they are known to be shops."""
        return frozenset().union(*(part.quarantined for part in self.parts()))

    def __repr__(self) -> str:
        return f"<SqliteSnapshot: {counted(self.shops, 'shop')} of {self.source}>"


@attrs.frozen(eq=False)
class _BlockLoader:
    """Loads one block of shops; the attributes are those of the snapshot."""

    number: int
    block: ShopBlock
    copy: PollCopy
    span: Span | None
    named: frozenset[str]
    suspects: frozenset[str]
    source: str

    def __call__(self) -> Snapshot:
        """The block, its polls checked."""
        block, totals = self.block, None
        shops = len(block.store_ids)
        if self.span is None:
            polls = self.copy.polls(self.number)
            has_polls = counts_of(polls.shop, shops)
        else:
            polls, totals = self.copy.polls_and_totals(self.number, self.span)
            totals = totals.of_first(shops)
            has_polls = totals.polls + totals.later
        hours, timezones = block.hours(), block.timezones()
        quarantined = self.named
        if self.suspects:
            places = np.flatnonzero(has_polls).tolist()
            polled = {block.store_ids[place] for place in places}
            known = polled.union(hours.store_ids, timezones)
            quarantined |= self.suspects & known
        return Snapshot(
            polls=poll_columns(block, polls),
            hours=hours,
            timezones=timezones,
            quarantined=quarantined,
            totals=totals,
            source=self.source,
            hours_source=self.source,
            timezones_source=self.source,
        )

    def __reduce__(self) -> tuple[type[_BlockLoader], tuple[object, ...]]:
        """For other processes, without the polls of other blocks."""
        fields = attrs.asdict(self, recurse=False)
        fields["copy"] = self.copy.apart(self.number)
        return _BlockLoader, tuple(fields.values())


@attrs.frozen(eq=False)
class _OtherShops:
    """Loads the quarantined shops of which nothing else is known."""

    store_ids: frozenset[str]
    source: str

    def __call__(self) -> Snapshot:
        """A snapshot without a row."""
        return Snapshot(
            polls=PollColumns((), (), (), ()),
            hours=HoursColumns((), (), (), ()),
            timezones={},
            quarantined=self.store_ids,
            source=self.source,
            hours_source=self.source,
            timezones_source=self.source,
        )


def poll_columns(block: ShopBlock, polls: Packed) -> PollColumns:
    """A block's polls with its ids."""
    code = polls.shop.astype(np.int32, copy=False)
    at, status = polls.at, polls.moment.astype(np.uint8) & 1
    for column in (code, at, status):
        column.flags.writeable = False  # so that it need not be copied
    return PollColumns(block.store_ids, code, at, status)
