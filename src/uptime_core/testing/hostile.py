"""Files with faults, and what each of their rows must become.

`uptime_core.testing.strategies.hostile_csv` draws them. What is expected is read by
`uptime_core.testing.cells`, which shares no code with the library's readers.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import attrs

from uptime_core.testing import cells

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Sequence

Kind = Literal["polls", "hours", "timezones"]
Cells: TypeAlias = tuple[str, ...]
Value: TypeAlias = tuple[Any, ...]

FIELDS: dict[Kind, tuple[str, ...]] = {
    "polls": ("store_id", "timestamp_utc", "status"),
    "hours": ("store_id", "day", "start_time_local", "end_time_local"),
    "timezones": ("store_id", "timezone_str"),
}

_READERS: dict[str, Callable[[str], Any]] = {
    "store_id": cells.store_id,
    "timestamp_utc": cells.timestamp,
    "status": cells.status,
    "day": cells.day,
    "start_time_local": cells.time_of_day,
    "end_time_local": cells.end_of_day,
    "timezone_str": cells.timezone,
}


class Accepted(NamedTuple):
    """A row that must be taken in.

    Attributes:
        line: The line of the file on which it starts, from 1.
        value: Of polls ``(store_id, at, up)``; of hours ``(store_id, day, start,
            end)`` with microseconds since the day's midnight, the end after the start;
            of zones ``(store_id, name)``.
    """

    line: int
    value: Value


class Rejected(NamedTuple):
    """A row that must not be taken in.

    Attributes:
        line: The line of the file on which it starts, from 1.
        field: The column at fault, the first in the order of the reference; None for
            a wrong number of fields, and for a row with no fault of its own whose shop
            is in quarantine.
    """

    line: int
    field: str | None


def _shortened(data: bytes) -> str:
    longest = 2000
    return repr(data if len(data) <= longest else data[:longest] + b"...")


@attrs.frozen
class HostileCsv:
    """A file's bytes, and what must become of them.

    Attributes:
        kind: Which of the three sources it is.
        name: What the file is called; compressed ones end in ``.gz``.
        data: Its bytes.
        bad_file: Why the file as a whole must be refused with a `BadFileError`, or
            None. Where a bad row stands before that place and bad rows are raised,
            that row's error may come instead. A bad file has no `rows`.
        rows: What must become of each row where bad rows are collected, in the order
            of the lines; blank lines and the header are no rows.
        first_fault: Which row must be named where the first bad row is raised, or None.
        quarantined: The shops that bad rows of hours and zones name.
        suspects: What may be the id of a shop that a row of the wrong length names; of
            these, shops that another source knows are in quarantine, too.
    """

    kind: Kind
    name: str
    data: bytes = attrs.field(repr=_shortened)
    bad_file: str | None = None
    rows: tuple[Accepted | Rejected, ...] = ()
    first_fault: Rejected | None = None
    quarantined: frozenset[str] = frozenset()
    suspects: frozenset[str] = frozenset()

    @property
    def accepted(self) -> tuple[Accepted, ...]:
        """The rows that must be taken in."""
        return tuple(row for row in self.rows if isinstance(row, Accepted))

    @property
    def rejected(self) -> tuple[Rejected, ...]:
        """The rows that must be rejected."""
        return tuple(row for row in self.rows if isinstance(row, Rejected))

    def write(self, folder: str | os.PathLike[str]) -> Path:
        """Write the file."""
        path = Path(folder) / self.name
        path.write_bytes(self.data)
        return path


class Expectation(NamedTuple):
    """What must become of the rows of a file; see `HostileCsv`."""

    rows: tuple[Accepted | Rejected, ...]
    first_fault: Rejected | None
    quarantined: frozenset[str]
    suspects: frozenset[str]


def expected(
    kind: Kind, records: Iterable[tuple[int, Cells]], places: Sequence[int], width: int
) -> Expectation:
    """What must become of rows.

    Args:
        kind: Which source they are of.
        records: The line of each and all of its cells.
        places: Where the columns of the source are among the cells.
        width: How many columns the header has.
    """
    rows: list[Accepted | Rejected] = []
    shops: list[str | None] = []
    bad_shops: set[str] = set()
    suspects: set[str] = set()
    zones: dict[str, object] = {}
    for line, row in records:
        shop: str | None = None
        if len(row) != width:
            rows.append(Rejected(line, None))
            ids = filter(None, map(cells.store_id, row if places[0] else row[:1]))
            (suspects if places[0] else bad_shops).update(ids)
        else:
            verdict = _verdict(kind, line, [row[place] for place in places], zones)
            shop = cells.store_id(row[places[0]])
            rows.append(verdict)
            if isinstance(verdict, Rejected) and shop is not None:
                bad_shops.add(shop)
        shops.append(shop)
    first_fault = next((row for row in rows if isinstance(row, Rejected)), None)
    if kind == "polls":
        return Expectation(tuple(rows), first_fault, frozenset(), frozenset())
    bad_shops |= suspects.intersection(filter(None, shops))
    kept = [
        Rejected(row.line, None)
        if isinstance(row, Accepted) and shop in bad_shops
        else row
        for row, shop in zip(rows, shops, strict=True)
    ]
    return Expectation(
        tuple(kept), first_fault, frozenset(bad_shops), frozenset(suspects - bad_shops)
    )


def _verdict(
    kind: Kind, line: int, texts: Sequence[str], zones: dict[str, object]
) -> Accepted | Rejected:
    """What becomes of a row by itself, and for zones by the shop's earlier ones."""
    values: list[Any] = []
    for field, text in zip(FIELDS[kind], texts, strict=True):
        value = _READERS[field](text)
        if value is None:
            return Rejected(line, field)
        values.append(value)
    if kind == "timezones":
        store_id, name = map(str, values)
        if zones.setdefault(store_id, name) != name:
            return Rejected(line, "timezone_str")
    if kind == "hours":
        *before, start, end = values
        values = [*before, *cells.span(start, end)]
    return Accepted(line, tuple(values))
