"""The timeline of one shop: sources, windows, the rows and polls that are named."""

from __future__ import annotations

import pickle  # noqa: TID251  # as process pools do, nothing goes to disk
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from uptime_core import (
    BusinessHours,
    CsvStore,
    HoursColumns,
    InputError,
    Interval,
    MemoryStore,
    MissingHoursError,
    MissingTimezoneError,
    NoPollsError,
    Policy,
    Poll,
    SqliteStore,
    Timeline,
    Transition,
    UnknownStoreIdError,
    UnknownTimezoneError,
    UnknownWindowError,
    Window,
    compute_report,
    timeline,
)
from uptime_core.kernel.weekly import DAY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)  # a Wednesday
MINUTE = timedelta(minutes=1)
HOUR = 60 * MINUTE
POLLS = [
    ("a", NOON - 90 * MINUTE, True),
    ("a", NOON - 40 * MINUTE, False),
    ("a", NOON - 40 * MINUTE, True),
    ("b", NOON, True),
]
HOURS = [
    ("a", 2, "09:00", "11:30"),
    ("a", 2, "11:00", "17:00"),
    ("a", 3, "9:00", "9:00"),
]
ZONES = {"a": "UTC", "c": "Asia/Kathmandu"}

FIRST, SECOND = (BusinessHours.parse(*row[1:]) for row in HOURS[:2])
UP = Poll("a", NOON - 90 * MINUTE, up=True)
DOWN = Poll("a", NOON - 40 * MINUTE, up=False)


def line(**changes: object) -> Timeline:
    arguments: dict[str, Any] = {"store_id": "a", "window": Window.last(4 * HOUR)}
    return timeline(POLLS, HOURS, ZONES, **{**arguments, **changes})


def test_every_interval_says_why() -> None:
    assert list(line()) == [
        Interval(NOON - 4 * HOUR, NOON - 3 * HOUR, "closed", None, None),
        Interval(NOON - 3 * HOUR, NOON - 90 * MINUTE, "unknown", None, FIRST),
        Interval(NOON - 90 * MINUTE, NOON - 40 * MINUTE, "up", UP, FIRST),
        Interval(
            NOON - 40 * MINUTE, NOON - 30 * MINUTE, "down", DOWN, FIRST, conflict=True
        ),
        Interval(NOON - 30 * MINUTE, NOON, "down", DOWN, SECOND, conflict=True),
    ]


def test_the_row_that_opened_first_is_named_until_it_closes() -> None:
    rows = [
        ("a", 2, "09:00", "12:00"),
        ("a", 2, "10:00", "11:00"),
        ("a", 2, "09:00", "09:30"),
        ("a", 1, "22:00", "09:15"),
    ]
    shown = timeline(
        [], rows, ZONES, store_id="a", start=NOON - 4 * HOUR, end=NOON, as_of=NOON
    )

    assert [(one.duration, str(one.hours)) for one in shown] == [
        (75 * MINUTE, "Tue 22:00\u201309:15"),
        (165 * MINUTE, "Wed 09:00\u201312:00"),
    ]


