"""From rows of cells, or plain lines, to columns of polls, with bad rows rejected."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from uptime_core.cell_table import CellTable
from uptime_core.errors import InputError, shown
from uptime_core.instants import UNREADABLE, parse_timestamp, parse_timestamps
from uptime_core.plain_polls import ODD_STATUS
from uptime_core.polls import PollColumns, parse_status
from uptime_core.store_ids import StoreCodes, parse_store_id

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from uptime_core.intake import Misfit
    from uptime_core.kernel.arrays import Int32, Int64, UInt8
    from uptime_core.plain_polls import PlainPolls
    from uptime_core.rejects import Rejects

Cells = tuple[str, str, str]

_NEITHER = ODD_STATUS


class _StatusCodes(dict[str, int]):
    """1 for up, 0 for down, 2 for neither, by the cell as it stands."""

    def __missing__(self, cell: str) -> int:
        try:
            self[cell] = code = int(parse_status(cell))
        except InputError:
            return _NEITHER
        return code


class PollIntake:
    """Collects polls from columns of text.

    Args:
        source: What the texts come from, for messages.
        rejects: What becomes of bad rows.
    """

    def __init__(self, source: str, rejects: Rejects) -> None:
        self.source = source
        self._rejects = rejects
        self._codes = StoreCodes()
        self._ids = CellTable(self._codes.numbers)
        self._statuses = _StatusCodes()
        self._parts: list[tuple[Int32, Int64, UInt8]] = []

    def add(
        self,
        lines: Sequence[int],
        store_ids: Sequence[str],
        timestamps: Sequence[str],
        statuses: Sequence[str],
        misfits: Sequence[Misfit] = (),
    ) -> None:
        """Take in rows, given as columns of equal length.

        Raises:
            InputError: The first bad row's, if bad rows are not collected.
        """
        rows = len(lines)
        code = np.fromiter(map(self._codes.__getitem__, store_ids), np.int32, rows)
        at = parse_timestamps(timestamps)
        status = np.fromiter(map(self._statuses.__getitem__, statuses), np.uint8, rows)
        self._take(
            (code, at, status),
            lines,
            lambda row: (store_ids[row], timestamps[row], statuses[row]),
            misfits,
        )

    def add_plain(self, line: int, polls: PlainPolls) -> None:
        """Take in plain lines, of which the first is the file's line `line`.

        The outcome is that of `add`.

        Raises:
            InputError: The first bad row's, if bad rows are not collected.
        """

        def text(column: int, row: int) -> str:
            return polls.cell(column, row).decode()

        code = self._ids.lookup(polls.store_ids)
        at, status = polls.at, polls.status
        odd = np.flatnonzero(~polls.at_is_read).tolist()
        if odd:
            at[odd] = parse_timestamps([text(1, row) for row in odd])
        for row in np.flatnonzero(status == ODD_STATUS).tolist():
            status[row] = self._statuses[text(2, row)]
        self._take(
            (code, at, status),
            range(line, line + len(at)),
            lambda row: (text(0, row), text(1, row), text(2, row)),
        )

    def _take(
        self,
        columns: tuple[Int32, Int64, UInt8],
        lines: Sequence[int],
        cells: Callable[[int], Cells],
        misfits: Sequence[Misfit] = (),
    ) -> None:
        """Keep the good rows, and reject the bad ones in the order of their lines."""
        code, at, status = columns
        bad = (code < 0) | (at == UNREADABLE) | (status == _NEITHER)
        faults: list[tuple[int, InputError, tuple[str, ...]]] = [
            (misfit.line, misfit.error, misfit.cells) for misfit in misfits
        ]
        if bad.any():
            faults += [
                (lines[row], _poll_error(*cells(row)), cells(row))
                for row in np.flatnonzero(bad).tolist()
            ]
            code, at, status = code[~bad], at[~bad], status[~bad]
        for line, error, texts in sorted(faults, key=itemgetter(0)):
            self._rejects.reject(error, self.source, line, texts)
        self._parts.append((code, at, status))

    def finish(self) -> PollColumns:
        """The polls taken in."""
        if not self._parts:
            return PollColumns((), (), (), ())
        columns = [np.concatenate(parts) for parts in zip(*self._parts, strict=True)]
        self._parts = []
        for column in columns:
            column.flags.writeable = False  # so that it need not be copied
        return PollColumns(self._codes.store_ids, *columns)


def _poll_error(store_id: str, timestamp: str, status: str) -> InputError:
    """The error of a row's first bad cell."""
    try:
        parse_store_id(store_id)
        parse_timestamp(timestamp)
        parse_status(status)
    except InputError as error:
        return error
    message = f"no fault in {shown((store_id, timestamp, status))}"
    raise AssertionError(message)
