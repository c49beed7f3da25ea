"""Stores that are broken when several use them, or when polls are deleted."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import contextmanager, suppress
from datetime import UTC
from typing import TYPE_CHECKING

import attrs

from uptime_core.instants import to_datetime, to_micros
from uptime_core.testing.broken import Faults
from uptime_core.testing.plain_stores import PlainStore
from uptime_core.testing.store_model import MICROSECOND
from uptime_core.testing.store_suite import store_back_end

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from uptime_core.ingest import IngestResult
    from uptime_core.inputs import PollInput
    from uptime_core.rejects import OnError
    from uptime_core.testing.back_ends import StoreBackEnd
    from uptime_core.testing.plain_stores import Range
    from uptime_core.testing.store_model import PollRow, StoreModel

faults: Faults[StoreBackEnd] = Faults(store_back_end, transactions=True, retention=True)


@faults("ingest.threads")
class NotForThreads(PlainStore):
    """Threads that ingest at once undo what the others did."""

    def add_polls(
        self, polls: PollInput, *, on_error: OnError = "raise"
    ) -> IngestResult:
        if getattr(self._own, "model", None) is not None:
            return super().add_polls(polls, on_error=on_error)
        self._own.model = model = self.model.copy()
        try:
            result = super().add_polls(polls, on_error=on_error)
            self.model = model
        finally:
            self._own.model = None
        return result


@faults("ingest.threads")
class HalvesAreSeen(PlainStore):
    """A batch is taken in in two halves."""

    def take_polls(self, model: StoreModel, rows: list[PollRow]) -> IngestResult:
        first = model.copy()
        super().take_polls(first, rows[: len(rows) // 2])
        self.model = first
        time.sleep(0.001)
        return super().take_polls(model, rows)


@faults("ingest.whole", "ingest.raise", "ingest.threads")
class LeavesItsLock(PlainStore):
    """An ingest that fails leaves the store locked for others."""

    def add_polls(
        self, polls: PollInput, *, on_error: OnError = "raise"
    ) -> IngestResult:
        self.lock.__enter__()
        result = super().add_polls(polls, on_error=on_error)
        self.lock.__exit__(None, None, None)
        return result


class _Undone(PlainStore):
    """Something becomes of a transaction that is undone."""

    def undone(self, before: StoreModel, model: StoreModel) -> None:
        raise NotImplementedError

    @contextmanager
    def transaction(self) -> Iterator[StoreModel]:
        before, inner = self.model, self.current is not self.model
        with super().transaction() as model:
            try:
                yield model
            except BaseException:
                if not inner:
                    self.undone(before, model)
                raise


@faults("transaction.whole", "ingest.whole")
class ZonesAreNotUndone(_Undone):
    """The zones of a transaction stay when it is undone."""

    def undone(self, before: StoreModel, model: StoreModel) -> None:
        self.model: StoreModel = attrs.evolve(before, timezones=model.timezones)


@faults("transaction.nested")
class InnerBlocksAreNotUndone(PlainStore):
    """What an inner block has done stays when it is undone."""

    @contextmanager
    def transaction(self) -> Iterator[StoreModel]:
        if self.current is self.model:
            with super().transaction() as model:
                yield model
        else:
            yield self.current


@faults("transaction.nested")
class InnerBlocksUndoAll(PlainStore):
    """An exception that leaves an inner block undoes the outer one, too."""

    @contextmanager
    def transaction(self) -> Iterator[StoreModel]:
        outer = self.current
        try:
            with super().transaction() as model:
                yield model
        except BaseException:
            if outer is not self.model:
                outer.become(self.model.copy())
            raise


@faults("transaction.retention")
class HorizonsAreNotUndone(_Undone):
    """A transaction that is undone has forgotten old polls all the same."""

    def undone(self, before: StoreModel, model: StoreModel) -> None:
        self.model: StoreModel = attrs.evolve(before, horizon=model.horizon)


@faults("transaction.whole")
class TransactionsSwallowErrors(PlainStore):
    """An exception ends with the transaction that it undoes."""

    @contextmanager
    def transaction(self) -> Iterator[StoreModel]:
        inner = self.current is not self.model
        with suppress(*() if inner else (Exception,)), super().transaction() as model:
            yield model


@faults("transaction.others")
class TransactionsAreSeen(PlainStore):
    """Others see what a transaction has done so far."""

    def take_polls(self, model: StoreModel, rows: list[PollRow]) -> IngestResult:
        result = super().take_polls(model, rows)
        self.model = attrs.evolve(self.model, polls=set(model.polls))
        return result

    @contextmanager
    def transaction(self) -> Iterator[StoreModel]:
        before, inner = self.model, self.current is not self.model
        try:
            with super().transaction() as model:
                yield model
        except BaseException:
            if not inner:
                self.model: StoreModel = before
            raise


@faults("transaction.inside")
class OwnWorkIsNotSeen(PlainStore):
    """A thread does not see what it has done in its transaction."""

    def is_asked(self, row: PollRow, asked: Range) -> bool:
        return row in self.model.polls and super().is_asked(row, asked)


@faults("retention.deleted")
class TheLastPollIsDeletedToo(PlainStore):
    """Of a shop without new polls, nothing is left."""

    def delete_before(self, instant: datetime) -> int:
        deleted = super().delete_before(instant)
        horizon = to_micros(instant)
        self.model.polls = {row for row in self.model.polls if row[1] >= horizon}
        return deleted


@faults("retention.deleted", "retention.expired", "retention.reports")
class HorizonIsDeletedToo(PlainStore):
    """A poll at the instant itself is deleted."""

    def delete_before(self, instant: datetime) -> int:
        return super().delete_before(instant + MICROSECOND)


@faults("retention.naive")
class NaiveInstantsAreUtc(PlainStore):
    """An instant without a time zone is taken for one in UTC."""

    def delete_before(self, instant: datetime) -> int:
        naive = instant.tzinfo is None
        return super().delete_before(instant.replace(tzinfo=UTC) if naive else instant)


@faults("retention.later")
class TheFutureIsForgotten(PlainStore):
    """An instant in the future of all polls is taken, and so no poll any more."""

    def delete_before(self, instant: datetime) -> int:
        with self.transaction() as model:
            if not model.polls:
                return 0
            before = len(model.kept_polls())
            model.horizon = max(to_micros(instant), model.horizon or 0)
            return before - len(model.kept_polls())


@faults("retention.expired")
class OldPollsComeBack(PlainStore):
    """Polls from before what was deleted are taken in again."""

    def take_polls(self, model: StoreModel, rows: list[PollRow]) -> IngestResult:
        horizon, model.horizon = model.horizon, None
        result = super().take_polls(model, rows)
        model.horizon = horizon
        return result


@faults("retention.expired")
class OldPollsAreRepeats(PlainStore):
    """Polls from before what was deleted count as repeated."""

    def take_polls(self, model: StoreModel, rows: list[PollRow]) -> IngestResult:
        result = super().take_polls(model, rows)
        told = result.repeated + result.expired
        return attrs.evolve(result, expired=0, repeated=told)


@faults("retention.earlier", "retention.deleted", "retention.expired")
class TheHorizonGoesBack(PlainStore):
    """An earlier instant lets older polls in again."""

    def delete_before(self, instant: datetime) -> int:
        deleted = super().delete_before(instant)
        horizon = to_micros(instant)
        self.model.polls = set(self.model.kept_polls())
        self.model.horizon = horizon
        return deleted


@faults("transaction.whole")
class InterruptsAreNoErrors(PlainStore):
    """A transaction that Ctrl-C leaves is done."""

    @contextmanager
    def transaction(self) -> Iterator[StoreModel]:
        interrupt: KeyboardInterrupt | None = None
        with super().transaction() as model:
            try:
                yield model
            except KeyboardInterrupt as error:
                interrupt = error
        if interrupt is not None:
            raise interrupt


@faults("store.newest")
class NewestIsNotUndone(PlainStore):
    """The newest poll is that of a transaction that was undone."""

    newest: int | None = None

    def take_polls(self, model: StoreModel, rows: list[PollRow]) -> IngestResult:
        result = super().take_polls(model, rows)
        known = [at for at in (self.newest, model.newest()) if at is not None]
        self.newest = max(known, default=None)
        return result

    def newest_poll(self) -> datetime | None:
        return None if self.newest is None else to_datetime(self.newest)


@faults("retention.deleted")
class ALonelyPollIsDeleted(PlainStore):
    """Of a shop of which one old poll is left, nothing is."""

    def delete_before(self, instant: datetime) -> int:
        deleted = super().delete_before(instant)
        kept = Counter(shop for shop, _, _ in self.model.kept_polls())
        horizon = to_micros(instant)
        self.model.polls = {
            row for row in self.model.polls if kept[row[0]] > 1 or row[1] >= horizon
        }
        return deleted
