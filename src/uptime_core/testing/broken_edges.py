"""Stores that are broken on purpose at an edge of what they are asked or given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from uptime_core.schedule import HoursColumns
from uptime_core.stores.memory import MemoryStore
from uptime_core.stores.sqlite import SqliteStore
from uptime_core.testing.broken import Faults
from uptime_core.testing.store_model import DAY, EPOCH
from uptime_core.testing.store_suite import store_back_end

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from uptime_core.polls import PollColumns
    from uptime_core.testing.back_ends import StoreBackEnd

faults: Faults[StoreBackEnd] = Faults(store_back_end)


@faults("store.instants")
class FirstPassOnly(MemoryStore):
    """Of what a clock reads twice, a bound is the first pass."""

    def polls(
        self,
        store_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Iterator[PollColumns]:
        start = None if start is None else start.replace(fold=0)
        return super().polls(store_id, start, end)


@faults("store.range")
class ZeroIsNoBound(MemoryStore):
    """A bound at the beginning of 1970 bounds nothing."""

    def polls(
        self,
        store_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Iterator[PollColumns]:
        end = None if end == EPOCH else end
        return super().polls(store_id, start, end)


@faults("ingest.forms", "store.hours")
class ADayAtMost(MemoryStore):
    """Of a row of hours, 24 hours are kept."""

    def hours(self) -> HoursColumns:
        hours = super().hours()
        ends = np.minimum(hours.end, hours.start + DAY)
        return HoursColumns(hours.store_ids, hours.code, hours.start, ends)


@faults("store.unknown-id")
class NoIdIsEveryId(MemoryStore):
    """The polls of a shop whose id is empty are those of all."""

    def polls(
        self,
        store_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Iterator[PollColumns]:
        return super().polls(store_id or None, start, end)


@faults("store.identity", file="store.db")
class NamesAreIdentities(SqliteStore):
    """Files in folders of one name are taken for the same."""

    @property
    def identity(self) -> str:
        return Path(self.path).parent.name
