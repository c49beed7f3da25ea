"""Sums by the hour of the week, on each shop's own wall clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

import attrs
import numpy as np

from uptime_core.columns import read_only
from uptime_core.compute import compute_request
from uptime_core.errors import UnknownStoreIdError, counted, shown
from uptime_core.framed import Framed
from uptime_core.instants import to_datetime
from uptime_core.kernel.localtime import offset_segments
from uptime_core.kernel.weekly import MONDAY
from uptime_core.one_source import ask, chosen_window
from uptime_core.selection import select, timezone_of
from uptime_core.window import UNIT_MICROS, Window

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    import numpy.typing as npt

    from uptime_core.inputs import HoursInput, TimezonesInput
    from uptime_core.kernel.arrays import Int64
    from uptime_core.one_source import Source
    from uptime_core.policy import Policy
    from uptime_core.report import Report
    from uptime_core.report_table import Table
    from uptime_core.request import ReportRequest, StoreSelection
    from uptime_core.snapshot import Snapshot

DAYS, HOURS = 7, 24

_HOUR = UNIT_MICROS["hours"]
_WINDOWS_AT_ONCE = 256  # of all shops of a zone, so that the sums fit the memory
_SUMS = ("up", "down", "unknown", "open")


def _sums(values: Int64) -> Int64:
    return read_only(values)


_same_array = attrs.cmp_using(eq=np.array_equal)


@attrs.frozen(kw_only=True, repr=False)
class LocalWeek(Framed):
    """Business time by the hour of the week that the shops' wall clocks show.

    All hours together are the totals of a report. Holding arrays, it has no hash.

    Attributes:
        shops: How many shops were added up.
        store_id: The shop, if it is one only, else None.
        window: What was added up.
        as_of: The "now".
        policy: How polls and missing data were read.
        up: int64 microseconds, shape (7 days from Monday, 24 hours); read-only, like
            the next three.
        down: The same, down.
        unknown: The same, for which no poll speaks.
        open: The same, in all.
    """

    shops: int
    store_id: str | None
    window: Window
    as_of: datetime
    policy: Policy
    up: Int64 = attrs.field(converter=_sums, eq=_same_array)
    down: Int64 = attrs.field(converter=_sums, eq=_same_array)
    unknown: Int64 = attrs.field(converter=_sums, eq=_same_array)
    open: Int64 = attrs.field(converter=_sums, eq=_same_array)

    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # it holds arrays

    @property
    def ratio(self) -> npt.NDArray[np.float64]:
        """Shares of up in what was observed, NaN where nothing was."""
        return _share(self.up, self.up + self.down)

    @property
    def coverage(self) -> npt.NDArray[np.float64]:
        """Shares of the business time that was observed, NaN without any."""
        return _share(self.up + self.down, self.open)

    def __repr__(self) -> str:
        shops = counted(self.shops, "shop")
        return (
            f"<LocalWeek: {shops}, {self.window.name}, as of {self.as_of.isoformat()}>"
        )

    def _table(self) -> Table:
        days, hours = np.divmod(np.arange(DAYS * HOURS, dtype=np.int64), HOURS)
        sums = {
            name: getattr(self, name).ravel().view("timedelta64[us]") for name in _SUMS
        }
        shares = {"ratio": self.ratio.ravel(), "coverage": self.coverage.ravel()}
        return {"day": days, "hour": hours, **sums, **shares}


def local_week(
    source: Source,
    hours: HoursInput | None = None,
    timezones: TimezonesInput | None = None,
    *,
    stores: StoreSelection = "all",
    window: Window | str | None = None,
    report: Report | None = None,
    as_of: datetime | None = None,
    policy: Policy | None = None,
) -> LocalWeek:
    """When in the week shops are up: sums by the hour that their wall clocks show.

    Args:
        source: A store, a snapshot, or polls as `compute_report` takes them.
        hours: Business hours, if `source` is polls; likewise the next one.
        timezones: Time zones.
        stores: `all` shops, only the `polled` ones, or a list of ids.
        window: What to add up, or the name of a window of `report`, or of a default
            window; by default the longest of these.
        report: A report whose `as_of` and policy are taken.
        as_of: The "now", an aware datetime; by default the newest poll of all shops.
        policy: How polls and missing data are read; by default as in `Policy()`.

    Raises:
        InputError: An argument, or a row in it, cannot be accepted; as for
            `compute_report`.
        BackEndError: The store cannot be read.
    """
    asked = ask(
        source,
        hours,
        timezones,
        caller="local_week",
        window=chosen_window(window, report, "local_week"),
        stores=stores,
        report=report,
        as_of=as_of,
        policy=policy,
    )
    request = asked.request
    missing = set() if isinstance(request.stores, str) else set(request.stores)
    hours_of: dict[str, LocalHours] = {}
    sums = np.zeros((len(_SUMS), DAYS * HOURS), dtype=np.int64)
    shops, latest = 0, None
    for part in asked.snapshot.parts():
        selection = select(part, asked.as_of, request.stores)
        missing -= selection.known
        shops += len(selection.store_ids)
        latest = selection.store_ids[-1] if selection.store_ids else latest
        by_zone: dict[ZoneInfo, list[str]] = {}
        for store_id in selection.store_ids:
            zone = timezone_of(part, store_id, request.policy.default_timezone)
            by_zone.setdefault(zone, []).append(store_id)
        for zone, store_ids in by_zone.items():
            if zone.key not in hours_of:
                hours_of[zone.key] = _local_hours(
                    zone, *asked.window.bounds(asked.as_of)
                )
            in_zone = attrs.evolve(request, stores=tuple(store_ids))
            _add(sums, part, in_zone, hours_of[zone.key])
    if missing:
        raise UnknownStoreIdError(
            f"shop {shown(min(missing))} is in none of the sources (polls count up to "
            "as_of); see how it is written there",
            source="local_week",
            field="stores",
        )
    return LocalWeek(
        shops=shops,
        store_id=latest if shops == 1 else None,
        window=asked.window,
        as_of=to_datetime(asked.as_of),
        policy=request.policy,
        **dict(zip(_SUMS, sums.reshape(-1, DAYS, HOURS), strict=True)),
    )


class LocalHours(NamedTuple):
    """The hours that a zone's wall clock shows one after the other.

    Attributes:
        start: First instants, in microseconds.
        end: First instants after them.
        cell: Which hour of the week it is, from 0 on Monday at 00:00.
    """

    start: Int64
    end: Int64
    cell: Int64


def _local_hours(zone: ZoneInfo, low: int, high: int) -> LocalHours:
    """The hours from `low` to `high`, the first and the last one cut off there."""
    starts, offsets = offset_segments(zone, low, high)
    parts = []
    for start, end, offset in zip(
        starts.tolist(), [*starts[1:].tolist(), high], offsets.tolist(), strict=True
    ):
        origin = MONDAY - offset
        first, after = (start - origin) // _HOUR, -((origin - end) // _HOUR)
        hours = np.arange(first, max(after, first + 1), dtype=np.int64)
        parts.append((np.maximum(origin + hours * _HOUR, start), hours))
    begin, hours = map(np.concatenate, zip(*parts, strict=True))
    return LocalHours(begin, np.append(begin[1:], high), hours % (DAYS * HOURS))


def _add(
    sums: Int64, snapshot: Snapshot, request: ReportRequest, hours: LocalHours
) -> None:
    """Add what shops of one zone were in each hour of its week."""
    for first in range(0, len(hours.cell), _WINDOWS_AT_ONCE):
        some = slice(first, first + _WINDOWS_AT_ONCE)
        bounds = zip(hours.start[some].tolist(), hours.end[some].tolist(), strict=True)
        windows = tuple(
            Window(name=f"hour {number}", unit="hours", start=start, end=end)
            for number, (start, end) in enumerate(bounds)
        )
        report = compute_request(snapshot, attrs.evolve(request, windows=windows))
        for row, name in zip(sums, _SUMS, strict=True):
            np.add.at(row, hours.cell[some], getattr(report, name).sum(axis=0))


def _share(part: Int64, whole: Int64) -> npt.NDArray[np.float64]:
    share = np.full(part.shape, np.nan)
    np.divide(part, whole, out=share, where=whole > 0)
    return share
