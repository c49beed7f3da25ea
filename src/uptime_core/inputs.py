"""What callers hand in, as columns: rows, mappings, data frames, or columns already."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

import numpy as np

from uptime_core.columns import READS_FILES, cells_of, iterable
from uptime_core.errors import InputError, located
from uptime_core.extras import extra
from uptime_core.frame_columns import add_frame, frame_polls
from uptime_core.frame_types import check_families
from uptime_core.headers import HOURS_COLUMNS, POLL_COLUMNS, TIMEZONE_COLUMNS
from uptime_core.instants import EARLIEST_KEPT, LATEST_KEPT, check_kept, to_text
from uptime_core.intake import HoursIntake, TimezoneIntake
from uptime_core.polls import Poll, PollColumns, kept_columns, parse_kept_row
from uptime_core.quarantine import Quarantine
from uptime_core.rejects import Rejects
from uptime_core.schedule import HoursColumns, WeeklySchedule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from uptime_core.frame_columns import DataFrame, FrameColumn
    from uptime_core.headers import Column
    from uptime_core.schedule import TimeOfDay

    PollRows = Iterable[Poll | tuple[str, datetime, str | bool]]
    HoursRows = Iterable[tuple[str, int | str, TimeOfDay, TimeOfDay]]
    TimezoneRows = Iterable[tuple[str, str]]

    PollInput = PollColumns | DataFrame | PollRows
    HoursInput = HoursColumns | DataFrame | Mapping[str, WeeklySchedule] | HoursRows
    TimezonesInput = DataFrame | Mapping[str, str] | TimezoneRows


def poll_columns(polls: PollInput) -> PollColumns:
    """Polls as columns.

    Args:
        polls: `PollColumns`, rows ``(store_id, aware datetime, status)``, or a data
            frame.

    Raises:
        InputError: The first bad row's.
    """
    if isinstance(polls, PollColumns):
        return polls
    if (columns := _frame(polls, POLL_COLUMNS, "polls")) is not None:
        with located("polls"):
            return frame_polls(columns, Rejects())
    return PollColumns.from_rows(cast("PollRows", polls))


def kept_polls(polls: PollInput, rejects: Rejects) -> PollColumns:
    """Polls as columns, as a store takes them: of the years 1900 to 2199.

    Args:
        polls: As `poll_columns` takes them.
        rejects: What becomes of bad rows.

    Raises:
        InputError: The first bad row's, if bad rows are not collected.
    """
    if isinstance(polls, PollColumns):
        return _kept(polls, rejects)
    if (columns := _frame(polls, POLL_COLUMNS, "polls")) is not None:
        with located("polls"):
            return frame_polls(columns, rejects, kept=True)
    rows = cast("PollRows", polls)
    if rejects.on_error == "raise":
        return kept_columns(rows)
    good = []
    for number, row in enumerate(iterable(rows, "polls", READS_FILES), start=1):
        try:
            parse_kept_row(row)
        except InputError as error:
            rejects.reject(error, "polls", number, _texts(row))
        else:
            good.append(row)
    return kept_columns(good)


def _kept(polls: PollColumns, rejects: Rejects) -> PollColumns:
    """The rows of columns that a store can keep."""
    bad = (polls.at < EARLIEST_KEPT) | (polls.at > LATEST_KEPT)
    if not bad.any():
        return polls
    for row in np.flatnonzero(bad).tolist():
        store_id, at = polls.store_ids[polls.code[row]], int(polls.at[row])
        try:
            check_kept(at)
        except InputError as error:
            status = "active" if polls.status[row] else "inactive"
            rejects.reject(error, "polls", row + 1, (store_id, to_text(at), status))
    keep = ~bad
    return PollColumns(
        polls.store_ids, polls.code[keep], polls.at[keep], polls.status[keep]
    )


def hours_columns(
    hours: HoursInput | None, rejects: Rejects
) -> tuple[HoursColumns, Quarantine]:
    """Business hours as columns, and the shops of bad rows.

    Args:
        hours: `HoursColumns`, a mapping to `WeeklySchedule`, rows
            ``(store_id, day, start, end)`` of texts or `datetime.time`, or a data
            frame.
        rejects: What becomes of bad rows.

    Raises:
        InputError: The first bad row's, if bad rows are not collected.
    """
    if isinstance(hours, HoursColumns):
        return hours, Quarantine()
    if isinstance(hours, Mapping):
        return HoursColumns.from_schedules(hours), Quarantine()
    intake = HoursIntake("hours", rejects)
    if (columns := _frame(hours, HOURS_COLUMNS, "hours")) is not None:
        with located("hours"):
            add_frame(columns, intake)
        return intake.finish()
    rows = cast("HoursRows | None", hours)
    form = "(store_id, day, start, end)"
    for line, (store_id, *cells) in _numbered(rows, "hours", 4, form):
        intake.add(line, store_id, tuple(cells))
    return intake.finish()


def timezone_names(
    timezones: TimezonesInput | None, rejects: Rejects
) -> tuple[Mapping[str, str], Quarantine]:
    """Time zones by shop, and the shops of bad rows.

    Args:
        timezones: A mapping, pairs of id and name, or a data frame.
        rejects: What becomes of bad rows.

    Raises:
        InputError: The first bad row's, if bad rows are not collected.
    """
    if isinstance(timezones, Mapping):
        timezones = timezones.items()
    intake = TimezoneIntake("timezones", rejects)
    if (columns := _frame(timezones, TIMEZONE_COLUMNS, "timezones")) is not None:
        with located("timezones"):
            add_frame(columns, intake)
        return intake.finish()
    rows = cast("TimezoneRows | None", timezones)
    for line, (store_id, name) in _numbered(rows, "timezones", 2, "(store_id, name)"):
        intake.add(line, store_id, (name,))
    return intake.finish()


def _frame(
    rows: object, wanted: Sequence[Column], source: str
) -> list[FrameColumn] | None:
    """The columns of a data frame, or None for what is none."""
    # Whoever has a frame of pandas has loaded it.
    pandas = sys.modules.get("pandas")
    if isinstance(rows, getattr(pandas, "DataFrame", ())):
        library = "pandas"
    elif hasattr(rows, "__arrow_c_stream__"):
        library = "nanoarrow"
    elif type(rows).__name__ == "LazyFrame":
        raise InputError(
            "a LazyFrame has no rows yet; hand over what its .collect() gives",
            source=source,
        )
    else:
        return None
    with located(source):
        columns: list[FrameColumn] = extra(library).read(rows, wanted)
        check_families(columns, wanted)
    return columns


def _numbered(
    rows: Iterable[object] | None, source: str, width: int, form: str
) -> Iterator[tuple[int, tuple[object, ...]]]:
    """The rows' numbers, from 1, and cells."""
    for number, row in enumerate(
        iterable(() if rows is None else rows, source, READS_FILES), start=1
    ):
        with located(source, line=number):
            cells = cells_of(row, width, form)
        yield number, cells


def _texts(row: object) -> tuple[str, ...]:
    return tuple(map(str, row)) if isinstance(row, tuple | list) else (str(row),)
