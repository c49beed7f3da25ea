"""CSV files into a store, and out of it."""

from __future__ import annotations

from contextlib import ExitStack, nullcontext
from itertools import chain, islice
from typing import TYPE_CHECKING, TypeVar

import attrs

from uptime_core.capabilities import (
    SupportsIngest,
    SupportsSnapshot,
    SupportsTransactions,
)
from uptime_core.errors import IngestUnsupportedError, InputError, located, shown
from uptime_core.files import check_outputs, complete_file, compressed
from uptime_core.ingest import IngestResult
from uptime_core.load_result import LoadResult
from uptime_core.logs import log
from uptime_core.polls import concatenate
from uptime_core.rejects import Rejects
from uptime_core.schedule import HoursColumns
from uptime_core.stores.csv import (
    read_hours,
    read_timezones,
    wanted_columns,
)
from uptime_core.stores.csv_rows import (
    HOURS_HEADER,
    POLL_HEADER,
    TIMEZONE_HEADER,
    hours_rows,
    poll_rows,
    timezone_rows,
    write_rows,
)
from uptime_core.stores.file_version import FileMeter, unchanged
from uptime_core.stores.poll_file import read_poll_parts
from uptime_core.values import flag, path_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from uptime_core.headers import Column
    from uptime_core.polls import PollColumns
    from uptime_core.progress import ProgressCallback
    from uptime_core.rejects import OnError
    from uptime_core.stores.csv import Reading
    from uptime_core.stores.csv_rows import Row
    from uptime_core.stores.line_blocks import BytesRead, StrPath

Loaded = TypeVar("Loaded")

PART_ROWS = 4_000_000
"""About how many polls a store is given at once, of 13 bytes each."""

PARTS_AHEAD = 4
"""How many parts are read before the store is locked: most files have no more."""


def load_csv(
    store: SupportsIngest,
    polls: StrPath | None = None,
    hours: StrPath | None = None,
    timezones: StrPath | None = None,
    *,
    on_error: OnError = "raise",
    columns: Mapping[str, str | tuple[str, ...]] | None = None,
    replace: bool = False,
    progress: ProgressCallback | None = None,
) -> LoadResult:
    """Put the rows of CSV files, plain or ``.gz``, into a store.

    All are put in, or none if the store has transactions. Up to 16 million polls are
    read before the store is locked; where a file has more, the others are read
    meanwhile, so that memory does not grow with the file.

    Args:
        store: A `SqliteStore`, a `MemoryStore`, or another one that takes data in.
        polls: The path of the polls, which are read as `CsvStore` reads them;
            likewise the next two. A poll that is there already changes nothing.
        hours: The path of the business hours. They take the place of all hours of
            the shops in the file.
        timezones: The path of the time zones, which do the same.
        on_error: `raise` refuses all for one bad row; `collect` sets bad rows aside
            in the result, and quarantines the shops of bad hours and zones.
        columns: Headers of your own by column, as for `CsvStore`.
        replace: Forget the hours, or zones, of shops that are not in the file.
        progress: Told how many bytes of the files have been read.

    Raises:
        InputError: An argument, a file or a row cannot be accepted.
        IngestUnsupportedError: The store only reads.
        OSError: A file cannot be read, or the store cannot be written.
    """
    if not isinstance(store, SupportsIngest):
        raise IngestUnsupportedError(
            f"{shown(store)} only reads; load into a SqliteStore or a MemoryStore"
        )
    replace = flag(replace, "load_csv", "replace")
    rows = CsvRows.read(
        polls, hours, timezones, on_error=on_error, columns=columns, progress=progress
    )
    return rows.put_into(store, replace=replace)


