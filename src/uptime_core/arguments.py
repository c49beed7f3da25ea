"""The options of the command line, and how their texts are read."""

from __future__ import annotations

import argparse
from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn, get_args

from uptime_core.errors import InputError
from uptime_core.kernel.extrapolate import Initial, Method
from uptime_core.option_values import (
    argument,
    decimals,
    duration,
    duration_or_none,
    file_name,
    instant,
    timezone_or_none,
    window,
)
from uptime_core.policy import MissingHours
from uptime_core.rejects import OnError
from uptime_core.report_csv import Columns
from uptime_core.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

_PROGRAM = "python -m uptime_core"


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message} (see {self.prog} --help)")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options of a command line; `command` is the name of the command.

    Raises:
        InputError: They cannot be accepted.
        SystemExit: Help or the version was asked for, and has been printed.
    """
    options, others = parser().parse_known_args(arguments)
    if others:
        raise InputError(
            f"unrecognized arguments: {' '.join(others)} "
            f"(see {_PROGRAM} {options.command} --help)"
        )
    if options.command != "load" and options.db is not None:
        for name in ("hours", "timezones", "column", "on_error", "rejects"):
            if getattr(options, name, None):
                option = name.replace("_", "-")
                raise InputError(
                    f"argument --{option}: not allowed with argument --db, it is for "
                    f"CSV files (see {_PROGRAM} {options.command} --help)"
                )
    if options.command == "load":
        files = (options.polls, options.hours, options.timezones)
        if not any(files):
            raise InputError(
                "one of the arguments --polls --hours --timezones is required "
                f"(see {_PROGRAM} load --help)"
            )
    return options


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line; its errors are `InputError`."""
    root = _Parser(
        prog=_PROGRAM,
        description="How long each shop was up, down or unknown in its business hours.",
        allow_abbrev=False,
    )
    root.add_argument("--version", action="version", version=__version__)
    commands = root.add_subparsers(
        title="commands", required=True, metavar="COMMAND", dest="command"
    )
    _add_report(
        commands.add_parser(
            "report",
            help="write the report of some CSV files, or of a store",
            description="Write the report of some CSV files, plain or .gz, or of a "
            "store, as CSV.",
            allow_abbrev=False,
        )
    )
    _add_load(
        commands.add_parser(
            "load",
            help="put some CSV files into a store",
            description="Put the rows of some CSV files, plain or .gz, into a store, "
            "all or none. Polls are added; hours and zones replace those of the shops "
            "in the file.",
            allow_abbrev=False,
        )
    )
    _add_check(
        commands.add_parser(
            "check",
            help="say what is odd in some CSV files, or in a store",
            description="Look for what is odd in some CSV files, plain or .gz, or in a "
            "store, and say what it means for reports and what to do. The exit code is "
            "1 if anything distorts reports.",
            allow_abbrev=False,
        )
    )
    return root


def _add_check(check: argparse.ArgumentParser) -> None:
    _add_sources(check)
    _add_files(check)
    _add_missing(check)
    add = check.add_argument
    add(
        "--hole",
        type=argument(duration),
        metavar="DURATION",
        help="how long no shop must have been polled for the poller to count as down "
        "(default: six times the usual interval)",
    )
    add(
        "--format",
        choices=("text", "json"),
        default="text",
        help="how to write what is found (default: text)",
    )


def _add_load(load: argparse.ArgumentParser) -> None:
    add = load.add_argument
    add(
        "db",
        type=argument(file_name),
        metavar="DB",
        help="the SQLite file of the store; made if there is none",
    )
    add("--polls", type=argument(file_name), metavar="FILE", help="the polls")
    _add_files(load)
    _add_on_error(load)
    add(
        "--replace",
        action="store_true",
        help="forget the hours, or zones, of shops that are not in the file",
    )


def _add_files(command: argparse.ArgumentParser) -> None:
    """Options of CSV files other than that of the polls."""
    add = command.add_argument
    add("--hours", type=argument(file_name), metavar="FILE", help="the business hours")
    add("--timezones", type=argument(file_name), metavar="FILE", help="the time zones")
    add(
        "--column",
        action="append",
        default=[],
        metavar="NAME=HEADER",
        help="a column's header in the files, like store_id=shop; repeat it for more",
    )
    add(
        "--rejects",
        type=argument(file_name),
        metavar="FILE",
        help="write the rows set aside to this file",
    )


def _add_on_error(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--on-error",
        choices=get_args(OnError),
        help="stop at the first bad row, or set bad rows aside (default: raise)",
    )


def _add_sources(command: argparse.ArgumentParser) -> None:
    """Polls from a file, or all from a store."""
    source = command.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--polls", type=argument(file_name), metavar="FILE", help="the polls"
    )
    source.add_argument(
        "--db",
        type=argument(file_name),
        metavar="DB",
        help="instead of files: the SQLite file of a store, as load makes it",
    )


def _add_missing(command: argparse.ArgumentParser) -> None:
    """Options of the policy that say what becomes of what is not known."""
    add = command.add_argument
    add(
        "--reach",
        type=argument(duration_or_none),
        default=timedelta(hours=1),
        metavar="DURATION",
        help="how long a poll speaks at most: 90s, 30m, 1h, 2d or none (default: 1h)",
    )
    add(
        "--missing-hours",
        choices=get_args(MissingHours),
        default="open",
        help="what a shop without business hours is",
    )
    add(
        "--default-timezone",
        type=argument(timezone_or_none),
        default="America/Chicago",
        metavar="NAME",
        help="the zone of shops without one; none makes that an error",
    )


def _add_report(report: argparse.ArgumentParser) -> None:
    _add_sources(report)
    _add_files(report)
    _add_on_error(report)
    add = report.add_argument
    add(
        "--as-of",
        type=argument(instant),
        metavar="ISO",
        help="the report's now, UTC unless it says otherwise (default: newest poll)",
    )
    add("--extrapolation", choices=get_args(Method), default="previous")
    add(
        "--initial",
        choices=get_args(Initial),
        default="unknown",
        help="whether the first poll also speaks backward",
    )
    _add_missing(report)
    add("--stores", choices=("all", "polled"), default="all")
    add("--columns", choices=get_args(Columns), default="full")
    add(
        "--window",
        action="append",
        type=argument(window),
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
        type=argument(decimals),
        default=4,
        metavar="N",
        help="digits after the point, 0 to 18 (default: 4)",
    )
    add(
        "-o",
        "--output",
        type=argument(file_name),
        metavar="FILE",
        help="instead of standard output",
    )
