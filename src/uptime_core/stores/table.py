"""CSV files as batches of columns of text: quoting, header, line numbers."""

from __future__ import annotations

import csv
import re
from itertools import accumulate, chain, compress, islice
from typing import TYPE_CHECKING, NamedTuple

from uptime_core.errors import BadFileError, InputError, counted, shown
from uptime_core.headers import Column, find_columns, normal_header
from uptime_core.intake import Misfit
from uptime_core.store_ids import BLANKS
from uptime_core.stores.line_blocks import (
    CARRIAGE_RETURN,
    LineBlock,
    text_lines,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


_RENAMED = (
    "if it is called otherwise, say so with columns={{{name!r}: ...}} "
    "(--column {name}=HEADER)"
)
_VALUE = re.compile(r"[0-9][0-9 :./t+-]*(?:utc|z)?")  # an id, day, time or timestamp
_BATCH_ROWS = 1 << 12  # 25 % faster than 1 << 16: the texts stay in the cache


class Layout(NamedTuple):
    """The columns of a table.

    Attributes:
        places: Where each wanted column is.
        width: How many columns there are.
    """

    places: list[int]
    width: int


class Batch(NamedTuple):
    """Some rows of a table, blank lines left out.

    Attributes:
        lines: The line on which each row starts, from 1.
        columns: The wanted columns, as texts.
        misfits: Rows with too few or too many fields.
    """

    lines: Sequence[int]
    columns: Sequence[Sequence[str]]
    misfits: Sequence[Misfit]


def renamed(
    columns: Sequence[Column], names: Mapping[str, str | tuple[str, ...]]
) -> tuple[Column, ...]:
    """The columns, with headers of the caller's own for those in `names`.

    Raises:
        InputError: A new header is not text.
    """
    wanted = []
    for column in columns:
        headers: object = names.get(column.name, column.headers)
        headers = (headers,) if isinstance(headers, str) else headers
        if not isinstance(headers, tuple | list) or not all(
            isinstance(header, str) for header in headers
        ):
            raise InputError(
                f"{shown(headers)} is neither a header nor a tuple of headers; give a "
                "text, like 'shop'",
                source="columns",
                field=column.name,
            )
        wanted.append(
            Column(column.name, tuple(dict.fromkeys(map(normal_header, headers))))
        )
    return tuple(wanted)


def read_batches(
    blocks: Iterable[LineBlock], source: str, wanted: Sequence[Column] | Layout
) -> Iterator[Batch]:
    """The rows of blocks of lines, in batches.

    Args:
        blocks: The lines.
        source: Where they stand, for messages.
        wanted: The columns to find in the header, the first row; or where they are, if
            the header has been read.

    Raises:
        BadFileError: The table as a whole cannot be read.
    """
    columns, layout = ((), wanted) if isinstance(wanted, Layout) else (wanted, None)
    for batch_lines, batch_rows in _records(blocks, source):
        lines, rows = _without_blank_lines(batch_lines, batch_rows)
        if not rows:
            continue
        if layout is None:
            layout = _layout(rows[0], columns, source, lines[0])
            lines, rows = lines[1:], rows[1:]
        if rows:
            yield _batch(lines, rows, layout)
    if layout is None:
        raise BadFileError(
            "the file is empty; its first line is to name the columns", source=source
        )


def split_header(
    block: LineBlock, columns: Sequence[Column], source: str
) -> tuple[Layout, LineBlock] | None:
    """The columns of a file, and the rest of its first block after the header.

    Returns:
        None if the header is more than a line of its own, or has a fault, so that it
        takes `read_batches` to find it, or to say what is wrong with the file.
    """
    data = block.data
    if b'"' in data:
        return None
    start, number = 0, block.line
    while start < len(data):
        end = data.find(b"\n", start) + 1 or len(data)
        try:
            for line in text_lines([LineBlock(number, data[start:end])], source):
                if line.strip(BLANKS + "\r\n"):
                    (header,) = csv.reader([line], strict=True)
                    layout = _layout(header, columns, source, number)
                    return layout, LineBlock(number + 1, data[end:])
        except (csv.Error, BadFileError):
            return None
        start, number = end, number + 1
    return None


def _misfit(fields: int, width: int) -> InputError:
    advice = "is it cut short?" if fields < width else "quote values that have commas"
    return InputError(
        f"the row has {counted(fields, 'field')}, the header {width}; {advice}"
    )


def _batch(lines: Sequence[int], rows: list[list[str]], layout: Layout) -> Batch:
    places, width = layout
    misfits = []
    if set(map(len, rows)) != {width}:
        fits = [len(row) == width for row in rows]
        for line, row, fit in zip(lines, rows, fits, strict=True):
            if not fit:
                error = _misfit(len(row), width)
                store_id = row[0] if places[0] == 0 else None
                misfits.append(Misfit(line, error, tuple(row), store_id))
        lines, rows = list(compress(lines, fits)), list(compress(rows, fits))
    cells: Sequence[Sequence[str]] = list(zip(*rows, strict=True)) or [()] * width
    return Batch(lines, [cells[place] for place in places], misfits)


def _without_blank_lines(
    lines: Sequence[int], rows: list[list[str]]
) -> tuple[Sequence[int], list[list[str]]]:
    if all(map(_is_filled, rows)):
        return lines, rows
    filled = list(map(_is_filled, rows))
    return list(compress(lines, filled)), list(compress(rows, filled))


def _is_filled(row: list[str]) -> bool:
    return len(row) > 1 or (len(row) == 1 and bool(row[0].strip(BLANKS)))


def _layout(
    header: list[str], columns: Sequence[Column], source: str, line: int
) -> Layout:
    try:
        return Layout(find_columns(header, columns, _RENAMED), len(header))
    except InputError as error:
        if _is_row(header, columns):
            names = ",".join((*column.headers, column.name)[0] for column in columns)
            reason = f"the header is missing; put a line above this one, like {names}"
            raise BadFileError(reason, source=source, line=line) from None
        raise BadFileError(
            error.reason, source=source, line=line, field=error.field
        ) from None


def _is_row(header: list[str], columns: Sequence[Column]) -> bool:
    """Whether a header names no column, and has a value instead."""
    names = set(map(normal_header, header))
    if any(name in names for column in columns for name in column.headers):
        return False
    return any(_VALUE.fullmatch(name) for name in names)


def _records(
    blocks: Iterable[LineBlock], source: str
) -> Iterator[tuple[Sequence[int], list[list[str]]]]:
    """Batches of rows, with the lines on which they start."""
    rest = iter(blocks)
    first = next(rest, None)
    if first is None:
        return
    reader = csv.reader(text_lines(chain([first], rest), source), strict=True)
    done = False
    while not done:
        before = first.line - 1 + reader.line_num
        rows: list[list[str]] = []
        failure: csv.Error | BadFileError | None = None
        try:
            for row in islice(reader, _BATCH_ROWS):
                rows.append(row)  # noqa: PERF402  # keeps what precedes a failure
        except (csv.Error, BadFileError) as error:
            failure = error
        after = first.line - 1 + reader.line_num
        starts = _first_lines(rows, before, after, exact=failure is None)
        if rows:
            yield starts[:-1], rows
        if isinstance(failure, csv.Error):
            raise BadFileError(
                _csv_reason(failure), source=source, line=starts[-1]
            ) from failure
        if failure is not None:
            raise failure
        done = len(rows) < _BATCH_ROWS


def _first_lines(
    rows: list[list[str]], before: int, after: int, *, exact: bool
) -> Sequence[int]:
    """The line on which each row starts, and the one behind the last row."""
    if exact and after - before == len(rows):
        return range(before + 1, after + 2)
    heights = (1 + sum(cell.count("\n") for cell in row) for row in rows)
    return list(accumulate(heights, initial=before + 1))


def _csv_reason(error: csv.Error) -> str:
    text = str(error)
    if "unexpected end of data" in text:
        return "a quote is opened here and never closed"
    if "field larger than field limit" in text:
        return "a field has more than 131,072 characters; is a quote left open?"
    if "new-line character" in text:
        return CARRIAGE_RETURN
    return f"not CSV: {text}"
