"""The interfaces that back ends implement.

A *store* is always the back end that holds the data; a shop is only ever called by its
`store_id`. A *sink* holds reports: the jobs that make them, and what they made.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Self

from uptime_core.identity import own_identity
from uptime_core.instants import to_datetime
from uptime_core.polls import concatenate
from uptime_core.request import fixed_as_of
from uptime_core.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from types import TracebackType

    from uptime_core.jobs import Job
    from uptime_core.polls import PollColumns
    from uptime_core.rejects import RejectedRow
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
    those of `SupportsTransactions` and `SupportsRetention`; see
    ``uptime_core.capabilities``.

    What every implementation keeps to:

    * `polls` gives every poll that the store holds, at least once, in batches and in
      any order, and no other.
    * Of an instant with both statuses, both polls come; reports settle which one wins.
    * Ranges are half-open: a poll at `start` is in, one at `end` is not, and a bound
      that is None bounds nothing.
    * A range without polls yields no poll, and is no error.
    * A bound without a time zone is an error, never a guess.
    * Instants are microseconds since 1970-01-01 UTC, exact to the last one, in
      whatever zone they are given, and before 1970 too.
    * Ids are text as ``uptime_core.store_ids.parse_store_id`` gives it: two of them are
      the same shop only if every character is.
    * An id that the store does not know has no polls, and is no error.
    * `hours` gives all rows of all shops that have business hours; a shop that is
      always closed is there without a row.
    * `timezones` gives the zone of every shop that has one, and of no other.
    * `newest_poll` gives the latest instant of all polls, in whatever order they came,
      and None without any.
    * Reports leave out the shops of `quarantined`, and count the rows of `rejected`.
    * `snapshot` gives all that the other methods give, as it is at one moment.
    * No two parts of a snapshot have a shop in common.
    * A snapshot does not change any more and holds nothing of the store, which may go
      on taking data in, or be closed.
    * A report of `snapshot_for` is that of `snapshot`, and so is all that is counted
      in it.
    * What has been read stays as it was when the store changes or is closed, and
      whoever changes it does not change the store.
    * Who reads batches by and by hinders nobody, and gets those of one moment.
    * `identity` is the same for as long as the store is there, and no store of other
      data has it.
    * Methods may be called from several threads at once, and each sees what any of
      them has done.
    * Data that cannot be trusted raise an `UptimeError`, never a wrong value; a source
      that cannot be reached raises `OSError`.
    * Closing twice is allowed, and a ``with`` block closes the store at its end.

    What an implementation may promise besides:

    * Sorted: in a batch, the polls of a shop follow on each other in the order of their
      instants, and no poll comes twice.
    * Durable: what a call has done outlives the process, however that ends, and what
      it has not done to the end has not happened.
    * Shared: stores of the same data, in any processes, see at once what any of them
      has done, and have the same `identity`.
    """

    @abstractmethod
    def polls(
        self,
        store_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Iterator[PollColumns]:
        """The polls of a shop, or of all, at or after `start` and before `end`.

        Args:
            store_id: The shop; None is all of them.
            start: An aware datetime; None is since ever.
            end: An aware datetime; None is for ever. Where it is not after `start`,
                there is no poll.
        """

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

    * A job comes back as it was stored, in every field.
    * `report` gives the report of a complete job as it was stored, in every field, and
      None for any other job.
    * Ids are 32 hexadecimal digits, as `uptime_core.ReportManager` makes them; any
      other text has no job and no report, and is no error, wherever it comes from.
    * `jobs` come in the order of their `created_at`, and of their ids where that is
      the same.
    * With `active`, the jobs are those in no final state.
    * With `idempotency_key`, there is the one job with this key, whatever its state, or
      none; keys are the same only if every character is.
    * What has been read stays as it was.
    * `swap` is done if the old job is there with the same `revision`, whatever else is
      the same; otherwise it is not, and nothing has changed.
    * A job is not added if its id or its key is there, whatever state that is in.
    * A deleted job is gone with its report, and its id and key are free again.
    * A job that is added with `most_active`, and whose id and key are free, is added
      only while fewer than that are queued or running; otherwise it is a
      `QueueFullError`, and nothing has changed.
    * A final state never changes: another job in its place is an
      `IllegalTransitionError`, and the job can only be deleted.
    * A report comes with a job that becomes complete, and with no other; anything else
      is an `InputError`, and nothing has changed.
    * Both jobs of a swap have the same id, `created_at` and key; anything else is an
      `InputError`, and nothing has changed.
    * All that is written is written by `swap`, which is atomic: readers see a job and
      its report as they were before, or as they are after.
    * Of several swaps of one job at once, one is done.
    * Keys and `most_active` hold however many jobs are added at once.
    * Methods may be called from several threads at once, and each sees what any of
      them has done.
    * What cannot be read or written raises `BackEndError` or `OSError`; a job or a
      report that cannot be trusted is never given.
    * Closing twice is allowed, and a ``with`` block closes the sink at its end.

    What an implementation may promise besides:

    * Durable: what `swap` said is done outlives the process, however that ends, and
      what it has not said is done wholly or not at all.
    * Shared: sinks of the same place, in any processes, see at once what any of them
      has done.

    Where records can be damaged, a damaged job is the trouble of its own report only:
    it raises `StoreCorruptError` where it is asked for, by its id or its key, and is
    left out of the others in `jobs`. Where it cannot be known which jobs there are,
    `jobs` raises that error too.
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
            idempotency_key: Only the one with this key; None is no condition.
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

        `may_swap` checks what no caller may ask for.

        Args:
            old: The job as it was read, or None to add a new one.
            new: What takes its place, or None to delete the job and its report.
            report: What a job that becomes complete has made; given with no other.
            most_active: Add a job only while fewer than that are queued or running.

        Returns:
            Whether it was done; if not, nothing has changed.

        Raises:
            QueueFullError: `most_active` are queued or running.
            IllegalTransitionError: The old job is in a final state.
            InputError: The jobs are not of one report, or the report is not due.
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
