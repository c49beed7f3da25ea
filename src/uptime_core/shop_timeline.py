"""The timeline of one shop: the intervals behind a number, each with its reason."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import numpy as np

from uptime_core.columns import read_only
from uptime_core.errors import InputError, counted
from uptime_core.framed import Framed
from uptime_core.instants import MICROSECOND, to_datetime, to_micros
from uptime_core.polls import Poll
from uptime_core.report_rows import Accounting
from uptime_core.timeline_rows import (
    HEADER,
    Interval,
    State,
    Transition,
    clock_text,
    text_rows,
    text_table,
)
from uptime_core.timezones import load_timezone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    import numpy.typing as npt

    from uptime_core.kernel.arrays import Bool, Int64
    from uptime_core.policy import Policy
    from uptime_core.report_table import Table
    from uptime_core.schedule import BusinessHours
    from uptime_core.window import Window

_CLOSED, _UNKNOWN, _DOWN, _UP = range(4)
_STATES: tuple[State, ...] = ("closed", "unknown", "down", "up")
_ROWS_SHOWN = 40


def _column(values: Int64) -> Int64:
    return read_only(values)


def _flags(values: Bool) -> Bool:
    return read_only(values)


_same_array = attrs.cmp_using(eq=np.array_equal)


@attrs.frozen(kw_only=True, repr=False)
class Timeline(Framed):
    """One shop from the start to the end of a window, cut where anything changes.

    The intervals are sorted, do not overlap and leave nothing out; iterating gives
    them one by one as `Interval`. Their sums are those of the shop's row in the report
    of the same window, `as_of` and policy. Holding arrays, timelines have no hash.

    Attributes:
        store_id: The shop.
        window: What it shows.
        as_of: The "now"; nobody speaks from then on.
        policy: How polls and missing data were read.
        timezone: The name of the shop's time zone.
        starts: int64 microseconds, each interval's first instant; read-only, like all
            arrays here.
        ends: The same, first instants after them.
        poll: int64, each interval's place in the columns of polls, or -1.
        row: int64, each interval's place in `hours`, or -1.
        hours: The shop's business hours, as rows.
        always_open: Whether the shop has no hours, and the policy calls that open.
        poll_at: int64 microseconds, ascending: the polls of the window, and those
            outside that speak for a part of it.
        poll_up: Whether the shop was up.
        poll_conflict: Whether there were polls with both statuses at the same instant
            of the window; down won.
        segment_starts: int64 microseconds, when each stretch of constant offset from
            UTC begins; the first one begins with the window.
        segment_offsets: int64 microseconds, what clocks there show more than UTC.
    """

    store_id: str
    window: Window
    as_of: datetime
    policy: Policy
    timezone: str
    starts: Int64 = attrs.field(converter=_column, eq=_same_array)
    ends: Int64 = attrs.field(converter=_column, eq=_same_array)
    poll: Int64 = attrs.field(converter=_column, eq=_same_array)
    row: Int64 = attrs.field(converter=_column, eq=_same_array)
    hours: tuple[BusinessHours, ...]
    always_open: bool
    poll_at: Int64 = attrs.field(converter=_column, eq=_same_array)
    poll_up: Bool = attrs.field(converter=_flags, eq=_same_array)
    poll_conflict: Bool = attrs.field(converter=_flags, eq=_same_array)
    segment_starts: Int64 = attrs.field(converter=_column, eq=_same_array)
    segment_offsets: Int64 = attrs.field(converter=_column, eq=_same_array)

    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # it holds arrays

    @property
    def bounds(self) -> tuple[int, int]:
        """First instant and first instant after the timeline, in microseconds."""
        return self.window.bounds(to_micros(self.as_of))

    @property
    def start(self) -> datetime:
        """The first instant, in UTC."""
        return to_datetime(self.bounds[0])

    @property
    def end(self) -> datetime:
        """The first instant after it."""
        return to_datetime(self.bounds[1])

    @property
    def state(self) -> npt.NDArray[np.str_]:
        """The intervals' states, each `up`, `down`, `unknown` or `closed`."""
        return np.array(_STATES)[self._state]

    @property
    def accounting(self) -> Accounting:
        """The sums of all intervals, which are those of a report."""
        state, lengths = self._state, self.ends - self.starts
        up, down, unknown = (
            timedelta(microseconds=int(lengths[state == code].sum()))
            for code in (_UP, _DOWN, _UNKNOWN)
        )
        return Accounting(up, down, unknown, up + down + unknown)

    @property
    def polls(self) -> tuple[Poll, ...]:
        """The polls of the window, and those outside that speak for a part of it."""
        return tuple(map(self._poll, range(len(self.poll_at))))

    @property
    def zone(self) -> ZoneInfo:
        """The shop's time zone."""
        return load_timezone(self.timezone)

    @property
    def transitions(self) -> tuple[Transition, ...]:
        """The changes of the zone's offset within the window."""
        offsets = [offset * MICROSECOND for offset in self.segment_offsets.tolist()]
        instants = map(to_datetime, self.segment_starts[1:].tolist())
        rows = zip(instants, offsets, offsets[1:], strict=False)
        return tuple(Transition(*row) for row in rows)

    def local(self, at: datetime) -> datetime:
        """An instant on the shop's wall clock.

        Raises:
            InputError: It has no time zone, or no datetime can show it there.
        """
        try:
            return to_datetime(to_micros(at)).astimezone(self.zone)
        except OverflowError:
            raise InputError(
                f"{at} is outside the years 1 to 9999 in {self.timezone}",
                source="timeline",
            ) from None

    def __iter__(self) -> Iterator[Interval]:
        """The intervals one by one, in order."""
        states = map(_STATES.__getitem__, self._state.tolist())
        return map(self._interval, range(len(self)), states)

    def __getitem__(self, place: int) -> Interval:
        """The interval at this place; the last one is at -1."""
        place = range(len(self))[place]
        return self._interval(place, _STATES[int(self._state[place])])

    def __len__(self) -> int:
        return len(self.starts)

    def __reduce__(self) -> tuple[object, tuple[dict[str, object]]]:
        # Through the constructor, which makes the arrays read-only again.
        return _timeline, (attrs.asdict(self, recurse=False),)

    def __repr__(self) -> str:
        return f"<Timeline: {self._title}, {counted(len(self), 'interval')}>"

    def __str__(self) -> str:
        rows = text_rows(self, self.zone)
        return "\n".join([self._title, *self._notes, text_table([HEADER, *rows])])

    def _repr_html_(self) -> str:
        """What a notebook shows: the sums, a strip of the states, the first rows."""
        from uptime_core import markup  # noqa: PLC0415  # for notebooks only

        low, high = self.bounds
        changes = np.flatnonzero(np.diff(self._state, prepend=-1))
        lengths = np.diff(self.starts[changes], append=high)
        shares = (lengths / max(high - low, 1)).tolist()
        strip = zip(self.state[changes].tolist(), shares, strict=True)
        rows = list(islice(text_rows(self, self.zone), _ROWS_SHOWN + 1))
        rest = ["… and more: print(timeline)"] if len(rows) > _ROWS_SHOWN else []
        return markup.page(
            [
                markup.paragraph(self._title, strong=True),
                *map(markup.paragraph, self._notes),
                markup.legend(),
                markup.bar(strip, width="100%"),
                markup.table(HEADER, rows[:_ROWS_SHOWN]),
                *map(markup.paragraph, rest),
            ]
        )

    @property
    def _title(self) -> str:
        return f"shop {self.store_id}, {self.window.name} until {self.end.isoformat()}"

    @property
    def _notes(self) -> list[str]:
        sums = attrs.asdict(self.accounting)
        texts = [f"{name} {duration}" for name, duration in sums.items()]
        changes = [
            f"clocks change at {clock_text(change.at, self.zone)}: {change}"
            for change in self.transitions
        ]
        return [", ".join(texts), f"times in {self.timezone}", *changes]

    @property
    def _state(self) -> Int64:
        """Each interval's place in `_STATES`."""
        is_up = np.append(self.poll_up, False)[self.poll]  # an item
        spoken = np.where(self.poll < 0, _UNKNOWN, np.where(is_up, _UP, _DOWN))
        is_open = (self.row >= 0) | self.always_open
        return np.where(is_open, spoken, _CLOSED)

    def _poll(self, place: int) -> Poll:
        at, up = to_datetime(int(self.poll_at[place])), bool(self.poll_up[place])
        return Poll(self.store_id, at, up)

    def _interval(self, place: int, state: State) -> Interval:
        poll, row = int(self.poll[place]), int(self.row[place])
        return Interval(
            start=to_datetime(int(self.starts[place])),
            end=to_datetime(int(self.ends[place])),
            state=state,
            poll=None if poll < 0 else self._poll(poll),
            hours=None if row < 0 else self.hours[row],
            conflict=poll >= 0 and bool(self.poll_conflict[poll]),
        )

    def _table(self) -> Table:
        no_poll = np.append(self.poll_at, np.iinfo(np.int64).min)
        statuses = [*("active" if up else "inactive" for up in self.poll_up), None]
        rows = [*map(str, self.hours), None]
        return {
            "store_id": [self.store_id] * len(self),
            "start": self.starts.view("datetime64[us]"),
            "end": self.ends.view("datetime64[us]"),
            "state": self.state.tolist(),
            "duration": (self.ends - self.starts).view("timedelta64[us]"),
            "poll": no_poll[self.poll].view("datetime64[us]"),
            "status": [statuses[place] for place in self.poll.tolist()],
            "conflict": np.append(self.poll_conflict, False)[self.poll],
            "hours": [rows[place] for place in self.row.tolist()],
        }


def _timeline(fields: dict[str, Any]) -> Timeline:
    return Timeline(**fields)
