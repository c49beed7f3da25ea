"""Checks of files that were damaged, and of what a sink makes of them."""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING

from uptime_core.errors import BackEndError
from uptime_core.testing.checks import Checks
from uptime_core.testing.damage import damaged
from uptime_core.testing.failures import keeps, require
from uptime_core.testing.sink_samples import (
    complete,
    job_of,
    renewed,
    report_of,
    running,
    same,
)

if TYPE_CHECKING:
    from uptime_core.abc import ReportSink
    from uptime_core.testing.sink_bench import SinkBench

checks: Checks[SinkBench] = Checks()


@checks("sink.damage", needs=["durable", "notices_damage"])
def damaged_files(bench: SinkBench) -> None:
    """Of damaged files, nothing is given that was not there before."""
    for number in range(1, 4):
        claimed = running(job_of(number, idempotency_key=f"k{number}"))
        bench.add(claimed)
        if number > 1:
            bench.swap(claimed, complete(claimed), report=report_of(number))
    bench.add(renewed(running(job_of(4))))
    bench.close()
    for told in damaged(bench.place, Random(4)):  # noqa: S311  # no secret
        with keeps("sink.damage", told):
            try:
                _require_nothing_wrong(bench)
            finally:
                bench.close()
    bench.reopen()
    bench.holds("sink.damage")


def _require_nothing_wrong(bench: SinkBench) -> None:
    """Fail if a sink gives what was never there, or knows nothing of what was.

    What is damaged is an error, and not as if it were not there: otherwise there would
    be a second report for its key. Among all jobs it may be left out.
    """
    damage = (BackEndError, OSError)
    sink: ReportSink | None = None
    with suppress(*damage):
        sink = bench.open()
    if sink is None:
        return
    for report_id, job in bench.jobs.items():
        with suppress(*damage):
            found = sink.job(report_id)
            require(found == job, f"job {report_id} is {found}")
        expected = bench.reports.get(report_id)
        with suppress(*damage):
            report = sink.report(report_id)
            is_right = report is expected or (expected and same(report, expected))
            require(is_right, f"the report of {report_id} is {report}")
        with suppress(*damage):
            added = sink.swap(None, job, report=expected)
            require(not added, f"job {report_id} was added once more")
    with suppress(*damage):
        for there in sink.jobs():
            require(there == bench.jobs.get(there.report_id), f"a job is {there}")
