"""Reports: how long each shop was up, down, unknown and open in each window."""

from __future__ import annotations

import io
import os
from bisect import bisect_left
from typing import TYPE_CHECKING, Any, ClassVar, cast, overload

import attrs
import numpy as np

from uptime_core.columns import read_only
from uptime_core.errors import InputError, UnknownStoreIdError, counted, shown
from uptime_core.extras import extra
from uptime_core.files import complete_file, content
from uptime_core.framed import Framed
from uptime_core.instants import to_datetime
from uptime_core.report_csv import MEASURES, Columns, report_csv
from uptime_core.report_rows import ReportRow, Totals
from uptime_core.report_table import report_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from typing import IO

    import numpy.typing as npt
    import pandas as pd
    import polars as pl

    from uptime_core.kernel.arrays import Int64
    from uptime_core.policy import Policy
    from uptime_core.report_table import Table
    from uptime_core.window import Window


@attrs.frozen(kw_only=True)
class Provenance:
    """What a report was made from and by.

    Attributes:
        as_of: The report's "now".
        policy: How polls and missing data were read.
        library_version: The version of this library.
        tzdata_version: The release of the time zone database.
        polls: Distinct polls, by shop and instant, that were read.
        duplicates: Rows beyond the first of an instant.
        conflicts: Instants of a shop with both statuses; down won.
        after_as_of: Rows later than `as_of`, which were ignored.
        rejected: Rows of the sources that could not be read.
        quarantined: Shops left out because a row of their hours or zone was rejected.
    """

    as_of: datetime
    policy: Policy
    library_version: str
    tzdata_version: str
    polls: int
    duplicates: int
    conflicts: int
    after_as_of: int
    rejected: int
    quarantined: int


def _integers(values: Int64) -> Int64:
    return read_only(values)


def _instants(values: npt.NDArray[np.datetime64]) -> npt.NDArray[np.datetime64]:
    return read_only(values)


_same_array = attrs.cmp_using(eq=np.array_equal)


