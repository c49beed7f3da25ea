"""The command line: ``python -m uptime_core report --polls polls.csv``."""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from datetime import UTC, datetime, timedelta
from importlib import metadata
from typing import TYPE_CHECKING, NoReturn, TextIO, TypeVar, cast, get_args

from dateutil.parser import isoparse

from uptime_core.compute import compute_snapshot
from uptime_core.decimals import checked_decimals
from uptime_core.errors import InputError, UptimeError, shown
from uptime_core.files import complete_file
from uptime_core.instants import to_micros, to_text
from uptime_core.kernel.extrapolate import Initial, Method
from uptime_core.policy import MissingHours, Policy
from uptime_core.rejects import OnError, rejects_csv
from uptime_core.report_csv import Columns
from uptime_core.stores.csv import CsvStore
from uptime_core.window import Unit, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from uptime_core.report import Report

EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130

Value = TypeVar("Value")

_DURATION = re.compile(r"([0-9]+)([smhd])")
_TOO_FINE = re.compile(r"[.,][0-9]{7}")
_DURATION_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


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
        options = _parser().parse_args(arguments)
    except SystemExit:  # after --help or --version
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


def _discard(stream: TextIO) -> None:
    """Let what is left in a stream's buffer go nowhere when the process ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _report(options: argparse.Namespace) -> int:
    started = time.perf_counter()
    if _is_one_file(options.rejects, options.output):
        raise InputError("the report and its rejects cannot be written to one file")
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
        columns=_column_names(options.column),
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
    if options.rejects is not None:
        with complete_file(options.rejects) as stream:
            stream.write(
                rejects_csv(snapshot.rejected).encode(errors="backslashreplace")
            )
    if options.output is None:
        if sys.stdout is None:
            raise InputError("there is no standard output; use -o")
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
    else:
        with complete_file(options.output) as stream:
            stream.write(text.encode())
    _say(_summary(report, time.perf_counter() - started))
    return 0


def _is_one_file(rejects: str | None, output: str | None) -> bool:
    if rejects is None or output is None:
        return False
    one, other = os.path.realpath(rejects), os.path.realpath(output)
    return one == other and (os.path.isfile(one) or not os.path.exists(one))  # noqa: PTH110, PTH113


def _summary(report: Report, seconds: float) -> str:
    made = report.provenance
    left_out = f" ({made.quarantined:,} shops left out)" if made.quarantined else ""
    return (
        f"{len(report):,} shops, {made.polls:,} polls, {made.rejected:,} rejected"
        f"{left_out}, as of {to_text(to_micros(made.as_of))}, {seconds:.1f} s"
    )


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message} (see {self.prog} --help)")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m uptime_core",
        description="How long each shop was up, down or unknown in its business hours.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--version", action="version", version=metadata.version("uptime_core")
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    report = commands.add_parser(
        "report",
        help="write the report of some CSV files",
        description="Write the report of some CSV files, plain or .gz, as CSV.",
        allow_abbrev=False,
    )
    add = report.add_argument
    add("--polls", required=True, metavar="FILE", help="the polls")
    add("--hours", metavar="FILE", help="the business hours")
    add("--timezones", metavar="FILE", help="the time zones")
    add(
        "--column",
        action="append",
        default=[],
        metavar="NAME=HEADER",
        help="a column's header in the files, like store_id=shop; repeat it for more",
    )
    add(
        "--as-of",
        type=_argument(_instant),
        metavar="ISO",
        help="the report's now, UTC unless it says otherwise (default: newest poll)",
    )
    add("--extrapolation", choices=get_args(Method), default="previous")
    add(
        "--reach",
        type=_argument(_duration_or_none),
        default=timedelta(hours=1),
        metavar="DURATION",
        help="how long a poll speaks at most: 90s, 30m, 1h, 2d or none (default: 1h)",
    )
    add(
        "--initial",
        choices=get_args(Initial),
        default="unknown",
        help="whether the first poll also speaks backward",
    )
    add(
        "--missing-hours",
        choices=get_args(MissingHours),
        default="open",
        help="what a shop without business hours is",
    )
    add(
        "--default-timezone",
        type=lambda text: None if text == "none" else text,
        default="America/Chicago",
        metavar="NAME",
        help="the zone of shops without one; none makes that an error",
    )
    add("--stores", choices=("all", "polled"), default="all")
    add("--columns", choices=get_args(Columns), default="full")
    add(
        "--window",
        action="append",
        type=_argument(_window),
        metavar="NAME=SPAN[:UNIT]",
        help="instead of the default windows: a SPAN like 30d, or START/END, written "
        "in seconds, minutes, hours or days; repeat it for more",
    )
    add(
        "--no-excel-safe",
        dest="excel_safe",
        action="store_false",
        help="write ids as they are, even where a spreadsheet takes them for formulas",
    )
    add(
        "--decimals",
        type=_argument(lambda text: checked_decimals(int(text))),
        default=4,
        metavar="N",
        help="digits after the point, 0 to 18 (default: 4)",
    )
    add(
        "--on-error",
        choices=get_args(OnError),
        default="raise",
        help="stop at the first bad row, or set bad rows aside",
    )
    add("--rejects", metavar="FILE", help="write the rows set aside to this file")
    add("-o", "--output", metavar="FILE", help="instead of standard output")
    return parser


def _argument(parse: Callable[[str], Value]) -> Callable[[str], Value]:
    """A parser of an option's text whose errors argparse passes on as they are."""

    def parsed(text: str) -> Value:
        try:
            return parse(text)
        except InputError as error:
            raise argparse.ArgumentTypeError(str(error)) from None
        except ValueError:
            raise argparse.ArgumentTypeError(f"invalid value: {shown(text)}") from None

    return parsed


def _duration(text: str) -> timedelta:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise InputError(f"{shown(text)} is not a duration like 90s, 30m, 1h or 2d")
    try:
        return timedelta(**{_DURATION_UNITS[match[2]]: int(match[1])})
    except (OverflowError, ValueError):
        raise InputError(f"{shown(text)} is longer than a duration can be") from None


def _duration_or_none(text: str) -> timedelta | None:
    return None if text == "none" else _duration(text)


def _instant(text: str) -> datetime:
    try:
        # Of a finer fraction isoparse would drop digits silently.
        instant: datetime = isoparse(_TOO_FINE.sub("?", text))
    except (ValueError, OverflowError, TypeError):
        raise InputError(
            f"{shown(text)} is not an ISO 8601 instant like 2023-01-25T18:13:22Z"
        ) from None
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)


def _window(text: str) -> Window:
    name, equals, span = text.partition("=")
    if not equals:
        raise InputError(f"{shown(text)} is not NAME=30d:hours or NAME=START/END:hours")
    length, colon, unit = span.rpartition(":")
    if not colon or unit not in get_args(Unit):
        length, unit = span, "hours"
    chosen = cast("Unit", unit)
    start, slash, end = length.partition("/")
    if slash:
        return Window.between(_instant(start), _instant(end), name=name, unit=chosen)
    return Window.last(_duration(length), name=name, unit=chosen)


def _column_names(options: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Headers by column; a column named twice may have either header."""
    names: dict[str, tuple[str, ...]] = {}
    for option in options:
        name, equals, header = option.partition("=")
        if not (equals and header.strip()):
            raise InputError(f"argument --column: {shown(option)} is not NAME=HEADER")
        names[name] = (*names.get(name, ()), header)
    return names


if __name__ == "__main__":
    sys.exit(main())
