"""Arrow streams: tables as such streams, and such streams as columns."""

from __future__ import annotations

from bisect import bisect_right
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

import nanoarrow as na
import numpy as np
from nanoarrow.c_array import CArray, c_array_from_buffers
from nanoarrow.c_array_stream import CArrayStream, c_array_stream

from uptime_core.cell_table import CellTable
from uptime_core.errors import InputError, UptimeError
from uptime_core.frame_columns import Cells, Instants, read_instants, scaled
from uptime_core.headers import find_columns
from uptime_core.kernel.arrays import starts_of_runs
from uptime_core.text_buffers import TextBuffer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import time

    import numpy.typing as npt
    from nanoarrow.c_schema import CSchema

    from uptime_core.frame_columns import Family, FrameColumn, Unit
    from uptime_core.headers import Column
    from uptime_core.kernel.arrays import Bool, Int64, UInt8
    from uptime_core.report_table import Table

ROWS_PER_BATCH = 1 << 20
"""So few that the bytes of a batch's ids, at most 800 each, can be counted in int32."""

_NUMERIC_TYPES = {
    "b": na.bool_(),
    "i": na.int64(),
    "f": na.float64(),
    "m": na.duration("us"),
    "M": na.timestamp("us", "UTC"),
}

# Formats of Arrow's C data interface, or how they begin.
_TABLE, _NOTHING, _BOOLEAN, _TIMESTAMP, _TIME = "+s", "n", "b", "ts", "tt"
_TEXT_VIEWS = "vu"
_FAMILIES: dict[str, Family] = {
    **dict.fromkeys(("u", "U", _TEXT_VIEWS), "text"),
    **dict.fromkeys(("c", "C", "s", "S", "i", "I", "l", "L"), "integer"),
    **dict.fromkeys(("e", "f", "g"), "float"),
    _BOOLEAN: "boolean",
    _NOTHING: "object",
}
_UNITS: dict[str, Unit] = {"s": "s", "m": "ms", "u": "us", "n": "ns"}
_NANOSECONDS = {"s": 1_000_000_000, "m": 1_000_000, "u": 1_000, "n": 1}
_MIDNIGHT = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400 * _NANOSECONDS["s"]

_VIEW_BYTES = 16
_LONGEST_INLINE = 12  # bytes of a text that stand in its view
_NO_NUMBERS = np.zeros(0, dtype=np.int64)


def stream(table: Table) -> object:
    """A table as the capsule of an Arrow stream; instants are in UTC."""
    rows = len(next(iter(table.values())))
    batches = []
    for start in range(0, max(rows, 1), ROWS_PER_BATCH):
        part = slice(start, start + ROWS_PER_BATCH)
        batches.append(_batch({name: values[part] for name, values in table.items()}))
    arrays = CArrayStream.from_c_arrays(batches, batches[0].schema)
    capsule: object = arrays.__arrow_c_stream__()
    return capsule


def _batch(table: Table) -> CArray:
    columns = {
        name: _numbers(values) if isinstance(values, np.ndarray) else _texts(values)
        for name, values in table.items()
    }
    return c_array_from_buffers(
        na.struct({name: na.Schema(column.schema) for name, column in columns.items()}),
        len(next(iter(table.values()))),
        [None],
        null_count=0,
        children=columns.values(),
    )


def _texts(values: Sequence[str | None]) -> CArray:
    texts = [(value or "").encode() for value in values]
    offsets = np.array([0, *accumulate(map(len, texts))], dtype=np.int32)
    is_there = np.array([value is not None for value in values], dtype=np.bool_)
    return _column(na.string(), is_there, offsets, b"".join(texts))


def _numbers(values: npt.NDArray[Any]) -> CArray:
    # NaN and NaT are not equal to themselves.
    kind = values.dtype.kind
    column = np.ascontiguousarray(values)
    buffer = column.view(np.int64) if kind in "mM" else column
    if kind == "b":
        buffer = np.packbits(column, bitorder="little")
    return _column(_NUMERIC_TYPES[kind], column == column, buffer)  # noqa: PLR0124


def _column(schema: na.Schema, is_there: Bool, *buffers: object) -> CArray:
    missing = int(np.count_nonzero(~is_there))
    validity = np.packbits(is_there, bitorder="little") if missing else None
    return c_array_from_buffers(
        schema, len(is_there), [validity, *buffers], null_count=missing
    )


