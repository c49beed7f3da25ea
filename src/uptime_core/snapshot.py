"""What one report reads: the three sources at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from uptime_core.columns import cells_of, iterable
from uptime_core.errors import InputError, counted, located, shown
from uptime_core.intake import HoursIntake, TimezoneIntake
from uptime_core.polls import Poll, PollColumns
from uptime_core.rejects import RejectedRow, Rejects
from uptime_core.schedule import HoursColumns, WeeklySchedule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from uptime_core.schedule import TimeOfDay

    PollInput = PollColumns | Iterable[Poll | tuple[str, datetime, str | bool]]
    HoursInput = (
        HoursColumns
        | Mapping[str, WeeklySchedule]
        | Iterable[tuple[str, int | str, TimeOfDay, TimeOfDay]]
    )
    TimezonesInput = Mapping[str, str] | Iterable[tuple[str, str]]


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
        source: What the polls came from, for messages; likewise the next two.
        hours_source: What the business hours came from.
        timezones_source: What the time zones came from.
    """

    polls: PollColumns
    hours: HoursColumns
    timezones: Mapping[str, str]
    rejected: tuple[RejectedRow, ...] = ()
    quarantined: frozenset[str] = frozenset()
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
            polls: `PollColumns`, or rows ``(store_id, aware datetime, status)``.
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
        return cls(
            polls=_poll_columns(polls),
            hours=_hours_columns(hours),
            timezones=_timezone_names(timezones),
        )

    def __repr__(self) -> str:
        return (
            f"<Snapshot: {self.polls!r}, {self.hours!r}, "
            f"{counted(len(self.timezones), 'time zone')}, "
            f"{counted(len(self.rejected), 'rejected row')}>"
        )


def _poll_columns(polls: PollInput) -> PollColumns:
    return polls if isinstance(polls, PollColumns) else PollColumns.from_rows(polls)


def _hours_columns(hours: HoursInput | None) -> HoursColumns:
    if isinstance(hours, HoursColumns):
        return hours
    if isinstance(hours, Mapping):
        return HoursColumns.from_schedules(hours)
    intake = HoursIntake("hours", Rejects())
    form = "(store_id, day, start, end)"
    for line, (store_id, *cells) in _numbered(hours, "hours", 4, form):
        intake.add(line, store_id, tuple(cells))
    return intake.finish()[0]


def _timezone_names(timezones: TimezonesInput | None) -> Mapping[str, str]:
    if isinstance(timezones, Mapping):
        timezones = timezones.items()
    intake = TimezoneIntake("timezones", Rejects())
    for line, (store_id, name) in _numbered(
        timezones, "timezones", 2, "(store_id, name)"
    ):
        intake.add(line, store_id, (name,))
    return intake.finish()[0]


def _numbered(
    rows: Iterable[object] | None, source: str, width: int, form: str
) -> Iterator[tuple[int, tuple[object, ...]]]:
    """The rows' numbers, from 1, and cells."""
    for number, row in enumerate(
        iterable(() if rows is None else rows, source), start=1
    ):
        with located(source, line=number):
            cells = cells_of(row, width, form)
        yield number, cells
