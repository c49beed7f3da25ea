"""What a report reads from a `SqliteStore`: a copy, outside of any transaction."""

from __future__ import annotations

import errno
import os
import tempfile
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uptime_core.errors import StoreFullError, counted
from uptime_core.polls import PollColumns
from uptime_core.schedule import HoursColumns
from uptime_core.snapshot import Snapshot
from uptime_core.stores import packed
from uptime_core.stores.sqlite_tables import SOURCES, checked_polls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptime_core.stores.packed import Packed
    from uptime_core.stores.shop_block import ShopBlock
    from uptime_core.stores.sqlite_tables import Chunk, Tables

IN_MEMORY = 64 << 20
"""Bytes of a copy that stay in memory; a larger one goes to a file without a name."""

_DISK_FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)


class _Copy(NamedTuple):
    """Where the bytes of a chunk are in the copy."""

    chunk: Chunk
    offset: int


class PollCopy:
    """Chunks as they were, each read and checked when it is asked for.

    Args:
        tables: The tables, in a transaction; not used any more afterwards.
        chunks: Which chunks to copy.
        path: The store's file. A large copy is a file beside it that has no name and
            is gone when nobody uses it, or its process ends.
    """

    def __init__(self, tables: Tables, chunks: list[Chunk], path: str) -> None:
        self._path = path
        self._copies: dict[int, list[_Copy]] = {}
        self._file = tempfile.SpooledTemporaryFile(  # noqa: SIM115  # closed with self
            max_size=IN_MEMORY,
            dir=os.path.dirname(path),  # noqa: PTH120  # a text
        )
        try:
            for chunk in chunks:
                copy = _Copy(chunk, self._file.tell())
                self._copies.setdefault(chunk.block, []).append(copy)
                self._file.write(tables.data(chunk))
        except OSError as error:
            self._file.close()
            if error.errno in _DISK_FULL:
                raise StoreFullError(
                    f"{path}: there is no room beside it for the copy that a report "
                    "reads"
                ) from error
            raise

    def polls(self, block: int) -> Packed:
        """The polls of a block of shops."""
        parts = []
        for chunk, offset in self._copies.get(block, ()):
            self._file.seek(offset)
            data = self._file.read(chunk.polls * packed.BYTES_PER_POLL)
            parts.append(checked_polls(chunk, data, self._path))
        return packed.joined(parts)


class SqliteSnapshot:
    """All that a store has, as it was at one moment, a block of shops at a time.

    Args:
        tables: The tables, in a transaction; not used any more afterwards.
        path: The store's file.
        source: What the data come from, for messages.
    """

    def __init__(self, tables: Tables, path: str, source: str) -> None:
        chunks = tables.chunks()
        tables.verify(chunks)
        self.source = source
        self.shops = tables.state.shops
        self._newest = max((chunk.last_at for chunk in chunks), default=None)
        self._blocks = list(tables.blocks())
        quarantines = [tables.quarantine(source) for source in SOURCES]
        self._named = frozenset().union(*(q.store_ids for q in quarantines))
        self._suspects = frozenset().union(*(q.suspects for q in quarantines))
        self._copy = PollCopy(tables, chunks, path)

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
            polls = poll_columns(block, self._copy.polls(number))
            elsewhere.difference_update(block.store_ids)
            yield self._part(polls, block)
        if elsewhere or not self._blocks:
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

    def _part(self, polls: PollColumns, block: ShopBlock) -> Snapshot:
        hours, timezones = block.hours(), block.timezones()
        quarantined = self._named.intersection(block.store_ids)
        suspects = self._suspects.intersection(block.store_ids)
        if suspects:
            counts = np.bincount(polls.code, minlength=len(polls.store_ids))
            polled = {polls.store_ids[code] for code in np.flatnonzero(counts)}
            quarantined |= suspects & polled.union(hours.store_ids, timezones)
        return Snapshot(
            polls=polls,
            hours=hours,
            timezones=timezones,
            quarantined=quarantined,
            source=self.source,
            hours_source=self.source,
            timezones_source=self.source,
        )


def poll_columns(block: ShopBlock, polls: Packed) -> PollColumns:
    """A block's polls with its ids."""
    code = polls.shop.astype(np.int32)
    at, status = polls.at, (polls.moment & 1).astype(np.uint8)
    for column in (code, at, status):
        column.flags.writeable = False  # so that it need not be copied
    return PollColumns(block.store_ids, code, at, status)
