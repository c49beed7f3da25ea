"""The fast path gives exactly what the oracle gives, which shares no code with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import event, given
from hypothesis import strategies as st

from uptime_core import Policy, compute_report
from uptime_core.testing import oracle
from uptime_core.testing.strategies import (
    anchors,
    business_hours,
    datasets,
    policies,
)

if TYPE_CHECKING:
    from uptime_core.testing import Dataset

CLOSED_OR_NOT = st.one_of(st.just(()), st.none(), business_hours())


@given(
    st.one_of(
        datasets(),
        datasets(about=anchors(first_year=1), rows=CLOSED_OR_NOT),
    ),
    policies(),
)
def test_every_sum_is_the_oracles(dataset: Dataset, policy: Policy) -> None:
    report = compute_report(**dataset.arguments, policy=policy)

    sums = oracle.account_all(**dataset.arguments, policy=policy)
    assert oracle.sums_of(report) == sums
    for shop in sums.values():
        if any(0 < window.unknown < window.open for window in shop):
            event("something observed, something unknown")
