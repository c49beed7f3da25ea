"""What a store may have besides: protocols of a method or a few."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from uptime_core.quarantine import NOBODY

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from datetime import datetime

    from uptime_core.ingest import IngestResult
    from uptime_core.inputs import HoursInput, PollInput, TimezonesInput
    from uptime_core.quarantine import Quarantine
    from uptime_core.rejects import OnError
    from uptime_core.snapshot import SnapshotLike


@runtime_checkable
class SupportsSnapshot(Protocol):
    """What a report can be made of: every `Store`, and whatever has its snapshot.

    It may have an `identity` as well: see `Store.identity`, whose default holds for
    what has none.
    """

    def snapshot(self) -> SnapshotLike:
        """All that a report reads, as it is at one moment."""


@runtime_checkable
class SupportsIngest(Protocol):
    """A store that takes data in.

    What every implementation keeps to:

    * Each call is one transaction: after an error, whatever it is, the store is as it
      was, and goes on to work.
    * Calls may come from several threads at once, and while the store is read: nothing
      is lost, and readers see what a call does wholly or not at all.
    * Polls are a set of shop, instant and status: adding one again changes nothing.
    * Polls come in any order and are of any age within the years 1900 to 2199, as in
      files; one of another year is a bad row.
    * Whatever `compute_report` takes is taken, and means the same: rows, mappings or
      columns; but None is an `InputError`.
    * What is handed in stays as it is, and whoever changes it afterwards does not
      change the store.
    * Business hours that come replace all rows of the shops that they name; with
      `replace`, the hours of all other shops are forgotten.
    * Time zones that come replace those of the shops that they name; with `replace`,
      the zones of all other shops are forgotten.
    * With ``on_error="raise"``, one bad row is an `InputError`, and none is taken in.
    * With ``on_error="collect"``, good rows are taken in, and each bad one is in
      `rejected`, with its reason.
    * A bad row of hours or zones quarantines its shop, which loses its hours or its
      zone, until good rows of the same source name it, or others come with `replace`.
    * `quarantine` names shops whose bad rows the caller has set aside; one of its
      suspects is in quarantine once the store knows such a shop.
    * `added` counts the rows that were not there, each of them once.
    * `repeated` counts the other good rows: those that were there, or came before in
      the same call.
    * `conflicting` counts the instants of a shop that have both statuses and had not
      before, and the added rows of shops that had other rows of hours, or another
      zone.
    * `removed` counts the rows of hours and zones that were there and are no more.
    """

    def add_polls(
        self, polls: PollInput, *, on_error: OnError = "raise"
    ) -> IngestResult:
        """Add polls. They are a set: adding one again changes nothing.

        Args:
            polls: `PollColumns`, or rows ``(store_id, aware datetime, status)``, of
                the years 1900 to 2199, as in files; in any order.
            on_error: `raise` refuses all for one bad row, `collect` sets bad rows
                aside and says which.

        Raises:
            InputError: A row cannot be read.
        """

    def set_hours(
        self,
        hours: HoursInput,
        replace: bool = False,  # noqa: FBT001, FBT002  # the public signature
        *,
        on_error: OnError = "raise",
        quarantine: Quarantine = NOBODY,
    ) -> IngestResult:
        """Replace the business hours of the shops named, or of all shops.

        Args:
            hours: As `compute_report` takes them.
            replace: Forget the hours of all other shops.
            on_error: `raise` refuses all for one bad row; `collect` quarantines the
                shops of bad rows: they lose their hours, and reports leave them out
                until good rows come.
            quarantine: The shops of bad rows that the caller has set aside itself.

        Raises:
            InputError: A row cannot be read.
        """

    def set_timezones(
        self,
        timezones: TimezonesInput,
        replace: bool = False,  # noqa: FBT001, FBT002  # the public signature
        *,
        on_error: OnError = "raise",
        quarantine: Quarantine = NOBODY,
    ) -> IngestResult:
        """Replace the time zones of the shops named, or of all; like `set_hours`."""


@runtime_checkable
class SupportsTransactions(Protocol):
    """A store that makes several ingests one.

    What every implementation keeps to:

    * All ingests of this thread in the ``with`` block are done, or, if an exception
      leaves it, none is; the exception goes on.
    * Within the block, this thread sees what it has done so far.
    * A block within a block is a part of it; an exception that leaves the inner one
      undoes what was done in that, and no more.
    * What `delete_before` does in a block is done or undone with it, where a store has
      both.
    * Others see all that is done in the block or nothing of it, and what they do
      meanwhile is not lost.
    """

    def transaction(self) -> AbstractContextManager[object]:
        """All ingests of this thread in the ``with`` block are one."""


@runtime_checkable
class SupportsRetention(Protocol):
    """A store that forgets old polls.

    What every implementation keeps to:

    * The polls from before the instant are deleted, but each shop's last ones among
      them, those of one instant; the result is how many were deleted.
    * Reports of windows that begin at or after the instant have the same sums.
    * Polls from before the instant are not taken in any more, and `expired` counts
      them; those that come again in the same call it counts, or `repeated` does.
    * An instant that is not after that of an earlier call changes nothing.
    * An instant without a time zone is an `InputError`, never a guess.
    * An instant later than the newest poll is an `InputError`; then, and where there is
      no poll, nothing changes.
    """

    def delete_before(self, instant: datetime) -> int:
        """Delete the polls from before an instant, but each shop's last one.

        Args:
            instant: An aware datetime.

        Returns:
            How many polls were deleted.
        """
