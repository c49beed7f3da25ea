"""Uses the testing kit the way users do; checked by mypy, never run."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from datetime import datetime, timedelta
from typing import Any, assert_type

from hypothesis import given
from hypothesis import strategies as st

from uptime_core import (
    MemorySink,
    MemoryStore,
    Policy,
    PollColumns,
    ReportManager,
    ReportSink,
    Store,
    SupportsIngest,
    WeeklySchedule,
    Window,
    compute_report,
    load_csv,
)
from uptime_core.testing import (
    Dataset,
    FaultySink,
    FaultyStore,
    FixedClock,
    InlineExecutor,
    ManualClock,
    SteppingExecutor,
    golden,
    oracle,
    strategies,
)
from uptime_core.testing.hostile import HostileCsv


def drawn() -> None:
    assert_type(strategies.datasets(), st.SearchStrategy[Dataset])
    assert_type(strategies.policies(), st.SearchStrategy[Policy])
    assert_type(strategies.windows(), st.SearchStrategy[Window])
    assert_type(strategies.poll_columns(), st.SearchStrategy[PollColumns])
    assert_type(strategies.weekly_schedules(), st.SearchStrategy[WeeklySchedule])
    assert_type(strategies.timezones(hostile=True), st.SearchStrategy[str])
    assert_type(strategies.instants(), st.SearchStrategy[datetime])
    assert_type(strategies.polls(), st.SearchStrategy[list[tuple[str, datetime, bool]]])
    assert_type(
        strategies.business_hours(),
        st.SearchStrategy[tuple[tuple[int, str, str], ...]],
    )
    assert_type(strategies.hostile_csv("polls"), st.SearchStrategy[HostileCsv])
    assert_type(strategies.simplest(strategies.policies()), Policy)


@given(strategies.datasets(), strategies.policies())
def test_sums(dataset: Dataset, policy: Policy) -> None:
    report = compute_report(**dataset.arguments, policy=policy)
    sums = oracle.account_all(**dataset.arguments, policy=policy)
    assert_type(sums, dict[str, tuple[oracle.Sums, ...]])
    assert oracle.sums_of(report) == sums
    compute_report(dataset.polls, dataset.schedules, dataset.timezones)
    load_csv(MemoryStore(), **dataset.write_csv("."))
    dataset.fill(MemoryStore())


def deterministic(at: datetime) -> None:
    executor: Executor = InlineExecutor()
    stepping = SteppingExecutor()
    assert_type(stepping.submit(len, "a"), Future[int])
    assert_type(stepping.pending, tuple[Future[Any], ...])
    clock = ManualClock(at)
    assert_type(clock.advance(timedelta(hours=1)), datetime)
    sink: ReportSink = FaultySink(MemorySink(), 3, when="after")
    store: Store = FaultyStore(MemoryStore(), error=OSError, methods=["polls"])
    ReportManager(store, sink, executor=executor, clock=clock)
    ReportManager(store, executor=stepping, clock=FixedClock(at))
    if isinstance(store, SupportsIngest):
        store.add_polls([("a", at, True)])


def vectors() -> None:
    case = golden.load().cases[0]
    assert_type(case.expected, tuple[oracle.Sums, ...])
    assert_type(golden.mismatches(lambda case: case.expected), list[str])
