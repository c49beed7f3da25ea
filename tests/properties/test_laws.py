"""The laws that every report obeys, exact, at a fixed `as_of`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import attrs
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from uptime_core import Policy, PollColumns, Report, Window, compute_report
from uptime_core.instants import to_datetime, to_micros
from uptime_core.testing import Dataset, Shop
from uptime_core.testing.strategies import datasets, policies

if TYPE_CHECKING:
    from random import Random

HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)
FIXED_OFFSETS = st.sampled_from(("UTC", "Etc/GMT+12", "Etc/GMT-14", "Etc/GMT+5"))


def compute(dataset: Dataset, policy: Policy, **changes: object) -> Report:
    return compute_report(**{**dataset.arguments, "policy": policy, **changes})


def bounds(dataset: Dataset) -> list[tuple[int, int]]:
    as_of = to_micros(dataset.as_of)
    return [window.bounds(as_of) for window in dataset.windows]


def between(start: int, end: int, name: str) -> Window:
    return Window.between(to_datetime(start), to_datetime(end), name=name)


@given(datasets(), policies())
def test_up_down_and_unknown_make_up_open(dataset: Dataset, policy: Policy) -> None:
    report = compute(dataset, policy)
    lengths = [end - start for start, end in bounds(dataset)]
    assert np.array_equal(report.up + report.down + report.unknown, report.open)
    for sums in (report.up, report.down, report.unknown):
        assert (sums >= 0).all()
    assert (report.open <= np.array(lengths)).all()


@given(datasets(), policies(), st.fractions(0, 1))
def test_a_window_is_the_sum_of_its_parts(
    dataset: Dataset, policy: Policy, share: float
) -> None:
    start, end = bounds(dataset)[0]
    cut = start + int((end - start) * share)
    windows = [
        between(start, end, "whole"),
        between(start, cut, "left"),
        between(cut, end, "right"),
    ]
    report = compute(dataset, policy, windows=windows)
    for sums in (report.up, report.down, report.unknown, report.open):
        assert np.array_equal(sums[:, 0], sums[:, 1] + sums[:, 2])


@given(datasets(), policies(), st.randoms(use_true_random=False))
def test_order_repeats_and_batches_change_no_byte(
    dataset: Dataset, policy: Policy, random: Random
) -> None:
    expected = compute(dataset, policy).to_csv(columns="extended", decimals=9)
    polls, hours = dataset.polls * 2, dataset.hours * 2
    random.shuffle(polls)
    random.shuffle(hours)
    timezones = list(dataset.timezones.items()) * 2
    random.shuffle(timezones)
    shuffled = compute(
        dataset,
        policy,
        polls=PollColumns.from_rows(polls),
        hours=hours,
        timezones=timezones,
    )
    assert shuffled.to_csv(columns="extended", decimals=9) == expected
    assert shuffled == compute(dataset, policy)


@given(datasets(), policies())
def test_one_shop_alone_has_the_row_it_has_in_the_whole_report(
    dataset: Dataset, policy: Policy
) -> None:
    whole = compute(dataset, policy)
    for store_id in whole.store_ids:
        alone = compute(dataset, policy, stores=[store_id])
        assert list(alone.rows()) == [whole.row(store_id)]
        header, line, _ = alone.to_csv().split("\n")
        assert header == whole.to_csv().split("\n")[0]
        assert line in whole.to_csv().split("\n")


@given(datasets(), policies(), datasets())
def test_other_shops_change_nothing(
    dataset: Dataset, policy: Policy, others: Dataset
) -> None:
    rows = list(compute(dataset, policy).rows())
    renamed = tuple(
        attrs.evolve(shop, store_id=f"another {number}")
        for number, shop in enumerate(others.shops)
    )
    more = attrs.evolve(dataset, shops=dataset.shops + renamed)
    crowded = compute(more, policy)
    for row in rows:
        assert crowded.row(row.store_id) == row


@given(datasets(zones=FIXED_OFFSETS), policies(), st.integers(-500, 500))
def test_shifting_by_whole_weeks_changes_nothing_at_a_fixed_offset(
    dataset: Dataset, policy: Policy, weeks: int
) -> None:
    shift = timedelta(weeks=weeks)
    micros = shift // MICROSECOND
    shifted = Dataset(
        shops=tuple(
            attrs.evolve(shop, polls=tuple((at + shift, up) for at, up in shop.polls))
            for shop in dataset.shops
        ),
        as_of=dataset.as_of + shift,
        windows=tuple(
            window
            if window.start is None or window.end is None
            else attrs.evolve(
                window, start=window.start + micros, end=window.end + micros
            )
            for window in dataset.windows
        ),
    )
    before, after = compute(dataset, policy), compute(shifted, policy)
    for name in ("up", "down", "unknown", "open"):
        assert np.array_equal(getattr(before, name), getattr(after, name))


@given(datasets(rows=st.none()), policies())
def test_a_shop_that_never_closes_is_open_for_the_whole_window(
    dataset: Dataset, policy: Policy
) -> None:
    report = compute(dataset, attrs.evolve(policy, missing_hours="open"))
    lengths = [end - start for start, end in bounds(dataset)]
    assert (report.open == np.array(lengths)).all()


@given(datasets(), policies())
def test_swapping_up_and_down_swaps_the_columns(
    dataset: Dataset, policy: Policy
) -> None:
    def without_conflicts(shop: Shop, *, swap: bool) -> Shop:
        status = dict(shop.polls)
        return attrs.evolve(
            shop, polls=tuple((at, up != swap) for at, up in status.items())
        )

    plain, swapped = (
        compute(
            attrs.evolve(
                dataset,
                shops=tuple(without_conflicts(s, swap=swap) for s in dataset.shops),
            ),
            policy,
        )
        for swap in (False, True)
    )
    assert np.array_equal(plain.up, swapped.down)
    assert np.array_equal(plain.down, swapped.up)
    assert np.array_equal(plain.unknown, swapped.unknown)


@given(datasets(), policies(), st.integers(0, 10**11))
def test_a_larger_reach_never_observes_less(
    dataset: Dataset, policy: Policy, more: int
) -> None:
    if policy.reach is None or policy.reach > timedelta(days=1000):
        policy = attrs.evolve(policy, reach=HOUR)
    assert policy.reach is not None
    near = compute(dataset, policy)
    for reach in (policy.reach + timedelta(microseconds=more), None):
        far = compute(dataset, attrs.evolve(policy, reach=reach))
        assert (far.up + far.down >= near.up + near.down).all()


@given(datasets(), policies(), st.integers(0, 10**12))
def test_a_longer_window_never_has_less(
    dataset: Dataset, policy: Policy, more: int
) -> None:
    start, end = bounds(dataset)[0]
    windows = [between(start, end, "short"), between(start - more, end, "long")]
    report = compute(dataset, policy, windows=windows)
    for sums in (report.up, report.down, report.unknown, report.open):
        assert (sums[:, 1] >= sums[:, 0]).all()
