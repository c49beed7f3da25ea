"""What data frame libraries read: by a method, or as an Arrow stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptime_core.extras import extra

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from uptime_core.report_table import Table


class Framed:
    """Has a table, which can be read as a data frame; durations and instants are exact.

    What gives an Arrow stream is read by pyarrow, polars, DuckDB and pandas as it is.
    """

    __slots__ = ()

    def to_pandas(self) -> pd.DataFrame:
        """The table as a data frame of pandas.

        Raises:
            MissingLibraryError: pandas is not installed.
        """
        frame: pd.DataFrame = extra("pandas").frame(self._table())
        return frame

    def to_polars(self) -> pl.DataFrame:
        """The table as a data frame of polars.

        Raises:
            MissingLibraryError: polars is not installed.
        """
        frame: pl.DataFrame = extra("polars").frame(self._table())
        return frame

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The table as an Arrow stream.

        Raises:
            MissingLibraryError: nanoarrow is not installed.
        """
        del requested_schema  # a wish, which need not be granted
        stream: object = extra("nanoarrow").stream(self._table())
        return stream

    def _table(self) -> Table:
        raise NotImplementedError
