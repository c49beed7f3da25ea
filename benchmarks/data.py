"""The data of the benchmarks: files that are given, or made from a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uptime_core import CsvStore, HoursColumns, PollColumns, Snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

AS_OF = np.datetime64("2023-01-25T18:13:22.479220", "us")
WEEK = np.timedelta64(7, "D")
ZONES = ("America/Chicago", "America/New_York", "Asia/Beirut", "Europe/London")
HOUR = 3_600_000_000
ACTIVE = 0.76  # a share like the real one


class Files(NamedTuple):
    """The three sources."""

    polls: Path
    hours: Path
    timezones: Path


class Columns(NamedTuple):
    """The three sources in memory."""

    polls: PollColumns
    hours: HoursColumns
    timezones: Mapping[str, str]

    def snapshot(self) -> Snapshot:
        """What reports read."""
        return Snapshot.of(*self)


def generate(folder: Path, shops: int, polls_a_shop: int, seed: int) -> Files:
    """Files of shops that are polled about once an hour and open on most days."""
    random = np.random.default_rng(seed)
    ids = random.choice(10**15, shops, replace=False) + 10**18
    paths = Files(*(folder / f"{name}.csv" for name in ("polls", "hours", "zones")))
    rows = shops * polls_a_shop
    shop = ids[random.integers(0, shops, rows)]
    at = AS_OF - (random.random(rows) * WEEK.astype("m8[us]").astype(np.int64)).astype(
        "m8[us]"
    )
    at[0] = AS_OF
    up = random.random(rows) < ACTIVE
    with paths.polls.open("w", encoding="utf-8") as file:
        file.write("store_id,status,timestamp_utc\n")
        file.writelines(
            f"{shop_id},{status},{text[:10]} {text[11:]} UTC\n"
            for shop_id, status, text in zip(
                shop.tolist(),
                np.where(up, "active", "inactive").tolist(),
                np.datetime_as_string(at).tolist(),
                strict=True,
            )
        )
    with paths.hours.open("w", encoding="utf-8") as file:
        file.write("store_id,day,start_time_local,end_time_local\n")
        for shop_id in ids[random.random(shops) < 0.8].tolist():
            opens, length = random.integers(0, 24), random.integers(1, 20)
            closes = (opens + length) % 24
            file.writelines(
                f"{shop_id},{day},{opens:02}:00:00,{closes:02}:30:00\n"
                for day in np.flatnonzero(random.random(7) < 0.9).tolist()
            )
    with paths.timezones.open("w", encoding="utf-8") as file:
        file.write("store_id,timezone_str\n")
        file.writelines(
            f"{shop_id},{ZONES[zone]}\n"
            for shop_id, zone in zip(
                ids.tolist(), random.integers(0, len(ZONES), shops), strict=True
            )
        )
    return paths


def read(files: Files, seed: int) -> Columns:
    """The files as columns, with polls in random order."""
    snapshot = CsvStore(*files).snapshot()
    polls = snapshot.polls
    order = np.random.default_rng(seed).permutation(len(polls))
    return Columns(
        PollColumns(
            polls.store_ids, polls.code[order], polls.at[order], polls.status[order]
        ),
        snapshot.hours,
        snapshot.timezones,
    )


def repeat(columns: Columns, times: int, seed: int) -> Columns:
    """As many shops and polls several times over, polls in random order."""
    polls, hours, timezones = columns
    order = np.random.default_rng(seed).permutation(len(polls) * times)

    def again(codes: np.ndarray, shops: int) -> np.ndarray:
        return np.concatenate([codes + n * shops for n in range(times)])

    def named(store_ids: tuple[str, ...]) -> list[str]:
        return [f"{store_id}.{n}" for n in range(times) for store_id in store_ids]

    return Columns(
        PollColumns(
            named(polls.store_ids),
            again(polls.code, len(polls.store_ids))[order],
            np.tile(polls.at, times)[order],
            np.tile(polls.status, times)[order],
        ),
        HoursColumns(
            named(hours.store_ids),
            again(hours.code, len(hours.store_ids)),
            np.tile(hours.start, times),
            np.tile(hours.end, times),
        ),
        {f"{shop}.{n}": zone for shop, zone in timezones.items() for n in range(times)},
    )


def fleet(shops: int, seed: int) -> tuple[list[str], HoursColumns, dict[str, str]]:
    """Ids, hours and zones of shops whose polls are made batch by batch."""
    random = np.random.default_rng(seed)
    ids = [f"{number + 10**18}" for number in random.permutation(shops).tolist()]
    code = np.repeat(np.arange(int(shops * 0.8)), 7)
    start = (code * 7 % 24) * HOUR + np.tile(np.arange(7) * 24 * HOUR, len(code) // 7)
    hours = HoursColumns(ids, code, start, start + (code % 19 + 1) * HOUR + HOUR // 2)
    # Of columns, an id without rows is closed, and one that is not named always open.
    hours = HoursColumns(ids[: int(shops * 0.8)], hours.code, hours.start, hours.end)
    zones = random.integers(0, len(ZONES), shops).tolist()
    return (
        ids,
        hours,
        {shop: ZONES[zone] for shop, zone in zip(ids, zones, strict=True)},
    )


def batch(ids: list[str], start: int, random: np.random.Generator) -> PollColumns:
    """One poll of every shop, some time within the hour from `start`, in any order."""
    shops = len(ids)
    return PollColumns(
        ids,
        random.permutation(shops),
        start + random.integers(0, HOUR, shops),
        random.random(shops) < ACTIVE,
    )


def newest() -> int:
    """The first instant after all polls that are made here, at a whole hour."""
    return int(AS_OF.astype("datetime64[h]").astype("datetime64[us]").astype(np.int64))
