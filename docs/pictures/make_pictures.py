"""Make the pictures of the README and the docs: python make_pictures.py [FOLDER].

Each shows what the library computes from the data that its function names, and one
how long that takes.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from uptime_core import CsvStore, Policy, Window, compute_report, compute_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HERE = Path(__file__).parent
DATA = HERE.parents[1] / "examples" / "data"
RESULTS = HERE.parents[1] / "benchmarks" / "results.json"
CHICAGO = ZoneInfo("America/Chicago")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
# Colours that people with any colour vision can tell apart (Okabe and Ito).
FILL = {"up": "#0072b2", "down": "#d55e00", "unknown": "#bbbbbb"}
OPEN = "#009e73"
INK, FAINT = "#222222", "#dddddd"
LEFT, WIDTH, ROW, RIGHT = 150, 560, 34, 40


class Span(NamedTuple):
    """A stretch of time in one state."""

    start: datetime
    end: datetime
    state: str


class Picture:
    """An SVG file with a time axis, or another one, from left to right."""

    def __init__(self, start: float, end: float, title: str) -> None:
        self._start, self._scale, self._title = start, WIDTH / (end - start), title
        self._parts: list[str] = []
        self.height = 30.0

    def x(self, value: float) -> float:
        """Where a value of the axis is."""
        return LEFT + (value - self._start) * self._scale

    def text(self, x: float, y: float, text: str, anchor: str = "start") -> None:
        """A line of text."""
        self._parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}'
            "</text>"
        )

    def bar(self, start: float, end: float, y: float, fill: str, high: int) -> None:
        """A bar from one value of the axis to another."""
        x, wide = self.x(start), (end - start) * self._scale
        self._parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high}" '
            f'fill="{fill}" shape-rendering="crispEdges"/>'
        )

    def line(self, points: Iterable[tuple[float, float]], style: str) -> None:
        """A line through points of the picture."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._parts.append(f'<polyline points="{path}" fill="none" {style}/>')

    def poll(self, x: float, y: float, *, up: bool) -> None:
        """A poll: a full circle is up, a hollow one is down."""
        fill, stroke = (FILL["up"], INK) if up else ("#ffffff", FILL["down"])
        self._parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{fill}" '
            f'stroke="{stroke}" stroke-width="2"/>'
        )

    def ticks(self, ticks: Iterable[tuple[float, str]], y: float) -> None:
        """Labels of the axis."""
        for value, label in ticks:
            x = self.x(value)
            self.line([(x, y - 6), (x, y - 2)], f'stroke="{INK}"')
            self.text(x, y + 10, label, "middle")

    def legend(
        self, entries: Iterable[tuple[str, str]], *, polls: bool = False
    ) -> None:
        """What the colours and the circles mean, in the first line."""
        x = float(LEFT)
        for name, fill in entries:
            self._parts.append(
                f'<rect x="{x:.1f}" y="6" width="12" height="12" fill="{fill}"/>'
            )
            self.text(x + 17, 16, name)
            x += 30 + 7 * len(name)
        for name, up in [("poll: up", True), ("poll: down", False)] if polls else ():
            self.poll(x + 6, 12, up=up)
            self.text(x + 17, 16, name)
            x += 30 + 7 * len(name)

    def svg(self) -> str:
        """The file."""
        wide = LEFT + WIDTH + RIGHT
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} '
            f'{self.height:.0f}" width="{wide}" height="{self.height:.0f}" role="img" '
            f'font-family="sans-serif" font-size="12" fill="{INK}">'
        )
        white = '<rect width="100%" height="100%" fill="#ffffff"/>'
        title = f"<title>{escape(self._title)}</title>"
        return "\n".join([head, title, white, *self._parts, "</svg>", ""])


