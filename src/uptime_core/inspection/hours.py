"""Checks of business hours: what is missing, and rows that are hardly meant so."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uptime_core.errors import counted, shown
from uptime_core.inspection.findings import Finding
from uptime_core.inspection.fleet import ids_of, numbered
from uptime_core.inspection.wording import EXAMPLES, clause, some, weekly
from uptime_core.kernel.arrays import starts_of_runs
from uptime_core.kernel.blocks import MOST_SHOPS
from uptime_core.kernel.intervals import POSITION_BITS, union
from uptime_core.kernel.localtime import SECOND
from uptime_core.kernel.weekly import DAY, WEEK
from uptime_core.schedule import DAY_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptime_core.kernel.arrays import Int64
    from uptime_core.schedule import HoursColumns

_MINUTE = 60 * SECOND


class _Rows(NamedTuple):
    """Rows of business hours, sorted by shop and start, each once."""

    store_ids: tuple[str, ...]
    shop: Int64
    start: Int64
    end: Int64
    repeated: int

    @classmethod
    def of(cls, hours: HoursColumns) -> _Rows:
        store_ids, number = numbered(hours.store_ids, np.arange(len(hours.store_ids)))
        shop = number[hours.code]
        order = np.lexsort((hours.end, hours.start, shop))
        shop, start, end = columns = shop[order], hours.start[order], hours.end[order]
        is_new = starts_of_runs(shop) | starts_of_runs(start) | starts_of_runs(end)
        shop, start, end = (column[is_new] for column in columns)
        return cls(store_ids, shop, start, end, int(np.count_nonzero(~is_new)))

    def ids(self, shops: Int64) -> tuple[str, ...]:
        return ids_of(self.store_ids, shops)

    def examples(self, shop: Int64, start: Int64, end: Int64) -> tuple[str, ...]:
        return tuple(
            f"{shown(self.store_ids[number])}: {weekly(opens, closes)}"
            for number, opens, closes in zip(
                shop[:EXAMPLES].tolist(),
                start[:EXAMPLES].tolist(),
                end[:EXAMPLES].tolist(),
                strict=True,
            )
        )


def hours_findings(hours: HoursColumns) -> Iterator[Finding]:
    """What is odd about business hours, within each shop."""
    rows = _Rows.of(hours)
    yield from _one_minute_holes(rows)
    yield from _round_the_clock(rows)
    yield from _overlaps(rows)
    yield from _missing_weekdays(rows)


def _one_minute_holes(rows: _Rows) -> Iterator[Finding]:
    blocks = range(0, len(rows.store_ids), MOST_SHOPS)
    holes = zip(_NO_HOLES, *(_holes(rows, first) for first in blocks), strict=True)
    shop, start, end = map(np.concatenate, holes)
    if not len(shop):
        return
    ids = rows.ids(shop)
    yield Finding(
        kind="one_minute_holes",
        severity="warning",
        count=len(shop),
        summary=f"{counted(len(shop), 'hole')} of a minute or less between rows of "
        f"hours, in {counted(len(ids), 'shop')}",
        meaning="The shops are closed in them, since an end is not within the hours. "
        "Most likely the source counts its last minute or second in, and every other "
        "end of these shops is as early.",
        advice="Let an end be the first instant after, like 12:00 for 11:59; only at "
        "the end of the day is 23:59 read so.",
        examples=rows.examples(shop, start, end),
        store_ids=ids,
    )


_NO_HOLES = tuple(np.zeros(0, dtype=np.int64) for _ in range(3))


def _holes(rows: _Rows, first: int) -> tuple[Int64, Int64, Int64]:
    """Short stretches between the rows of some shops, also across the week's end."""
    some_rows = slice(*np.searchsorted(rows.shop, [first, first + MOST_SHOPS]).tolist())
    shop, start, end = _within_week(
        rows.shop[some_rows] - first, rows.start[some_rows], rows.end[some_rows]
    )
    shop, start, end = union(shop, start, end)
    is_first = starts_of_runs(shop)
    is_last = np.append(is_first[1:], len(shop) > 0)[: len(shop)]
    opens = np.append(start[1:], start[:1])
    opens[is_last] = start[is_first] + WEEK
    is_hole = (opens > end) & (opens - end <= _MINUTE)
    begin, length = end[is_hole] % WEEK, (opens - end)[is_hole]
    return shop[is_hole] + first, begin, begin + length


