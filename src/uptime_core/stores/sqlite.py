"""A store in an SQLite file."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import attrs

from uptime_core.abc import Store
from uptime_core.compute import first_instant
from uptime_core.errors import BackEndError, counted, located
from uptime_core.ingest_arguments import new_hours, new_polls, new_timezones
from uptime_core.instants import to_datetime, to_micros, to_text
from uptime_core.logs import log, public
from uptime_core.polls import bound
from uptime_core.quarantine import NOBODY, Quarantine
from uptime_core.request import fixed_as_of
from uptime_core.schedule import HoursColumns
from uptime_core.sqlite_database import Database
from uptime_core.sqlite_errors import file_names
from uptime_core.store_ids import parse_store_id
from uptime_core.stores import packed, sqlite_ingest
from uptime_core.stores.audit import check_all
from uptime_core.stores.compaction import delete_polls_before, merge_all_small_chunks
from uptime_core.stores.poll_copy import PollCopy, Span
from uptime_core.stores.sqlite_snapshot import SqliteSnapshot, poll_columns
from uptime_core.stores.sqlite_tables import PART, SCHEMA, VERSION, Tables
from uptime_core.stores.sqlite_upgrade import upgrade

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from uptime_core.ingest import IngestResult
    from uptime_core.inputs import HoursInput, PollInput, TimezonesInput
    from uptime_core.polls import PollColumns
    from uptime_core.rejects import OnError
    from uptime_core.request import ReportRequest
    from uptime_core.sqlite_database import JournalMode


class _UndoneError(Exception):
    """Undoes a transaction."""


class SqliteStore(Store):
    """Keeps polls, business hours and time zones in one file.

    Several threads and processes may use the file at once, a `SqliteSink` may be in it
    too, and a killed process leaves it whole. A store pickles as its path, and works
    on in a forked process.

    Args:
        path: The file; made if it does not exist.
        timeout: For how many seconds another writer is waited for.
        journal_mode: What a new file gets, `delete` or `wal`; by default `wal` where
            this SQLite has no bug in it.

    Raises:
        StoreCorruptError: The file is damaged, or is none of SQLite's.
        StoreVersionError: A newer version of this library made it.
        StoreBusyError: It was locked for longer than the timeout.
        BackEndError: It cannot be opened or made.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        timeout: float = 30.0,
        journal_mode: JournalMode | None = None,
    ) -> None:
        self._database = Database(
            path, timeout=timeout, journal_mode=journal_mode, source="SqliteStore"
        )
        self._arguments = (timeout, journal_mode)
        self._path = self._database.path
        self._codes = sqlite_ingest.ShopCodes()
        self._identity: str | None = None
        self._database.prepare(
            PART, VERSION, SCHEMA, Tables.create, upgrades={1: upgrade}
        )
        with self._reading() as tables:
            self._identity = tables.state.identity

    def __reduce__(self) -> tuple[object, ...]:
        return _reopened, (self._path, *self._arguments, self._identity)

    @property
    def path(self) -> str:
        """The file, as an absolute path."""
        return self._path

    @property
    def files(self) -> tuple[str, ...]:
        """The file, and those that SQLite makes beside it."""
        return file_names(self._path)

    @property
    def identity(self) -> str:
        """The same text wherever the file is moved to, and no other file's."""
        return f"sqlite:{self._identity}"

    def polls(
        self,
        store_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Iterator[PollColumns]:
        """The polls of a shop, or of all, at or after `start` and before `end`.

        All are of one moment, whenever the batches are taken. There is a batch for
        each block of shops, sorted by shop and instant; no poll comes twice.
        """
        low, high = bound(start, "start"), bound(end, "end")
        with located("polls"):
            wanted = None if store_id is None else parse_store_id(store_id)
        with self._reading() as tables:
            chunks = tables.chunks()
            tables.verify(chunks)
            blocks = [
                (number, block)
                for number, block in tables.blocks()
                if wanted is None or wanted in block.store_ids
            ]
            numbers = {number for number, _ in blocks}
            chosen = [
                chunk
                for chunk in chunks
                if chunk.block in numbers
                and (low is None or chunk.last_at >= low)
                and (high is None or chunk.first_at < high)
            ]
            copy = PollCopy.of(tables, chosen, self._path)
        for number, block in blocks:
            columns = poll_columns(block, packed.distinct(copy.polls(number)))
            batch = columns.where(wanted, start, end)
            if len(batch):
                yield batch

    def hours(self) -> HoursColumns:
        """The business hours of all shops that have any."""
        with self._reading() as tables:
            tables.verify(tables.chunks())
            return HoursColumns.concatenate(
                block.hours() for _, block in tables.blocks()
            )

    def timezones(self) -> Mapping[str, str]:
        """The time zones, by shop, of all that have one."""
        with self._reading() as tables:
            tables.verify(tables.chunks())
            zones: dict[str, str] = {}
            for _, block in tables.blocks():
                zones |= block.timezones()
            return zones

    def newest_poll(self) -> datetime | None:
        """The instant of the newest poll, or None without any."""
        with self._reading() as tables:
            chunks = tables.chunks()
            tables.verify(chunks)
        return to_datetime(max(chunk.last_at for chunk in chunks)) if chunks else None

    def quarantined(self) -> frozenset[str]:
        """The shops of rejected rows of hours and zones."""
        return self.snapshot().quarantined()

    def snapshot(self) -> SqliteSnapshot:
        """All that a report reads, copied at one moment.

        More than 64 MiB of polls are copied to a file without a name, beside the
        store's own.
        """
        with self._reading() as tables:
            return SqliteSnapshot(tables, self._path, repr(self))

    def snapshot_for(self, request: ReportRequest) -> SqliteSnapshot:
        """What a report of this request reads, copied at one moment.

        How long this takes depends on the length of the windows, and hardly on that of
        the history before them.
        """
        as_of = fixed_as_of(request)
        span = Span(min(first_instant(request), as_of + 1), as_of)
        listed = None if isinstance(request.stores, str) else request.stores
        with self._reading() as tables:
            return SqliteSnapshot(tables, self._path, repr(self), span, listed)

    def add_polls(
        self, polls: PollInput, *, on_error: OnError = "raise"
    ) -> IngestResult:
        """Add polls; see `uptime_core.capabilities.SupportsIngest`."""
        columns, rejected = new_polls(polls, on_error)
        with self._writing() as tables:
            result = sqlite_ingest.add_polls(tables, self._codes, columns)
        return self._ingested("polls", attrs.evolve(result, rejected=rejected))

    def set_hours(
        self,
        hours: HoursInput,
        replace: bool = False,  # noqa: FBT001, FBT002  # the public signature
        *,
        on_error: OnError = "raise",
        quarantine: Quarantine = NOBODY,
    ) -> IngestResult:
        """Replace business hours; see `uptime_core.capabilities.SupportsIngest`."""
        columns, bad, replaces, rejected = new_hours(
            hours, replace, on_error, quarantine
        )
        with self._writing() as tables:
            result = sqlite_ingest.set_hours(
                tables, self._codes, columns, bad, replace=replaces
            )
        return self._ingested("hours", attrs.evolve(result, rejected=rejected))

    def set_timezones(
        self,
        timezones: TimezonesInput,
        replace: bool = False,  # noqa: FBT001, FBT002  # the public signature
        *,
        on_error: OnError = "raise",
        quarantine: Quarantine = NOBODY,
    ) -> IngestResult:
        """Replace time zones; see `uptime_core.capabilities.SupportsIngest`."""
        names, bad, replaces, rejected = new_timezones(
            timezones, replace, on_error, quarantine
        )
        with self._writing() as tables:
            result = sqlite_ingest.set_timezones(
                tables, self._codes, names, bad, replace=replaces
            )
        return self._ingested("time zones", attrs.evolve(result, rejected=rejected))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that this thread writes in the ``with`` block is written, or nothing.

        Other writers, of the store and of a sink in the same file, wait meanwhile.
        """
        failure: BaseException | None = None
        with suppress(_UndoneError), self._database.write():
            try:
                yield
            except BaseException as error:  # raised again below
                failure = error  # not SQLite's, so not to be taken for one of its own
                raise _UndoneError from error
        if failure is not None:
            text = "%s: a transaction was undone, nothing of it is kept: %s"
            log.info(text, self._path, public(failure))
            raise failure

    def delete_before(self, instant: datetime) -> int:
        """Delete the polls from before an instant, but each shop's last one.

        The sums of windows that begin at or after `instant` stay as they are; how many
        polls there were does not. Polls from before it are not taken in any more.

        Args:
            instant: An aware datetime, no later than the newest poll; one before that
                of an earlier call does nothing, nor does any without polls.

        Returns:
            How many polls were deleted.

        Raises:
            InputError: It is later than the newest poll, or no aware datetime.
        """
        with located("delete_before", field="instant"):
            horizon = to_micros(instant)
            with self._writing() as tables:
                deleted = delete_polls_before(tables, horizon)
        polls, then = counted(deleted, "poll"), to_text(horizon)
        log.info("%s: %s from before %s are deleted", self._path, polls, then)
        return deleted

    def compact(self) -> None:
        """Merge all small chunks, and give room that is not needed back to the disk.

        Ingest merges chunks by itself, so this is for a store at rest. A killed
        process leaves some blocks of shops merged, and others as they were.
        """
        with self._reading() as tables:
            chunks = tables.chunks()
        for block in sorted({chunk.block for chunk in chunks}):
            with self._writing() as tables:
                merge_all_small_chunks(tables, block)
        self._database.shrink()
        with self._reading() as tables:
            now = len(tables.chunks())
        before = counted(len(chunks), "chunk")
        log.info("%s: compacted, %s are now %d", self._path, before, now)

    def check(self) -> None:
        """Read all there is and see whether it can be trusted.

        Raises:
            StoreCorruptError: It cannot.
        """
        with self._database.read() as connection:
            check_all(connection, self._tables(connection), self._path)

    def close(self) -> None:
        """Close the connections; closing twice is allowed."""
        self._database.close()

    def __repr__(self) -> str:
        return f"<SqliteStore: {self._path}>"

    @contextmanager
    def _reading(self) -> Iterator[Tables]:
        with self._database.read() as connection:
            yield self._tables(connection)

    def _ingested(self, what: str, result: IngestResult) -> IngestResult:
        log.info("%s: %s: %s", self._path, what, result)
        return result

    def _tables(self, connection: sqlite3.Connection) -> Tables:
        tables = Tables(connection, self._path)
        if self._identity not in (None, tables.state.identity):
            raise BackEndError(
                f"{self._path}: another file has taken the place of the one that was "
                "opened; open it anew"
            )
        return tables

    @contextmanager
    def _writing(self) -> Iterator[Tables]:
        with self._database.write() as connection:
            tables = self._tables(connection)
            yield tables
            tables.finish()


def _reopened(
    path: str, timeout: float, journal_mode: JournalMode, identity: str
) -> SqliteStore:
    """A store that was pickled: the same one, not a new one in its place."""
    if os.path.exists(path):  # noqa: PTH110  # a path as text
        store = SqliteStore(path, timeout=timeout, journal_mode=journal_mode)
        if store.identity == f"sqlite:{identity}":
            return store
        store.close()
    raise BackEndError(
        f"{path}: the store that was here is not here any more; open another one"
    )