def spans(
    polls: Sequence[tuple[datetime, bool]],
    hours: Sequence[tuple[int, str, str]] | None,
    first: datetime,
    last: datetime,
    *,
    zone: str = "UTC",
    policy: Policy | None = None,
) -> list[Span]:
    """The states of one shop, minute by minute; closed time has none."""
    minutes = [
        Window.between(first + i * MINUTE, first + (i + 1) * MINUTE, name=str(i))
        for i in range((last - first) // MINUTE)
    ]
    report = compute_report(
        [("shop", at, up) for at, up in polls],
        None if hours is None else [("shop", *row) for row in hours],
        {"shop": zone},
        as_of=last,
        windows=minutes,
        policy=policy or Policy(),
    )
    found: list[Span] = []
    for i, window in enumerate(minutes):
        sums = report.row("shop")[window.name]
        state = max(FILL, key=partial(getattr, sums)) if sums.open else None
        at = first + i * MINUTE
        if state and found and found[-1].state == state and found[-1].end == at:
            found[-1] = found[-1]._replace(end=at + MINUTE)
        elif state:
            found.append(Span(at, at + MINUTE, state))
    return found


def opened(found: Iterable[Span]) -> list[Span]:
    """The stretches of business time, whatever the states in them."""
    joined: list[Span] = []
    for span in found:
        if joined and joined[-1].end == span.start:
            joined[-1] = joined[-1]._replace(end=span.end)
        else:
            joined.append(span._replace(state="open"))
    return joined


def shorten(name: str, most: int = 19) -> str:
    """A name that fits beside its bar."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def last_week() -> str:
    """The report of the example data, as bars."""
    store = CsvStore(
        DATA / "polls.csv", DATA / "business_hours.csv", DATA / "timezones.csv"
    )
    report = compute_snapshot(store.snapshot())
    picture = Picture(
        0, 168, "The last week of twelve shops, in hours of business time"
    )
    picture.legend(FILL.items())
    for row in report.rows():
        week, at, name = row["last_week"], 0.0, row.store_id
        y = picture.height
        picture.text(LEFT - 8, y + 12, shorten(name), "end")
        for state, fill in FILL.items():
            hours = getattr(week, state) / HOUR
            picture.bar(at, at + hours, y, fill, 16)
            at += hours
        picture.height += 22
    picture.ticks([(h, f"{h} h") for h in range(0, 169, 24)], picture.height + 8)
    picture.height += 24
    return picture.svg()


def who_speaks() -> str:
    """Three polls, and for whom they speak under each extrapolation."""
    day = datetime(2023, 1, 25, tzinfo=UTC)
    first, last = day.replace(hour=9), day.replace(hour=15)
    polls = [
        (day.replace(hour=10), True),
        (day.replace(hour=10, minute=40), False),
        (day.replace(hour=13), True),
    ]
    picture = Picture(9, 15, "Who speaks when, under each extrapolation")
    picture.legend(FILL.items(), polls=True)
    for label, policy in (
        ("previous", Policy()),
        ("next", Policy(extrapolation="next")),
        ("nearest", Policy(extrapolation="nearest")),
        ("previous, no reach", Policy(reach=None)),
        ("previous, first", Policy(initial="first")),
    ):
        y = picture.height
        picture.text(LEFT - 8, y + 15, label, "end")
        for span in spans(polls, None, first, last, policy=policy):
            start, end = ((at - day) / HOUR for at in span[:2])
            picture.bar(start, end, y + 4, FILL[span.state], 14)
        for at, up in polls:
            picture.poll(picture.x((at - day) / HOUR), y + 11, up=up)
        picture.height += ROW
    picture.ticks([(h, f"{h}:00") for h in range(9, 16)], picture.height + 4)
    picture.height += 22
    return picture.svg()


def outage() -> str:
    """A day on which the poller was down for nine hours."""
    first = datetime(2023, 3, 15, 20, tzinfo=UTC)
    last = first + timedelta(hours=24)
    snapshot = CsvStore(
        DATA / "polls.csv", DATA / "business_hours.csv", DATA / "timezones.csv"
    ).snapshot()
    mine = snapshot.polls.where("chicago-diner", first - HOUR, last)
    polls = [(poll.at, poll.up) for poll in mine.rows()]
    hours = [(day, "17:00", "2:30") for day in range(7)]
    picture = Picture(0, 24, "One shop on the day the poller was down")
    picture.legend([*FILL.items(), ("business hours", OPEN)], polls=True)
    y = picture.height
    found = spans(polls, hours, first, last, zone="America/Chicago")
    for label, down in (("polls", 11), ("business hours", 37), ("report", 63)):
        picture.text(LEFT - 8, y + down + 4, label, "end")
    for at, up in polls:
        if at >= first:
            picture.poll(picture.x((at - first) / HOUR), y + 11, up=up)
    for span in opened(found):
        start, end = ((at - first) / HOUR for at in span[:2])
        picture.bar(start, end, y + 30, OPEN, 12)
    for span in found:
        start, end = ((at - first) / HOUR for at in span[:2])
        picture.bar(start, end, y + 54, FILL[span.state], 16)
    picture.height += 80
    local = [(h, (first + h * HOUR).astimezone(CHICAGO)) for h in range(0, 25, 3)]
    picture.ticks([(h, f"{at:%a %H:%M}") for h, at in local], picture.height + 6)
    picture.height += 24
    return picture.svg()


def clock_changes() -> str:
    """A shop with Sunday hours from 1:00 to 5:00, also when clocks change."""
    picture = Picture(0, 8, "Hours from 1:00 to 5:00 on Sundays when clocks change")
    picture.legend([("open from 1:00 to 5:00", OPEN)])
    for label, date in (
        ("an ordinary Sunday", (2023, 3, 5)),
        ("clocks go forward", (2023, 3, 12)),
        ("clocks go back", (2023, 11, 5)),
    ):
        y = picture.height
        midnight = datetime(*date, tzinfo=CHICAGO).astimezone(UTC)
        found = spans(
            [],
            [(6, "1:00", "5:00")],
            midnight,
            midnight + 8 * HOUR,
            zone="America/Chicago",
        )
        picture.text(LEFT - 8, y + 15, label, "end")
        for start, end in ((s.start - midnight, s.end - midnight) for s in found):
            picture.bar(start / HOUR, end / HOUR, y + 4, OPEN, 16)
        clock = [(h, (midnight + h * HOUR).astimezone(CHICAGO)) for h in range(9)]
        picture.ticks([(h, f"{at:%H:%M}") for h, at in clock], y + 32)
        picture.height += 56
    picture.text(
        LEFT + WIDTH / 2,
        picture.height,
        "real time; labels are the wall clock",
        "middle",
    )
    picture.height += 12
    return picture.svg()


def business_time() -> str:
    """G, the business time that has passed, and a stretch between two instants."""
    first = datetime(2023, 1, 25, tzinfo=UTC)
    hours = [(2, "9:00", "17:00"), (3, "9:00", "17:00")]
    picture = Picture(0, 48, "Business time that has passed since midnight")
    ends = [first + h * HOUR for h in range(49)]
    report = compute_report(
        [],
        [("shop", *row) for row in hours],
        {"shop": "UTC"},
        as_of=ends[-1],
        windows=[Window.between(first, end, name=str(end)) for end in ends],
    )
    g = [report.row("shop")[str(end)].open / HOUR for end in ends]
    top, low = 20.0, 190.0

    def y(passed: float) -> float:
        return low - passed * (low - top) / 16

    for start in (9, 33):
        picture.bar(start, start + 8, low + 2, OPEN, 8)
    for passed in (0, 4, 8, 12, 16):
        picture.text(LEFT - 8, y(passed) + 4, f"{passed} h", "end")
        picture.line(
            [(LEFT, y(passed)), (LEFT + WIDTH, y(passed))], f'stroke="{FAINT}"'
        )
    for at, name in ((13, "s"), (36, "e")):
        corner = [(picture.x(at), low), (picture.x(at), y(g[at])), (LEFT, y(g[at]))]
        picture.line(corner, f'stroke="{FILL["down"]}" stroke-dasharray="4 3"')
        picture.text(picture.x(at) + 5, low - 6, name)
        picture.text(LEFT + 6, y(g[at]) - 5, f"G({name})")
    curve = [(picture.x(h), y(passed)) for h, passed in enumerate(g)]
    picture.line(curve, f'stroke="{FILL["up"]}" stroke-width="2.5"')
    days = [(h, f"{first + h * HOUR:%a %H:%M}") for h in range(0, 49, 8)]
    picture.ticks(days, low + 20)
    picture.height = low + 40
    return picture.svg()


def performance() -> str:
    """What whole processes took in the last run of the benchmarks."""
    found = json.loads(RESULTS.read_text(encoding="utf-8"))["parts"]["compare"]
    timings = found["timings"]
    most = max(timing["median"] for timing in timings.values())
    picture = Picture(0, most * 1.25, "Seconds from start to report")
    y = picture.height = 10.0
    for name, timing in timings.items():
        who, what = name.split(", ")
        ours = who == "uptime_core"
        picture.text(LEFT - 8, y + 13, f"{shorten(who)}, {what.split()[0]}", "end")
        median, memory = timing["median"], timing["peak_mb"]
        picture.bar(0, median, y, FILL["up"] if ours else FILL["unknown"], 18)
        label = f"{median:.2f} s, {memory:.0f} MB"
        picture.text(picture.x(median) + 6, y + 13, label)
        y += 26
    picture.text(LEFT, y + 12, f"median of {len(timing['seconds'])} rounds in turns")
    picture.height = y + 24
    return picture.svg()


PICTURES = (
    *(last_week, who_speaks, outage, clock_changes, business_time),
    performance,
)


def main(folder: Path) -> None:
    """Write all pictures."""
    for draw in PICTURES:
        path = folder / f"{draw.__name__.replace('_', '-')}.svg"
        path.write_bytes(draw().encode())
        print(path.name)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else HERE)
