"""From rows of cells, or plain lines, to columns of polls, with bad rows rejected."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeVar

import numpy as np

from uptime_core.cell_table import CellTable
from uptime_core.errors import InputError, shown
from uptime_core.instants import UNREADABLE, parse_timestamp, parse_timestamps
from uptime_core.plain_polls import ODD_STATUS
from uptime_core.polls import PollColumns, parse_status
from uptime_core.store_ids import StoreCodes, parse_store_id

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from uptime_core.intake import Misfit
    from uptime_core.kernel.arrays import Bool, Int32, Int64, UInt8
    from uptime_core.plain_polls import PlainPolls
    from uptime_core.rejects import Rejects

Scalar = TypeVar("Scalar", bound=np.generic)
Cells = tuple[str, str, str]
Columns: TypeAlias = "tuple[Int32, Int64, UInt8]"
"""Number of the id, instant in microseconds, status."""

_NEITHER = ODD_STATUS


class CopiedPolls(NamedTuple):
    """Good rows that another intake has numbered.

    Attributes:
        store_ids: The ids whose numbers come next, from 0 in the first of these.
        code: The numbers of the rows' ids.
        at: Instants in microseconds.
        status: 1 is up, 0 is down.
    """

    store_ids: list[str]
    code: Int32
    at: Int64
    status: UInt8


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
        self._good = _GrowingColumns()
        self._told = 0
        self._copied = np.empty(0, dtype=np.int32)

    def expect(self, rows: int) -> None:
        """Make room for some rows at once, where more or fewer may come.

        Columns that grow are copied at each step, a tenth of the time of reading.
        """
        with suppress(MemoryError):  # more may be expected than comes
            self._good.make_room(rows)

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
        columns = self._columns(polls)
        self._take(
            columns,
            range(line, line + len(polls.at)),
            lambda row: (
                polls.text(0, row),
                polls.text(1, row),
                polls.text(2, row),
            ),
        )

    def copied(self, polls: PlainPolls) -> CopiedPolls | None:
        """What `add_copied` of another intake takes, for plain lines in their order.

        Nothing is taken in here but the ids.

        Returns:
            None if a row is bad.
        """
        columns = self._columns(polls)
        if _are_bad(columns).any():
            return None
        new = len(self._codes) - self._told
        store_ids = list(islice(reversed(self._codes), new))  # without a look at others
        store_ids.reverse()
        self._told += new
        return CopiedPolls(store_ids, *columns)

    def add_copied(self, polls: CopiedPolls) -> None:
        """Take in what `copied` of one other intake gave, in the same order."""
        if polls.store_ids:
            codes = np.array(self._codes.numbers(polls.store_ids), dtype=np.int32)
            self._copied = np.append(self._copied, codes)
        code = self._copied[polls.code]
        self._good.add((code, polls.at, polls.status))

    def _columns(self, polls: PlainPolls) -> Columns:
        code = self._ids.lookup(polls.store_ids)
        at, status = polls.at, polls.status
        odd = np.flatnonzero(~polls.at_is_read).tolist()
        if odd:
            at[odd] = parse_timestamps([polls.text(1, row) for row in odd])
        for row in np.flatnonzero(status == ODD_STATUS).tolist():
            status[row] = self._statuses[polls.text(2, row)]
        return code, at, status

    def _take(
        self,
        columns: Columns,
        lines: Sequence[int],
        cells: Callable[[int], Cells],
        misfits: Sequence[Misfit] = (),
    ) -> None:
        """Keep the good rows, and reject the bad ones in the order of their lines."""
        code, at, status = columns
        bad = _are_bad(columns)
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
        self._good.add((code, at, status))

    def finish(self) -> PollColumns:
        """The polls taken in."""
        columns = self._good.columns()
        self._good = _GrowingColumns()
        return PollColumns(self._codes.store_ids, *columns)


class _GrowingColumns:
    """Columns with room for more rows, which takes memory only when they come.

    To put parts together in the end takes as much time, and memory for both.
    """

    def __init__(self) -> None:
        self._rows = 0
        self._code = np.empty(0, dtype=np.int32)
        self._at = np.empty(0, dtype=np.int64)
        self._status = np.empty(0, dtype=np.uint8)

    def add(self, columns: Columns) -> None:
        """Append some rows."""
        code, at, status = columns
        new = slice(self._rows, self._rows + len(at))
        if new.stop > len(self._at):
            self.make_room(new.stop + new.stop // 2)
        self._code[new], self._at[new], self._status[new] = code, at, status
        self._rows = new.stop

    def make_room(self, rows: int) -> None:
        """Make room for so many rows in all, if there is less."""
        if rows > len(self._at):
            self._code, self._at, self._status = (
                _enlarged(self._code, self._rows, rows),
                _enlarged(self._at, self._rows, rows),
                _enlarged(self._status, self._rows, rows),
            )

    def columns(self) -> Columns:
        """All rows; read-only, and no more can be added."""
        for column in (self._code, self._at, self._status):
            column.flags.writeable = False  # so that it need not be copied
        rows = slice(self._rows)
        return self._code[rows], self._at[rows], self._status[rows]


def _enlarged(column: npt.NDArray[Scalar], rows: int, room: int) -> npt.NDArray[Scalar]:
    larger = np.empty(room, dtype=column.dtype)
    larger[:rows] = column[:rows]
    return larger


def _are_bad(columns: Columns) -> Bool:
    code, at, status = columns
    bad: Bool = (code < 0) | (at == UNREADABLE) | (status == _NEITHER)
    return bad


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
