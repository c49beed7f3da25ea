"""A store that reads CSV files."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from uptime_core.abc import Store
from uptime_core.closing import Closing
from uptime_core.errors import InputError, counted, located, shown
from uptime_core.headers import HOURS_COLUMNS, POLL_COLUMNS, TIMEZONE_COLUMNS
from uptime_core.intake import HoursIntake, TimezoneIntake
from uptime_core.logs import log
from uptime_core.quarantine import Quarantine
from uptime_core.rejects import OnError, Rejects, checked_on_error
from uptime_core.schedule import HoursColumns
from uptime_core.snapshot import Snapshot
from uptime_core.stores.file_version import FileMeter, unchanged, version_of
from uptime_core.stores.poll_file import read_poll_parts
from uptime_core.stores.shop_file import read_shop_file
from uptime_core.stores.table import renamed
from uptime_core.values import flag, path_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from uptime_core.headers import Column
    from uptime_core.polls import PollColumns
    from uptime_core.progress import ProgressCallback
    from uptime_core.rejects import RejectedRow
    from uptime_core.stores.line_blocks import BytesRead, StrPath

_NAMES = [
    column.name
    for column in dict.fromkeys((*POLL_COLUMNS, *HOURS_COLUMNS, *TIMEZONE_COLUMNS))
]

Loaded = TypeVar("Loaded")


class Reading(NamedTuple, Generic[Loaded]):
    """What one reading of a file gave."""

    value: Loaded
    rejected: tuple[RejectedRow, ...] = ()
    quarantine: Quarantine = Quarantine()


def read_polls(
    path: StrPath,
    columns: Sequence[Column],
    on_error: OnError,
    progress: BytesRead | None = None,
    meanwhile: Callable[[], object] | None = None,
    *,
    fork: bool = False,
) -> Reading[PollColumns]:
    """The polls of a file; for the arguments see `read_poll_parts`.

    Raises:
        InputError: The file, or under `raise` a row, cannot be read.
        OSError: The file cannot be opened.
    """
    rejects = Rejects(on_error)
    (polls,) = read_poll_parts(
        path,
        columns,
        rejects,
        sys.maxsize,
        progress,
        meanwhile=meanwhile,
        fork=fork,
    )
    return Reading(polls, tuple(rejects.rows))


def read_hours(
    path: StrPath,
    columns: Sequence[Column],
    on_error: OnError,
    progress: BytesRead | None = None,
) -> Reading[HoursColumns]:
    """The business hours of a file; raises like `read_polls`."""
    rejects = Rejects(on_error)
    intake = HoursIntake(os.fspath(path), rejects)
    read_shop_file(path, columns, intake, progress)
    hours, quarantine = intake.finish()
    return Reading(hours, tuple(rejects.rows), quarantine)


def read_timezones(
    path: StrPath,
    columns: Sequence[Column],
    on_error: OnError,
    progress: BytesRead | None = None,
) -> Reading[Mapping[str, str]]:
    """The time zones of a file; raises like `read_polls`."""
    rejects = Rejects(on_error)
    intake = TimezoneIntake(os.fspath(path), rejects)
    read_shop_file(path, columns, intake, progress)
    names, quarantine = intake.finish()
    return Reading(names, tuple(rejects.rows), quarantine)


class _File(Generic[Loaded]):
    """A file that is read when it is needed, and again when it has changed."""

    def __init__(self, path: StrPath, read: Callable[..., Reading[Loaded]]) -> None:
        self._path = path
        self._read = read
        self._reading: Reading[Loaded] | None = None
        self._version: tuple[int, ...] | None = None
        self._lock = threading.Lock()

    def load(
        self,
        meter: FileMeter | None = None,
        *meanwhile: Callable[[], object],
    ) -> Reading[Loaded]:
        """What the file holds now.

        Args:
            meter: Told how far it has been read.
            meanwhile: Called while the file is read, if it is.

        Raises:
            BadFileError: It changed while it was read.
        """
        with self._lock:
            if self._reading is None or version_of(self._path) != self._version:
                told = None if meter is None else meter.of_file()
                began = time.perf_counter()
                with unchanged(self._path) as version:
                    reading = self._read(told, *meanwhile)
                self._reading, self._version = reading, version
                log.debug(
                    "%s was read in %.3f s",
                    os.fspath(self._path),
                    time.perf_counter() - began,
                )
                if reading.rejected:
                    rows = counted(len(reading.rejected), "row")
                    log.info(
                        "%s: %s rejected; snapshot().rejected says why",
                        os.fspath(self._path),
                        rows,
                    )
            return self._reading


class _NoFile(Generic[Loaded]):
    """Stands for a file that was not given."""

    def __init__(self, empty: Loaded) -> None:
        self._reading = Reading(empty)

    def load(self, _: FileMeter | None = None) -> Reading[Loaded]:
        """Nothing."""
        return self._reading


class CsvStore(Closing, Store):
    """Reads CSV files, plain or ``.gz``, when they are needed.

    A file that has changed since is read again; what is kept in memory is columns of
    numbers, not the text. What cells and files may look like is said in
    ``docs/reference/input.md``.

    Args:
        polls: The path of the polls: store_id, timestamp_utc, status.
        hours: The path of the business hours: store_id, day (or dayOfWeek),
            start_time_local, end_time_local.
        timezones: The path of the time zones: store_id, timezone_str.
        on_error: What becomes of bad rows: `raise` stops at the first, `collect`
            sets them aside in `rejected`, and the shops of bad hours and zones in
            `quarantined`.
        columns: Headers of your own by column, like ``{"store_id": "shop"}``; a tuple
            where files differ.
        fork: Whether a forked copy of this process may read about half of a large file
            of polls, beside this one; on Linux, where there are no other threads.

    Raises:
        InputError: An argument cannot be accepted.
    """

    def __init__(
        self,
        polls: StrPath,
        hours: StrPath | None = None,
        timezones: StrPath | None = None,
        on_error: OnError = "raise",
        columns: Mapping[str, str | tuple[str, ...]] | None = None,
        *,
        fork: bool = False,
    ) -> None:
        given = {"polls": polls, "hours": hours, "timezones": timezones}
        self._paths = [
            None
            if path is None and name != "polls"
            else path_text(path, "CsvStore", name)
            for name, path in given.items()
        ]
        self._arguments = (polls, hours, timezones, on_error, columns)
        with located("CsvStore"):
            on_error = checked_on_error(on_error)
        self._fork = flag(fork, "CsvStore", "fork")
        poll_columns, hours_columns, timezone_columns = wanted_columns(columns)
        self._polls = _File(
            polls, partial(read_polls, polls, poll_columns, on_error, fork=self._fork)
        )
        self._hours: _File[HoursColumns] | _NoFile[HoursColumns] = (
            _NoFile(HoursColumns((), (), (), ()))
            if hours is None
            else _File(
                hours,
                partial(read_hours, hours, hours_columns, on_error),
            )
        )
        self._timezones: _File[Mapping[str, str]] | _NoFile[Mapping[str, str]] = (
            _NoFile({})
            if timezones is None
            else _File(
                timezones,
                partial(
                    read_timezones,
                    timezones,
                    timezone_columns,
                    on_error,
                ),
            )
        )

    def __reduce__(self) -> tuple[partial[CsvStore], tuple[object, ...]]:
        # What has been read stays behind: files are read again where they are needed.
        return partial(CsvStore, fork=self._fork), self._arguments

    @property
    def files(self) -> tuple[str, ...]:
        """The paths of the files."""
        return tuple(path for path in self._paths if path is not None)

    @property
    def identity(self) -> str:
        """The same text for stores that read the same files in the same way."""
        paths = [path and os.path.abspath(path) for path in self._paths]  # noqa: PTH100  # texts
        from hashlib import sha256  # noqa: PLC0415  # 3 ms, for managers only

        digest = sha256(repr((paths, self._arguments[3:])).encode(errors="replace"))
        return f"csv:{digest.hexdigest()}"

    def polls(
        self,
        store_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Iterator[PollColumns]:
        """The polls of a shop, or of all, from `start` to `end`, in one batch."""
        self._require_open()
        return iter((self._polls.load().value.where(store_id, start, end),))

    def hours(self) -> HoursColumns:
        """The business hours, without the shops of bad rows of that file."""
        self._require_open()
        return self._hours.load().value

    def timezones(self) -> Mapping[str, str]:
        """The time zones, by shop, without the shops of bad rows of that file."""
        self._require_open()
        return dict(self._timezones.load().value)

    def rejected(self) -> tuple[RejectedRow, ...]:
        """The bad rows of all three files, with their reasons."""
        return self.snapshot().rejected

    def quarantined(self) -> frozenset[str]:
        """The shops of bad rows of hours and zones."""
        return self.snapshot().quarantined

    def snapshot(self, *, progress: ProgressCallback | None = None) -> Snapshot:
        """The three files as they are now.

        Args:
            progress: Told how many bytes of the files have been read.
        """
        self._require_open()
        told = () if progress is None else filter(None, self._paths)
        meter = FileMeter(progress, told)
        polls = self._polls.load(meter, lambda: self._load_shops(meter))
        hours, timezones = self._hours.load(meter), self._timezones.load(meter)
        meter.finish()
        suspects = hours.quarantine.suspects | timezones.quarantine.suspects
        known = set(polls.value.store_ids)
        known.update(hours.value.store_ids, timezones.value)
        return Snapshot(
            polls=polls.value,
            hours=hours.value,
            timezones=timezones.value,
            rejected=polls.rejected + hours.rejected + timezones.rejected,
            quarantined=hours.quarantine.store_ids
            | timezones.quarantine.store_ids
            | (suspects & known),
            source=self._paths[0] or "polls",
            hours_source=self._paths[1] or "hours",
            timezones_source=self._paths[2] or "timezones",
        )

    def _load_shops(self, meter: FileMeter) -> None:
        self._hours.load(meter)
        self._timezones.load(meter)

    def __repr__(self) -> str:
        return f"<CsvStore: {self._paths[0]}>"


def wanted_columns(
    columns: Mapping[str, str | tuple[str, ...]] | None,
) -> tuple[tuple[Column, ...], ...]:
    """The columns of polls, hours and zones, some with headers of the caller's own.

    Raises:
        InputError: There is no such column, or a header is not text.
    """
    names = {} if columns is None else columns
    if not isinstance(names, Mapping):
        raise InputError(
            f"{shown(columns)} is not a mapping of columns to headers, like "
            "{'store_id': 'shop'}",
            source="columns",
        )
    for name in names:
        if name not in _NAMES:
            raise InputError(
                f"{shown(name)} is none of {', '.join(_NAMES)}", source="columns"
            )
    return tuple(
        renamed(wanted, names)
        for wanted in (POLL_COLUMNS, HOURS_COLUMNS, TIMEZONE_COLUMNS)
    )
