"""All checks of a store."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from uptime_core.capabilities import SupportsSnapshot
from uptime_core.errors import InputError, located, shown
from uptime_core.inspection.cadence import cadence_findings
from uptime_core.inspection.findings import Inspection
from uptime_core.inspection.fleet import Fleet
from uptime_core.inspection.hours import hours_findings
from uptime_core.inspection.ids import id_findings
from uptime_core.inspection.polls import no_polls, poll_findings
from uptime_core.inspection.rows import row_findings
from uptime_core.inspection.shops import shop_findings
from uptime_core.inspection.sources import Sources
from uptime_core.inspection.zones import zone_findings
from uptime_core.instants import MICROSECOND, to_datetime, whole_micros
from uptime_core.policy import Policy
from uptime_core.progress import Meter
from uptime_core.request import DEFAULT_POLICY
from uptime_core.snapshot import SnapshotLike

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptime_core.inspection.findings import Finding
    from uptime_core.progress import ProgressCallback


def inspect(
    store: SupportsSnapshot | SnapshotLike,
    *,
    policy: Policy = DEFAULT_POLICY,
    hole: timedelta | None = None,
    progress: ProgressCallback | None = None,
) -> Inspection:
    """Look for what is odd in a store's data, and say what it does to reports.

    Nothing is changed, and nothing is refused: what no report could be made of is a
    finding. All data are read, and take some 100 bytes of memory a poll.

    Args:
        store: A store, or a snapshot of one. A `CsvStore` with ``on_error="collect"``
            sets bad rows aside, so that they are found; with ``"raise"`` the first
            one is an error.
        policy: How reports will read polls and missing data, which decides what the
            findings mean.
        hole: How long no shop must have been polled for the poller to count as down;
            by default six times as long as it usually takes until a shop is polled
            again.
        progress: Told how many shops have been read.

    Raises:
        InputError: An argument cannot be accepted, or the sources cannot be read.
        OSError: The sources cannot be read.
    """
    if not isinstance(policy, Policy):
        raise InputError(
            f"{shown(policy)} is not a Policy; make one with Policy()", source="policy"
        )
    least = None if hole is None else _positive(hole)
    meter = Meter(progress, "inspect", "shops")
    if isinstance(store, SupportsSnapshot):
        snapshot = store.snapshot()
    elif isinstance(store, SnapshotLike):
        snapshot = store
    else:
        raise InputError(
            f"{shown(store)} is neither a store nor a snapshot of one; for files, give "
            'CsvStore(polls, hours, timezones, on_error="collect"), for rows and '
            "frames MemoryStore(polls, hours, timezones)",
            source="inspect",
        )
    return _inspection(Sources.of(snapshot, policy, meter), least)


def _inspection(sources: Sources, hole: int | None) -> Inspection:
    fleet = Fleet.of(sources.polls) if len(sources.polls) else None
    return Inspection(
        source=sources.source,
        shops=len(sources.known),
        polls=0 if fleet is None else len(fleet.at),
        first_poll=None if fleet is None else to_datetime(int(fleet.instants[0])),
        newest_poll=None if fleet is None else to_datetime(int(fleet.instants[-1])),
        usual_interval=None
        if fleet is None or fleet.interval is None
        else fleet.interval * MICROSECOND,
        findings=_findings(sources, fleet, hole),
        rejected=sources.rejected,
    )


def _findings(
    sources: Sources, fleet: Fleet | None, hole: int | None
) -> Iterator[Finding]:
    policy, quarantined = sources.policy, sources.quarantined
    yield from row_findings(sources)
    if fleet is None:
        yield no_polls()
    else:
        yield from poll_findings(fleet, policy, hole)
        yield from cadence_findings(fleet, policy)
    yield from hours_findings(sources.hours)
    yield from shop_findings(sources)
    yield from zone_findings(
        {
            store_id: name
            for store_id, name in sources.timezones.items()
            if store_id not in quarantined
        }
    )
    yield from id_findings(sources.known)


def _positive(hole: timedelta) -> int:
    with located("hole"):
        if isinstance(hole, timedelta) and (micros := whole_micros(hole, hole)) > 0:
            return micros
        raise InputError(f"{shown(hole)} is not a positive timedelta, like 6 hours")
