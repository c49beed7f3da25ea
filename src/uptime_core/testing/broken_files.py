"""Stores that lose or mix up what other processes need, on purpose."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import attrs

from uptime_core.ingest_arguments import new_polls
from uptime_core.polls import PollColumns
from uptime_core.quarantine import NOBODY
from uptime_core.stores.sqlite import SqliteStore
from uptime_core.testing.broken import Faults
from uptime_core.testing.plain_stores import (
    PlainFileStore,
    PlainStore,
    from_json,
    to_json,
)
from uptime_core.testing.store_suite import store_back_end

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from uptime_core.ingest import IngestResult
    from uptime_core.inputs import PollInput
    from uptime_core.rejects import OnError
    from uptime_core.testing.back_ends import StoreBackEnd
    from uptime_core.testing.store_model import StoreModel

faults: Faults[StoreBackEnd] = Faults(
    store_back_end, transactions=True, retention=True, durable=True
)
_SQLITE = {"sorted_batches": True, "shared": True}


@faults("store.durable", "store.identity")
class EndsWithTheProcess(PlainStore):
    """What it holds is in memory only."""


_KEPT: dict[Path, StoreModel] = {}


@faults("store.durable", file="store.json")
class IsKeptInTheProcess(PlainFileStore):
    """What it holds is kept for later stores of the same process."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.model: StoreModel = _KEPT.get(path, self.model)

    def keep(self, model: StoreModel) -> None:
        _KEPT[self.path] = self.model = model


@faults("store.durable", file="store.json")
class WritesInPlace(PlainFileStore):
    """The file is written in its place, and is torn when the process ends meanwhile."""

    def keep(self, model: StoreModel) -> None:
        with self.path.open("w", encoding="utf-8") as file:
            file.write(to_json(model)[:100])
            file.flush()
            file.write(to_json(model)[100:])
        self.model = model


@faults("store.durable", file="store.json")
class WritesLater(PlainFileStore):
    """What a call has done is written with the next call, or when it is closed."""

    def keep(self, model: StoreModel) -> None:
        super().keep(self.model)
        self.model = model

    def close(self) -> None:
        super().keep(self.model)


@faults("store.durable", file="store.json")
class ForgetsTheQuarantine(PlainFileStore):
    """Who is in quarantine is not written."""

    def keep(self, model: StoreModel) -> None:
        super().keep(attrs.evolve(model, bad_hours=NOBODY, bad_timezones=NOBODY))
        self.model = model


@faults("store.durable", "ingest.whole", file="store.json")
class WritesZonesApart(PlainFileStore):
    """Zones are in a file of their own, which is written after the other."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.zones: Path = path.with_suffix(".zones")
        if self.zones.exists():
            self.model.timezones = json.loads(self.zones.read_text("utf-8"))

    def keep(self, model: StoreModel) -> None:
        super().keep(model)
        partial = self.zones.with_suffix(".partial")
        partial.write_text(json.dumps(model.timezones), "utf-8")
        partial.replace(self.zones)


@faults("ingest.whole", file="store.json")
class KeepsWhatCouldNotBeWritten(PlainFileStore):
    """What could not be written to the file is there all the same, for a while."""

    def keep(self, model: StoreModel) -> None:
        self.model = model
        super().keep(model)


@faults("store.damage", file="store.json", notices_damage=True)
class TrustsItsFile(PlainFileStore):
    """A damaged file is read as if it were whole."""

    def __init__(self, path: Path) -> None:
        try:
            super().__init__(path)
        except (ValueError, KeyError, TypeError):
            self.model: StoreModel = from_json(to_json(self.model))


@faults("store.durable", "ingest.threads", file="store.db", **_SQLITE)
class TwoTransactions(SqliteStore):
    """A batch of polls is two transactions."""

    def add_polls(
        self, polls: PollInput, *, on_error: OnError = "raise"
    ) -> IngestResult:
        columns, rejected = new_polls(polls, on_error)
        half = len(columns) // 2
        first, second = (
            PollColumns(
                columns.store_ids,
                columns.code[part],
                columns.at[part],
                columns.status[part],
            )
            for part in (slice(half), slice(half, None))
        )
        result = super().add_polls(first) + super().add_polls(second)
        return attrs.evolve(result, rejected=rejected)


@faults("store.shared", file="store.db", **_SQLITE)
class ReadsZonesOnce(SqliteStore):
    """The zones are read once, and are those of that moment for ever."""

    zones: Mapping[str, str] | None = None

    def timezones(self) -> Mapping[str, str]:
        if self.zones is None:
            self.zones = super().timezones()
        return dict(self.zones)


@faults("store.shared", "store.identity", file="store.db", **_SQLITE)
class IsAnotherOneEachTime(SqliteStore):
    """A store of the same file is taken for another one."""

    @property
    def identity(self) -> str:
        return f"{super().identity}:{id(self)}"


@faults("retention.expired", "store.durable", file="store.json")
class ForgetsTheHorizon(PlainFileStore):
    """What was deleted comes back after a restart."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.model.polls = set(self.model.kept_polls())
        self.model.horizon = None


@faults("store.durable", "store.hours", file="store.json")
class ForgetsClosedShops(PlainFileStore):
    """A shop that is always closed has no hours after a restart."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        hours = self.model.hours.items()
        self.model.hours = {shop: rows for shop, rows in hours if rows}
