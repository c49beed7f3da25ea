"""The sums of every shop of a data set, one shop and window after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from uptime_core.testing.oracle.one_shop import (
    EPOCH,
    MICROSECOND,
    Sums,
    account,
    micros,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from uptime_core.policy import Policy
    from uptime_core.testing.oracle.one_shop import Row

    Hours = Iterable[tuple[str, int, str, str]] | Mapping[str, Any]

_UP = (True, "active")


class WindowLike(Protocol):
    """What is read of a `Window`: a length, or a start and an end, in microseconds."""

    @property
    def length(self) -> int | None:
        """How far it goes back from `as_of`, or None for an absolute window."""

    @property
    def start(self) -> int | None:
        """First instant of an absolute window."""

    @property
    def end(self) -> int | None:
        """First instant after it."""


class _RowLike(Protocol):
    @property
    def store_id(self) -> str: ...
    @property
    def up(self) -> tuple[int, ...]: ...
    @property
    def down(self) -> tuple[int, ...]: ...
    @property
    def unknown(self) -> tuple[int, ...]: ...
    @property
    def open(self) -> tuple[int, ...]: ...


class ReportLike(Protocol):
    """What is read of a `Report`."""

    def rows(self) -> Iterator[_RowLike]:
        """One row for each shop."""


def account_all(
    polls: Iterable[tuple[str, datetime, bool | str]],
    hours: Hours | None = None,
    timezones: Mapping[str, str] | None = None,
    *,
    windows: Iterable[WindowLike],
    policy: Policy,
    as_of: datetime | None = None,
) -> dict[str, tuple[Sums, ...]]:
    """The sums of every shop that a data set knows, for each window in turn.

    Args:
        polls: Rows ``(store_id, aware datetime, status)``, in any order.
        hours: Rows ``(store_id, day, start, end)`` with times in text, or a mapping of
            ids to rows ``(day, start, end)`` or to a `WeeklySchedule`.
        timezones: Names by shop.
        windows: What to add up.
        policy: How polls and missing data are read.
        as_of: The report's "now"; by default the newest poll.

    >>> from datetime import UTC, datetime, timedelta
    >>> from uptime_core import Policy, Window, compute_report
    >>> noon = datetime(2023, 1, 25, 12, tzinfo=UTC)
    >>> polls = [("a", noon - timedelta(minutes=40), True), ("a", noon, False)]
    >>> windows = [Window.last(timedelta(hours=1))]
    >>> account_all(polls, windows=windows, policy=Policy())
    {'a': (Sums(up=2400000000, down=0, unknown=1200000000, open=3600000000),)}
    >>> sums_of(compute_report(polls, windows=windows)) == _
    True
    """
    spoken: dict[str, list[tuple[datetime, bool]]] = {}
    for store_id, at, status in polls:
        spoken.setdefault(store_id, []).append((at, status in _UP))
    instants = [at for shop in spoken.values() for at, _ in shop]
    if as_of is None and not instants:
        message = "there is no poll, and so no newest one; give as_of"
        raise ValueError(message)
    as_of = max(instants) if as_of is None else as_of
    rows = _rows_by_shop(hours)
    zones = timezones or {}
    polled = {shop for shop in spoken if any(at <= as_of for at, _ in spoken[shop])}
    bounds = [_bounds(window, micros(as_of)) for window in windows]
    return {
        store_id: tuple(
            account(
                spoken.get(store_id, ()),
                start,
                end,
                as_of=as_of,
                rows=rows.get(store_id),
                timezone=zones.get(store_id) or _default_timezone(store_id, policy),
                policy=policy,
            )
            for start, end in bounds
        )
        for store_id in sorted({*polled, *rows, *zones})
    }


def sums_of(report: ReportLike) -> dict[str, tuple[Sums, ...]]:
    """The sums of a `Report`, in the form that `account_all` gives."""
    return {
        row.store_id: tuple(map(Sums, row.up, row.down, row.unknown, row.open))
        for row in report.rows()
    }


def _rows_by_shop(hours: Hours | None) -> dict[str, list[Row]]:
    by_shop: dict[str, list[Row]] = {}
    if isinstance(hours, Mapping):
        for store_id, schedule in hours.items():
            rows = schedule.rows if hasattr(schedule, "rows") else schedule
            by_shop[store_id] = [
                row if isinstance(row, tuple) else (row.day, row.start, row.end)
                for row in rows
            ]
    elif hours is not None:
        for store_id, day, start, end in hours:
            by_shop.setdefault(store_id, []).append((day, start, end))
    return by_shop


def _default_timezone(store_id: str, policy: Policy) -> str:
    if policy.default_timezone is None:
        message = f"shop {store_id!r} has no zone, which the policy makes an error"
        raise ValueError(message)
    return policy.default_timezone


def _bounds(window: WindowLike, as_of: int) -> tuple[datetime, datetime]:
    start, end = window.start, window.end
    if start is None or end is None:
        start, end = as_of - (window.length or 0), as_of
    return EPOCH + start * MICROSECOND, EPOCH + end * MICROSECOND
