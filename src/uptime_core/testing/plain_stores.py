"""Plain stores that are right, made to be broken in one place.

They are slow, and for tests only: `uptime_core.testing.broken_stores` derives from
them.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import attrs
import numpy as np

from uptime_core.abc import Store
from uptime_core.ingest_arguments import new_hours, new_polls, new_timezones
from uptime_core.instants import to_datetime, to_micros
from uptime_core.polls import PollColumns
from uptime_core.quarantine import NOBODY, Quarantine
from uptime_core.testing.folders import write_whole
from uptime_core.testing.store_model import StoreModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from uptime_core.ingest import IngestResult
    from uptime_core.inputs import HoursInput, PollInput, TimezonesInput
    from uptime_core.rejects import OnError
    from uptime_core.schedule import HoursColumns
    from uptime_core.snapshot import SnapshotLike
    from uptime_core.testing.store_model import PollRow, WeekRow

    Range = tuple[str | None, int | None, int | None]


class PlainStore(Store):
    """Keeps sets and dictionaries, and copies them for each ingest.

    Attributes:
        model: What is in it.
    """

    def __init__(self) -> None:
        self.model: StoreModel = StoreModel()
        self.lock: AbstractContextManager[object] = threading.RLock()
        self._own = threading.local()

    @property
    def current(self) -> StoreModel:
        """What this thread sees: what is in it, or its transaction so far."""
        own: StoreModel | None = getattr(self._own, "model", None)
        return self.model if own is None else own

    def is_asked(self, row: PollRow, asked: Range) -> bool:
        """Whether `polls` gives a row."""
        shop, low, high = asked
        return (
            (shop is None or row[0] == shop)
            and (low is None or row[1] >= low)
            and (high is None or row[1] < high)
        )

    def polls(
        self,
        store_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Iterator[PollColumns]:
        """The polls of a shop, or of all, from `start` to `end`."""
        low, high = (None if t is None else to_micros(t) for t in (start, end))
        rows = sorted(self.current.kept_polls())
        asked = [row for row in rows if self.is_asked(row, (store_id, low, high))]
        return iter([columns_of(asked)] if asked else [])

    def hours(self) -> HoursColumns:
        """The business hours."""
        return self.current.snapshot().hours

    def timezones(self) -> Mapping[str, str]:
        """The time zones."""
        return dict(self.current.timezones)

    def newest_poll(self) -> datetime | None:
        """The newest poll's instant."""
        newest = self.current.newest()
        return None if newest is None else to_datetime(newest)

    def quarantined(self) -> frozenset[str]:
        """The shops that reports leave out."""
        return self.current.data().quarantined

    def snapshot(self) -> SnapshotLike:
        """All of it."""
        return self.current.snapshot()

    @contextmanager
    def transaction(self) -> Iterator[StoreModel]:
        """All that this thread does in the block is done, or nothing."""
        with self.lock:
            outer: StoreModel | None = getattr(self._own, "model", None)
            self._own.model = model = self.current.copy()
            try:
                yield model
                if outer is None:
                    self.keep(model)
                else:
                    outer.become(model)
            finally:
                self._own.model = outer

    def keep(self, model: StoreModel) -> None:
        """Let it be what is in the store."""
        self.model = model

    def add_polls(
        self, polls: PollInput, *, on_error: OnError = "raise"
    ) -> IngestResult:
        """Add polls."""
        columns, rejected = new_polls(self.given(polls), on_error)
        with self.transaction() as model:
            result = self.take_polls(model, rows_of(columns))
        return attrs.evolve(result, rejected=rejected)

    def given(self, polls: PollInput) -> PollInput:
        """Polls as they are handed in."""
        return polls

    def take_polls(self, model: StoreModel, rows: list[PollRow]) -> IngestResult:
        """Take in the polls of one call."""
        return model.add_polls([self.stored(row) for row in rows])

    def stored(self, row: PollRow) -> PollRow:
        """A poll as it is stored."""
        return row

    def set_hours(
        self,
        hours: HoursInput,
        replace: bool = False,  # noqa: FBT001, FBT002  # the public signature
        *,
        on_error: OnError = "raise",
        quarantine: Quarantine = NOBODY,
    ) -> IngestResult:
        """Replace business hours."""
        columns, bad, replaces, rejected = new_hours(
            hours, replace, on_error, quarantine
        )
        rows: dict[str, list[WeekRow]] = {s: [] for s in columns.store_ids}
        for code, start, end in zip(
            columns.code.tolist(),
            columns.start.tolist(),
            columns.end.tolist(),
            strict=True,
        ):
            rows[columns.store_ids[code]].append((start, end))
        with self.transaction() as model:
            result = self.take_hours(model, rows, bad, replace=replaces)
        return attrs.evolve(result, rejected=rejected)

    def take_hours(
        self,
        model: StoreModel,
        hours: dict[str, list[WeekRow]],
        bad: Quarantine,
        *,
        replace: bool,
    ) -> IngestResult:
        """Take in the hours of one call."""
        return model.set_hours(hours, replace=replace, bad=bad)

    def set_timezones(
        self,
        timezones: TimezonesInput,
        replace: bool = False,  # noqa: FBT001, FBT002  # the public signature
        *,
        on_error: OnError = "raise",
        quarantine: Quarantine = NOBODY,
    ) -> IngestResult:
        """Replace time zones."""
        names, bad, replaces, rejected = new_timezones(
            timezones, replace, on_error, quarantine
        )
        with self.transaction() as model:
            result = self.take_timezones(model, dict(names), bad, replace=replaces)
        return attrs.evolve(result, rejected=rejected)

    def take_timezones(
        self,
        model: StoreModel,
        timezones: dict[str, str],
        bad: Quarantine,
        *,
        replace: bool,
    ) -> IngestResult:
        """Take in the zones of one call."""
        return model.set_timezones(timezones, replace=replace, bad=bad)

    def delete_before(self, instant: datetime) -> int:
        """Delete old polls."""
        with self.transaction() as model:
            return model.delete_before(to_micros(instant))


