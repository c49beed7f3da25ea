"""A store in memory."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import attrs
import numpy as np

from uptime_core.abc import Store
from uptime_core.closing import Closing
from uptime_core.forks import ForkSafeLock
from uptime_core.ingest import (
    IngestResult,
    hours_change,
    quarantine_after,
    timezones_change,
)
from uptime_core.ingest_arguments import new_hours, new_polls, new_timezones
from uptime_core.kernel.arrays import starts_of_runs
from uptime_core.logs import log
from uptime_core.polls import PollColumns, concatenate
from uptime_core.quarantine import NOBODY, Quarantine
from uptime_core.schedule import HoursColumns
from uptime_core.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from uptime_core.inputs import HoursInput, PollInput, TimezonesInput
    from uptime_core.rejects import OnError


@attrs.frozen
class _State:
    """What a store holds at one moment; it never changes, another takes its place."""

    snapshot: Snapshot
    bad_hours: Quarantine = NOBODY
    bad_timezones: Quarantine = NOBODY

    def changed(
        self,
        *,
        polls: PollColumns | None = None,
        hours: tuple[HoursColumns, Quarantine] | None = None,
        timezones: tuple[Mapping[str, str], Quarantine] | None = None,
    ) -> _State:
        """The state with some of its sources replaced."""
        before = self.snapshot
        now_polls = before.polls if polls is None else polls
        now_hours, bad_hours = hours or (before.hours, self.bad_hours)
        now_zones, bad_zones = timezones or (before.timezones, self.bad_timezones)
        bad = bad_hours | bad_zones
        quarantined = bad.store_ids
        if bad.suspects:
            known = _polled(now_polls).union(now_hours.store_ids, now_zones)
            quarantined |= bad.suspects & known
        snapshot = attrs.evolve(
            before,
            polls=now_polls,
            hours=now_hours,
            timezones=now_zones,
            quarantined=quarantined,
        )
        return _State(snapshot, bad_hours, bad_zones)


class MemoryStore(Closing, Store):
    """Holds what it is given, in columns, and takes more in.

    Several threads may use it at once; a pickled copy goes its own way. Each ingest
    copies what it adds to, so that what has been read never changes.

    Args:
        polls: As `compute_report` takes them; likewise the next two.
        hours: Business hours.
        timezones: Time zones.

    Raises:
        InputError: A row cannot be read.
    """

    def __init__(
        self,
        polls: PollInput = (),
        hours: HoursInput | None = None,
        timezones: TimezonesInput | None = None,
    ) -> None:
        if not hasattr(polls, "snapshot"):  # a store, of which the next line tells
            polls = new_polls(polls).columns
        state = _State(Snapshot.of(polls, hours, timezones))
        self.__setstate__((state,))

    def __getstate__(self) -> tuple[_State]:
        return (self._state,)

    def __setstate__(self, state: tuple[_State]) -> None:
        (self._state,) = state
        self._writers = ForkSafeLock()
        self._own = threading.local()  # what this thread's transaction has so far

    def polls(
        self,
        store_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Iterator[PollColumns]:
        """The polls of a shop, or of all, from `start` to `end`, in one batch."""
        batch = self.snapshot().polls.where(store_id, start, end)
        return iter((batch,))

    def hours(self) -> HoursColumns:
        """The business hours."""
        return self.snapshot().hours

    def timezones(self) -> Mapping[str, str]:
        """The time zones, by shop."""
        return dict(self.snapshot().timezones)

    def quarantined(self) -> frozenset[str]:
        """The shops of rejected rows of hours and zones."""
        return self.snapshot().quarantined

    def snapshot(self) -> Snapshot:
        """All of it, as it is now."""
        self._require_open()
        return self._current.snapshot

    def add_polls(
        self, polls: PollInput, *, on_error: OnError = "raise"
    ) -> IngestResult:
        """Add polls; see `uptime_core.capabilities.SupportsIngest`."""
        columns, rejected = new_polls(polls, on_error)
        with self.transaction():
            joined, result = _joined(self._current.snapshot.polls, columns)
            self._own.state = self._current.changed(polls=joined)
        return _ingested("polls", attrs.evolve(result, rejected=rejected))

    def set_hours(
        self,
        hours: HoursInput,
        replace: bool = False,  # noqa: FBT001, FBT002  # the public signature
        *,
        on_error: OnError = "raise",
        quarantine: Quarantine = NOBODY,
    ) -> IngestResult:
        """Replace business hours; see `uptime_core.capabilities.SupportsIngest`."""
        given = new_hours(hours, replace, on_error, quarantine)
        new, bad, replaces, rejected = given
        with self.transaction():
            old = self._current.snapshot.hours
            lost = bad.store_ids.union(old.store_ids if replaces else ())
            after = quarantine_after(
                self._current.bad_hours, new.store_ids, bad, replace=replaces
            )
            kept = _without(old, lost.union(new.store_ids))
            self._own.state = self._current.changed(
                hours=(HoursColumns.concatenate([kept, new]), after)
            )
        result = attrs.evolve(hours_change(old, new, lost), rejected=rejected)
        return _ingested("hours", result)

    def set_timezones(
        self,
        timezones: TimezonesInput,
        replace: bool = False,  # noqa: FBT001, FBT002  # the public signature
        *,
        on_error: OnError = "raise",
        quarantine: Quarantine = NOBODY,
    ) -> IngestResult:
        """Replace time zones; see `uptime_core.capabilities.SupportsIngest`."""
        given = new_timezones(timezones, replace, on_error, quarantine)
        new, bad, replaces, rejected = given
        with self.transaction():
            old = self._current.snapshot.timezones
            lost = bad.store_ids.union(old if replaces else ())
            after = quarantine_after(
                self._current.bad_timezones, new, bad, replace=replaces
            )
            kept = {shop: zone for shop, zone in old.items() if shop not in lost}
            self._own.state = self._current.changed(timezones=(kept | dict(new), after))
        result = attrs.evolve(timezones_change(old, new, lost), rejected=rejected)
        return _ingested("time zones", result)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that this thread writes in the ``with`` block is written, or nothing.

        Other writers wait meanwhile, and readers in other threads see what was there
        before.
        """
        self._require_open()
        with self._writers.lock:
            before: _State | None = getattr(self._own, "state", None)
            self._own.state = self._current
            try:
                yield
                if before is None:
                    self._state = self._own.state
                else:
                    before = self._own.state
            finally:
                self._own.state = before

    @property
    def _current(self) -> _State:
        own: _State | None = getattr(self._own, "state", None)
        return self._state if own is None else own

    def __repr__(self) -> str:
        return f"<MemoryStore: {self._current.snapshot.polls!r}>"


