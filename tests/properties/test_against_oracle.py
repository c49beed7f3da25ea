"""The fast path gives exactly what the oracle gives, which shares no code with it."""

from __future__ import annotations

from hypothesis import event, given
from tests.strategies import Dataset, datasets, policies, shop_id

from uptime_core import Policy, Report, compute_report
from uptime_core.testing import oracle


def report_of(dataset: Dataset, policy: Policy) -> Report:
    shops = [shop_id(number) for number in range(len(dataset.shops))]
    return compute_report(
        dataset.polls,
        dataset.hours,
        dataset.timezones,
        as_of=dataset.as_of,
        windows=dataset.report_windows,
        stores=shops,
        policy=policy,
    )


@given(datasets(), policies())
def test_every_sum_is_the_oracles(dataset: Dataset, policy: Policy) -> None:
    report = report_of(dataset, policy)
    for number, shop in enumerate(dataset.shops):
        row = report.row(shop_id(number))
        for place, (start, end) in enumerate(dataset.windows):
            expected = oracle.account(
                shop.polls,
                start,
                end,
                as_of=dataset.as_of,
                rows=shop.rows,
                timezone=shop.timezone,
                policy=policy,
            )
            if 0 < expected.unknown < expected.open:
                event("something observed, something unknown")
            assert expected == (
                row.up[place],
                row.down[place],
                row.unknown[place],
                row.open[place],
            )
