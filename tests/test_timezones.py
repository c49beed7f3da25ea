"""Time zones: names of the tzdata package, and nothing of the machine's own."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import TYPE_CHECKING

import pytest
import tzdata

from uptime_core.errors import UnknownTimezoneError
from uptime_core.timezones import (
    TZDATA_VERSION,
    load_timezone,
    parse_timezone,
    timezone_names,
)

if TYPE_CHECKING:
    from pathlib import Path

ZONEINFO = resources.files("tzdata").joinpath("zoneinfo")
LISTED = resources.files("tzdata").joinpath("zones").read_text("utf-8").split()


def test_the_version_is_that_of_the_tzdata_package() -> None:
    assert tzdata.IANA_VERSION == TZDATA_VERSION


def test_the_names_are_those_of_the_database_less_its_placeholder() -> None:
    assert timezone_names() == set(LISTED) - {"Factory"}
    assert "Factory" in LISTED


@pytest.mark.parametrize("name", sorted(set(LISTED) - {"Factory"}))
def test_every_zone_loads(name: str) -> None:
    zone = load_timezone(name)

    assert zone.key == name
    assert datetime(2023, 1, 25, tzinfo=zone).utcoffset() is not None


@pytest.mark.parametrize("cell", ["UTC", " UTC", "UTC\t", " \tUTC "])
def test_blanks_around_a_name_are_trimmed(cell: str) -> None:
    assert parse_timezone(cell) == "UTC"


HOSTILE = [
    "",
    " ",
    ".",
    "..",
    "../../etc/passwd",
    "/etc/passwd",
    "America/",
    "/America",
    "America//New_York",
    "America\\New_York",
    "./UTC",
    "../zoneinfo/UTC",
    "america/new_york",
    "AMERICA/NEW_YORK",
    "utc",
    "UTC\n",
    "\nUTC",
    "UTC\u00a0",
    "America/New York",
    "+05:30",
    "UTC+3",
    "\ud800",
    "Z\u00fcrich",
    "\uff35\uff34\uff23",
    "America",
    "x" * 65,
    "x" * 256,
    "x" * 5_000,
    "UTC\0",
    "\0",
    "a/" * 3_000 + "b",
    "tzdata.zi",
    "zone.tab",
    "zone1970.tab",
    "leapseconds",
    "__init__.py",
    "America/__init__.py",
    "right/America/New_York",
    "posix/America/New_York",
    "localtime",
    "posixrules",
    "Factory",
    None,
    5,
    b"UTC",
    ["UTC"],
]


@pytest.mark.parametrize("cell", HOSTILE, ids=lambda cell: ascii(cell)[:40])
def test_a_name_that_is_not_in_the_database_is_refused(cell: object) -> None:
    with pytest.raises(UnknownTimezoneError) as caught:
        parse_timezone(cell)

    assert caught.value.field == "timezone_str"
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("cell", HOSTILE[:-1], ids=lambda cell: ascii(cell)[:40])
def test_a_zone_that_is_not_in_the_database_is_not_loaded(cell: str) -> None:
    with pytest.raises(UnknownTimezoneError):
        load_timezone(cell)


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("america/new_york", "America/New_York"),
        ("America/New York", "America/New_York"),
        ("utc", "UTC"),
        ("Asia/Katmandoo", "Asia/Katmandu"),
    ],
)
def test_the_nearest_name_is_suggested(cell: str, name: str) -> None:
    with pytest.raises(UnknownTimezoneError, match=f"did you mean '{name}'"):
        parse_timezone(cell)


ASK_BOTH = """
from datetime import UTC, datetime
from zoneinfo import ZoneInfo
from uptime_core.timezones import load_timezone
noon = datetime(2023, 1, 25, 12, tzinfo=UTC)
for zone in (ZoneInfo("America/New_York"), load_timezone("America/New_York")):
    print(noon.astimezone(zone).utcoffset())
"""


def test_the_files_of_the_machine_do_not_matter(tmp_path: Path) -> None:
    fake = tmp_path / "America" / "New_York"
    fake.parent.mkdir()
    fake.write_bytes(ZONEINFO.joinpath("Asia", "Tokyo").read_bytes())

    shown = subprocess.run(
        [sys.executable, "-c", ASK_BOTH],
        env=os.environ | {"PYTHONTZPATH": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    )

    assert shown.stdout.split("\n") == ["9:00:00", "-1 day, 19:00:00", ""]


@pytest.mark.parametrize(
    ("name", "instant", "offset"),
    [
        ("Africa/Monrovia", datetime(1971, 1, 1, tzinfo=UTC), -timedelta(seconds=2670)),
        ("Australia/Lord_Howe", datetime(2023, 1, 1, tzinfo=UTC), timedelta(hours=11)),
        (
            "Australia/Lord_Howe",
            datetime(2023, 7, 1, tzinfo=UTC),
            timedelta(minutes=630),
        ),
        ("Pacific/Apia", datetime(2011, 12, 30, 9, tzinfo=UTC), timedelta(hours=-10)),
        ("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC), timedelta(hours=14)),
        ("Asia/Kathmandu", datetime(2023, 1, 1, tzinfo=UTC), timedelta(minutes=345)),
        ("Europe/Berlin", datetime(2099, 7, 1, tzinfo=UTC), timedelta(hours=2)),
    ],
)
def test_the_whole_history_and_the_future_are_there(
    name: str, instant: datetime, offset: timedelta
) -> None:
    assert instant.astimezone(load_timezone(name)).utcoffset() == offset


@pytest.mark.parametrize(
    ("offset", "hint"),
    [
        ("UTC+5", "did you mean 'Etc/GMT-5'"),
        ("GMT-08", "did you mean 'Etc/GMT\\+8'"),
        ("UTC+05:30", "2[0-9]{3}[a-z], but an offset; names are like 'Europe/Paris'"),
        ("UTC+99", "but an offset"),
    ],
)
def test_an_offset_is_not_taken_for_utc(offset: str, hint: str) -> None:
    with pytest.raises(UnknownTimezoneError, match=hint):
        parse_timezone(offset)
