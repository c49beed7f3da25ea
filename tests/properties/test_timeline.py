"""A timeline's intervals are a report's number, and each says the truth."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import event, given
from hypothesis import strategies as st

from uptime_core import (
    Accounting,
    BusinessHours,
    Interval,
    Policy,
    Snapshot,
    Timeline,
    Window,
    compute_report,
    timeline,
)
from uptime_core.instants import to_datetime, to_micros
from uptime_core.testing import Dataset, Shop, oracle
from uptime_core.testing.strategies import anchors, datasets, policies
from uptime_core.timezones import load_timezone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)

DATASETS = datasets(about=anchors(first_year=1))


def known_shops(dataset: Dataset) -> list[Shop]:
    """Those that a report has: not a shop of which there are later polls only."""
    return [
        shop
        for shop in dataset.shops
        if shop.timezone is not None
        or shop.rows is not None
        or any(at <= dataset.as_of for at, _ in shop.polls)
    ]


def timeline_of(
    dataset: Dataset, shop: Shop, window: Window, policy: Policy
) -> Timeline:
    return timeline(
        dataset.polls,
        dataset.hours,
        dataset.timezones,
        store_id=shop.store_id,
        window=window,
        as_of=dataset.as_of,
        policy=policy,
    )


def lines_of(dataset: Dataset, policy: Policy) -> Iterator[tuple[Shop, Timeline]]:
    """The shops, and the timeline of each in the first window."""
    for shop in known_shops(dataset):
        yield shop, timeline_of(dataset, shop, dataset.windows[0], policy)


def bounds(window: Window, as_of: datetime) -> tuple[datetime, datetime]:
    start, end = window.bounds(to_micros(as_of))
    return to_datetime(start), to_datetime(end)


def zone_name(shop: Shop, policy: Policy) -> str:
    name = shop.timezone or policy.default_timezone
    assert name is not None
    return name


def durations(sums: tuple[int, ...]) -> Accounting:
    return Accounting(*(part * MICROSECOND for part in sums))


@given(DATASETS, policies())
def test_the_sums_are_those_of_the_report_and_of_the_oracle(
    dataset: Dataset, policy: Policy
) -> None:
    report = compute_report(**dataset.arguments, policy=policy)
    shops = known_shops(dataset)
    assert [*report.store_ids] == sorted(shop.store_id for shop in shops)
    for shop in shops:
        for window in dataset.windows:
            line = timeline_of(dataset, shop, window, policy)
            assert line.accounting == report.row(shop.store_id)[window.name]
            expected = oracle.account(
                shop.polls,
                *bounds(window, dataset.as_of),
                as_of=dataset.as_of,
                rows=shop.rows,
                timezone=zone_name(shop, policy),
                policy=policy,
            )
            assert line.accounting == durations(expected)


@given(DATASETS, policies())
def test_intervals_leave_nothing_out_and_differ_from_their_neighbours(
    dataset: Dataset, policy: Policy
) -> None:
    start, end = bounds(dataset.windows[0], dataset.as_of)
    for _, line in lines_of(dataset, policy):
        intervals = list(line)

        assert (line.start, line.end, len(line)) == (start, end, len(intervals))
        edges = [interval.start for interval in intervals] + [end]
        assert edges == sorted(set(edges)) or start == end
        assert edges[0] == start
        assert [interval.end for interval in intervals] == edges[1:]
        for one, other in pairwise(intervals):
            assert (one.poll, one.hours) != (other.poll, other.hours)
        lengths = (interval.duration for interval in intervals)
        assert sum(lengths, timedelta()) == end - start
        for place, interval in enumerate(intervals):
            assert interval == line[place]
            assert interval.state == line.state[place]


@given(DATASETS, policies())
def test_each_interval_alone_has_the_sums_that_it_says(
    dataset: Dataset, policy: Policy
) -> None:
    """By the oracle, which is asked for each interval as a window of its own."""
    for shop, line in lines_of(dataset, policy):
        for interval in list(line)[:20]:
            sums = oracle.account(
                shop.polls,
                interval.start,
                interval.end,
                as_of=dataset.as_of,
                rows=shop.rows,
                timezone=zone_name(shop, policy),
                policy=policy,
            )
            states = dict(zip(("up", "down", "unknown"), sums[:3], strict=True))
            expected = dict.fromkeys(states, 0)
            if interval.state != "closed":
                expected[interval.state] = interval.duration // MICROSECOND
            assert states == expected


def speaker(
    shop: Shop, at: datetime, as_of: datetime, policy: Policy
) -> datetime | None:
    """The instant of the poll that speaks, straight from the text of the policy."""
    instants = sorted({instant for instant, _ in shop.polls if instant <= as_of})
    if at >= as_of:
        return None
    reach = timedelta.max if policy.reach is None else policy.reach
    for place, own in enumerate(instants):
        before = instants[place - 1] if place else None
        after = instants[place + 1] if place + 1 < len(instants) else None
        ahead, behind = own - at, at - own
        if policy.extrapolation == "previous":
            speaks = at >= own and behind < reach and (after is None or at < after)
            if before is None and policy.initial == "first":
                speaks = speaks or (at < own and ahead <= reach)
        elif policy.extrapolation == "next":
            speaks = at < own and ahead <= reach and (before is None or at >= before)
        else:
            speaks = ahead <= reach and behind < reach
            if before is not None:
                speaks = speaks and at >= before + (own - before) // 2
            if after is not None:
                speaks = speaks and at < own + (after - own) // 2
        if speaks:
            return own
    return None


def row_that_opens(
    rows: tuple[BusinessHours, ...], local: datetime
) -> BusinessHours | None:
    """The row that opened first, and of several the one that closes last."""
    found = []
    for row in rows:
        for days_ago in range(3):
            day = local.replace(tzinfo=None) - days_ago * DAY
            midnight = day.replace(hour=0, minute=0, second=0, microsecond=0)
            opens = midnight + row.start * MICROSECOND
            closes = midnight + row.end * MICROSECOND
            now = local.replace(tzinfo=None)
            if midnight.weekday() == row.day and opens <= now < closes:
                found.append(((opens, -(closes - opens)), row))
    return min(found, default=(None, None), key=lambda pair: pair[0])[1]


@given(DATASETS, policies(), st.data())
def test_each_interval_names_who_speaks_and_which_row_opens(
    dataset: Dataset, policy: Policy, data: st.DataObject
) -> None:
    for shop, line in lines_of(dataset, policy):
        if len(line):
            several = st.lists(st.sampled_from(list(line)), max_size=8, unique=True)
            assert_true(shop, line, data.draw(several))


def assert_true(shop: Shop, line: Timeline, intervals: list[Interval]) -> None:
    rows = tuple(BusinessHours.parse(*row) for row in shop.rows or ())
    status: dict[datetime, set[bool]] = {}
    for at, up in shop.polls:
        status.setdefault(at, set()).add(up)
    zone = load_timezone(zone_name(shop, line.policy))
    for interval in intervals:
        for at in (interval.start, interval.end - MICROSECOND):
            expected = speaker(shop, at, line.as_of, line.policy)
            assert (interval.poll and interval.poll.at) == expected
            assert interval.hours == row_that_opens(rows, at.astimezone(zone))
        if interval.poll is not None:
            both = status[interval.poll.at]
            assert interval.poll.up == min(both)
            in_window = line.start <= interval.poll.at < line.end
            assert interval.conflict == (len(both) == 2 and in_window)
            event("a poll speaks")
        if interval.state == "closed":
            assert interval.hours is None
        elif interval.poll is None:
            assert interval.state == "unknown"
        else:
            assert interval.state == ("up" if interval.poll.up else "down")
    known = [
        at for at in sorted(status) if line.start <= at < line.end and at <= line.as_of
    ]
    assert [poll.at for poll in line.polls if line.start <= poll.at < line.end] == known
    named = {interval.poll for interval in line} - {None}
    assert named <= set(line.polls)
    assert {poll.at for poll in line.polls} == {*known, *(poll.at for poll in named)}  # type: ignore[union-attr]


@given(DATASETS, policies())
def test_transitions_are_where_the_wall_clock_jumps(
    dataset: Dataset, policy: Policy
) -> None:
    for shop, line in lines_of(dataset, policy):
        assert line.timezone == zone_name(shop, policy)
        assert_transitions(line)


def assert_transitions(line: Timeline) -> None:
    zone = load_timezone(line.timezone)
    offset = line.start.astimezone(zone).utcoffset()
    for change in line.transitions:
        assert line.start < change.at < line.end
        before = (change.at - MICROSECOND).astimezone(zone).utcoffset()
        assert offset == before == change.before
        offset = change.at.astimezone(zone).utcoffset()
        assert offset == change.after != change.before
    if line.start < line.end:
        assert offset == (line.end - MICROSECOND).astimezone(zone).utcoffset()
    assert line.zone.key == line.timezone
    assert line.local(line.start).astimezone(UTC) == line.start


@given(DATASETS, policies(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_other_shops_change_nothing(
    dataset: Dataset, policy: Policy, random: Random
) -> None:
    polls, hours = dataset.polls * 2, dataset.hours * 2
    random.shuffle(polls)
    random.shuffle(hours)
    for shop, expected in lines_of(dataset, policy):
        own = shop.store_id
        alone = Snapshot.of(
            [row for row in polls if row[0] == own],
            [row for row in hours if row[0] == own],
            {own: shop.timezone} if shop.timezone else {},
        )
        arguments = {"store_id": own, "window": dataset.windows[0]}
        arguments |= {"as_of": dataset.as_of, "policy": policy}

        shuffled = timeline(polls, hours, dataset.timezones, **arguments)  # type: ignore[arg-type]
        assert timeline(alone, **arguments) == expected  # type: ignore[arg-type]
        assert shuffled == expected
