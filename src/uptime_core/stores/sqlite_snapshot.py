"""What a report reads from a `SqliteStore`: a copy, outside of any transaction."""

from __future__ import annotations

import errno
import io
import os
import weakref
from typing import IO, TYPE_CHECKING, NamedTuple

import numpy as np

from uptime_core.errors import StoreFullError, counted
from uptime_core.kernel.arrays import counts_of
from uptime_core.polls import PollColumns
from uptime_core.schedule import HoursColumns
from uptime_core.snapshot import PollTotals, Snapshot
from uptime_core.stores import packed
from uptime_core.stores.chunk import Chunk, checked_polls, checked_summary
from uptime_core.stores.packed import Packed
from uptime_core.stores.sqlite_tables import SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptime_core.stores.shop_block import ShopBlock
    from uptime_core.stores.sqlite_tables import Column, Tables

IN_MEMORY = 64 << 20
"""Bytes of a copy that stay in memory; a larger one goes to a file without a name."""

_DISK_FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
_NEVER = np.iinfo(np.int64).min


class Span(NamedTuple):
    """What of the time a report needs polls of, in microseconds.

    Attributes:
        low: The first instant of its windows. Of older polls it needs how many there
            are, and each shop's last one: whatever speaks in a window, and is older,
            speaks until the next poll.
        as_of: Its "now". Of later polls it needs how many there are.
    """

    low: int
    as_of: int


class _Copied(NamedTuple):
    """The bytes of a chunk's data or summary, or where they are in the file."""

    chunk: Chunk
    column: Column
    content: bytes | None
    offset: int
    size: int


