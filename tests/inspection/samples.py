"""Fleets of shops that are polled evenly, and what an inspection says of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from uptime_core import MemoryStore, Policy, inspect

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uptime_core import Finding, Inspection
    from uptime_core.inspection.findings import FindingKind

MONDAY = datetime(2023, 1, 16, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)

Polls = list[tuple[str, datetime, str]]


def polls(
    store_id: str = "a",
    *,
    start: datetime = MONDAY,
    end: datetime = MONDAY + timedelta(days=2),
    every: timedelta = HOUR,
) -> Polls:
    """A shop's polls, at `start` and then every so often, before `end`."""
    times = -((start - end) // every)
    return [(store_id, start + number * every, "active") for number in range(times)]


def fleet(shops: int, **options: Any) -> Polls:  # noqa: ANN401  # those of `polls`
    """The polls of several shops, each a second after the one before."""
    start = options.pop("start", MONDAY)
    rows: Polls = []
    for number in range(shops):
        second = timedelta(seconds=number)
        rows += polls(f"shop-{number:03}", start=start + second, **options)
    return rows


def without(rows: Polls, start: datetime, end: datetime) -> Polls:
    """The polls that are not between two instants."""
    return [row for row in rows if not start < row[1] < end]


def hours_of(rows: Iterable[tuple[Any, ...]]) -> list[tuple[str, int, str, str]]:
    """Hours from 9 to 17, Monday to Sunday, of the shops of some polls."""
    shops = sorted({row[0] for row in rows})
    return [(shop, day, "9:00", "17:00") for shop in shops for day in range(7)]


def inspected(
    rows: Polls,
    hours: Any = None,  # noqa: ANN401  # as a store takes them
    timezones: Any = None,  # noqa: ANN401
    policy: Policy | None = None,
    **options: Any,  # noqa: ANN401
) -> Inspection:
    """What is found in polls, by default of shops with hours and zones."""
    if hours is None:
        hours = hours_of(rows)
    if timezones is None:
        timezones = {row[0]: "America/Denver" for row in rows}
    store = MemoryStore(rows, hours, timezones)
    return inspect(store, policy=policy or Policy(), **options)


def found(inspection: Inspection) -> dict[str, int]:
    """How many of each kind."""
    return {finding.kind: finding.count for finding in inspection.findings}


def only(inspection: Inspection, kind: FindingKind) -> Finding:
    """The finding of a kind, of which there is one."""
    (finding,) = inspection.of_kind(kind)
    return finding
