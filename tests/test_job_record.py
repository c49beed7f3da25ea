"""Jobs as text: what was written is read, and what was damaged is not."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zlib import crc32

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from uptime_core.errors import InputError, StoreCorruptError
from uptime_core.job_record import job_text, parse_job
from uptime_core.jobs import Job, JobState
from uptime_core.request import ReportRequest
from uptime_core.testing.strategies import policies
from uptime_core.window import DEFAULT_WINDOWS, Window

SOURCE = "some/file"
NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
SMALL = Job(
    report_id="0123456789abcdef" * 2,
    request=ReportRequest(as_of=1),
    as_of_given=False,
    reads="x",
    created_at=5,
    lease=6,
    idempotency_key="k",
)

micros = st.integers(-(2**62), 2**62)
counts = st.integers(0, 2**40)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
units = st.sampled_from(["seconds", "minutes", "hours", "days"])
instants = st.datetimes(
    datetime(1990, 1, 1),  # noqa: DTZ001
    datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@st.composite
def windows(draw: st.DrawFn) -> tuple[Window, ...]:
    chosen = []
    names = draw(
        st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), max_size=3, unique=True)
    )
    for name in names:
        unit = draw(units)
        if draw(st.booleans()):
            length = timedelta(microseconds=draw(st.integers(1, 10**13)))
            chosen.append(Window.last(length, name=name, unit=unit))  # type: ignore[arg-type]
        else:
            first, after = sorted([draw(instants), draw(instants)])
            chosen.append(Window.between(first, after, name=name, unit=unit))  # type: ignore[arg-type]
    return tuple(chosen) or DEFAULT_WINDOWS


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    shops = st.lists(
        st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=5),
        max_size=4,
    )
    request = ReportRequest.of(
        windows=draw(windows()),
        as_of=draw(instants),
        stores=draw(st.one_of(st.sampled_from(["all", "polled"]), shops)),
        policy=draw(policies()),
    )
    return Job(
        report_id=draw(st.from_regex(r"[0-9a-f]{32}", fullmatch=True)),
        request=request,
        as_of_given=draw(st.booleans()),
        reads=draw(texts),
        created_at=draw(micros),
        lease=draw(counts),
        idempotency_key=draw(st.none() | texts),
        state=draw(st.sampled_from(JobState)),
        attempt=draw(st.integers(0, 3)),
        fence=draw(counts),
        owner=draw(st.none() | texts),
        renewed_at=draw(st.none() | micros),
        started_at=draw(st.none() | micros),
        finished_at=draw(st.none() | micros),
        done=draw(counts),
        total=draw(counts),
        cancel_requested=draw(st.booleans()),
        error=draw(st.none() | texts),
        revision=draw(counts),
    )


@given(jobs())
def test_a_job_is_read_as_it_was_written(job: Job) -> None:
    text = job_text(job)
    read = parse_job(text, SOURCE)
    assert read == job
    assert read.asked == job.asked
    assert type(read.state) is JobState
    assert "\n" not in text
    assert job_text(read) == text


def test_ids_that_are_words_of_the_selection_are_ids() -> None:
    for stores in ("all", "polled", ["all"], ["polled"], [], ["all", "polled"]):
        request = ReportRequest.of(as_of=NOON, stores=stores)
        job = Job(
            report_id="0" * 32,
            request=request,
            as_of_given=True,
            reads="x",
            created_at=0,
            lease=1,
        )
        assert parse_job(job_text(job), SOURCE) == job


def test_windows_given_in_any_zone_are_the_same() -> None:
    zone = timezone(timedelta(hours=5, minutes=45))
    here = Window.between(NOON, NOON + timedelta(hours=1), name="w")
    there = Window.between(
        NOON.astimezone(zone), (NOON + timedelta(hours=1)).astimezone(zone), name="w"
    )
    one, other = (ReportRequest.of(as_of=NOON, windows=w) for w in (here, there))
    assert one == other


def test_no_bit_can_be_flipped() -> None:
    """Every single bit of a record, one after the other."""
    data = job_text(SMALL).encode()
    refused = 0
    for place in range(8 * len(data)):
        damaged = bytearray(data)
        damaged[place // 8] ^= 1 << place % 8
        try:
            text = damaged.decode()
        except UnicodeDecodeError:
            continue
        try:
            read = parse_job(text, SOURCE)
        except StoreCorruptError as error:
            assert SOURCE in str(error)  # noqa: PT017  # in a loop
            refused += 1
        else:
            assert read == SMALL, f"bit {place}: {text}"
    assert refused > 6 * len(data)


@given(jobs(), st.data())
def test_damage_anywhere_is_noticed(job: Job, data: st.DataObject) -> None:
    text = job_text(job)
    first = data.draw(st.integers(0, len(text) - 1))
    after = data.draw(st.integers(first, len(text)))
    damaged = text[:first] + data.draw(st.text(max_size=6)) + text[after:]
    assume(damaged != text)
    with contextlib.suppress(StoreCorruptError):
        assert parse_job(damaged, SOURCE) == job


@given(st.text())
@example("")
@example("null")
@example("[]")
@example("{}")
@example('{"version": 1}')
@example('{"version": 1, "crc32": 0, "job": ""}')
@example('{"version": 1, "crc32": 0, "job": null}')
@example('{"version": 2, "crc32": 0, "job": "{}"}')
@example("[" * 100_000)
@example("1" * 5000)
def test_what_is_no_record(text: str) -> None:
    with pytest.raises(StoreCorruptError):
        parse_job(text, SOURCE)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("state", "done"),
        ("state", None),
        ("request", "{}"),
        ("request", None),
        ("request", "null"),
        ("nonsense", 1),
    ],
)
def test_a_record_with_a_right_checksum_and_wrong_content(
    field: str, value: object
) -> None:
    body = json.loads(json.loads(job_text(SMALL))["job"])
    body[field] = value
    text = json.dumps(body)
    record = {"version": 1, "crc32": crc32(text.encode()), "job": text}
    with pytest.raises(StoreCorruptError, match=SOURCE):
        parse_job(json.dumps(record), SOURCE)


@pytest.mark.parametrize("thing", [None, 5, "x", b"x", [], object()])
def test_what_is_no_job_is_refused(thing: Any) -> None:  # noqa: ANN401  # anything
    with pytest.raises(InputError, match=r"job_text, job: .* is not a Job"):
        job_text(thing)
    with pytest.raises(StoreCorruptError, match=SOURCE):
        parse_job(thing, SOURCE)


def test_a_field_that_is_missing() -> None:
    body = json.loads(json.loads(job_text(SMALL))["job"])
    del body["lease"]
    text = json.dumps(body)
    record = {"version": 1, "crc32": crc32(text.encode()), "job": text}
    with pytest.raises(StoreCorruptError):
        parse_job(json.dumps(record), SOURCE)
