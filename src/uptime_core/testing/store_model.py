"""What a store should hold, in plain dictionaries and sets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

import attrs

from uptime_core.errors import InputError
from uptime_core.ingest import IngestResult
from uptime_core.polls import PollColumns
from uptime_core.quarantine import NOBODY, Quarantine
from uptime_core.schedule import HoursColumns
from uptime_core.snapshot import Snapshot
from uptime_core.testing.oracle import Sums, account

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from uptime_core.policy import Policy

    PollRow: TypeAlias = tuple[str, int, bool]
    """Shop, microseconds since 1970-01-01 UTC, and whether it was up."""

    WeekRow: TypeAlias = tuple[int, int]
    """Microseconds since Monday 00:00 on the wall clock: start, and first after."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DAY = 86_400_000_000


@attrs.frozen
class StoreData:
    """What a store holds, in plain Python.

    Attributes:
        polls: Shop, microseconds since 1970-01-01 UTC, and whether it was up.
        hours: The weekly rows by shop, each as the microseconds since Monday 00:00 of
            its start and of the first instant after; a shop without a row is always
            closed.
        timezones: Names by shop.
        quarantined: The shops that reports leave out.
    """

    polls: frozenset[PollRow] = frozenset()
    hours: Mapping[str, frozenset[WeekRow]] = attrs.field(factory=dict)
    timezones: Mapping[str, str] = attrs.field(factory=dict)
    quarantined: frozenset[str] = frozenset()