def test_a_row_of_two_days_is_named() -> None:
    start = 2 * DAY + DAY // 2
    hours = HoursColumns(("a",), [0], [start], [start + 2 * DAY])

    shown = timeline(
        [],
        hours,
        ZONES,
        store_id="a",
        window=Window.between(NOON - HOUR, NOON + timedelta(3)),
        as_of=NOON,
    )

    assert [one.state for one in shown] == ["closed", "unknown", "closed"]
    assert shown[1].hours == BusinessHours(2, DAY // 2, DAY // 2 + 2 * DAY)
    assert shown[1].duration == timedelta(2)


def test_a_fold_is_one_interval_and_a_gap_makes_it_shorter() -> None:
    rows = [("a", 6, "01:00", "03:00")]
    zones = {"a": "America/New_York"}
    spring, autumn = (
        timeline(
            [],
            rows,
            zones,
            store_id="a",
            start=datetime(2023, month, day, tzinfo=UTC),
            end=datetime(2023, month, day + 1, tzinfo=UTC),
            as_of=NOON,
        )
        for month, day in ((3, 12), (11, 5))
    )

    assert [one.duration for one in spring] == [6 * HOUR, HOUR, 17 * HOUR]
    assert [one.duration for one in autumn] == [5 * HOUR, 3 * HOUR, 16 * HOUR]
    assert spring.transitions == (
        Transition(datetime(2023, 3, 12, 7, tzinfo=UTC), -5 * HOUR, -4 * HOUR),
    )
    assert str(spring.transitions[0]) == "UTC-5:00 \u2192 UTC-4:00"
    assert str(Transition(NOON, timedelta(seconds=561), HOUR)) == (
        "UTC+0:09:21 \u2192 UTC+1:00"
    )
    assert "clocks change at Sun 2023-03-12 03:00:00 EDT: UTC-5:00" in str(spring)


def test_a_shop_without_hours_is_always_open_or_never() -> None:
    shown = line(store_id="b", window="last_hour")
    closed = line(
        store_id="b", window="last_hour", policy=Policy(missing_hours="closed")
    )

    assert shown.always_open
    assert not closed.always_open
    assert [(one.state, one.hours) for one in shown] == [("unknown", None)]
    assert [(one.state, one.hours) for one in closed] == [("closed", None)]
    assert shown.timezone == "America/Chicago"
    assert str(shown).endswith("always")


def test_nothing_is_cut_into_nothing() -> None:
    nothing = line(window=None, start=NOON, end=NOON)

    assert list(nothing) == []
    assert nothing.accounting.open == timedelta()
    assert "from" in str(nothing)
    assert nothing._repr_html_()


def test_the_window_may_be_named_and_is_the_longest_by_default() -> None:
    assert line(window="last_day").window.name == "last_day"
    assert line(window=None).window.name == "last_week"
    short, long = Window.last(HOUR), Window.between(NOON - 9 * HOUR, NOON)
    report = compute_report(POLLS, HOURS, ZONES, windows=[short, long])
    assert line(window=None, report=report).window == long
    assert line(window="last_1h", report=report).window == short


def test_a_report_gives_its_as_of_and_policy() -> None:
    policy = Policy(reach=7 * MINUTE)
    report = compute_report(
        POLLS, HOURS, ZONES, as_of=NOON - 35 * MINUTE, policy=policy
    )

    shown = line(window="last_day", report=report)

    assert (shown.as_of, shown.policy) == (report.as_of, policy)
    assert shown.accounting == report.row("a")["last_day"]


def test_a_number_of_other_data_is_not_explained() -> None:
    report = compute_report(POLLS[:1], HOURS, ZONES, as_of=NOON)

    with pytest.raises(InputError, match=r"timeline, report: .*have the data changed"):
        line(window="last_day", report=report)
    assert line(window=Window.last(3 * HOUR), report=report)


def files_of(folder: Path) -> CsvStore:
    lines = [
        f"{store_id},{at:%Y-%m-%d %H:%M:%S},{'active' if up else 'inactive'}"
        for store_id, at, up in POLLS
    ]
    tables = {
        "polls": ["store_id,timestamp_utc,status", *lines],
        "hours": [
            "store_id,day,start_time_local,end_time_local",
            *(",".join(map(str, row)) for row in HOURS),
        ],
        "zones": ["store_id,timezone_str", *map(",".join, ZONES.items())],
    }
    for name, rows in tables.items():
        (folder / name).write_text("\n".join(rows))
    return CsvStore(folder / "polls", folder / "hours", folder / "zones")


def database_of(folder: Path) -> SqliteStore:
    store = SqliteStore(folder / "uptime.db")
    store.add_polls(POLLS)
    store.set_hours(HOURS)
    store.set_timezones(ZONES)
    return store


def memory_of(_: Path) -> MemoryStore:
    return MemoryStore(POLLS, HOURS, ZONES)


@pytest.mark.parametrize("make", [files_of, database_of, memory_of])
@pytest.mark.parametrize("policy", [Policy(), Policy(extrapolation="next", reach=None)])
def test_every_store_and_its_snapshot_give_the_same(
    make: Callable[[Path], Any], policy: Policy, tmp_path: Path
) -> None:
    store = make(tmp_path)
    arguments: dict[str, Any] = {"store_id": "a", "policy": policy}
    for window in (Window.last(HOUR), Window.between(NOON - 9 * HOUR, NOON + HOUR)):
        expected = line(window=window, policy=policy)
        assert timeline(store, window=window, **arguments) == expected
        assert timeline(store.snapshot(), window=window, **arguments) == expected
    store.close()


def test_shops_that_only_hours_or_zones_name_have_a_timeline() -> None:
    assert line(store_id="c").timezone == "Asia/Kathmandu"
    assert line(store_id=" a ").store_id == "a"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"store_id": "z"}, UnknownStoreIdError, "shop 'z' is in none of the sources"),
        ({"store_id": "b", "as_of": NOON - HOUR}, UnknownStoreIdError, "up to as_of"),
        ({"store_id": 7}, InputError, "timeline, store_id: 7 is not text"),
        ({"window": "day"}, UnknownWindowError, "no window 'day', only 'last_hour'"),
        ({"window": 7}, UnknownWindowError, "no window 7, only"),
        ({"start": NOON}, InputError, "either a window, or both start and end"),
        ({"start": NOON, "end": NOON}, InputError, "either a window, or both"),
        ({"window": None, "end": NOON}, InputError, "either a window, or both"),
        ({"policy": 3}, InputError, "policy: 3 is not a Policy"),
        ({"as_of": NOON.replace(tzinfo=None)}, InputError, "as_of: .* no time zone"),
        (
            {"policy": Policy(missing_hours="error"), "store_id": "b"},
            MissingHoursError,
            r"shop 'b' has no business hours \(1 such shop in all\); add them",
        ),
        (
            {"policy": Policy(default_timezone=None), "store_id": "b"},
            MissingTimezoneError,
            "shop 'b' has no time zone",
        ),
    ],
)
def test_what_cannot_be_shown_is_told(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        line(**arguments)


def test_wrong_sources_are_told() -> None:
    store = MemoryStore(POLLS)
    report = compute_report(POLLS, HOURS, ZONES)

    with pytest.raises(InputError, match="has hours and time zones of its own"):
        timeline(store, HOURS, store_id="a")
    with pytest.raises(InputError, match="has hours and time zones of its own"):
        timeline(store.snapshot(), timezones=ZONES, store_id="a")
    with pytest.raises(NoPollsError):
        timeline([], store_id="a")
    with pytest.raises(InputError, match="polls: 7 is nothing to iterate over"):
        timeline(7, store_id="a")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="polls, line 1"):
        timeline([("a", NOON)], store_id="a")  # type: ignore[list-item]
    with pytest.raises(UnknownTimezoneError):
        timeline(POLLS, timezones={"a": "Mars"}, store_id="a")
    for argument in ({"as_of": NOON}, {"policy": Policy()}):
        with pytest.raises(InputError, match="an as_of and a policy of its own"):
            line(report=report, **argument)


