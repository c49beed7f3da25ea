"""A store in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptime_core.abc import Store
from uptime_core.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from uptime_core.inputs import HoursInput, PollInput, TimezonesInput
    from uptime_core.polls import PollColumns
    from uptime_core.schedule import HoursColumns


class MemoryStore(Store):
    """Holds what it is given, in columns.

    Args:
        polls: As `compute_report` takes them; likewise the next two.
        hours: Business hours.
        timezones: Time zones.

    Raises:
        InputError: A row cannot be read.
    """

    def __init__(
        self,
        polls: PollInput = (),
        hours: HoursInput | None = None,
        timezones: TimezonesInput | None = None,
    ) -> None:
        self._snapshot = Snapshot.of(polls, hours, timezones)

    def polls(
        self,
        store_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Iterator[PollColumns]:
        """The polls of a shop, or of all, from `start` to `end`, in one batch."""
        batch = self._snapshot.polls.where(store_id, start, end)
        return iter((batch,))

    def hours(self) -> HoursColumns:
        """The business hours."""
        return self._snapshot.hours

    def timezones(self) -> Mapping[str, str]:
        """The time zones, by shop."""
        return dict(self._snapshot.timezones)

    def snapshot(self) -> Snapshot:
        """All of it; nothing changes after construction."""
        return self._snapshot

    def __repr__(self) -> str:
        return f"<MemoryStore: {self._snapshot.polls!r}>"
