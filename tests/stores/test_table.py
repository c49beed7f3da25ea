"""Reading CSV files as text: encoding, quoting, compression, header, line numbers."""

from __future__ import annotations

import gzip
import re
import tracemalloc
import zipfile
from typing import TYPE_CHECKING

import pytest

from uptime_core.errors import BadFileError, InputError
from uptime_core.headers import (
    HOURS_COLUMNS,
    POLL_COLUMNS,
    TIMEZONE_COLUMNS,
    Column,
)
from uptime_core.stores.line_blocks import LONGEST_LINE, line_blocks, open_file
from uptime_core.stores.table import Batch, read_batches, renamed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from uptime_core.intake import Misfit

COLUMNS = (
    Column("store_id", ("store_id",)),
    Column("day", ("day", "dayofweek", "day_of_week")),
)
HEAD = b"store_id,day\n"
MANY = 10_000  # rows: several batches


def read_table(path: Path, columns: Sequence[Column]) -> Iterator[Batch]:
    with open_file(str(path)) as stream:
        blocks = line_blocks(stream, str(path), None)
        yield from read_batches(blocks, str(path), columns)


def _file(folder: Path, content: bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def _rows(path: Path, columns: Sequence[Column] = COLUMNS) -> list[tuple[int, str]]:
    """The rows as ``(line, "store_id|day")``."""
    rows: list[tuple[int, str]] = []
    for batch in read_table(path, columns):
        cells = map("|".join, zip(*batch.columns, strict=True))
        rows += zip(batch.lines, cells, strict=True)
    return rows


def _misfits(path: Path) -> list[Misfit]:
    return [misfit for batch in read_table(path, COLUMNS) for misfit in batch.misfits]


def _failure(path: Path) -> BadFileError:
    with pytest.raises(BadFileError) as caught:
        _rows(path)
    assert caught.value.source == str(path)
    return caught.value


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        pytest.param(HEAD + b"a,1\nb,2\n", [(2, "a|1"), (3, "b|2")], id="LF"),
        pytest.param(
            b"store_id,day\r\na,1\r\nb,2\r\n", [(2, "a|1"), (3, "b|2")], id="CRLF"
        ),
        pytest.param(HEAD + b"a,1\r\nb,2\n", [(2, "a|1"), (3, "b|2")], id="both"),
        pytest.param(b"\xef\xbb\xbf" + HEAD + b"a,1\n", [(2, "a|1")], id="BOM"),
        pytest.param(
            b'\xef\xbb\xbf"store_id","day"\r\n"a","1"\r\n',
            [(2, "a|1")],
            id="BOM and quotes",
        ),
        pytest.param(HEAD + b"a,1", [(2, "a|1")], id="no last line end"),
        pytest.param(HEAD + b'a,"1"', [(2, "a|1")], id="a quote is the last byte"),
        pytest.param(HEAD, [], id="header only"),
        pytest.param(b"store_id,day", [], id="header only, no line end"),
        pytest.param(
            HEAD + b'"a,b",1\n"say ""hi""",2\n',
            [(2, "a,b|1"), (3, 'say "hi"|2')],
            id="quoted fields",
        ),
        pytest.param(HEAD + b" a ,\t1\n", [(2, " a |\t1")], id="blanks are kept"),
        pytest.param(HEAD + b",\n", [(2, "|")], id="empty cells are a row"),
        pytest.param(HEAD + "é\u2028ü,1\n".encode(), [(2, "é\u2028ü|1")], id="UTF-8"),
        pytest.param(
            HEAD + b"\xef\xbb\xbfa,1\n", [(2, "\ufeffa|1")], id="BOM further down"
        ),
        pytest.param(
            HEAD + b"a\x0b\x0c\x1c,1\n", [(2, "a\x0b\x0c\x1c|1")], id="separators"
        ),
    ],
)
def test_text_is_read_as_it_stands(
    tmp_path: Path, content: bytes, rows: list[tuple[int, str]]
) -> None:
    assert _rows(_file(tmp_path, content)) == rows


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        pytest.param(
            HEAD + b'"a\nb",1\nc,2\n', [(2, "a\nb|1"), (4, "c|2")], id="over two lines"
        ),
        pytest.param(
            HEAD + b'"a\r\nb\r\n",1\r\nc,2\r\n',
            [(2, "a\r\nb\r\n|1"), (5, "c|2")],
            id="with CRLF",
        ),
        pytest.param(
            HEAD + b'"\n\n","\n"\nc,2\n', [(2, "\n\n|\n"), (6, "c|2")], id="two fields"
        ),
        pytest.param(
            b'store_id,"no\nte",day\na,x,1\nb,"x\ny",2\nc,x,3\n',
            [(3, "a|1"), (4, "b|2"), (6, "c|3")],
            id="header and a column that is not read",
        ),
        pytest.param(
            b"\n \t\n\r\n" + HEAD + b"\na,1\n\n  \n\r\n\t\nb,2\n\n",
            [(6, "a|1"), (11, "b|2")],
            id="blank lines",
        ),
    ],
)
def test_a_row_has_the_number_of_the_line_on_which_it_starts(
    tmp_path: Path, content: bytes, rows: list[tuple[int, str]]
) -> None:
    assert _rows(_file(tmp_path, content)) == rows


