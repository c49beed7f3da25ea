"""Data sets that lie in the hard regions on purpose."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import attrs
from hypothesis import strategies as st

from uptime_core import Policy, Report, Window, compute_report

if TYPE_CHECKING:
    from collections.abc import Sequence

Row = tuple[int, str, str]
Instants = st.SearchStrategy[datetime]

ANCHORS = {
    "Africa/Casablanca": ("2023-03-19T02:00:00", "2023-04-23T02:00:00"),
    "Africa/Monrovia": ("1972-01-07T00:44:30",),
    "America/Caracas": ("2007-12-09T07:00:00", "2016-05-01T07:00:00"),
    "America/Chicago": ("2023-01-25T18:13:22", "2023-11-05T07:00:00"),
    "America/New_York": (
        "1883-11-18T17:00:00",
        "2006-10-29T06:00:00",
        "2007-03-11T07:00:00",
        "2007-11-04T06:00:00",
        "2099-03-08T07:00:00",
    ),
    "America/Noronha": ("2000-10-08T02:00:00", "2000-10-15T01:00:00"),
    "America/St_Johns": ("2006-10-29T02:31:00",),
    "Antarctica/Troll": ("2023-03-26T01:00:00", "2023-10-29T01:00:00"),
    "Asia/Kathmandu": ("1985-12-31T18:30:00", "1919-12-31T18:18:44"),
    "Australia/Lord_Howe": ("2023-04-01T15:00:00", "2023-09-30T15:30:00"),
    "Europe/Amsterdam": ("1937-06-30T22:40:28",),
    "Europe/Dublin": ("2023-03-26T01:00:00", "2023-10-29T01:00:00"),
    "Pacific/Apia": ("2011-12-30T10:00:00", "1892-07-04T11:26:56"),
    "Pacific/Kiritimati": ("1994-12-31T10:00:00",),
    "UTC": ("1970-01-01T00:00:00", "2100-12-31T23:59:59"),
}
"""Zones that break naive code, and instants at which they do."""

HOUR = timedelta(hours=1)
TIMES = (
    *("00:00", "0:30", "01:00", "01:30", "01:59:59.999999", "02:00", "2:15", "02:30"),
    *("03:00", "06:00", "09:00", "12:00", "17:30:30", "22:00", "23:30", "23:58"),
    *("23:59", "23:59:00", "23:59:59", "23:59:59.5", "00:00:00.000001"),
)
REACHES = (
    None,
    timedelta(microseconds=1),
    timedelta(minutes=17, microseconds=3),
    HOUR,
    timedelta(hours=5),
    timedelta(days=400_000),
)


@attrs.frozen
class Shop:
    """One shop's data; rows None is a shop without any hours."""

    polls: tuple[tuple[datetime, bool], ...]
    rows: tuple[Row, ...] | None
    timezone: str


@attrs.frozen
class Dataset:
    """Shops, a "now" and absolute windows, all about the same instant."""

    shops: tuple[Shop, ...]
    as_of: datetime
    windows: tuple[tuple[datetime, datetime], ...]

    @property
    def polls(self) -> list[tuple[str, datetime, bool]]:
        return [
            (shop_id(number), at, up)
            for number, shop in enumerate(self.shops)
            for at, up in shop.polls
        ]

    @property
    def hours(self) -> list[tuple[str, int, str, str]]:
        return [
            (shop_id(number), *row)
            for number, shop in enumerate(self.shops)
            for row in shop.rows or ()
        ]

    @property
    def timezones(self) -> dict[str, str]:
        return {shop_id(n): shop.timezone for n, shop in enumerate(self.shops)}

    @property
    def report_windows(self) -> list[Window]:
        return [
            Window.between(start, end, name=f"w{number}")
            for number, (start, end) in enumerate(self.windows)
        ]


def shop_id(number: int) -> str:
    return f"shop-{number}"


def instants_near(anchor: datetime, spread: timedelta) -> Instants:
    """Instants about the anchor: on it, beside it by a microsecond, and anywhere."""
    microsecond = timedelta(microseconds=1)
    half_hours = int(spread / timedelta(minutes=30))
    return st.one_of(
        st.integers(-half_hours, half_hours).map(lambda n: anchor + n * HOUR / 2),
        st.integers(-2, 2).map(lambda n: anchor + n * microsecond),
        st.integers(-int(spread / microsecond), int(spread / microsecond)).map(
            lambda n: anchor + n * microsecond
        ),
    )


def anchors() -> st.SearchStrategy[tuple[str, datetime]]:
    """A zone and an instant at which it does something."""
    return st.sampled_from(
        [
            (zone, datetime.fromisoformat(text).replace(tzinfo=UTC))
            for zone, texts in ANCHORS.items()
            for text in texts
        ]
    )


def business_hours(max_size: int = 6) -> st.SearchStrategy[tuple[Row, ...]]:
    """Weekly rows: overnight, split at midnight, 24 hours, nested, touching."""
    minutes = st.integers(0, 24 * 60 - 1).map(lambda m: f"{m // 60}:{m % 60:02d}")
    start = st.one_of(st.sampled_from(TIMES), minutes)
    end = st.one_of(start, st.sampled_from(("24:00", "24:00:00", "00:00")))
    row = st.tuples(st.integers(0, 6), start, end)
    return st.lists(row, min_size=1, max_size=max_size).map(tuple)


def policies() -> st.SearchStrategy[Policy]:
    """Every policy; those without a default zone are tested by hand."""
    return st.builds(
        Policy,
        extrapolation=st.sampled_from(("previous", "next", "nearest")),
        reach=st.one_of(
            st.sampled_from(REACHES),
            st.integers(1, 10**11).map(lambda n: timedelta(microseconds=n)),
        ),
        initial=st.sampled_from(("unknown", "first")),
        missing_hours=st.sampled_from(("open", "closed")),
    )


@st.composite
def datasets(
    draw: st.DrawFn,
    *,
    max_shops: int = 3,
    rows: st.SearchStrategy[Sequence[Row] | None] | None = None,
    zones: st.SearchStrategy[str] | None = None,
) -> Dataset:
    """Shops with their polls and hours about one anchor, and windows across it."""
    zone, anchor = draw(anchors())
    if rows is None:
        rows = st.one_of(st.none(), business_hours())
    if zones is None:
        elsewhere = anchors().map(lambda other: other[0])
        zones = st.one_of(st.just(zone), st.just(zone), elsewhere)
    near = instants_near(anchor, timedelta(days=2))
    polls = st.lists(st.tuples(near, st.booleans()), max_size=8).map(tuple)
    shops = draw(
        st.lists(
            st.builds(
                Shop,
                polls=polls,
                rows=rows,
                timezone=zones,
            ),
            min_size=1,
            max_size=max_shops,
        )
    )
    bounds = st.tuples(near, near).map(lambda pair: (min(pair), max(pair)))
    windows = draw(st.lists(bounds, min_size=1, max_size=3))
    return Dataset(tuple(shops), draw(near), tuple(windows))


def report_of(dataset: Dataset, policy: Policy) -> Report:
    """The report of all shops of a data set."""
    return compute_report(
        dataset.polls,
        dataset.hours,
        dataset.timezones,
        as_of=dataset.as_of,
        windows=dataset.report_windows,
        stores=[shop_id(number) for number in range(len(dataset.shops))],
        policy=policy,
    )
