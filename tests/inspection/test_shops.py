"""Shops that one source has and another lacks."""

from __future__ import annotations

from typing import Any

import pytest
from tests.inspection.samples import fleet, found, hours_of, inspected, only

from uptime_core import MemoryStore, Policy, inspect

ROWS = fleet(4)
SHOPS = sorted({row[0] for row in ROWS})
ZONES = dict.fromkeys(SHOPS, "America/Denver")
HOURS = hours_of(ROWS)


def inspect_shops(**options: Any) -> Any:  # noqa: ANN401  # an Inspection
    return inspected(
        options.get("rows", ROWS),
        options.get("hours", HOURS),
        options.get("zones", ZONES),
        Policy(**options.get("policy", {})),
    )


@pytest.mark.parametrize(
    ("policy", "severity", "meaning"),
    [
        ("open", "warning", "open all week"),
        ("closed", "warning", "always closed"),
        ("error", "error", "Reports stop"),
    ],
)
def test_polled_shops_without_hours(policy: str, severity: str, meaning: str) -> None:
    hours = [row for row in HOURS if row[0] not in SHOPS[:2]]

    inspection = inspect_shops(hours=hours, policy={"missing_hours": policy})

    finding = only(inspection, "missing_hours")
    assert (finding.severity, finding.count) == (severity, 2)
    assert finding.store_ids == tuple(SHOPS[:2])
    assert finding.examples == ("'shop-000'", "'shop-001'")
    assert meaning in finding.meaning
    assert found(inspection) == {"missing_hours": 2}


@pytest.mark.parametrize(
    ("default", "severity", "meaning"),
    [
        ("America/Chicago", "warning", "America/Chicago"),
        ("UTC", "warning", "UTC"),
        (None, "error", "Reports stop"),
    ],
)
def test_polled_shops_without_a_zone(
    default: str | None, severity: str, meaning: str
) -> None:
    zones = {shop: ZONES[shop] for shop in SHOPS[2:]}

    inspection = inspect_shops(zones=zones, policy={"default_timezone": default})

    finding = only(inspection, "missing_timezones")
    assert (finding.severity, finding.count) == (severity, 2)
    assert finding.summary == "2 polled shops have no time zone, but business hours"
    assert meaning in finding.meaning


def test_the_zone_of_a_shop_without_hours_does_not_matter() -> None:
    zones = {shop: ZONES[shop] for shop in SHOPS[2:]}
    hours = [row for row in HOURS if row[0] != SHOPS[0]]

    finding = only(inspect_shops(zones=zones, hours=hours), "missing_timezones")
    assert finding.severity == "warning"
    assert finding.summary.endswith("no time zone, 1 of them with business hours")
    assert finding.examples[0] == "'shop-001'"  # the one that matters

    finding = only(inspect_shops(zones=zones, hours=[]), "missing_timezones")
    assert finding.severity == "note"
    assert finding.summary == "2 polled shops have no time zone"


def test_shops_with_hours_that_were_never_polled() -> None:
    hours = [*HOURS, *[("kiosk", day, "9:00", "17:00") for day in range(7)]]

    inspection = inspect_shops(hours=hours)

    finding = only(inspection, "never_polled")
    assert (finding.severity, finding.store_ids) == ("warning", ("kiosk",))
    assert finding.summary == "1 shop has business hours and no poll"
    assert found(inspection) == {"never_polled": 1}


@pytest.mark.parametrize(
    ("policy", "severity"),
    [("open", "warning"), ("closed", "warning"), ("error", "error")],
)
def test_shops_with_a_zone_and_nothing_else(policy: str, severity: str) -> None:
    zones = {**ZONES, "somewhere": "UTC"}

    inspection = inspect_shops(zones=zones, policy={"missing_hours": policy})

    finding = only(inspection, "timezones_only")
    assert (finding.severity, finding.store_ids) == (severity, ("somewhere",))
    assert found(inspection) == {"timezones_only": 1}


def test_shops_in_quarantine_are_left_out() -> None:
    store = MemoryStore(ROWS, HOURS, ZONES)
    store.set_hours([(SHOPS[0], 9, "9:00", "17:00")], on_error="collect")
    store.set_timezones([(SHOPS[1], "Mars/Olympus")], on_error="collect")

    inspection = inspect(store)

    finding = only(inspection, "quarantined_shops")
    assert (finding.severity, finding.store_ids) == ("error", tuple(SHOPS[:2]))
    assert found(inspection) == {"quarantined_shops": 2}
