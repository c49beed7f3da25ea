"""The sums of a single shop and stretch of time, without ids and columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptime_core.columns import READS_FILES, cells_of, iterable
from uptime_core.compute import compute_report
from uptime_core.errors import located
from uptime_core.instants import to_datetime
from uptime_core.polls import PollColumns
from uptime_core.request import DEFAULT_POLICY
from uptime_core.schedule import WeeklySchedule
from uptime_core.timezones import parse_timezone
from uptime_core.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from uptime_core.policy import Policy
    from uptime_core.report_rows import Accounting
    from uptime_core.schedule import BusinessHours, TimeOfDay

    Rows = Iterable[BusinessHours | tuple[int | str, TimeOfDay, TimeOfDay]]

_SHOP = "shop"


def uptime(
    polls: Iterable[tuple[datetime, str | bool]],
    start: datetime,
    end: datetime,
    *,
    hours: WeeklySchedule | Rows | None = None,
    timezone: str = "UTC",
    policy: Policy = DEFAULT_POLICY,
) -> Accounting:
    """How long one shop was up, down and unknown from `start` up to `end`.

    All polls are used: the report's "now" is the later of `end` and the newest poll.

    >>> from datetime import UTC, datetime
    >>> noon = datetime(2023, 1, 25, 12, tzinfo=UTC)
    >>> uptime([(noon, "active")], noon, noon.replace(hour=14)).up
    datetime.timedelta(seconds=3600)

    Args:
        polls: Pairs ``(aware datetime, status)`` with status "active", "inactive",
            True or False; in any order.
        start: First instant, an aware datetime.
        end: First instant after it, not before `start`.
        hours: A `WeeklySchedule` or rows ``(day, start, end)``; None falls under
            ``policy.missing_hours``, which by default is always open.
        timezone: The name of the shop's time zone.
        policy: How polls and missing data are read.

    Raises:
        InputError: An argument, or a row in it, cannot be accepted.
    """
    window = Window.between(start, end)
    zone = parse_timezone(timezone)
    columns = PollColumns.from_rows(_rows(polls))
    newest = columns.newest()
    schedules = {}
    if hours is not None:
        schedules[_SHOP] = (
            hours if isinstance(hours, WeeklySchedule) else WeeklySchedule(hours)
        )
    report = compute_report(
        columns,
        schedules,
        {_SHOP: zone},
        as_of=end if newest is None else max(end, to_datetime(newest)),
        windows=[window],
        policy=policy,
    )
    return report.row(_SHOP)[window.name]


def _rows(
    polls: Iterable[tuple[datetime, str | bool]],
) -> Iterator[tuple[str, datetime, str | bool]]:
    for number, pair in enumerate(iterable(polls, "polls", READS_FILES), start=1):
        with located("polls", line=number):
            at, status = cells_of(pair, 2, "(datetime, status)")
        yield _SHOP, at, status
