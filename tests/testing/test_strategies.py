"""What strategies draw: all of the hard regions, and simple cases of each."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings, target
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from tests.testing.drawing import counts, too_rare

from uptime_core import (
    InputError,
    Policy,
    PollColumns,
    WeeklySchedule,
    Window,
    compute_report,
    compute_snapshot,
)
from uptime_core.snapshot import Snapshot
from uptime_core.testing import Dataset, Shop, oracle, regions
from uptime_core.testing.anchors import ANCHORS
from uptime_core.testing.regions import Region
from uptime_core.testing.strategies import (
    anchors,
    business_hours,
    datasets,
    instants,
    policies,
    poll_columns,
    polls,
    simplest,
    store_ids,
    timezones,
    weekly_schedules,
    windows,
)
from uptime_core.timezones import timezone_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hypothesis.strategies import SearchStrategy

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)

# Measured over eight seeds, the shares are two and a half to ten times as large.
RARE, FEW, SOME, OFTEN = 0.005, 0.01, 0.02, 0.08

OF_DATASETS = {
    **dict.fromkeys(Region, OFTEN),
    Region.ALWAYS_CLOSED: 0,  # unless they are asked for
    Region.TWO_CHANGES: RARE,
    **dict.fromkeys(
        (
            *(Region.WHOLE_DAY, Region.HOURS_IN_FOLD, Region.OVERNIGHT_CHANGE),
            *(Region.NO_ZONE, Region.EMPTY_WINDOW),
        ),
        FEW,
    ),
    **dict.fromkeys(
        (
            *(Region.HOURS_IN_GAP, Region.POLL_ON_HOURS, Region.WINDOW_ON_HOURS),
            *(Region.TOUCHING, Region.ODD_CHANGE, Region.FOLD),
            *(Region.POLL_JUST_AFTER_AS_OF, Region.AS_OF_BEFORE_POLLS),
            Region.WINDOW_AFTER_AS_OF,
        ),
        SOME,
    ),
}
OF_HOURS = {
    Region.CLOSED_DAY: OFTEN,
    Region.OVERNIGHT: OFTEN,
    Region.AROUND_THE_CLOCK: SOME,
    Region.SPLIT_AT_MIDNIGHT: OFTEN,
    Region.LAST_MINUTE: SOME,
    Region.NESTED: OFTEN,
    Region.OVERLAPPING: OFTEN,
    Region.TOUCHING: SOME,
    Region.ODD_SECONDS: SOME,
}
OF_POLLS = {
    Region.REPEATED_POLL: OFTEN,
    Region.CONFLICT: OFTEN,
    Region.NEAR_POLLS: OFTEN,
    Region.HOUR_APART: SOME,
    Region.UNSORTED: OFTEN,
}


def regions_of_polls(rows: list[tuple[str, datetime, bool]]) -> set[Region]:
    found: set[Region] = set()
    for shop in {store_id for store_id, _, _ in rows}:
        found |= regions.of_polls([(at, up) for s, at, up in rows if s == shop])
    return found


@pytest.mark.parametrize(
    ("strategy", "traits", "least"),
    [
        (business_hours(), regions.of_hours, OF_HOURS),
        (polls(), regions_of_polls, OF_POLLS),
    ],
    ids=["business_hours", "polls"],
)
def test_hard_regions_are_met_often_enough(
    strategy: SearchStrategy[Any],
    traits: Callable[[Any], Iterable[str]],
    least: dict[Region, float],
) -> None:
    assert too_rare(strategy, traits, least) == {}


def test_data_sets_meet_them_and_have_sums_of_all_kinds() -> None:
    def traits(drawn: tuple[Dataset, Policy]) -> Iterator[str]:
        dataset, policy = drawn
        yield from regions.of(dataset)
        sums = oracle.account_all(**dataset.arguments, policy=policy)
        for window in (window for shop in sums.values() for window in shop):
            yield from (name for name, value in window._asdict().items() if value)
            if 0 < window.unknown < window.open:
                yield "something observed, something unknown"
            if window.up and window.down:
                yield "up and down"

    sums = {"up": 0.2, "down": 0.2, "unknown": 0.6, "open": 0.7}
    sums |= {"something observed, something unknown": 0.25, "up and down": 0.1}
    drawn = st.tuples(datasets(), policies())
    assert too_rare(drawn, traits, OF_DATASETS | sums) == {}


@settings(max_examples=30)
@given(datasets())
def test_more_regions_can_be_aimed_at(dataset: Dataset) -> None:
    target(len(regions.of(dataset)), label="hard regions at once")


STATISTICS = """
from hypothesis import given, settings
from uptime_core.testing.strategies import datasets

