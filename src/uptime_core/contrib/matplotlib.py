"""Pictures: the timeline of a shop, the week of shops, the distribution over a fleet.

Each function draws on the Axes that it is given, or on those of a new figure, and
returns them. States differ in lightness and hatching too, not in hue alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from uptime_core.errors import InputError, counted, located, shown
from uptime_core.extras import needed
from uptime_core.instants import to_micros
from uptime_core.kernel.arrays import starts_of_runs
from uptime_core.local_weeks import DAYS, HOURS, LocalWeek
from uptime_core.markup import DOWN, UNKNOWN, UP
from uptime_core.one_source import chosen_window
from uptime_core.report import Report
from uptime_core.shop_timeline import Timeline

with needed("matplotlib"):
    import matplotlib as mpl
    from matplotlib import dates as mdates
    from matplotlib import pyplot as plt
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch
    from matplotlib.ticker import MaxNLocator, PercentFormatter, StrMethodFormatter

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from matplotlib.artist import Artist

    from uptime_core.kernel.arrays import Bool, Int64
    from uptime_core.window import Window

_FILLS: dict[str, dict[str, Any]] = {
    "up": {"facecolor": UP},
    "down": {"facecolor": DOWN, "hatch": "////"},
    "unknown": {"facecolor": UNKNOWN, "hatch": "...."},
}
_DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_STATE, _OPEN, _SPEECH, _POLLS = range(4)
_LANES = ("state", "business hours", "poll that speaks", "polls")
_HALF = 0.38  # of a lane's height
_POINTS_PER_INCH = 72

_LONG_STEPS = (
    *((mdates.MINUTELY, 60), (mdates.HOURLY, 24), (mdates.DAILY, 31)),
    (mdates.MONTHLY, 12),
)

_BINS = 20
_NOT_OBSERVED = -0.1  # where the bar of shops without a share stands
_OF_OBSERVED = "up, of what was observed"


def plot_timeline(timeline: Timeline, ax: Axes | None = None) -> Axes:
    """Draw one shop: its polls, which of them speaks when, when it is open, and so up.

    Time goes by evenly, and its labels are those of the shop's wall clock. Where the
    clock changes there is a dotted line.

    Args:
        timeline: What `uptime_core.timeline` gives.
        ax: Where to draw; by default in a new figure.

    Raises:
        InputError: It is no `Timeline`, or one without any length, or `ax` is no Axes.
    """
    _check(timeline, Timeline, "uptime_core.timeline()", "plot_timeline")
    low, high = timeline.bounds
    if low == high:
        reason = "it has no length, so nothing can be drawn; give it a longer window"
        raise InputError(reason, source="plot_timeline", field="timeline")
    ax = _axes(ax, (10, 3.4), "plot_timeline")
    ink, paper = mpl.rcParams["text.color"], ax.get_facecolor()
    ax.grid(visible=False, axis="y")
    ax.set_axisbelow(True)

    state = timeline.state
    for name, fill in _FILLS.items():
        _bars(ax, _STATE, timeline, state == name, gid=name, edgecolor=paper, **fill)
    is_open = state != "closed"
    _bars(ax, _OPEN, timeline, is_open, half=_HALF / 3, gid="open", facecolor=ink)
    _speech(ax, timeline)
    polls, up = _numbers(timeline.poll_at), timeline.poll_up
    width = min(max(_points(ax) / max(len(polls), 1) / 5, 0.5), 1.2)
    for name, color, is_it, end in (("up", UP, up, _HALF), ("down", DOWN, ~up, -_HALF)):
        marks = ax.vlines(polls[is_it], _POLLS, _POLLS + end, color, linewidth=width)
        marks.set_gid(f"polls {name}")
    handles: list[Artist] = [
        Patch(label=name, edgecolor=paper, **fill) for name, fill in _FILLS.items()
    ]
    conflicts = polls[timeline.poll_conflict]
    if len(conflicts):
        height = np.full(len(conflicts), _POLLS)
        handles += ax.plot(conflicts, height, "x", color=ink, label="both statuses")

    _local_time_axis(ax, timeline)
    ax.set_yticks(range(len(_LANES)), _LANES)
    ax.set_ylim(-0.6, len(_LANES) - 0.4)
    ax.tick_params(axis="y", length=0)
    ax.spines[["left", "top", "right"]].set_visible(False)
    _title(ax, timeline.store_id, timeline.window.name, handles)
    return ax


def plot_week(week: LocalWeek, ax: Axes | None = None) -> Axes:
    """Draw when in the week shops are up, by the hours of their own wall clocks.

    Hours in which no shop is open stay empty, and those that nobody observed are
    hatched.

    Args:
        week: What `uptime_core.local_week` gives, of one shop or many.
        ax: Where to draw; by default in a new figure.

    Raises:
        InputError: It is no `LocalWeek`, or `ax` is no Axes.
    """
    _check(week, LocalWeek, "uptime_core.local_week()", "plot_week")
    ax = _axes(ax, (10, 4), "plot_week")
    ax.grid(visible=False)
    ratio = week.ratio
    low, high, extend = _colour_range(week)
    edges = np.arange(HOURS + 1), np.arange(DAYS + 1)
    mesh = ax.pcolormesh(
        *edges, np.ma.masked_invalid(ratio), cmap="viridis", vmin=low, vmax=high
    )
    percent = PercentFormatter(1, decimals=0)
    bar = ax.figure.colorbar(mesh, ax=ax, extend=extend, format=percent, pad=0.02)
    bar.set_label(_OF_OBSERVED, fontsize="small")
    paper = ax.get_facecolor()
    unknown = _FILLS["unknown"] | {"edgecolor": paper, "linewidth": 0}
    unobserved = (week.open > 0) & np.isnan(ratio)
    for day, is_unobserved in enumerate(unobserved):
        hours = [(hour, 1) for hour in np.flatnonzero(is_unobserved).tolist()]
        ax.broken_barh(hours, (day, 1), gid="not observed", **unknown)
    ax.set_ylim(DAYS, 0)
    ax.set_yticks(np.arange(DAYS) + 0.5, _DAY_NAMES)
    ax.tick_params(axis="y", length=0)
    ax.set_xlim(0, HOURS)
    ax.set_xticks(range(0, HOURS + 1, 3 if _fitting(ax, 0.35) >= HOURS // 3 else 6))
    ax.set_xlabel("hour of the day on the shops' clocks")
    handles = [Patch(label="not observed", **unknown)] if unobserved.any() else []
    what = week.store_id or counted(week.shops, "shop")
    _title(ax, what, week.window.name, handles)
    return ax


def plot_fleet(
    report: Report, window: Window | str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw how the shares of up are distributed over the shops of a report.

    Args:
        report: The report.
        window: One of its windows, or the name of one; by default the longest.
        ax: Where to draw; by default in a new figure.

    Raises:
        InputError: It is no `Report`, or has no such window, or `ax` is no Axes.
    """
    _check(report, Report, "compute_report()", "plot_fleet")
    window = chosen_window(getattr(window, "name", window), report, "plot_fleet")
    place = report.windows.index(window)
    ax = _axes(ax, (8, 3.8), "plot_fleet")
    ink, paper = mpl.rcParams["text.color"], ax.get_facecolor()
    ratio = report.ratio[:, place]
    observed = ratio[~np.isnan(ratio)]
    shops, edges = np.histogram(observed, bins=_BINS, range=(0, 1))
    width = 1 / _BINS
    style: dict[str, Any] = {"align": "edge", "edgecolor": paper}
    ax.bar(edges[:-1], shops, width, **style, **_FILLS["up"])
    step = 0.2 if _fitting(ax, 0.6) > 6 else 0.5  # noqa: PLR2004  # as many labels
    if len(observed) < len(ratio):
        without = len(ratio) - len(observed)
        fill = _FILLS["unknown"] | {"label": "not observed"}
        ax.bar(_NOT_OBSERVED, without, width, **style, **fill)
    total = report.totals().ratio[place]
    if total is not None:
        median = float(np.median(observed))
        ax.axvline(median, color=ink, linestyle="--", label=f"median shop {median:.1%}")
        ax.axvline(total, color=ink, label=f"all shops' time {total:.1%}")
    ax.set_xticks(np.arange(0, 1.1, step))
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set_xlabel(_OF_OBSERVED)
    ax.set_ylabel("shops")
    ax.set_ylim(0, None if len(report) else 1)
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    handles, _ = ax.get_legend_handles_labels()
    _title(ax, counted(len(report), "shop"), window.name, handles)
    return ax


