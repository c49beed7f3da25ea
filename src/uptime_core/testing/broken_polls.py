"""Stores whose polls are broken on purpose, each in one place."""

from __future__ import annotations

import unicodedata
from datetime import UTC
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import attrs

from uptime_core.errors import InputError
from uptime_core.instants import to_datetime
from uptime_core.polls import PollColumns
from uptime_core.testing.broken import Faults
from uptime_core.testing.plain_stores import PlainStore
from uptime_core.testing.store_suite import store_back_end

if TYPE_CHECKING:
    from datetime import datetime

    from uptime_core.ingest import IngestResult
    from uptime_core.inputs import PollInput
    from uptime_core.rejects import OnError
    from uptime_core.testing.back_ends import StoreBackEnd
    from uptime_core.testing.plain_stores import Range
    from uptime_core.testing.store_model import PollRow, StoreModel

faults: Faults[StoreBackEnd] = Faults(store_back_end, transactions=True, retention=True)


@faults("store.polls", "ingest.forms")
class LosesTheLastPoll(PlainStore):
    """The last poll of a batch is lost."""

    def take_polls(self, model: StoreModel, rows: list[PollRow]) -> IngestResult:
        result = super().take_polls(model, rows)
        model.polls -= set(rows[-1:]) - self.model.polls
        return result


@faults("store.polls")
class TenShopsOnly(PlainStore):
    """Only the first ten shops are read."""

    def is_asked(self, row: PollRow, asked: Range) -> bool:
        shops = sorted({shop for shop, _, _ in self.current.polls})[:10]
        return row[0] in shops and super().is_asked(row, asked)


@faults("store.range")
class EndIsIn(PlainStore):
    """A poll at the end of a range is in it."""

    def is_asked(self, row: PollRow, asked: Range) -> bool:
        shop, low, high = asked
        return super().is_asked(row, (shop, low, None if high is None else high + 1))


@faults("store.range")
class StartIsOut(PlainStore):
    """A poll at the start of a range is not in it."""

    def is_asked(self, row: PollRow, asked: Range) -> bool:
        shop, low, high = asked
        return super().is_asked(row, (shop, None if low is None else low + 1, high))


@faults("store.range", "store.empty-range")
class EndAloneIsIgnored(PlainStore):
    """An end without a start bounds nothing."""

    def is_asked(self, row: PollRow, asked: Range) -> bool:
        shop, low, high = asked
        return super().is_asked(row, (shop, low, None if low is None else high))


@faults("store.range", "store.empty-range")
class ShopIsIgnoredInRanges(PlainStore):
    """A range of one shop is a range of all."""

    def is_asked(self, row: PollRow, asked: Range) -> bool:
        shop, low, high = asked
        return super().is_asked(row, (None if low is not None else shop, low, high))


@faults("store.ids", "store.unknown-id")
class IdsArePatterns(PlainStore):
    """An id that is asked for is taken for a pattern."""

    def is_asked(self, row: PollRow, asked: Range) -> bool:
        fits = fnmatchcase(row[0], asked[0] or "*")
        return fits and super().is_asked(row, (None, *asked[1:]))


@faults("store.ids")
class IdsInOneCase(PlainStore):
    """Ids are told apart without their case."""

    def stored(self, row: PollRow) -> PollRow:
        return row[0].casefold(), *row[1:]


@faults("store.ids")
class IdsNormalized(PlainStore):
    """Ids that look the same are one id."""

    def stored(self, row: PollRow) -> PollRow:
        return unicodedata.normalize("NFC", row[0]), *row[1:]


@faults("store.ids")
class IdsStripped(PlainStore):
    """More than blanks is cut off ids."""

    def stored(self, row: PollRow) -> PollRow:
        return row[0].strip() or row[0], *row[1:]


@faults("store.ids")
class IdsCutOff(PlainStore):
    """Long ids are cut off."""

    def stored(self, row: PollRow) -> PollRow:
        return row[0][:199], *row[1:]


@faults("store.ids")
class IdsAreFloats(PlainStore):
    """Long numbers are rounded."""

    def stored(self, row: PollRow) -> PollRow:
        shop = row[0]
        rounded = f"{float(shop):.0f}" if len(shop) > 15 and shop.isdigit() else shop
        return rounded, *row[1:]


@faults("store.instants", "store.polls")
class Milliseconds(PlainStore):
    """Microseconds are cut off."""

    def stored(self, row: PollRow) -> PollRow:
        return row[0], row[1] // 1000 * 1000, row[2]


