"""Pictures: what is drawn is what the timeline, the week and the report say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from tests.properties.test_timeline import known_shops, timeline_of

from uptime_core import (
    InputError,
    LocalWeek,
    Policy,
    Report,
    Timeline,
    Window,
    compute_report,
    local_week,
    timeline,
)
from uptime_core.testing.strategies import anchors, datasets, policies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from uptime_core.testing import Dataset

mpl: Any = pytest.importorskip("matplotlib")
plots: Any = pytest.importorskip("uptime_core.contrib.matplotlib")
dates: Any = pytest.importorskip("matplotlib.dates")
plt: Any = pytest.importorskip("matplotlib.pyplot")

pytestmark = pytest.mark.needs("matplotlib")
plot_fleet, plot_timeline = plots.plot_fleet, plots.plot_timeline
plot_week = plots.plot_week

Axes = Any
Drawn = Timeline | LocalWeek | Report

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)  # a Wednesday
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)
HOUR = 60 * MINUTE
DAY = 24 * HOUR
STATE, OPEN, SPEECH, POLLS = range(4)
HOURS = [("a$b", day, "09:00", "17:00") for day in range(5)]
ZONES = {"a$b": "America/New_York", "never": "UTC"}
ROWS = [
    (shop, NOON - number * 50 * MINUTE, (number + len(shop)) % 7 > 1)
    for shop in ("a$b", "c", "dd", "eeee")
    for number in range(300)
]
STYLES = ("default", "dark_background", "ggplot")


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    yield
    plt.close("all")
    mpl.rcdefaults()
    mpl.use("Agg")


def line_of(**changes: object) -> Timeline:
    arguments: dict[str, Any] = {"store_id": "a$b", **changes}
    return timeline(ROWS, HOURS, ZONES, **arguments)


def micros(numbers: npt.ArrayLike) -> list[int]:
    """Instants from matplotlib's days."""
    return [round(number * 86_400_000_000) for number in np.ravel(numbers).tolist()]


def bars(ax: Axes, gid: str) -> list[tuple[int, int]]:
    """First instants and instants after of the bars of a name."""
    found = []
    for collection in ax.collections:
        if collection.get_gid() == gid:
            for path in collection.get_paths():
                corners = path.vertices[:, 0]
                first, after = micros([corners.min(), corners.max()])
                found.append((first, after))
    return sorted(found)


def runs(line: Timeline, key: Callable[[Any], object]) -> dict[object, list[Any]]:
    """Runs of intervals with equal keys, by key."""
    found: dict[object, list[Any]] = {}
    for value, group in groupby(line, key):
        intervals = list(group)
        bounds = intervals[0].start, intervals[-1].end
        found.setdefault(value, []).append(
            tuple((at - EPOCH) // MICROSECOND for at in bounds)
        )
    return found


def assert_drawn(ax: Axes, line: Timeline) -> None:
    states = runs(line, lambda interval: interval.state)
    for state in ("up", "down", "unknown"):
        assert bars(ax, state) == states.get(state, [])
    is_open = runs(line, lambda interval: interval.state != "closed")
    assert bars(ax, "open") == is_open.get(True, [])
    speech = runs(line, lambda interval: interval.poll)
    for status, up in (("up", True), ("down", False)):
        assert bars(ax, f"{status} says the poll") == [
            run
            for poll, found in speech.items()
            if poll is not None and poll.up is up  # type: ignore[attr-defined]
            for run in found
        ]
        (marks,) = (
            collection
            for collection in ax.collections
            if collection.get_gid() == f"polls {status}"
        )
        at = [segment[0][0] for segment in marks.get_segments()]
        assert micros(at) == [
            (poll.at - EPOCH) // MICROSECOND for poll in line.polls if poll.up is up
        ]
    changes = [one for one in ax.lines if one.get_gid() == "clock change"]
    assert [micros(one.get_xdata())[0] for one in changes] == [
        (change.at - EPOCH) // MICROSECOND for change in line.transitions
    ]
    assert tuple(micros(ax.get_xlim())) == line.bounds


def text_boxes(ax: Axes) -> dict[str, Any]:
    """Where the texts of a picture are, once it is drawn."""
    ax.figure.canvas.draw()
    renderer = ax.figure.canvas.get_renderer()
    legend = ax.get_legend()
    labels = [label for label in ax.get_xticklabels() if label.get_text()]
    low, high = sorted(ax.get_xlim())
    inside = [label for label in labels if low <= label.get_position()[0] <= high]
    boxes = {"title": ax.title, "left": ax._left_title, "label": ax.xaxis.label}
    boxes |= {f"tick {n}": label for n, label in enumerate(inside)}
    boxes |= {} if legend is None else {"legend": legend}
    return {
        name: artist.get_window_extent(renderer)
        for name, artist in boxes.items()
        if name == "legend" or artist.get_text()
    }


def assert_tidy(ax: Axes) -> None:
    """No text lies on another one, and none is cut off at the figure's edge."""
    boxes = text_boxes(ax)
    names = sorted(boxes)
    for place, one in enumerate(names):
        for other in names[place + 1 :]:
            assert not boxes[one].overlaps(boxes[other]), (one, other)
    width, height = ax.figure.canvas.get_width_height()
    for name, box in boxes.items():
        assert box.x0 >= 0, name
        assert box.y0 >= 0, name
        assert box.x1 <= width + 1, name
        assert box.y1 <= height + 1, name


def test_a_timeline_is_drawn_with_its_edges() -> None:
    line = line_of(window="last_day")

    ax = plot_timeline(line)

    assert_drawn(ax, line)
    assert ax.get_title(loc="left") == "a$b, last_day"
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        *("state", "business hours", "poll that speaks", "polls"),
    ]
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["up", "down", "unknown"]
    assert ax.get_xlabel() == "time in America/New_York"
    lanes = {
        collection.get_gid(): collection.get_paths()[0].vertices[:, 1].mean()
        for collection in ax.collections
        if collection.get_paths()
    }
    assert round(lanes["up"]) == round(lanes["down"]) == STATE
    assert round(lanes["open"]) == OPEN
    assert round(lanes["up says the poll"]) == SPEECH
    assert lanes["polls down"] < POLLS < lanes["polls up"]


