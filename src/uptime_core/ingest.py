"""What became of rows that were handed to a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from uptime_core.errors import counted
from uptime_core.quarantine import Quarantine

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from uptime_core.rejects import RejectedRow
    from uptime_core.schedule import HoursColumns


@attrs.frozen(kw_only=True, repr=False)
class IngestResult:
    """What one ingest changed, in rows.

    Attributes:
        added: Rows that were new and are now in the store.
        repeated: Rows that the store had already, or that came more than once.
        conflicting: Of the added ones, those that contradict others: polls of an
            instant for which the other status is known (down wins), or rows of hours
            and zones that took the place of different ones.
        removed: Rows of hours and zones that were in the store and are no more.
        expired: Polls from before the horizon of `delete_before`, not taken in.
        rejected: Rows that could not be read, with their reasons.
    """

    added: int = 0
    repeated: int = 0
    conflicting: int = 0
    removed: int = 0
    expired: int = 0
    rejected: tuple[RejectedRow, ...] = ()

    def __add__(self, other: object) -> IngestResult:
        if not isinstance(other, IngestResult):
            return NotImplemented
        return IngestResult(
            added=self.added + other.added,
            repeated=self.repeated + other.repeated,
            conflicting=self.conflicting + other.conflicting,
            removed=self.removed + other.removed,
            expired=self.expired + other.expired,
            rejected=self.rejected + other.rejected,
        )

    def __str__(self) -> str:
        parts = [f"{counted(self.added, 'row')} added"]
        for number, what in (
            (self.repeated, "there already"),
            (self.conflicting, "conflicting"),
            (self.removed, "removed"),
            (self.expired, "from before the horizon"),
            (len(self.rejected), "rejected"),
        ):
            if number:
                parts.append(f"{number:,} {what}")
        return ", ".join(parts)

    def __repr__(self) -> str:
        return f"<IngestResult: {self}>"


def hours_change(
    old: HoursColumns, new: HoursColumns, lost: Collection[str]
) -> IngestResult:
    """What becomes of business hours when those of the named shops are replaced.

    Args:
        old: The hours that are there.
        new: The hours that come.
        lost: Shops that lose their hours, unless new ones come.
    """
    before, after = _rows(old), _rows(new)
    added = conflicting = removed = 0
    for store_id, rows in after.items():
        known = before.get(store_id, set())
        added += len(rows - known)
        conflicting += len(rows - known) if known else 0
        removed += len(known - rows)
    for store_id in lost:
        if store_id not in after:
            removed += len(before.get(store_id, ()))
    return IngestResult(
        added=added,
        repeated=len(new.code) - added,
        conflicting=conflicting,
        removed=removed,
    )


def timezones_change(
    old: Mapping[str, str], new: Mapping[str, str], lost: Collection[str]
) -> IngestResult:
    """What becomes of time zones when those of the named shops are replaced.

    Args:
        old: The zones that are there.
        new: The zones that come.
        lost: Shops that lose their zone, unless a new one comes.
    """
    known = {store_id: old.get(store_id) for store_id in new}
    added = sum(known[store_id] != zone for store_id, zone in new.items())
    absent = sum(zone is None for zone in known.values())
    forgotten = sum(store_id in old and store_id not in new for store_id in lost)
    return IngestResult(
        added=added,
        repeated=len(new) - added,
        conflicting=added - absent,
        removed=added - absent + forgotten,
    )


def quarantine_after(
    old: Quarantine, named: Iterable[str], new: Quarantine, *, replace: bool
) -> Quarantine:
    """The quarantine after rows have come: good ones end it, bad ones begin it.

    Args:
        old: The shops in quarantine.
        named: The shops of good rows.
        new: The shops of bad rows.
        replace: Whether all that was there before is forgotten.
    """
    if replace:
        return new
    good = frozenset(named)
    return Quarantine(
        (old.store_ids - good) | new.store_ids, (old.suspects - good) | new.suspects
    )


def _rows(hours: HoursColumns) -> dict[str, set[tuple[int, int]]]:
    rows: dict[str, set[tuple[int, int]]] = {
        store_id: set() for store_id in hours.store_ids
    }
    for code, start, end in zip(
        hours.code.tolist(), hours.start.tolist(), hours.end.tolist(), strict=True
    ):
        rows[hours.store_ids[code]].add((start, end))
    return rows
