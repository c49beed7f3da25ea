"""The command line: options, files, exit codes, and one line for every failure."""

from __future__ import annotations

import errno
import gc
import gzip
import io
import os
import re
import signal
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import pytest

from uptime_core import SqliteSink, SqliteStore
from uptime_core.__main__ import main

if TYPE_CHECKING:
    from typing import IO

# The clock of the report is the newest poll, Wednesday 12:00 UTC, 06:00 in Chicago.
POLLS = """store_id,timestamp_utc,status
a,2023-01-25 11:30:00 UTC,active
a,2023-01-25 12:00:00 UTC,inactive
b,2023-01-25 11:00:00 UTC,active
"""
HOURS = """store_id,day,start_time_local,end_time_local
a,2,05:00,05:45
"""
ZONES = """store_id,timezone_str
b,UTC
c,UTC
"""
LAST_HOUR = ("--window", "h=1h:minutes", "--decimals", "0")
HEADER = "store_id,uptime_h_minutes,downtime_h_minutes,unknown_h_minutes"
MEASURES = ("uptime", "downtime", "unknown", "open")
DEFAULTS = ("last_hour_minutes", "last_day_hours", "last_week_hours")
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's devices")


class Ran(NamedTuple):
    """What a run left."""

    code: int
    out: str
    err: list[str]

    @property
    def table(self) -> list[str]:
        return self.out.splitlines()


class Run(Protocol):
    """Runs the command line in this process, `report --polls polls.csv` first."""

    def __call__(self, *arguments: str, start: tuple[str, ...] = ...) -> Ran: ...