@attrs.frozen(kw_only=True, repr=False)
class Report(Framed):
    """The sums of all shops and windows.

    Reports are equal when ids, windows, sums, `as_of` and policy are; what was
    counted on the way does not matter. Holding arrays, they have no hash.

    Attributes:
        store_ids: The shops, sorted as text, code point by code point.
        windows: The windows.
        up: int64 microseconds of business time, shape (shops, windows); read-only,
            like all arrays here.
        down: The same, down.
        unknown: The same, for which no poll speaks.
        open: The same, in all: ``up + down + unknown``.
        last_poll: datetime64 in microseconds, UTC: each shop's newest poll that was
            read, NaT without any.
        poll_count: int64, how many distinct polls of each shop were read.
        provenance: What the report was made from and by.
    """

    store_ids: tuple[str, ...]
    windows: tuple[Window, ...]
    up: Int64 = attrs.field(converter=_integers, eq=_same_array)
    down: Int64 = attrs.field(converter=_integers, eq=_same_array)
    unknown: Int64 = attrs.field(converter=_integers, eq=_same_array)
    open: Int64 = attrs.field(converter=_integers, eq=_same_array)
    last_poll: npt.NDArray[np.datetime64] = attrs.field(converter=_instants, eq=False)
    poll_count: Int64 = attrs.field(converter=_integers, eq=False)
    provenance: Provenance = attrs.field(
        eq=attrs.cmp_using(eq=lambda a, b: (a.as_of, a.policy) == (b.as_of, b.policy))
    )

    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # it holds arrays

    @property
    def as_of(self) -> datetime:
        """The report's "now"."""
        return self.provenance.as_of

    @property
    def policy(self) -> Policy:
        """How polls and missing data were read."""
        return self.provenance.policy

    @property
    def ratio(self) -> npt.NDArray[np.float64]:
        """Shares of up in what was observed, NaN where nothing was."""
        return _share(self.up, self.up + self.down)

    @property
    def coverage(self) -> npt.NDArray[np.float64]:
        """Shares of the business time that was observed, NaN without any."""
        return _share(self.up + self.down, self.open)

    def row(self, store_id: str) -> ReportRow:
        """One shop's row.

        Raises:
            UnknownStoreIdError: The report has no such shop.
        """
        known = isinstance(store_id, str)
        index = bisect_left(self.store_ids, store_id) if known else len(self)
        if self.store_ids[index : index + 1] != (store_id,):
            raise UnknownStoreIdError(
                f"shop {shown(store_id)} is not in this report; store_ids has those "
                "that are",
                source="report",
            )
        return self._row(index)

    def rows(self) -> Iterator[ReportRow]:
        """The rows one by one, in the order of `store_ids`."""
        return map(self._row, range(len(self.store_ids)))

    def totals(self) -> Totals:
        """The sums over all shops, so that each weighs by its business time."""
        sums = (self.up, self.down, self.unknown, self.open)
        return Totals(len(self), self.windows, *map(_column_sums, sums))

    def __reduce__(self) -> tuple[object, tuple[dict[str, object]]]:
        # Through the constructor, which makes the arrays read-only again.
        return _report, (attrs.asdict(self, recurse=False),)

    def __len__(self) -> int:
        return len(self.store_ids)

    def __repr__(self) -> str:
        names = ", ".join(window.name for window in self.windows)
        return (
            f"<Report: {counted(len(self), 'shop')}, windows {names}, as of "
            f"{self.as_of.isoformat()}>"
        )

    def _repr_html_(self) -> str:
        """What a notebook shows: totals, the worst shops, provenance."""
        from uptime_core.report_html import (  # noqa: PLC0415  # 8 ms, for notebooks
            WORST,
            report_html,
        )

        # Windows side by side differ in length; shops differ most in the longest.
        place = int(self.open.sum(axis=0, dtype=np.float64).argmax())
        down, ratio = self.down[:, place], self.ratio[:, place]
        worst = np.lexsort((ratio, -down))[:WORST].tolist()
        rows = [self._row(index) for index in worst if down[index]]
        provenance = attrs.asdict(self.provenance, recurse=False)
        return report_html(self.totals(), rows, place, provenance)

    @overload
    def to_csv(
        self,
        path_or_file: None = None,
        columns: Columns = "full",
        decimals: int = 4,
        excel_safe: bool = True,  # noqa: FBT001, FBT002  # the public signature
    ) -> str: ...

    @overload
    def to_csv(
        self,
        path_or_file: str | os.PathLike[str] | IO[str] | IO[bytes],
        columns: Columns = "full",
        decimals: int = 4,
        excel_safe: bool = True,  # noqa: FBT001, FBT002  # the public signature
    ) -> None: ...

    def to_csv(
        self,
        path_or_file: str | os.PathLike[str] | IO[str] | IO[bytes] | None = None,
        columns: Columns = "full",
        decimals: int = 4,
        excel_safe: bool = True,  # noqa: FBT001, FBT002  # the public signature
    ) -> str | None:
        r"""The report as CSV: UTF-8, ``\n`` line ends.

        Args:
            path_or_file: A path, which is replaced only by a complete file; or an
                open file, of text or bytes; or None for the text itself.
            columns: `full`; `classic`, the original's six columns; or `extended`,
                with open time, ratios, coverage and polls besides.
            decimals: Digits after the point, 0 to 18; rounded half to even from the
                exact integers.
            excel_safe: Write a ``'`` before an id that a spreadsheet would take for a
                formula.

        Raises:
            InputError: `columns` or `decimals` is none of these, or `classic` is
                asked of other windows than the default ones.
            OSError: The file cannot be written; an existing one is as it was.
        """
        sums = (self.up, self.down, self.unknown, self.open)
        text = report_csv(
            self.store_ids,
            self.windows,
            dict(zip(MEASURES, sums, strict=True)),
            (self.last_poll, self.poll_count),
            columns=columns,
            decimals=decimals,
            excel_safe=excel_safe,
        )
        if path_or_file is None:
            return text
        if isinstance(path_or_file, str | os.PathLike):
            with complete_file(path_or_file) as stream:
                stream.write(content(path_or_file, text))
        elif hasattr(path_or_file, "write"):
            _write(path_or_file, text)
        else:
            raise InputError(
                f"{shown(path_or_file)} is neither a path nor an open file",
                source="to_csv",
                field="path_or_file",
            )
        return None

    def to_pandas(self, *, wide: bool = False) -> pd.DataFrame:
        """The report as a data frame of pandas; see ``docs/reference/report.md``.

        Args:
            wide: One row for each shop, rather than one for each shop and window.

        Raises:
            MissingLibraryError: pandas is not installed.
        """
        frame: pd.DataFrame = extra("pandas").frame(self._table(wide=wide))
        return frame

    def to_polars(self, *, wide: bool = False) -> pl.DataFrame:
        """The report as a data frame of polars; see ``docs/reference/report.md``.

        Args:
            wide: One row for each shop, rather than one for each shop and window.

        Raises:
            MissingLibraryError: polars is not installed.
        """
        frame: pl.DataFrame = extra("polars").frame(self._table(wide=wide))
        return frame

    def _table(self, *, wide: bool = False) -> Table:
        sums = {"up": self.up, "down": self.down, "unknown": self.unknown}
        sums["open"] = self.open
        measures: dict[str, npt.NDArray[Any]] = {
            measure: values.view("timedelta64[us]") for measure, values in sums.items()
        }
        return report_table(
            self.store_ids,
            self.windows,
            measures | {"ratio": self.ratio, "coverage": self.coverage},
            (self.last_poll, self.poll_count),
            wide=wide,
        )

    def _row(self, index: int) -> ReportRow:
        last_poll = self.last_poll[index]
        micros = None if np.isnat(last_poll) else int(last_poll.astype(np.int64))
        return ReportRow(
            store_id=self.store_ids[index],
            windows=self.windows,
            up=tuple(self.up[index].tolist()),
            down=tuple(self.down[index].tolist()),
            unknown=tuple(self.unknown[index].tolist()),
            open=tuple(self.open[index].tolist()),
            last_poll=None if micros is None else to_datetime(micros),
            poll_count=int(self.poll_count[index]),
        )


def _report(fields: dict[str, Any]) -> Report:
    return Report(**fields)


def _column_sums(sums: Int64) -> tuple[int, ...]:
    # Python's integers: those of many shops over thousands of years pass 2**63.
    return tuple(sum(column.tolist()) for column in sums.T)


def _share(part: Int64, whole: Int64) -> npt.NDArray[np.float64]:
    share = np.full(part.shape, np.nan)
    np.divide(part, whole, out=share, where=whole > 0)
    return share


def _write(file: IO[str] | IO[bytes], text: str) -> None:
    is_binary = isinstance(file, io.RawIOBase | io.BufferedIOBase)
    if is_binary or "b" in str(getattr(file, "mode", "")):
        cast("IO[bytes]", file).write(text.encode())
    else:
        cast("IO[str]", file).write(text)
