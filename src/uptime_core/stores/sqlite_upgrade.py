"""Files of a `SqliteStore` that earlier versions of this library have made."""

from __future__ import annotations

import sqlite3
from zlib import crc32

from uptime_core.stores.chunk import Chunk
from uptime_core.stores.sqlite_tables import checksum_of

_SHOPS = "block, store_ids, zones, hours"
_QUARANTINE = "source, store_ids, suspects"
_STATE = "identity, horizon, shops, shops_token, entries, total"


def upgrade(connection: sqlite3.Connection) -> None:
    """Give the rows of version 1 their new checksums.

    The polls themselves are neither read nor written.

    Raises:
        sqlite3.DatabaseError: A row is damaged, or one is missing.
    """
    execute = connection.execute
    row = execute(f"SELECT {_STATE}, checksum FROM uptime_state").fetchone()  # noqa: S608  # names
    if row is None:
        raise sqlite3.DatabaseError("its state is lost")
    *state, checksum = row
    *kept, entries, total = state
    if checksum == checksum_of(*state):
        return  # made between the two versions
    before, after = [], []
    for table, columns in (("shops", _SHOPS), ("quarantine", _QUARANTINE)):
        key = columns.split(",")[0]
        keys = execute(f"SELECT {key} FROM uptime_{table}").fetchall()  # noqa: S608  # names
        for (row_id,) in keys:
            *cells, old = execute(
                f"SELECT {columns}, checksum FROM uptime_{table} WHERE {key} = ?",  # noqa: S608  # names
                (row_id,),
            ).fetchone()
            if old != _checksum_of_1(table, *cells):
                raise sqlite3.DatabaseError(f"{table} {row_id} is damaged")
            new = checksum_of(table, *cells)
            execute(
                f"UPDATE uptime_{table} SET checksum = ? WHERE {key} = ?",  # noqa: S608  # names
                (new, row_id),
            )
            before.append(old)
            after.append(new)
    fields = ", ".join(Chunk._fields)
    for chunk in execute(f"SELECT {fields} FROM uptime_polls").fetchall():  # noqa: S608  # names
        before.append(_checksum_of_1("polls", *chunk))
        after.append(checksum_of("polls", *chunk))
    if (checksum, entries, total) != (_checksum_of_1(*state), len(before), sum(before)):
        raise sqlite3.DatabaseError("its list of contents is damaged")
    execute(
        "UPDATE uptime_state SET total = ?, checksum = ?",
        (sum(after), checksum_of(*kept, entries, sum(after))),
    )


def _checksum_of_1(*cells: object) -> int:
    return crc32(repr(cells).encode(errors="surrogatepass"))