def read(frame: object, wanted: Sequence[Column]) -> list[FrameColumn]:
    """The wanted columns of what gives an Arrow stream.

    Raises:
        InputError: It is no table, cannot be read, or lacks a column.
    """
    try:
        arrow = c_array_stream(frame)
        schema = arrow.get_schema()
        batches = list(arrow) if schema.format == _TABLE else []
    except UptimeError:
        raise
    except Exception as error:  # whatever the stream's maker raises
        raise InputError(f"its Arrow stream cannot be read: {error}") from error
    if schema.format != _TABLE:
        raise InputError(
            f"a {type(frame).__name__} is a single column, not a table; give a frame"
        )
    fields = [schema.child(place) for place in range(schema.n_children)]
    return [
        ArrowColumn(fields[place], [_cut(batch, place) for batch in batches])
        for place in find_columns([field.name for field in fields], wanted)
    ]


class ArrowColumn:
    """A column of an Arrow stream.

    Args:
        schema: Its type.
        parts: What each batch has of it.
    """

    def __init__(self, schema: CSchema, parts: list[_Part]) -> None:
        self._schema = schema
        self._parts = parts
        self._ends = list(accumulate(len(part.is_there) for part in parts))

    @property
    def type(self) -> str:
        """What Arrow calls it."""
        text = repr(na.Schema(self._schema)).removeprefix("<Schema> ")
        return text.removeprefix(f"{self._schema.name!r}: ")

    @property
    def family(self) -> Family:
        """What it holds."""
        form: str = (self._schema.dictionary or self._schema).format
        if form.startswith(_TIMESTAMP):
            return "wall clock" if form.endswith(":") else "instant"
        return "time" if form.startswith(_TIME) else _FAMILIES.get(form, "other")

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def cells(self) -> Cells:
        """Its values."""
        numbers = _Numbers()
        table = CellTable(lambda texts: [numbers[text] for text in texts])
        with _decoding():
            parts = [_codes(part, numbers, table) for part in self._parts]
        return Cells(np.concatenate([_NO_NUMBERS, *parts]), list(numbers))

    def instants(self) -> Instants:
        """Its instants."""
        if self._schema.dictionary is not None or self.family == "object":
            return read_instants(self.cells().all())
        if self.family == "instant":
            return self._scaled()
        texts = [_texts_of(part) for part in self._parts]

        def cell(row: int) -> object:
            place = bisect_right(self._ends, row)
            row -= self._ends[place] - len(texts[place].start)
            return texts[place].text(row)

        with _decoding():
            parts = [_read_texts(text) for text in texts]
        return Instants(np.concatenate([_NO_NUMBERS, *parts]), cell)

    def _scaled(self) -> Instants:
        unit = _UNITS[self._schema.format[len(_TIMESTAMP)]]
        parts = [part.values.astype(np.int64) for part in self._parts]
        at = np.concatenate([_NO_NUMBERS, *parts])
        is_there = np.concatenate(
            [_NO_NUMBERS.astype(np.bool_), *(part.is_there for part in self._parts)]
        )

        def cell(row: int) -> object:
            return np.datetime64(int(at[row]), unit) if is_there[row] else None

        return scaled(at, unit, ~is_there, cell)


@contextmanager
def _decoding() -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        raise InputError(f"a text is not UTF-8: {error}") from None


class _Numbers(dict[Any, int]):
    """Numbers distinct values from 0, as they come."""

    def __missing__(self, value: object) -> int:
        self[value] = number = len(self)
        return number


class _Part(NamedTuple):
    """What a batch has of a column.

    Attributes:
        array: The array.
        rows: Which rows of it are meant.
        is_there: Which of these have a value.
    """

    array: CArray
    rows: slice
    is_there: Bool

    def buffer(self, number: int) -> npt.NDArray[Any]:
        """All of a buffer."""
        return np.asarray(self.array.view().buffer(number))

    @property
    def values(self) -> npt.NDArray[Any]:
        """The rows' numbers."""
        return self.buffer(1)[self.rows]


def _cut(batch: CArray, place: int) -> _Part:
    """A column of a batch. A row without a value has none in any column."""
    column = batch.child(place)
    rows = _part(batch, batch.offset, batch.length)
    part = _part(column, batch.offset + column.offset, batch.length)
    return part._replace(is_there=part.is_there & rows.is_there)


