"""Data frames of pandas: tables as such frames, and such frames as columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd

from uptime_core.errors import InputError, shown
from uptime_core.extras import extra
from uptime_core.frame_columns import Cells, Instants, read_instants, scaled
from uptime_core.headers import find_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uptime_core.frame_columns import Family, FrameColumn, Unit
    from uptime_core.headers import Column
    from uptime_core.report_table import Table

_FAMILIES: dict[str, Family] = {
    "b": "boolean",
    "i": "integer",
    "u": "integer",
    "f": "float",
    "M": "wall clock",
}


def frame(table: Table) -> pd.DataFrame:
    """A table as a data frame; instants are in UTC."""
    columns = {}
    for name, values in table.items():
        if not isinstance(values, np.ndarray):
            columns[name] = pd.Series(values, dtype="str")  # also where all are None
        elif values.dtype.kind == "M":
            columns[name] = pd.Series(values).dt.tz_localize("UTC")
        else:
            columns[name] = pd.Series(values)
    return pd.DataFrame(columns)


def read(frame: pd.DataFrame, wanted: Sequence[Column]) -> list[FrameColumn]:
    """The wanted columns of a data frame.

    Raises:
        InputError: It lacks a column.
        MissingLibraryError: A column is Arrow's, and nanoarrow is not installed.
    """
    try:
        places = find_columns(list(map(str, frame.columns)), wanted)
    except InputError as error:
        names = [name for name in frame.index.names if name is not None]
        if names:
            error.reason += f"; the index, {shown(names)}, is no column: .reset_index()"
        raise
    columns = frame.iloc[:, places]
    if any(isinstance(dtype, pd.ArrowDtype) for dtype in columns.dtypes):
        arrow: list[FrameColumn] = extra("nanoarrow").read(columns, wanted)
        return arrow
    return [PandasColumn(columns.iloc[:, place]) for place in range(len(wanted))]


class PandasColumn:
    """A column of a data frame.

    Args:
        series: The column.
    """

    def __init__(self, series: pd.Series) -> None:
        self._series = series
        self.type: str = str(series.dtype)
        self.family: Family = _family(series)

    def __len__(self) -> int:
        return len(self._series)

    def cells(self) -> Cells:
        """Its values."""
        if isinstance(self._series.dtype, pd.CategoricalDtype):
            codes = self._series.cat.codes.to_numpy(np.int64)
            return Cells(codes, self._series.cat.categories.tolist())
        if self.family == "object":
            # Objects that are equal are not always the same: 1 is not True.
            values = self._objects()
            return Cells(np.arange(len(values), dtype=np.int64), values)
        codes, distinct = pd.factorize(self._series)
        return Cells(codes.astype(np.int64, copy=False), distinct.tolist())

    def instants(self) -> Instants:
        """Its instants."""
        if self.family != "instant":
            return read_instants(self._objects())
        instants = self._series.dt.tz_convert(None).to_numpy()
        unit = cast("Unit", np.datetime_data(instants.dtype)[0])
        is_missing = np.isnat(instants)

        def cell(row: int) -> object:
            return None if is_missing[row] else instants[row]

        return scaled(instants.view(np.int64), unit, is_missing, cell)

    def _objects(self) -> list[object]:
        objects = self._series.astype(object)
        values: list[object] = objects.where(self._series.notna(), None).tolist()
        return values


def _family(series: pd.Series) -> Family:
    dtype = series.dtype
    if isinstance(dtype, pd.DatetimeTZDtype):
        return "instant"
    if isinstance(dtype, pd.CategoricalDtype):
        return _family(pd.Series(dtype.categories))
    if isinstance(dtype, pd.StringDtype):
        return "text"
    if dtype.kind == "O":
        return "text" if _is_text(series) else "object"
    return _FAMILIES.get(dtype.kind, "other")


def _is_text(series: pd.Series) -> bool:
    """Whether all objects that are there are texts."""
    try:
        return all(isinstance(value, str) for value in pd.factorize(series)[1])
    except TypeError:  # of a list, for example, which has no hash
        return False
