"""A store that fails when the test says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptime_core.abc import Store
from uptime_core.errors import InputError, shown
from uptime_core.testing.faults.plan import Faulty

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    from uptime_core.polls import PollColumns
    from uptime_core.rejects import RejectedRow
    from uptime_core.request import ReportRequest
    from uptime_core.schedule import HoursColumns
    from uptime_core.snapshot import SnapshotLike
    from uptime_core.testing.faults.plan import Call, Error, When

_METHODS = (
    *("polls", "hours", "timezones", "newest_poll", "rejected", "quarantined"),
    *("snapshot", "snapshot_for"),
)


class FaultyStore(Faulty, Store):
    """A store that fails at its n-th call, around another store.

    It has the identity of the other one, so that reports over either are over both,
    and takes data in, has transactions and whatever else exactly if that one does. It
    may be used from several threads. An iterator over polls that fails after the call
    fails after its last batch.

    >>> from uptime_core import MemoryStore
    >>> store = FaultyStore(MemoryStore(), fail_at=2, error=OSError("unplugged"))
    >>> store.timezones()
    {}
    >>> store.timezones()
    Traceback (most recent call last):
    OSError: unplugged
    >>> store.timezones(), store.calls["timezones"], store.failures
    ({}, 3, 1)

    Args:
        store: The other store.
        fail_at: Which call fails, from 1.
        error: What it raises: an exception, its class, or a function that makes one;
            by default a `BackEndError` that says which call it was.
        when: Whether it fails `before` it has done anything, or `after` all is done.
        methods: Only calls of these methods count; by default all do, `close` too.
        times: How many calls in a row fail; None is all from then on.

    Raises:
        InputError: An argument is none of these.
    """

    def __init__(
        self,
        store: Store,
        fail_at: int = 1,
        *,
        error: Error = None,
        when: When = "before",
        methods: Collection[str] | None = None,
        times: int | None = 1,
    ) -> None:
        if not isinstance(store, Store):
            raise InputError(f"{shown(store)} is not a Store", source="FaultyStore")
        self._store = store
        self.watch(
            store,
            _METHODS,
            fail_at=fail_at,
            error=error,
            when=when,
            methods=methods,
            times=times,
        )

    @property
    def identity(self) -> str:
        """That of the inner store; asking for it never fails."""
        return str(self._store.identity)

    def polls(
        self,
        store_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Iterator[PollColumns]:
        """The inner store's polls."""
        call = self.calling("polls")
        call.__enter__()  # so that it fails at once, not at the first batch
        return self._batches(call, self._store.polls(store_id, start, end))

    def _batches(
        self, call: Call, batches: Iterator[PollColumns]
    ) -> Iterator[PollColumns]:
        yield from batches
        call.__exit__(None, None, None)

    def hours(self) -> HoursColumns:
        """The inner store's business hours."""
        return self.around("hours", self._store.hours)

    def timezones(self) -> Mapping[str, str]:
        """The inner store's time zones."""
        return self.around("timezones", self._store.timezones)

    def newest_poll(self) -> datetime | None:
        """The inner store's newest poll."""
        return self.around("newest_poll", self._store.newest_poll)

    def rejected(self) -> tuple[RejectedRow, ...]:
        """The inner store's rejected rows."""
        return self.around("rejected", self._store.rejected)

    def quarantined(self) -> frozenset[str]:
        """The inner store's shops in quarantine."""
        return self.around("quarantined", self._store.quarantined)

    def snapshot(self) -> SnapshotLike:
        """The inner store's snapshot."""
        return self.around("snapshot", self._store.snapshot)

    def snapshot_for(self, request: ReportRequest) -> SnapshotLike:
        """The inner store's snapshot for a request."""
        return self.around("snapshot_for", self._store.snapshot_for, request)
