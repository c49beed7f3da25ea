"""Reports as tables: columns with a name and a type, for data frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from uptime_core.kernel.arrays import Int64
    from uptime_core.window import Window

Table: TypeAlias = "dict[str, Sequence[str | None] | npt.NDArray[Any]]"
"""Columns of equal length by name, at least one.

Texts are sequences, with None where there is none. Instants are datetime64, durations
timedelta64, both in microseconds, with NaT where there is none, as NaN is for numbers.
"""


def report_table(
    store_ids: Sequence[str],
    windows: Sequence[Window],
    measures: Mapping[str, npt.NDArray[Any]],
    polls: tuple[npt.NDArray[np.datetime64], Int64],
    *,
    wide: bool,
) -> Table:
    """A report's columns.

    Args:
        store_ids: The shops.
        windows: The windows.
        measures: What there is of each shop and window, of shape (shops, windows).
        polls: Each shop's newest poll and number of polls.
        wide: Whether there is one row for each shop, with columns for each measure
            and window, rather than one for each shop and window.
    """
    last_poll, poll_count = polls
    names = [window.name for window in windows]
    table: Table = {}
    if wide:
        table["store_id"] = list(store_ids)
        for measure, values in measures.items():
            for place, name in enumerate(names):
                table[f"{measure}_{name}"] = values[:, place]
        times = 1
    else:
        times = len(names)
        table["store_id"] = [store_id for store_id in store_ids for _ in names]
        table["window_name"] = names * len(store_ids)
        for measure, values in measures.items():
            table[measure] = values.ravel()
    table["last_poll"] = np.repeat(last_poll, times)
    table["poll_count"] = np.repeat(poll_count, times)
    return table