def _check(value: object, kind: type, maker: str, source: str) -> None:
    if not isinstance(value, kind):
        reason = f"{shown(value)} is no {kind.__name__}; {maker} makes one"
        raise InputError(reason, source=source)


def _axes(ax: Axes | None, size: tuple[float, float], source: str) -> Axes:
    """The Axes, or those of a new figure of this size in inches."""
    if ax is None:
        _, ax = plt.subplots(figsize=size, layout="constrained")
    with located(field="ax"):
        _check(ax, Axes, "plt.subplots()", source)
    return ax


def _speech(ax: Axes, timeline: Timeline) -> None:
    """Bars for the polls that speak, apart from their neighbours if there is room."""
    speaks = timeline.poll >= 0
    is_up = np.append(timeline.poll_up, False)[timeline.poll]  # an item
    room = _points(ax) / np.count_nonzero(starts_of_runs(timeline.poll))
    gap = min(room / 6, 1) if room > 2 else 0  # noqa: PLR2004  # a gap would hide it
    paper = ax.get_facecolor()
    for name, says in (("up", is_up & speaks), ("down", ~is_up & speaks)):
        fill = _FILLS[name] | {"edgecolor": paper, "linewidth": gap}
        fill["gid"] = f"{name} says the poll"
        _bars(ax, _SPEECH, timeline, says, owner=timeline.poll, **fill)


