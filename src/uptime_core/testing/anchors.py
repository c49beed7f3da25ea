"""Time zones that break naive code, and the instants at which they do."""

from __future__ import annotations

from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXTS = {
    "UTC": ("2023-01-25T12:00:00", "1970-01-01T00:00:00", "2100-12-31T23:59:59"),
    "America/Chicago": ("2023-03-12T08:00:00", "2023-11-05T07:00:00"),
    "America/New_York": (
        "2007-03-11T07:00:00",
        "2006-10-29T06:00:00",
        "2007-11-04T06:00:00",
        "2099-03-08T07:00:00",
        "1883-11-18T17:00:00",
    ),
    "Africa/Cairo": (
        "2010-08-10T21:00:00",
        "2010-09-09T22:00:00",
        "2010-09-30T21:00:00",
    ),
    "Africa/Casablanca": ("2023-03-19T02:00:00", "2023-04-23T02:00:00"),
    "Africa/Monrovia": ("1972-01-07T00:44:30",),
    "America/Caracas": ("2007-12-09T07:00:00", "2016-05-01T07:00:00"),
    "America/Noronha": ("2000-10-08T02:00:00", "2000-10-15T01:00:00"),
    "America/St_Johns": ("2006-10-29T02:31:00",),
    "Antarctica/Troll": ("2023-03-26T01:00:00", "2023-10-29T01:00:00"),
    "Asia/Kathmandu": ("1985-12-31T18:30:00", "1919-12-31T18:18:44"),
    "Australia/Lord_Howe": ("2023-04-01T15:00:00", "2023-09-30T15:30:00"),
    "Europe/Dublin": ("2023-03-26T01:00:00", "2023-10-29T01:00:00"),
    "Europe/Moscow": ("1918-05-31T19:28:41", "1919-07-01T00:00:00"),
    "Pacific/Apia": ("2011-12-30T10:00:00", "1892-07-04T11:26:56"),
    "Pacific/Kiritimati": ("1994-12-31T10:00:00",),
    "Pacific/Kwajalein": ("1969-09-30T13:00:00", "1993-08-21T12:00:00"),
}

ANCHORS: Mapping[str, tuple[datetime, ...]] = MappingProxyType(
    {
        zone: tuple(datetime.fromisoformat(text).replace(tzinfo=UTC) for text in texts)
        for zone, texts in _TEXTS.items()
    }
)
"""By zone, instants at which its offset from UTC changes; UTC's are ends of years.

Among them are gaps and folds of an hour, of half an hour and of two; daylight saving in
winter (Dublin); a month without it (Cairo, Casablanca) and a week of it (Noronha);
days that were skipped and days that were lived twice; offsets with odd seconds; and a
rule for the years after 2037.
"""

FIRST_YEAR_IN_FILES = 1900
"""Files hold no earlier instants; `datasets` draws none, unless it is asked to."""
