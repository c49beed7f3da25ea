"""Bad rows: stop at the first, or set them aside with the reason."""

from __future__ import annotations

import csv
import io
from typing import Literal, get_args

import attrs

from uptime_core.errors import InputError, shown
from uptime_core.spreadsheet import excel_safe_text

OnError = Literal["raise", "collect"]


@attrs.frozen
class RejectedRow:
    """A row that was not taken in.

    Attributes:
        source: The file or argument.
        line: The file's line on which the row starts, or the row's number, from 1.
        field: The column, or None where the whole row is at fault.
        reason: What is wrong.
        cells: The row: the columns that are read, in the order of the reference, or
            every cell as it stands where their number is wrong.
    """

    source: str
    line: int
    field: str | None
    reason: str
    cells: tuple[str, ...]


def checked_on_error(on_error: OnError) -> OnError:
    """What becomes of bad rows.

    Raises:
        InputError: It is neither `raise` nor `collect`.
    """
    if on_error not in get_args(OnError):
        raise InputError(
            f"{shown(on_error)} is neither 'raise' nor 'collect'", field="on_error"
        )
    return on_error


@attrs.define
class Rejects:
    """What becomes of bad rows while a source is read.

    Args:
        on_error: `raise` raises the first one's error; `collect` keeps them.
    """

    on_error: OnError = attrs.field(default="raise", converter=checked_on_error)
    rows: list[RejectedRow] = attrs.field(factory=list, init=False)

    @property
    def all(self) -> tuple[RejectedRow, ...]:
        """The rows kept."""
        return tuple(self.rows)

    def reject(
        self, error: InputError, source: str, line: int, cells: tuple[str, ...]
    ) -> None:
        """Raise the error, with its place, or keep the row.

        Raises:
            InputError: Under `raise`.
        """
        error.source, error.line = source, line
        if self.on_error == "raise":
            raise error
        self.rows.append(RejectedRow(source, line, error.field, error.reason, cells))


def rejects_csv(rows: list[RejectedRow] | tuple[RejectedRow, ...]) -> str:
    """Rejected rows as CSV text: source, line, field, reason, and the row itself."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["source", "line", "field", "reason", "row"])
    for row in rows:
        inner = io.StringIO()
        csv.writer(inner).writerow(row.cells)
        cells = excel_safe_text(inner.getvalue().removesuffix("\r\n"))
        writer.writerow([row.source, row.line, row.field or "", row.reason, cells])
    return text.getvalue()