def test_a_shop_in_quarantine_is_told() -> None:
    store = MemoryStore(POLLS)
    store.set_hours([("a", 9, "9:00", "17:00")], on_error="collect")

    with pytest.raises(InputError, match="shop 'a' is in quarantine"):
        timeline(store, store_id="a")
    assert timeline(store, store_id="b")


def test_a_timeline_is_a_value() -> None:
    shown = line()

    assert shown == line()
    assert shown != line(window="last_day")
    assert shown != line(policy=Policy(reach=MINUTE))
    assert pickle.loads(pickle.dumps(shown)) == shown  # noqa: S301  # our own bytes
    with pytest.raises(ValueError, match="read-only"):
        shown.starts[0] = 0
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        shown.store_id = "b"  # type: ignore[misc]
    with pytest.raises(TypeError, match="unhashable"):
        hash(shown)
    with pytest.raises(IndexError):
        shown[5]
    assert shown[-1] == shown[4]


def test_a_timeline_introduces_itself() -> None:
    assert repr(line()) == (
        "<Timeline: shop a, last_4h until 2023-01-25T12:00:00+00:00, 5 intervals>"
    )


def test_people_read_rows_on_the_wall_clock() -> None:
    rows = [re.split(r"  +", row) for row in str(line()).splitlines()]

    assert rows[:3] == [
        ["shop a, last_4h until 2023-01-25T12:00:00+00:00"],
        ["up 0:50:00, down 0:40:00, unknown 1:30:00, open 3:00:00"],
        ["times in UTC"],
    ]
    first, second = "Wed 09:00\u201311:30", "Wed 11:00\u201317:00"
    both = "inactive and active at 11:20:00 UTC"
    day = "Wed 2023-01-25"
    assert rows[3:] == [
        ["from", "until", "state", "for", "poll", "hours"],
        [f"{day} 08:00:00 UTC", "09:00:00 UTC", "closed", "1:00:00"],
        [f"{day} 09:00:00 UTC", "10:30:00 UTC", "unknown", "1:30:00", first],
        [
            *(f"{day} 10:30:00 UTC", "11:20:00 UTC", "up", "0:50:00"),
            *("active at 10:30:00 UTC", first),
        ],
        [f"{day} 11:20:00 UTC", "11:30:00 UTC", "down", "0:10:00", both, first],
        [f"{day} 11:30:00 UTC", "12:00:00 UTC", "down", "0:30:00", both, second],
    ]
    columns = {text.index("UTC  1") for text in str(line()).splitlines()[5:]}
    assert len(columns) == 1


