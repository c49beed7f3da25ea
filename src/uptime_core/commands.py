"""The commands of the command line; each gives a line that says what it did."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from uptime_core.arguments import column_names
from uptime_core.compute import compute_snapshot
from uptime_core.cores import cores
from uptime_core.errors import InputError, counted
from uptime_core.files import check_outputs, complete_file, content
from uptime_core.instants import to_micros, to_text
from uptime_core.load import CsvRows
from uptime_core.one_report import compute_store
from uptime_core.policy import Policy
from uptime_core.rejects import rejects_csv
from uptime_core.sqlite_database import Database
from uptime_core.sqlite_errors import file_names
from uptime_core.stores.csv import CsvStore
from uptime_core.stores.sqlite import SqliteStore
from uptime_core.stores.sqlite_tables import PART

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from concurrent.futures import Executor

    from uptime_core.load import BytesRead
    from uptime_core.rejects import RejectedRow
    from uptime_core.report import Report


def report(options: argparse.Namespace) -> str:
    """Write the report of some CSV files, or of a store."""
    started = time.perf_counter()
    _check_files(options, options.rejects, options.output)
    made, rejected = _computed(options)
    text = made.to_csv(
        columns=options.columns,
        decimals=options.decimals,
        excel_safe=options.excel_safe,
    )
    with ExitStack() as outputs:
        # Each takes its place only after both have been written.
        if options.rejects is not None:
            rejects = outputs.enter_context(complete_file(options.rejects))
            rejects.write(_rejects_bytes(rejected))
        if options.output is not None:
            file = outputs.enter_context(complete_file(options.output))
            file.write(content(options.output, text))
    if options.output is None:
        _write_to_standard_output(text)
    return _summary(made, time.perf_counter() - started)


def load(options: argparse.Namespace) -> str:
    """Put CSV files into a store."""
    started = time.perf_counter()
    _check_files(options, options.rejects)
    with _progress_line() as progress, ExitStack() as outputs:
        # Before the store is opened: nothing is made because of a bad row.
        rows = CsvRows.read(
            options.polls,
            options.hours,
            options.timezones,
            on_error=options.on_error or "raise",
            columns=column_names(options.column),
            progress=progress,
        )
        rejects = (
            None
            if options.rejects is None
            else outputs.enter_context(complete_file(options.rejects))
        )
        with SqliteStore(options.db) as store, store.transaction():
            result = rows.put_into(store, replace=options.replace)
            if rejects is not None:
                rejects.write(_rejects_bytes(result.rejected))
            # Still in the transaction: nothing is loaded without that file.
            outputs.close()
    return f"{result}; {time.perf_counter() - started:.1f} s"


def _computed(options: argparse.Namespace) -> tuple[Report, tuple[RejectedRow, ...]]:
    """The report, and the bad rows of files."""
    asked: dict[str, Any] = {
        "as_of": options.as_of,
        "windows": options.window,
        "stores": options.stores,
        "policy": Policy(
            extrapolation=options.extrapolation,
            reach=options.reach,
            initial=options.initial,
            missing_hours=options.missing_hours,
            default_timezone=options.default_timezone,
        ),
    }
    if options.db is not None:
        _check_store(options.db)
        with SqliteStore(options.db) as store, _cores() as executor:
            return compute_store(store, **asked, executor=executor), ()
    snapshot = CsvStore(
        options.polls,
        options.hours,
        options.timezones,
        on_error=options.on_error or "raise",
        columns=column_names(options.column),
    ).snapshot()
    with _cores() as executor:
        made = compute_snapshot(snapshot, **asked, executor=executor)
    return made, snapshot.rejected


def _check_store(path: str) -> None:
    """There is a store; a `SqliteStore` would make one, in an existing file too."""
    with suppress(ValueError):  # what cannot be a path is refused on opening
        os.stat(path)  # noqa: PTH116  # a path as text, as it was given
    with closing(Database(path)) as database, database.read() as connection:
        (found,) = connection.execute(
            "SELECT count(*) FROM uptime_parts WHERE part = ?", (PART,)
        ).fetchone()
    if not found:
        raise InputError("there is no store in it", source=path)


@contextmanager
def _cores() -> Iterator[Executor | None]:
    """A thread for each core, or None where there is only one."""
    threads = cores()
    if threads == 1:
        yield None
        return
    with ThreadPoolExecutor(threads) as executor:
        yield executor


@contextmanager
def _progress_line() -> Iterator[BytesRead | None]:
    """A line on the terminal of standard error, gone in the end; None without one."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return

    def show(done: int, total: int) -> None:
        _draw(f"\r{100 * done // max(total, 1):3d} % read")

    try:
        yield show
    finally:
        _draw("\r\x1b[K")


def _draw(text: str) -> None:
    with suppress(OSError):
        sys.stderr.write(text)
        sys.stderr.flush()


def _rejects_bytes(rows: tuple[RejectedRow, ...]) -> bytes:
    return rejects_csv(rows).encode(errors="backslashreplace")


def _write_to_standard_output(text: str) -> None:
    if sys.stdout is None:
        raise InputError("there is no standard output; use -o")
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()


def _check_files(options: argparse.Namespace, *written: str | None) -> None:
    """No output takes the place of an input or of another output."""
    read = [options.polls, options.hours, options.timezones]
    store = [] if options.db is None else file_names(options.db)
    if options.command == "load":
        written = (*store, *written)
    else:
        read += store
    check_outputs(
        written, read, "the polls, hours, time zones, store, rejects and report"
    )


def _summary(made: Report, seconds: float) -> str:
    source = made.provenance
    left_out = (
        f" ({counted(source.quarantined, 'shop')} left out)"
        if source.quarantined
        else ""
    )
    return (
        f"{counted(len(made), 'shop')}, {counted(source.polls, 'poll')}, "
        f"{source.rejected:,} rejected"
        f"{left_out}, as of {to_text(to_micros(source.as_of))}, {seconds:.1f} s"
    )
