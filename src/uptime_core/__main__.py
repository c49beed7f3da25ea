"""The command line: ``python -m uptime_core report --polls polls.csv``."""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from uptime_core.arguments import column_names, parser
from uptime_core.compute import compute_snapshot
from uptime_core.errors import InputError, UptimeError, counted
from uptime_core.files import complete_file, content
from uptime_core.instants import to_micros, to_text
from uptime_core.policy import Policy
from uptime_core.rejects import rejects_csv
from uptime_core.stores.csv import CsvStore

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from uptime_core.report import Report

EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        arguments: What follows the program's name; by default the process's own.
    """
    try:
        return _run(arguments)
    except UptimeError as error:
        return _fail(str(error))
    except BrokenPipeError:
        _discard(sys.stdout)  # who reads our output has seen enough
        return 0
    except OSError as error:
        if error.filename is None:
            _discard(sys.stdout)
        name = "standard output" if error.filename is None else error.filename
        return _fail(f"{os.fsdecode(name)}: {error.strerror or error}")
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _run(arguments: Sequence[str] | None) -> int:
    try:
        options = parser().parse_args(arguments)
    except SystemExit:  # after --help or --version
        if sys.stdout is not None:
            sys.stdout.flush()
        return 0
    return _report(options)


def _fail(message: str) -> int:
    line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in message)
    _say(f"uptime_core: error: {line}")
    return EXIT_BAD_INPUT


def _say(line: str) -> None:
    """Write to standard error, if there is one that takes it."""
    if sys.stderr is None:
        return
    try:
        print(line, file=sys.stderr, flush=True)  # noqa: T201
    except OSError:
        _discard(sys.stderr)


def _discard(stream: TextIO | None) -> None:
    """Let what is left in a stream's buffer go nowhere when the process ends."""
    if stream is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _report(options: argparse.Namespace) -> int:
    started = time.perf_counter()
    _check_outputs(options)
    policy = Policy(
        extrapolation=options.extrapolation,
        reach=options.reach,
        initial=options.initial,
        missing_hours=options.missing_hours,
        default_timezone=options.default_timezone,
    )
    store = CsvStore(
        options.polls,
        options.hours,
        options.timezones,
        on_error=options.on_error,
        columns=column_names(options.column),
    )
    snapshot = store.snapshot()
    report = compute_snapshot(
        snapshot,
        as_of=options.as_of,
        windows=options.window,
        stores=options.stores,
        policy=policy,
    )
    text = report.to_csv(
        columns=options.columns,
        decimals=options.decimals,
        excel_safe=options.excel_safe,
    )
    with ExitStack() as outputs:
        # Each takes its place only after both have been written.
        if options.rejects is not None:
            rejects = outputs.enter_context(complete_file(options.rejects))
            text_of_rejects = rejects_csv(snapshot.rejected)
            rejects.write(text_of_rejects.encode(errors="backslashreplace"))
        if options.output is not None:
            file = outputs.enter_context(complete_file(options.output))
            file.write(content(options.output, text))
    if options.output is None:
        _write_to_standard_output(text)
    _say(_summary(report, time.perf_counter() - started))
    return 0


def _write_to_standard_output(text: str) -> None:
    if sys.stdout is None:
        raise InputError("there is no standard output; use -o")
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()


def _check_outputs(options: argparse.Namespace) -> None:
    """No output takes the place of an input or of the other output."""
    inputs = [options.polls, options.hours, options.timezones]
    written: list[str | None] = [options.rejects, options.output]
    for number, path in enumerate(written):
        for other in [*inputs, *written[:number]]:
            if path is not None and other is not None and _is_one_file(path, other):
                raise InputError(
                    "one file cannot be two of the polls, hours, time zones, rejects "
                    "and report",
                    source=path,
                )


def _is_one_file(path: str, other: str) -> bool:
    try:
        one, two = Path(path).resolve(), Path(other).resolve()
        return one == two and (one.is_file() or not one.exists())
    except (OSError, ValueError):  # what cannot be a path is refused on opening
        return False


def _summary(report: Report, seconds: float) -> str:
    made = report.provenance
    left_out = (
        f" ({counted(made.quarantined, 'shop')} left out)" if made.quarantined else ""
    )
    return (
        f"{counted(len(report), 'shop')}, {counted(made.polls, 'poll')}, "
        f"{made.rejected:,} rejected"
        f"{left_out}, as of {to_text(to_micros(made.as_of))}, {seconds:.1f} s"
    )


if __name__ == "__main__":
    sys.exit(main())
