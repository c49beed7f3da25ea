"""From rows of cells to columns, with bad rows rejected.

Hours and zones quarantine: one bad row takes all rows of its shop out, so that a
rejected row never turns into "open all week" or the default zone.
"""

from __future__ import annotations

from array import array
from collections import deque
from contextlib import suppress
from itertools import compress
from operator import eq, itemgetter
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

import numpy as np

from uptime_core.cell_table import CellTable
from uptime_core.errors import InputError, shown
from uptime_core.kernel.weekly import DAY
from uptime_core.quarantine import Quarantine
from uptime_core.schedule import HoursColumns, parse_day, parse_hours
from uptime_core.store_ids import StoreCodes, parse_store_id
from uptime_core.timezones import parse_timezone

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from uptime_core.kernel.arrays import Int32
    from uptime_core.plain_lines import Stretches
    from uptime_core.rejects import Rejects

Parsed = TypeVar("Parsed")


class Misfit(NamedTuple):
    """A row with too few or too many fields.

    Attributes:
        line: The line on which it starts.
        error: What is wrong with it.
        cells: All of it.
        store_id: The cell of the shop's id, or None where the missing or surplus field
            may stand before it, so that any cell may be the id.
    """

    line: int
    error: InputError
    cells: tuple[str, ...]
    store_id: str | None


class _RestNumbers(dict[str, int]):
    """Numbers of lines' rests; a bad one has the number -1, and is not kept."""

    def __init__(self, number: Callable[[str], int]) -> None:
        super().__init__()
        self._number = number

    def __missing__(self, rest: str) -> int:
        try:
            self[rest] = number = self._number(rest)
        except InputError:
            return -1
        return number


class _ShopIntake(Generic[Parsed]):
    """Collects rows that say something of a shop, with quarantine.

    Each distinct combination of cells is parsed once and kept once.
    """

    def __init__(self, source: str, rejects: Rejects) -> None:
        self.source = source
        self._rejects = rejects
        self._codes = StoreCodes()
        self._code = array("i")
        self._line = array("q")
        self._value = array("i")
        self._numbers: dict[tuple[object, ...], int] = {}
        self._ids = CellTable(self._codes.numbers)
        self._rests: CellTable | None = None
        self._values: list[tuple[tuple[object, ...], Parsed]] = []
        self._quarantined: dict[str, int] = {}
        self._suspects: dict[str, int] = {}

    def add_columns(
        self,
        lines: Sequence[int],
        columns: Sequence[Sequence[str]],
        misfits: Sequence[Misfit] = (),
    ) -> None:
        """Take in rows, given as columns of equal length, the shop's id first.

        Raises:
            InputError: The first bad row's, if bad rows are not collected.
        """
        if not misfits and self._add_good(lines, columns):
            return
        later = deque(misfits)
        for line, (store_id, *cells) in zip(
            lines, zip(*columns, strict=True), strict=True
        ):
            while later and later[0].line < line:
                self._reject_misfit(later.popleft())
            self.add(line, store_id, tuple(cells))
        for misfit in later:
            self._reject_misfit(misfit)

    def _add_good(self, lines: Sequence[int], columns: Sequence[Sequence[str]]) -> bool:
        """Take in rows at once, six times as fast, if there is no bad one among them.

        Returns:
            Whether that was done.
        """
        store_ids, *rest = columns
        keys = list(zip(*rest, strict=True))
        try:
            numbers = {key: self._number(key) for key in dict.fromkeys(keys)}
        except InputError:
            return False
        # A bad id gets no number, and so leaves no trace.
        rows = len(lines)
        codes = np.fromiter(map(self._codes.__getitem__, store_ids), np.int32, rows)
        if codes.min(initial=0) < 0:
            return False
        found = np.fromiter(map(numbers.__getitem__, keys), np.int32, rows)
        return self._take(lines, codes, found)

    def add_plain(
        self,
        line: int,
        store_ids: Stretches,
        rests: Stretches,
        cells: Callable[[str], tuple[str, ...]],
    ) -> bool:
        """Take in lines cut behind the shop's id, if there is no bad one among them.

        Args:
            line: The number of the first.
            store_ids: The cells of the ids.
            rests: What follows the ids.
            cells: The cells of such a rest; the same in each call.

        Returns:
            Whether that was done.
        """
        if self._rests is None:
            known = _RestNumbers(lambda rest: self._number(cells(rest)))
            self._rests = CellTable(lambda rests: [known[rest] for rest in rests])
        numbers = self._rests.lookup(rests)
        if int(numbers.min()) < 0:
            return False
        codes = self._ids.lookup(store_ids)
        if int(codes.min()) < 0:
            return False
        return self._take(range(line, line + len(codes)), codes, numbers)

    def _take(self, lines: Sequence[int], codes: Int32, numbers: Int32) -> bool:
        if not self._agree(lines, codes, numbers):
            return False
        self._code.frombytes(codes.tobytes())
        line = np.arange(lines.start, lines.stop) if isinstance(lines, range) else lines
        self._line.frombytes(np.asarray(line, dtype=np.int64).tobytes())
        self._value.frombytes(numbers.tobytes())
        return True

    def add(self, line: int, store_id: object, cells: tuple[object, ...]) -> None:
        """Take in a row: the shop's id, and the other cells.

        Raises:
            InputError: A cell cannot be read, and bad rows are not collected.
        """
        try:
            checked = parse_store_id(store_id)
        except InputError as error:
            self._reject(error, line, (store_id, *cells), store_id)
            return
        try:
            number = self._number(cells)
            self._check(line, self._codes[checked], number)
        except InputError as error:
            error.reason = f"{error.reason} (shop {shown(checked)})"
            self._reject(error, line, (store_id, *cells), store_id)
            return
        self._code.append(self._codes[checked])
        self._line.append(line)
        self._value.append(number)

    def _reject_misfit(self, misfit: Misfit) -> None:
        self._rejects.reject(misfit.error, self.source, misfit.line, misfit.cells)
        if misfit.store_id is not None:
            self._set_apart(misfit.store_id, misfit.line, self._quarantined)
            return
        for cell in misfit.cells:
            self._set_apart(cell, misfit.line, self._suspects)

    def _reject(
        self,
        error: InputError,
        line: int,
        cells: tuple[object, ...],
        store_id: object,
    ) -> None:
        """Leave out a row, and quarantine its shop, if it names one."""
        self._rejects.reject(error, self.source, line, tuple(map(str, cells)))
        self._set_apart(store_id, line, self._quarantined)

    def _set_apart(self, store_id: object, line: int, lines: dict[str, int]) -> None:
        """Note the line that names a shop, if it is one."""
        with suppress(InputError):
            lines.setdefault(parse_store_id(store_id), line)

    def _number(self, cells: tuple[object, ...]) -> int:
        # As keys 1, True and 1.0 are equal, but True and 1.0 are no days. Of the other
        # cells only texts and times can be read, which equal nothing else.
        key = cells if isinstance(cells[0], str) else (type(cells[0]), *cells)
        try:
            return self._numbers[key]
        except (KeyError, TypeError):
            value = self._parse(cells)
        self._numbers[key] = number = len(self._values)
        self._values.append((cells, value))
        return number

    def _parse(self, cells: tuple[object, ...]) -> Parsed:
        raise NotImplementedError

    def _check(self, line: int, code: int, number: int) -> None:
        """Raise where a good row contradicts an earlier one."""

    def _agree(
        self,
        lines: Sequence[int],  # noqa: ARG002  # rows of hours always agree
        codes: Int32,  # noqa: ARG002
        numbers: Int32,  # noqa: ARG002
    ) -> bool:
        """Whether `_check` would raise for none of these rows."""
        return True

    def _reject_quarantined(self) -> Quarantine:
        """Reject what is left of the shops in quarantine."""
        for store_id, line in self._suspects.items():
            if store_id in self._codes:
                self._quarantined.setdefault(store_id, line)
        if not self._quarantined:
            return Quarantine(suspects=frozenset(self._suspects))
        codes = {self._codes.get(shop): shop for shop in self._quarantined}
        kept = [code not in codes for code in self._code]
        for row, keep in enumerate(kept):
            if not keep:
                store_id = codes[self._code[row]]
                what = f"line {self._quarantined[store_id]} of the same shop was"
                error = InputError(f"{what} rejected; put that one right")
                cells = (store_id, *map(str, self._values[self._value[row]][0]))
                self._rejects.reject(error, self.source, self._line[row], cells)
        self._code = array("i", compress(self._code, kept))
        self._value = array("i", compress(self._value, kept))
        self._rejects.rows.sort(key=lambda rejected: rejected.line)
        return Quarantine(
            frozenset(self._quarantined),
            frozenset(self._suspects.keys() - self._quarantined.keys()),
        )


