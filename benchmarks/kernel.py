"""The computation in memory: by phase, by share of flips, in one thread and in two.

python benchmarks/kernel.py --polls POLLS --hours HOURS --timezones ZONES
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

import data
import part
from uptime_core import (
    DEFAULT_WINDOWS,
    MemoryStore,
    Policy,
    PollColumns,
    ReportManager,
    ReportRequest,
    compute_report,
    compute_snapshot,
)
from uptime_core.computation import Computation
from uptime_core.kernel.accumulate import accumulate
from uptime_core.kernel.extrapolate import extrapolate, settle
from uptime_core.kernel.weekly import BusinessTime, WeeklyTable
from uptime_core.sort_speed import sorts_slowly

if TYPE_CHECKING:
    from collections.abc import Callable

    from uptime_core import Report

FLIPS = (0.01, 0.10, 0.50)
TIMES = 4  # as much for the threads, so that there are several blocks for each


def measure(setting: part.Setting) -> part.Findings:
    """Measure all three."""
    columns = data.read(setting.files, setting.seed)
    report = compute_report(*columns, policy=part.EVERYONE_SPEAKS)
    check_phases(columns, report)
    timings = part.in_turns(phases(columns), setting.rounds)
    sort, whole = timings["np.sort of as many int64"], timings["compute_report"]
    figures = {
        "compute_to_sort": whole.median / sort.median,
        "polls_a_second": len(columns.polls) / whole.median,
        "sort_ns_a_poll": sort.median / len(columns.polls) * 1e9,
    }
    flips = part.in_turns(flipping(columns, setting.seed), setting.rounds)
    few, some, many = (timing.median for timing in flips.values())
    figures |= {"flips_10": some / few, "flips_50": many / few}
    many_columns = data.repeat(columns, TIMES, setting.seed)
    with (
        ThreadPoolExecutor(1) as one,
        ThreadPoolExecutor(2) as two,
    ):
        work, close = threads(many_columns, one, two)
        threaded = part.in_turns(work, max(setting.rounds // 2, 1))
        close()
    sort_1, sort_2, one_1, two_2, manager_1, manager_2 = (
        timing.median for timing in threaded.values()
    )
    figures |= {
        "two_threads_sort": sort_1 / sort_2,
        "two_threads": one_1 / two_2,
        "two_threads_manager": manager_1 / manager_2,
    }
    return part.Findings(
        data=f"in memory, polls in random order, {part.described(report)}; "
        f"threads with {TIMES} times as many",
        agreed="the phases' sums, and the reports of one and two threads and of "
        "managers, are those of compute_report in every shop",
        timings=timings | flips | threaded,
        figures=figures,
    )


def phases(columns: data.Columns) -> dict[str, Callable[[], object]]:
    """What a report is made of, each step on the results of the one before."""
    unsorted = np.random.default_rng(7).integers(1 << 62, size=len(columns.polls))
    computation, snapshot, cut_blocks = cut(columns)
    blocks = [block.columns() for block in cut_blocks]
    as_of = computation.request.as_of
    assert as_of is not None  # noqa: S101  # the newest poll
    bounds = np.array([w.bounds(as_of) for w in DEFAULT_WINDOWS])
    starts, ends = np.ascontiguousarray(bounds.T)
    low, high = int(starts.min()), int(ends.max())
    policy = computation.request.policy

    def settled() -> list[Any]:
        return [
            settle(
                b.poll_shop,
                b.poll_at,
                b.poll_status,
                by_shop=sorts_slowly(len(b.poll_at)),
            )
            for b in blocks
        ]

    def extrapolated() -> list[Any]:
        return [
            extrapolate(
                polls,
                method=policy.extrapolation,
                reach=policy.reach_micros,
                initial=policy.initial,
                low=low,
                high=min(high, as_of),
            )
            for polls in polls_of_blocks
        ]

    def opened() -> list[Any]:
        return [
            BusinessTime.of(
                WeeklyTable.of(b.shops, b.row_shop, b.row_start, b.row_end),
                b.zone,
                b.segments,
                low,
                high,
            )
            for b in blocks
        ]

    def accumulated() -> list[Any]:
        return [
            accumulate(spans, business, starts, ends)
            for spans, business in zip(spans_of_blocks, business_of_blocks, strict=True)
        ]

    polls_of_blocks = settled()
    spans_of_blocks = extrapolated()
    business_of_blocks = opened()
    return {
        "np.sort of as many int64": lambda: np.sort(unsorted),
        "compute_report": lambda: compute_report(*columns, policy=policy),
        "phase: select shops, cut blocks": lambda: [
            block.columns()
            for block in Computation(computation.request).blocks(snapshot)
        ],
        "phase: settle": settled,
        "phase: extrapolate": extrapolated,
        "phase: weekly hours": opened,
        "phase: accumulate": accumulated,
    }


def cut(columns: data.Columns) -> tuple[Computation, Any, list[Any]]:
    """The blocks that a report is computed in."""
    snapshot = columns.snapshot()
    request = ReportRequest(
        windows=DEFAULT_WINDOWS, as_of=snapshot.newest(), policy=part.EVERYONE_SPEAKS
    )
    computation = Computation(request)
    return computation, snapshot, list(computation.blocks(snapshot))


def check_phases(columns: data.Columns, report: Report) -> None:
    """See that the phases, one after the other, have the report's sums.

    Raises:
        ValueError: They have not.
    """
    computation, _, blocks = cut(columns)
    whole = list(map(computation.compute, blocks))
    ours = part.sums_of(report)
    part.check_sums("block by block", ours, part.sums_of(computation.report(whole)))
    phased: Any = phases(columns)["phase: accumulate"]()
    for number, (block, sums) in enumerate(zip(whole, phased, strict=True)):
        shops, theirs = (
            dict(enumerate(np.hstack(each).tolist())) for each in (block.sums, sums)
        )
        part.check_sums(f"block {number} by phases", shops, theirs)


def flipping(columns: data.Columns, seed: int) -> dict[str, Callable[[], object]]:
    """Reports under the default policy of polls of which some differ from the last."""
    random = np.random.default_rng(seed)
    polls, hours, timezones = columns
    order = np.lexsort((polls.at, polls.code))
    work: dict[str, Callable[[], object]] = {}
    for share in FLIPS:
        status = np.empty(len(polls), np.uint8)
        status[order] = np.cumsum(random.random(len(polls)) < share) & 1
        flipped = PollColumns(polls.store_ids, polls.code, polls.at, status)
        work[f"flips: {share:.0%} of polls"] = partial(
            compute_report, flipped, hours, timezones, policy=Policy()
        )
    return work


def threads(
    columns: data.Columns, one: ThreadPoolExecutor, two: ThreadPoolExecutor
) -> tuple[dict[str, Callable[[], object]], Callable[[], None]]:
    """The same work in one thread and in two; and what ends the managers.

    Raises:
        ValueError: The reports differ.
    """
    snapshot, policy = columns.snapshot(), part.EVERYONE_SPEAKS
    halves = np.array_split(
        np.random.default_rng(7).integers(1 << 62, size=len(columns.polls)), 8
    )
    store = MemoryStore(*columns)
    single = ReportManager(store, executor=one, max_workers=1)
    double = ReportManager(store, executor=two, max_workers=2)

    def through(manager: ReportManager) -> Any:  # noqa: ANN401
        report_id = manager.trigger(policy=policy)
        manager.wait(report_id)
        report = manager.get(report_id)
        manager.delete(report_id)
        return report

    def close() -> None:
        single.close()
        double.close()

    work: dict[str, Callable[[], Any]] = {
        "1 thread: np.sort of eight parts": lambda: list(one.map(np.sort, halves)),
        "2 threads: np.sort of eight parts": lambda: list(two.map(np.sort, halves)),
        "1 thread: compute_report": lambda: compute_snapshot(
            snapshot, policy=policy, executor=one
        ),
        "2 threads: compute_report": lambda: compute_snapshot(
            snapshot, policy=policy, executor=two
        ),
        "1 thread: ReportManager": lambda: through(single),
        "2 threads: ReportManager": lambda: through(double),
    }
    ours = part.sums_of(compute_snapshot(snapshot, policy=policy))
    for name, call in list(work.items())[2:]:
        part.check_sums(name, ours, part.sums_of(call()))
    return work, close


if __name__ == "__main__":
    part.run(measure, __doc__, rounds=9)
