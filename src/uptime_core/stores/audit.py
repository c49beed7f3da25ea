"""The self-audit of a `SqliteStore`: everything is read, and seen to fit together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptime_core.stores import packed
from uptime_core.stores.chunk import checked_summary
from uptime_core.stores.sqlite_tables import SOURCES

if TYPE_CHECKING:
    import sqlite3

    from uptime_core.stores.chunk import Chunk
    from uptime_core.stores.sqlite_tables import Tables


def check_all(connection: sqlite3.Connection, tables: Tables, path: str) -> None:
    """See whether all there is can be trusted.

    Args:
        connection: A connection in a transaction.
        tables: The tables, in the same.
        path: The file, for messages.

    Raises:
        StoreCorruptError: It cannot.
    """
    (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise tables.damaged(f"SQLite finds: {' '.join(str(found).split())}; it")
    chunks = tables.chunks()
    tables.verify(chunks)
    shops = [block for _, block in tables.blocks()]
    ids = [store_id for block in shops for store_id in block.store_ids]
    if len(ids) != tables.state.shops or len(set(ids)) != len(ids):
        raise tables.damaged("its list of shops")
    for block in shops:
        block.hours()
    for source in SOURCES:
        tables.quarantine(source)
    for chunk in chunks:
        known = chunk.block < len(shops)
        size = len(shops[chunk.block].store_ids) if known else 0
        fault = _fault(tables, chunk, size, path)
        if fault is not None:
            raise tables.damaged(f"chunk {chunk.chunk} has {fault}; it")


def _fault(tables: Tables, chunk: Chunk, shops: int, path: str) -> str | None:
    """What is wrong with a chunk, or None."""
    polls = tables.polls(chunk)
    fault = packed.fault(polls, shops)
    if fault is not None:
        return fault
    at = polls.at
    if (chunk.first_at, chunk.last_at) != (at.min(), at.max()):
        return "other instants than it says"
    if chunk.summary_checksum is not None:
        summary = tables.content(chunk, "summary")
        checked_summary(chunk, summary, path)
        if summary != packed.summary_bytes(packed.summary(polls)):
            return "another summary than its polls"
    return None
