"""What the columns of data frames may hold, and how others are cast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptime_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uptime_core.frame_columns import Accepted, FrameColumn
    from uptime_core.headers import Column

_FAMILIES: dict[str, tuple[Accepted, ...]] = {
    "store_id": ("text", "integer"),
    "timestamp_utc": ("text", "instant"),
    "status": ("text", "boolean"),
    "day": ("text", "integer"),
    "start_time_local": ("text", "time"),
    "end_time_local": ("text", "time"),
    "timezone_str": ("text",),
}


def check_families(columns: Sequence[FrameColumn], wanted: Sequence[Column]) -> None:
    """Columns hold what those of their name may hold, unless they hold nothing.

    Raises:
        InputError: One does not; `field` says which.
    """
    for column, (name, _) in zip(columns, wanted, strict=True):
        families = _FAMILIES[name]
        if not len(column) or column.family in (*families, "object"):
            continue
        reason = f"it holds {column.type}, not {' or '.join(families)}"
        if name == "timestamp_utc" and column.family == "wall clock":
            reason = f"it holds {column.type}, without a time zone"
        advice = _advice(name, column)
        raise InputError(f"{reason}; {advice}" if advice else reason, field=name)


def _advice(name: str, column: FrameColumn) -> str:
    """How to make a column what it has to be, where that is clear, or nothing."""
    if name == "store_id":
        return _id_advice(column)
    if name == "timestamp_utc":
        return _instant_advice(column)
    if name in ("start_time_local", "end_time_local"):
        return _time_advice(column)
    if name == "status" and column.family in ("integer", "float"):
        return "if 1 is active, make it boolean: column == 1, or column = 1 in SQL"
    if name == "day" and column.family == "float":
        return "it may be for a missing value that it is no longer integers"
    return ""


def _id_advice(column: FrameColumn) -> str:
    if column.family == "float":
        return "a float does not keep all digits of an id: read this column as text"
    if column.type.startswith("decimal"):
        return (
            "cast it to text, with .cast(pl.String) in polars, or with "
            "column::VARCHAR in DuckDB"
        )
    return ""


def _instant_advice(column: FrameColumn) -> str:
    if column.family == "wall clock":
        return (
            "say which one is meant, for example with .dt.tz_localize('UTC') in "
            "pandas, or with .dt.replace_time_zone('UTC') in polars"
        )
    if column.family in ("integer", "float"):
        return (
            "make instants of unix seconds, with pd.to_datetime(column, unit='s', "
            "utc=True), pl.from_epoch(column).dt.replace_time_zone('UTC'), or "
            "to_timestamp(column) in DuckDB"
        )
    return ""


def _time_advice(column: FrameColumn) -> str:
    if column.type.startswith(("timedelta", "duration")):
        return (
            "make times of day of it, with (pd.Timestamp(0) + column).dt.time in "
            "pandas, or with (pl.datetime(2000, 1, 1) + column).dt.time() in polars"
        )
    if column.family in ("wall clock", "instant"):
        return "take the time of day: .dt.time in pandas, .dt.time() in polars"
    return ""
