"""The options of the command line, and how their texts are read."""

from __future__ import annotations

import argparse
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NoReturn, TypeVar, cast, get_args

from uptime_core.decimals import checked_decimals
from uptime_core.errors import InputError, shown
from uptime_core.instants import parse_timestamp, to_datetime
from uptime_core.kernel.extrapolate import Initial, Method
from uptime_core.policy import MissingHours
from uptime_core.rejects import OnError
from uptime_core.report_csv import Columns
from uptime_core.version import __version__
from uptime_core.window import Unit, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Value = TypeVar("Value")

_PROGRAM = "python -m uptime_core"
_DURATION = re.compile(r"([0-9]+)([smhd])")
_ISO_INSTANT = re.compile(
    r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}FRACTION)?ZONE)?"
    r"|[0-9]{8}(?:T[0-9]{4}(?:[0-9]{2}FRACTION)?ZONE)?)".replace(
        "FRACTION", r"(?:[.,][0-9]{1,6})?"
    ).replace("ZONE", r"(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?")
)
_DURATION_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


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
    options = parser().parse_args(arguments)
    if options.command == "report" and options.db is not None:
        for name in ("hours", "timezones", "column", "on_error", "rejects"):
            if getattr(options, name):
                option = name.replace("_", "-")
                raise InputError(
                    f"argument --{option}: not allowed with argument --db, it is for "
                    f"CSV files (see {_PROGRAM} report --help)"
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
    return root


def _add_load(load: argparse.ArgumentParser) -> None:
    add = load.add_argument
    add(
        "db",
        type=_argument(_file),
        metavar="DB",
        help="the SQLite file of the store; made if there is none",
    )
    add("--polls", type=_argument(_file), metavar="FILE", help="the polls")
    _add_files(load)
    add(
        "--replace",
        action="store_true",
        help="forget the hours, or zones, of shops that are not in the file",
    )


def _add_files(command: argparse.ArgumentParser) -> None:
    """Options of CSV files other than that of the polls."""
    add = command.add_argument
    add("--hours", type=_argument(_file), metavar="FILE", help="the business hours")
    add("--timezones", type=_argument(_file), metavar="FILE", help="the time zones")
    add(
        "--column",
        action="append",
        default=[],
        metavar="NAME=HEADER",
        help="a column's header in the files, like store_id=shop; repeat it for more",
    )
    add(
        "--on-error",
        choices=get_args(OnError),
        help="stop at the first bad row, or set bad rows aside (default: raise)",
    )
    add(
        "--rejects",
        type=_argument(_file),
        metavar="FILE",
        help="write the rows set aside to this file",
    )


def _add_report(report: argparse.ArgumentParser) -> None:
    source = report.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--polls", type=_argument(_file), metavar="FILE", help="the polls"
    )
    source.add_argument(
        "--db",
        type=_argument(_file),
        metavar="DB",
        help="instead of files: the SQLite file of a store, as load makes it",
    )
    _add_files(report)
    add = report.add_argument
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
        type=_argument(_decimals),
        default=4,
        metavar="N",
        help="digits after the point, 0 to 18 (default: 4)",
    )
    add(
        "-o",
        "--output",
        type=_argument(_file),
        metavar="FILE",
        help="instead of standard output",
    )


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
    if not int(match[1]):
        raise InputError(f"{shown(text)} is no time at all")
    try:
        return timedelta(**{_DURATION_UNITS[match[2]]: int(match[1])})
    except (OverflowError, ValueError):
        raise InputError(f"{shown(text)} is longer than a duration can be") from None


def _duration_or_none(text: str) -> timedelta | None:
    return None if text == "none" else _duration(text)


def _instant(text: str) -> datetime:
    """An instant as the files have it, or any ISO 8601 one; UTC, unless it says so."""
    with suppress(InputError):
        return to_datetime(parse_timestamp(text))
    # isoparse is looser, its releases differ, and it drops what is below a microsecond.
    if _ISO_INSTANT.fullmatch(text):
        from dateutil.parser import isoparse  # noqa: PLC0415  # 15 ms, seldom needed

        with suppress(ValueError, OverflowError):
            instant: datetime = isoparse(text)
            if instant.tzinfo is None:
                return instant.replace(tzinfo=UTC)
            return instant
    raise InputError(
        f"{shown(text)} is not an ISO 8601 instant like 2023-01-25T18:13:22Z"
    )


def _decimals(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,2}", text):
        raise InputError(f"{shown(text)} is not a number of digits")
    return checked_decimals(int(text))


def _file(text: str) -> str:
    if not text:
        raise InputError("the name of the file is empty")
    return text


def _window(text: str) -> Window:
    name, equals, span = text.partition("=")
    if not equals:
        raise InputError(f"{shown(text)} is not NAME=30d:hours or NAME=START/END:hours")
    length, colon, unit = span.rpartition(":")
    if not (colon and unit.isalpha()):  # a colon of an instant, or none
        length, unit = span, "hours"
    if unit not in get_args(Unit):
        raise InputError(f"{shown(unit)} is none of {', '.join(get_args(Unit))}")
    chosen = cast("Unit", unit)
    start, slash, end = length.partition("/")
    if slash:
        return Window.between(_instant(start), _instant(end), name=name, unit=chosen)
    return Window.last(_duration(length), name=name, unit=chosen)


def column_names(options: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Headers by column; a column named twice may have either header."""
    names: dict[str, tuple[str, ...]] = {}
    for option in options:
        name, equals, header = option.partition("=")
        if not (equals and header.strip()):
            raise InputError(f"argument --column: {shown(option)} is not NAME=HEADER")
        names[name] = (*names.get(name, ()), header)
    return names