class PollCopy:
    """Chunks as they were, each read and checked when it is asked for.

    Args:
        tables: The tables, in a transaction; not used any more afterwards.
        chunks: Which chunks to copy.
        path: The store's file. A large copy is a file beside it that has no name and
            is gone when nobody uses it, or its process ends.
        span: What a report needs; of chunks that lie outside, summaries will do. None
            is everything.
    """

    def __init__(
        self, tables: Tables, chunks: list[Chunk], path: str, span: Span | None = None
    ) -> None:
        self._path = path
        self._span = span
        self._copied: dict[int, list[_Copied]] = {}
        self._file: IO[bytes] = io.BytesIO()
        kept = 0
        try:
            for chunk in chunks:
                column: Column = "summary" if _is_outside(chunk, span) else "data"
                content = tables.content(chunk, column)
                kept += len(content)
                place = _Copied(chunk, column, content, 0, len(content))
                if kept > IN_MEMORY:
                    if isinstance(self._file, io.BytesIO):
                        self._file = self._file_without_a_name()
                    place = place._replace(content=None, offset=self._file.tell())
                    self._file.write(content)
                self._copied.setdefault(chunk.block, []).append(place)
        except OSError as error:
            self._file.close()
            if error.errno in _DISK_FULL:
                raise StoreFullError(
                    f"{path}: there is no room beside it for the copy that a report "
                    "reads; make room and try again"
                ) from error
            raise

    def _file_without_a_name(self) -> IO[bytes]:
        import tempfile  # noqa: PLC0415  # 3 ms, and most copies fit the memory

        file = tempfile.TemporaryFile(  # noqa: SIM115  # closed with self
            dir=os.path.dirname(self._path),  # noqa: PTH120  # a text
        )
        weakref.finalize(self, file.close)
        return file

    def polls(self, block: int) -> Packed:
        """All polls of a block of shops; for a copy of everything only."""
        parts = [
            checked_polls(place.chunk, self._content(place), self._path)
            for place in self._copied.get(block, ())
        ]
        return packed.joined(parts)

    def polls_and_totals(self, block: int, span: Span) -> tuple[Packed, PollTotals]:
        """The polls of a block that a report needs, up to `as_of`, and how many it has.

        Raises:
            StoreCorruptError: They are not those that were written.
        """
        shops = packed.SHOPS_PER_BLOCK
        firsts_and_seconds = (np.zeros(shops, np.int64), np.zeros(shops, np.int64))
        later = np.zeros(shops, dtype=np.int64)
        last = np.full(shops, _NEVER, dtype=np.int64)
        parts = []
        for place in self._copied.get(block, ()):
            chunk, content = place.chunk, self._content(place)
            total = firsts_and_seconds[chunk.seconds]
            if place.column == "data":
                polls = checked_polls(chunk, content, self._path)
                if chunk.last_at > span.as_of:
                    is_later = polls.at > span.as_of
                    later += counts_of(polls.shop[is_later], shops)
                    polls = polls.where(~is_later)
                total += counts_of(polls.shop, shops)
                parts.append(polls)
                continue
            summary = checked_summary(chunk, content, self._path)
            if chunk.first_at > span.as_of:
                later[summary.shop] += summary.polls
                continue
            total[summary.shop] += summary.polls
            # The last bit is turned, so that of one instant's statuses down is later.
            newest = np.maximum(last[summary.shop], summary.last ^ 1)
            last[summary.shop] = newest
        known = np.flatnonzero(last != _NEVER)
        parts.append(Packed(known, last[known] ^ 1))
        firsts, seconds = firsts_and_seconds
        return packed.joined(parts), PollTotals(
            span.low, span.as_of, firsts, seconds, later
        )

    def _content(self, place: _Copied) -> bytes:
        if place.content is not None:
            return place.content
        self._file.seek(place.offset)
        return self._file.read(place.size)


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
        self._copy = PollCopy(tables, chosen, path, span)

    def newest(self) -> int | None:
        """The newest poll's instant in microseconds, or None without any."""
        return self._newest

    def parts(self) -> Iterator[Snapshot]:
        """The blocks of shops, and the quarantined shops of which nothing is known.

        Raises:
            StoreCorruptError: Polls are not those that were written.
        """
        elsewhere = set(self._named)
        for number, block in self._blocks:
            elsewhere.difference_update(block.store_ids)
            yield self._part(number, block)
        yield Snapshot(
            polls=PollColumns((), (), (), ()),
            hours=HoursColumns((), (), (), ()),
            timezones={},
            quarantined=frozenset(elsewhere),
            source=self.source,
            hours_source=self.source,
            timezones_source=self.source,
        )

    def quarantined(self) -> frozenset[str]:
        """The shops of rejected rows, as far as they are known to be shops."""
        return frozenset().union(*(part.quarantined for part in self.parts()))

    def __repr__(self) -> str:
        return f"<SqliteSnapshot: {counted(self.shops, 'shop')} of {self.source}>"

    def _part(self, number: int, block: ShopBlock) -> Snapshot:
        totals = None
        if self._span is None:
            polls = self._copy.polls(number)
            has_polls = counts_of(polls.shop, len(block.store_ids))
        else:
            polls, totals = self._copy.polls_and_totals(number, self._span)
            totals = totals.of_first(len(block.store_ids))
            has_polls = totals.polls + totals.later
        hours, timezones = block.hours(), block.timezones()
        quarantined = self._named.intersection(block.store_ids)
        suspects = self._suspects.intersection(block.store_ids)
        if suspects:
            places = np.flatnonzero(has_polls).tolist()
            polled = {block.store_ids[place] for place in places}
            quarantined |= suspects & polled.union(hours.store_ids, timezones)
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


def poll_columns(block: ShopBlock, polls: Packed) -> PollColumns:
    """A block's polls with its ids."""
    code = polls.shop.astype(np.int32, copy=False)
    at, status = polls.at, polls.moment.astype(np.uint8) & 1
    for column in (code, at, status):
        column.flags.writeable = False  # so that it need not be copied
    return PollColumns(block.store_ids, code, at, status)


def _is_outside(chunk: Chunk, span: Span | None) -> bool:
    """Whether a chunk's summary says all that a report needs to know."""
    if span is None or chunk.summary_checksum is None:
        return False
    return chunk.last_at < span.low or chunk.first_at > span.as_of