def test_line_numbers_hold_over_many_batches_and_blocks(tmp_path: Path) -> None:
    parts, expected, line = [HEAD], [], 2
    for number in range(MANY):
        note = "\n" * (number % 3) + "x" * 150
        parts.append(f'"{note}",{number}\n'.encode() + b"\n" * (number % 2))
        expected.append((line, f"{note}|{number}"))
        line += 1 + number % 3 + number % 2
    assert _rows(_file(tmp_path, b"".join(parts))) == expected


@pytest.mark.parametrize("before", [0, 1, MANY])
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param(b'"a,1\nb,2\nc,3\n', "a quote is opened here", id="open quote"),
        pytest.param(b'a,"', "a quote is opened here", id="open quote at the end"),
        pytest.param(b'"a\nb"c,1\n', "not CSV", id="text behind a quoted field"),
        pytest.param(
            b'"' + b"x\n" * 70_000 + b'",1\n', "131,072", id="field over the limit"
        ),
        pytest.param(b"x" * 131_073 + b",1\n", "131,072", id="cell over the limit"),
        pytest.param(b"a\rb,1\n", "carriage return", id="CR within the line"),
        pytest.param(b"a,1\0\n", "NUL", id="NUL"),
        pytest.param(b'"a\0b",1', "NUL", id="NUL in a quoted field"),
        pytest.param(b"\xff,1\n", "UTF-8: invalid start byte at 0xff", id="0xff"),
        pytest.param(b"caf\xe9,1\n", "UTF-8", id="Latin-1"),
        pytest.param(b"\xc0\xaf,1\n", "UTF-8", id="overlong"),
        pytest.param(b"\xed\xa0\x80,1\n", "UTF-8", id="surrogate"),
        pytest.param(b"a,1\xe2\x82", "UTF-8", id="cut character"),
        pytest.param(b"\xff\0,1\n", "UTF-8", id="the first fault counts"),
        pytest.param(b"\0\xff,1\n", "NUL", id="the first fault counts, NUL"),
    ],
)
def test_a_broken_line_breaks_the_file_and_is_named(
    tmp_path: Path, before: int, line: bytes, reason: str
) -> None:
    rows = b'"a\nb",1\n' * before
    error = _failure(_file(tmp_path, HEAD + rows + line))
    assert reason in error.reason
    assert error.line == 2 + 2 * before


@pytest.mark.parametrize("bad", [b"\xff", b"\0"])
@pytest.mark.parametrize("place", [0, 1, 2, 3, 4])
def test_a_byte_order_mark_does_not_shift_where_a_bad_byte_is(
    tmp_path: Path, bad: bytes, place: int
) -> None:
    content = b"\xef\xbb\xbf" + HEAD + b"a" * place + bad + b",1\n"
    error = _failure(_file(tmp_path, content))
    assert error.line == 2
    assert "NUL" in error.reason or "0xff" in error.reason


def test_old_mac_line_ends_are_explained(tmp_path: Path) -> None:
    error = _failure(_file(tmp_path, b"store_id,day\ra,1\rb,2\r"))
    assert error.line == 1
    assert "carriage return" in error.reason