def _within_week(shop: Int64, start: Int64, end: Int64) -> tuple[Int64, Int64, Int64]:
    """Rows, those that go on past the week's end in two parts."""
    wraps = end > WEEK
    return (
        np.concatenate([shop, shop[wraps]]),
        np.concatenate([start, np.zeros_like(start[wraps])]),
        np.concatenate([np.minimum(end, WEEK), end[wraps] - WEEK]),
    )


def _round_the_clock(rows: _Rows) -> Iterator[Finding]:
    is_odd = (rows.end - rows.start == DAY) & (rows.start % DAY > 0)
    if not is_odd.any():
        return
    count = int(np.count_nonzero(is_odd))
    columns = rows.shop[is_odd], rows.start[is_odd], rows.end[is_odd]
    yield Finding(
        kind="round_the_clock_rows",
        severity="warning",
        count=count,
        summary=f"{counted(count, 'row')} of hours {'ends' if count == 1 else 'end'} "
        "at the time of day at which it starts, other than midnight",
        meaning="That is read as 24 hours, until the same time on the next day.",
        advice="If closed is meant, delete the row; if a shop is open all day, write "
        "00:00 to 24:00.",
        examples=rows.examples(*columns),
        store_ids=rows.ids(columns[0]),
    )


def _overlaps(rows: _Rows) -> Iterator[Finding]:
    if rows.repeated:
        yield Finding(
            kind="repeated_rows",
            severity="note",
            count=rows.repeated,
            summary=f"{counted(rows.repeated, 'row')} of hours came more than once",
            meaning="That changes nothing: a shop is open in the union of its rows.",
            advice="Nothing need be done.",
        )
    shop, start, end = _within_week(rows.shop, rows.start, rows.end)
    order = np.lexsort((end, start, shop))
    shop, start, end = shop[order], start[order], end[order]
    is_first = starts_of_runs(shop)
    # Shops lie side by side, so that no end reaches into the rows of the next one.
    reached = np.maximum.accumulate((shop << POSITION_BITS) + end)
    overlaps = ~is_first
    overlaps[1:] &= (shop[1:] << POSITION_BITS) + start[1:] < reached[:-1]
    if not overlaps.any():
        return
    count = int(np.count_nonzero(overlaps))
    ids = rows.ids(shop[overlaps])
    yield Finding(
        kind="overlapping_rows",
        severity="note",
        count=count,
        summary=f"{counted(count, 'row')} of hours in {counted(len(ids), 'shop')} "
        f"{'overlaps' if count == 1 else 'overlap'} an earlier one",
        meaning="A shop is open in the union of its rows; no time counts twice.",
        advice="Nothing need be done, unless one of them is out of date.",
        examples=rows.examples(shop[overlaps], start[overlaps], end[overlaps]),
        store_ids=ids,
    )


def _missing_weekdays(rows: _Rows) -> Iterator[Finding]:
    shops = len(rows.store_ids)
    has_row = np.zeros((shops, len(DAY_NAMES)), dtype=np.bool_)
    first = rows.start // DAY
    # A row of more than 24 hours, which no file has, also stands for the days after.
    last = np.where(rows.end - rows.start > DAY, (rows.end - 1) // DAY, first)
    for later in range(3):
        day = np.minimum(first + later, last)
        has_row[rows.shop, day % len(DAY_NAMES)] = True
    days = has_row.sum(axis=1)
    closed = np.flatnonzero(days == 0)
    if len(closed):
        ids = rows.ids(closed)
        yield Finding(
            kind="always_closed",
            severity="note",
            count=len(ids),
            summary=f"{clause(len(ids), 'shop', 'has', 'have')} hours without a single "
            "row",
            meaning="They are always closed, and have no business time.",
            advice="Nothing need be done, if that is meant.",
            examples=some(ids),
            store_ids=ids,
        )
    lacks = np.flatnonzero((days > 0) & (days < len(DAY_NAMES)))
    if not len(lacks):
        return
    missing = shops - has_row.sum(axis=0) - len(closed)
    by_day = ", ".join(
        f"{name} {count:,}"
        for name, count in zip(DAY_NAMES, missing.tolist(), strict=True)
        if count
    )
    ids = rows.ids(lacks)
    yield Finding(
        kind="missing_weekdays",
        severity="note",
        count=len(ids),
        summary=f"{clause(len(ids), 'shop', 'has', 'have')} no row of hours for some "
        f"weekdays ({by_day})",
        meaning="They are closed on these days: what happens then does not count.",
        advice="Nothing need be done, if that is meant; where a day was forgotten, "
        "load all hours of the shop again.",
        examples=some(ids),
        store_ids=ids,
    )
