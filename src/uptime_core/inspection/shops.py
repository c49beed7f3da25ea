"""Checks of shops across the sources: what one of them has and another lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptime_core.inspection.findings import Finding
from uptime_core.inspection.wording import clause, some

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptime_core.inspection.findings import Severity
    from uptime_core.inspection.sources import Sources


def shop_findings(sources: Sources) -> Iterator[Finding]:
    """Which shops lack what; those in quarantine are not among them."""
    with_hours = frozenset(sources.hours.store_ids) - sources.quarantined
    with_zone = frozenset(sources.timezones) - sources.quarantined
    polled = sources.polled - sources.quarantined
    yield from _missing_hours(sources, polled - with_hours)
    yield from _missing_timezones(sources, polled - with_zone, with_hours)
    yield from _never_polled(
        sources, with_hours - polled, with_zone - polled - with_hours
    )


def _missing_hours(sources: Sources, shops: frozenset[str]) -> Iterator[Finding]:
    if not shops:
        return
    policy = sources.policy.missing_hours
    severity: Severity = "error" if policy == "error" else "warning"
    meaning = {
        "open": "Reports take them to be open all week: all their time counts, nights "
        "too.",
        "closed": "Reports take them to be always closed: they have no business time.",
        "error": "Reports stop because of them.",
    }[policy]
    ids = tuple(sorted(shops))
    yield Finding(
        kind="missing_hours",
        severity=severity,
        count=len(ids),
        summary=f"{clause(len(ids), 'polled shop', 'has', 'have')} no business hours",
        meaning=meaning,
        advice="Load their hours, or choose what becomes of such shops with the "
        f"policy's missing_hours ({policy!r} now).",
        examples=some(ids),
        store_ids=ids,
    )


def _missing_timezones(
    sources: Sources, shops: frozenset[str], with_hours: frozenset[str]
) -> Iterator[Finding]:
    if not shops:
        return
    default = sources.policy.default_timezone
    concerned = len(shops & with_hours)
    also = f", {concerned:,} of them with business hours" if concerned else ""
    if concerned == len(shops):
        also = ", but business hours"
    if default is None:
        severity: Severity = "error"
        meaning = "Reports stop because of them."
    else:
        severity = "warning" if concerned else "note"
        meaning = (
            f"Reports read their business hours as those of {default}; where that is "
            "wrong, they are shifted by hours."
            if concerned
            else "Without business hours, the zone does not matter."
        )
    ids = (*sorted(shops & with_hours), *sorted(shops - with_hours))
    yield Finding(
        kind="missing_timezones",
        severity=severity,
        count=len(ids),
        summary=f"{clause(len(ids), 'polled shop', 'has', 'have')} no time zone{also}",
        meaning=meaning,
        advice="Nothing need be done."
        if severity == "note"
        else "Load their zones, or choose the policy's default_timezone "
        f"({default!r} now).",
        examples=some(ids),
        store_ids=tuple(sorted(ids)),
    )


def _never_polled(
    sources: Sources, with_hours: frozenset[str], with_zone: frozenset[str]
) -> Iterator[Finding]:
    advice = (
        "Poll them, or leave them out of reports with stores='polled' (--stores "
        "polled)."
    )
    if with_hours:
        ids = tuple(sorted(with_hours))
        yield Finding(
            kind="never_polled",
            severity="warning",
            count=len(ids),
            summary=f"{clause(len(ids), 'shop', 'has', 'have')} business hours and no "
            "poll",
            meaning="Reports have a row for each of them, with all its business time "
            "unknown.",
            advice=advice,
            examples=some(ids),
            store_ids=ids,
        )
    if with_zone:
        ids = tuple(sorted(with_zone))
        policy = sources.policy.missing_hours
        meaning = {
            "open": "Reports have a row for each of them, open all week and unknown.",
            "closed": "Reports have a row of zeros for each of them.",
            "error": "Reports stop because they have no business hours.",
        }[policy]
        yield Finding(
            kind="timezones_only",
            severity="error" if policy == "error" else "warning",
            count=len(ids),
            summary=f"{clause(len(ids), 'shop', 'has', 'have')} a time zone, and "
            "neither polls nor business hours",
            meaning=meaning,
            advice=advice,
            examples=some(ids),
            store_ids=ids,
        )
