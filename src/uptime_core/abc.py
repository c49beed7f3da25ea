"""The interfaces that back ends implement.

A *store* is always the back end that holds the data; a shop is only ever called by its
`store_id`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Self

from uptime_core.polls import concatenate
from uptime_core.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from types import TracebackType

    from uptime_core.polls import PollColumns
    from uptime_core.rejects import RejectedRow
    from uptime_core.schedule import HoursColumns


class Store(ABC):
    """Where polls, business hours and time zones are read from.

    Required methods:

    * `polls`
    * `hours`
    * `timezones`

    Optional methods, with working defaults:

    * `snapshot`: override it where the three sources can change between reads.
    * `rejected` and `quarantined`: nothing is, by default.
    * `close`: does nothing by default.

    What every implementation keeps to:

    * Instants are microseconds since 1970-01-01 UTC, ranges are half-open.
    * Batches and the polls in them come in any order, and a poll may come repeatedly;
      reports settle that. A range without polls yields no poll, and is no error.
    * Ids are text as `uptime_core.store_ids.parse_store_id` gives it. There is no
      reading by id, so there are no unknown ids.
    * What has been read stays valid when the store changes or is closed.
    * Methods may be called from several threads at once.
    * Data that cannot be trusted raise an `UptimeError`, never a wrong value; a source
      that cannot be reached raises `OSError`.
    """

    @abstractmethod
    def polls(
        self, start: datetime | None = None, end: datetime | None = None
    ) -> Iterator[PollColumns]:
        """The polls at or after `start` and before `end`, in batches."""

    @abstractmethod
    def hours(self) -> HoursColumns:
        """The business hours of all shops that have any."""

    @abstractmethod
    def timezones(self) -> Mapping[str, str]:
        """The time zones, by shop, of all that have one."""

    def rejected(self) -> tuple[RejectedRow, ...]:
        """The rows that were set aside because they could not be read."""
        return ()

    def quarantined(self) -> frozenset[str]:
        """The shops of rejected rows of hours and zones.

        Reports leave them out, whatever the other methods give for them.
        """
        return frozenset()

    def snapshot(self) -> Snapshot:
        """All that a report reads, as it is at one moment."""
        return Snapshot(
            polls=concatenate(self.polls()),
            hours=self.hours(),
            timezones=self.timezones(),
            rejected=self.rejected(),
            quarantined=self.quarantined(),
            source=repr(self),
        )

    def close(self) -> None:
        """Release what the store holds; closing twice is allowed."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
