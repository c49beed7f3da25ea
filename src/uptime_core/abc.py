"""The interfaces that back ends implement.

A *store* is always the back end that holds the data; a shop is only ever called by its
`store_id`. A *sink* holds reports: the jobs that make them, and what they made.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

from uptime_core.identity import own_identity
from uptime_core.instants import to_datetime
from uptime_core.intake import NOBODY
from uptime_core.polls import concatenate
from uptime_core.request import fixed_as_of
from uptime_core.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from types import TracebackType

    from uptime_core.ingest import IngestResult
    from uptime_core.inputs import HoursInput, PollInput, TimezonesInput
    from uptime_core.intake import Quarantine
    from uptime_core.jobs import Job
    from uptime_core.polls import PollColumns
    from uptime_core.rejects import OnError, RejectedRow
    from uptime_core.report import Report
    from uptime_core.request import ReportRequest
    from uptime_core.schedule import HoursColumns
    from uptime_core.snapshot import SnapshotLike


class _Closes:
    """What may be used in a ``with`` statement."""

    def close(self) -> None:
        """Release what is held; closing twice is allowed."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Store(_Closes, ABC):
    """Where polls, business hours and time zones are read from.

    Required methods:

    * `polls`
    * `hours`
    * `timezones`

    Optional methods, with working defaults:

    * `snapshot`: override it where the three sources can change between reads, or are
      too large to be held in memory at once.
    * `snapshot_for`: override it where a report need not read everything.
    * `newest_poll`: override it where the store knows without reading all polls.
    * `identity`: override it where other processes can read the same data.
    * `files`: override it where the store reads files.
    * `rejected` and `quarantined`: nothing is, by default.
    * `close`: does nothing by default.

    A store that takes data in also has the methods of `SupportsIngest`, and may have
    that of `SupportsTransactions`.

    What every implementation keeps to:

    * Instants are microseconds since 1970-01-01 UTC, ranges are half-open.
    * Batches and the polls in them come in any order, and a poll may come repeatedly;
      reports settle that. A range without polls yields no poll, and is no error.
    * Ids are text as ``uptime_core.store_ids.parse_store_id`` gives it. An id that the
      store does not know has no polls, and is no error.
    * What has been read stays valid when the store changes or is closed.
    * Methods may be called from several threads at once.
    * Data that cannot be trusted raise an `UptimeError`, never a wrong value; a source
      that cannot be reached raises `OSError`.
    """

    @abstractmethod
    def polls(
        self,
        store_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Iterator[PollColumns]:
        """The polls of a shop, or of all, at or after `start` and before `end`."""

    @abstractmethod
    def hours(self) -> HoursColumns:
        """The business hours of all shops that have any."""

    @abstractmethod
    def timezones(self) -> Mapping[str, str]:
        """The time zones, by shop, of all that have one."""

    @property
    def identity(self) -> str:
        """The same text for stores that hold the same data, in any process.

        Reports are made by managers of the same store only, also after a crash. By
        default a store is the same as itself only, and in its own process.
        """
        return own_identity(self)

    @property
    def files(self) -> tuple[str, ...]:
        """The paths of the files that it reads; an export takes the place of none."""
        return ()

    def newest_poll(self) -> datetime | None:
        """The instant of the newest poll, or None without any."""
        newest = [batch.newest() for batch in self.polls()]
        known = [at for at in newest if at is not None]
        return to_datetime(max(known)) if known else None

    def rejected(self) -> tuple[RejectedRow, ...]:
        """The rows that were set aside because they could not be read."""
        return ()

    def quarantined(self) -> frozenset[str]:
        """The shops of rejected rows of hours and zones.

        Reports leave them out, whatever the other methods give for them.
        """
        return frozenset()

    def snapshot_for(self, request: ReportRequest) -> SnapshotLike:
        """What a report of this request reads, as it is at one moment.

        What cannot change the report may be left out; `snapshot` leaves out nothing.

        Args:
            request: What is asked for; its `as_of` is fixed.

        Raises:
            InputError: It is no request, or its `as_of` is not fixed.
        """
        fixed_as_of(request)
        return self.snapshot()

    def snapshot(self) -> SnapshotLike:
        """All that any report reads, as it is at one moment.

        What is given does not change any more and holds nothing of the store, which
        may go on taking data in. It may be used by one thread at a time.
        """
        return Snapshot(
            polls=concatenate(self.polls()),
            hours=self.hours(),
            timezones=self.timezones(),
            rejected=self.rejected(),
            quarantined=self.quarantined(),
            source=repr(self),
        )


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

    Each call is one transaction: after an error the store is as it was. Calls may come
    from several threads and processes at once, and while the store is read.
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
    """A store that makes several ingests one."""

    def transaction(self) -> AbstractContextManager[object]:
        """All ingests of this thread in the ``with`` block succeed, or none does."""


class ReportSink(_Closes, ABC):
    """Where jobs and reports are kept.

    Required methods:

    * `job`
    * `jobs`
    * `swap`
    * `report`

    Optional methods, with working defaults:

    * `discard`: override it where records can be damaged.
    * `close`: does nothing by default.

    What every implementation keeps to:

    * All that is written is written by `swap`, which is atomic: readers, in whatever
      process, see a job and its report as they were before or as they are after, and
      what `swap` said is done outlives the process.
    * Ids are 32 hexadecimal digits, as `uptime_core.ReportManager` makes them; any
      other text has no job, and is no error, wherever it comes from.
    * Methods may be called from several threads at once and, except for a sink in
      memory, from several processes.
    * What cannot be read or written raises `BackEndError` or `OSError`.
    * A damaged job is the trouble of its own report only: it raises
      `StoreCorruptError` where it is asked for, by its id or its key, and is left out
      of the others in `jobs`. Where it cannot be known which jobs there are, `jobs`
      raises that error too.
    """

    @abstractmethod
    def job(self, report_id: str) -> Job | None:
        """The job of this id, or None."""

    @abstractmethod
    def jobs(
        self, *, active: bool = False, idempotency_key: str | None = None
    ) -> Sequence[Job]:
        """Jobs in the order of their making.

        Args:
            active: Only those that are not in a final state.
            idempotency_key: Only the one with this key.
        """

    @abstractmethod
    def swap(
        self,
        old: Job | None,
        new: Job | None,
        *,
        report: Report | None = None,
        most_active: int | None = None,
    ) -> bool:
        """Put a job in the place of another, if that is still there, unchanged.

        Jobs are unchanged if `revision` is. Of jobs with a key, there is one for each
        key.

        Args:
            old: The job as it was read, or None to add a new one.
            new: What takes its place, or None to delete the job and its report.
            report: What a job that becomes complete has made; given with no other.
            most_active: Add a job only while fewer than that are queued or running.

        Returns:
            Whether it was done; if not, nothing has changed. A job is not added if
            its id or its key is there already.

        Raises:
            QueueFullError: `most_active` are queued or running.
        """

    @abstractmethod
    def report(self, report_id: str) -> Report | None:
        """The report of a complete job, equal to what was stored, or None."""

    def discard(self, report_id: str) -> bool:
        """Remove a job that is damaged, and so cannot be handed to `swap`.

        Its report goes with it, and its key, if that is known, is free.

        Returns:
            Whether there was one; a job that can be read is left alone.
        """
        del report_id
        return False
