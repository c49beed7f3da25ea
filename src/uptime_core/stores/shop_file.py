"""CSV files of business hours and time zones, into their intake."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from uptime_core.plain_lines import Stretches, plain_lines
from uptime_core.stores.parts import read_parts
from uptime_core.stores.table import Batch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uptime_core.headers import Column
    from uptime_core.intake import HoursIntake, TimezoneIntake
    from uptime_core.stores.line_blocks import BytesRead, StrPath
    from uptime_core.stores.table import Layout


class PlainRows(NamedTuple):
    """Plain lines, cut behind the shop's id.

    There are few distinct rests: each is cut into cells and read only once.
    """

    store_ids: Stretches
    rests: Stretches


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
        if not intake.add_plain(part.line, *part.rows, partial(_cells, part.layout)):
            for batch in part.batches(intake.source):
                intake.add_columns(*batch)


def plain_rows(data: bytes, layout: Layout) -> PlainRows | None:
    """Cut a block of lines.

    Args:
        data: The lines, without the header; the last may lack its line feed.
        layout: Where the columns are.

    Returns:
        None if the csv module has to read them: the id does not stand first, or the
        lines are not plain, or have a very long id or rest.
    """
    if layout.places[0] != 0 or layout.width == 1:
        return None
    lines = plain_lines(data, layout.width)
    if lines is None:
        return None
    start, end = lines.cell(0)
    store_ids = lines.stretches(start, end)
    rests = lines.stretches(end + 1, lines.cell(layout.width - 1)[1])
    if store_ids is None or rests is None:
        return None
    return PlainRows(store_ids, rests)


def _cells(layout: Layout, rest: str) -> tuple[str, ...]:
    """The wanted cells behind the shop's id."""
    cells = rest.split(",")
    if layout.places == list(range(layout.width)):
        return tuple(cells)
    return tuple(cells[place - 1] for place in layout.places[1:])
