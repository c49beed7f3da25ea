"""The whole computation: its arguments, and that nothing else matters."""

from __future__ import annotations

import multiprocessing
import os
import random
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import attrs
import pytest

from uptime_core import (
    DEFAULT_WINDOWS,
    TZDATA_VERSION,
    HoursColumns,
    InputError,
    MemoryStore,
    MissingHoursError,
    MissingTimezoneError,
    NoPollsError,
    Policy,
    Poll,
    PollColumns,
    Progress,
    RejectedRow,
    Report,
    Snapshot,
    UnknownStoreIdError,
    UnknownTimezoneError,
    WeeklySchedule,
    Window,
    computation,
    compute_report,
    compute_snapshot,
    compute_store,
    runner,
)
from uptime_core.kernel import blocks

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)  # a Wednesday
NAIVE = NOON.replace(tzinfo=None)
ONE = timedelta(hours=1)
HOUR = 3_600_000_000

Row = tuple[str, datetime, bool]
POLLS: list[Row] = [("a", NOON - 2 * ONE, True), ("b", NOON, False)]
LAST_4H = Window.last(4 * ONE, name="last_4h")
AGES = Window.last(timedelta.max, name="ages")
NO_HOURS = Policy(missing_hours="error")
NO_ZONE = Policy(default_timezone=None)
OPENS, CLOSES, ZONE = "start_time_local", "end_time_local", "timezone_str"


def sums(report: Report, store_id: str) -> tuple[int, int, int, int]:
    """Up, down, unknown and open of a shop in the first window."""
    row = report.row(store_id)
    return row.up[0], row.down[0], row.unknown[0], row.open[0]