@attrs.define
class StoreModel:
    """A store of sets and dictionaries, to hold others against.

    Attributes:
        polls: All that came; those that retention deletes are left out of `data` only.
        hours: Weekly rows by shop.
        timezones: Names by shop.
        bad_hours: The shops of bad rows of hours.
        bad_timezones: The shops of bad rows of zones.
        horizon: The instant of `delete_before`, or None.
    """

    polls: set[PollRow] = attrs.field(factory=set)
    hours: dict[str, frozenset[WeekRow]] = attrs.field(factory=dict)
    timezones: dict[str, str] = attrs.field(factory=dict)
    bad_hours: Quarantine = NOBODY
    bad_timezones: Quarantine = NOBODY
    horizon: int | None = None

    def copy(self) -> StoreModel:
        """A model that goes its own way from here."""
        return attrs.evolve(
            self,
            polls=set(self.polls),
            hours=dict(self.hours),
            timezones=dict(self.timezones),
        )

    def become(self, other: StoreModel) -> None:
        """Hold what another model holds."""
        for field in attrs.fields(StoreModel):
            setattr(self, field.name, getattr(other, field.name))

    def add_polls(self, rows: Collection[PollRow]) -> IngestResult:
        """Add polls."""
        kept = [r for r in rows if self.horizon is None or r[1] >= self.horizon]
        new = set(kept) - self.polls
        self.polls |= new
        both = {(shop, at) for shop, at, up in new if (shop, at, not up) in self.polls}
        return IngestResult(
            added=len(new),
            repeated=len(kept) - len(new),
            conflicting=len(both),
            expired=len(rows) - len(kept),
        )

    def set_hours(
        self,
        hours: Mapping[str, Sequence[WeekRow]],
        *,
        replace: bool = False,
        bad: Quarantine = NOBODY,
    ) -> IngestResult:
        """Replace the hours of the shops named, or of all.

        Args:
            hours: The good rows by shop, repeats and all.
            replace: Forget those of all other shops.
            bad: The shops of bad rows; they have no good ones.
        """
        before = dict(self.hours)
        added = conflicting = 0
        for shop, rows in hours.items():
            new = len(set(rows) - before.get(shop, frozenset()))
            added += new
            conflicting += new if before.get(shop) else 0
        if replace:
            self.hours = {}
        for shop in bad.store_ids:
            self.hours.pop(shop, None)
        self.hours |= {shop: frozenset(rows) for shop, rows in hours.items()}
        self.bad_hours = _after(self.bad_hours, hours, bad, replace=replace)
        return IngestResult(
            added=added,
            repeated=sum(map(len, hours.values())) - added,
            conflicting=conflicting,
            removed=sum(
                len(rows - self.hours.get(shop, frozenset()))
                for shop, rows in before.items()
            ),
        )

    def set_timezones(
        self,
        timezones: Mapping[str, str],
        *,
        replace: bool = False,
        bad: Quarantine = NOBODY,
    ) -> IngestResult:
        """Replace the zones of the shops named, or of all; like `set_hours`."""
        before = dict(self.timezones)
        changed = [s for s, zone in timezones.items() if before.get(s) != zone]
        if replace:
            self.timezones = {}
        for shop in bad.store_ids:
            self.timezones.pop(shop, None)
        self.timezones |= timezones
        self.bad_timezones = _after(self.bad_timezones, timezones, bad, replace=replace)
        return IngestResult(
            added=len(changed),
            repeated=len(timezones) - len(changed),
            conflicting=sum(shop in before for shop in changed),
            removed=len(before.items() - self.timezones.items()),
        )

    def delete_before(self, instant: int) -> int:
        """Delete the polls from before an instant; how many there were.

        Raises:
            InputError: It is later than the newest poll.
        """
        newest = self.newest()
        if newest is None or (self.horizon is not None and instant <= self.horizon):
            return 0
        if instant > newest:
            raise InputError(f"{instant} is later than the newest poll, {newest}")
        before = len(self.kept_polls())
        self.horizon = instant
        return before - len(self.kept_polls())

    def kept_polls(self) -> frozenset[PollRow]:
        """The polls without those that retention deletes."""
        horizon = self.horizon
        if horizon is None:
            return frozenset(self.polls)
        last: dict[str, int] = {}
        for shop, at, _ in self.polls:
            if at < horizon:
                last[shop] = max(last.get(shop, at), at)
        return frozenset(
            row for row in self.polls if row[1] >= horizon or row[1] == last[row[0]]
        )

    def newest(self) -> int | None:
        """The newest poll's instant."""
        return max((at for _, at, _ in self.polls), default=None)

    def data(self) -> StoreData:
        """What the store should hold."""
        polls = self.kept_polls()
        known = {shop for shop, _, _ in polls}.union(self.hours, self.timezones)
        bad = self.bad_hours | self.bad_timezones
        return StoreData(
            polls,
            dict(self.hours),
            dict(self.timezones),
            bad.store_ids | (bad.suspects & known),
        )

    def snapshot(self, *, deleted_too: bool = False) -> Snapshot:
        """What a report of it reads, with the polls that were deleted or without."""
        data = self.data()
        rows = sorted(self.polls if deleted_too else data.polls)
        hours = sorted(data.hours)
        week = [(n, *row) for n, s in enumerate(hours) for row in sorted(data.hours[s])]
        code, start, end = zip(*week, strict=True) if week else ((), (), ())
        return Snapshot(
            polls=PollColumns.from_rows(
                (shop, EPOCH + at * MICROSECOND, up) for shop, at, up in rows
            ),
            hours=HoursColumns(hours, code, start, end),
            timezones=data.timezones,
            quarantined=data.quarantined,
        )

    def sums(
        self, shop: str, start: datetime, end: datetime, *, as_of: int, policy: Policy
    ) -> Sums:
        """The sums of a shop in [start, end), as the oracle computes them."""
        rows = self.hours.get(shop)
        return account(
            [(EPOCH + at * MICROSECOND, up) for s, at, up in self.polls if s == shop],
            start,
            end,
            as_of=EPOCH + as_of * MICROSECOND,
            rows=None if rows is None else [row_texts(row) for row in sorted(rows)],
            timezone=self.timezones.get(shop, policy.default_timezone or "UTC"),
            policy=policy,
        )


def _after(
    old: Quarantine, good: Iterable[str], new: Quarantine, *, replace: bool
) -> Quarantine:
    if replace:
        return new
    named = frozenset(good)
    return Quarantine(
        (old.store_ids - named) | new.store_ids, (old.suspects - named) | new.suspects
    )


def row_texts(row: WeekRow) -> tuple[int, str, str]:
    """The day and the two times of a weekly row of at most 24 hours, as texts."""
    start, end = row
    day = start // DAY
    return day, _clock(start - day * DAY), _clock(end - day * DAY)


def _clock(micros: int) -> str:
    if micros == DAY:
        return "24:00:00"
    seconds, fraction = divmod(micros % DAY, 1_000_000)
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours:02}:{minutes:02}:{seconds % 60:02}.{fraction:06}"
