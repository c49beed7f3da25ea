"""Checks of time zones: names that do not exist, and names that are out of use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptime_core.errors import UnknownTimezoneError, shown
from uptime_core.inspection.findings import Finding
from uptime_core.inspection.wording import EXAMPLES, clause
from uptime_core.timezones import outdated_timezones, parse_timezone

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def zone_findings(timezones: Mapping[str, str]) -> Iterator[Finding]:
    """What is odd about the names of zones.

    Args:
        timezones: The names by shop, of the shops in reports.
    """
    shops: dict[str, list[str]] = {}
    for store_id, name in timezones.items():
        shops.setdefault(name, []).append(store_id)
    unknown = {name: reason for name in shops if (reason := _fault(name)) is not None}
    if unknown:
        ids = _shops(shops, unknown)
        yield Finding(
            kind="unknown_timezones",
            severity="error",
            count=len(ids),
            summary=f"{clause(len(ids), 'shop', 'has', 'have')} a time zone that does "
            "not exist",
            meaning="Reports stop because of them.",
            advice="Correct the names; reports never take a default instead.",
            examples=tuple(list(unknown.values())[:EXAMPLES]),
            store_ids=ids,
        )
    names = outdated_timezones()
    outdated = {name: names[name] for name in sorted(shops) if name in names}
    if outdated:
        ids = _shops(shops, outdated)
        yield Finding(
            kind="deprecated_timezones",
            severity="note",
            count=len(ids),
            summary=f"{clause(len(ids), 'shop', 'has', 'have')} a time zone by a name "
            "that is out of use",
            meaning="Reports read it as the zone of today's name.",
            advice="Use today's name: the old ones are kept for compatibility only.",
            examples=tuple(
                f"{shown(name)} is {shown(new)} today"
                for name, new in list(outdated.items())[:EXAMPLES]
            ),
            store_ids=ids,
        )


def _fault(name: object) -> str | None:
    try:
        parse_timezone(name)
    except UnknownTimezoneError as error:
        return error.reason
    return None


def _shops(shops: Mapping[str, list[str]], names: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sorted(shop for name in names for shop in shops[name]))