def test_a_report_of_polls_alone() -> None:
    report = compute_report(
        [
            ("a", NOON - ONE / 2, "inactive"),
            ("a", NOON - 2 * ONE, "active"),
            ("b", NOON, "active"),
        ]
    )

    assert report.store_ids == ("a", "b")
    assert report.windows == DEFAULT_WINDOWS
    assert report.as_of == NOON
    assert report.policy == Policy()
    assert report.up.tolist() == [[0, HOUR, HOUR], [0, 0, 0]]
    assert report.down.tolist() == [[HOUR // 2] * 3, [0, 0, 0]]
    assert report.open.tolist() == [[HOUR, 24 * HOUR, 168 * HOUR]] * 2
    assert (report.up + report.down + report.unknown == report.open).all()
    assert report.up.dtype == "int64"
    assert report.poll_count.tolist() == [2, 1]
    assert [row.last_poll for row in report.rows()] == [NOON - ONE / 2, NOON]


@pytest.mark.parametrize(
    "polls",
    [
        POLLS,
        POLLS[::-1],
        tuple(POLLS),
        [Poll(*row) for row in POLLS],
        [list(row) for row in POLLS],
        [(shop, at, "active" if up else "INACTIVE") for shop, at, up in POLLS],
        [(shop, at.astimezone(ZoneInfo("Asia/Tokyo")), up) for shop, at, up in POLLS],
        PollColumns.from_rows(POLLS),
        PollColumns(
            ("unused", "b", "a"),
            [1, 2, 2],
            [1_674_648_000_000_000, 1_674_640_800_000_000, 1_674_640_800_000_000],
            [0, 1, 1],
        ),
    ],
)
def test_polls_come_in_many_forms(polls: Any) -> None:  # noqa: ANN401  # many kinds
    report = compute_report(polls, windows=[LAST_4H])

    assert report.store_ids == ("a", "b")
    assert sums(report, "a") == (HOUR, 0, 3 * HOUR, 4 * HOUR)
    assert sums(report, "b") == (0, 0, 4 * HOUR, 4 * HOUR)


def test_what_can_be_read_once_is_read_once() -> None:
    hours = [("a", 2, "10:30", "11:15")]
    zones = {"a": "Asia/Tokyo"}

    report = compute_report(
        iter(POLLS), iter(hours), iter(zones.items()), stores=iter(["a"])
    )

    assert report == compute_report(POLLS, hours, zones, stores=["a"])


@pytest.mark.parametrize(
    "hours",
    [
        [("a", 2, "10:30", "11:15")],
        [("a", "2", time(10, 30), "11:15:00"), ("a", 2, "10:45", time(11))],
        {"a": WeeklySchedule([(2, "10:30", "11:15")])},
        HoursColumns(("a",), [0], [58 * HOUR + HOUR // 2], [59 * HOUR + HOUR // 4]),
    ],
)
@pytest.mark.parametrize(
    "timezones",
    [{"a": "UTC"}, [("a", "UTC")], [["a", "UTC"]], {"a": "UTC", "b": "UTC"}],
)
def test_hours_and_zones_come_in_many_forms(hours: Any, timezones: Any) -> None:  # noqa: ANN401  # many kinds
    report = compute_report(POLLS, hours, timezones, windows=[LAST_4H])

    assert sums(report, "a") == (HOUR // 2, 0, HOUR // 4, 3 * HOUR // 4)
    assert sums(report, "b") == (0, 0, 4 * HOUR, 4 * HOUR)


@pytest.mark.parametrize(
    ("arguments", "kind", "source", "line", "field"),
    [
        ({"polls": None}, InputError, "polls", None, None),
        ({"polls": 5}, InputError, "polls", None, None),
        ({"polls": "polls.csv"}, InputError, "polls", None, None),
        ({"polls": [("a", NOON)]}, InputError, "polls", 1, None),
        ({"polls": [*POLLS, ("", NOON, True)]}, InputError, "polls", 3, "store_id"),
        ({"polls": [(5, NOON, True)]}, InputError, "polls", 1, "store_id"),
        ({"polls": [("a", NAIVE, True)]}, InputError, "polls", 1, "timestamp_utc"),
        ({"polls": [("a", "2023", True)]}, InputError, "polls", 1, "timestamp_utc"),
        ({"polls": [("a", NOON, "up")]}, InputError, "polls", 1, "status"),
        ({"polls": []}, NoPollsError, "polls", None, None),
        ({"hours": 5}, InputError, "hours", None, None),
        ({"hours": [("a", 0, "9:00")]}, InputError, "hours", 1, None),
        ({"hours": [("", 0, "9:00", "9:30")]}, InputError, "hours", 1, "store_id"),
        ({"hours": [("a", 7, "9:00", "9:30")]}, InputError, "hours", 1, "day"),
        (
            {"hours": [("a", 0, "24:00", "9:30")]},
            InputError,
            "hours",
            1,
            "start_time_local",
        ),
        (
            {"hours": [("a", 0, "9:00", "24:01")]},
            InputError,
            "hours",
            1,
            "end_time_local",
        ),
        ({"hours": {"a": [(0, "9:00", "9:30")]}}, InputError, "hours", None, None),
        ({"hours": {"": WeeklySchedule()}}, InputError, "hours", None, "store_id"),
        ({"timezones": 5}, InputError, "timezones", None, None),
        ({"timezones": [("a",)]}, InputError, "timezones", 1, None),
        ({"timezones": {"": "UTC"}}, InputError, "timezones", 1, "store_id"),
        (
            {"timezones": {"a": "Mars"}},
            UnknownTimezoneError,
            "timezones",
            1,
            "timezone_str",
        ),
        (
            {"timezones": {"a": None}},
            UnknownTimezoneError,
            "timezones",
            1,
            "timezone_str",
        ),
        (
            {"timezones": [("a", "UTC"), ("a", "Zulu")]},
            InputError,
            "timezones",
            2,
            "timezone_str",
        ),
        ({"as_of": NAIVE}, InputError, "as_of", None, None),
        ({"as_of": "2023-01-25"}, InputError, "as_of", None, None),
        ({"windows": []}, InputError, "windows", None, None),
        ({"windows": ["last_day"]}, InputError, "windows", None, None),
        ({"windows": [LAST_4H, LAST_4H]}, InputError, "windows", None, None),
        ({"windows": 5}, InputError, "windows", None, None),
        (
            {"windows": [Window.last(timedelta.max, name="ages")]},
            InputError,
            "window 'ages'",
            None,
            None,
        ),
        ({"stores": "some"}, InputError, "stores", None, None),
        ({"stores": ["a", "z"]}, UnknownStoreIdError, "stores", None, None),
        ({"stores": ["a", ""]}, InputError, "stores", None, "store_id"),
        ({"stores": [5]}, InputError, "stores", None, "store_id"),
        ({"stores": 5}, InputError, "stores", None, None),
        ({"stores": None}, InputError, "stores", None, None),
        ({"policy": "previous"}, InputError, "policy", None, None),
        ({"policy": None}, InputError, "policy", None, None),
        (
            {"policy": Policy(missing_hours="error")},
            MissingHoursError,
            "hours",
            None,
            None,
        ),
        (
            {"policy": Policy(default_timezone=None)},
            MissingTimezoneError,
            "timezones",
            None,
            None,
        ),
    ],
    ids=str,
)
def test_a_bad_argument_is_named(
    arguments: dict[str, Any],
    kind: type[InputError],
    source: str,
    line: int | None,
    field: str | None,
) -> None:
    with pytest.raises(InputError) as caught:
        compute_report(**{"polls": POLLS} | arguments)

    error = caught.value
    assert type(error) is kind
    assert (error.source, error.line, error.field) == (source, line, field)
    assert str(error).isprintable()


NEWEST = NOON + ONE
MORE: list[Row] = [*POLLS, ("b", NEWEST, True), ("late", NEWEST, True)]


def test_now_is_by_default_the_newest_poll_of_the_whole_store() -> None:
    assert compute_report(MORE).as_of == NEWEST
    assert compute_report(MORE, stores=["a"]).as_of == NEWEST
    assert compute_report(MORE, stores=[]).as_of == NEWEST


def test_a_given_now_in_the_past_ignores_later_polls() -> None:
    past = compute_report(MORE, as_of=NOON, windows=[LAST_4H])

    assert past == compute_report(POLLS, windows=[LAST_4H])
    assert past.store_ids == ("a", "b")
    assert past.row("b").last_poll == NOON
    assert past.poll_count.tolist() == [1, 1]
    assert past.provenance.polls == 2
    assert past.provenance.after_as_of == 2


def test_without_polls_now_has_to_be_given() -> None:
    with pytest.raises(
        NoPollsError, match=r"^polls: there is no poll, .* give as_of \(--as-of\)$"
    ):
        compute_report([], [], {})


def test_what_is_no_snapshot_is_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"^snapshot: 5 is not a Snapshot; .*store"):
        compute_snapshot(5)  # type: ignore[arg-type]


def test_a_given_now_in_the_future_moves_the_windows() -> None:
    future = compute_report(
        POLLS,
        as_of=(NOON + 2 * ONE).astimezone(ZoneInfo("Asia/Tokyo")),
        windows=[LAST_4H],
    )

    assert future.as_of == NOON + 2 * ONE
    assert sums(future, "a") == (HOUR, 0, 3 * HOUR, 4 * HOUR)
    assert sums(future, "b") == (0, HOUR, 3 * HOUR, 4 * HOUR)


def test_a_poll_at_now_is_read() -> None:
    policy = Policy(extrapolation="next")

    report = compute_report(POLLS, as_of=NOON, windows=[LAST_4H], policy=policy)

    assert sums(report, "b") == (0, HOUR, 3 * HOUR, 4 * HOUR)


def test_without_polls_a_given_now_is_enough() -> None:
    report = compute_report([], None, {"a": "UTC"}, as_of=NOON)

    assert report.store_ids == ("a",)
    assert report.unknown.tolist() == [[HOUR, 24 * HOUR, 168 * HOUR]]
    assert report.row("a").last_poll is None


def test_a_window_after_now_is_open_and_unknown() -> None:
    window = Window.between(NOON - ONE, NOON + ONE)
    polls = [("a", NOON - ONE / 2, True), ("a", NOON, True)]

    report = compute_report(polls, windows=[window])

    assert sums(report, "a") == (HOUR // 2, 0, 3 * HOUR // 2, 2 * HOUR)


HOURS = [("hours only", 0, "9:00", "17:00"), ("a", 0, "9:00", "17:00")]
TIMEZONES = {"zone only": "UTC", "b": "UTC"}


@pytest.mark.parametrize(
    ("stores", "store_ids"),
    [
        ("all", ("a", "b", "hours only", "zone only")),
        ("polled", ("a", "b")),
        (["b"], ("b",)),
        (["zone only", "a", "a", " a "], ("a", "zone only")),
        (dict.fromkeys(["hours only"]), ("hours only",)),
        ({"a": 1}, ("a",)),
        ([], ()),
    ],
)
def test_the_shops_are_all_or_the_polled_or_those_of_a_list(
    stores: Any,  # noqa: ANN401  # many kinds
    store_ids: tuple[str, ...],
) -> None:
    report = compute_report(MORE, HOURS, TIMEZONES, as_of=NOON, stores=stores)

    whole = compute_report(MORE, HOURS, TIMEZONES, as_of=NOON)
    assert report.store_ids == store_ids
    assert [whole.row(shop) for shop in store_ids] == list(report.rows())
    assert len(report.to_csv(columns="extended").splitlines()) == len(store_ids) + 1


def test_a_shop_whose_polls_are_all_later_than_now_is_unknown() -> None:
    assert "late" in compute_report(MORE).store_ids
    with pytest.raises(UnknownStoreIdError, match="'late'"):
        compute_report(MORE, as_of=NOON, stores=["late"])


def test_ids_are_sorted_code_point_by_code_point() -> None:
    ids = ["10", "9", "B", "a", "\u00e9", "z", "\uff5e", "\U0001f355", "-1"]
    polls = [(store_id, NOON, True) for store_id in ids]
    random.Random(7).shuffle(polls)  # noqa: S311  # any order

    assert compute_report(polls).store_ids == (
        *("-1", "10", "9", "B", "a", "z", "\u00e9", "\uff5e", "\U0001f355"),
    )


@pytest.mark.parametrize(
    ("missing_hours", "opened"), [("open", 4 * HOUR), ("closed", 0)]
)
def test_the_policy_says_what_a_shop_without_hours_is(
    missing_hours: Any,  # noqa: ANN401  # a literal
    opened: int,
) -> None:
    policy = Policy(missing_hours=missing_hours)
    hours = {"b": WeeklySchedule(), "a": WeeklySchedule.always()}
    polls = [*POLLS, ("c", NOON, True)]

    report = compute_report(polls, hours, windows=[LAST_4H], policy=policy)

    assert report.open.tolist() == [[4 * HOUR], [0], [opened]]


def test_missing_hours_may_be_an_error_for_the_selected_shops_only() -> None:
    policy = Policy(missing_hours="error")
    hours = {"a": WeeklySchedule()}

    with pytest.raises(MissingHoursError, match="'b'"):
        compute_report(POLLS, hours, policy=policy)
    assert compute_report(POLLS, hours, stores=["a"], policy=policy).open.sum() == 0


def test_the_policy_says_where_a_shop_without_zone_is() -> None:
    hours = {"a": WeeklySchedule([(2, "19:00", "20:00")])}
    policy = Policy(default_timezone="Asia/Tokyo")

    tokyo = compute_report(POLLS, hours, windows=[LAST_4H], policy=policy)
    chicago = compute_report(POLLS, hours, windows=[LAST_4H])

    assert sums(tokyo, "a") == (HOUR, 0, 0, HOUR)
    assert sums(chicago, "a") == (0, 0, 0, 0)


def test_a_missing_zone_may_be_an_error_for_the_selected_shops_only() -> None:
    policy = Policy(default_timezone=None)
    zones = {"a": "UTC"}

    with pytest.raises(MissingTimezoneError, match="'b'"):
        compute_report(POLLS, None, zones, policy=policy)
    assert compute_report(POLLS, None, zones, stores=["a"], policy=policy)


def test_an_unknown_zone_of_a_store_names_the_shop() -> None:
    snapshot = attrs.evolve(Snapshot.of(POLLS), timezones={"b": "Mars"})

    with pytest.raises(UnknownTimezoneError, match="'b'") as caught:
        compute_snapshot(snapshot)

    assert caught.value.source == "timezones"
    assert compute_snapshot(snapshot, stores=["a"]).store_ids == ("a",)


def test_the_report_says_what_it_was_made_from() -> None:
    polls = [
        ("a", NOON - ONE, True),
        ("a", NOON - ONE, True),
        ("a", NOON - ONE, True),
        ("a", NOON, True),
        ("a", NOON, False),
        ("b", NOON, False),
        ("b", NOON + ONE, False),
        ("b", NOON + ONE, False),
    ]

    report = compute_report(polls, as_of=NOON)

    made = report.provenance
    assert (made.polls, made.duplicates, made.conflicts) == (3, 3, 1)
    assert (made.after_as_of, made.rejected, made.quarantined) == (2, 0, 0)
    assert (made.as_of, made.policy) == (NOON, Policy())
    assert made.tzdata_version == TZDATA_VERSION
    assert report.poll_count.tolist() == [2, 1]
    assert compute_report(polls, as_of=NOON, stores=["b"]).provenance.duplicates == 0


def test_of_two_statuses_at_an_instant_down_wins() -> None:
    polls = [("a", NOON - ONE, True), ("a", NOON - ONE, False), ("a", NOON, True)]

    assert sums(compute_report(polls), "a") == (0, HOUR, 0, HOUR)
    assert compute_report(polls) == compute_report(polls[::-1])


@pytest.mark.parametrize(
    ("stores", "store_ids", "quarantined"),
    [
        ("all", ("a",), 2),
        ("polled", ("a",), 1),
        (["a", "b"], ("a",), 1),
        (["b", "only here", "b"], (), 2),
        (["a"], ("a",), 0),
    ],
)
def test_shops_in_quarantine_are_left_out_and_counted(
    stores: Any,  # noqa: ANN401  # many kinds
    store_ids: tuple[str, ...],
    quarantined: int,
) -> None:
    snapshot = attrs.evolve(
        Snapshot.of(POLLS),
        rejected=(RejectedRow("hours", 2, "day", "it is bad", ("b", "7")),) * 3,
        quarantined=frozenset({"b", "only here"}),
    )

    report = compute_snapshot(snapshot, stores=stores)

    assert report.as_of == NOON
    assert report.store_ids == store_ids
    assert report.provenance.quarantined == quarantined
    assert report.provenance.rejected == 3


def test_late_polls_of_shops_in_quarantine_are_not_counted() -> None:
    polls = [
        (shop, NOON + hour * timedelta(hours=1), True)
        for shop in "ab"
        for hour in (0, 1)
    ]
    snapshot = attrs.evolve(Snapshot.of(polls), quarantined=frozenset({"b"}))
    for stores in ("all", "polled", ["a", "b"]):
        report = compute_snapshot(snapshot, as_of=NOON, stores=stores)
        assert report.provenance.after_as_of == 1


ZONES = [
    "Australia/Lord_Howe",
    "America/Chicago",
    "Asia/Kathmandu",
    "Africa/Casablanca",
]
CHANGE = datetime(2023, 4, 2, tzinfo=UTC)


def many() -> tuple[list[Row], dict[str, WeeklySchedule], dict[str, str]]:
    """Polls, hours and zones of 23 shops around a change of clocks."""
    chance = random.Random(23)  # noqa: S311  # any numbers
    shops = [f"{number * 7919 % 23:02d}" for number in range(23)]
    polls = [
        (
            chance.choice(shops),
            CHANGE + timedelta(microseconds=chance.randrange(-50 * HOUR, 50 * HOUR)),
            chance.random() < 0.7,
        )
        for _ in range(400)
    ]
    hours = {
        shop: WeeklySchedule(
            (
                chance.randrange(7),
                f"{chance.randrange(24)}:30",
                f"{chance.randrange(24)}:15",
            )
            for _ in range(chance.randrange(9))
        )
        for shop in shops[::2]
    }
    return polls, hours, {shop: chance.choice(ZONES) for shop in shops[::3]}


WINDOWS = [*DEFAULT_WINDOWS, Window.between(CHANGE - ONE, CHANGE + ONE)]


@pytest.mark.parametrize(
    "limits",
    [
        {"MOST_SHOPS": 1},
        {"MOST_SHOPS": 2},
        {"POLLS_PER_BLOCK": 1},
        {"POLLS_PER_BLOCK": 40},
        {"SEGMENTS_PER_BLOCK": 1},
        {"PACKED_BITS": 41},
    ],
    ids=str,
)
@pytest.mark.parametrize("stores", ["all", ["03", "11", "20"]], ids=str)
def test_a_report_does_not_depend_on_its_blocks(
    limits: dict[str, int],
    stores: Any,  # noqa: ANN401  # both kinds
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    computed = []
    account = computation.compute_block

    def counted(block: Any, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401  # passed on
        computed.append(block.shops)
        return account(block, *arguments, **options)

    monkeypatch.setattr(computation, "compute_block", counted)
    whole = compute_report(*many(), windows=WINDOWS, stores=stores)
    assert computed == [len(whole)]
    for name, limit in limits.items():
        monkeypatch.setattr(blocks, name, limit)

    parts = compute_report(*many(), windows=WINDOWS, stores=stores)

    assert len(computed) > 2  # the whole, and at least two parts
    assert sum(computed[1:]) == len(whole)
    assert parts == whole
    assert parts.provenance == whole.provenance
    assert parts.to_csv(columns="extended") == whole.to_csv(columns="extended")


def test_row_order_changes_nothing() -> None:
    polls, hours, zones = many()

    report = compute_report(polls, hours, zones, windows=WINDOWS)
    other = compute_report(
        sorted(polls),
        dict(reversed(hours.items())),
        list(reversed(zones.items())),
        windows=WINDOWS,
    )

    assert report.provenance == other.provenance
    assert report.to_csv(columns="extended") == other.to_csv(columns="extended")


def test_arguments_and_reports_travel_to_other_processes() -> None:
    polls, hours, zones = many()
    columns = PollColumns.from_rows(polls)
    policy = Policy(extrapolation="nearest", reach=None)
    context = multiprocessing.get_context("spawn")

    with ProcessPoolExecutor(1, mp_context=context) as pool:
        remote = pool.submit(
            compute_report, columns, hours, zones, windows=WINDOWS, policy=policy
        ).result()

    local = compute_report(polls, hours, zones, windows=WINDOWS, policy=policy)
    assert remote == local
    assert remote.provenance == local.provenance
    assert remote.to_csv(columns="extended") == local.to_csv(columns="extended")


def test_an_error_travels_from_other_processes() -> None:
    context = multiprocessing.get_context("spawn")

    with ProcessPoolExecutor(1, mp_context=context) as pool:
        error = pool.submit(compute_report, POLLS, stores=["z"]).exception()

    assert type(error) is UnknownStoreIdError
    assert error.source == "stores"


PRINT_REPORT = """
from datetime import UTC, datetime, timedelta
from uptime_core import Window, compute_report
start = datetime(2023, 3, 12, tzinfo=UTC)
polls = [
    (f"shop {number % 9}", start + timedelta(minutes=number), number % 3 > 0)
    for number in range(0, 4_000, 7)
]
hours = [(f"shop {day}", day, "1:30", "3:15") for day in range(7)]
zones = {"shop 1": "Europe/Berlin", "shop 2": "Asia/Kathmandu", "shop 3": "UTC"}
windows = [Window.between(start, start + timedelta(2)), Window.last(timedelta(3))]
report = compute_report(polls, hours, zones, windows=windows)
print(report.to_csv(columns="extended"), report.provenance)
"""


def test_the_zone_and_the_hash_seed_of_the_machine_do_not_matter() -> None:
    environments = [
        {"TZ": "UTC", "PYTHONHASHSEED": "0"},
        {"TZ": "America/New_York", "PYTHONHASHSEED": "1"},
        {"TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "2"},
    ]

    texts = [
        subprocess.run(
            [sys.executable, "-c", PRINT_REPORT],
            env=os.environ | environment,
            check=True,
            capture_output=True,
        ).stdout
        for environment in environments
    ]

    assert texts[0].count(b"\n") == 11
    assert len(set(texts)) == 1


def test_a_shop_without_hours_needs_no_probing_of_its_zone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def probe(*_: object) -> None:
        pytest.fail("the zone of a shop that never closes was probed")

    monkeypatch.setattr("uptime_core.selection.offset_segments", probe)
    report = compute_report(
        [("a", NOON, True)],
        timezones={"a": "America/New_York"},
        windows=Window.last(timedelta(hours=10)),
    )
    assert report.open.tolist() == [[10 * HOUR]]


@pytest.mark.parametrize("function", [compute_report, compute_snapshot])
def test_a_store_in_the_place_of_its_data_is_told_what_to_do(
    function: Any,  # noqa: ANN401  # called in a wrong way
) -> None:
    with pytest.raises(InputError, match=r"store\.snapshot\(\)"):
        function(MemoryStore([("a", NOON, True)]))


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor])
@pytest.mark.parametrize("shops", [0, 1, 30])
def test_an_executor_makes_the_same_report(
    pool: Callable[[int], Executor], shops: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "SHOPS_PER_BLOCK", 7)
    polls = [
        (f"s{number % shops}", NOON + timedelta(minutes=7 * number), number % 3 == 0)
        for number in range(shops * 5)
    ]
    hours = [(f"s{shop}", day, "9:00", "17:00") for shop in range(3) for day in (2, 3)]
    with pool(2) as executor:
        report = compute_report(polls, hours, as_of=NOON, executor=executor)
        assert executor.submit(int).result() == 0  # it was not shut down
    assert report == compute_report(polls, hours, as_of=NOON)
    assert report.provenance == compute_report(polls, hours, as_of=NOON).provenance
    store = MemoryStore(polls, hours)
    with pool(2) as executor:
        assert compute_store(store, as_of=NOON, executor=executor) == report


def test_progress_is_told_with_an_executor_as_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ("runner", "compute"):
        monkeypatch.setattr(f"uptime_core.{module}.SHOPS_PER_BLOCK", 7)
    polls = [(f"s{number}", NOON, True) for number in range(30)]
    here: list[Progress] = []
    there: list[Progress] = []
    report = compute_report(polls, as_of=NOON, progress=here.append)
    with ThreadPoolExecutor(2) as executor:
        store = MemoryStore(polls)
        assert report == compute_store(
            store, as_of=NOON, executor=executor, progress=there.append
        )
    done = [0, 7, 14, 21, 28, 30]
    assert here == there == [Progress("compute", shops, 30, "shops") for shops in done]


def test_progress_ends_with_the_shops_that_were_asked_for() -> None:
    polls = [(f"s{number}", NOON, True) for number in range(30)]
    told: list[Progress] = []
    with ThreadPoolExecutor(2) as executor:
        compute_report(
            polls,
            as_of=NOON,
            stores=["s3", "s4"],
            executor=executor,
            progress=told.append,
        )
    assert told[-1] == Progress("compute", 2, 2, "shops")


def test_what_is_no_executor_is_refused() -> None:
    with pytest.raises(InputError, match="executor: 2 is not an Executor"):
        compute_report([], as_of=NOON, executor=2)  # type: ignore[arg-type]