@settings(max_examples=50, derandomize=True, database=None)
@given(datasets())
def test(dataset):
    pass
"""


def test_statistics_tell_of_regions(tmp_path: Path) -> None:
    """In a project of somebody else's, with the defaults of hypothesis."""
    (tmp_path / "test_it.py").write_text(STATISTICS)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "--hypothesis-show-statistics"],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert run.returncode == 0, run.stdout
    assert f"%, {Region.OVERNIGHT}" in run.stdout


def test_the_reference_lists_all_regions() -> None:
    page = (ROOT / "docs" / "reference" / "testing.md").read_text("utf-8")

    listed = [line.split(" | ")[0].removeprefix("| ") for line in page.splitlines()]
    rare = [str(region) for region in Region if region not in listed]
    assert rare == [Region.ALWAYS_CLOSED]


# What is drawn is what it is said to be.


@given(instants(near=NOON, within=HOUR))
def test_instants_are_near(at: datetime) -> None:
    assert abs(at - NOON) <= HOUR


@given(anchors())
def test_anchors_can_be_in_files(anchor: tuple[str, datetime]) -> None:
    zone, at = anchor
    assert at in ANCHORS[zone]
    assert at.year >= 1900


def test_older_anchors_are_there_for_those_who_ask() -> None:
    assert simplest(anchors(first_year=1), lambda anchor: anchor[1].year < 1900)
    with pytest.raises(NoSuchExample):
        simplest(anchors(), lambda anchor: anchor[1].year < 1900)


@given(timezones(), timezones(hostile=True))
def test_zones_are_there(name: str, hostile: str) -> None:
    assert name in timezone_names()
    assert hostile in ANCHORS


@given(poll_columns(), weekly_schedules(), windows(), policies())
def test_what_is_drawn_can_be_computed(
    columns: PollColumns, schedule: WeeklySchedule, window: Window, policy: Policy
) -> None:
    """And gives the oracle's sums."""
    hours = dict.fromkeys(columns.store_ids[:1], schedule)
    report = compute_report(columns, hours, as_of=NOON, windows=[window], policy=policy)
    rows = [(poll.store_id, poll.at, poll.up) for poll in columns.rows()]
    assert oracle.sums_of(report) == oracle.account_all(
        rows, hours, as_of=NOON, windows=[window], policy=policy
    )


@given(polls(max_size=5, near=NOON), poll_columns(max_size=5, near=NOON))
def test_polls_are_few_and_near(
    rows: list[tuple[str, datetime, bool]], columns: PollColumns
) -> None:
    assert len(rows) <= 5
    assert len(columns) <= 5
    assert all(abs(at - NOON) <= timedelta(days=2, hours=1) for _, at, _ in rows)


def test_columns_have_ids_in_any_order_and_without_polls() -> None:
    def traits(columns: PollColumns) -> set[str]:
        first = list(dict.fromkeys(columns.code.tolist()))
        found = {"out of order"} if first != sorted(first) else set()
        return found | ({"idle"} if len(first) < len(columns.store_ids) else set())

    assert not too_rare(poll_columns(), traits, {"out of order": SOME, "idle": SOME})


@pytest.mark.parametrize(
    "kind",
    [
        str.isdecimal,
        lambda store_id: store_id[0] in "=+-@",
        lambda store_id: set(store_id) & set('",'),
        lambda store_id: not store_id.isascii(),
        lambda store_id: len(store_id) == 200,
        lambda store_id: store_id != store_id.casefold(),
    ],
)
def test_ids_of_all_kinds_are_drawn(kind: Callable[[str], object]) -> None:
    assert kind(simplest(store_ids(), kind))
    with pytest.raises(NoSuchExample):
        simplest(store_ids(hostile=False), kind)


def test_policies_that_make_errors_are_drawn_for_those_who_ask() -> None:
    strict = policies(strict=True)
    assert simplest(strict, lambda p: p.missing_hours == "error") != Policy()
    assert simplest(strict, lambda p: p.default_timezone is None) != Policy()
    found = counts(policies(), lambda p: {p.missing_hours, str(p.default_timezone)})
    assert not {"error", "None"} & found.keys()


