"""CSV files of business hours and time zones, into their intake."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from uptime_core.stores.parts import read_parts
from uptime_core.stores.table import Batch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uptime_core.intake import HoursIntake, TimezoneIntake
    from uptime_core.stores.line_blocks import BytesRead, StrPath
    from uptime_core.stores.table import Column, Layout

_LONGEST_LINE = 1 << 16
"""Characters; cells of longer lines may be too long for the csv module."""


class PlainRows(NamedTuple):
    """Lines without quotes, cut behind the shop's id.

    There are few distinct rests: each is cut into cells and read only once.
    """

    store_ids: Sequence[str]
    rests: Sequence[str]


def read_shop_file(
    path: StrPath,
    columns: Sequence[Column],
    intake: HoursIntake | TimezoneIntake,
    progress: BytesRead | None = None,
) -> None:
    """Take in the rows of a file.

    Raises:
        InputError: The file, or under `raise` a row, cannot be read.
        OSError: The file cannot be opened.
    """
    for part in read_parts(path, columns, plain_rows, progress, threads=False):
        if isinstance(part, Batch):
            intake.add_columns(*part)
            continue
        if not intake.add_lines(part.line, *part.rows, partial(_cells, part.layout)):
            for batch in part.batches(intake.source):
                intake.add_columns(*batch)


def plain_rows(data: bytes, layout: Layout) -> PlainRows | None:
    """Cut a block of lines.

    Args:
        data: The lines, without the header; the last may lack its line feed.
        layout: Where the columns are.

    Returns:
        None if the csv module has to read them: the id does not stand first, or there
        are quotes, carriage returns that end no line, NULs, bytes that are no UTF-8,
        or lines that are very long.
    """
    if layout.places[0] != 0 or b'"' in data or b"\0" in data:
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if "\r" in text:
        text = text.replace("\r\n", "\n")
        if "\r" in text:
            return None
    lines = text.removesuffix("\n").split("\n")
    if max(map(len, lines)) > _LONGEST_LINE:
        return None
    store_ids, _, rests = zip(*[line.partition(",") for line in lines], strict=True)
    return PlainRows(store_ids, rests)


def _cells(layout: Layout, rest: str) -> tuple[str, ...] | None:
    """The wanted cells behind the shop's id, or None in a row of another width."""
    cells = rest.split(",")
    if len(cells) != layout.width - 1:
        return None
    return tuple(cells[place - 1] for place in layout.places[1:])
