"""Segments of constant offset, against the compiled zone files themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from itertools import pairwise

import pytest
from tests.tzif import offset_changes, zone_file, zone_names

from uptime_core.instants import EARLIEST, LATEST
from uptime_core.kernel.localtime import PROBE_STEP, SECOND, offset_segments
from uptime_core.testing.anchors import ANCHORS
from uptime_core.timezones import load_timezone

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FROM, UNTIL = (
    (datetime(year, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
    for year in (1900, 2101)
)


def segments(zone: tzinfo, start: int, end: int) -> list[tuple[int, int]]:
    starts, offsets = offset_segments(zone, start, end)
    return list(zip(starts.tolist(), offsets.tolist(), strict=True))


def segments_in_file(name: str, start: int, end: int) -> list[tuple[int, int]]:
    changes = [
        (at * SECOND, off * SECOND) for at, off in offset_changes(zone_file(name))
    ]
    current = [off for at, off in changes if at <= start][-1]
    return [(start, current), *(c for c in changes if start < c[0] < end)]


def test_no_zone_changes_its_offset_twice_within_one_probe_step() -> None:
    """This is why probing misses nothing; see the module's docstring."""
    closest = min(
        (later[0] - earlier[0], name, earlier[0])
        for name in zone_names()
        for earlier, later in pairwise(offset_changes(zone_file(name))[1:])
        if FROM <= earlier[0] * SECOND < UNTIL
    )
    assert closest[0] * SECOND > PROBE_STEP
    assert closest[0] == 167 * 3600


@pytest.mark.parametrize("name", [*ANCHORS, "Asia/Gaza", "Africa/El_Aaiun"])
def test_hostile_zones_have_the_segments_of_their_files(name: str) -> None:
    found = segments(load_timezone(name), FROM, UNTIL)
    assert found == segments_in_file(name, FROM, UNTIL)


def distinct_zones() -> list[str]:
    """Names with equal files are aliases, and probed once."""
    names = [*{zone_file(name): name for name in zone_names()}.values()]
    assert len(names) > 300
    return names


@pytest.mark.deep
def test_every_zone_has_the_segments_of_its_file() -> None:
    for name in distinct_zones():
        found = segments(load_timezone(name), FROM, UNTIL)
        assert found == segments_in_file(name, FROM, UNTIL), name


def test_every_zone_has_the_segments_of_its_file_in_recent_years() -> None:
    start = (datetime(2022, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
    end = start + 3 * 366 * 86_400 * SECOND
    for name in distinct_zones():
        found = segments(load_timezone(name), start, end)
        assert found == segments_in_file(name, start, end), name


@pytest.mark.parametrize("shift", [-1, 0, 1])
def test_a_change_at_either_end_belongs_to_the_segment_it_begins(shift: int) -> None:
    zone = load_timezone("America/New_York")
    change = (datetime(2023, 3, 12, 7, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
    hour = 3_600 * SECOND
    before = segments(zone, change - hour, change + shift)
    expected = [(change - hour, -5 * hour)]
    assert before == expected + [(change, -4 * hour)] * (shift > 0)
    after = segments(zone, change + shift, change + hour)
    first = (change + shift, -5 * hour if shift < 0 else -4 * hour)
    assert after == [first] + [(change, -4 * hour)] * (shift < 0)


def test_an_empty_range_has_one_segment() -> None:
    assert segments(UTC, 5, 5) == [(5, 0)]


@pytest.mark.parametrize("at", [EARLIEST, LATEST])
def test_the_first_and_last_datetimes_can_be_asked_for(at: int) -> None:
    zone = timezone(timedelta(hours=14))
    assert segments(zone, at, at + 1) == [(at, 14 * 3_600 * SECOND)]
    assert len(segments(load_timezone("Asia/Tokyo"), at, at + 1)) == 1


def test_a_zone_without_offset_is_refused() -> None:
    class Nowhere(tzinfo):
        def fromutc(self, instant: datetime) -> datetime:
            return instant

        def utcoffset(self, _: datetime | None) -> None:
            return None

        dst = tzname = utcoffset

    with pytest.raises(ValueError, match="has no offset"):
        segments(Nowhere(), 0, 1)
