"""Reports as bytes: exact, and damaged by nothing that goes unnoticed."""

from __future__ import annotations

import json
import struct
from array import array
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any, get_args
from zlib import crc32

import attrs
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from uptime_core import InputError, Policy, Report, Window, compute_report
from uptime_core.errors import BackEndError, StoreCorruptError, StoreVersionError
from uptime_core.report import Provenance
from uptime_core.report_record import parse_report, read_report, report_bytes
from uptime_core.testing.sink_samples import report_of, same
from uptime_core.timezones import timezone_names
from uptime_core.window import Unit

SMALL = report_of(shops=1)
DATA = report_bytes(SMALL)
HEAD = 24
STRANGE: list[Any] = [{}, [], 10**30, -1, float("inf"), "\ud800", ["a", "b"], True]

int64s = st.integers(-(2**63), 2**63 - 1)
counts = st.integers(0, 2**63 - 1)
utc = st.datetimes(timezones=st.just(UTC))


@st.composite
def windows(draw: st.DrawFn) -> tuple[Window, ...]:
    """Windows of any kind and name."""
    names = st.text(min_size=1, max_size=8).filter(
        lambda name: name.isprintable() and name.strip() == name
    )
    made = []
    for name in draw(st.lists(names, max_size=4, unique=True)):
        unit = draw(st.sampled_from(get_args(Unit)))
        if draw(st.booleans()):
            length = draw(st.timedeltas(min_value=timedelta(microseconds=1)))
            made.append(Window.last(length, name=name, unit=unit))
        else:
            start, end = sorted((draw(utc), draw(utc)))
            made.append(Window.between(start, end, name=name, unit=unit))
    return tuple(made)


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """Reports of any numbers, and ids of any characters."""
    characters = st.characters() | st.characters(categories=["Cs", "Cc"])
    ids = st.text(characters, max_size=200)
    store_ids = tuple(sorted(draw(st.lists(ids, max_size=5, unique=True))))
    chosen = draw(windows())
    shape = (len(store_ids), len(chosen))
    cells = shape[0] * shape[1]

    def column(size: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        values = draw(st.lists(int64s, min_size=size, max_size=size))
        return np.array(values, dtype=np.int64)

    up, down, unknown = (column(cells).reshape(shape) for _ in range(3))
    return Report(
        store_ids=store_ids,
        windows=chosen,
        up=up,
        down=down,
        unknown=unknown,
        open=up + down + unknown,
        last_poll=column(shape[0]).view("datetime64[us]"),
        poll_count=column(shape[0]),
        provenance=Provenance(
            as_of=draw(utc),
            policy=Policy(
                extrapolation=draw(st.sampled_from(["previous", "next", "nearest"])),
                reach=draw(
                    st.none() | st.timedeltas(min_value=timedelta(microseconds=1))
                ),
                initial=draw(st.sampled_from(["unknown", "first"])),
                missing_hours=draw(st.sampled_from(["open", "closed", "error"])),
                default_timezone=draw(
                    st.none() | st.sampled_from(sorted(timezone_names()))
                ),
            ),
            library_version=draw(st.text()),
            tzdata_version=draw(st.text()),
            **{
                name: draw(counts)
                for name in (
                    *("polls", "duplicates", "conflicts"),
                    *("after_as_of", "rejected", "quarantined"),
                )
            },
        ),
    )


@given(reports())
@example(report_of(shops=0))
@example(report_of(shops=1))
@example(attrs.evolve(report_of(shops=1), store_ids=("\ud83d\ude00",)))
def test_a_report_comes_back_exactly(report: Report) -> None:
    data = report_bytes(report)
    back = parse_report(data, "here")

    assert same(back, report)
    assert back.provenance == report.provenance
    assert [id_.encode("utf-32", "surrogatepass") for id_ in back.store_ids] == [
        id_.encode("utf-32", "surrogatepass") for id_ in report.store_ids
    ]
    assert report_bytes(back) == data


@pytest.mark.parametrize("shops", [0, 1, 1000])
def test_what_comes_back_is_a_report_like_any_other(shops: int) -> None:
    report = report_of(shops=shops)
    back = parse_report(report_bytes(report), "here")

    assert back.to_csv(columns="extended") == report.to_csv(columns="extended")
    assert list(back.rows()) == list(report.rows())
    assert back.as_of.tzinfo is UTC
    for name in ("up", "down", "unknown", "open", "poll_count"):
        array = getattr(back, name)
        assert array.dtype == np.int64
        assert array.dtype.isnative
        assert array.flags.aligned
        assert not array.flags.writeable


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_bytes_of_any_kind_are_read(kind: type[bytearray | memoryview]) -> None:
    back = parse_report(kind(DATA), "here")
    assert same(back, SMALL)
    assert not back.up.flags.writeable


class Counting(BytesIO):
    """A file that counts what is read of it."""

    read_in_all = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.read_in_all += len(data)
        return data


@pytest.mark.parametrize("change", [-12, -5, -1, 1, 8, 10**7])
def test_a_file_of_another_length_than_its_head_says_is_not_read(change: int) -> None:
    data = DATA[:change] if change < 0 else DATA + bytes(change)
    file = Counting(data)
    with pytest.raises(StoreCorruptError, match=r"here: .*cut short"):
        read_report(file, "here")
    assert file.read_in_all <= HEAD + struct.unpack_from("<Q", DATA, 16)[0]
    whole = Counting(DATA)
    assert same(read_report(whole, "here"), SMALL)
    assert whole.read_in_all == len(DATA)


def test_a_computed_report_comes_back() -> None:
    at = datetime(2023, 1, 25, tzinfo=UTC)
    report = compute_report([("a", at, "active"), ("b", at, "inactive")])

    assert same(parse_report(report_bytes(report), "here"), report)


def test_an_instant_of_another_zone_is_the_same_instant() -> None:
    at = SMALL.as_of.astimezone()
    moved = attrs.evolve(SMALL, provenance=attrs.evolve(SMALL.provenance, as_of=at))

    assert parse_report(report_bytes(moved), "here") == SMALL


def test_the_form_is_what_it_is_said_to_be() -> None:
    magic, version, length = struct.unpack_from("<8sQQ", DATA)
    head = json.loads(DATA[HEAD : HEAD + length])

    assert (magic, version, length % 8) == (b"\x89uptime\n", 1, 0)
    assert set(head) == {"store_ids", "windows", "provenance"}
    assert len(DATA) == HEAD + length + 8 * (3 * 4 + 2) + 4
    assert struct.unpack_from("<q", DATA, HEAD + length) == (int(SMALL.up[0, 0]),)
    assert struct.unpack("<I", DATA[-4:]) == (crc32(DATA[:-4]),)


def test_every_flipped_bit_is_noticed() -> None:
    for place in range(len(DATA)):
        for bit in range(8):
            damaged = bytearray(DATA)
            damaged[place] ^= 1 << bit
            with pytest.raises(StoreCorruptError, match=r"^here: "):
                parse_report(bytes(damaged), "here")


def test_whatever_is_cut_off_or_added_is_noticed() -> None:
    for length in range(len(DATA)):
        for damaged in (DATA[:length], DATA[length + 1 :], DATA + DATA[: length + 1]):
            with pytest.raises(StoreCorruptError):
                parse_report(damaged, "here")


@given(st.binary() | st.binary().map(lambda data: DATA[:16] + data))
def test_what_is_no_report_is_told_apart(data: bytes) -> None:
    with pytest.raises(StoreCorruptError, match=r"^a file: "):
        parse_report(data, "a file")


@pytest.mark.parametrize(
    ("version", "error", "message"),
    [
        (0, StoreCorruptError, "here: .* never was a version 0"),
        (2, StoreVersionError, "here: a newer version .*report 2"),
        (2**64 - 1, StoreVersionError, "here: a newer version"),
    ],
)
def test_another_version_is_told_apart(
    version: int, error: type[BackEndError], message: str
) -> None:
    other = DATA[:8] + struct.pack("<Q", version) + DATA[16:-4]

    with pytest.raises(error, match=f"^{message}"):
        parse_report(_sealed(other), "here")


def _sealed(data: bytes) -> bytes:
    return data + struct.pack("<I", crc32(data))


def _with_head(head: object) -> bytes:
    length = struct.unpack_from("<Q", DATA, 16)[0]
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    start = struct.pack("<8sQQ", DATA[:8], 1, len(text))
    return _sealed(start + text + DATA[HEAD + length : -4])


def _changed(path: tuple[str | int, ...], value: object) -> bytes:
    length = struct.unpack_from("<Q", DATA, 16)[0]
    head = json.loads(DATA[HEAD : HEAD + length])
    place = head
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return _with_head(head)


@pytest.mark.parametrize(
    "data",
    [
        *map(_with_head, (None, [], {}, 5, "x", b"", b"\xff", b"{", b"[" * 100_000)),
        *(
            _changed(path, value)
            for path in (
                ("store_ids",),
                ("store_ids", 0),
                ("windows",),
                ("windows", 0),
                ("windows", 0, "name"),
                ("windows", 0, "length"),
                ("windows", 0, "unit"),
                ("provenance",),
                ("provenance", "as_of"),
                ("provenance", "policy"),
                ("provenance", "policy", "reach"),
                ("provenance", "policy", "default_timezone"),
                ("provenance", "more"),
            )
            for value in STRANGE
        ),
        _sealed(struct.pack("<8sQQ", DATA[:8], 1, 2**64 - 1) + DATA[HEAD:-4]),
        _sealed(DATA[:-4] + b"\0" * 8),
        _sealed(DATA[:-12]),
    ],
)
def test_a_forged_head_raises_nothing_else(data: bytes) -> None:
    with suppress(StoreCorruptError):
        report = parse_report(data, "here")  # another value of the right type
        assert np.array_equal(report.up, SMALL.up)


@pytest.mark.parametrize("thing", [None, 5, "x", 1.5, ["x"], array("q", [1])])
def test_what_are_no_bytes_is_no_report(thing: Any) -> None:  # noqa: ANN401  # anything
    """As a damaged file can give them."""
    with pytest.raises(StoreCorruptError, match="here: it is no report"):
        parse_report(thing, "here")


@pytest.mark.parametrize("thing", [None, 5, "x", DATA])
def test_what_is_no_report_is_refused(thing: Any) -> None:  # noqa: ANN401  # anything
    with pytest.raises(InputError, match=r"report: .* is not a Report"):
        report_bytes(thing)


@pytest.mark.parametrize(
    "broken",
    [
        attrs.evolve(SMALL, unknown=SMALL.unknown + 1),
        attrs.evolve(SMALL, up=SMALL.up[:, :1]),
        attrs.evolve(SMALL, unknown=SMALL.unknown[0]),
        attrs.evolve(SMALL, store_ids=("a", "b")),
        attrs.evolve(SMALL, last_poll=SMALL.last_poll[:0]),
        attrs.evolve(SMALL, poll_count=np.arange(2)),
    ],
)
def test_a_report_that_would_not_come_back_is_refused(broken: Report) -> None:
    with pytest.raises(InputError, match=r"^report: "):
        report_bytes(broken)
