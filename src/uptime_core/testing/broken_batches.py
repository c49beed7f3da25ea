"""Stores that go wrong with some batches, callers or readers, each in one place."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from uptime_core.polls import PollColumns
from uptime_core.quarantine import NOBODY, Quarantine
from uptime_core.testing.broken import Faults
from uptime_core.testing.plain_stores import PlainStore
from uptime_core.testing.store_suite import store_back_end

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from uptime_core.ingest import IngestResult
    from uptime_core.inputs import PollInput, TimezonesInput
    from uptime_core.rejects import OnError
    from uptime_core.snapshot import SnapshotLike
    from uptime_core.testing.back_ends import StoreBackEnd
    from uptime_core.testing.plain_stores import Range
    from uptime_core.testing.store_model import PollRow, StoreModel

faults: Faults[StoreBackEnd] = Faults(store_back_end, transactions=True, retention=True)


@faults("store.statuses", "ingest.any-age", "store.polls", "ingest.forms")
class LateBatchesAreInverted(PlainStore):
    """In batches that are older than all before, up is down."""

    def take_polls(self, model: StoreModel, rows: list[PollRow]) -> IngestResult:
        newest = model.newest()
        if newest is None or any(at >= newest for _, at, _ in rows):
            return super().take_polls(model, rows)
        result = super().take_polls(model.copy(), rows)
        model.add_polls([(shop, at, not up) for shop, at, up in rows])
        return result


@faults("store.polls", "ingest.forms")
class LargeBatchesAreCutOff(PlainStore):
    """Of a batch, 65,536 polls are taken in."""

    def take_polls(self, model: StoreModel, rows: list[PollRow]) -> IngestResult:
        result = super().take_polls(model.copy(), rows)
        model.add_polls(rows[:65_536])
        return result


@faults("store.polls", "ingest.forms")
class SixteenBits(PlainStore):
    """Shops are numbered in 16 bits."""

    def polls(
        self,
        store_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Iterator[PollColumns]:
        for batch in super().polls(store_id, start, end):
            code = batch.code % 65_536
            yield PollColumns(batch.store_ids, code, batch.at, batch.status)


@faults("store.polls", "ingest.set", "ingest.added")
class TheLastOfAFullPageIsLost(PlainStore):
    """Of every 256 batches, one loses a poll."""

    batches: int = 0

    def take_polls(self, model: StoreModel, rows: list[PollRow]) -> IngestResult:
        result = super().take_polls(model, rows)
        self.batches += 1
        if self.batches % 256 == 0:
            model.polls -= set(rows[:1]) - self.model.polls
        return result


@faults("store.range")
class EndIsRoundedUp(PlainStore):
    """The end of a range is rounded up to milliseconds."""

    def is_asked(self, row: PollRow, asked: Range) -> bool:
        shop, low, high = asked
        end = None if high is None else -(-high // 1000) * 1000
        return super().is_asked(row, (shop, low, end))


@faults("store.range", "store.polls")
class TheOldestOfARangeIsLost(PlainStore):
    """Where a range begins before all polls, the first one is left out."""

    def is_asked(self, row: PollRow, asked: Range) -> bool:
        oldest = min(at for _, at, _ in self.current.polls)
        before = asked[1] is not None and asked[1] < oldest == row[1]
        return not before and super().is_asked(row, asked)


@faults("ingest.any-age")
class AnyYear(PlainStore):
    """Columns may have polls of any year."""

    def add_polls(
        self, polls: PollInput, *, on_error: OnError = "raise"
    ) -> IngestResult:
        if not isinstance(polls, PollColumns):
            return super().add_polls(polls, on_error=on_error)
        with self.transaction() as model:
            return self.take_polls(model, list(_rows(polls)))


def _rows(polls: PollColumns) -> Iterator[PollRow]:
    for code, at, up in zip(polls.code, polls.at, polls.status, strict=True):
        yield polls.store_ids[code], int(at), bool(up)


@faults("ingest.given")
class SortsWhatItIsGiven(PlainStore):
    """The caller's list is sorted."""

    def given(self, polls: PollInput) -> PollInput:
        if isinstance(polls, list):
            polls.sort(key=str)
        return polls


@faults("ingest.given")
class KeepsTheCallersZones(PlainStore):
    """The caller's mapping is what is in the store."""

    kept: Mapping[str, str] | None = None

    def set_timezones(
        self,
        timezones: TimezonesInput,
        replace: bool = False,  # noqa: FBT001, FBT002  # the public signature
        *,
        on_error: OnError = "raise",
        quarantine: Quarantine = NOBODY,
    ) -> IngestResult:
        result = super().set_timezones(
            timezones, replace, on_error=on_error, quarantine=quarantine
        )
        self.kept = timezones if isinstance(timezones, dict) else None
        return result

    def timezones(self) -> Mapping[str, str]:
        known, kept = super().timezones(), self.kept or {}
        return {shop: kept.get(shop, zone) for shop, zone in known.items()}


@faults("ingest.forms")
class NoneIsNothing(PlainStore):
    """None is taken for no zones, and forgets those of all shops."""

    def set_timezones(
        self,
        timezones: TimezonesInput,
        replace: bool = False,  # noqa: FBT001, FBT002  # the public signature
        *,
        on_error: OnError = "raise",
        quarantine: Quarantine = NOBODY,
    ) -> IngestResult:
        return super().set_timezones(
            timezones or {}, replace, on_error=on_error, quarantine=quarantine
        )


@faults("store.threads", "ingest.threads")
class EachThreadReadsOnce(PlainStore):
    """A thread sees what there was when it first read, and what it did itself."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: threading.local = threading.local()

    def timezones(self) -> Mapping[str, str]:
        known: Mapping[str, str] | None = getattr(self.seen, "zones", None)
        if known is None:
            self.seen.zones = known = super().timezones()
        return dict(known)

    def keep(self, model: StoreModel) -> None:
        super().keep(model)
        self.seen.zones = None


@faults("store.read-on")
class ReadersKeepTheLock(PlainStore):
    """Nobody can write while batches are read."""

    def polls(
        self,
        store_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Iterator[PollColumns]:
        self.lock.__enter__()
        yield from super().polls(store_id, start, end)
        self.lock.__exit__(None, None, None)


@faults("store.read-on", "ingest.threads")
class BatchesOfManyMoments(PlainStore):
    """Each batch is read when it is asked for."""

    def polls(
        self,
        store_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Iterator[PollColumns]:
        for shop in sorted({shop for shop, _, _ in self.current.polls}):
            if store_id in (None, shop):
                yield from super().polls(shop, start, end)


@faults("store.snapshot")
class SnapshotsOfOldHours(PlainStore):
    """A snapshot is made anew only when polls have come."""

    made: SnapshotLike | None = None

    def take_polls(self, model: StoreModel, rows: list[PollRow]) -> IngestResult:
        self.made = None
        return super().take_polls(model, rows)

    def snapshot(self) -> SnapshotLike:
        if self.made is None:
            self.made = super().snapshot()
        return self.made
