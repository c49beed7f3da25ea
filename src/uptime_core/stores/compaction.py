"""Few large chunks instead of many small ones, and retention.

Chunks are merged sixteen at a time, in tiers, as in a log-structured merge tree. There
are five tiers below the large chunks: a poll is written six times at most, however many
batches come, and a block has at most 75 chunks beside the large ones, and as many again
of second polls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uptime_core.errors import InputError
from uptime_core.instants import to_text
from uptime_core.logs import log
from uptime_core.stores import packed
from uptime_core.stores.packed import MOST_POLLS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uptime_core.stores.chunk import Chunk
    from uptime_core.stores.packed import Packed
    from uptime_core.stores.sqlite_tables import Tables

_FAN_IN_BITS = 4
FAN_IN = 1 << _FAN_IN_BITS
LARGE = MOST_POLLS // 3
"""Polls of a chunk that is not merged any more."""

_NEVER = np.iinfo(np.int64).min


def merge_small_chunks(tables: Tables, block: int) -> None:
    """Merge a block's chunks as far as there are enough of about the same size."""
    while True:
        tiers: dict[tuple[int, int], list[Chunk]] = {}
        for chunk in tables.chunks(block):
            if chunk.polls < LARGE:
                tier = (chunk.polls.bit_length() - 1) // _FAN_IN_BITS
                tiers.setdefault((chunk.seconds, tier), []).append(chunk)
        full = [
            chunks
            for chunks in tiers.values()
            if len(chunks) >= FAN_IN
            or (len(chunks) > 1 and sum(chunk.polls for chunk in chunks) >= LARGE)
        ]
        if not full:
            return
        merge(tables, full[0])


def merge(tables: Tables, chunks: Sequence[Chunk]) -> None:
    """Put chunks of a block in one, or in as few as their size allows.

    Args:
        tables: The tables.
        chunks: Of one block, and all of first polls or all of second ones.
    """
    log.debug("%d chunks of block %d are merged", len(chunks), chunks[0].block)
    parts = []
    for chunk in chunks:
        parts.append(tables.polls(chunk))
        tables.drop_chunk(chunk)
    for merged in packed.chunks(packed.distinct(packed.joined(parts))):
        tables.add_chunk(chunks[0].block, merged, seconds=chunks[0].seconds)


def merge_all_small_chunks(tables: Tables, block: int) -> None:
    """Merge all chunks of a block that are not large."""
    small = [chunk for chunk in tables.chunks(block) if chunk.polls < LARGE]
    for seconds in (0, 1):
        alike = [chunk for chunk in small if chunk.seconds == seconds]
        if len(alike) > 1:
            merge(tables, alike)


def delete_polls_before(tables: Tables, horizon: int) -> int:
    """Delete the polls from before an instant, and take in no more of them.

    Returns:
        How many were deleted.

    Raises:
        InputError: It is later than the newest poll.
    """
    chunks, earlier = tables.chunks(), tables.state.horizon
    newest = max((chunk.last_at for chunk in chunks), default=None)
    if newest is None or (earlier is not None and horizon <= earlier):
        return 0
    if horizon > newest:
        raise InputError(
            f"{to_text(horizon)} is later than the newest poll, {to_text(newest)}; "
            "polls from before it could never be taken in; give that one or an earlier"
        )
    tables.set_horizon(horizon)
    blocks = sorted({chunk.block for chunk in chunks})
    return sum(delete_older_polls(tables, block, horizon) for block in blocks)


def delete_older_polls(tables: Tables, block: int, horizon: int) -> int:
    """Delete a block's polls from before an instant, but each shop's last one.

    Where that one's instant has both statuses, both are kept.

    Returns:
        How many were deleted.
    """
    old = [chunk for chunk in tables.chunks(block) if chunk.first_at < horizon]
    before = sum(chunk.polls for chunk in old)
    last = np.full(packed.SHOPS_PER_BLOCK, _NEVER, dtype=np.int64)
    for chunk in old:
        if not chunk.seconds:
            polls = tables.polls(chunk)
            older = polls.where(polls.at < horizon)
            np.maximum.at(last, older.shop, older.at)
    kept = 0
    remains: tuple[list[Packed], list[Packed]] = ([], [])
    for chunk in old:
        polls = tables.polls(chunk)
        tables.drop_chunk(chunk)
        newer = polls.where(polls.at >= horizon)
        for part in packed.chunks(newer):
            tables.add_chunk(block, part, seconds=chunk.seconds)
        remains[chunk.seconds].append(polls.where(polls.at == last[polls.shop]))
        kept += len(newer.shop)
    for seconds, parts in enumerate(remains):
        remaining = packed.distinct(packed.joined(parts))
        kept += len(remaining.shop)
        for part in packed.chunks(remaining):
            tables.add_chunk(block, part, seconds=seconds)
    merge_small_chunks(tables, block)
    return before - kept