def test_utf_16_is_not_utf_8(tmp_path: Path) -> None:
    error = _failure(_file(tmp_path, "store_id,day\na,1\n".encode("utf-16")))
    assert error.line == 1
    assert "UTF-8" in error.reason


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_spreadsheet_is_told_from_a_csv_file(tmp_path: Path, method: int) -> None:
    path = tmp_path / "polls.xlsx"
    with zipfile.ZipFile(path, "w", method) as book:
        book.writestr("[Content_Types].xml", '<?xml version="1.0"?>\n<Types/>' * 50)
        book.writestr("xl/worksheets/sheet1.xml", "<worksheet/>\n")

    error = _failure(path)

    assert error.line == 1
    assert (
        error.reason == "it looks like a spreadsheet (.xlsx) or a .zip; save it as CSV"
    )


@pytest.mark.parametrize(
    ("header", "values"),
    [
        (POLL_COLUMNS, "shop,2023-01-25 10:00:00.5 UTC,active"),
        (POLL_COLUMNS, "shop,2023-01-25T10:00:00Z,inactive"),
        (POLL_COLUMNS, "shop,1/25/2023 10:00,active"),
        (HOURS_COLUMNS, "shop,0,09:00,17:00"),
        (TIMEZONE_COLUMNS, "8419537941919820732,America/Chicago"),
    ],
)
def test_a_row_in_the_headers_place_is_told(
    tmp_path: Path, header: Sequence[Column], values: str
) -> None:
    path = _file(tmp_path, f"{values}\n{values}\n".encode())
    names = ",".join(column.name for column in header)

    with pytest.raises(BadFileError) as caught:
        list(read_table(path, header))

    message = f"{path}, line 1: the header is missing; put a line above this one, like "
    assert str(caught.value) == f"{message}{names}"


@pytest.mark.parametrize("ending", [b"", b"\n", b"\nb,2\n"])
@pytest.mark.parametrize("megabytes", [1, 5, 50])
def test_a_line_too_long_is_refused_with_little_memory(
    tmp_path: Path, megabytes: int, ending: bytes
) -> None:
    long = b"x," * (megabytes << 19) + b"x"
    path = _file(tmp_path, HEAD + b"a,1\n" + long + ending)
    tracemalloc.start()
    error = _failure(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert error.line == 3
    assert f"more than {LONGEST_LINE:,} characters" in error.reason
    assert peak < 32 << 20


def test_a_million_fields_are_one_misfit(tmp_path: Path) -> None:
    path = _file(tmp_path, HEAD + b"," * 1_000_000 + b"\nb,2\n")
    (misfit,) = _misfits(path)
    assert (misfit.line, len(misfit.cells)) == (2, 1_000_001)
    assert _rows(path) == [(3, "b|2")]


@pytest.mark.parametrize(
    ("header", "named"), [("note,store_id,day", False), ("store_id,day,note", True)]
)
@pytest.mark.parametrize(
    ("row", "cells"),
    [
        ("a", ("a",)),
        ("a,b", ("a", "b")),
        ('"a\nb",b', ("a\nb", "b")),
        ("a,b,c,", ("a", "b", "c", "")),
        ("a,b,c,d,e", tuple("abcde")),
    ],
)
def test_a_row_with_another_number_of_fields_is_a_misfit_on_its_line(
    tmp_path: Path, header: str, row: str, cells: tuple[str, ...], *, named: bool
) -> None:
    """Which cell is the id is known only where no field stands before it."""
    path = _file(tmp_path, f'{header}\n1,"\n",2\n{row}\n3,4,5\n'.encode())
    (misfit,) = _misfits(path)
    assert (misfit.line, misfit.cells) == (4, cells)
    assert misfit.store_id == (cells[0] if named else None)
    reason = misfit.error.reason
    assert re.match(rf"the row has {len(cells)} fields?, the header 3; ", reason)
    assert [line for line, _ in _rows(path)] == [2, 5 + row.count("\n")]


def test_a_file_of_misfits_has_no_rows(tmp_path: Path) -> None:
    path = _file(tmp_path, HEAD + b"a\nb,1,2\n")
    assert _rows(path) == []
    assert [misfit.line for misfit in _misfits(path)] == [2, 3]


@pytest.mark.parametrize(
    "header",
    [
        "store_id,day",
        "STORE_ID,Day",
        " store_id\t,  day ",
        '"store_id","day"',
        "store_id,dayOfWeek",
        "store_id,DAY_OF_WEEK",
    ],
)
def test_columns_are_found_by_name_in_any_case(tmp_path: Path, header: str) -> None:
    assert _rows(_file(tmp_path, f"{header}\na,1\n".encode())) == [(2, "a|1")]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (b"day,store_id", b"1,a"),
        (b"x,day,y,store_id,z", b"?,1,?,a,?"),
        (b",store_id,day,", b"0,a,1,"),
    ],
)
def test_order_and_other_columns_do_not_matter(
    tmp_path: Path, header: bytes, row: bytes
) -> None:
    assert _rows(_file(tmp_path, header + b"\n" + row + b"\n")) == [(2, "a|1")]