def _bars(
    ax: Axes,
    lane: int,
    timeline: Timeline,
    chosen: Bool,
    *,
    owner: Int64 | None = None,
    half: float = _HALF,
    **fill: Any,  # noqa: ANN401  # what matplotlib takes
) -> None:
    """Bars for runs of intervals that are chosen, cut where their owner changes."""
    owners = np.zeros(len(chosen), dtype=np.int64) if owner is None else owner
    begins = np.flatnonzero(starts_of_runs(np.where(chosen, owners, -1)))
    ends = np.append(begins[1:], len(chosen))
    kept = chosen[begins]
    first = _numbers(timeline.starts[begins[kept]])
    after = _numbers(timeline.ends[ends[kept] - 1])
    spans = list(zip(first, after - first, strict=True))
    ax.broken_barh(spans, (lane - half, 2 * half), **{"linewidth": 0, **fill})


def _numbers(micros: Int64) -> npt.NDArray[np.float64]:
    """Instants as matplotlib counts them, in days."""
    numbers: npt.NDArray[np.float64] = mdates.date2num(micros.view("datetime64[us]"))
    return numbers


def _local_time_axis(ax: Axes, timeline: Timeline) -> None:
    """Time on the shop's wall clock, with lines where that changes."""
    zone, changes = timeline.zone, timeline.transitions
    most = min(max(_fitting(ax, 0.9), 3), 9)
    locator = mdates.AutoDateLocator(tz=zone, minticks=2, maxticks=most)
    # Of its own accord it has no steps for as few labels as fit into a small picture.
    for frequency, step in _LONG_STEPS:
        locator.intervald[frequency] = [*locator.intervald[frequency], step]
    formatter = mdates.ConciseDateFormatter(
        locator,
        tz=zone,
        formats=["%Y", "%b", "%a %d", "%H:%M", "%H:%M", "%S.%f"],
        zero_formats=["", "%Y", "%b", "%a %d", "%H:%M", "%H:%M"],
    )
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(formatter)
    ax.set_xlim(*_numbers(np.array(timeline.bounds)))
    label = f"time in {timeline.timezone}"
    if changes:
        first, *others = dict.fromkeys(map(str, changes))
        fitting = max(_fitting(ax, 0.07) // len(first) - 1, 0)
        rest = ["…"] if others[fitting:] else []
        label += f"\nclock changes: {', '.join([first, *others[:fitting], *rest])}"
    ax.set_xlabel(label, loc="left", fontsize="small")
    ax.xaxis.get_offset_text().set_fontsize("small")
    at = _numbers(np.array([to_micros(change.at) for change in changes], np.int64))
    for instant in at:
        ink = mpl.rcParams["text.color"]
        ax.axvline(instant, color=ink, linestyle=":", gid="clock change")


def _colour_range(week: LocalWeek) -> tuple[float, float, str]:
    """The shares between which nearly all observed time is, at least 5 % apart.

    An hour in which hardly any shop was observed may have any share; it gets the
    colour at the end of the range. Which ends have such hours is said, too.
    """
    observed, ratio = (week.up + week.down).ravel(), week.ratio.ravel()
    observed, ratio = observed[observed > 0], ratio[observed > 0]
    if not len(ratio):
        return 0, 1, "neither"
    order = np.argsort(ratio)
    passed = np.cumsum(observed[order].astype(np.float64))
    ends = np.searchsorted(passed, np.array([0.01, 0.99]) * passed[-1])
    low, high = (100 * ratio[order][ends]).tolist()
    top = max(int(np.ceil(high)), 5)
    bottom = max(min(int(np.floor(low)), top - 5), 0)
    low, high = bottom / 100, top / 100
    ends = bool(ratio.min() < low), bool(ratio.max() > high)
    return low, high, ("neither", "max", "min", "both")[2 * ends[0] + ends[1]]


def _points(ax: Axes) -> float:
    """About how wide the Axes are."""
    return float(ax.get_window_extent().width / ax.figure.dpi * _POINTS_PER_INCH)


def _fitting(ax: Axes, inches: float) -> int:
    """How many labels of this width fit side by side."""
    return int(_points(ax) / _POINTS_PER_INCH / inches)


def _title(ax: Axes, what: str, window: str, handles: Sequence[Artist]) -> None:
    """A title, and a legend between it and the Axes, so that neither is in the way."""
    widest = max((len(str(handle.get_label())) for handle in handles), default=0)
    columns = min(max(_fitting(ax, 0.5 + 0.07 * widest), 1), max(len(handles), 1))
    rows = -(-len(handles) // columns)
    size = mpl.rcParams["font.size"]
    is_short = len(what) + len(window) < _fitting(ax, 0.085)
    ax.set_title(
        f"{what}, {window}" if is_short else f"{what}\n{window}",
        loc="left",
        fontsize="medium",
        pad=size * (0.6 + 1.3 * rows),
        parse_math=False,  # an id may have dollars
    )
    if handles:
        legend = ax.legend(
            handles=handles,
            loc="lower left",
            bbox_to_anchor=(0, 1),
            ncols=columns,
            frameon=False,
            borderpad=0,
            borderaxespad=0.4,
            handlelength=1.5,
            columnspacing=1.2,
            labelspacing=0.3,
            fontsize="small",
        )
        legend.set_in_layout(False)
