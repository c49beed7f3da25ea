"""Chunks of polls in an SQLite file: what is known of one, and its bytes, checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from uptime_core.errors import StoreCorruptError
from uptime_core.stores import packed

if TYPE_CHECKING:
    from uptime_core.stores.packed import Packed, Summary


class Chunk(NamedTuple):
    """A row of `uptime_polls` without its data.

    Attributes:
        chunk: Its number.
        block: Whose polls they are.
        seconds: 1 if they are the second ones of their instants, with the other
            status; 0 if they are the first ones.
        polls: How many.
        first_at: The oldest one's instant in microseconds.
        last_at: The newest one's.
        checksum: Of the data.
        summary_checksum: Of the summary, or None if there is none.
    """

    chunk: int
    block: int
    seconds: int
    polls: int
    first_at: int
    last_at: int
    checksum: int
    summary_checksum: int | None


def checked_polls(chunk: Chunk, data: bytes, path: str) -> Packed:
    """The polls of a chunk's bytes.

    Raises:
        StoreCorruptError: They are not those that were written.
    """
    size = chunk.polls * packed.BYTES_PER_POLL
    if len(data) != size or crc32(data) != chunk.checksum:
        raise _damaged(chunk, path)
    return packed.from_bytes(data)


def checked_summary(chunk: Chunk, data: bytes, path: str) -> Summary:
    """The summary of a chunk's bytes; raises like `checked_polls`."""
    if crc32(data) != chunk.summary_checksum:
        raise _damaged(chunk, path)
    return packed.parse_summary(data)


def _damaged(chunk: Chunk, path: str) -> StoreCorruptError:
    return StoreCorruptError(
        f"{path}: chunk {chunk.chunk} of its polls cannot be trusted, the file is "
        "damaged; restore it, or load the data into a new one"
    )