@given(datasets(max_shops=2, max_polls=3))
def test_data_sets_are_consistent(dataset: Dataset) -> None:
    assert len(dataset.shops) <= 2
    assert len(set(dataset.store_ids)) == len(dataset.shops)
    assert all(len(shop.polls) <= 3 for shop in dataset.shops)
    assert all(
        shop.polls or shop.rows is not None or shop.timezone for shop in dataset.shops
    )
    names = [window.name for window in dataset.windows]
    assert len(set(names)) == len(names) >= 1
    snapshot = Snapshot.of(dataset.polls, dataset.hours, dataset.timezones)
    compute_snapshot(snapshot, as_of=dataset.as_of, windows=dataset.windows)


@given(
    datasets(
        rows=st.just(()), zones=st.just("Asia/Tokyo"), about=st.just(("UTC", NOON))
    )
)
def test_parts_of_data_sets_can_be_chosen(dataset: Dataset) -> None:
    assert Region.ALWAYS_CLOSED in regions.of(dataset)
    assert set(dataset.timezones.values()) == {"Asia/Tokyo"}
    assert all(abs(at - NOON) < timedelta(days=40) for _, at, _ in dataset.polls)


@given(datasets(about=st.just(("Europe/Paris", NOON))))
def test_data_sets_are_about_any_zone(dataset: Dataset) -> None:
    assert dataset.shops


@pytest.mark.parametrize(
    ("about", "told"),
    [
        (("Nowhere/X", NOON), "Nowhere/X"),
        (("Europe/Dublin", NOON.replace(tzinfo=None)), "has no time zone"),
        ("ab", "no tuple"),
        (("Europe/Dublin",), "no tuple"),
        ((5, NOON), "5"),
    ],
)
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
def test_what_data_sets_cannot_be_about(about: Any, told: str) -> None:  # noqa: ANN401  # anything
    @settings(max_examples=1, phases=[Phase.generate], database=None)
    @given(datasets(about=st.just(about)))
    def draw(_: object) -> None:
        pass

    with pytest.raises(InputError, match=f"datasets, about: .*{told}"):
        draw()


# Failing cases are shown as simply as this.

LAST_HOUR = Window.last(HOUR, name="w1")


def test_the_simplest_of_everything() -> None:
    assert simplest(instants()) == NOON
    assert simplest(timezones()) == "UTC"
    assert simplest(store_ids()) == "a"
    assert simplest(polls()) == []
    assert len(simplest(poll_columns())) == 0
    assert simplest(business_hours()) == ((0, "09:00", "17:00"),)
    assert simplest(weekly_schedules()) == WeeklySchedule()
    assert simplest(windows()) == Window.last(HOUR, name="w")
    assert simplest(policies()) == Policy()
    assert simplest(datasets()) == Dataset(
        (Shop("a", timezone="UTC"),), NOON, (LAST_HOUR,)
    )


@pytest.mark.parametrize(
    ("region", "most_polls", "most_rows"),
    [
        (Region.CONFLICT, 2, 0),
        (Region.NEAR_POLLS, 2, 0),
        (Region.GAP, 1, 0),
        (Region.SPLIT_AT_MIDNIGHT, 0, 4),
        (Region.POLL_ON_HOURS, 2, 4),
    ],
    ids=lambda part: getattr(part, "name", None),
)
def test_a_simple_case_of_a_region(
    region: Region, most_polls: int, most_rows: int
) -> None:
    dataset = simplest(datasets(), lambda dataset: region in regions.of(dataset))

    assert len(dataset.shops) <= 2
    assert len(dataset.polls) <= most_polls
    assert len(dataset.hours) <= most_rows
    assert len(dataset.windows) == 1


def test_a_simple_conflict() -> None:
    rows = simplest(polls(), lambda rows: Region.CONFLICT in regions_of_polls(rows))

    (shop, at, up), (other_shop, other_at, other_up) = rows
    assert (shop, at, up) == (other_shop, other_at, not other_up)


WITHOUT_HYPOTHESIS = """
import sys
sys.modules["hypothesis"] = sys.modules["pytest"] = None  # as if they were not there
import uptime_core.testing as kit
from uptime_core.testing import anchors, cells, golden, hostile, oracle, regions
assert [getattr(kit, name) for name in kit.__all__]
assert set(kit.__all__) <= set(dir(kit))
assert len(golden.load().cases) > 60
try:
    from uptime_core.testing import strategies
except ModuleNotFoundError as error:
    print(*error.__notes__)
"""


def test_only_strategies_need_hypothesis() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT_HYPOTHESIS],
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert "pip install 'uptime_core[testing]'" in run.stdout


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    import uptime_core.testing as kit  # noqa: PLC0415  # the module itself

    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = kit.nonsense
