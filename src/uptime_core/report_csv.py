"""A report as CSV text: which columns there are, and how numbers are written."""

from __future__ import annotations

import csv
import io
import re
from itertools import chain
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from uptime_core.decimals import checked_decimals, decimal_rows, decimal_texts
from uptime_core.errors import InputError, shown
from uptime_core.instants import to_text
from uptime_core.spreadsheet import excel_safe_texts
from uptime_core.window import DEFAULT_WINDOWS, UNIT_MICROS, Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt

    from uptime_core.kernel.arrays import Int64

Columns = Literal["full", "classic", "extended"]

MEASURES = ("uptime", "downtime", "unknown", "open")
"""The four sums, by the names that columns have."""

SHOPS_AT_ONCE = 1 << 14
"""How many shops' cells are texts of their own at a time: each takes 64 bytes."""

_NEVER_QUOTED = re.compile(r"[0-9A-Za-z_.\n-]*+")  # almost all ids: nothing to look at

_MEASURES_SHOWN = {"classic": 2, "full": 3, "extended": 4}
_CLASSIC_UNITS = {"minutes": "in mins", "hours": "in hrs"}


def report_csv(
    store_ids: Sequence[str],
    windows: tuple[Window, ...],
    sums: Mapping[str, Int64],
    polls: tuple[npt.NDArray[np.datetime64], Int64],
    *,
    columns: Columns,
    decimals: int,
    excel_safe: bool,
) -> str:
    """The text of a report; `Report.to_csv` says what it looks like.

    Args:
        store_ids: The shops.
        windows: The windows.
        sums: Microseconds of shape (shops, windows), by measure.
        polls: Each shop's newest poll and number of polls.
        columns: `full`, `classic` or `extended`.
        decimals: Digits after the point, 0 to 18.
        excel_safe: Escape ids that a spreadsheet would take for a formula.

    Raises:
        InputError: `columns` or `decimals` is none of these, or `classic` is asked
            of other windows than the default ones.
    """
    if columns not in get_args(Columns):
        raise InputError(
            f"{shown(columns)} is none of {', '.join(map(repr, get_args(Columns)))}",
            source="to_csv",
            field="columns",
        )
    if columns == "classic" and windows != DEFAULT_WINDOWS:
        raise InputError(
            "'classic' has the default windows only; write other windows with 'full'",
            source="to_csv",
            field="columns",
        )
    decimals = checked_decimals(decimals)
    texts: list[str] = []
    for first in range(0, max(len(store_ids), 1), SHOPS_AT_ONCE):
        shops = slice(first, first + SHOPS_AT_ONCE)
        table = _table(
            store_ids[shops],
            windows,
            {measure: array[shops] for measure, array in sums.items()},
            (polls[0][shops], polls[1][shops]),
            columns=columns,
            decimals=decimals,
            excel_safe=excel_safe,
        )
        # Only ids and headers can need quotes; joining texts is three times as fast as
        # csv's look at every cell.
        if not texts:
            texts.append(",".join(_quoted(chain(*table))) + "\n")
        ids, *others = table.values()
        if not _NEVER_QUOTED.fullmatch("\n".join(ids)):
            ids = _quoted(ids)
        rows = map(",".join, zip(ids, *others, strict=True))
        texts.append("\n".join([*rows, ""]))
    return "".join(texts)


def _table(
    store_ids: Sequence[str],
    windows: tuple[Window, ...],
    sums: Mapping[str, Int64],
    polls: tuple[npt.NDArray[np.datetime64], Int64],
    *,
    columns: Columns,
    decimals: int,
    excel_safe: bool,
) -> dict[tuple[str, ...], Sequence[str]]:
    """The cells of some shops, by headers; of several, cells have commas between.

    Nothing is quoted yet.
    """
    measures = MEASURES[: _MEASURES_SHOWN[columns]]
    headers = [
        f"{measure}_{window.name}({_CLASSIC_UNITS[window.unit]})"
        if columns == "classic"
        else f"{measure}_{window.name}_{window.unit}"
        for measure in measures
        for window in windows
    ]
    cells = [
        (sums[measure][:, index], UNIT_MICROS[window.unit])
        for measure in measures
        for index, window in enumerate(windows)
    ]
    table: dict[tuple[str, ...], Sequence[str]] = {
        ("store_id",): excel_safe_texts(store_ids) if excel_safe else store_ids,
    }
    if cells:  # a report may have lost its windows
        table[tuple(headers)] = decimal_rows(cells, decimals)
    if columns == "extended":
        observed = sums["uptime"] + sums["downtime"]
        for index, window in enumerate(windows):
            table[f"ratio_{window.name}",] = _share_texts(
                sums["uptime"][:, index], observed[:, index], decimals
            )
        for index, window in enumerate(windows):
            table[f"coverage_{window.name}",] = _share_texts(
                observed[:, index], sums["open"][:, index], decimals
            )
        last_poll, poll_count = polls
        table["last_poll_utc",] = [
            "" if absent else to_text(micros)
            for absent, micros in zip(
                np.isnat(last_poll), last_poll.astype(np.int64).tolist(), strict=True
            )
        ]
        table["poll_count",] = list(map(str, poll_count.tolist()))
    return table


def _quoted(cells: Iterable[str]) -> list[str]:
    """Cells without line ends, none of them empty, as the csv module writes them."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(zip(cells))  # one
    return text.getvalue().split("\n")[:-1]


def _share_texts(part: Int64, whole: Int64, decimals: int) -> list[str]:
    """Shares as decimals, empty where there is no whole."""
    some = whole > 0
    texts = iter(decimal_texts(part[some], whole[some], decimals))
    return [next(texts) if present else "" for present in some]
