"""CSV files with faults."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hypothesis import strategies as st

from uptime_core.errors import InputError, shown
from uptime_core.testing.hostile import FIELDS, HostileCsv, expected
from uptime_core.testing.strategies.cell_texts import any_cells, right_cells
from uptime_core.testing.strategies.events import tell
from uptime_core.testing.strategies.file_faults import (
    FILE_FAULTS,
    TEXT_FAULTS,
    compress,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uptime_core.testing.hostile import Kind

_HEADERS = {
    "store_id": ("store_id", " Store_ID\t"),
    "timestamp_utc": ("timestamp_utc", "TIMESTAMP_UTC"),
    "status": ("status", " Status"),
    "day": ("day", "dayOfWeek", "day_of_week", "DAY"),
    "start_time_local": ("start_time_local", "Start_Time_Local"),
    "end_time_local": ("end_time_local", "end_time_local "),
    "timezone_str": ("timezone_str", "TimeZone_Str"),
}
_OTHER_CELLS = ("", "1", 'say "so"', "two\nlines", "a,b", "\u00e9")
_SURPLUS = (0, 0, 0, 0, 1, -1, 2, -2)
_FAULTS = (*TEXT_FAULTS, *FILE_FAULTS)


class _Look(NamedTuple):
    """What a row has besides its cells: others, some more or less, and quotes."""

    extra: str = ""
    surplus: int = 0
    quoted: bool = False


class _Record(NamedTuple):
    """A row to write; one without cells is a blank line, of what is `extra`."""

    cells: tuple[str, ...]
    look: _Look


class _Form(NamedTuple):
    """How a file is written."""

    order: Sequence[int]
    spelling: int
    extras: int
    newline: str
    bom: bool
    ends: bool
    compressed: bool
    blanks_before: int


class _Fault(NamedTuple):
    """What is wrong with a file as a whole, if anything is, and where, by chance."""

    reason: str | None
    place: int


def hostile_csv(
    kind: Kind | None = None, *, bad_files: bool = True
) -> st.SearchStrategy[HostileCsv]:
    """A CSV file with faults, and what must become of each of its rows.

    Columns come in any order, with others between them, headers in any spelling; cells
    are right, nearly right, or anything; rows are too long or too short, repeated, or
    contradict each other; files have byte order marks, line ends of two kinds, blank
    lines, quoted line ends, and are compressed. What it met is told as events.

    Args:
        kind: Which source it is of; by default any.
        bad_files: Whether some shall be broken as a whole.

    Raises:
        InputError: There is no such source.

    >>> from uptime_core.testing.strategies import simplest
    >>> file = simplest(hostile_csv("polls"))
    >>> file.name, file.data.split(), file.rows
    ('polls.csv', [b'store_id,timestamp_utc,status'], ())
    """
    if kind not in (None, *FIELDS):
        among = ", ".join(map(repr, FIELDS))
        told = f"{shown(kind)} is no kind of file; there are {among}"
        raise InputError(told, source="hostile_csv", field="kind")
    kinds = list(FIELDS) if kind is None else [kind]
    return st.one_of([_files(each, bad_files=bad_files) for each in kinds])


def _files(kind: Kind, *, bad_files: bool) -> st.SearchStrategy[HostileCsv]:
    fields = FIELDS[kind]
    right, wrong = right_cells(), any_cells()
    rows = [
        st.tuples(*((wrong if field == odd else right)[field] for field in fields))
        for odd in (None, *fields)
    ]
    look = st.one_of(
        st.just(_Look()),
        st.builds(
            _Look,
            st.sampled_from(_OTHER_CELLS),
            st.sampled_from(_SURPLUS),
            st.booleans(),
        ),
    )
    blank = st.sampled_from([_Record((), _Look("")), _Record((), _Look(" \t"))])
    records = st.one_of(*(st.builds(_Record, row, look) for row in rows), blank)
    form = st.builds(
        _Form,
        order=st.permutations(range(len(fields))),
        spelling=st.integers(0, 3),
        extras=st.integers(0, 2),
        newline=st.sampled_from(("\n", "\r\n")),
        bom=st.booleans(),
        ends=st.sampled_from((True, False)),
        compressed=st.booleans(),
        blanks_before=st.integers(0, 2),
    )
    faults = (*[None] * 2 * len(_FAULTS), *_FAULTS) if bad_files else (None,)
    place = st.integers(0, 1000)
    return st.builds(
        _file,
        st.just(kind),
        form,
        st.lists(records, max_size=8),
        st.builds(_Fault, st.sampled_from(faults), place),
    )


def _file(
    kind: Kind, form: _Form, records: Sequence[_Record], fault: _Fault
) -> HostileCsv:
    layout: list[int | None] = list(form.order)
    for place in (form.spelling, len(layout) + 1)[: form.extras]:
        layout.insert(place, None)
    names = [_HEADERS[field] for field in FIELDS[kind]]
    header = [
        "" if place is None else names[place][form.spelling % len(names[place])]
        for place in layout
    ]
    lines = [*[""] * form.blanks_before, _line(header)]
    rows: list[tuple[int, tuple[str, ...]]] = []
    for record in records:
        cells = _cells(record, layout)
        if cells:
            rows.append((1 + sum(1 + line.count("\n") for line in lines), cells))
        look = record.look
        lines.append(_line(cells, quoted=look.quoted) if cells else look.extra)
    text = form.newline.join(lines) + form.newline * form.ends
    data, name = _finished(("\ufeff" * form.bom + text).encode(), kind, form, fault)
    if fault.reason is not None:
        tell([f"a bad file: {fault.reason}"])
        return HostileCsv(kind, name, data, bad_file=fault.reason)
    places = [layout.index(place) for place in range(len(names))]
    file = HostileCsv(
        kind, name, data, None, *expected(kind, rows, places, len(layout))
    )
    tell(_events(file))
    return file


def _finished(data: bytes, kind: Kind, form: _Form, fault: _Fault) -> tuple[bytes, str]:
    """The bytes and the name of a file."""
    compressed = form.compressed
    reason, place = fault
    if reason in FILE_FAULTS:
        data, compressed = FILE_FAULTS[reason](data, place)
    else:
        if reason in TEXT_FAULTS:
            data = TEXT_FAULTS[reason](data, form.newline.encode(), place)
        data = compress(data) if compressed else data
    return data, f"{kind}.csv.gz" if compressed else f"{kind}.csv"


def _cells(record: _Record, layout: Sequence[int | None]) -> tuple[str, ...]:
    """All cells of a row; none of a blank line."""
    if not record.cells:
        return ()
    extra, surplus, _ = record.look
    row = [extra if place is None else record.cells[place] for place in layout]
    if surplus < 0:
        row = row[:surplus] or row[:1]
    row += ["x"] * surplus
    # A cell of blanks alone would be a blank line.
    return ("x",) if len(row) == 1 and not row[0].strip(" \t") else tuple(row)


def _line(cells: Sequence[str], *, quoted: bool = False) -> str:
    return ",".join(
        f'"{doubled}"' if quoted or set(cell) & set('",\r\n') else cell
        for cell in cells
        for doubled in (cell.replace('"', '""'),)
    )


def _events(file: HostileCsv) -> set[str]:
    """What a file that is not broken as a whole has met."""
    events = {f"a bad row: {row.field or 'the row'}" for row in file.rejected}
    if file.accepted:
        events.add("a good row")
    if file.quarantined:
        events.add("a shop in quarantine")
    return events
