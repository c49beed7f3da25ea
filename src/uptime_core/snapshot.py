"""What one report reads: the three sources at one moment."""

from __future__ import annotations

from typing import (
    TYPE_CHECKING,
    NamedTuple,
    Protocol,
    TypeGuard,
    runtime_checkable,
)

import attrs

from uptime_core.errors import InputError, counted, shown
from uptime_core.rejects import Rejects
from uptime_core.store_ids import are_plain_store_ids
from uptime_core.timezones import timezone_names as known_timezones

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from uptime_core.inputs import HoursInput, PollInput, TimezonesInput
    from uptime_core.kernel.arrays import Int64
    from uptime_core.polls import PollColumns
    from uptime_core.rejects import RejectedRow
    from uptime_core.schedule import HoursColumns


@runtime_checkable
class SnapshotLike(Protocol):
    """What a report reads, in parts that fit the memory; a `Snapshot` is one part."""

    @property
    def source(self) -> str:
        """What the polls came from, for messages."""

    @property
    def shops(self) -> int:
        """How many shops there are, at most."""

    def newest(self) -> int | None:
        """The newest poll's instant in microseconds, or None without any."""

    def parts(self) -> Iterator[Snapshot]:
        """The parts, one after the other; no two of them have a shop in common."""


class PartLoader(Protocol):
    """Loads a part of a snapshot, in any thread; pickles for other processes."""

    def __call__(self) -> Snapshot:
        """The part."""


@runtime_checkable
class LoadsParts(Protocol):
    """A snapshot whose parts can be loaded where they are computed."""

    def loaders(self) -> Iterator[PartLoader]:
        """What loads the parts that `parts` gives, in the same order."""


class PollTotals(NamedTuple):
    """How many polls each shop has, where a snapshot does not give them all.

    Attributes:
        low: The first instant, in microseconds, from which polls are given; of older
            ones there is each shop's last one, or more.
        as_of: The last instant up to which they are.
        polls: int64, for each shop its distinct polls up to `as_of`.
        conflicts: int64, its instants with both statuses up to `as_of`.
        later: int64, its polls after `as_of`.
    """

    low: int
    as_of: int
    polls: Int64
    conflicts: Int64
    later: Int64

    def of_first(self, shops: int) -> PollTotals:
        """The totals of the first shops."""
        columns = (column[:shops] for column in self[2:])
        return PollTotals(self.low, self.as_of, *columns)


@attrs.frozen(kw_only=True, repr=False)
class Snapshot:
    """The three sources as they were at one moment, checked.

    Attributes:
        polls: The polls, in any order, repeats and all.
        hours: The business hours of the shops that have any.
        timezones: The time zones of the shops that have one, by name.
        rejected: Rows that could not be read.
        quarantined: Shops whose hours or zone had a rejected row; they are left out
            of reports.
        totals: How many polls the shops have, by the places of their ids in `polls`,
            for a snapshot that was made for a report and does not give them all.
        source: What the polls came from, for messages; likewise the next two.
        hours_source: What the business hours came from.
        timezones_source: What the time zones came from.
    """

    polls: PollColumns
    hours: HoursColumns
    timezones: Mapping[str, str]
    rejected: tuple[RejectedRow, ...] = ()
    quarantined: frozenset[str] = frozenset()
    totals: PollTotals | None = None
    source: str = "polls"
    hours_source: str = "hours"
    timezones_source: str = "timezones"

    @classmethod
    def of(
        cls,
        polls: PollInput,
        hours: HoursInput | None = None,
        timezones: TimezonesInput | None = None,
    ) -> Snapshot:
        """Check and convert what a caller has.

        Args:
            polls: `PollColumns`, rows ``(store_id, aware datetime, status)``, or a data
                frame, as likewise for the next two.
            hours: A mapping to `WeeklySchedule`, or rows
                ``(store_id, day, start, end)`` of texts or `datetime.time`.
            timezones: A mapping or pairs of id and name.

        Raises:
            InputError: A row cannot be read; `source` and `line` say which.
        """
        if hasattr(polls, "snapshot"):
            raise InputError(
                f"{shown(polls)} is a store; use compute_snapshot(store.snapshot())",
                source="polls",
            )
        from uptime_core import inputs  # noqa: PLC0415  # 4 ms, not for stores

        return cls(
            polls=inputs.poll_columns(polls),
            hours=inputs.hours_columns(hours, Rejects())[0],
            timezones=(
                dict(timezones)
                if _are_plain(timezones)
                else inputs.timezone_names(timezones, Rejects())[0]
            ),
        )

    @property
    def shops(self) -> int:
        """How many shops there are, at most."""
        known = set(self.polls.store_ids).union(self.hours.store_ids, self.timezones)
        return len(known)

    def newest(self) -> int | None:
        """The newest poll's instant in microseconds, or None without any."""
        return self.polls.newest()

    def parts(self) -> Iterator[Snapshot]:
        """All of it, as one part."""
        return iter((self,))

    def __repr__(self) -> str:
        return (
            f"<Snapshot: {self.polls!r}, {self.hours!r}, "
            f"{counted(len(self.timezones), 'time zone')}, "
            f"{counted(len(self.rejected), 'rejected row')}>"
        )


def _are_plain(timezones: TimezonesInput | None) -> TypeGuard[dict[str, str]]:
    """Whether `timezone_names` would take all of a dictionary as it is; if not, it may.

    One look at all of them takes a thirtieth of the time that a look at each does.
    """
    return (
        type(timezones) is dict
        and are_plain_store_ids(list(timezones))
        and set(map(type, timezones.values())) == {str}
        and known_timezones().issuperset(timezones.values())
    )