@faults("store.instants", "store.polls")
class BeforeTheEpoch(PlainStore):
    """Instants before 1970 are rounded towards it."""

    def stored(self, row: PollRow) -> PollRow:
        shop, at, up = row
        return shop, at if at >= 0 else -(-at // 1_000_000) * 1_000_000, up


@faults("store.instants")
class ThirtyTwoBits(PlainStore):
    """Seconds are kept in 32 bits."""

    def stored(self, row: PollRow) -> PollRow:
        seconds, rest = divmod(row[1], 1_000_000)
        return row[0], ((seconds + 2**31) % 2**32 - 2**31) * 1_000_000 + rest, row[2]


@faults("store.instants", "ingest.forms", "store.polls")
class WallClocks(PlainStore):
    """The zone of a datetime is thrown away."""

    def given(self, polls: PollInput) -> PollInput:
        if not isinstance(polls, list):
            return polls
        PollColumns.from_rows(polls)
        return [(shop, at.replace(tzinfo=UTC), up) for shop, at, up in polls]


@faults("ingest.raise")
class BadStatusIsUp(PlainStore):
    """Whatever is no status is taken for up."""

    def given(self, polls: PollInput) -> PollInput:
        if not isinstance(polls, list):
            return polls
        return [(*row[:2], True) if row[2:] == ("up",) else row for row in polls]


@faults("ingest.raise", "ingest.whole")
class KeepsWhatCameBefore(PlainStore):
    """An ingest that fails at a bad row keeps the rows before it."""

    def add_polls(
        self, polls: PollInput, *, on_error: OnError = "raise"
    ) -> IngestResult:
        if not isinstance(polls, list) or on_error != "raise":
            return super().add_polls(polls, on_error=on_error)
        rows: list[Any] = []
        for row in polls:
            try:
                PollColumns.from_rows([row])
            except InputError:
                super().add_polls(rows)
                raise
            rows.append(row)
        return super().add_polls(rows)


@faults("ingest.collect")
class RejectsAreNotTold(PlainStore):
    """Bad rows are set aside, and nobody hears of it."""

    def add_polls(
        self, polls: PollInput, *, on_error: OnError = "raise"
    ) -> IngestResult:
        return attrs.evolve(super().add_polls(polls, on_error=on_error), rejected=())


class _Filtered(PlainStore):
    """Takes in some of the polls of a batch."""

    def wanted(self, model: StoreModel, row: PollRow) -> bool:
        raise NotImplementedError

    def take_polls(self, model: StoreModel, rows: list[PollRow]) -> IngestResult:
        result = super().take_polls(model.copy(), rows)
        for row in rows:
            if self.wanted(model, row):
                model.add_polls([row])
        return result


@faults("store.statuses", "store.polls", "ingest.set")
class FirstStatusWins(_Filtered):
    """Of an instant with both statuses, the first to come is kept."""

    def wanted(self, model: StoreModel, row: PollRow) -> bool:
        shop, at, up = row
        return (shop, at, not up) not in model.polls


@faults("ingest.any-age", "store.polls")
class LatePollsAreLost(_Filtered):
    """Polls that are older than the newest are not taken in."""

    def wanted(self, model: StoreModel, row: PollRow) -> bool:
        before = self.model.newest() if model is not self.model else None
        return before is None or row[1] >= before


@faults("store.polls", "ingest.forms")
class OneShopAnInstant(_Filtered):
    """Of a batch, one poll of each instant and status is taken in."""

    def wanted(self, model: StoreModel, row: PollRow) -> bool:
        new = model.polls - self.model.polls
        return all(row[1:] != known[1:] for known in new)


@faults("store.statuses", "store.polls", "ingest.set")
class DownWinsAtOnce(PlainStore):
    """Of an instant with both statuses, only down is kept."""

    def take_polls(self, model: StoreModel, rows: list[PollRow]) -> IngestResult:
        result = super().take_polls(model, rows)
        model.polls -= {(s, t, True) for s, t, up in model.polls if not up}
        return result


@faults("ingest.set", "store.polls", "ingest.added")
class ForgetsOldBatches(PlainStore):
    """Of many batches, the first are forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[set[PollRow]] = []

    def take_polls(self, model: StoreModel, rows: list[PollRow]) -> IngestResult:
        result = super().take_polls(model, rows)
        self.batches.append(set(rows))
        if len(self.batches) > 64:
            model.polls -= self.batches.pop(0)
        return result


@faults("ingest.added")
class RepeatsAreAdded(PlainStore):
    """Polls that were there already are counted as new."""

    def take_polls(self, model: StoreModel, rows: list[PollRow]) -> IngestResult:
        result = super().take_polls(model, rows)
        return attrs.evolve(result, added=result.added + result.repeated, repeated=0)


@faults("ingest.repeated")
class RepeatsAreNotTold(PlainStore):
    """Repeats in a batch are not counted."""

    def take_polls(self, model: StoreModel, rows: list[PollRow]) -> IngestResult:
        return super().take_polls(model, list(dict.fromkeys(rows)))


@faults("ingest.conflicting")
class ConflictsAreNotTold(PlainStore):
    """Conflicts are not counted."""

    def take_polls(self, model: StoreModel, rows: list[PollRow]) -> IngestResult:
        return attrs.evolve(super().take_polls(model, rows), conflicting=0)


@faults("store.newest")
class NewestOfTheLastBatch(PlainStore):
    """The newest poll is that of the last batch."""

    last: int | None = None

    def take_polls(self, model: StoreModel, rows: list[PollRow]) -> IngestResult:
        self.last = max((at for _, at, _ in rows), default=self.last)
        return super().take_polls(model, rows)

    def newest_poll(self) -> datetime | None:
        return None if self.last is None else to_datetime(self.last)


@faults("store.newest")
class NewestThatWasUp(PlainStore):
    """The newest poll is looked for among those that were up."""

    def newest_poll(self) -> datetime | None:
        newest = max((at for _, at, up in self.current.polls if up), default=None)
        return None if newest is None else to_datetime(newest)
