"""A timeline's intervals are a report's number, and each says the truth."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import event, given
from hypothesis import strategies as st
from tests.strategies import Dataset, Shop, datasets, policies, report_of, shop_id

from uptime_core import (
    Accounting,
    BusinessHours,
    Interval,
    Policy,
    Snapshot,
    Timeline,
    timeline,
)
from uptime_core.testing import oracle
from uptime_core.timezones import load_timezone

if TYPE_CHECKING:
    from random import Random

MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)


def timeline_of(dataset: Dataset, number: int, place: int, policy: Policy) -> Timeline:
    start, end = dataset.windows[place]
    return timeline(
        dataset.polls,
        dataset.hours,
        dataset.timezones,
        store_id=shop_id(number),
        start=start,
        end=end,
        as_of=dataset.as_of,
        policy=policy,
    )


def durations(sums: tuple[int, ...]) -> Accounting:
    return Accounting(*(part * MICROSECOND for part in sums))


@given(datasets(), policies())
def test_the_sums_are_those_of_the_report_and_of_the_oracle(
    dataset: Dataset, policy: Policy
) -> None:
    report = report_of(dataset, policy)
    for number, shop in enumerate(dataset.shops):
        for place, (start, end) in enumerate(dataset.windows):
            line = timeline_of(dataset, number, place, policy)
            assert line.accounting == report.row(shop_id(number))[f"w{place}"]
            expected = oracle.account(
                shop.polls,
                start,
                end,
                as_of=dataset.as_of,
                rows=shop.rows,
                timezone=shop.timezone,
                policy=policy,
            )
            assert line.accounting == durations(expected)


@given(datasets(), policies())
def test_intervals_leave_nothing_out_and_differ_from_their_neighbours(
    dataset: Dataset, policy: Policy
) -> None:
    line = timeline_of(dataset, 0, 0, policy)
    start, end = dataset.windows[0]
    intervals = list(line)

    assert (line.start, line.end, len(line)) == (start, end, len(intervals))
    edges = [interval.start for interval in intervals] + [end]
    assert edges == sorted(set(edges)) or start == end
    assert edges[0] == start
    assert [interval.end for interval in intervals] == edges[1:]
    for one, other in pairwise(intervals):
        assert (one.poll, one.hours) != (other.poll, other.hours)
    assert (
        sum((interval.duration for interval in intervals), timedelta()) == end - start
    )
    for place, interval in enumerate(intervals):
        assert interval == line[place]
        assert interval.state == line.state[place]


@given(datasets(), policies())
def test_each_interval_alone_has_the_sums_that_it_says(
    dataset: Dataset, policy: Policy
) -> None:
    """By the oracle, which is asked for each interval as a window of its own."""
    shop = dataset.shops[0]
    for interval in list(timeline_of(dataset, 0, 0, policy))[:20]:
        sums = oracle.account(
            shop.polls,
            interval.start,
            interval.end,
            as_of=dataset.as_of,
            rows=shop.rows,
            timezone=shop.timezone,
            policy=policy,
        )
        states = dict(zip(("up", "down", "unknown"), sums[:3], strict=True))
        length = interval.duration // MICROSECOND
        expected = dict.fromkeys(states, 0)
        if interval.state != "closed":
            expected[interval.state] = length
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


@given(datasets(), policies(), st.data())
def test_each_interval_names_who_speaks_and_which_row_opens(
    dataset: Dataset, policy: Policy, data: st.DataObject
) -> None:
    shop = dataset.shops[0]
    line = timeline_of(dataset, 0, 0, policy)
    if not len(line):
        return
    rows = tuple(BusinessHours.parse(*row) for row in shop.rows or ())
    status: dict[datetime, set[bool]] = {}
    for at, up in shop.polls:
        status.setdefault(at, set()).add(up)
    zone = load_timezone(shop.timezone)
    intervals: list[Interval] = data.draw(
        st.lists(st.sampled_from(list(line)), max_size=8, unique=True)
    )
    for interval in intervals:
        for at in (interval.start, interval.end - MICROSECOND):
            expected = speaker(shop, at, dataset.as_of, policy)
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
        at
        for at in sorted(status)
        if line.start <= at < line.end and at <= dataset.as_of
    ]
    assert [poll.at for poll in line.polls if line.start <= poll.at < line.end] == known
    named = {interval.poll for interval in line} - {None}
    assert named <= set(line.polls)
    assert {poll.at for poll in line.polls} == {*known, *(poll.at for poll in named)}  # type: ignore[union-attr]


@given(datasets(), policies())
def test_transitions_are_where_the_wall_clock_jumps(
    dataset: Dataset, policy: Policy
) -> None:
    line = timeline_of(dataset, 0, 0, policy)
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


@given(datasets(), policies(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_other_shops_change_nothing(
    dataset: Dataset, policy: Policy, random: Random
) -> None:
    expected = timeline_of(dataset, 0, 0, policy)
    polls, hours = dataset.polls * 2, dataset.hours * 2
    random.shuffle(polls)
    random.shuffle(hours)
    own = shop_id(0)
    alone = Snapshot.of(
        [row for row in polls if row[0] == own],
        [row for row in hours if row[0] == own],
        {own: dataset.timezones[own]},
    )
    start, end = dataset.windows[0]
    arguments = {"store_id": own, "start": start, "end": end}
    arguments |= {"as_of": dataset.as_of, "policy": policy}

    shuffled = timeline(polls, hours, dataset.timezones, **arguments)  # type: ignore[arg-type]
    assert timeline(alone, **arguments) == expected  # type: ignore[arg-type]
    assert shuffled == expected
