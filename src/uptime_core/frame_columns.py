"""Columns of data frames as polls, business hours and time zones.

A data frame's own library, in `uptime_core.contrib`, gives its columns as `Cells` and
`Instants`. What they may hold and what they mean is decided here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, cast

import numpy as np

from uptime_core.errors import InputError, located, shown
from uptime_core.instants import (
    EARLIEST,
    EARLIEST_KEPT,
    LATEST,
    LATEST_KEPT,
    UNREADABLE,
    check_kept,
    parse_timestamp,
    parse_timestamps,
    to_micros,
)
from uptime_core.polls import PollColumns, parse_status
from uptime_core.store_ids import StoreCodes, parse_store_id
from uptime_core.text_buffers import TextBuffer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from uptime_core.intake import HoursIntake, TimezoneIntake
    from uptime_core.kernel.arrays import Bool, Int64
    from uptime_core.rejects import Rejects

Accepted = Literal["text", "integer", "boolean", "time", "instant"]
Family = Literal[Accepted, "float", "wall clock", "object", "other"]
"""What a column holds; `wall clock` is instants without a zone, `object` anything."""

Unit = Literal["s", "ms", "us", "ns"]

_NEITHER = 2
_MICROS = {"s": 1_000_000, "ms": 1_000, "us": 1}
_NANOSECONDS = 1_000


class DataFrame(Protocol):
    """What gives an Arrow stream: frames of pandas and polars, tables of pyarrow, …."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The stream's capsule."""


class Cells(NamedTuple):
    """A column as distinct values, and which of them each row has.

    Attributes:
        code: Each row's place in `values`, or -1 where it has no value.
        values: The values, as plain Python's.
    """

    code: Int64
    values: Sequence[object]

    def all(self) -> list[object]:
        """Each row's value, None where it has none."""
        return list(map([*self.values, None].__getitem__, self.code.tolist()))

    def cell(self, row: int) -> object:
        """A row's value, or None."""
        code = int(self.code[row])
        return None if code < 0 else self.values[code]


class Instants(NamedTuple):
    """A column of instants.

    Attributes:
        at: Microseconds since 1970-01-01 UTC, `UNREADABLE` for what is no instant.
        cell: Gives what a row has; None is nothing.
    """

    at: Int64
    cell: Callable[[int], object]


class FrameColumn(Protocol):
    """A column of a data frame."""

    @property
    def type(self) -> str:
        """What its library calls what it holds."""

    @property
    def family(self) -> Family:
        """What it holds."""

    def __len__(self) -> int: ...

    def cells(self) -> Cells:
        """What it holds, as values; asked of no column of instants."""

    def instants(self) -> Instants:
        """What it holds, as instants; asked of instants, text and objects."""


def frame_polls(
    columns: Sequence[FrameColumn], rejects: Rejects, *, kept: bool = False
) -> PollColumns:
    """Polls from the columns of their ids, instants and statuses.

    Args:
        columns: The columns.
        rejects: What becomes of bad rows.
        kept: Whether a store is to keep them, which takes the years 1900 to 2199.

    Raises:
        InputError: The first bad row's, if bad rows are not collected.
    """
    ids, times, statuses = columns
    id_cells, instants, status_cells = _ids(ids), times.instants(), statuses.cells()
    codes = StoreCodes()
    numbers = [codes[v] if isinstance(v, str) else -1 for v in id_cells.values]
    code = np.array([*numbers, -1], dtype=np.int32)[id_cells.code]
    states = list(map(_status, status_cells.values))
    status = np.array([*states, _NEITHER], dtype=np.uint8)[status_cells.code]
    at = instants.at
    bad = (code < 0) | (at == UNREADABLE) | (status == _NEITHER)
    is_out = ~bad & ((at < EARLIEST_KEPT) | (at > LATEST_KEPT)) & kept
    bad |= is_out
    if bad.any():
        for row in np.flatnonzero(bad).tolist():
            cells = id_cells.cell(row), instants.cell(row), status_cells.cell(row)
            error = (
                _years_error(int(at[row]))
                if is_out[row]
                else _poll_error(*cells, at_is_read=at[row] != UNREADABLE)
            )
            texts = tuple("" if cell is None else str(cell) for cell in cells)
            rejects.reject(error, "polls", row + 1, texts)
        code, at, status = code[~bad], at[~bad], status[~bad]
    for column in (code, at, status):
        column.flags.writeable = False  # so that it need not be copied
    return PollColumns(codes.store_ids, code, at, status)


