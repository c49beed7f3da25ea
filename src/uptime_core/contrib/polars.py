"""Tables as data frames of polars."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from uptime_core.report_table import Table


def frame(table: Table) -> pl.DataFrame:
    """A table as a data frame; instants are in UTC."""
    columns = []
    for name, values in table.items():
        if not isinstance(values, np.ndarray):
            columns.append(pl.Series(name, values, dtype=pl.String))
            continue
        column = pl.Series(name, values)
        if values.dtype.kind == "M":
            column = column.dt.replace_time_zone("UTC")
        elif values.dtype.kind == "f":
            column = column.fill_nan(None)
        columns.append(column)
    return pl.DataFrame(columns)