@pytest.mark.parametrize(
    ("content", "line", "field", "reason"),
    [
        pytest.param(b"", None, None, "empty", id="empty file"),
        pytest.param(b"\n \n\r\n", None, None, "empty", id="blank lines"),
        pytest.param(b"\xef\xbb\xbf", None, None, "empty", id="BOM only"),
        pytest.param(b"day\n1\n", 1, "store_id", "none of 'store_id'", id="no id"),
        pytest.param(
            b"\nstore_id,dy\n", 2, "day", "none of 'day', 'dayofweek'", id="no day"
        ),
        pytest.param(b"a,b\nb,2\n", 1, "store_id", "it is 'a,b'", id="other names"),
        pytest.param(
            b"a,1\nb,2\n", 1, None, "missing; put a line above", id="no header"
        ),
        pytest.param(
            b"\n7,7\n7,8\n", 2, None, "like store_id,day", id="no header, twice"
        ),
        pytest.param(b"store_id,1\n", 1, "day", "none of 'day'", id="a number"),
        pytest.param(b",\na,1\n", 1, "store_id", "none of", id="empty header"),
        pytest.param(
            b"store_id;day\na;1\n", 1, "store_id", "with commas", id="semicolons"
        ),
        pytest.param(
            b"store_id,day,Store_Id\n", 1, "store_id", "'store_id' 2 times", id="twice"
        ),
        pytest.param(
            b"x,store_id,day,x\n", 1, "x", "'x' 2 times", id="another one twice"
        ),
        pytest.param(
            b"store_id,day,dayOfWeek\n", 1, "day", "several of", id="two names"
        ),
        pytest.param(
            b"\xef\xbb\xbf\xef\xbb\xbfstore_id,day\n", 1, "store_id", "none", id="BOMs"
        ),
        pytest.param(b"," * 1_000_000, 1, "store_id", "none", id="a million fields"),
    ],
)
def test_a_header_that_does_not_name_the_columns_once_is_refused(
    tmp_path: Path, content: bytes, line: int | None, field: str | None, reason: str
) -> None:
    error = _failure(_file(tmp_path, content))
    assert (error.line, error.field) == (line, field)
    assert reason in error.reason
    assert len(str(error)) < 500


def test_a_header_of_very_many_columns_is_read(tmp_path: Path) -> None:
    names = ",".join(f"c{number}" for number in range(20_000))
    path = _file(tmp_path, f"{names},store_id,day\n".encode())
    assert _rows(path) == []


