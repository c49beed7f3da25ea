"""The tables of a `SqliteStore`, each row checked when it is read.

    uptime_shops       up to 4,096 shops a row: ids, time zones, business hours
    uptime_polls       a chunk of polls of one such block of shops a row
    uptime_quarantine  the shops of rejected rows of hours, and of zones
    uptime_state       one row: the store's identity, its horizon, and what the other
                       tables must have

Every row has a checksum of its own; `uptime_state` has the sum of all of them, so that
neither a changed nor a lost row goes unnoticed.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal
from zlib import crc32

import attrs

from uptime_core.errors import StoreCorruptError
from uptime_core.quarantine import Quarantine
from uptime_core.stores import packed
from uptime_core.stores.chunk import Chunk, checked_polls
from uptime_core.stores.shop_block import ShopBlock

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from uptime_core.stores.packed import Packed

PART = "store"
VERSION = 2
SCHEMA = (
    """CREATE TABLE uptime_shops(
        block INTEGER PRIMARY KEY NOT NULL,
        store_ids TEXT NOT NULL,
        zones TEXT NOT NULL,
        hours BLOB NOT NULL,
        checksum INTEGER NOT NULL) STRICT""",
    # The data come last: reading the columns before them does not touch their pages.
    """CREATE TABLE uptime_polls(
        chunk INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
        block INTEGER NOT NULL,
        seconds INTEGER NOT NULL,
        polls INTEGER NOT NULL,
        first_at INTEGER NOT NULL,
        last_at INTEGER NOT NULL,
        checksum INTEGER NOT NULL,
        summary_checksum INTEGER,
        summary BLOB,
        data BLOB NOT NULL) STRICT""",
    """CREATE TABLE uptime_quarantine(
        source TEXT PRIMARY KEY NOT NULL,
        store_ids TEXT NOT NULL,
        suspects TEXT NOT NULL,
        checksum INTEGER NOT NULL) STRICT""",
    """CREATE TABLE uptime_state(
        one INTEGER PRIMARY KEY NOT NULL CHECK (one = 1),
        identity TEXT NOT NULL,
        horizon INTEGER,
        shops INTEGER NOT NULL,
        shops_token TEXT NOT NULL,
        entries INTEGER NOT NULL,
        total INTEGER NOT NULL,
        checksum INTEGER NOT NULL) STRICT""",
)

SOURCES = ("hours", "timezones")

SUMMARIZED = 8
"""Polls that a shop must have on average for a chunk to have a summary."""

Column = Literal["data", "summary"]

_CHUNK = ", ".join(Chunk._fields)


@attrs.frozen
class State:
    """The row of `uptime_state`.

    Attributes:
        identity: What tells this store from all others.
        horizon: Older polls are not taken in, in microseconds; None without any.
        shops: How many ids there are.
        shops_token: Another one whenever ids are added.
        entries: How many rows the other tables have.
        total: The sum of their checksums.
    """

    identity: str
    horizon: int | None
    shops: int
    shops_token: str
    entries: int
    total: int


class Tables:
    """The tables, within one transaction; the state is written by `finish`.

    Args:
        connection: A connection in a transaction.
        path: The file, for messages.

    Raises:
        StoreCorruptError: A row is damaged, or one is missing.
    """

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        self._connection = connection
        self._path = path
        row = connection.execute(
            "SELECT identity, horizon, shops, shops_token, entries, total, checksum "
            "FROM uptime_state"
        ).fetchone()
        if row is None or row[-1] != checksum_of(*row[:-1]):
            raise self.damaged("its state")
        self.state: State = State(*row[:-1])
        self._before = self.state

    @classmethod
    def create(cls, connection: sqlite3.Connection) -> None:
        """Fill tables that have just been made."""
        total = 0
        for source in SOURCES:
            checksum = checksum_of("quarantine", source, "", "")
            total += checksum
            connection.execute(
                "INSERT INTO uptime_quarantine VALUES (?, '', '', ?)",
                (source, checksum),
            )
        state = State(os.urandom(16).hex(), None, 0, "", len(SOURCES), total)
        connection.execute(
            "INSERT INTO uptime_state VALUES (1, ?, ?, ?, ?, ?, ?, ?)",
            (*attrs.astuple(state), checksum_of(*attrs.astuple(state))),
        )

    def damaged(self, what: str) -> StoreCorruptError:
        """The error that says so."""
        return StoreCorruptError(
            f"{self._path}: {what} cannot be trusted, the file is damaged; restore it, "
            "or load the data into a new one"
        )

    def verify(self, chunks: Iterable[Chunk]) -> None:
        """No row of the tables is lost or changed, as far as checksums tell.

        Args:
            chunks: All that there are.
        """
        checksums = [checksum_of("polls", *chunk) for chunk in chunks]
        for table in ("uptime_shops", "uptime_quarantine"):
            checksums += [
                checksum
                for (checksum,) in self._connection.execute(
                    f"SELECT checksum FROM {table}"  # noqa: S608  # one of these two
                )
            ]
        state = self.state
        if (
            len(checksums) != state.entries
            or not all(isinstance(checksum, int) for checksum in checksums)
            or sum(checksums) != state.total
        ):
            raise self.damaged("its list of contents")

    def chunks(self, block: int | None = None) -> list[Chunk]:
        """The chunks, of one block or of all, in the order of their making."""
        rows = self._connection.execute(
            f"SELECT {_CHUNK} FROM uptime_polls "  # noqa: S608  # names
            "WHERE :block IS NULL OR block = :block ORDER BY chunk",
            {"block": block},
        ).fetchall()  # a cursor that an error's traceback holds keeps its lock
        chunks = [Chunk(*row) for row in rows]
        for chunk in chunks:  # a damaged page may hold anything
            cells = chunk[:-1] if chunk.summary_checksum is None else chunk
            if not all(isinstance(cell, int) for cell in cells):
                raise self.damaged(f"chunk {chunk.chunk} of its polls")
        return chunks

    def content(self, chunk: Chunk, column: Column) -> bytes:
        """The bytes of a chunk's data or summary, not yet checked."""
        row = self._connection.execute(
            f"SELECT {column} FROM uptime_polls WHERE chunk = ?",  # noqa: S608  # a name
            (chunk.chunk,),
        ).fetchone()
        if row is None or not isinstance(row[0], bytes):
            raise self.damaged(f"chunk {chunk.chunk} of its polls")
        content: bytes = row[0]
        return content

    def polls(self, chunk: Chunk) -> Packed:
        """The polls of a chunk."""
        return checked_polls(chunk, self.content(chunk, "data"), self._path)

    def add_chunk(self, block: int, polls: Packed, *, seconds: int) -> None:
        """Add distinct, sorted polls: all first ones of their instants, or second."""
        data = packed.to_bytes(polls)
        shops = packed.summary(polls)
        summary, summary_checksum = None, None
        if len(polls.shop) >= SUMMARIZED * len(shops.shop):
            summary = packed.summary_bytes(shops)
            summary_checksum = crc32(summary)
        at = polls.at
        cells = (
            block,
            seconds,
            len(at),
            int(at.min()),
            int(at.max()),
            crc32(data),
            summary_checksum,
        )
        cursor = self._connection.execute(
            f"INSERT INTO uptime_polls({_CHUNK}, summary, data) "  # noqa: S608  # names
            "VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*cells, summary, data),
        )
        self._count(1, checksum_of("polls", cursor.lastrowid, *cells))

    def drop_chunk(self, chunk: Chunk) -> None:
        """Delete a chunk."""
        self._connection.execute(
            "DELETE FROM uptime_polls WHERE chunk = ?", (chunk.chunk,)
        )
        self._count(-1, -checksum_of("polls", *chunk))

    def blocks(self) -> Iterator[tuple[int, ShopBlock]]:
        """All blocks of shops, in order."""
        rows = self._connection.execute(
            "SELECT block, store_ids, zones, hours, checksum FROM uptime_shops "
            "ORDER BY block"
        ).fetchall()
        for place, (block, *record, checksum) in enumerate(rows):
            if block != place or checksum != checksum_of("shops", block, *record):
                raise self.damaged(f"block {block} of its shops")
            try:
                yield block, ShopBlock.of_record(*record)
            except ValueError as error:
                raise self.damaged(f"block {block} of its shops ({error})") from error

    def block(self, number: int) -> ShopBlock:
        """One block of shops."""
        for block, shops in self.blocks():
            if block == number:
                return shops
        return ShopBlock()

    def put_block(self, number: int, shops: ShopBlock) -> None:
        """Write a block of shops in the place of the one before, if there is one."""
        record = shops.record()
        checksum = checksum_of("shops", number, *record)
        old = self._connection.execute(
            "SELECT checksum FROM uptime_shops WHERE block = ?", (number,)
        ).fetchone()
        self._connection.execute(
            "INSERT OR REPLACE INTO uptime_shops VALUES (?, ?, ?, ?, ?)",
            (number, *record, checksum),
        )
        self._count(1 if old is None else 0, checksum - (0 if old is None else old[0]))

    def quarantine(self, source: str) -> Quarantine:
        """The shops of rejected rows of `hours` or `timezones`."""
        row = self._connection.execute(
            "SELECT store_ids, suspects, checksum FROM uptime_quarantine "
            "WHERE source = ?",
            (source,),
        ).fetchone()
        if row is None or row[2] != checksum_of("quarantine", source, *row[:2]):
            raise self.damaged("its quarantine")
        return Quarantine(*(frozenset(filter(None, t.split("\n"))) for t in row[:2]))

    def put_quarantine(self, source: str, quarantined: Quarantine) -> None:
        """Write the shops of rejected rows in the place of those before."""
        texts = ["\n".join(sorted(shops)) for shops in quarantined]
        checksum = checksum_of("quarantine", source, *texts)
        (old,) = self._connection.execute(
            "SELECT checksum FROM uptime_quarantine WHERE source = ?", (source,)
        ).fetchone()
        self._connection.execute(
            "UPDATE uptime_quarantine SET store_ids = ?, suspects = ?, checksum = ? "
            "WHERE source = ?",
            (*texts, checksum, source),
        )
        self._count(0, checksum - old)

    def set_horizon(self, horizon: int) -> None:
        """Take in no polls from before an instant from now on."""
        self.state = attrs.evolve(self.state, horizon=horizon)

    def count_shops(self, shops: int) -> None:
        """Note how many ids there are."""
        self.state = attrs.evolve(
            self.state, shops=shops, shops_token=os.urandom(8).hex()
        )

    def finish(self) -> None:
        """Write the state, if it has changed."""
        if self.state == self._before:
            return
        row = attrs.astuple(self.state)
        self._connection.execute(
            "UPDATE uptime_state SET identity = ?, horizon = ?, shops = ?, "
            "shops_token = ?, entries = ?, total = ?, checksum = ?",
            (*row, checksum_of(*row)),
        )
        self._before = self.state

    def _count(self, entries: int, total: int) -> None:
        self.state = attrs.evolve(
            self.state,
            entries=self.state.entries + entries,
            total=self.state.total + total,
        )


def checksum_of(*cells: object) -> int:
    """A number that other cells very likely do not have.

    It is in every file: another one is another version of the tables.
    """
    total = 0
    for cell in cells:
        # A damaged page may hold anything, but only texts and blobs are long.
        content = cell if isinstance(cell, str | bytes) else repr(cell)
        if isinstance(content, str):
            content = content.encode(errors="surrogatepass")
        kind = f"{type(cell).__name__} {len(content)} "
        total = crc32(content, crc32(kind.encode(), total))
    return total
