"""What can be wrong with a CSV file as a whole."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    TextFault = Callable[[bytes, bytes, int], bytes]
    FileFault = Callable[[bytes, int], tuple[bytes, bool]]

_FIELD_LIMIT = 131_072


def compress(data: bytes) -> bytes:
    """The same bytes as a ``.gz`` file, which is always the same."""
    return gzip.compress(data, mtime=0)


def _inserted(mark: bytes) -> TextFault:
    def insert(data: bytes, _: bytes, place: int) -> bytes:
        place %= len(data) + 1
        return data[:place] + mark + data[place:]

    return insert


def _appended(line: bytes) -> TextFault:
    def append(data: bytes, newline: bytes, _: int) -> bytes:
        between = b"" if data.endswith(b"\n") else newline
        return data + between + line + newline

    return append


def _with_header(change: Callable[[bytes], bytes]) -> TextFault:
    def replace(data: bytes, newline: bytes, _: int) -> bytes:
        lines = data.split(newline)
        number = next(
            n for n, line in enumerate(lines) if line.strip(b" \t\xef\xbb\xbf")
        )
        lines[number] = change(lines[number])
        return newline.join(lines)

    return replace


TEXT_FAULTS: dict[str, TextFault] = {
    "a column is missing": _with_header(lambda _: b"store_id,other"),
    "a column is there twice": _with_header(lambda header: header + b",store_id"),
    "there is no header": lambda _, newline, place: newline * (place % 3),
    "it is not UTF-8": _inserted(b"\xff"),
    "there is a NUL": _inserted(b"\0"),
    "a quote is left open": _appended(b'"open'),
    "text follows a closing quote": _appended(b'"a"b,c'),
    "a carriage return stands alone": _appended(b"a\rb"),
    "a field is too long": _appended(b"x" * (_FIELD_LIMIT + 1)),
}
"""By what is wrong, the bytes of a faulty file from those of a right one, the end of
its lines, and a place."""

FILE_FAULTS: dict[str, FileFault] = {
    "it is compressed under another name": lambda data, _: (compress(data), False),
    "it is not compressed": lambda data, _: (data, True),
    "it is cut off": lambda data, place: (
        (whole := compress(data))[: place % len(whole)],
        True,
    ),
}
"""By what is wrong, the bytes, and whether the name ends in ``.gz``."""
