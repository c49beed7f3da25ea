"""The three sources of all parts of a snapshot, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from uptime_core.polls import PollColumns, concatenate
from uptime_core.schedule import HoursColumns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uptime_core.policy import Policy
    from uptime_core.progress import Meter
    from uptime_core.rejects import RejectedRow
    from uptime_core.snapshot import Snapshot, SnapshotLike


@attrs.frozen(kw_only=True, eq=False)
class Sources:
    """What is to be inspected, and how reports would read it.

    Attributes:
        source: What the polls came from.
        polls: All polls.
        hours: All business hours.
        timezones: All time zones.
        rejected: Rows that could not be read.
        quarantined: Shops that reports leave out.
        policy: How reports read polls and missing data.
        polled: The shops that have a poll.
        known: The shops that any source knows.
    """

    source: str
    polls: PollColumns
    hours: HoursColumns
    timezones: Mapping[str, str]
    rejected: tuple[RejectedRow, ...]
    quarantined: frozenset[str]
    policy: Policy
    polled: frozenset[str]
    known: frozenset[str]

    @classmethod
    def of(cls, snapshot: SnapshotLike, policy: Policy, meter: Meter) -> Sources:
        """Read a snapshot.

        Args:
            snapshot: What to read.
            policy: How reports would read it.
            meter: What is told how many shops have been read.
        """
        parts: list[Snapshot] = []
        done, total = 0, snapshot.shops if meter.is_on else 0
        meter.tell(done, total)
        for part in snapshot.parts():
            parts.append(part)
            if meter.is_on:
                done += part.shops
                meter.tell(done, total)
        meter.finish(done)
        polls = concatenate(part.polls for part in parts)
        counts = np.bincount(polls.code, minlength=len(polls.store_ids))
        polled = {polls.store_ids[code] for code in np.flatnonzero(counts).tolist()}
        hours = HoursColumns.concatenate(part.hours for part in parts)
        pairs = (pair for part in parts for pair in part.timezones.items())
        timezones = dict(pairs)
        quarantined = frozenset().union(*(part.quarantined for part in parts))
        return cls(
            source=snapshot.source,
            polls=polls,
            hours=hours,
            timezones=timezones,
            rejected=tuple(row for part in parts for row in part.rejected),
            quarantined=quarantined,
            policy=policy,
            polled=frozenset(polled),
            known=frozenset(polled).union(hours.store_ids, timezones, quarantined),
        )