REPORT = ("report", "--polls", "polls.csv")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the three files."""
    monkeypatch.chdir(tmp_path)
    for name, text in (("polls", POLLS), ("hours", HOURS), ("zones", ZONES)):
        (tmp_path / f"{name}.csv").write_text(text)
    return tmp_path


@pytest.fixture
def run(capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    def run_(*arguments: str, start: tuple[str, ...] = REPORT) -> Ran:
        try:
            code = main([*start, *arguments])
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsysbinary.readouterr()
        return Ran(code, out.decode(), err.decode().splitlines())

    return run_


def _fails(ran: Ran, *parts: str) -> None:
    """It ends with 2 and one line, which has the parts."""
    assert (ran.code, ran.out) == (2, "")
    (line,) = ran.err
    assert line.startswith("uptime_core: error: ")
    assert line.isprintable()
    for part in parts:
        assert part in line


# Options


@pytest.mark.parametrize(
    ("options", "rows"),
    [
        ("", ["a,30,0,30", "b,60,0,0"]),
        ("--extrapolation previous", ["a,30,0,30", "b,60,0,0"]),
        ("--extrapolation next", ["a,30,30,0", "b,0,0,60"]),
        ("--extrapolation nearest", ["a,45,15,0", "b,60,0,0"]),
        ("--reach 600s", ["a,10,0,50", "b,10,0,50"]),
        ("--reach 10m", ["a,10,0,50", "b,10,0,50"]),
        ("--reach 1h", ["a,30,0,30", "b,60,0,0"]),
        ("--reach 2d --initial first", ["a,60,0,0", "b,60,0,0"]),
        ("--reach 999999999d", ["a,30,0,30", "b,60,0,0"]),
        ("--initial unknown", ["a,30,0,30", "b,60,0,0"]),
        ("--initial first", ["a,60,0,0", "b,60,0,0"]),
        ("--as-of 2023-01-25T11:45:00Z", ["a,15,0,45", "b,45,0,15"]),
        ("--as-of 2023-01-25T11:45", ["a,15,0,45", "b,45,0,15"]),
        ("--as-of 2023-01-25T05:45:00-06:00", ["a,15,0,45", "b,45,0,15"]),
        ("--as-of 20230125T114500Z", ["a,15,0,45", "b,45,0,15"]),
        ("--as-of 2023-01-25T14:00:00Z", ["a,0,0,60", "b,0,0,60"]),
        ("--as-of 2023-01-25T14:00:00Z --reach none", ["a,0,60,0", "b,60,0,0"]),
        ("--timezones zones.csv", ["a,30,0,30", "b,60,0,0", "c,0,0,60"]),
        ("--timezones zones.csv --stores all", ["a,30,0,30", "b,60,0,0", "c,0,0,60"]),
        ("--timezones zones.csv --stores polled", ["a,30,0,30", "b,60,0,0"]),
        ("--hours hours.csv", ["a,15,0,30", "b,60,0,0"]),
        ("--hours hours.csv --missing-hours open", ["a,15,0,30", "b,60,0,0"]),
        ("--hours hours.csv --missing-hours closed", ["a,15,0,30", "b,0,0,0"]),
        ("--hours hours.csv --default-timezone UTC", ["a,0,0,0", "b,60,0,0"]),
        ("--hours hours.csv --default-timezone EST", ["a,0,0,0", "b,60,0,0"]),
    ],
)
def test_an_option_of_the_policy_does_what_it_says(
    run: Run, options: str, rows: list[str]
) -> None:
    ran = run(*options.split(), *LAST_HOUR)
    assert (ran.code, ran.table) == (0, [HEADER, *rows])


@pytest.mark.parametrize(
    ("option", "column", "row"),
    [
        ("x=1h:minutes", "x_minutes", "a,30.0000,0.0000,30.0000"),
        ("x=1h:seconds", "x_seconds", "a,1800.0000,0.0000,1800.0000"),
        ("x=60m:hours", "x_hours", "a,0.5000,0.0000,0.5000"),
        ("x=3600s", "x_hours", "a,0.5000,0.0000,0.5000"),
        ("x=2d:days", "x_days", "a,0.0208,0.0000,1.9792"),
        ("x=30d:hours", "x_hours", "a,0.5000,0.0000,719.5000"),
        (
            "x=2023-01-25T11:00:00Z/2023-01-25T12:00:00Z:minutes",
            "x_minutes",
            "a,30.0000,0.0000,30.0000",
        ),
        (
            "x=2023-01-25T11:30/2023-01-25T13:30",
            "x_hours",
            "a,0.5000,0.0000,1.5000",
        ),
        (
            "x=2023-01-25T05:00:00-06:00/2023-01-25T12:00:00+00:00:seconds",
            "x_seconds",
            "a,1800.0000,0.0000,1800.0000",
        ),
        *(
            (f"x=2023-01-25T11:00:00Z/{end}", "x_hours", "a,0.5000,0.0000,0.5000")
            for end in (
                "2023-01-25T12:00:00Z",
                "2023-01-25 12:00:00.0 UTC",
                "2023-01-25T12:00Z",
                "2023-01-25T12:00:00.000000",
                "2023-01-25T06:00-06:00",
                "20230125T120000Z",
            )
        ),
        ("x=2023-01-25/2023-01-26:days", "x_days", "a,0.0208,0.0000,0.9792"),
        ("x=2023-01-25/2023-01-25", "x_hours", "a,0.0000,0.0000,0.0000"),
        ("été=1h", "été_hours", "a,0.5000,0.0000,0.5000"),
    ],
)
def test_a_window_is_a_length_or_two_instants(
    run: Run, option: str, column: str, row: str
) -> None:
    ran = run("--window", option)
    assert ran.code == 0
    assert ran.table[:2] == [
        f"store_id,uptime_{column},downtime_{column},unknown_{column}",
        row,
    ]


def test_windows_come_in_the_order_given(run: Run) -> None:
    ran = run("--window", "z=1h", "--window", "a=2d:days")
    assert ran.table[0] == (
        "store_id,uptime_z_hours,uptime_a_days,downtime_z_hours,downtime_a_days,"
        "unknown_z_hours,unknown_a_days"
    )


CLASSIC = "last_hour(in mins)", "last_day(in hrs)", "last_week(in hrs)"
EXTRA = [
    *(f"ratio_{name}" for name in ("last_hour", "last_day", "last_week")),
    *(f"coverage_{name}" for name in ("last_hour", "last_day", "last_week")),
    *("last_poll_utc", "poll_count"),
]


@pytest.mark.parametrize(
    ("option", "header", "row"),
    [
        (
            "full",
            [f"{measure}_{window}" for measure in MEASURES[:3] for window in DEFAULTS],
            "30.0,0.5,0.5,0.0,0.0,0.0,30.0,23.5,167.5",
        ),
        (
            "classic",
            [f"{measure}_{window}" for measure in MEASURES[:2] for window in CLASSIC],
            "30.0,0.5,0.5,0.0,0.0,0.0",
        ),
        (
            "extended",
            [f"{m}_{window}" for m in MEASURES for window in DEFAULTS] + EXTRA,
            (
                "30.0,0.5,0.5,0.0,0.0,0.0,30.0,23.5,167.5,60.0,24.0,168.0,"
                "1.0,1.0,1.0,0.5,0.0,0.0,2023-01-25T12:00:00.000000Z,2"
            ),
        ),
    ],
)
def test_columns_are_chosen(run: Run, option: str, header: list[str], row: str) -> None:
    ran = run("--columns", option, "--decimals", "1")
    assert ran.table[:2] == [",".join(["store_id", *header]), f"a,{row}"]


def test_the_columns_are_the_full_ones_with_four_decimals_by_default(run: Run) -> None:
    assert run().out == run("--columns", "full", "--decimals", "4").out
    assert run().table[1].startswith("a,30.0000,0.5000,")


@pytest.mark.parametrize(
    ("decimals", "row"),
    [
        ("0", "a,0,0,2"),
        ("1", "a,0.0,0.0,2.0"),
        ("4", "a,0.0208,0.0000,1.9792"),
        ("6", "a,0.020833,0.000000,1.979167"),
        ("18", f"a,0.0208{'3' * 14},0.{'0' * 18},1.9791{'6' * 13}7"),
    ],
)
def test_decimals_are_exact(run: Run, decimals: str, row: str) -> None:
    assert run("--window", "x=2d:days", "--decimals", decimals).table[1] == row


@pytest.mark.parametrize(
    ("options", "ids"),
    [((), ["'=1+1", "'@x", "-5"]), (("--no-excel-safe",), ["-5", "=1+1", "@x"])],
)
def test_ids_that_look_like_formulas_are_escaped_unless_told_otherwise(
    run: Run, folder: Path, options: tuple[str, ...], ids: list[str]
) -> None:
    rows = POLLS.replace("a,", "=1+1,").replace("b,", "-5,")
    (folder / "polls.csv").write_text(rows + "@x,2023-01-25 11:00:00 UTC,active\n")
    written = [row.split(",")[0] for row in run(*options).table[1:]]
    assert sorted(written) == ids


def test_other_headers_are_read_by_column_options(run: Run, folder: Path) -> None:
    (folder / "polls.csv").write_text(POLLS.replace("store_id", "Shop"))
    (folder / "zones.csv").write_text(ZONES.replace("store_id,", "outlet,"))
    columns = ("--column", "store_id=shop", "--column", "store_id=outlet")
    ran = run(*columns, "--timezones", "zones.csv", *LAST_HOUR)
    assert ran.table == [HEADER, "a,30,0,30", "b,60,0,0", "c,0,0,60"]
    _fails(run(), "polls.csv", "line 1", "store_id")


def test_the_summary_is_one_line_on_standard_error(run: Run, folder: Path) -> None:
    (folder / "polls.csv").write_text(POLLS + "a,x,active\n" + POLLS.split("\n")[1])
    (folder / "zones.csv").write_text(ZONES + "d,Mars\n")
    ran = run("--on-error", "collect", "--timezones", "zones.csv")
    assert ran.code == 0
    (line,) = ran.err
    assert re.fullmatch(
        r"3 shops, 3 polls, 2 rejected \(1 shop? left out\), "
        r"as of 2023-01-25T12:00:00\.000000Z, [0-9]+\.[0-9] s",
        line,
    )


def test_who_calls_it_keeps_its_garbage_collector(run: Run) -> None:
    before = gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()
    run()
    assert (gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()) == before


def test_rejected_rows_are_written_to_a_file(run: Run, folder: Path) -> None:
    (folder / "polls.csv").write_text(POLLS + "a,x,active\nb\n")
    (folder / "hours.csv").write_text(HOURS + "a,7,9:00,9:00\n")
    (folder / "rejects").write_text("old")
    options = ("--on-error", "collect", "--hours", "hours.csv")
    ran = run(*options, "--rejects", "rejects", *LAST_HOUR)
    assert (ran.code, ran.table) == (0, [HEADER, "b,60,0,0"])
    header, *rows = (folder / "rejects").read_text().splitlines()
    assert header == "source,line,field,reason,row"
    assert rows[0].startswith("polls.csv,5,timestamp_utc,")
    assert rows[0].endswith(',"a,x,active"')
    assert rows[1] == (
        'polls.csv,6,,"the row has 1 field, the header 3; is it cut short?",b'
    )
    assert rows[2].startswith("hours.csv,2,,line 3 of the same shop was rejected; ")
    assert rows[3].startswith("hours.csv,3,day,'7' is not a day")
    assert len(rows) == 4


def test_without_bad_rows_the_rejects_file_is_a_header(run: Run, folder: Path) -> None:
    assert run("--rejects", "rejects").code == 0
    assert (folder / "rejects").read_text() == "source,line,field,reason,row\n"


def test_compressed_files_are_read(run: Run, folder: Path) -> None:
    (folder / "p.gz").write_bytes(gzip.compress(POLLS.encode()))
    assert run("--polls", "p.gz").out == run().out


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("--help",), "usage: python -m uptime_core"),
        (("report", "--help"), "--extrapolation"),
        (("load", "--help"), "--replace"),
        (("--version",), "0."),
    ],
)
def test_help_and_version_go_to_standard_output(
    run: Run, arguments: tuple[str, ...], part: str
) -> None:
    ran = run(*arguments, start=())
    assert (ran.code, ran.err) == (0, [])
    assert part in ran.out


# Failures


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ((), "COMMAND"),
        (("",), "''"),
        (("repor",), "'repor'"),
        (("--polls", "polls.csv"), "polls.csv"),
        (("report",), "--polls"),
        (("report", "--polls", "polls.csv", "--db", "x.db"), "--polls"),
        (("load",), "DB"),
        (("load", "x.db"), "--polls --hours --timezones"),
        (("load", "", "--polls", "polls.csv"), "empty"),
        (("load", "x.db", "--db", "x.db"), "--db"),
        (("load", "x.db", "--polls", "polls.csv", "--on-error", "x"), "--on-error"),
        (("load", "x.db", "--polls", "polls.csv", "--column", "x"), "--column"),
        (("report", "--polls"), "--polls"),
        (("report", "polls.csv"), "--polls"),
        ((*REPORT, "more"), "more"),
        ((*REPORT, "--bad"), "--bad"),
        ((*REPORT, "--extra", "next"), "--extra"),
        ((*REPORT, "-x"), "-x"),
        ((*REPORT, "-o"), "-o"),
        ((*REPORT, "new\nline\x1b[31m\u202e"), "new\\nline\\x1b[31m\\u202e"),
        ((*REPORT, "\udcff"), "\\udcff"),
        ((*REPORT, "%s%(x)d"), "%s%(x)d"),
        ((*REPORT, "--%s"), "--%s"),
        (("%(prog)s",), "%(prog)s"),
    ],
)
def test_a_usage_error_is_one_line(
    run: Run, arguments: tuple[str, ...], part: str
) -> None:
    _fails(run(*arguments, start=()), part)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("--extrapolation", value) for value in ("", "Next", "linear", "none")),
        *(("--reach", value) for value in ("", "0s", "-1h", "1", "1 h", "1.5h", "1w")),
        *(
            ("--reach", value)
            for value in ("h", "1H", "None", "\u0661h", "1h\n", "inf")
        ),
        *(("--reach", value) for value in ("9" * 30 + "d", "9" * 5_000 + "s", "1hh")),
        *(("--initial", value) for value in ("", "last", "FIRST")),
        *(("--missing-hours", value) for value in ("", "shut")),
        *(
            ("--default-timezone", value)
            for value in ("", "Factory", "../../etc/passwd")
        ),
        *(("--default-timezone", value) for value in ("None", "x" * 5_000, "UTC\n")),
        *(("--stores", value) for value in ("", "a", "known")),
        *(("--columns", value) for value in ("", "wide")),
        *(("--decimals", value) for value in ("", "-1", "19", "4.0", "1e1", "x")),
        *(("--decimals", value) for value in ("9" * 30, "9" * 5_000, "nan")),
        *(("--on-error", value) for value in ("", "ignore")),
        *(("--as-of", value) for value in ("", "now", "2023-13-01", "2023-02-29")),
        *(("--as-of", value) for value in ("10000-01-01", "0000-01-01", "1e9", "-1")),
        *(("--as-of", value) for value in ("0001-01-01", "0001-01-01T00:00:00+01:00")),
        *(("--as-of", value) for value in ("9999-12-31T23:59:59-01:00", "9" * 4_000)),
        *(("--as-of", value) for value in ("9999-12-31T24:00:00", "2023-01-25T25:00")),
        *(("--as-of", "2023-01-25T00:00:00+99:00"), ("--as-of", "\uff12023-01-01")),
        *(("--as-of", "2023-01-25T11:45:60"), ("--as-of", "2023-01-25\n")),
        *(("--as-of", "2023-01-25T00:00:00.1234567"), ("--window", "a b=c=1h")),
        *(("--column", value) for value in ("", "store_id", "shop=store_id", "=x")),
        *(
            ("--window", value)
            for value in ("", "x", "x=", "x=1", "x=1h:", "x=1h:weeks")
        ),
        *(("--window", value) for value in ("x=0h", "x=-1h", "x=1h:Hours", "x=1h:h")),
        *(("--window", value) for value in ("x=/", "x=2023-01-01/", "x=/2023-01-01")),
        *(
            ("--window", value)
            for value in ("x=2023-01-02/2023-01-01", "x=a/b", "x=1h/2h")
        ),
        *(
            ("--window", value)
            for value in ("x=2023-01-01/2023-01-02/2023-01-03", "x=:")
        ),
        *(("--window", value) for value in ("x\n=1h", " x=1h", "x =1h", "\udcff=1h")),
        *(
            ("--window", value)
            for value in ("x" * 101 + "=1h", "\x1b[0m=1h", "\u202e=1h")
        ),
        *(("--window", value) for value in ("x=999999999d", "x=" + "9" * 30 + "d")),
        *(("--window", value) for value in ("x=0001-01-01T00:00+01:00/2023-01-01",)),
    ],
    ids=lambda value: ascii(value[:30]),
)
def test_a_value_that_cannot_be_is_named_in_one_short_line(
    run: Run, option: str, value: str
) -> None:
    ran = run(f"{option}={value}")
    _fails(ran)
    said = ran.err[0].lower().replace("_", "-")
    subject = option.removeprefix("--")
    assert subject in said or "column" in said or "begins before" in said
    assert len(said) < 400


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--decimals", "99", "99 is not an integer from 0 to 18"),
        ("--default-timezone", "Chicago", "'Chicago' is not a name in"),
        ("--as-of", "noon", "'noon' is not an ISO 8601 instant"),
    ],
)
def test_a_bad_value_is_told_by_its_option_alone(
    run: Run, option: str, value: str, reason: str
) -> None:
    ran = run(option, value)
    _fails(ran, "(see python -m uptime_core report --help)")
    assert ran.err[0].startswith(f"uptime_core: error: argument {option}: {reason}")


def test_a_check_refuses_a_zone_by_its_option_too(run: Run) -> None:
    check = ("check", "--polls", "polls.csv", "--default-timezone", "Chicago")
    _fails(run(start=check), "argument --default-timezone: 'Chicago'", "check --help")


@pytest.mark.parametrize(
    "start", [REPORT, ("check", "--polls", "polls.csv"), ("load", "x.db", "--polls=p")]
)
def test_an_unknown_option_leads_to_the_help_of_its_command(
    run: Run, start: tuple[str, ...]
) -> None:
    said = f"unrecognized arguments: --bad (see python -m uptime_core {start[0]} --help"
    _fails(run("--bad", start=start), said)


def test_a_window_without_a_name_is_refused(run: Run) -> None:
    _fails(run("--window", "=1d"), "--window")


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ("--window a=1d --window a=2d", ("'a'", "two windows")),
        ("--columns classic --window a=1d", ("classic",)),
        ("--hours hours.csv --missing-hours error", ("business hours", "'b'")),
        ("--default-timezone none", ("time zone", "'a'")),
        ("--polls missing.csv", ("missing.csv", "No such file")),
        ("--hours missing.csv", ("missing.csv", "No such file")),
        ("--timezones missing.csv", ("missing.csv", "No such file")),
        ("--polls .", ("directory",)),
        ("--polls polls.csv/x", ("polls.csv/x", "Not a directory")),
        ("--polls zones.csv", ("zones.csv", "line 1", "timestamp_utc")),
        ("--hours polls.csv", ("polls.csv", "line 1", "day")),
        ("-o missing/out.csv", ("missing/out.csv", "No such file")),
        ("--rejects missing/out.csv", ("missing/out.csv", "No such file")),
        ("-o .", ("directory",)),
        ("-o polls.csv/x", ("polls.csv/x", "Not a directory")),
    ],
)
def test_a_failure_is_one_line_that_names_what_failed(
    run: Run, options: str, parts: tuple[str, ...]
) -> None:
    _fails(run(*options.split()), *parts)


@pytest.mark.parametrize("option", ["--polls", "--hours", "-o", "--rejects"])
@pytest.mark.parametrize("value", ["", "a\0b", "x" * 5_000, "a\ud800b"], ids=ascii)
def test_a_path_that_no_file_can_have_is_one_line(
    run: Run, option: str, value: str
) -> None:
    _fails(run(option, value))


@pytest.mark.parametrize("value", ["a\0b", "a\ud800b"], ids=ascii)
def test_two_paths_that_no_file_can_have_are_one_line(run: Run, value: str) -> None:
    _fails(run("-o", value, "--rejects", value))


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (POLLS + "a,2023-01-25 11:30:00 UTC,up\n", ("line 5", "status", "'up'")),
        (POLLS + "a,yesterday,active\n", ("line 5", "timestamp_utc", "'yesterday'")),
        (POLLS + ",2023-01-25 11:30:00 UTC,active\n", ("line 5", "store_id", "''")),
        (POLLS + '"\x1b[31m\n",x,y\n', ("line 5", "store_id", "control")),
        (POLLS + "a,b\n", ("line 5", "2 fields")),
        (POLLS + '"a,b\n', ("line 5", "quote")),
        (POLLS + "a\0\n", ("line 5", "NUL")),
        ("", ("empty",)),
        ("\n\n", ("empty",)),
        ("store_id,timestamp_utc,status\n", ("no poll",)),
        ("store_id,status\n", ("line 1", "timestamp_utc")),
        ("store_id,status,timestamp_utc,Status\n", ("line 1", "status", "2 times")),
    ],
)
def test_a_bad_file_is_one_line_that_names_it(
    run: Run, folder: Path, content: str, parts: tuple[str, ...]
) -> None:
    (folder / "polls.csv").write_text(content)
    _fails(run(), "polls.csv", *parts)


def test_no_good_poll_is_an_error_that_names_the_file(run: Run, folder: Path) -> None:
    (folder / "polls.csv").write_text("store_id,timestamp_utc,status\nx\n")
    _fails(run("--on-error", "collect"), "polls.csv", "no poll", "--as-of")
    ran = run("--on-error", "collect", "--as-of", "2023-01-25T12:00:00Z")
    assert (ran.code, len(ran.table)) == (0, 1)


@linux
def test_a_file_whose_name_is_not_utf_8_is_a_file(run: Run, folder: Path) -> None:
    name = os.fsdecode(b"caf\xe9.csv")
    (folder / name).write_text(POLLS)
    assert run("--polls", name, "-o", name + ".out").code == 0
    assert (folder / (name + ".out")).read_text().startswith("store_id,")
    (folder / name).write_text(POLLS + "x\n")
    _fails(run("--polls", name), "caf\\udce9.csv", "line 5")
    ran = run("--polls", name, "--on-error", "collect", "--rejects", "rejects")
    assert ran.code == 0
    assert b",5," in (folder / "rejects").read_bytes()


@linux
def test_a_file_that_cannot_be_read_is_named(run: Run) -> None:
    _fails(run("--polls", "/proc/self/mem"), "/proc/self/mem", os.strerror(errno.EIO))


# Where the report goes


@pytest.mark.parametrize("before", [None, "old"])
def test_the_report_goes_to_a_file(run: Run, folder: Path, before: str | None) -> None:
    expected = run().out
    if before:
        (folder / "out").write_text(before)
    ran = run("-o", "out")
    assert (ran.code, ran.out, len(ran.err)) == (0, "", 1)
    assert (folder / "out").read_text() == expected
    assert run("--output", "out").code == 0
    assert (folder / "out").read_bytes() == expected.encode()


@pytest.mark.parametrize(
    "options",
    [
        "--polls missing",
        "--columns wide",
        "--rejects missing/x",
        "--columns classic --window a=1d",
    ],
)
def test_a_failure_leaves_the_old_report(run: Run, folder: Path, options: str) -> None:
    (folder / "out").write_text("old")
    names = sorted(path.name for path in folder.iterdir())
    _fails(run("-o", "out", *options.split()))
    assert (folder / "out").read_text() == "old"
    assert sorted(path.name for path in folder.iterdir()) == names


@pytest.mark.parametrize("option", ["-o", "--rejects"])
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_names_it(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, option: str, step: str
) -> None:
    (folder / "out").write_text("old")
    names = sorted(path.name for path in folder.iterdir())

    def fail(*paths: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), *map(str, paths[:1]))

    with monkeypatch.context() as patch:
        patch.setattr(
            f"uptime_core.files.os.{step}",
            fail if step == "replace" else lambda _: fail(),
        )
        ran = run(option, "out")
    _fails(ran, "out: No space left on device")
    assert ".partial" not in ran.err[0]
    assert (folder / "out").read_text() == "old"
    assert sorted(path.name for path in folder.iterdir()) == names


@pytest.mark.skipif(os.name != "posix", reason="only POSIX has permissions")
@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_the_old_files_permissions_are_kept(run: Run, folder: Path, mode: int) -> None:
    (folder / "out").write_text("old")
    (folder / "out").chmod(mode)
    assert run("-o", "out").code == 0
    assert stat.S_IMODE((folder / "out").stat().st_mode) == mode


@pytest.mark.parametrize("option", ["-o", "--rejects"])
def test_the_null_device_takes_a_file(run: Run, option: str) -> None:
    ran = run(option, os.devnull)
    assert (ran.code, bool(ran.out)) == (0, option != "-o")
    assert not Path(os.devnull).is_file()


@pytest.mark.parametrize("rejects", ["out", "./out", "link"])
def test_the_report_and_its_rejects_are_not_written_to_one_file(
    run: Run, folder: Path, rejects: str
) -> None:
    (folder / "out").write_text("old")
    (folder / "link").symlink_to("out")
    _fails(run("-o", "out", "--rejects", rejects), "one file")
    assert (folder / "out").read_text() == "old"


# As a process


def _start(
    *arguments: str, stdout: int | IO[bytes] = subprocess.PIPE, close: str = ""
) -> subprocess.Popen[bytes]:
    """Start the command line, as a shell does; `close` is like ``>&-``."""
    command = [sys.executable, "-m", "uptime_core", *arguments]
    if close:
        command = ["/bin/sh", "-c", f'exec "$@" {close}', "sh", *command]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    return subprocess.Popen(  # our own command
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
    )


def _end(process: subprocess.Popen[bytes]) -> Ran:
    with process:
        try:
            out, err = process.communicate(timeout=20)
        finally:
            process.kill()
    return Ran(process.returncode, (out or b"").decode(), err.decode().splitlines())


def _interrupt(process: subprocess.Popen[bytes]) -> Ran:
    """Interrupt it until it ends, as people do.

    Once is not always enough: a signal that arrives just before Python calls the
    system's blocking ``read`` is looked at only when that returns.
    """
    for _ in range(5):
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=2)
            break
    return _end(process)


def test_the_process_ends_with_the_exit_code_and_its_two_outputs() -> None:
    ran = _end(_start(*REPORT, *LAST_HOUR))
    assert (ran.code, ran.table) == (0, [HEADER, "a,30,0,30", "b,60,0,0"])
    assert len(ran.err) == 1


@pytest.mark.parametrize(
    "arguments", [(), ("report", "--polls", "missing.csv"), (*REPORT, "--bad")]
)
def test_a_failing_process_ends_with_2_and_one_line(arguments: tuple[str, ...]) -> None:
    _fails(_end(_start(*arguments)))


@linux
@pytest.mark.parametrize("arguments", [REPORT, ("--help",), ("--version",)])
def test_a_full_standard_output_is_one_line(arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        _fails(_end(_start(*arguments, stdout=full)), "standard output: No space left")


@linux
@pytest.mark.parametrize("option", ["-o", "--rejects"])
def test_a_full_device_is_named(run: Run, option: str) -> None:
    _fails(run(option, "/dev/full"), "/dev/full: No space left")


@linux
def test_the_report_can_go_to_the_device_of_standard_output() -> None:
    ran = _end(_start(*REPORT, *LAST_HOUR, "-o", "/dev/stdout"))
    assert (ran.code, ran.table) == (0, [HEADER, "a,30,0,30", "b,60,0,0"])


@pytest.mark.skipif(os.name != "posix", reason="only POSIX has pipes like these")
@pytest.mark.parametrize("arguments", [REPORT, ("--help",)])
def test_a_closed_pipe_ends_it_quietly(arguments: tuple[str, ...]) -> None:
    process = _start(*arguments)
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    ran = _end(process)
    assert (ran.code, ran.err) == (0, [])


@pytest.mark.skipif(os.name != "posix", reason="only POSIX has pipes like these")
def test_a_pipe_closed_half_way_ends_it_quietly(folder: Path) -> None:
    rows = "".join(f"{n:0100d},2023-01-25 11:00:00,active\n" for n in range(5_000))
    (folder / "polls.csv").write_text("store_id,timestamp_utc,status\n" + rows)
    process = _start(*REPORT)
    assert process.stdout is not None
    assert process.stdout.read(8) == b"store_id"
    process.stdout.close()
    process.stdout = None
    ran = _end(process)
    assert (ran.code, ran.err) == (0, [])


@pytest.mark.skipif(os.name != "posix", reason="only POSIX shells close outputs")
def test_without_a_standard_output_it_fails_in_one_line() -> None:
    _fails(_end(_start(*REPORT, close=">&-")), "standard output")


@pytest.mark.skipif(os.name != "posix", reason="only POSIX shells close outputs")
def test_without_a_standard_output_help_is_no_traceback() -> None:
    ran = _end(_start("--help", close=">&-"))
    assert ran.code in {0, 2}
    assert not [line for line in ran.err if "Traceback" in line]


@pytest.mark.skipif(os.name != "posix", reason="only POSIX shells close outputs")
def test_without_a_standard_error_the_report_is_only_the_report() -> None:
    ran = _end(_start(*REPORT, *LAST_HOUR, close="2>&-"))
    assert (ran.code, ran.table) == (0, [HEADER, "a,30,0,30", "b,60,0,0"])


@linux
def test_a_full_standard_error_does_not_change_the_exit_code() -> None:
    assert _end(_start("report", "--polls", "missing", close="2>/dev/full")).code == 2
    assert _end(_start(*REPORT, close="2>/dev/full")).code == 0


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_an_interrupt_ends_it_with_130_and_leaves_the_old_report(folder: Path) -> None:
    (folder / "out").write_text("old")
    os.mkfifo(folder / "pipe")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:  # a process inherits it where interrupts are ignored
        process = _start("report", "--polls", "pipe", "-o", "out")
    finally:
        signal.signal(signal.SIGINT, before)
    with (folder / "pipe").open("wb"):  # now the process reads
        ran = _interrupt(process)
    assert (ran.code, ran.out) == (130, "")
    assert len(ran.err) <= 1
    assert (folder / "out").read_text() == "old"
    assert not list(folder.glob(".*"))


# A store


LOAD = ("load", "store.db")
ALL_FILES = ("--polls", "polls.csv", "--hours", "hours.csv", "--timezones", "zones.csv")
FROM_STORE = ("report", "--db", "store.db")


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--columns", "extended"),
        ("--columns", "classic"),
        ("--stores", "polled", "--reach", "none", "--initial", "first"),
        ("--as-of", "2023-01-25T11:45:00Z", "--extrapolation", "nearest"),
        ("--window", "month=30d:days", "--missing-hours", "closed"),
        ("--window", "x=2023-01-25T11:00:00Z/2023-01-25T13:00:00Z"),
    ],
)
def test_the_report_of_a_store_is_that_of_its_files(
    run: Run, options: tuple[str, ...]
) -> None:
    assert run(*ALL_FILES, start=LOAD).code == 0
    ran = run(*options, start=FROM_STORE)
    expected = run(*ALL_FILES, *options, start=("report",))
    assert (ran.code, ran.out) == (0, expected.out)
    without_time = [line.rpartition(",")[0] for line in (ran.err[0], expected.err[0])]
    assert without_time[0] == without_time[1]


def test_loading_says_what_it_did_in_one_line(run: Run, folder: Path) -> None:
    ran = run(*ALL_FILES, start=LOAD)
    assert (ran.code, ran.out) == (0, "")
    (line,) = ran.err
    assert re.fullmatch(
        r"polls: 3 rows added; hours: 1 row added; time zones: 2 rows added; "
        r"[0-9]+\.[0-9] s",
        line,
    )
    before = (folder / "store.db").read_bytes()
    (line,) = run(*ALL_FILES, start=LOAD).err
    assert line.startswith(
        "nothing new: 3 polls, 1 row of hours, 2 time zones there already; "
    )
    assert len((folder / "store.db").read_bytes()) == len(before)


def test_loading_says_that_shops_are_put_in_quarantine(run: Run, folder: Path) -> None:
    run(*ALL_FILES, start=LOAD)
    (folder / "zones.csv").write_text(ZONES + "b,Nowhere\n")
    (line,) = run("--timezones", "zones.csv", "--on-error", "collect", start=LOAD).err
    assert line.startswith("time zones: 0 rows added, 1 there already, 1 removed, 2 re")
    assert "; 1 shop in quarantine; " in line
    (line,) = run("--timezones", "zones.csv", "--on-error", "collect", start=LOAD).err
    assert line.startswith(
        "no rows added: 1 time zone there already, 2 rejected; 1 shop in quarantine; "
    )


def test_files_are_loaded_one_after_the_other(run: Run) -> None:
    for pair in (ALL_FILES[4:], ALL_FILES[:2], ALL_FILES[2:4]):
        assert run(*pair, start=LOAD).code == 0
    assert run(start=FROM_STORE).out == run(*ALL_FILES, start=("report",)).out


def test_hours_and_zones_are_replaced_and_polls_kept(run: Run, folder: Path) -> None:
    run(*ALL_FILES, start=LOAD)
    (folder / "zones.csv").write_text("store_id,timezone_str\na,UTC\n")
    run("--timezones", "zones.csv", start=LOAD)
    with SqliteStore("store.db") as store:
        assert store.timezones() == {"a": "UTC", "b": "UTC", "c": "UTC"}
    run("--timezones", "zones.csv", "--replace", start=LOAD)
    with SqliteStore("store.db") as store:
        assert store.timezones() == {"a": "UTC"}
        assert sum(map(len, store.polls())) == 3


def test_rows_set_aside_while_loading_are_written_to_a_file(
    run: Run, folder: Path
) -> None:
    (folder / "polls.csv").write_text(POLLS + "a,x,active\n")
    (folder / "hours.csv").write_text(HOURS + "a,7,9:00,9:00\n")
    options = ("--on-error", "collect", "--rejects", "rejects")
    ran = run(*ALL_FILES, *options, start=LOAD)
    assert ran.code == 0
    assert "3 rows added, 1 rejected; hours: 0 rows added, 2 rejected" in ran.err[0]
    header, *rows = (folder / "rejects").read_text().splitlines()
    assert header == "source,line,field,reason,row"
    assert [row.split(",")[:2] for row in rows] == [
        *(["polls.csv", "5"], ["hours.csv", "2"], ["hours.csv", "3"])
    ]
    # The shop stays out of reports until good rows of it come.
    ran = run(start=FROM_STORE)
    assert [row[0] for row in ran.table[1:]] == ["b", "c"]
    assert "(1 shop left out)" in ran.err[0]
    (folder / "hours.csv").write_text(HOURS)
    run("--hours", "hours.csv", start=LOAD)
    assert len(run(start=FROM_STORE).table) == 4


def test_other_headers_are_read_while_loading(run: Run, folder: Path) -> None:
    (folder / "polls.csv").write_text(POLLS.replace("store_id", "Shop"))
    ran = run("--polls", "polls.csv", "--column", "store_id=shop", start=LOAD)
    assert ran.code == 0


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ("--timezones bad.csv", ("bad.csv", "line 4", "timezone_str", "'Mars'")),
        ("--hours bad.csv", ("bad.csv", "line 1", "day")),
        ("--polls missing.csv", ("missing.csv", "No such file")),
        ("--polls .", ("directory",)),
        ("--rejects missing/x", ("missing/x", "No such file")),
        ("--rejects polls.csv", ("polls.csv", "one file")),
        ("--rejects store.db", ("store.db", "one file")),
        ("--rejects store.db-wal", ("store.db-wal", "one file")),
        ("--column store_id=shop", ("line 1", "store_id")),
        ("--column shop=store_id", ("columns", "'shop'")),
    ],
)
def test_a_load_that_fails_changes_nothing(
    run: Run, folder: Path, options: str, parts: tuple[str, ...], *, old: bool
) -> None:
    (folder / "bad.csv").write_text(ZONES + "a,Mars\n")
    if old:
        assert run("--timezones", "zones.csv", start=LOAD).code == 0
    before = {path: path.read_bytes() for path in folder.iterdir()}
    _fails(run(*ALL_FILES, *options.split(), start=LOAD), *parts)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_load_whose_rejects_cannot_be_written_changes_nothing(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    run("--timezones", "zones.csv", start=LOAD)
    (folder / "rejects").write_text("old")
    names = sorted(path.name for path in folder.iterdir())

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(f"uptime_core.files.os.{step}", fail)
        ran = run(*ALL_FILES, "--rejects", "rejects", start=LOAD)
    _fails(ran, "rejects: No space left on device")
    assert (folder / "rejects").read_text() == "old"
    assert sorted(path.name for path in folder.iterdir()) == names
    with SqliteStore("store.db") as store:
        assert list(store.polls()) == []


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (None, "No such file"),
        (b"", "no file of uptime_core"),
        (POLLS.encode(), "no file of uptime_core"),
        (b"SQLite format 3\0" + bytes(100), "no file of uptime_core"),
    ],
)
def test_a_report_makes_no_store(
    run: Run, folder: Path, content: bytes | None, part: str
) -> None:
    if content is not None:
        (folder / "x.db").write_bytes(content)
    names = sorted(path.name for path in folder.iterdir())
    _fails(run("--db", "x.db", start=("report",)), "x.db", part)
    assert sorted(path.name for path in folder.iterdir()) == names
    if content is not None:
        assert (folder / "x.db").read_bytes() == content


def test_a_file_that_only_has_reports_is_no_store(run: Run, folder: Path) -> None:
    SqliteSink(folder / "sink.db").close()
    before = (folder / "sink.db").read_bytes()
    _fails(run("--db", "sink.db", start=("report",)), "sink.db", "no store")
    assert (folder / "sink.db").read_bytes() == before


@pytest.mark.parametrize("start", [("report", "--db"), ("load",)])
@pytest.mark.parametrize("value", ["", ".", "a\0b", "x" * 5_000], ids=ascii)
def test_a_store_that_no_file_can_be_is_one_line(
    run: Run, start: tuple[str, ...], value: str
) -> None:
    files = ALL_FILES if start == ("load",) else ()
    _fails(run(value, *files, start=start))


def test_a_store_without_polls_is_named(run: Run) -> None:
    run("--timezones", "zones.csv", start=LOAD)
    _fails(run(start=FROM_STORE), "store.db", "no poll")
    assert run("--as-of", "2023-01-25T12:00:00Z", start=FROM_STORE).code == 0


def test_a_report_does_not_take_the_place_of_its_store(run: Run, folder: Path) -> None:
    run(*ALL_FILES, start=LOAD)
    before = (folder / "store.db").read_bytes()
    _fails(run("-o", "./store.db", start=FROM_STORE), "store.db", "one file")
    _fails(run("-o", "store.db-journal", start=FROM_STORE), "-journal", "one file")
    assert (folder / "store.db").read_bytes() == before


@pytest.mark.parametrize(
    "option",
    [
        *(("--hours", "hours.csv"), ("--timezones", "zones.csv")),
        *(("--on-error", "raise"), ("--on-error", "collect")),
        *(("--column", "store_id=shop"), ("--rejects", "rejects")),
    ],
)
def test_an_option_for_files_is_refused_with_a_store(
    run: Run, option: tuple[str, str]
) -> None:
    run(*ALL_FILES, start=LOAD)
    _fails(run(*option, start=FROM_STORE), option[0], "--db")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
@pytest.mark.parametrize("old", [False, True])
def test_an_interrupt_while_loading_leaves_the_store_as_it_was(
    run: Run, folder: Path, *, old: bool
) -> None:
    if old:
        run("--timezones", "zones.csv", start=LOAD)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    os.mkfifo(folder / "pipe")
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:  # a process inherits it where interrupts are ignored
        process = _start(*LOAD, "--hours", "hours.csv", "--polls", "pipe")
    finally:
        signal.signal(signal.SIGINT, handler)
    with (folder / "pipe").open("wb") as pipe:  # now the process reads
        pipe.write(POLLS.encode())
        pipe.flush()
        ran = _interrupt(process)
    (folder / "pipe").unlink()
    assert (ran.code, ran.out) == (130, "")
    assert len(ran.err) <= 1
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("good", [True, False])
def test_progress_is_shown_on_a_terminal_and_cleared(
    monkeypatch: pytest.MonkeyPatch, *, good: bool
) -> None:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    files = ALL_FILES if good else (*ALL_FILES[:2], "--hours", "zones.csv")
    assert main([*LOAD, *files]) == (0 if good else 2)
    shown, _, last = terminal.getvalue().rpartition("\r\x1b[K")
    assert re.fullmatch(r"(\rread    \[#*\.*\] [ 0-9]{3} %)*", shown)
    assert shown.endswith("] 100 %") == good
    assert last.count("\n") == 1
    assert "\r" not in last


def test_nothing_is_shown_where_there_is_no_terminal(run: Run) -> None:
    assert not any("%" in line for line in run(*ALL_FILES, start=LOAD).err)


@pytest.mark.skipif(os.name != "posix", reason="only POSIX shells close outputs")
def test_a_load_without_a_standard_error_is_done() -> None:
    ran = _end(_start(*LOAD, *ALL_FILES, close="2>&-"))
    assert (ran.code, ran.out, ran.err) == (0, "", [])


@pytest.mark.deep
@pytest.mark.shared
def test_the_full_size_data_give_the_same_bytes_from_a_store(
    run: Run, shared: Path
) -> None:
    files = (
        *("--polls", str(shared / "polls_full_synthetic.csv.gz")),
        *("--hours", str(shared / "menu_hours.csv")),
        *("--timezones", str(shared / "timezones.csv")),
    )
    assert run(*files, start=LOAD).code == 0
    for columns in ("full", "extended"):
        options = ("--columns", columns)
        from_files = run(*files, *options, start=("report",)).out
        assert run(*options, start=FROM_STORE).out == from_files
