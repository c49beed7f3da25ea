"""What a store has as the rows of CSV files that `CsvStore` reads back."""

from __future__ import annotations

import csv
import io
from itertools import islice
from typing import IO, TYPE_CHECKING, TypeAlias

import numpy as np

from uptime_core.errors import InputError, located, shown
from uptime_core.inputs import timezone_names
from uptime_core.instants import parse_timestamp
from uptime_core.kernel.arrays import starts_of_runs
from uptime_core.kernel.localtime import SECOND
from uptime_core.kernel.weekly import DAY
from uptime_core.rejects import Rejects
from uptime_core.schedule import parse_hours

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from gzip import GzipFile

    from uptime_core.kernel.arrays import Int64
    from uptime_core.polls import PollColumns
    from uptime_core.schedule import HoursColumns

Row: TypeAlias = "tuple[str, ...]"

POLL_HEADER = ("store_id", "timestamp_utc", "status")
HOURS_HEADER = ("store_id", "day", "start_time_local", "end_time_local")
TIMEZONE_HEADER = ("store_id", "timezone_str")

_BATCH_ROWS = 1 << 16
_STATUSES = ("inactive", "active")
_DAYS = 7


def poll_rows(polls: PollColumns) -> Iterator[Row]:
    """Polls, each once, sorted by id and instant; down comes before up.

    Raises:
        InputError: An instant is not of the years that a file can have.
    """
    ids = polls.store_ids
    for row in (polls.at.argmin(), polls.at.argmax()) if len(polls) else ():
        with located(f"the polls of shop {shown(ids[polls.code[row]])}"):
            parse_timestamp(_timestamps(polls.at[[row]])[0])
    names = sorted(ids)
    rank = {store_id: number for number, store_id in enumerate(names)}
    shop = np.array([rank[store_id] for store_id in ids], dtype=np.int64)[polls.code]
    moment = (polls.at << 1) | polls.status
    order = np.lexsort((moment, shop))
    shop, moment = shop[order], moment[order]
    distinct = starts_of_runs(shop) | starts_of_runs(moment)
    return _poll_texts(names, shop[distinct], moment[distinct])


def _poll_texts(names: list[str], shop: Int64, moment: Int64) -> Iterator[Row]:
    for start in range(0, len(shop), _BATCH_ROWS):
        batch = slice(start, start + _BATCH_ROWS)
        yield from zip(
            map(names.__getitem__, shop[batch].tolist()),
            _timestamps(moment[batch] >> 1),
            map(_STATUSES.__getitem__, (moment[batch] & 1).tolist()),
            strict=True,
        )


def _timestamps(at: Int64) -> list[str]:
    texts = np.datetime_as_string(at.astype("datetime64[us]"), unit="us").tolist()
    return [f"{text[:10]} {text[11:]} UTC" for text in texts]


def hours_rows(hours: HoursColumns) -> list[Row]:
    """Business hours, each row once, sorted by id, day and time.

    Rows of more than 24 hours are cut at midnight.

    Raises:
        InputError: A shop has no row, or its rows would be read as other hours.
    """
    ids = hours.store_ids
    rows = set()
    for code, start, end in zip(
        hours.code.tolist(), hours.start.tolist(), hours.end.tolist(), strict=True
    ):
        for day, opens, closes in _pieces(start, end):
            rows.add((ids[code], day % _DAYS, opens, closes))
    for store_id in sorted({*ids} - {row[0] for row in rows}):
        raise InputError(
            f"shop {shown(store_id)} is always closed, and a shop without rows would "
            "be one whose hours are unknown; give it a row, or export no hours",
            source="hours",
        )
    return [
        (store_id, str(day), *_hours_texts(store_id, opens, closes))
        for store_id, day, opens, closes in sorted(rows)
    ]


def _pieces(start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Days, and times on them in microseconds; only whole rows end on the next day."""
    if end - start <= DAY:
        day, opens = divmod(start, DAY)
        yield day, opens, opens + end - start
        return
    while start < end:
        day, opens = divmod(start, DAY)
        closes = min(opens + end - start, DAY)
        yield day, opens, closes
        start += closes - opens


def _hours_texts(store_id: str, opens: int, closes: int) -> tuple[str, str]:
    texts = _time_text(opens), _time_text(closes)
    if parse_hours(*texts) != (opens, closes):
        raise InputError(
            f"shop {shown(store_id)} closes at {texts[1]}, which a file cannot say: it "
            "is read as the end of the day; let it close a minute earlier or later",
            source="hours",
        )
    return texts


def _time_text(micros: int) -> str:
    seconds, micro = divmod(micros if micros <= DAY else micros - DAY, SECOND)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{text}.{micro:06}" if micro else text


def timezone_rows(timezones: Mapping[str, str]) -> list[Row]:
    """Time zones, sorted by id.

    Raises:
        InputError: One is not in the database.
    """
    names, _ = timezone_names(timezones, Rejects())
    return sorted(names.items())


def write_rows(stream: IO[bytes] | GzipFile, header: Row, rows: Iterable[Row]) -> None:
    """Write a table as CSV, a batch of rows at a time."""
    rest = iter(rows)
    batch = [header]
    while batch:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(batch)
        stream.write(text.getvalue().encode())
        batch = list(islice(rest, _BATCH_ROWS))