# Matplotlib counts days: from 2059 on they tell no neighbouring microseconds apart.
@hypothesis_settings(max_examples=15)
@given(
    datasets(
        max_shops=1,
        about=anchors(first_year=1).filter(lambda anchor: anchor[1].year < 2050),
    ),
    policies(),
)
def test_every_timeline_is_drawn_with_its_edges(
    dataset: Dataset, policy: Policy
) -> None:
    for shop in known_shops(dataset):
        line = timeline_of(dataset, shop, dataset.windows[0], policy)
        if len(line):
            _, ax = plt.subplots()
            assert plot_timeline(line, ax) is ax
            assert_drawn(ax, line)
            plt.close("all")


def test_polls_with_both_statuses_are_marked() -> None:
    polls = [("a", NOON, True), ("a", NOON, False), ("a", NOON + HOUR, True)]
    line = timeline(polls, store_id="a", start=NOON - HOUR, end=NOON + 2 * HOUR)

    ax = plot_timeline(line)

    marked = [one for one in ax.lines if one.get_label() == "both statuses"]
    assert [micros(one.get_xdata()) for one in marked] == [
        [(NOON - EPOCH) // MICROSECOND]
    ]
    assert "both statuses" in [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.mark.parametrize(
    ("start", "days"),
    [
        (datetime(2023, 3, 10, 5, tzinfo=UTC), 4),
        (datetime(2023, 11, 3, 4, tzinfo=UTC), 5),
        (datetime(2023, 3, 12, 5, tzinfo=UTC), 1),
        (datetime(2023, 11, 5, 4, tzinfo=UTC), 1),
    ],
)
def test_the_labels_are_the_wall_clocks_also_where_it_changes(
    start: datetime, days: int
) -> None:
    line = line_of(start=start, end=start + days * DAY, as_of=NOON)

    ax = plot_timeline(line)
    ax.figure.canvas.draw()

    low, high = ax.get_xlim()
    ticks = [tick for tick in ax.get_xticks() if low <= tick <= high]
    local = [dates.num2date(tick, tz=line.zone) for tick in ticks]
    assert len(ticks) > 2
    assert all((at.minute, at.second, at.microsecond) == (0, 0, 0) for at in local)
    if days > 1:
        assert all(at.hour % 12 == 0 for at in local)
    else:
        texts = [label.get_text() for label in ax.get_xticklabels()]
        shown = [f"{at:%H:%M}" for at in local if at.hour]
        assert [text for text in texts if ":" in text] == shown
    label = ax.get_xlabel()
    assert label.startswith("time in America/New_York\nclock changes: UTC-")
    assert len(line.transitions) == 1


def test_each_kind_of_change_of_the_clock_is_told_once_as_far_as_there_is_room() -> (
    None
):
    line = line_of(start=NOON, end=NOON + 900 * DAY, as_of=NOON)
    _, small = plt.subplots(figsize=(3, 2))

    ax = plot_timeline(line)
    plot_timeline(line, small)

    assert len(line.transitions) == 5
    there, back = "UTC-5:00 \u2192 UTC-4:00", "UTC-4:00 \u2192 UTC-5:00"
    assert ax.get_xlabel().endswith(f"clock changes: {there}, {back}")
    assert small.get_xlabel().endswith(f"clock changes: {there}, \u2026")
    assert_drawn(ax, line)


def test_a_week_is_drawn_hour_by_hour() -> None:
    week = local_week(ROWS, HOURS, ZONES, stores=["a$b"], window="last_week")

    ax = plot_week(week)

    (mesh,) = (
        one for one in ax.collections if hasattr(one, "get_cmap") and one.colorbar
    )
    drawn = np.ma.asarray(mesh.get_array()).reshape(7, 24)
    assert np.array_equal(drawn.filled(np.nan), week.ratio, equal_nan=True)
    assert ax.get_ylim() == (7, 0)
    assert [label.get_text() for label in ax.get_yticklabels()][::6] == ["Mon", "Sun"]
    assert ax.get_title(loc="left") == "a$b, last_week"
    low, high = mesh.get_clim()
    assert 0 <= low < high <= 1


def unobserved_cells(ax: Axes) -> set[tuple[int, int]]:
    cells = set()
    for collection in ax.collections:
        if collection.get_gid() == "not observed":
            for path in collection.get_paths():
                hour, day = path.vertices.min(axis=0).tolist()
                cells.add((round(day), round(hour)))
    return cells


def test_hours_without_a_share_are_hatched_or_empty() -> None:
    polls = [("a", NOON, True), ("a", NOON + HOUR, False)]
    hours = [("a", 2, "11:00", "15:00")]
    week = local_week(polls, hours, {"a": "UTC"}, as_of=NOON + 5 * HOUR)

    ax = plot_week(week)

    assert unobserved_cells(ax) == {(2, 11), (2, 14)}
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["not observed"]
    assert plot_week(local_week([], None, ZONES, as_of=NOON)).collections
    busy = local_week(polls[:1], hours, {"a": "UTC"}, window=Window.between(NOON, NOON))
    assert plot_week(busy).get_legend() is None


def test_the_colours_cover_nearly_all_of_the_observed_time() -> None:
    """A single shop that is up in one odd hour does not flatten all others."""
    polls = [
        (f"{shop}", NOON - number * 30 * MINUTE, (shop + number) % 4 > 0)
        for shop in range(40)
        for number in range(96)
    ]
    hours = [
        (f"{shop}", day, "08:00", "20:00") for shop in range(40) for day in range(7)
    ]
    odd = ("odd", NOON - 12 * HOUR, True)
    zones = {f"{shop}": "UTC" for shop in range(40)} | {"odd": "UTC"}
    week = local_week([*polls, odd], hours, zones)

    ax = plot_week(week)

    (mesh,) = (
        one for one in ax.collections if hasattr(one, "get_cmap") and one.colorbar
    )
    low, high = mesh.get_clim()
    assert np.nanmax(week.ratio) == 1
    assert low == pytest.approx(0.72, abs=0.03)
    assert high == pytest.approx(0.77, abs=0.03)
    assert mesh.colorbar.extend == "max"


def test_a_fleet_is_drawn_as_counts_of_shops() -> None:
    report = compute_report(ROWS, HOURS, ZONES)

    ax = plot_fleet(report)

    ratio = report.ratio[:, 2]
    observed = ratio[~np.isnan(ratio)]
    heights = [patch.get_height() for patch in ax.patches]
    assert heights[:20] == np.histogram(observed, bins=20, range=(0, 1))[0].tolist()
    assert heights[20:] == [1]
    assert sum(heights) == len(report) == 5
    edges = [patch.get_x() for patch in ax.patches[:20]]
    assert edges == pytest.approx(np.arange(20) / 20)
    assert ax.patches[20].get_x() < 0
    at = [one.get_xdata()[0] for one in ax.lines]
    assert at == [np.median(observed), report.totals().ratio[2]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        f"median shop {at[0]:.1%}",
        f"all shops' time {at[1]:.1%}",
        "not observed",
    ]
    assert ax.get_title(loc="left") == "5 shops, last_week"


def test_a_fleet_of_a_named_window_and_one_that_was_never_observed() -> None:
    report = compute_report(ROWS, HOURS, ZONES)

    for window in ("last_day", report.windows[1]):
        assert plot_fleet(report, window).get_title(loc="left") == "5 shops, last_day"
    nothing = plot_fleet(compute_report([], None, ZONES, as_of=NOON))
    assert [patch.get_height() for patch in nothing.patches][20:] == [2]
    assert not nothing.lines
    empty = plot_fleet(compute_report([], as_of=NOON))
    assert empty.get_legend() is None
    assert empty.get_ylim() == (0, 1)
    empty.figure.canvas.draw()
    assert [label.get_text() for label in empty.get_yticklabels()] == ["0", "1"]


def pictures() -> list[tuple[Callable[..., Axes], Drawn]]:
    return [
        (plot_timeline, line_of(window="last_week")),
        (plot_timeline, line_of(window="last_hour")),
        (plot_timeline, line_of(start=NOON, end=NOON + 100 * DAY, as_of=NOON)),
        (plot_week, local_week(ROWS, HOURS, ZONES)),
        (plot_fleet, compute_report(ROWS, HOURS, ZONES)),
    ]


@pytest.mark.parametrize("style", STYLES)
def test_texts_do_not_lie_on_each_other_in_any_style(style: str) -> None:
    with plt.style.context(style):
        for draw, drawn in pictures():
            assert_tidy(draw(drawn))


def test_texts_do_not_lie_on_each_other_in_small_pictures() -> None:
    long = "b1c7d5ba-8e2a-4c36-9b0e-3f1a6d2c9e47"
    polls = [(long, at, up) for shop, at, up in ROWS if shop == "a$b"]
    shown = [(plot_timeline, timeline(polls, store_id=long)), *pictures()]
    for draw, drawn in shown:
        _, ax = plt.subplots(figsize=(4.5, 3), layout="constrained")
        assert draw(drawn, ax=ax) is ax
        assert_tidy(ax)


def test_pictures_take_the_axes_they_are_given_and_make_no_other() -> None:
    for draw, drawn in pictures():
        figure, axes = plt.subplots(1, 2)
        assert draw(drawn, ax=axes[1]) is axes[1]
        assert plt.get_fignums() == [figure.number]
        assert not axes[0].has_data()
        plt.close("all")


def test_the_colours_differ_in_lightness_or_hatching() -> None:
    ax = plot_timeline(line_of())

    hatches = {
        collection.get_gid(): collection.get_hatch() for collection in ax.collections
    }
    assert len({hatches["up"], hatches["down"], hatches["unknown"]}) == 3
    assert hatches["down says the poll"] == hatches["down"]


@pytest.mark.parametrize(
    ("draw", "wrong", "message"),
    [
        (plot_timeline, 7, r"plot_timeline: 7 is no Timeline; uptime_core.timeline"),
        (plot_week, "a", r"plot_week: 'a' is no LocalWeek; uptime_core.local_week"),
        (plot_fleet, None, "plot_fleet: None is no Report"),
    ],
)
def test_what_cannot_be_drawn_is_told(
    draw: Callable[[object], object], wrong: object, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        draw(wrong)
    assert plt.get_fignums() == []


@pytest.mark.parametrize("wrong", [3, "ax", [None]])
def test_what_is_no_axes_is_told(wrong: object) -> None:
    for draw, drawn in pictures():
        message = rf"^{draw.__name__}, ax: .* is no Axes; plt\.subplots\(\) makes one"
        with pytest.raises(InputError, match=message):
            draw(drawn, ax=wrong)
    assert plt.get_fignums() == []


def test_a_timeline_without_length_and_an_unknown_window_are_told() -> None:
    with pytest.raises(InputError, match="plot_timeline, timeline: it has no length"):
        plot_timeline(line_of(start=NOON, end=NOON))
    with pytest.raises(InputError, match="plot_fleet: there is no window 'x', only"):
        plot_fleet(compute_report(ROWS), "x")