def _part(array: CArray, start: int, length: int) -> _Part:
    has_values = array.schema.format != _NOTHING
    rows = slice(start, start + length)
    part = _Part(array, rows, np.full(length, has_values))
    if not has_values or array.null_count == 0:
        return part
    bits = _bits(part.buffer(0))
    return part._replace(is_there=bits[rows].astype(np.bool_)) if len(bits) else part


def _bits(buffer: npt.NDArray[Any]) -> UInt8:
    return np.unpackbits(buffer.view(np.uint8), bitorder="little")


def _codes(part: _Part, numbers: _Numbers, table: CellTable) -> Int64:
    """The number of each row's value, -1 for none; `table` is of these numbers."""
    code = np.full(len(part.is_there), -1, dtype=np.int64)
    form: str = part.array.schema.format
    if not part.is_there.any():
        return code
    if part.array.dictionary is not None:
        entries = part.array.dictionary
        known = _codes(_part(entries, entries.offset, entries.length), numbers, table)
        code[part.is_there] = known[part.values[part.is_there]]
    elif _FAMILIES.get(form) == "text":
        code[:] = _texts_of(part).numbers(numbers, table)
    else:
        values: npt.NDArray[Any] = part.values
        read: Callable[[Any], object] = int
        if form == _BOOLEAN:
            values, read = _bits(part.buffer(1))[part.rows], bool
        elif form.startswith(_TIME):
            step = _NANOSECONDS[form[len(_TIME)]]
            values, read = values.astype(np.int64) * step, _time_of_day
        code[part.is_there] = _distinct(values[part.is_there], read, numbers)
    return code


def _distinct(
    values: npt.NDArray[Any], read: Callable[[Any], object], numbers: _Numbers
) -> Int64:
    ordered = np.sort(values)
    distinct = ordered[starts_of_runs(ordered)]
    codes = [numbers[read(value)] for value in distinct.tolist()]
    return np.array(codes, dtype=np.int64)[np.searchsorted(distinct, values)]


def _time_of_day(nanoseconds: int) -> time | str:
    """A time, or the text of what no `time` can be."""
    if nanoseconds == _DAY:
        return "24:00"
    micros, rest = divmod(nanoseconds, _NANOSECONDS["u"])
    if rest or not 0 <= nanoseconds < _DAY:
        return f"{nanoseconds} ns after midnight"
    return (_MIDNIGHT + timedelta(microseconds=micros)).time()


def _texts_of(part: _Part) -> TextBuffer:
    rows = len(part.is_there)
    if not rows:
        return TextBuffer(b"", _NO_NUMBERS, _NO_NUMBERS, part.is_there)
    if part.array.schema.format != _TEXT_VIEWS:
        places = slice(part.rows.start, part.rows.stop + 1)
        offsets = part.buffer(1)[places].astype(np.int64)
        data = part.buffer(2)[offsets[0] : offsets[-1]].tobytes()
        return TextBuffer(
            data, offsets[:-1] - offsets[0], np.diff(offsets), part.is_there
        )
    views = np.ascontiguousarray(part.values)
    length, _, number, offset = views.view("<i4").reshape(rows, 4).astype(np.int64).T
    last = part.array.n_buffers - 1  # it holds the sizes of those before it
    # The views come first, as they hold the short texts.
    buffers = [views, *(part.buffer(place) for place in range(2, last))]
    firsts = np.array(
        [0, *accumulate(buffer.nbytes for buffer in buffers)], dtype=np.int64
    )
    in_view = np.arange(rows) * _VIEW_BYTES + _VIEW_BYTES - _LONGEST_INLINE
    is_inline = (length <= _LONGEST_INLINE) | ~part.is_there
    elsewhere = firsts[np.where(is_inline, 0, number + 1)] + offset
    return TextBuffer(
        data=b"".join(buffer.data for buffer in buffers),
        start=np.where(is_inline, in_view, elsewhere),
        length=np.where(part.is_there, length, 0),
        is_there=part.is_there,
    )


def _read_texts(texts: TextBuffer) -> Int64:
    """Instants of texts, `UNREADABLE` for what is no timestamp."""
    at, is_read = texts.timestamps()
    odd = np.flatnonzero(~is_read)
    at[odd] = read_instants(list(map(texts.text, odd.tolist()))).at
    return at