def test_closed_time_is_one_row_and_a_microsecond_is_not_nothing() -> None:
    polls = [("a", NOON + number * HOUR, True) for number in range(9)]
    polls.append(("a", NOON - timedelta(microseconds=1), True))
    hours = [("a", 2, "09:00", "12:00")]

    text = str(
        timeline(
            polls, hours, ZONES, store_id="a", start=NOON - HOUR, end=NOON + 8 * HOUR
        )
    )

    assert len(text.splitlines()) == 4 + 3
    assert "up       0:00:00.000001  active at 11:59:59 UTC" in text
    assert "closed   8:00:00" in text


def test_times_that_no_wall_clock_can_show_are_shown_in_utc() -> None:
    first = datetime(1, 1, 1, tzinfo=UTC)
    zones = {"a": "America/Chicago"}
    shown = timeline(
        [], None, zones, store_id="a", start=first, end=first + HOUR, as_of=NOON
    )

    assert "Mon 0001-01-01 00:00:00 UTC" in str(shown)
    with pytest.raises(InputError, match="outside the years 1 to 9999"):
        shown.local(first)
    with pytest.raises(InputError, match="no time zone"):
        shown.local(first.replace(tzinfo=None))


def test_a_notebook_shows_a_strip_and_the_first_rows() -> None:
    hostile = "<script>alert(1)</script>"
    polls = [(hostile, NOON + number * HOUR, number % 2 == 0) for number in range(60)]

    html = timeline(polls, store_id=hostile)._repr_html_()

    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert html.count("<tr") == 41
    assert "and more: print(timeline)" in html
    assert "and more" not in line()._repr_html_()
    widths = re.findall(r'title="\w+ [\d.]+%" style="display:block;width:(.*?)%', html)
    assert sum(map(float, widths)) == pytest.approx(100, abs=0.01)
