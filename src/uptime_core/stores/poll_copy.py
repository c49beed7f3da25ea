"""Chunks of polls, copied out of a transaction: in memory, or in a file if many."""

from __future__ import annotations

import errno
import io
import os
import weakref
from typing import IO, TYPE_CHECKING, NamedTuple

import numpy as np

from uptime_core.errors import StoreFullError
from uptime_core.forks import ForkSafeLock
from uptime_core.kernel.arrays import counts_of
from uptime_core.snapshot import PollTotals
from uptime_core.stores import packed
from uptime_core.stores.chunk import Chunk, checked_polls, checked_summary
from uptime_core.stores.packed import Packed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uptime_core.kernel.arrays import Index
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
        path: The store's file, for messages.
        copied: The chunks, by block.
        file: What holds those that are not in memory.
    """

    def __init__(
        self, path: str, copied: Mapping[int, list[_Copied]], file: IO[bytes]
    ) -> None:
        self._path = path
        self._copied = copied
        self._file = file
        self._lock = ForkSafeLock()
        weakref.finalize(self, file.close)

    @classmethod
    def of(
        cls, tables: Tables, chunks: list[Chunk], path: str, span: Span | None = None
    ) -> PollCopy:
        """Copy some chunks.

        Args:
            tables: The tables, in a transaction.
            chunks: Which chunks to copy.
            path: The store's file. A large copy is a file beside it that has no name
                and is gone when nobody uses it, or its process ends.
            span: What a report needs; of chunks that lie outside, summaries will do.
                None is everything.
        """
        copied: dict[int, list[_Copied]] = {}
        file: IO[bytes] = io.BytesIO()
        kept = 0
        try:
            for chunk in chunks:
                column: Column = "summary" if _is_outside(chunk, span) else "data"
                content = tables.content(chunk, column)
                kept += len(content)
                place = _Copied(chunk, column, content, 0, len(content))
                if kept > IN_MEMORY:
                    if isinstance(file, io.BytesIO):
                        file = _file_without_a_name(path)
                    place = place._replace(content=None, offset=file.tell())
                    file.write(content)
                copied.setdefault(chunk.block, []).append(place)
            file.flush()
        except BaseException as error:
            file.close()
            if isinstance(error, OSError) and error.errno in _DISK_FULL:
                raise StoreFullError(
                    f"{path}: there is no room beside it for the copy that a report "
                    "reads; make room and try again"
                ) from error
            raise
        return cls(path, copied, file)

    def apart(self, block: int) -> PollCopy:
        """The copy of one block's chunks, in memory."""
        places = [
            place._replace(content=self._content(place))
            for place in self._copied.get(block, ())
        ]
        return PollCopy(self._path, {block: places}, io.BytesIO())

    def __reduce__(self) -> tuple[type[PollCopy], tuple[object, ...]]:
        if not isinstance(self._file, io.BytesIO):
            message = "only a copy in memory can be pickled"
            raise TypeError(message)
        return PollCopy, (self._path, self._copied, io.BytesIO())

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
                if chunk.first_at < span.low:
                    polls = _without_older(polls, span.low)
                parts.append(polls)
                continue
            summary = checked_summary(chunk, content, self._path)
            shop = _places(summary.shop)
            if chunk.first_at > span.as_of:
                later[shop] += summary.polls
                continue
            total[shop] += summary.polls
            # The last bit is turned, so that of one instant's statuses down is later.
            last[shop] = np.maximum(last[shop], summary.last ^ 1)
        known = np.flatnonzero(last != _NEVER)
        parts.append(Packed(known, last[known] ^ 1))
        firsts, seconds = firsts_and_seconds
        return packed.joined(parts), PollTotals(
            span.low, span.as_of, firsts, seconds, later
        )

    def _content(self, place: _Copied) -> bytes:
        if place.content is not None:
            return place.content
        if hasattr(os, "pread"):  # also after a fork, and without turns
            return os.pread(self._file.fileno(), place.size, place.offset)
        with self._lock:
            self._file.seek(place.offset)
            return self._file.read(place.size)


def _without_older(polls: Packed, low: int) -> Packed:
    """Polls of a chunk, of those from before an instant each shop's last one only.

    All of them where fewer than half are from before it, since a copy of the others
    takes longer than to compute with all.
    """
    older = polls.moment < 2 * low
    if 2 * np.count_nonzero(older) < len(older):
        return polls
    needed = np.ones(len(older), dtype=np.bool_)
    needed[:-1] = ~(older[:-1] & older[1:]) | (polls.shop[:-1] != polls.shop[1:])
    return polls.where(needed)


def _places(shop: Index) -> Index | slice:
    """Sorted places, all different; as a slice, which is faster, if none is missing."""
    shops = len(shop)
    return slice(shops) if shops and int(shop[-1]) == shops - 1 else shop


def _file_without_a_name(path: str) -> IO[bytes]:
    import tempfile  # noqa: PLC0415  # 3 ms, and most copies fit the memory

    return tempfile.TemporaryFile(
        dir=os.path.dirname(path),  # noqa: PTH120  # a text
    )


def _is_outside(chunk: Chunk, span: Span | None) -> bool:
    """Whether a chunk's summary says all that a report needs to know."""
    if span is None or chunk.summary_checksum is None:
        return False
    return chunk.last_at < span.low or chunk.first_at > span.as_of
