"""Texts of cells: right ones in all their forms, near misses, and anything else."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from uptime_core.testing.anchors import ANCHORS
from uptime_core.testing.strategies.hours import clock_ends, clock_starts

_OTHER = "x09:.,- \t\"'\nTZ/+Eae\u0661\uff10\u00e9\ufeff\u2028"
_IDS = (
    "a",
    "a",
    "b",
    "8419537941919820732",
    "007",
    "caf\u00e9",
    'q"',
    "x,y",
    "a" * 200,
)
# A cell is one choice, so that hypothesis can leave out whole rows; few ids come often,
# so that shops have several rows.
_ID_POOL = (
    *_IDS[:3] * 12,
    *_IDS,
    *(str(number) for number in (0, -1, 7, 10**17 + 1, 2**63 - 1, -(2**63))),
    *(f"{number:08x}-8e2a-4c36-9b0e-3f1a6d2c9e47" for number in (0, 1, 0xB1C7D5BA)),
    *(("ab" * 35)[:length] for length in range(60, 71)),
)
_ZONE_POOL = (*("UTC", "Europe/Paris") * 20, *ANCHORS, "Asia/Kolkata", "EST5EDT")
_BAD_IDS = (
    *("", " ", "8.41954E+18", "84e+18", "-1,5E+3", "a" * 201, "a\u0085", "a\nb"),
    *("\x1f", "\x7f"),
)
_STATUSES = ("active", "inactive", "ACTIVE", "Inactive")
_BAD_STATUSES = ("", "activ", "actives", "up", "1", "true", "inactive\u00a0", "acti ve")
_BAD_TIMES = (
    *("", "2023-01-25", "2023-01-25 12:00", "2023-02-29 12:00:00", "now", "1674648000"),
    *("2023-13-01 00:00:00", "2023-01-25 24:00:00", "2023-01-25 23:59:60"),
    *("2023-01-25 12:00:00.", "2023-01-25 12:00:00.1234567", "2023-01-25 12:00:00 utc"),
    *(
        "2023-01-25 12:00:00  UTC",
        "2023-01-25 12:00:00UTC",
        "2023-01-25 12:00:00 +01:00",
    ),
    *("2023-01-25 12:00:00+24:00", "2023-01-25 12:00:00+0100", "1899-12-31 23:59:59"),
    *("2200-01-01 00:00:00", "0000-01-01 00:00:00", "2023-1-25 12:00:00"),
    *("2023-01-25 12:00:00,5", "25.01.2023 12:00:00", "\uff12023-01-25 12:00:00"),
)
_DAYS = ("0", "1", "2", "6")
_BAD_DAYS = ("", "7", "-1", "1.0", "Mon", "00", "\u0661", "\u00b2")
_BAD_CLOCKS = (
    *("", "9", "9:0", "24:01", "25:00", "12:60", "12:00:60", "12:00:00.", "12:00.5"),
    *("12:00:00.1234567", "9:00 AM", "-1:00", "012:00", "12:00:00:00", "\u0661:00"),
    *("24:00:00.5", "noon"),
)
_BAD_STARTS = (*_BAD_CLOCKS, "24:00", "24:00:00")
_BAD_ZONES = (
    *("", "Factory", "america/chicago", "America/Chicago/", "America", "EST5", "UTC+1"),
    *("../UTC", "/etc/passwd", "Europe/Pariz", "localtime", "+05:30", "x" * 300),
)


def right_cells() -> dict[str, st.SearchStrategy[str]]:
    """By field, texts that must be accepted."""
    return {
        "store_id": st.sampled_from(_ID_POOL),
        "timestamp_utc": _timestamps(),
        "status": st.sampled_from(_STATUSES),
        "day": st.sampled_from(_DAYS),
        "start_time_local": clock_starts(),
        "end_time_local": clock_ends(),
        "timezone_str": st.sampled_from(_ZONE_POOL),
    }


def any_cells() -> dict[str, st.SearchStrategy[str]]:
    """By field, texts most of which must be rejected."""
    bad = {
        "store_id": _BAD_IDS,
        "timestamp_utc": _BAD_TIMES,
        "status": _BAD_STATUSES,
        "day": _BAD_DAYS,
        "start_time_local": _BAD_STARTS,
        "end_time_local": _BAD_CLOCKS,
        "timezone_str": _BAD_ZONES,
    }
    garbage = st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"),
        max_size=32,
    )
    place = st.integers(0, 40)
    return {
        field: st.one_of(
            st.sampled_from(bad[field]),
            st.builds(_edited, right, place, st.sampled_from(("", *_OTHER))),
            right.map(lambda text: f" \t{text}\t "),
            garbage,
        )
        for field, right in right_cells().items()
    }


def _edited(text: str, place: int, other: str) -> str:
    """A text with another character, or none, in some place."""
    place %= len(text)
    return text[:place] + other + text[place + 1 :]


def _timestamps() -> st.SearchStrategy[str]:
    first, last = datetime(1900, 1, 1), datetime(2199, 12, 31, 23, 59, 59, 999_999)  # noqa: DTZ001  # wall time
    near = st.integers(0, 10**7).map(
        lambda seconds: datetime.fromtimestamp(1_674_648_000 + seconds, UTC)
    )
    plain = st.sampled_from(
        (
            *("2023-01-25 12:00:00 UTC", "2023-01-25 12:00:00.5 UTC"),
            *("2023-01-25T12:00:00Z", "2024-02-29 23:59:59.999999"),
        )
    )
    return plain | st.builds(
        _timestamp,
        st.one_of(near, near, st.datetimes(first, last)),
        st.sampled_from(" T"),
        st.integers(0, 6),
        st.sampled_from((" UTC", "", "Z", "+05:45", "-00:00", "+23:59", "-23:59")),
    )


def _timestamp(at: datetime, between: str, digits: int, zone: str) -> str:
    fraction = f".{at.microsecond:06}"[: digits + 1] if digits else ""
    return f"{at:%Y-%m-%d}{between}{at:%H:%M:%S}{fraction}{zone}"
