"""The sums of all shops."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import attrs
import pytest
from hypothesis import given

from uptime_core import (
    Accounting,
    InputError,
    Policy,
    UnknownWindowError,
    Window,
    compute_report,
)
from uptime_core.testing.strategies import datasets, policies

if TYPE_CHECKING:
    from uptime_core.testing import Dataset

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@given(datasets(), policies())
def test_totals_are_the_sums_of_the_rows(dataset: Dataset, policy: Policy) -> None:
    report = compute_report(**dataset.arguments, policy=policy)

    totals = report.totals()

    assert totals.shops == len(report)
    assert tuple(totals) == tuple(window.name for window in report.windows)
    for place, name in enumerate(totals):
        rows = list(report.rows())
        assert totals[name] == Accounting(
            *(
                timedelta(microseconds=sum(getattr(row, sums)[place] for row in rows))
                for sums in ("up", "down", "unknown", "open")
            )
        )
        assert totals.ratio[place] == totals[name].ratio
        assert totals.coverage[place] == totals[name].coverage


def test_a_shop_weighs_by_its_business_time() -> None:
    hours = [("long", 2, "11:00", "12:00"), ("short", 2, "11:50", "12:00")]
    polls = [("long", NOON - 60 * MINUTE, True), ("short", NOON - 60 * MINUTE, False)]
    never = {"never polled": "UTC"}
    window = Window.last(timedelta(hours=1), name="hour")

    zones = dict.fromkeys(("long", "short"), "UTC") | never
    report = compute_report(polls, hours, zones, as_of=NOON, windows=[window])
    totals = report.totals()

    assert totals["hour"] == Accounting(
        60 * MINUTE, 10 * MINUTE, 60 * MINUTE, 130 * MINUTE
    )
    assert totals.ratio == (60 / 70,)
    assert totals.coverage == (70 / 130,)
    assert repr(totals) == (
        "<Totals: 3 shops, weighed by business time: hour up 85.71% of the 53.85% "
        "observed>"
    )


def test_totals_without_shops_are_nothing() -> None:
    totals = compute_report([], as_of=NOON).totals()

    assert totals.shops == 0
    assert totals["last_day"] == Accounting(*[timedelta(0)] * 4)
    assert totals.ratio == totals.coverage == (None, None, None)
    assert "last_hour never open; " in repr(totals)
    with pytest.raises(UnknownWindowError):
        totals["last_month"]


def test_totals_longer_than_a_timedelta_are_microseconds() -> None:
    first = datetime(1, 1, 1, tzinfo=UTC)
    last = datetime(9999, 12, 31, tzinfo=UTC)
    shops = {f"{number}": "UTC" for number in range(400)}
    for_ever = Window.between(first, last, name="for ever")

    totals = compute_report([], None, shops, as_of=last, windows=[for_ever]).totals()

    micros = (last - first) // timedelta(microseconds=1)
    assert totals.open == totals.unknown == (400 * micros,)
    assert 400 * micros > 2**63
    assert totals.coverage == (0.0,)
    assert repr(totals).endswith("for ever not observed>")
    with pytest.raises(InputError, match="longer than a timedelta can be"):
        totals["for ever"]


def test_totals_are_values() -> None:
    report = compute_report([("a", NOON, True)])

    assert report.totals() == report.totals()
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        report.totals().shops = 2  # type: ignore[misc]