class HoursIntake(_ShopIntake[tuple[int, int]]):
    """Collects business hours from cells ``day, start, end``."""

    def finish(self) -> tuple[HoursColumns, Quarantine]:
        """The hours taken in, and the shops in quarantine."""
        quarantine = self._reject_quarantined()
        used = np.array(self._code, dtype=np.int64)
        store_ids = self._codes.store_ids
        present = np.flatnonzero(np.bincount(used, minlength=len(store_ids)))
        rank = np.zeros(len(store_ids), dtype=np.int32)
        rank[present] = np.arange(len(present), dtype=np.int32)
        times = np.array([value for _, value in self._values], dtype=np.int64).reshape(
            -1, 2
        )[np.array(self._value, dtype=np.int64)]
        columns = HoursColumns(
            [store_ids[code] for code in present.tolist()],
            rank[used],
            times[:, 0],
            times[:, 1],
        )
        return columns, quarantine

    def _parse(self, cells: tuple[object, ...]) -> tuple[int, int]:
        day, start, end = cells
        midnight = parse_day(day) * DAY
        opens, closes = parse_hours(start, end)
        return midnight + opens, midnight + closes


class TimezoneIntake(_ShopIntake[str]):
    """Collects time zones from one cell, the name; a shop has one zone."""

    def __init__(self, source: str, rejects: Rejects) -> None:
        super().__init__(source, rejects)
        self._first: dict[int, tuple[int, int]] = {}

    def finish(self) -> tuple[dict[str, str], Quarantine]:
        """The zones taken in, by shop, and the shops in quarantine."""
        quarantine = self._reject_quarantined()
        store_ids = self._codes.store_ids
        names = {
            store_ids[code]: self._values[number][1]
            for code, number in zip(self._code, self._value, strict=True)
        }
        return names, quarantine

    def _parse(self, cells: tuple[object, ...]) -> str:
        return parse_timezone(cells[0])

    def _check(self, line: int, code: int, number: int) -> None:
        first, first_line = self._first.setdefault(code, (number, line))
        value, first_value = self._values[number][1], self._values[first][1]
        if first_value != value:
            raise InputError(
                f"{value!r} contradicts {first_value!r} on line {first_line}; a shop "
                "has one zone",
                field="timezone_str",
            )

    def _agree(self, lines: Sequence[int], codes: Int32, numbers: Int32) -> bool:
        # What this leaves behind of rows that do not agree is what `_check` would.
        rows = zip(numbers.tolist(), lines, strict=True)
        firsts = map(self._first.setdefault, codes.tolist(), rows)
        return all(map(eq, map(itemgetter(0), firsts), numbers.tolist()))
