"""CSV files as batches of columns of text: encoding, quoting, header, line numbers."""

from __future__ import annotations

import csv
import gzip
import io
import os
import zlib
from collections import Counter
from itertools import accumulate, compress, islice
from typing import IO, TYPE_CHECKING, Any, NamedTuple, TypeAlias

from uptime_core.errors import BadFileError, InputError, shown
from uptime_core.intake import Misfit
from uptime_core.store_ids import BLANKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

StrPath: TypeAlias = "str | os.PathLike[str]"
Progress: TypeAlias = "Callable[[int], None]"

LONGEST_LINE = 1 << 20
"""Characters of a line; a longer one is a sign of a broken file."""

_BLOCK_BYTES = 1 << 20
_BATCH_ROWS = 1 << 12  # 25 % faster than 1 << 16: the texts stay in the cache
_BYTE_ORDER_MARK = "\ufeff"
_CARRIAGE_RETURN = (
    "a carriage return stands without a line feed; lines end in LF or CRLF"
)
_GZIP_MAGIC = b"\x1f\x8b"


class Column(NamedTuple):
    """A wanted column: its name, and what a header may call it, in small letters."""

    name: str
    headers: tuple[str, ...]


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
                f"{shown(headers)} is neither a header nor a tuple of headers",
                source="columns",
                field=column.name,
            )
        wanted.append(Column(column.name, tuple(dict.fromkeys(map(_normal, headers)))))
    return tuple(wanted)


def read_table(
    path: StrPath, columns: Sequence[Column], progress: Progress | None = None
) -> Iterator[Batch]:
    """The rows of a CSV file, plain or ``.gz``, in batches.

    Args:
        path: The file: UTF-8, with or without byte order mark, comma-separated, lines
            ending in LF or CRLF, with a header.
        columns: The wanted columns, in the order they shall have.
        progress: Called now and then with the bytes read so far, as they are on disk.

    Raises:
        BadFileError: The file as a whole cannot be read.
        OSError: The file cannot be opened.
    """
    source = os.fspath(path)
    with _open(source) as stream:
        places: list[int] = []
        width = 0
        lines_of_file = _lines(stream, source, progress)
        for batch_lines, batch_rows in _records(lines_of_file, source):
            lines, rows = _without_blank_lines(batch_lines, batch_rows)
            if not places and rows:
                header, rows = rows[0], rows[1:]
                places = _places(header, columns, source, lines[0])
                width, lines = len(header), lines[1:]
            if rows:
                yield _batch(lines, rows, places, width)
        if not places:
            raise BadFileError("the file is empty, it has no header", source=source)


def _batch(
    lines: Sequence[int], rows: list[list[str]], places: list[int], width: int
) -> Batch:
    misfits = []
    if set(map(len, rows)) != {width}:
        fits = [len(row) == width for row in rows]
        for line, row, fit in zip(lines, rows, fits, strict=True):
            if not fit:
                error = InputError(f"the row has {len(row)} fields, the header {width}")
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


def _normal(header: str) -> str:
    return header.strip(BLANKS).casefold()


def _places(
    header: list[str], columns: Sequence[Column], source: str, line: int
) -> list[int]:
    """Where each wanted column is."""
    names = [_normal(name) for name in header]
    for name, times in Counter(names).items():
        if name and times > 1:
            raise BadFileError(
                f"the header has {shown(name)} {times} times",
                source=source,
                line=line,
                field=name,
            )
    places = []
    for column in columns:
        found = [names.index(name) for name in column.headers if name in names]
        if len(found) != 1:
            what = "several" if found else "none"
            raise BadFileError(
                f"the header has {what} of {', '.join(map(repr, column.headers))}; "
                f"it is {shown(','.join(header))}",
                source=source,
                line=line,
                field=column.name,
            )
        places += found
    return places


def _records(
    lines: Iterator[str], source: str
) -> Iterator[tuple[Sequence[int], list[list[str]]]]:
    """Batches of rows, with the lines on which they start."""
    reader = csv.reader(lines, strict=True)
    done = False
    while not done:
        before = reader.line_num
        rows: list[list[str]] = []
        failure: csv.Error | BadFileError | None = None
        try:
            for row in islice(reader, _BATCH_ROWS):
                rows.append(row)  # noqa: PERF402  # keeps what precedes a failure
        except (csv.Error, BadFileError) as error:
            failure = error
        starts = _first_lines(rows, before, reader.line_num, exact=failure is None)
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
        return _CARRIAGE_RETURN
    return f"not CSV: {text}"


def _open(source: str) -> IO[bytes] | gzip.GzipFile:
    try:
        if source.endswith(".gz"):
            return gzip.open(source, "rb")
        return open(source, "rb")  # noqa: PTH123  # a path as text, as it was given
    except ValueError as error:  # a NUL or a lone surrogate
        raise BadFileError(f"no file has such a name: {error}", source=source) from None


def _lines(
    stream: IO[bytes] | gzip.GzipFile, source: str, progress: Progress | None
) -> Iterator[str]:
    """The lines of a file with their ends, a block of them at a time."""
    count = 0
    rest = b""
    while True:
        block = _read(stream, source, count)
        if progress is not None:
            progress(_position(stream))
        head, newline, tail = block.rpartition(b"\n")
        if block and not newline:
            rest += block
            if len(rest) > 4 * LONGEST_LINE:
                raise _too_long(source, count + 1)
            continue
        if not block and rest.endswith(b"\r"):
            raise BadFileError(_CARRIAGE_RETURN, source=source, line=count + 1)
        text = _decode(rest + head + newline if block else rest, source, count)
        lines = io.StringIO(text, newline="\n").readlines()
        if len(max(lines, key=len, default="")) > LONGEST_LINE:
            longest = lines.index(max(lines, key=len))
            raise _too_long(source, count + longest + 1)
        yield from lines
        count += len(lines)
        rest = tail
        if not block:
            return


def _read(stream: IO[bytes] | gzip.GzipFile, source: str, count: int) -> bytes:
    try:
        return stream.read(_BLOCK_BYTES)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise BadFileError(
            f"not a whole gzip file: {error}", source=source, line=count + 1
        ) from error
    except OSError as error:
        error.filename = error.filename or source
        raise


def _position(stream: IO[bytes] | gzip.GzipFile) -> int:
    """How many of the file's own bytes have been read; 0 for a pipe."""
    file: Any = stream.fileobj if isinstance(stream, gzip.GzipFile) else stream
    return int(file.tell()) if file is not None and file.seekable() else 0


def _decode(data: bytes, source: str, count: int) -> str:
    """The text of some lines, of which the first is line `count` + 1."""
    fault = data.find(b"\0")
    reason = "a NUL character stands in the line"
    text = ""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        if fault < 0 or error.start < fault:
            fault = error.start
            reason = f"the file is not UTF-8: {error.reason} at {data[fault]:#04x}"
    if fault >= 0:
        if count == 0 and data.startswith(_GZIP_MAGIC):
            reason = "the file is compressed; its name must end in .gz"
        line = count + 1 + data.count(b"\n", 0, fault)
        raise BadFileError(reason, source=source, line=line)
    return text.removeprefix(_BYTE_ORDER_MARK) if count == 0 else text


def _too_long(source: str, line: int) -> BadFileError:
    return BadFileError(
        f"the line has more than {LONGEST_LINE:,} characters", source=source, line=line
    )
