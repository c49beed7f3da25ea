"""Durations and instants in words."""

from __future__ import annotations

import pytest

from uptime_core.inspection.wording import clause, duration, instant, stretch, weekly

SECOND = 1_000_000
HOUR = 3600 * SECOND


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (1, "1e-06 s"),
        (1500, "0.0015 s"),
        (90 * SECOND, "90 s"),
        (60 * SECOND, "1 min"),
        (61 * SECOND, "61 s"),
        (120 * SECOND, "2 min"),
        (5 * 60 * SECOND, "5 min"),
        (90 * 60 * SECOND, "90 min"),
        (HOUR, "1 h"),
        (HOUR + 1, "60 min"),
        (9 * HOUR + 15 * 60 * SECOND, "9.2 h"),
        (24 * HOUR, "24 h"),
        (40 * HOUR, "40 h"),
        (72 * HOUR, "3 days"),
        (400_000 * 24 * HOUR, "400,000 days"),
    ],
)
def test_durations(micros: int, text: str) -> None:
    assert duration(micros) == text


def test_instants() -> None:
    assert instant(1_674_670_402_479_220) == "2023-01-25 18:13:22 UTC"
    assert (
        stretch(0, 2 * HOUR) == "1970-01-01 00:00:00 to 1970-01-01 02:00:00 UTC (2 h)"
    )
    assert weekly(6 * 24 * HOUR, 6 * 24 * HOUR + HOUR) == "Sun 00:00\u201301:00"


def test_one_and_several() -> None:
    assert clause(1, "shop", "has", "have") == "1 shop has"
    assert clause(2000, "shop", "has", "have") == "2,000 shops have"
