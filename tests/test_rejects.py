"""Bad rows: raised at once, or kept with their reasons and written as CSV."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_core import InputError, RejectedRow
from uptime_core.rejects import Rejects, rejects_csv

HEADER = ["source", "line", "field", "reason", "row"]


def _parsed(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def _row(*cells: str) -> RejectedRow:
    return RejectedRow("polls.csv", 2, "status", "is bad", cells)


def test_by_default_the_first_bad_row_is_raised_with_its_place() -> None:
    error = InputError("is bad", field="status")
    with pytest.raises(InputError) as caught:
        Rejects().reject(error, "polls.csv", 7, ("a", "b"))
    assert caught.value is error
    assert str(error) == "polls.csv, line 7, status: is bad"


def test_collected_rows_keep_place_reason_and_cells() -> None:
    rejects = Rejects("collect")
    rejects.reject(InputError("one", field="status"), "polls.csv", 7, ("a", "b"))
    rejects.reject(InputError("two"), "polls.csv", 3, ())
    assert rejects.rows == [
        RejectedRow("polls.csv", 7, "status", "one", ("a", "b")),
        RejectedRow("polls.csv", 3, None, "two", ()),
    ]


@pytest.mark.parametrize("on_error", ["", "RAISE", "ignore", None, 1, b"raise"])
def test_there_are_two_ways_to_treat_bad_rows(on_error: object) -> None:
    with pytest.raises(InputError, match="neither 'raise' nor 'collect'") as caught:
        Rejects(on_error)  # type: ignore[arg-type]
    assert caught.value.field == "on_error"


def test_without_bad_rows_the_csv_is_its_header() -> None:
    assert rejects_csv([]) == "source,line,field,reason,row\n"


def test_a_rejected_row_is_one_row_of_csv() -> None:
    rows = [
        RejectedRow("polls.csv", 2, "status", "'up' is bad", ("a", "x", "up")),
        RejectedRow("hours, new.csv", 3, None, 'say "no"', ("a,b", 'c"d', "")),
    ]
    assert rejects_csv(rows) == (
        "source,line,field,reason,row\n"
        "polls.csv,2,status,'up' is bad,\"a,x,up\"\n"
        '"hours, new.csv",3,,"say ""no""","""a,b"",""c""""d"","\n'
    )


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1+1", "@x", "\uff1d1", "\t=1"])
def test_a_row_is_not_taken_for_a_formula(cell: str) -> None:
    (_, row) = _parsed(rejects_csv([_row(cell, "b")]))
    assert row[-1] == f"'{cell},b"


CELLS = st.text(st.sampled_from("ab,\"'\n\r é\u2028;"), max_size=6)


@given(st.lists(st.lists(CELLS, min_size=1, max_size=5).map(tuple), max_size=5))
def test_the_cells_can_be_read_back(rows: list[tuple[str, ...]]) -> None:
    header, *written = _parsed(rejects_csv([_row(*cells) for cells in rows]))
    assert header == HEADER
    assert [tuple(*_parsed(row[-1])) for row in written] == rows
