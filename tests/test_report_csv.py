"""The text of a report does not depend on how many shops are written at a time."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from uptime_core import DEFAULT_WINDOWS, report_csv

IDS = ("plain", "=1+1", 'a "quote"', "a, comma", "-5", "käse", "last")


def written(columns: report_csv.Columns, shops: int, decimals: int) -> str:
    random = np.random.default_rng(shops)
    shape = (shops, len(DEFAULT_WINDOWS))
    # From nothing to more than 32 bits hold, so that shops need different widths.
    sums = {
        measure: random.integers(0, 10 ** random.integers(1, 12, shape))
        for measure in report_csv.MEASURES
    }
    last_poll = random.integers(0, 2**40, shops).astype("datetime64[us]")
    last_poll[::3] = np.datetime64("NaT", "us")
    return report_csv.report_csv(
        IDS[:shops],
        DEFAULT_WINDOWS,
        sums,
        (last_poll, random.integers(0, 400, shops)),
        columns=columns,
        decimals=decimals,
        excel_safe=True,
    )


@pytest.mark.parametrize("columns", get_args(report_csv.Columns))
@pytest.mark.parametrize("shops", [0, 1, 6, 7])
def test_shops_at_once_change_nothing(
    columns: report_csv.Columns, shops: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for decimals in (0, 4, 18):
        whole = written(columns, shops, decimals)
        assert whole.count("\n") == shops + 1
        for at_once in (1, 2, 3, 6):
            monkeypatch.setattr(report_csv, "SHOPS_AT_ONCE", at_once)
            assert written(columns, shops, decimals) == whole
        monkeypatch.undo()
