"""Instants: from texts and datetimes to microseconds, and back."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from dateutil.parser import isoparse
from hypothesis import given
from hypothesis import strategies as st

from uptime_core.errors import InputError
from uptime_core.instants import (
    EARLIEST,
    EPOCH,
    LATEST,
    MICROSECOND,
    UNREADABLE,
    parse_timestamp,
    parse_timestamps,
    to_datetime,
    to_micros,
    to_text,
    whole_micros,
)

NEW_YORK = ZoneInfo("America/New_York")

ACCEPTED = {
    "1970-01-01 00:00:00": 0,
    "1970-01-01T00:00:00.000001": 1,
    "1969-12-31 23:59:59.999999 UTC": -1,
    "2023-01-25 18:13:22.47922 UTC": 1_674_670_402_479_220,
    "2023-01-25 18:13:22 UTC": 1_674_670_402_000_000,
    "2023-01-25T18:13:22Z": 1_674_670_402_000_000,
    "2023-01-25 18:13:22.4": 1_674_670_402_400_000,
    "2023-01-25 18:13:22+00:00": 1_674_670_402_000_000,
    "2023-01-25 18:13:22-00:00": 1_674_670_402_000_000,
    "2023-01-25 18:13:22-06:00": 1_674_692_002_000_000,
    "2023-01-25T18:13:22.5+05:30": 1_674_650_602_500_000,
    "2023-01-25 18:13:22+23:59": 1_674_584_062_000_000,
    "\t 2023-01-25 18:13:22 UTC \t": 1_674_670_402_000_000,
    "2024-02-29 00:00:00": 1_709_164_800_000_000,
    "1900-01-01 00:00:00": -2_208_988_800_000_000,
    "1900-01-01 00:00:00-01:00": -2_208_985_200_000_000,
    "2199-12-31 23:59:59.999999+23:59": 7_258_032_059_999_999,
    "2199-12-31 23:59:59.999999": 7_258_118_399_999_999,
}

REFUSED = [
    "",
    " ",
    "nan",
    "1674670402",
    "2023-01-25",
    "2023-01-25 18:13",
    "2023-01-25  18:13:22",
    "2023-01-25t18:13:22",
    "2023-01-25 18:13:22.",
    "2023-01-25 18:13:22. UTC",
    "2023-01-25 18:13:22,5",
    "2023-01-25 18:13:22.4792201",
    "2023-01-25 18:13:22 utc",
    "2023-01-25 18:13:22UTC",
    "2023-01-25 18:13:22  UTC",
    "2023-01-25 18:13:22 UTCx",
    "2023-01-25 18:13:22 Z",
    "2023-01-25 18:13:22z",
    "2023-01-25 18:13:22+0600",
    "2023-01-25 18:13:22+06",
    "2023-01-25 18:13:22 +06:00",
    "2023-01-25 18:13:22+24:00",
    "2023-01-25 18:13:22+99:00",
    "2023-01-25 18:13:22+05:60",
    "2023-01-25 18:13:22+06:00:00",
    "2023-01-25 18:13:22\n",
    "2023-01-25 18:13:22\u00a0",
    "2023-01-25 18:13:22.500000+00:00 and more",
    "2023-00-25 18:13:22",
    "2023-13-25 18:13:22",
    "2023-01-00 18:13:22",
    "2023-01-32 18:13:22",
    "2023-02-29 18:13:22",
    "1900-02-29 00:00:00",
    "2023-01-25 24:00:00",
    "2023-01-25 25:00:00",
    "2023-01-25 18:60:00",
    "2023-01-25 18:13:60",
    "0000-01-01 00:00:00",
    "0001-01-01 00:00:00",
    "1899-12-31 23:59:59",
    "2200-01-01 00:00:00",
    "1900-01-01 00:00:00+00:01",
    "2199-12-31 23:59:00-00:01",
    "9999-12-31T23:59:59-01:00",
    "10000-01-01 00:00:00",
    "-2023-01-25 18:13:22",
    "2023-1-25 18:13:22",
    "2023-01-25 8:13:22",
    "2023/01/25 18:13:22",
    "20230125T181322Z",
    "01/25/2023 18:13:22",
    "\uff12\uff10\uff12\uff13-01-25 18:13:22",
    "2023-01-25 18:13:2\u0662",
    "\ud800",
]


@pytest.mark.parametrize(("text", "micros"), ACCEPTED.items())
def test_a_timestamp_is_read_to_the_microsecond(text: str, micros: int) -> None:
    assert parse_timestamp(text) == micros


@pytest.mark.parametrize("text", REFUSED)
def test_any_other_timestamp_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_timestamp(text)

    assert caught.value.field == "timestamp_utc"
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("1674670402", "unix seconds"),
        ("-1674670402.5", "unix seconds"),
        ("1.67467E+09", "unix seconds"),
        ("44951,4167", "a spreadsheet's days"),
        ("2023-01-25", "the time of day is missing"),
        ("2023-01-25 10:00", "the seconds are missing"),
        ("2023-01-25T10:00Z", "the seconds are missing"),
        ("2023-01-25 10:00 UTC", "the seconds are missing"),
        ("2023-01-25 10:00:00.123456789", "6 digits at most"),
        ("2023-01-25 10:00:00.1234567 UTC", "6 digits at most"),
        ("2023-01-25 10:00:00,5", "begins with a point"),
        ("2023-01-25 10:00:00+0100", "like +01:00, right behind"),
        ("2023-01-25 10:00:00.5-06", "like +01:00, right behind"),
        ("2023-01-25 10:00:00 +01:00", "like +01:00, right behind"),
        ("2023-01-25 10:00:00 UTC+1", "like +01:00, right behind"),
        ("2023-01-25 10:00:00 CET", "a zone is written ' UTC'"),
        ("2023-01-25 10:00:00UTC", "a zone is written ' UTC'"),
        ("1/25/2023 10:00", "as in 2023-01-05 09:05:00"),
        ("25.01.2023 10:00:00", "as in 2023-01-05 09:05:00"),
        ("2023/01/25 10:00:00", "as in 2023-01-05 09:05:00"),
        ("2023-1-25 10:00:00", "as in 2023-01-05 09:05:00"),
        ("2023-01-25 8:00:00", "as in 2023-01-05 09:05:00"),
    ],
)
def test_what_is_wrong_with_a_timestamp_is_told(text: str, fault: str) -> None:
    with pytest.raises(InputError, match=rf"; .*{re.escape(fault)}"):
        parse_timestamp(text)


@pytest.mark.parametrize("text", ["", "yesterday", "2023-01-25 10:00:", "10:00:00"])
def test_nothing_is_guessed_where_it_is_not_clear(text: str) -> None:
    with pytest.raises(InputError, match=r"47922 UTC'$"):
        parse_timestamp(text)


def test_a_column_has_the_sentinel_where_a_text_is_no_timestamp() -> None:
    texts = [*ACCEPTED, *REFUSED]

    instants = parse_timestamps(texts)

    assert instants.dtype == "int64"
    assert instants.tolist() == [*ACCEPTED.values(), *[UNREADABLE] * len(REFUSED)]


def test_a_column_of_ascii_texts_has_the_sentinel_likewise() -> None:
    texts = [text for text in REFUSED if text.isascii()]

    assert parse_timestamps([*texts, "1970-01-01 00:00:00"]).tolist() == [
        *[UNREADABLE] * len(texts),
        0,
    ]


def test_an_empty_column_gives_no_instants() -> None:
    assert parse_timestamps([]).tolist() == []


@st.composite
def timestamps(draw: st.DrawFn) -> str:
    """Texts of the right form, with fields that are mostly but not always right."""
    year = draw(st.integers(1898, 2201))
    month, day = draw(st.integers(0, 13)), draw(st.integers(0, 32))
    hour, minute = draw(st.integers(0, 24)), draw(st.integers(0, 60))
    second = draw(st.integers(0, 60))
    fraction = draw(st.text("0123456789", max_size=7))
    tail = draw(st.sampled_from(["", " UTC", "Z", "+05:30", "-06:00", "+23:60", " "]))
    return (
        f"{year:04d}-{month:02d}-{day:02d}{draw(st.sampled_from(' T'))}"
        f"{hour:02d}:{minute:02d}:{second:02d}"
        f"{'.' if fraction else ''}{fraction}{tail}"
    )


@st.composite
def mutated(draw: st.DrawFn, alphabet: str) -> str:
    """A timestamp in which up to two characters are replaced, added or left out."""
    text = draw(timestamps())
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(text)))
        width = draw(st.integers(0, 1))
        new = draw(st.text(alphabet, max_size=1))
        text = text[:place] + new + text[place + width :]
    return text


ASCII = "0123456789-:. TUCZ+/,x\t\n\r\x7f"
NOT_ASCII = "\uff10\u0663\u00e9\u00a0\u2028\u2212\ud800\U0001d7ce"


def one_by_one(text: str) -> int:
    try:
        return parse_timestamp(text)
    except InputError:
        return UNREADABLE


@given(st.lists(mutated(ASCII), max_size=30))
def test_a_column_of_ascii_is_read_like_each_text(texts: list[str]) -> None:
    assert parse_timestamps(texts).tolist() == list(map(one_by_one, texts))


@given(st.lists(mutated(ASCII + NOT_ASCII), max_size=30))
def test_a_column_with_other_characters_is_read_like_each_text(
    texts: list[str],
) -> None:
    assert parse_timestamps(texts).tolist() == list(map(one_by_one, texts))


@given(st.lists(st.text(st.characters(exclude_characters="\0")), max_size=5))
def test_a_column_of_any_text_is_read_like_each_text(texts: list[str]) -> None:
    assert parse_timestamps(texts).tolist() == list(map(one_by_one, texts))


FIELDS = st.tuples(
    st.integers(1901, 2198),
    st.integers(0, 13),
    st.integers(0, 32),
    st.sampled_from([*range(24), 25, 99]),
    st.integers(0, 60),
    st.integers(0, 60),
)


@given(
    fields=FIELDS,
    separator=st.sampled_from(" T"),
    fraction=st.text("0123456789", max_size=6),
    zone=st.sampled_from(["Z", "+00:00", "-00:00", "+05:30", "-06:00", "+24:00"]),
)
def test_dateutil_reads_the_forms_that_both_know_alike(
    fields: tuple[int, ...], separator: str, fraction: str, zone: str
) -> None:
    year, month, day, hour, minute, second = fields
    text = (
        f"{year:04d}-{month:02d}-{day:02d}{separator}"
        f"{hour:02d}:{minute:02d}:{second:02d}"
        f"{'.' if fraction else ''}{fraction}{zone}"
    )
    try:
        expected = (isoparse(text) - EPOCH) // MICROSECOND
    except ValueError:
        expected = UNREADABLE

    assert one_by_one(text) == expected
    assert parse_timestamps([text]).tolist() == [expected]


@pytest.mark.parametrize(
    ("instant", "micros"),
    [
        (EPOCH, 0),
        (datetime(2023, 1, 25, 18, 13, 22, 479_220, UTC), 1_674_670_402_479_220),
        (datetime(2023, 11, 5, 1, 30, tzinfo=NEW_YORK), 1_699_162_200_000_000),
        (datetime(2023, 11, 5, 1, 30, tzinfo=NEW_YORK, fold=1), 1_699_165_800_000_000),
        (datetime(2023, 3, 12, 2, 30, tzinfo=NEW_YORK), 1_678_606_200_000_000),
        (datetime.min.replace(tzinfo=UTC), EARLIEST),
        (datetime.max.replace(tzinfo=UTC), LATEST),
    ],
)
def test_an_aware_datetime_is_an_exact_instant(instant: datetime, micros: int) -> None:
    assert to_micros(instant) == micros


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=st.timezones()))  # noqa: DTZ001  # bounds must be naive
def test_a_datetime_survives_the_way_to_microseconds_and_back(
    instant: datetime,
) -> None:
    assert to_datetime(to_micros(instant)) == instant.astimezone(UTC)


class Nowhere(tzinfo):
    """A time zone that knows no offset."""

    def utcoffset(self, _: datetime | None) -> None:
        return None

    dst = tzname = utcoffset

    def __repr__(self) -> str:
        return "Nowhere()"


@pytest.mark.parametrize(
    "value",
    [
        datetime(2023, 1, 25, 12),  # noqa: DTZ001  # refused for that
        datetime(2023, 1, 25, 12, tzinfo=Nowhere()),
        date(2023, 1, 25),
        "2023-01-25 18:13:22",
        1_674_670_402,
        None,
        datetime.min.replace(tzinfo=timezone(timedelta(hours=1))),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))),
    ],
    ids=repr,
)
def test_naive_datetimes_and_what_is_none_are_refused(value: object) -> None:
    with pytest.raises(InputError):
        to_micros(value)  # type: ignore[arg-type]


def test_what_to_do_with_unix_seconds_is_told() -> None:
    with pytest.raises(InputError, match=r"of unix seconds, give datetime\.fromtime"):
        to_micros(1_674_670_402)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "1970-01-01T00:00:00.000000Z"),
        (1_674_670_402_479_220, "2023-01-25T18:13:22.479220Z"),
        (EARLIEST, "0001-01-01T00:00:00.000000Z"),
        (LATEST, "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_an_instant_is_written_in_utc_with_six_digits(micros: int, text: str) -> None:
    assert to_text(micros) == text


class Nanoseconds(timedelta):
    """A duration with a rest below a microsecond, as those of pandas can have."""

    def __divmod__(self, _: object) -> tuple[int, timedelta]:
        return 1, timedelta(microseconds=1)


def test_a_duration_finer_than_a_microsecond_is_refused() -> None:
    with pytest.raises(InputError, match="finer than a microsecond"):
        whole_micros(Nanoseconds(), "1500 ns")


class NotATime(datetime):
    """Like the NaT of pandas: a datetime that equals nothing and has no offset."""

    def __eq__(self, _: object) -> bool:
        return False

    def __ne__(self, _: object) -> bool:
        return True

    __hash__ = datetime.__hash__

    def utcoffset(self) -> timedelta:
        message = "NaTType does not support utcoffset"
        raise ValueError(message)


def test_what_is_not_a_time_is_refused() -> None:
    with pytest.raises(InputError, match="is no instant"):
        to_micros(NotATime(2023, 1, 25, tzinfo=UTC))
