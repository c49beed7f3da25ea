"""What a store gives, as plain Python, and whether that is what it should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from uptime_core.ingest import IngestResult
from uptime_core.instants import to_micros
from uptime_core.polls import PollColumns
from uptime_core.rejects import RejectedRow
from uptime_core.schedule import HoursColumns
from uptime_core.testing.failures import keeps, require, require_equal, require_same

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from uptime_core.abc import Store
    from uptime_core.snapshot import Snapshot, SnapshotLike
    from uptime_core.testing.store_model import PollRow, StoreData, WeekRow


def poll_set(batches: Iterable[PollColumns]) -> set[PollRow]:
    """The polls of some batches, as a set."""
    rows: set[PollRow] = set()
    for batch in batches:
        require(isinstance(batch, PollColumns), f"a batch is {batch!r}")
        ids = batch.store_ids
        columns = zip(
            batch.code.tolist(), batch.at.tolist(), batch.status.tolist(), strict=True
        )
        rows.update((ids[code], at, bool(up)) for code, at, up in columns)
    return rows


def hours_by_shop(hours: HoursColumns) -> dict[str, frozenset[WeekRow]]:
    """Weekly rows by shop."""
    require(isinstance(hours, HoursColumns), f"the hours are {hours!r}")
    rows: dict[str, set[WeekRow]] = {shop: set() for shop in hours.store_ids}
    for code, start, end in zip(
        hours.code.tolist(), hours.start.tolist(), hours.end.tolist(), strict=True
    ):
        rows[hours.store_ids[code]].add((start, end))
    return {shop: frozenset(some) for shop, some in rows.items()}


def require_polls(
    sentence_id: str, got: set[PollRow], expected: Iterable[PollRow], what: str
) -> None:
    """Fail unless polls are those that are expected, by the fitting sentence."""
    want = set(expected)
    missing, extra = want - got, got - want
    if sentence_id == "store.polls" and (missing or extra):
        ids, wanted = ({shop for shop, _, _ in rows} for rows in (got, want))
        if ids - wanted or (wanted - ids and extra):
            sentence_id = "store.ids"
        elif {(shop, at) for shop, at, _ in missing} & {(s, t) for s, t, _ in got}:
            sentence_id = "store.statuses"
        elif missing and extra:
            sentence_id = "store.instants"
    with keeps(sentence_id):
        require_same(what, got, want)


def require_held(
    store: Store, data: StoreData, newest: int | None, **sentences: str
) -> None:
    """Fail unless a store, and its snapshot, hold what they should."""
    require_data(store, data, newest, sentences)
    with keeps("store.snapshot"):
        snapshot = store.snapshot()
        require_equal("the snapshot's newest()", snapshot.newest(), newest)
        require_snapshot(snapshot, data)


def require_data(
    store: Store, data: StoreData, newest: int | None, sentences: Mapping[str, str]
) -> None:
    """Fail unless a store holds what it should.

    Args:
        store: The store.
        data: What it should hold.
        newest: The newest poll's instant in microseconds, or None.
        sentences: The sentence that is broken if `polls`, `hours`, `timezones` or
            `quarantined` are others.
    """
    with keeps(sentences["polls"]):
        polls = poll_set(store.polls())
    require_polls(sentences["polls"], polls, data.polls, "polls()")
    with keeps(sentences["hours"]):
        hours = hours_by_shop(store.hours())
        require_same("hours()", hours.items(), data.hours.items())
    with keeps(sentences["timezones"]):
        zones = dict(store.timezones())
        require_same("timezones()", zones.items(), data.timezones.items())
    with keeps("store.newest"):
        told = store.newest_poll()
        at = None if told is None else to_micros(told)
        require_equal("newest_poll()", at, newest)
    with keeps(sentences["quarantined"]):
        require_same("quarantined()", store.quarantined(), data.quarantined)


def require_snapshot(snapshot: SnapshotLike, data: StoreData) -> None:
    """Fail unless the parts of a snapshot hold what a store does, and no shop twice."""
    polls: set[PollRow] = set()
    hours: dict[str, frozenset[WeekRow]] = {}
    zones: dict[str, str] = {}
    quarantined: set[str] = set()
    shops: set[str] = set()
    for part in snapshot.parts():
        named = _shops_of(part)
        with keeps("store.parts"):
            require_same("shops of two parts", named & shops, ())
        shops |= named
        polls |= poll_set([part.polls])
        hours |= hours_by_shop(part.hours)
        zones |= part.timezones
        quarantined |= part.quarantined
    require_same("the snapshot's polls", polls, data.polls)
    require_same("the snapshot's hours", hours.items(), data.hours.items())
    require_same("the snapshot's zones", zones.items(), data.timezones.items())
    with keeps("store.quarantined"):
        require_same("the snapshot's quarantine", quarantined, data.quarantined)
    require(snapshot.shops >= len(shops), "it has more shops than it says")


def _shops_of(part: Snapshot) -> set[str]:
    counts = np.bincount(part.polls.code, minlength=len(part.polls.store_ids))
    polled = {part.polls.store_ids[code] for code in np.flatnonzero(counts).tolist()}
    return polled.union(part.hours.store_ids, part.timezones)


def require_result(result: object, expected: IngestResult, either: int = 0) -> None:
    """Fail unless an ingest says of itself what it should; rejects are not compared.

    Args:
        result: What it says.
        expected: What it should say.
        either: How many of the expired polls may be among the repeated ones instead.
    """
    with keeps("ingest.added"):
        require(isinstance(result, IngestResult), f"it gave {result!r}")
    with keeps("retention.expired"):
        got = getattr(result, "expired", None)
        fewer = expected.expired - got if isinstance(got, int) else 0
        if 0 < fewer <= either:
            repeated = expected.repeated + fewer
            expired = expected.expired - fewer
            expected = attrs.evolve(expected, expired=expired, repeated=repeated)
        require_equal("expired", got, expected.expired)
    for name in ("added", "repeated", "conflicting", "removed"):
        with keeps(f"ingest.{name}"):
            require_equal(name, getattr(result, name), getattr(expected, name))


def require_rejected(rejected: tuple[RejectedRow, ...], count: int) -> None:
    """Fail unless so many rows were set aside, each with its reason."""
    with keeps("ingest.collect", "the result's rejected"):
        require(isinstance(rejected, tuple), f"it is {rejected!r}")
        rows = [row for row in rejected if isinstance(row, RejectedRow)]
        require_equal("how many rows there are", len(rows), count)
        require(all(row.reason for row in rows), "a row has no reason")