@attrs.frozen(kw_only=True)
class CsvRows:
    """The rows of some files, to be put into a store once.

    Attributes:
        polls: The polls in parts, or None without such a file; those that have not
            been read ahead are read when they are asked for.
        rejects: The bad polls, as far as they have been read.
        hours: The business hours.
        timezones: The time zones.
        meter: What is told how far the files have been read.
    """

    polls: Iterable[PollColumns] | None
    rejects: Rejects
    hours: Reading[HoursColumns] | None
    timezones: Reading[Mapping[str, str]] | None
    meter: FileMeter

    @classmethod
    def read(
        cls,
        polls: StrPath | None = None,
        hours: StrPath | None = None,
        timezones: StrPath | None = None,
        *,
        on_error: OnError = "raise",
        columns: Mapping[str, str | tuple[str, ...]] | None = None,
        progress: ProgressCallback | None = None,
    ) -> CsvRows:
        """Read the files, of the polls the first 16 million; see `load_csv`."""
        with located("load_csv"):
            rejects = Rejects(on_error)
        of_polls, of_hours, of_timezones = wanted_columns(columns)
        given = _given("load_csv", polls, hours, timezones)
        meter = FileMeter(progress, given)
        # The small files first: a bad row of theirs is found at once.
        of_shops = (
            _read(read_hours, hours, of_hours, on_error, meter),
            _read(read_timezones, timezones, of_timezones, on_error, meter),
        )
        parts = None
        if polls is not None:
            parts = _poll_parts(polls, of_polls, rejects, meter)
            parts = chain(list(islice(parts, PARTS_AHEAD)), parts)
        return cls(
            polls=parts,
            rejects=rejects,
            hours=of_shops[0],
            timezones=of_shops[1],
            meter=meter,
        )

    def put_into(self, store: SupportsIngest, *, replace: bool = False) -> LoadResult:
        """Put the rows into a store; see `load_csv`."""
        polls = hours = timezones = None
        with (
            store.transaction()
            if isinstance(store, SupportsTransactions)
            else nullcontext()
        ):
            if self.polls is not None:
                polls = sum(map(store.add_polls, self.polls), IngestResult())
                polls = attrs.evolve(polls, rejected=tuple(self.rejects.rows))
            if self.hours is not None:
                value, rejected, quarantine = self.hours
                hours = store.set_hours(value, replace, quarantine=quarantine)
                hours = attrs.evolve(hours, rejected=rejected)
            if self.timezones is not None:
                names, rejected, quarantine = self.timezones
                timezones = store.set_timezones(names, replace, quarantine=quarantine)
                timezones = attrs.evolve(timezones, rejected=rejected)
            self.meter.finish()
        bad: frozenset[str] = frozenset()
        for reading in (self.hours, self.timezones):
            if reading is not None:
                bad |= reading.quarantine.store_ids
        result = LoadResult(
            polls=polls, hours=hours, timezones=timezones, quarantined=len(bad)
        )
        log.info("files loaded into %s: %s", type(store).__name__, result)
        return result


def _read(
    read: Callable[
        [StrPath, Sequence[Column], OnError, BytesRead | None], Reading[Loaded]
    ],
    path: StrPath | None,
    columns: Sequence[Column],
    on_error: OnError,
    meter: FileMeter,
) -> Reading[Loaded] | None:
    if path is None:
        return None
    with unchanged(path):
        return read(path, columns, on_error, meter.of_file())


def _poll_parts(
    path: StrPath, columns: Sequence[Column], rejects: Rejects, meter: FileMeter
) -> Iterator[PollColumns]:
    with unchanged(path):
        told = meter.of_file()
        yield from read_poll_parts(path, columns, rejects, PART_ROWS, told)


def _given(source: str, *paths: StrPath | None) -> list[str]:
    given = [
        path_text(path, source, name)
        for name, path in zip(("polls", "hours", "timezones"), paths, strict=True)
        if path is not None
    ]
    if not given:
        raise InputError(
            "no file is given; give polls, hours or timezones", source=source
        )
    return given


def export_csv(
    store: SupportsSnapshot,
    polls: StrPath | None = None,
    hours: StrPath | None = None,
    timezones: StrPath | None = None,
) -> None:
    """Write what a store has to CSV files that load back to an equal store.

    Rows are sorted by id, as text, and each is written once; hours of more than 24
    hours are cut at midnight. Sorting takes some 80 bytes of memory a poll.

    Args:
        store: Any store; all files show it at the same moment.
        polls: Where to write the polls, compressed if the name ends in ``.gz``; what
            is there is replaced once all files are complete. Likewise the next two.
        hours: Where to write the business hours.
        timezones: Where to write the time zones.

    Raises:
        InputError: No file is given, one twice, or one of the store's own; or the
            store has what such files cannot say: a shop that is always closed, or
            that closes when the reader has the day end; polls outside the years 1900
            to 2199; with hours or zones, a shop in quarantine. Nothing is written.
        OSError: A file cannot be written.
    """
    if not isinstance(store, SupportsSnapshot):
        raise InputError(f"{shown(store)} is not a Store", source="export_csv")
    given = _given("export_csv", polls, hours, timezones)
    files = getattr(store, "files", ())
    check_outputs(given, files, "the store's files and those to be written")
    parts = list(store.snapshot().parts())
    quarantined = sorted(shop for part in parts for shop in part.quarantined)
    if quarantined and (hours, timezones) != (None, None):
        raise InputError(
            f"shop {shown(quarantined[0])} is in quarantine, which a file cannot say; "
            "load good hours and zones for it first",
            source=repr(store),
        )
    tables: list[tuple[StrPath, Row, Iterable[Row]]] = []
    if polls is not None:
        rows = poll_rows(concatenate(part.polls for part in parts))
        tables.append((polls, POLL_HEADER, rows))
    if hours is not None:
        all_hours = HoursColumns.concatenate(part.hours for part in parts)
        tables.append((hours, HOURS_HEADER, hours_rows(all_hours)))
    if timezones is not None:
        zones = dict(pair for part in parts for pair in part.timezones.items())
        tables.append((timezones, TIMEZONE_HEADER, timezone_rows(zones)))
    with ExitStack() as outputs:
        # Each takes its place only after all have been written.
        for name, header, table in tables:
            file = outputs.enter_context(complete_file(name))
            with compressed(name, file) as stream:
                write_rows(stream, header, table)
