"""Names of time zones that do not exist, or are out of use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.inspection.samples import fleet, found, hours_of, inspected, only

from uptime_core import MemoryStore, Store, UnknownTimezoneError, compute_store, inspect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from uptime_core import HoursColumns, PollColumns

ROWS = fleet(3)


class Careless(Store):
    """A store of somebody's own, which does not look at names."""

    def __init__(self, zones: Mapping[str, str]) -> None:
        self._good = MemoryStore(ROWS, hours_of(ROWS))
        self._zones = zones

    def polls(self, *arguments: object) -> Iterator[PollColumns]:
        return self._good.polls(*arguments)  # type: ignore[arg-type]

    def hours(self) -> HoursColumns:
        return self._good.hours()

    def timezones(self) -> Mapping[str, str]:
        return self._zones


def test_a_name_that_does_not_exist_is_an_error_where_reports_stop() -> None:
    zones = {"shop-000": "America/Denver", "shop-001": "europe/paris"}
    store = Careless({**zones, "shop-002": "America/Denver"})

    inspection = inspect(store)

    finding = only(inspection, "unknown_timezones")
    assert (finding.severity, finding.store_ids) == ("error", ("shop-001",))
    assert "did you mean 'Europe/Paris'?" in finding.examples[0]
    assert found(inspection) == {"unknown_timezones": 1}
    try:
        compute_store(store)
    except UnknownTimezoneError:
        return
    message = "the report did not stop"
    raise AssertionError(message)


def test_names_out_of_use_are_a_note() -> None:
    zones = {
        "shop-000": "US/Central",
        "shop-001": "Asia/Calcutta",
        "shop-002": "US/Central",
    }
    inspection = inspected(ROWS, timezones=zones)

    finding = only(inspection, "deprecated_timezones")

    assert (finding.severity, finding.count) == ("note", 3)
    assert finding.examples == (
        "'Asia/Calcutta' is 'Asia/Kolkata' today",
        "'US/Central' is 'America/Chicago' today",
    )
    assert inspection.is_sound


def test_names_in_use_are_no_finding_though_they_are_links() -> None:
    zones = {"shop-000": "UTC", "shop-001": "Europe/Amsterdam", "shop-002": "Etc/GMT-3"}
    assert found(inspected(ROWS, timezones=zones)) == {}