def _ingested(what: str, result: IngestResult) -> IngestResult:
    log.info("MemoryStore: %s: %s", what, result)
    return result


def _polled(polls: PollColumns) -> set[str]:
    counts = np.bincount(polls.code, minlength=len(polls.store_ids))
    return {polls.store_ids[code] for code in np.flatnonzero(counts).tolist()}


def _joined(known: PollColumns, polls: PollColumns) -> tuple[PollColumns, IngestResult]:
    """Known polls and those of the new ones that are not among them."""
    if not len(polls):
        return known, IngestResult()
    near = (known.at >= polls.at.min()) & (known.at <= polls.at.max())
    code, at, status = known.code[near], known.at[near], known.status[near]
    # The known ones come first, so that their shops keep their numbers.
    both = concatenate([PollColumns(known.store_ids, code, at, status), polls])
    is_new = np.arange(len(both)) >= len(code)
    shop, moment = both.code.astype(np.int64), (both.at << 1) | both.status
    order = np.lexsort((moment, shop))  # stable: of equal polls the known one is first
    shop, moment = shop[order], moment[order]
    distinct = starts_of_runs(shop) | starts_of_runs(moment)
    order, shop, moment = order[distinct], shop[distinct], moment[distinct]
    is_new = is_new[order]
    # What is left of an instant is one status, or both side by side.
    contradicts = ~(starts_of_runs(shop) | starts_of_runs(moment >> 1))
    contradicts[1:] &= is_new[1:] | is_new[:-1]
    added = np.sort(order[is_new])
    joined = PollColumns(
        both.store_ids,
        np.append(known.code, both.code[added]),
        np.append(known.at, both.at[added]),
        np.append(known.status, both.status[added]),
    )
    return joined, IngestResult(
        added=len(added),
        repeated=len(polls) - len(added),
        conflicting=int(np.count_nonzero(contradicts)),
    )


def _without(hours: HoursColumns, store_ids: frozenset[str]) -> HoursColumns:
    """The business hours of all other shops."""
    keep = np.array([shop not in store_ids for shop in hours.store_ids], dtype=np.bool_)
    number = np.cumsum(keep, dtype=np.int32) - np.int32(1)
    rows = keep[hours.code]
    return HoursColumns(
        [shop for shop in hours.store_ids if shop not in store_ids],
        number[hours.code[rows]],
        hours.start[rows],
        hours.end[rows],
    )