def add_frame(
    columns: Sequence[FrameColumn], intake: HoursIntake | TimezoneIntake
) -> None:
    """Take in the rows of columns, of which the first is that of the ids.

    Raises:
        InputError: The first bad row's, if bad rows are not collected.
    """
    ids, *others = columns
    cells = [_ids(ids).all(), *(column.cells().all() for column in others)]
    lines = range(1, len(ids) + 1)
    if all(column.family != "object" for column in columns):
        # What is no text is looked at again, one by one.
        intake.add_columns(lines, cast("list[list[str]]", cells))
        return
    for line, store_id, *rest in zip(lines, *cells, strict=True):
        intake.add(line, store_id, tuple(rest))


def scaled(
    values: Int64, unit: Unit, is_missing: Bool, cell: Callable[[int], object]
) -> Instants:
    """Instants in another unit.

    Args:
        values: How many units since 1970-01-01 UTC.
        unit: The unit.
        is_missing: Which rows have no value.
        cell: Gives what a row has.
    """
    if unit == "ns":
        at, rest = np.divmod(values, _NANOSECONDS)
        is_bad = is_missing | (rest != 0)
    else:
        micros = _MICROS[unit]
        is_bad = (
            is_missing | (values < EARLIEST // micros) | (values > LATEST // micros)
        )
        at = np.where(is_bad, 0, values) * micros
    return Instants(np.where(is_bad, UNREADABLE, at), cell)


def read_instants(cells: Sequence[object]) -> Instants:
    """Instants from texts and datetimes."""
    texts = [cell if isinstance(cell, str) else "" for cell in cells]
    joined = "".join(texts)
    at = np.zeros(len(cells), dtype=np.int64)
    odd = np.arange(len(cells))
    if joined.isascii():  # so that a character is a byte
        length = np.fromiter(map(len, texts), dtype=np.int64, count=len(cells))
        start = np.cumsum(length) - length
        all_there = np.ones(len(cells), dtype=np.bool_)
        buffer = TextBuffer(joined.encode(), start, length, all_there)
        at, is_read = buffer.timestamps()
        odd = np.flatnonzero(~is_read)
    rest = [cells[row] for row in odd.tolist()]
    if all(isinstance(cell, str) and "\0" not in cell for cell in rest):
        at[odd] = parse_timestamps(cast("list[str]", rest))
    else:
        at[odd] = list(map(_instant, rest))
    return Instants(at, cells.__getitem__)


def _ids(column: FrameColumn) -> Cells:
    """The cells of a column of ids, only those that rows have; integers as text."""
    code, values = column.cells()
    is_used = np.zeros(len(values) + 1, dtype=np.bool_)
    is_used[code] = True  # the last one stands for those without a value
    used = np.flatnonzero(is_used[:-1])
    place = np.full(len(is_used), -1, dtype=np.int64)
    place[used] = np.arange(len(used))
    kept = [values[number] for number in used.tolist()]
    as_text = column.family == "integer"
    return Cells(place[code], list(map(str, kept)) if as_text else kept)


def _status(cell: object) -> int:
    try:
        return int(parse_status(cell))
    except InputError:
        return _NEITHER


def _instant(cell: object) -> int:
    try:
        return _parse_instant(cell)
    except InputError:
        return UNREADABLE


def _parse_instant(cell: object) -> int:
    if isinstance(cell, str):
        return parse_timestamp(cell)
    if isinstance(cell, np.datetime64):
        if np.datetime_data(cell.dtype)[0] == "ns":
            raise InputError(f"{cell} is finer than a microsecond; round it")
        raise InputError(f"{cell} is outside the years 1 to 9999 in UTC")
    return to_micros(cast("datetime", cell))


def _poll_error(
    store_id: object, instant: object, status: object, *, at_is_read: bool
) -> InputError:
    """The error of a row's first bad cell."""
    try:
        parse_store_id(store_id)
        if not at_is_read:
            with located(field="timestamp_utc"):
                _parse_instant(instant)
        parse_status(status)
    except InputError as error:
        return error
    message = f"no fault in {shown((store_id, instant, status))}"
    raise AssertionError(message)


def _years_error(at: int) -> InputError:
    try:
        check_kept(at)
    except InputError as error:
        return error
    message = f"a store keeps {at}"
    raise AssertionError(message)
