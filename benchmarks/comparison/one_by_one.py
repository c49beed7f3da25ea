"""What the scripts that go shop by shop share: reading, hours in UTC, and writing.

Instants are microseconds since the week's begin, so that sums are exact in floats, too.
Local times become UTC as `zoneinfo` has them, which is right in weeks in which clocks
do not change.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HOUR = 3_600_000_000
DAY = 24 * HOUR
WINDOWS = (HOUR, DAY, 7 * DAY)
WEEK = 7 * DAY
MINUTE = timedelta(minutes=1)

Interval = tuple[int, int]


class Shop(NamedTuple):
    """A shop's data.

    Attributes:
        polls: Instants and statuses, columns `at` and `up`, by instant.
        opened: Disjoint business hours of the week, ascending.
    """

    polls: pd.DataFrame
    opened: list[Interval]


Sums = tuple[list[int], list[int]]
"""Up and down in each window."""


def main(of_shop: Callable[[Shop], Sums]) -> None:
    """`SCRIPT POLLS HOURS ZONES OUTPUT SHOPS`: SHOPS is a JSON list of ids.

    Prints the seconds that the shops took, without reading the files.
    """
    polls_path, hours_path, zones_path, output, shops = sys.argv[1:]
    wanted = json.loads(shops)
    low, polls, hours, zones = read(polls_path, hours_path, zones_path, wanted)
    started = time.perf_counter()
    rows = []
    for store_id in wanted:
        zone = ZoneInfo(zones.get(store_id, "America/Chicago"))
        opened = business_hours(hours.get(store_id), zone, low)
        up, down = of_shop(Shop(polls[store_id], opened))
        total = [
            sum(max(0, b - max(a, WEEK - window)) for a, b in opened)
            for window in WINDOWS
        ]
        unknown = [t - u - d for t, u, d in zip(total, up, down, strict=True)]
        rows.append([store_id, *map(int, [*up, *down, *unknown])])
    print(time.perf_counter() - started)
    with open(output, "w", newline="", encoding="utf-8") as file:  # noqa: PTH123
        writer = csv.writer(file)
        writer.writerow(["store_id", *range(9)])
        writer.writerows(rows)


def read(
    polls_path: str, hours_path: str, zones_path: str, wanted: Sequence[str]
) -> tuple[
    datetime, dict[str, pd.DataFrame], dict[str, list[list[str]]], dict[str, str]
]:
    """The week's first instant, and polls, hours and zones of the wanted shops."""
    frame = pd.read_csv(polls_path, dtype={"store_id": str})
    texts = frame["timestamp_utc"].str.removesuffix(" UTC")
    at = pd.to_datetime(texts, format="ISO8601", utc=True)
    newest = at.max()
    low = newest.to_pydatetime() - timedelta(days=7)
    mine = frame["store_id"].isin(wanted)
    chosen = pd.DataFrame(
        {
            "store_id": frame["store_id"][mine],
            "at": (at[mine] - low) // pd.Timedelta(microseconds=1),
            "up": frame["status"][mine] == "active",
        }
    )
    # Where an instant has both statuses, down wins.
    chosen = chosen.sort_values(["store_id", "at", "up"]).drop_duplicates(
        ["store_id", "at"]
    )
    polls = {
        str(store_id): group[["at", "up"]].reset_index(drop=True)
        for store_id, group in chosen.groupby("store_id")
    }
    rows: dict[str, list[list[str]]] = {}
    with open(hours_path, newline="", encoding="utf-8") as file:  # noqa: PTH123
        reader = csv.reader(file)
        next(reader)
        for store_id, *row in reader:
            rows.setdefault(store_id, []).append(row)
    with open(zones_path, newline="", encoding="utf-8") as file:  # noqa: PTH123
        zones = dict(list(csv.reader(file))[1:])
    return low, polls, rows, zones


def business_hours(
    rows: list[list[str]] | None, zone: ZoneInfo, low: datetime
) -> list[Interval]:
    """A shop's business hours of the week, joined where they touch or overlap."""
    if rows is None:
        return [(0, WEEK)]
    found: list[Interval] = []
    first = low.astimezone(zone).date() - timedelta(days=1)
    for number in range(10):
        date = first + timedelta(days=number)
        for day, opens, closes in rows:
            if int(day) != date.weekday():
                continue
            begin, end = clock(opens), clock(closes)
            if end >= DAY - HOUR // 3600 or end == DAY - HOUR // 60:
                end = DAY
            elif end <= begin:
                end += DAY
            midnight = datetime(date.year, date.month, date.day)  # noqa: DTZ001
            start, stop = (
                (
                    (midnight + timedelta(microseconds=at)).replace(tzinfo=zone)
                ).astimezone(UTC)
                for at in (begin, end)
            )
            micro = timedelta(microseconds=1)
            start_at = max((start - low) // micro, 0)
            stop_at = min((stop - low) // micro, WEEK)
            if start_at < stop_at:
                found.append((start_at, stop_at))
    joined: list[Interval] = []
    for start_at, stop_at in sorted(found):
        if joined and start_at <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(stop_at, joined[-1][1])
        else:
            joined.append((start_at, stop_at))
    return joined


def clock(text: str) -> int:
    """A time of the day in microseconds."""
    hours, minutes, *seconds = text.split(":")
    return (int(hours) * 60 + int(minutes)) * 60_000_000 + round(
        float(seconds[0] if seconds else 0) * 1_000_000
    )


def runs(polls: pd.DataFrame) -> pd.DataFrame:
    """Stretches of one status: each until the next, the first from the week's begin."""
    changed = polls["up"] != polls["up"].shift()
    stretches = polls[changed].reset_index(drop=True)
    stretches["start"] = stretches["at"].clip(lower=0)
    stretches.loc[stretches.index[:1], "start"] = 0
    stretches["end"] = stretches["start"].shift(-1, fill_value=WEEK)
    return stretches[stretches["start"] < stretches["end"]]
