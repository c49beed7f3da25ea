"""The commands of the command line; each says in a line what it did.

What only some of them need is imported by these: the others start 10 ms sooner.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from uptime_core.compute import compute_snapshot
from uptime_core.cores import cores
from uptime_core.errors import InputError, counted
from uptime_core.files import check_outputs, complete_file, content
from uptime_core.helping_pool import HelpingPool
from uptime_core.instants import to_micros, to_text
from uptime_core.option_values import column_names
from uptime_core.policy import Policy
from uptime_core.rejects import rejects_csv
from uptime_core.terminal import progress_bar

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from concurrent.futures import Executor

    from uptime_core.inspection.findings import Inspection
    from uptime_core.progress import ProgressCallback
    from uptime_core.rejects import OnError, RejectedRow
    from uptime_core.report import Report
    from uptime_core.stores.csv import CsvStore
    from uptime_core.stores.sqlite import SqliteStore

EXIT_FINDINGS = 1

_KEPT_BYTES = 32_000_000


class Done(NamedTuple):
    """What a command did, in a line, and the exit code that says so, too."""

    line: str
    code: int = 0


def report(options: argparse.Namespace) -> Done:
    """Write the report of some CSV files, or of a store."""
    started = time.perf_counter()
    _keep_memory()
    _check_files(options, options.rejects, options.output)
    with progress_bar() as progress:
        made, rejected = _computed(options, progress)
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
        _write_to_standard_output(text, "; use -o")
    return Done(_summary(made, time.perf_counter() - started))


def load(options: argparse.Namespace) -> Done:
    """Put CSV files into a store."""
    from uptime_core.load import CsvRows
    from uptime_core.stores.sqlite import SqliteStore

    started = time.perf_counter()
    _check_files(options, options.rejects)
    with progress_bar() as progress, ExitStack() as outputs:
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
    return Done(f"{result}; {time.perf_counter() - started:.1f} s")


def check(options: argparse.Namespace) -> Done:
    """Say what is odd in some CSV files, or in a store."""
    import json

    started = time.perf_counter()
    _check_files(options, options.rejects)
    with progress_bar() as progress:
        found = _inspected(options, progress)
    if options.rejects is not None:
        with complete_file(options.rejects) as rejects:
            rejects.write(_rejects_bytes(found.rejected))
    text = json.dumps(found.to_dict(), indent=1) if options.format == "json" else found
    _write_to_standard_output(f"{text}\n")
    findings = counted(len(found.findings), "finding")
    return Done(
        f"{findings}, {time.perf_counter() - started:.1f} s",
        0 if found.is_sound else EXIT_FINDINGS,
    )


def _inspected(
    options: argparse.Namespace, progress: ProgressCallback | None
) -> Inspection:
    policy = Policy(
        reach=options.reach,
        missing_hours=options.missing_hours,
        default_timezone=options.default_timezone,
    )
    from uptime_core.inspection.doctor import inspect

    if options.db is not None:
        with _existing_store(options.db) as store:
            return inspect(store, policy=policy, hole=options.hole, progress=progress)
    snapshot = _csv_store(options, "collect").snapshot(progress=progress)
    return inspect(snapshot, policy=policy, hole=options.hole, progress=progress)


def _csv_store(options: argparse.Namespace, on_error: OnError) -> CsvStore:
    from uptime_core.stores.csv import CsvStore

    return CsvStore(
        options.polls,
        options.hours,
        options.timezones,
        on_error=on_error,
        columns=column_names(options.column),
        fork=True,
    )


def _computed(
    options: argparse.Namespace, progress: ProgressCallback | None
) -> tuple[Report, tuple[RejectedRow, ...]]:
    """The report, and the bad rows of files."""
    asked: dict[str, Any] = {
        "progress": progress,
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
        from uptime_core.one_report import compute_store

        with _existing_store(options.db) as store, _cores() as executor:
            return compute_store(store, **asked, executor=executor), ()
    files = _csv_store(options, options.on_error or "raise")
    snapshot = files.snapshot(progress=progress)
    with _cores() as executor:
        made = compute_snapshot(snapshot, **asked, executor=executor)
    return made, snapshot.rejected


def _existing_store(path: str) -> SqliteStore:
    """The store in a file; a `SqliteStore` alone would make one, in any file."""
    from uptime_core.sqlite_database import Database
    from uptime_core.stores.sqlite import SqliteStore
    from uptime_core.stores.sqlite_tables import PART

    with suppress(ValueError):  # what cannot be a path is refused on opening
        os.stat(path)  # noqa: PTH116  # a path as text, as it was given
    with closing(Database(path)) as database, database.read() as connection:
        (found,) = connection.execute(
            "SELECT count(*) FROM uptime_parts WHERE part = ?", (PART,)
        ).fetchone()
    if not found:
        raise InputError(
            "there is no store in it; make one with the command load", source=path
        )
    return SqliteStore(path)


def _keep_memory() -> None:
    """Have the C library keep what is freed for the next arrays.

    At first it hands free memory back at once, and what a block of lines took is
    fetched again for the next, page by page: 5 to 10 % of a report's time. Once an
    array has been freed, glibc keeps twice as much as that took, up to 64 MB.
    """
    np.empty(_KEPT_BYTES, dtype=np.uint8)


@contextmanager
def _cores() -> Iterator[Executor | None]:
    """What works on all cores, or None where there is only one."""
    workers = cores()
    if workers == 1:
        yield None
        return
    with HelpingPool(workers) as executor:
        yield executor


def _rejects_bytes(rows: tuple[RejectedRow, ...]) -> bytes:
    return rejects_csv(rows).encode(errors="backslashreplace")


def _write_to_standard_output(text: str, instead: str = "") -> None:
    if sys.stdout is None:
        raise InputError(f"there is no standard output{instead}")
    sys.stdout.buffer.write(text.encode(errors="backslashreplace"))
    sys.stdout.buffer.flush()


def _check_files(options: argparse.Namespace, *written: str | None) -> None:
    """No output takes the place of an input or of another output."""
    read = [options.polls, options.hours, options.timezones]
    if options.db is not None:
        from uptime_core.sqlite_errors import file_names

        if options.command == "load":
            written = (*file_names(options.db), *written)
        else:
            read += file_names(options.db)
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