WHOLE = gzip.compress(HEAD + b"".join(b"a%d,1\n" % n for n in range(MANY)))


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (WHOLE, MANY),
        (gzip.compress(HEAD) + gzip.compress(b"a,1\n"), 1),
        (gzip.compress(HEAD + b"a,1\n") + b"\0" * 100, 1),
        (gzip.compress(b"\xef\xbb\xbfstore_id,day\r\na,1\r\n"), 1),
    ],
    ids=["large", "two members", "padding", "BOM and CRLF"],
)
def test_compressed_files_are_read_by_their_name(
    tmp_path: Path, content: bytes, rows: int
) -> None:
    read = _rows(_file(tmp_path, content, "table.csv.gz"))
    assert [line for line, _ in read] == list(range(2, rows + 2))


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (WHOLE[:5], "t.gz", "not a whole gzip file"),
        (WHOLE[: len(WHOLE) // 2], "t.gz", "not a whole gzip file"),
        (WHOLE[:-1], "t.gz", "not a whole gzip file"),
        (WHOLE[:-8] + b"\0" * 8, "t.gz", "not a whole gzip file"),
        (WHOLE[:100] + b"\xff" * 100 + WHOLE[200:], "t.gz", "not a whole gzip file"),
        (WHOLE + b"more", "t.gz", "not a whole gzip file"),
        (HEAD + b"a,1\n", "t.gz", "not a whole gzip file"),
        (b"", "t.gz", "empty"),
        (WHOLE, "t.csv", "must end in .gz"),
        (gzip.compress(b"\xff"), "t.gz", "UTF-8"),
    ],
    ids=[
        *("cut in its header", "cut in half", "cut by a byte", "wrong checksum"),
        *("overwritten", "more at its end", "not compressed", "no byte"),
        *("another name", "not UTF-8"),
    ],
)
def test_a_damaged_or_misnamed_compressed_file_is_refused(
    tmp_path: Path, content: bytes, name: str, reason: str
) -> None:
    assert reason in _failure(_file(tmp_path, content, name)).reason


@pytest.mark.parametrize("byte", [b"x", b"\0"])
def test_a_small_file_that_unpacks_to_a_huge_line_is_refused_with_little_memory(
    tmp_path: Path, byte: bytes
) -> None:
    path = _file(tmp_path, gzip.compress(HEAD + byte * (64 << 20), 1), "bomb.gz")
    tracemalloc.start()
    error = _failure(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert error.line == 2
    assert peak < 32 << 20


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        _rows(tmp_path / "missing.csv")
    assert caught.value.filename == str(tmp_path / "missing.csv")


@pytest.mark.parametrize(
    ("names", "header"),
    [
        ({"store_id": "shop"}, b"shop,day"),
        ({"store_id": " SHOP "}, b"Shop\t,day"),
        ({"store_id": ("shop", "outlet")}, b"outlet,day"),
        ({"store_id": ("shop", "outlet")}, b"shop,DAYOFWEEK"),
        ({"store_id": ("shop", "Shop", "shop ")}, b"shop,day"),
        ({"store_id": "shop", "day": "weekday"}, b"shop,weekday,store_id"),
        ({}, b"store_id,day"),
    ],
)
def test_headers_of_ones_own_are_read(
    tmp_path: Path, names: dict[str, str | tuple[str, ...]], header: bytes
) -> None:
    row = b"a,1,?" if header.count(b",") == 2 else b"a,1"
    path = _file(tmp_path, header + b"\n" + row)
    assert _rows(path, renamed(COLUMNS, names)) == [(2, "a|1")]


@pytest.mark.parametrize(
    ("header", "reason"),
    [(b"store_id,day", "none of 'shop', 'outlet'"), (b"shop,outlet,day", "several of")],
)
def test_headers_of_ones_own_take_the_place_of_the_usual_ones(
    tmp_path: Path, header: bytes, reason: str
) -> None:
    columns = renamed(COLUMNS, {"store_id": ("shop", "outlet")})
    with pytest.raises(BadFileError, match=reason) as caught:
        _rows(_file(tmp_path, header + b"\n"), columns)
    assert caught.value.field == "store_id"


@pytest.mark.parametrize("headers", [5, None, b"shop", ("shop", 5), {"shop"}])
def test_a_header_that_is_no_text_is_refused(headers: object) -> None:
    with pytest.raises(InputError, match="neither a header nor a tuple") as caught:
        renamed(COLUMNS, {"day": headers})  # type: ignore[dict-item]
    assert (caught.value.source, caught.value.field) == ("columns", "day")


@pytest.mark.parametrize("content", [b"a,1\nb,2\r", b"a,1\n\r"])
def test_a_carriage_return_at_the_end_of_the_file_is_refused(
    tmp_path: Path, content: bytes
) -> None:
    error = _failure(_file(tmp_path, HEAD + content))
    assert error.line == 3
    assert "carriage return" in error.reason
