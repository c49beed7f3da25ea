"""The columns of the three sources, and where a header has them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from uptime_core.errors import InputError, shown
from uptime_core.store_ids import BLANKS

if TYPE_CHECKING:
    from collections.abc import Sequence


class Column(NamedTuple):
    """A wanted column: its name, and what a header may call it, in small letters."""

    name: str
    headers: tuple[str, ...]


_STORE_ID = Column("store_id", ("store_id",))
POLL_COLUMNS = (
    _STORE_ID,
    Column("timestamp_utc", ("timestamp_utc",)),
    Column("status", ("status",)),
)
HOURS_COLUMNS = (
    _STORE_ID,
    Column("day", ("day", "dayofweek", "day_of_week")),
    Column("start_time_local", ("start_time_local",)),
    Column("end_time_local", ("end_time_local",)),
)
TIMEZONE_COLUMNS = (_STORE_ID, Column("timezone_str", ("timezone_str",)))


def normal_header(header: str) -> str:
    """A header as those of a `Column` are written."""
    return header.strip(BLANKS).casefold()


def find_columns(
    header: Sequence[str],
    columns: Sequence[Column],
    advice: str = "if it is called otherwise, rename it to {name!r}",
) -> list[int]:
    """Where each wanted column stands.

    Args:
        header: The names that are there.
        columns: Those that are wanted.
        advice: What to do where one is not there; `{name}` is its name.

    Raises:
        InputError: One is not there, or is there twice, as is any other name.
    """
    names = [normal_header(name) for name in header]
    for name, times in Counter(names).items():
        if name and times > 1:
            raise InputError(
                f"the header has {shown(name)} {times} times; name each column once",
                field=name,
            )
    places = []
    for column in columns:
        found = [names.index(name) for name in column.headers if name in names]
        if len(found) != 1:
            what = "several" if found else "none"
            then = "keep one" if found else advice.format(name=column.name)
            if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
                then = "separate the columns with commas"
            raise InputError(
                f"the header has {what} of {', '.join(map(repr, column.headers))}; "
                f"it is {shown(','.join(header))}; {then}",
                field=column.name,
            )
        places += found
    return places
