"""Few large chunks instead of many small ones, and retention.

Chunks are merged sixteen at a time, in tiers, as in a log-structured merge tree: a poll
is written again some four times in its life, however many batches come, and a block
has at most some seventy chunks beside the large ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uptime_core.stores import packed
from uptime_core.stores.packed import MOST_POLLS, Packed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uptime_core.stores.sqlite_tables import Chunk, Tables

_FAN_IN_BITS = 4
FAN_IN = 1 << _FAN_IN_BITS
LARGE = MOST_POLLS // 2
"""Polls of a chunk that is not merged any more."""


def merge_small_chunks(tables: Tables, block: int) -> None:
    """Merge a block's chunks as far as there are enough of about the same size."""
    while True:
        tiers: dict[int, list[Chunk]] = {}
        for chunk in tables.chunks(block):
            if chunk.polls < LARGE:
                tier = (chunk.polls.bit_length() - 1) // _FAN_IN_BITS
                tiers.setdefault(tier, []).append(chunk)
        full = [
            chunks
            for chunks in tiers.values()
            if len(chunks) >= FAN_IN
            or (len(chunks) > 1 and sum(chunk.polls for chunk in chunks) >= LARGE)
        ]
        if not full:
            return
        merge(tables, block, full[0])


def merge(tables: Tables, block: int, chunks: Iterable[Chunk]) -> None:
    """Put some chunks of a block in one, or in as few as their size allows."""
    parts = []
    for chunk in chunks:
        parts.append(tables.polls(chunk))
        tables.drop_chunk(chunk)
    for merged in packed.chunks(packed.distinct(packed.joined(parts))):
        tables.add_chunk(block, merged)


def merge_all_small_chunks(tables: Tables, block: int) -> None:
    """Merge all chunks of a block that are not large."""
    small = [chunk for chunk in tables.chunks(block) if chunk.polls < LARGE]
    if len(small) > 1:
        merge(tables, block, small)


def delete_older_polls(tables: Tables, block: int, horizon: int) -> int:
    """Delete a block's polls from before an instant, but each shop's last one.

    Returns:
        How many were deleted.
    """
    old = [chunk for chunk in tables.chunks(block) if chunk.first_at < horizon]
    before = sum(chunk.polls for chunk in old)
    last = packed.NONE
    kept = 0
    for chunk in old:
        polls = tables.polls(chunk)
        tables.drop_chunk(chunk)
        is_older = polls.at < horizon
        last = _last_of_each_shop(packed.joined([last, polls.where(is_older)]))
        newer = polls.where(~is_older)
        kept += len(newer.shop)
        for part in packed.chunks(newer):
            tables.add_chunk(block, part)
    for part in packed.chunks(last):
        tables.add_chunk(block, part)
    merge_small_chunks(tables, block)
    return before - kept - len(last.shop)


def _last_of_each_shop(polls: Packed) -> Packed:
    """Each shop's newest poll; both where there are two statuses of that instant."""
    ordered = packed.distinct(polls)
    if not len(ordered.shop):
        return ordered
    shop, at = ordered.shop, ordered.at
    is_last = np.append(shop[1:] != shop[:-1], True)
    newest = np.zeros(int(shop[-1]) + 1, dtype=np.int64)
    newest[shop[is_last]] = at[is_last]
    return ordered.where(at == newest[shop])
