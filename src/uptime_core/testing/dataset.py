"""Small data sets of the three sources, to hand to whatever is tested."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import attrs

from uptime_core.capabilities import SupportsIngest
from uptime_core.errors import IngestUnsupportedError, shown
from uptime_core.schedule import WeeklySchedule

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from uptime_core.window import Window

PollRow = tuple[str, "datetime", bool]
HoursRow = tuple[int, str, str]


@attrs.frozen
class Shop:
    """What there is to know of one shop.

    Attributes:
        store_id: Its id.
        polls: Instants, and whether it was up.
        rows: Business hours ``(day, start, end)`` in text; None is a shop without
            any, no row at all is one that is always closed.
        timezone: The name of its zone, or None without one.
    """

    store_id: str
    polls: tuple[tuple[datetime, bool], ...] = ()
    rows: tuple[HoursRow, ...] | None = None
    timezone: str | None = None


class CsvPaths(TypedDict):
    """Three files, as `CsvStore` and `load_csv` take them."""

    polls: Path
    hours: Path
    timezones: Path


@attrs.frozen
class Dataset:
    """The three sources, a "now" and windows, all about the same time.

    >>> from datetime import UTC, datetime, timedelta
    >>> from uptime_core import Window, compute_report
    >>> noon = datetime(2023, 1, 25, 12, tzinfo=UTC)
    >>> dataset = Dataset(
    ...     shops=(Shop("a", polls=((noon, True),), timezone="UTC"),),
    ...     as_of=noon + timedelta(minutes=40),
    ...     windows=(Window.last(timedelta(hours=1), name="w"),),
    ... )
    >>> compute_report(**dataset.arguments).row("a")["w"].up
    datetime.timedelta(seconds=2400)

    Attributes:
        shops: The shops; each has something: polls, hours or a zone.
        as_of: The report's "now".
        windows: What to add up.
    """

    shops: tuple[Shop, ...]
    as_of: datetime
    windows: tuple[Window, ...]

    @property
    def store_ids(self) -> list[str]:
        """The ids of all shops, as a report sorts them."""
        return sorted(shop.store_id for shop in self.shops)

    @property
    def polls(self) -> list[PollRow]:
        """Rows ``(store_id, at, up)``."""
        return [(shop.store_id, at, up) for shop in self.shops for at, up in shop.polls]

    @property
    def hours(self) -> list[tuple[str, int, str, str]]:
        """Rows ``(store_id, day, start, end)``.

        Raises:
            ValueError: A shop is always closed, which rows cannot say.
        """
        for shop in self.shops:
            if shop.rows == ():
                message = (
                    f"shop {shop.store_id!r} is always closed, and without a row it "
                    "would be one without hours; use schedules"
                )
                raise ValueError(message)
        return [(shop.store_id, *row) for shop in self.shops for row in shop.rows or ()]

    @property
    def schedules(self) -> dict[str, WeeklySchedule]:
        """The business hours of the shops that have any, or are always closed."""
        return {
            shop.store_id: WeeklySchedule(shop.rows)
            for shop in self.shops
            if shop.rows is not None
        }

    @property
    def timezones(self) -> dict[str, str]:
        """The zones of the shops that have one."""
        return {
            shop.store_id: shop.timezone
            for shop in self.shops
            if shop.timezone is not None
        }

    @property
    def arguments(self) -> dict[str, Any]:
        """For `compute_report` and `oracle.account_all`: all but the policy."""
        always_closed = any(shop.rows == () for shop in self.shops)
        return {
            "polls": self.polls,
            "hours": self.schedules if always_closed else self.hours,
            "timezones": self.timezones,
            "as_of": self.as_of,
            "windows": self.windows,
        }

    def fill(self, store: SupportsIngest) -> None:
        """Put all of it into a store that takes data in.

        Raises:
            IngestUnsupportedError: The store only reads.
        """
        if not isinstance(store, SupportsIngest):
            raise IngestUnsupportedError(
                f"{shown(store)} takes no data in; give a MemoryStore or a SqliteStore"
            )
        arguments = self.arguments
        store.add_polls(arguments["polls"])
        store.set_hours(arguments["hours"])
        store.set_timezones(arguments["timezones"])

    def write_csv(self, folder: str | os.PathLike[str]) -> CsvPaths:
        """Write it as three files; what is given are arguments of `CsvStore`.

        Raises:
            ValueError: A shop is always closed, which a file cannot say.
        """
        statuses = ("inactive", "active")
        polls = [(shop, at.isoformat(), statuses[up]) for shop, at, up in self.polls]
        files = CsvPaths(
            polls=Path(folder) / "polls.csv",
            hours=Path(folder) / "hours.csv",
            timezones=Path(folder) / "timezones.csv",
        )
        _write(files["polls"], "store_id,timestamp_utc,status", polls)
        _write(
            files["hours"], "store_id,day,start_time_local,end_time_local", self.hours
        )
        _write(files["timezones"], "store_id,timezone_str", self.timezones.items())
        return files


def _write(path: Path, header: str, rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write(f"{header}\n")
        csv.writer(stream, lineterminator="\n").writerows(rows)
