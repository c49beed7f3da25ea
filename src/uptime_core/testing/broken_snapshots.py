"""Stores whose snapshots and other gifts are broken on purpose, each in one place."""

from __future__ import annotations

import os
import time
from datetime import UTC
from typing import TYPE_CHECKING

import attrs

from uptime_core.compute import first_instant
from uptime_core.testing.broken import Faults
from uptime_core.testing.plain_stores import PlainStore, columns_of, rows_of
from uptime_core.testing.store_suite import store_back_end

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from uptime_core.polls import PollColumns
    from uptime_core.request import ReportRequest
    from uptime_core.snapshot import Snapshot, SnapshotLike
    from uptime_core.testing.back_ends import StoreBackEnd

faults: Faults[StoreBackEnd] = Faults(store_back_end, transactions=True, retention=True)


class _Parts:
    """A snapshot of some parts, which are asked for when they are needed."""

    def __init__(self, whole: Snapshot, parts: list[Snapshot]) -> None:
        self._whole = whole
        self._parts = parts
        self.source = whole.source
        self.shops = whole.shops

    def newest(self) -> int | None:
        return self._whole.newest()

    def parts(self) -> Iterator[Snapshot]:
        return iter(self._parts)


@faults("store.parts", "store.snapshot")
class ShopsInTwoParts(PlainStore):
    """The polls of a shop are in several parts of a snapshot."""

    def snapshot(self) -> SnapshotLike:
        whole = self.current.snapshot()
        rows = rows_of(whole.polls)
        parts = [rows[::2], rows[1::2]]
        first, second = (attrs.evolve(whole, polls=columns_of(part)) for part in parts)
        return _Parts(whole, [first, attrs.evolve(second, timezones={})])


class _LiveStore(PlainStore):
    """A store that its snapshots hold on to."""

    is_closed: bool = False


class _Live:
    """A snapshot that reads its store when it is read."""

    source = "polls"

    def __init__(self, store: _LiveStore) -> None:
        self._store = store

    @property
    def shops(self) -> int:
        return self._now().shops

    def newest(self) -> int | None:
        return self._now().newest()

    def parts(self) -> Iterator[Snapshot]:
        return self._now().parts()

    def _now(self) -> Snapshot:
        if self._store.is_closed:
            raise ValueError("the store is closed")
        return self._store.current.snapshot()


@faults("store.snapshot-stays")
class SnapshotsAreLive(_LiveStore):
    """A snapshot changes with its store."""

    def snapshot(self) -> SnapshotLike:
        return _Live(self)


@faults("store.snapshot-stays")
class SnapshotsNeedTheStore(_LiveStore):
    """A snapshot cannot be read when its store is closed."""

    def snapshot(self) -> SnapshotLike:
        return _ClosedWith(self, self.current.snapshot())

    def close(self) -> None:
        self.is_closed = True


class _ClosedWith(_Parts):
    """A snapshot that ends with its store."""

    def __init__(self, store: _LiveStore, whole: Snapshot) -> None:
        super().__init__(whole, [whole])
        self._store = store

    def parts(self) -> Iterator[Snapshot]:
        if self._store.is_closed:
            raise ValueError("the store is closed")
        return super().parts()


@faults("store.snapshot")
class SnapshotsForgetShopsWithoutPolls(PlainStore):
    """A snapshot has the shops that were polled only."""

    def snapshot(self) -> SnapshotLike:
        polled = {shop for shop, _, _ in self.current.polls}
        model = self.current.copy()
        model.hours = {s: rows for s, rows in model.hours.items() if s in polled}
        return model.snapshot()


@faults("store.snapshot")
class SnapshotsTakeAWhile(PlainStore):
    """The parts of a snapshot are read one after the other."""

    def snapshot(self) -> SnapshotLike:
        before = self.current.snapshot()
        time.sleep(0.001)
        now = self.current.snapshot()
        return attrs.evolve(before, hours=now.hours, timezones=now.timezones)


@faults("store.quarantined")
class SnapshotsForgetTheQuarantine(PlainStore):
    """A snapshot does not say who is in quarantine."""

    def snapshot(self) -> SnapshotLike:
        return attrs.evolve(self.current.snapshot(), quarantined=frozenset())


@faults("store.snapshot-for")
class NothingFromBeforeTheWindows(PlainStore):
    """A report does not read the last poll from before its windows."""

    def snapshot_for(self, request: ReportRequest) -> SnapshotLike:
        first = first_instant(request)
        model = self.current.copy()
        model.polls = {row for row in model.polls if row[1] >= first}
        return model.snapshot()


@faults("store.snapshot-for")
class NothingOfThePastIsCounted(PlainStore):
    """A report reads what its sums need, and counts no more than that."""

    def snapshot_for(self, request: ReportRequest) -> SnapshotLike:
        first = first_instant(request)
        model = self.current.copy()
        last: dict[str, int] = {}
        for shop, at, _ in model.polls:
            if at < first:
                last[shop] = max(at, last.get(shop, at))
        model.polls = {r for r in model.polls if r[1] >= last.get(r[0], first)}
        return model.snapshot()


@faults("store.read-stays")
class ZonesAreLive(PlainStore):
    """The zones that are given are those of the store itself."""

    def timezones(self) -> Mapping[str, str]:
        return self.current.timezones


@faults("store.identity", "store.shared", "store.durable")
class AllStoresAreOne(PlainStore):
    """All stores have the same identity."""

    @property
    def identity(self) -> str:
        return "store"


@faults("store.identity")
class NoStoreIsItself(PlainStore):
    """A store has another identity each time."""

    @property
    def identity(self) -> str:
        return os.urandom(8).hex()


@faults("store.close")
class ClosesOnce(PlainStore):
    """A store that is closed cannot be closed again."""

    is_closed: bool = False

    def close(self) -> None:
        if self.is_closed:
            raise ValueError("it is closed")
        self.is_closed = True


@faults("store.sorted", sorted_batches=True)
class Unsorted(PlainStore):
    """Batches are in the order of instants, whatever their shops."""

    def polls(
        self,
        store_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Iterator[PollColumns]:
        for batch in super().polls(store_id, start, end):
            yield columns_of(sorted(rows_of(batch), key=lambda row: row[1]))


@faults("store.naive-bound")
class NaiveIsUtc(PlainStore):
    """A bound without a time zone is taken for one in UTC."""

    def polls(
        self,
        store_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Iterator[PollColumns]:
        bounds = (
            t if t is None or t.tzinfo is not None else t.replace(tzinfo=UTC)
            for t in (start, end)
        )
        return super().polls(store_id, *bounds)


@faults("store.threads", "ingest.threads", "store.snapshot")
class OneReaderAtATime(PlainStore):
    """Two threads that read at once disturb each other."""

    reads: bool = False

    def timezones(self) -> Mapping[str, str]:
        if self.reads:
            raise RuntimeError("another thread reads")
        self.reads = True
        time.sleep(0.002)
        self.reads = False
        return super().timezones()

    def snapshot(self) -> SnapshotLike:
        return attrs.evolve(self.current.snapshot(), timezones=self.timezones())
