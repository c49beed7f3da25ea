"""Rows of business hours that are hardly meant so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.inspection.samples import fleet, found, hours_of, inspected, only

from uptime_core import HoursColumns, WeeklySchedule
from uptime_core.inspection import hours as hours_module
from uptime_core.kernel.weekly import DAY

ROWS = fleet(1)
SHOP = "shop-000"
EVERY_DAY = [("9:00", "17:00")]


def inspect_hours(*days: list[tuple[str, str]]) -> Any:  # noqa: ANN401  # an Inspection
    """The rows of some days, Monday first; the other days are like the last one."""
    week = [*days, *[days[-1]] * (7 - len(days))]
    rows = [(SHOP, day, *times) for day, rows in enumerate(week) for times in rows]
    return inspected(ROWS, rows)


@pytest.mark.parametrize(
    ("monday", "holes"),
    [
        ([("9:00", "11:59"), ("12:00", "17:00")], ["Mon 11:59\u201312:00"]),
        ([("9:00", "11:59:59"), ("12:00", "17:00")], ["Mon 11:59:59\u201312:00"]),
        ([("9:00", "12:00"), ("12:01", "17:00")], ["Mon 12:00\u201312:01"]),
        ([("9:00", "12:00"), ("12:01:01", "17:00")], []),  # more than a minute
        ([("9:00", "12:00"), ("12:00", "17:00")], []),
        ([("9:00", "13:00"), ("12:00", "17:00")], []),
        # An end at 23:59 is the day's end; 23:59:30 is none of the ways to write that.
        ([("9:00", "23:59"), ("0:00", "1:00")], []),
        ([("9:00", "23:59:59"), ("0:00", "1:00")], []),
    ],
)
def test_short_holes_between_rows(
    monday: list[tuple[str, str]], holes: list[str]
) -> None:
    inspection = inspect_hours(monday, EVERY_DAY)

    if not holes:
        assert not inspection.of_kind("one_minute_holes")
        return
    finding = only(inspection, "one_minute_holes")
    assert (finding.severity, finding.count) == ("warning", len(holes))
    assert finding.examples == tuple(f"'{SHOP}': {hole}" for hole in holes)
    assert finding.store_ids == (SHOP,)


def test_short_holes_across_midnight_and_across_the_weeks_end() -> None:
    night = [("0:00", "2:00"), ("20:00", "23:59:30")]
    finding = only(inspect_hours(night), "one_minute_holes")

    assert finding.count == 7
    assert finding.examples[0].endswith("Mon 23:59:30\u201324:00")
    assert inspect_hours([("0:00", "23:59:30")]).of_kind("one_minute_holes")
    assert not inspect_hours([("0:00", "23:59")]).of_kind("one_minute_holes")


def test_a_row_that_covers_a_hole_closes_it() -> None:
    rows = [("9:00", "11:59"), ("12:00", "17:00"), ("11:00", "13:00")]
    assert not inspect_hours(rows, EVERY_DAY).of_kind("one_minute_holes")


def test_holes_of_many_shops_are_found_block_by_block(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = fleet(10)
    shops = sorted({row[0] for row in rows})
    hours = hours_of(rows)
    for shop in shops[::3]:
        hours += [(shop, 0, "17:01", "18:00"), (shop, 3, "17:01", "18:00")]

    whole = only(inspected(rows, hours), "one_minute_holes")
    monkeypatch.setattr(hours_module, "MOST_SHOPS", 2)

    assert only(inspected(rows, hours), "one_minute_holes") == whole
    assert (whole.count, whole.store_ids) == (8, tuple(shops[::3]))


def test_a_row_that_ends_when_it_starts() -> None:
    finding = only(inspect_hours([("9:00", "9:00")], EVERY_DAY), "round_the_clock_rows")

    assert (finding.severity, finding.count) == ("warning", 1)
    assert finding.examples == (f"'{SHOP}': Mon 09:00\u201309:00",)


@pytest.mark.parametrize("end", ["0:00", "24:00", "23:59"])
def test_a_whole_day_is_nothing_odd(end: str) -> None:
    assert found(inspect_hours([("0:00", end)])) == {}


def test_overlapping_rows_are_a_note() -> None:
    rows = [("9:00", "13:00"), ("12:00", "17:00"), ("16:00", "16:30")]
    finding = only(inspect_hours(rows, EVERY_DAY), "overlapping_rows")

    assert (finding.severity, finding.count) == ("note", 2)
    assert finding.examples[0] == f"'{SHOP}': Mon 12:00\u201317:00"


@pytest.mark.parametrize(
    ("rows", "overlaps"),
    [
        ([("9:00", "12:00"), ("12:00", "17:00")], 0),  # they touch
        ([("20:00", "2:00"), ("9:00", "17:00")], 0),
        ([("20:00", "2:00"), ("1:00", "17:00")], 7),  # with the night before
    ],
)
def test_which_rows_overlap(rows: list[tuple[str, str]], overlaps: int) -> None:
    findings = inspect_hours(rows).of_kind("overlapping_rows")
    assert sum(finding.count for finding in findings) == overlaps


def test_shops_side_by_side_do_not_overlap() -> None:
    rows = fleet(2)
    hours = [("shop-000", day, "0:00", "24:00") for day in range(7)]
    hours += [("shop-001", day, "0:00", "24:00") for day in range(7)]
    assert found(inspected(rows, hours)) == {}


def test_repeated_rows_are_a_note_and_do_not_overlap() -> None:
    rows = [("9:00", "17:00"), ("9:00", "17:00")]
    assert found(inspect_hours(rows, EVERY_DAY)) == {"repeated_rows": 1}


def test_missing_weekdays_are_a_note() -> None:
    hours = [(SHOP, day, "9:00", "17:00") for day in range(5)]
    hours += [("b", day, "9:00", "17:00") for day in range(6)]
    rows = ROWS + [("b", at, status) for _, at, status in ROWS]

    finding = only(inspected(rows, hours), "missing_weekdays")

    assert (finding.severity, finding.count) == ("note", 2)
    assert finding.summary.endswith("(Sat 1, Sun 2)")
    assert finding.store_ids == ("b", SHOP)


def test_a_row_of_two_days_stands_for_both() -> None:
    """Files cannot say that, columns can: from Sunday 10:00 until Tuesday 10:00."""
    start = np.array([*range(1, 7)], dtype=np.int64) * DAY
    start[5] += 10 * DAY // 24
    end = start + DAY
    end[5] = start[5] + 2 * DAY
    columns = HoursColumns([SHOP], np.zeros(6, np.int32), start, end)

    assert not inspected(ROWS, columns).of_kind("missing_weekdays")


def test_a_shop_may_always_be_closed() -> None:
    inspection = inspected(ROWS, {SHOP: WeeklySchedule()})

    finding = only(inspection, "always_closed")
    assert (finding.severity, finding.store_ids) == ("note", (SHOP,))
    assert found(inspection) == {"always_closed": 1}


def test_there_may_be_no_hours() -> None:
    assert found(inspected(ROWS, [])) == {"missing_hours": 1}