class PlainFileStore(PlainStore):
    """Keeps all of it in a file, which each ingest writes anew.

    One such store may be open on a file at a time.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        if path.exists():
            self.model: StoreModel = from_json(path.read_text("utf-8"))

    @property
    def identity(self) -> str:
        """The path."""
        return str(self.path)

    def keep(self, model: StoreModel) -> None:
        """Write it to the file, which is complete or as it was."""
        write_whole(self.path, to_json(model))
        super().keep(model)


def rows_of(columns: PollColumns) -> list[PollRow]:
    """Polls as rows, repeats and all."""
    ids = columns.store_ids
    cells = zip(
        columns.code.tolist(), columns.at.tolist(), columns.status.tolist(), strict=True
    )
    return [(ids[code], at, bool(up)) for code, at, up in cells]


def columns_of(rows: Iterable[PollRow]) -> PollColumns:
    """Rows as columns, in the order of the rows."""
    polls = list(rows)
    codes: dict[str, int] = {}
    code = [codes.setdefault(shop, len(codes)) for shop, _, _ in polls]
    return PollColumns(
        codes,
        np.array(code, dtype=np.int32),
        np.array([at for _, at, _ in polls], dtype=np.int64),
        np.array([up for _, _, up in polls], dtype=np.uint8),
    )


def to_json(model: StoreModel) -> str:
    """A model as text."""
    return json.dumps(
        {
            "polls": sorted(model.polls),
            "hours": {shop: sorted(rows) for shop, rows in model.hours.items()},
            "timezones": model.timezones,
            "bad_hours": [sorted(ids) for ids in model.bad_hours],
            "bad_timezones": [sorted(ids) for ids in model.bad_timezones],
            "horizon": model.horizon,
        }
    )


def from_json(text: str) -> StoreModel:
    """The model of a text."""
    said = json.loads(text)
    hours = said["hours"].items()
    return StoreModel(
        polls={(shop, at, up) for shop, at, up in said["polls"]},
        hours={shop: frozenset(map(tuple, rows)) for shop, rows in hours},
        timezones=said["timezones"],
        bad_hours=Quarantine(*map(frozenset, said["bad_hours"])),
        bad_timezones=Quarantine(*map(frozenset, said["bad_timezones"])),
        horizon=said["horizon"],
    )
