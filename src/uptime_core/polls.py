"""Polls: as columns for the computation, as rows for people."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, ClassVar

import attrs
import numpy as np

from uptime_core.columns import (
    READS_FILES,
    cells_of,
    check_codes,
    distinct_store_ids,
    integer_column,
    iterable,
)
from uptime_core.errors import InputError, counted, located, shown
from uptime_core.instants import (
    EARLIEST,
    LATEST,
    check_kept,
    to_datetime,
    to_micros,
)
from uptime_core.store_ids import BLANKS, parse_store_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    import numpy.typing as npt

    from uptime_core.kernel.arrays import Int32, Int64, UInt8

_STATUSES = {"active": True, "inactive": False}


def parse_status(cell: object) -> bool:
    """Whether a status means up: `active` and True do, `inactive` and False do not.

    Raises:
        InputError: It is none of these.
    """
    if isinstance(cell, bool | np.bool_):
        return bool(cell)
    if isinstance(cell, str):
        status = _STATUSES.get(cell.strip(BLANKS).lower())
        if status is not None:
            return status
    raise InputError(
        f"{shown(cell)} is neither 'active' nor 'inactive'", field="status"
    )


@attrs.frozen
class Poll:
    """One answer to the question whether a shop was online.

    Raises:
        InputError: A value is not what is described here.

    Attributes:
        store_id: The shop.
        at: When, an aware datetime.
        up: Whether it was.
    """

    store_id: str = attrs.field(converter=parse_store_id)
    at: datetime = attrs.field(validator=lambda _, __, value: _check_instant(value))
    up: bool = attrs.field(converter=parse_status)


@attrs.frozen(eq=False, init=False)
class PollColumns:
    """Polls as columns, in any order; row i is one poll of shop ``code[i]``.

    The arrays are read-only; one that its owner can still write to is copied. Equal
    rows may repeat.

    Args:
        store_ids: The distinct ids, as text.
        code: int32 indices into `store_ids`.
        at: int64 microseconds since 1970-01-01 UTC.
        status: uint8, 1 is up and 0 is down.

    Raises:
        InputError: A column has another shape or type, or a value out of range.
    """

    store_ids: tuple[str, ...]
    code: Int32
    at: Int64
    status: UInt8
    _oldest: int | None = attrs.field(repr=False)
    _newest: int | None = attrs.field(repr=False)

    def __init__(
        self,
        store_ids: Iterable[str],
        code: npt.ArrayLike,
        at: npt.ArrayLike,
        status: npt.ArrayLike,
    ) -> None:
        source = "PollColumns"
        ids = distinct_store_ids(store_ids, source)
        codes = integer_column(code, np.int32, source, "code")
        instants = integer_column(at, np.int64, source, "at")
        statuses = integer_column(status, np.uint8, source, "status")
        if not len(codes) == len(instants) == len(statuses):
            raise InputError(
                f"the columns code, at and status have {len(codes)}, {len(instants)} "
                f"and {len(statuses)} rows; give as many of each",
                source=source,
            )
        check_codes(codes, len(ids), source)
        oldest = newest = None
        if len(codes):
            oldest, newest = int(instants.min()), int(instants.max())
            if not EARLIEST <= oldest <= newest <= LATEST:
                raise InputError(
                    "a value is outside the years 1 to 9999; instants are "
                    "microseconds since 1970-01-01 UTC",
                    source=source,
                    field="at",
                )
            if int(statuses.max()) > 1:
                raise InputError(
                    "a value is neither 1 (up) nor 0 (down)",
                    source=source,
                    field="status",
                )
        self.__attrs_init__(ids, codes, instants, statuses, oldest, newest)

    @classmethod
    def from_rows(
        cls, rows: Iterable[Poll | tuple[str, datetime, str | bool]]
    ) -> PollColumns:
        """Columns from rows ``(store_id, aware datetime, status)`` or `Poll`.

        Raises:
            InputError: A row is none of these; `line` is its number, from 1.
        """
        return cls(*_columns(rows, parse_row))

    def __reduce__(self) -> tuple[type[PollColumns], tuple[object, ...]]:
        # Through the constructor, which makes the arrays read-only again.
        return PollColumns, (self.store_ids, self.code, self.at, self.status)

    def __len__(self) -> int:
        return len(self.at)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PollColumns):
            return NotImplemented
        return (
            self.store_ids == other.store_ids
            and np.array_equal(self.code, other.code)
            and np.array_equal(self.at, other.at)
            and np.array_equal(self.status, other.status)
        )

    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # it holds arrays

    def rows(self) -> Iterator[Poll]:
        """The polls one by one, in their order."""
        for code, at, status in zip(self.code, self.at, self.status, strict=True):
            yield Poll(self.store_ids[code], to_datetime(int(at)), bool(status))

    def oldest(self) -> int | None:
        """The earliest instant, or None without any poll."""
        return self._oldest

    def newest(self) -> int | None:
        """The latest instant, or None without any poll."""
        return self._newest

    def where(
        self,
        store_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> PollColumns:
        """The polls of a shop, or of all, at or after `start` and before `end`.

        Raises:
            InputError: A bound has no time zone, or `store_id` is no id.
        """
        low, high = bound(start, "start"), bound(end, "end")
        if store_id is None and low is None and high is None:
            return self
        keep = np.ones(len(self), dtype=np.bool_)
        if store_id is not None:
            with located("polls"):
                wanted = parse_store_id(store_id)
            known = wanted in self.store_ids
            keep &= self.code == (self.store_ids.index(wanted) if known else -1)
        if low is not None:
            keep &= self.at >= low
        if high is not None:
            keep &= self.at < high
        return PollColumns(
            self.store_ids, self.code[keep], self.at[keep], self.status[keep]
        )

    def __repr__(self) -> str:
        polls, shops = counted(len(self), "poll"), counted(len(self.store_ids), "shop")
        return f"<PollColumns: {polls} of {shops}>"


def bound(instant: datetime | None, field: str) -> int | None:
    """An end of a range of polls in microseconds, or None without one.

    Raises:
        InputError: It is no aware datetime.
    """
    if instant is None:
        return None
    with located("polls", field=field):
        return to_micros(instant)


def parse_row(row: object) -> tuple[str, int, bool]:
    """The id, the instant in microseconds and the status of a row.

    Raises:
        InputError: It is neither a `Poll` nor ``(store_id, aware datetime, status)``.
    """
    if isinstance(row, Poll):
        return row.store_id, to_micros(row.at), row.up
    cell, instant, status = cells_of(row, 3, "(store_id, datetime, status)")
    store_id = parse_store_id(cell)
    with located(field="timestamp_utc"):
        at = to_micros(instant)
    return store_id, at, parse_status(status)


def kept_columns(rows: Iterable[object]) -> PollColumns:
    """`PollColumns.from_rows`, of rows that a store can keep."""
    return PollColumns(*_columns(rows, parse_kept_row))


def parse_kept_row(row: object) -> tuple[str, int, bool]:
    """`parse_row`, of a row that a store can keep: of the years 1900 to 2199."""
    parsed = parse_row(row)
    check_kept(parsed[1])
    return parsed


def _columns(
    rows: Iterable[object], parse: Callable[[object], tuple[str, int, bool]]
) -> tuple[Iterable[str], Int32, Int64, UInt8]:
    """The arguments of `PollColumns`."""
    codes: dict[str, int] = {}
    code, at, status = array("i"), array("q"), array("B")
    for number, row in enumerate(iterable(rows, "polls", READS_FILES), start=1):
        try:
            store_id, instant, up = parse(row)
        except InputError as error:
            error.source, error.line = "polls", number
            raise
        at.append(instant)
        status.append(up)
        code.append(codes.setdefault(store_id, len(codes)))
    return (
        codes,
        np.array(code, dtype=np.int32),
        np.array(at, dtype=np.int64),
        np.array(status, dtype=np.uint8),
    )


def _check_instant(value: datetime) -> None:
    with located("Poll", field="at"):
        to_micros(value)


def concatenate(batches: Iterable[PollColumns]) -> PollColumns:
    """All polls of some batches as one."""
    parts = list(batches)
    if len(parts) == 1:
        return parts[0]
    codes: dict[str, int] = {}
    code, at, status = [], [], []
    for part in parts:
        numbers = [
            codes.setdefault(store_id, len(codes)) for store_id in part.store_ids
        ]
        code.append(np.array(numbers, dtype=np.int32)[part.code])
        at.append(part.at)
        status.append(part.status)
    if not parts:
        return PollColumns((), (), (), ())
    return PollColumns(
        codes, np.concatenate(code), np.concatenate(at), np.concatenate(status)
    )
