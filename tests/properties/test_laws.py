"""The laws that every report obeys, exact, at a fixed `as_of`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import attrs
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.properties.test_against_oracle import report_of
from tests.strategies import HOUR, Dataset, Shop, datasets, policies

from uptime_core import Policy, PollColumns, Report, Window, compute_report

if TYPE_CHECKING:
    from random import Random

FIXED_OFFSETS = st.sampled_from(("UTC", "Etc/GMT+12", "Etc/GMT-14", "Etc/GMT+5"))


def compute(dataset: Dataset, policy: Policy, **changes: object) -> Report:
    arguments: dict[str, object] = {
        "polls": dataset.polls,
        "hours": dataset.hours,
        "timezones": dataset.timezones,
        "as_of": dataset.as_of,
        "windows": dataset.report_windows,
        "policy": policy,
        **changes,
    }
    return compute_report(**arguments)  # type: ignore[arg-type]


@given(datasets(), policies())
def test_up_down_and_unknown_make_up_open(dataset: Dataset, policy: Policy) -> None:
    report = compute(dataset, policy)
    lengths = [
        (end - start) // timedelta(microseconds=1) for start, end in dataset.windows
    ]
    assert np.array_equal(report.up + report.down + report.unknown, report.open)
    for sums in (report.up, report.down, report.unknown):
        assert (sums >= 0).all()
    assert (report.open <= np.array(lengths)).all()


@given(datasets(), policies(), st.fractions(0, 1))
def test_a_window_is_the_sum_of_its_parts(
    dataset: Dataset, policy: Policy, share: float
) -> None:
    start, end = dataset.windows[0]
    micros = (end - start) // timedelta(microseconds=1)
    cut = start + timedelta(microseconds=int(micros * share))
    windows = [
        Window.between(start, end, name="whole"),
        Window.between(start, cut, name="left"),
        Window.between(cut, end, name="right"),
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
        header, line = alone.to_csv().splitlines()
        assert header == whole.to_csv().splitlines()[0]
        assert line in whole.to_csv().splitlines()


@given(datasets(), policies(), datasets())
def test_other_shops_change_nothing(
    dataset: Dataset, policy: Policy, others: Dataset
) -> None:
    rows = list(compute(dataset, policy).rows())
    more = attrs.evolve(dataset, shops=dataset.shops + others.shops)
    crowded = compute(more, policy)
    for row in rows:
        assert crowded.row(row.store_id) == row


@given(datasets(zones=FIXED_OFFSETS), policies(), st.integers(-500, 500))
def test_shifting_by_whole_weeks_changes_nothing_at_a_fixed_offset(
    dataset: Dataset, policy: Policy, weeks: int
) -> None:
    shift = timedelta(weeks=weeks)
    shifted = Dataset(
        shops=tuple(
            attrs.evolve(shop, polls=tuple((at + shift, up) for at, up in shop.polls))
            for shop in dataset.shops
        ),
        as_of=dataset.as_of + shift,
        windows=tuple((start + shift, end + shift) for start, end in dataset.windows),
    )
    before, after = report_of(dataset, policy), report_of(shifted, policy)
    for name in ("up", "down", "unknown", "open"):
        assert np.array_equal(getattr(before, name), getattr(after, name))


@given(datasets(rows=st.none()), policies())
def test_a_shop_that_never_closes_is_open_for_the_whole_window(
    dataset: Dataset, policy: Policy
) -> None:
    report = compute(dataset, attrs.evolve(policy, missing_hours="open"))
    lengths = [
        (end - start) // timedelta(microseconds=1) for start, end in dataset.windows
    ]
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
    start, end = dataset.windows[0]
    windows = [
        Window.between(start, end, name="short"),
        Window.between(start - timedelta(microseconds=more), end, name="long"),
    ]
    report = compute(dataset, policy, windows=windows)
    for sums in (report.up, report.down, report.unknown, report.open):
        assert (sums[:, 1] >= sums[:, 0]).all()
