"""All checks of sinks, and a function that runs them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from uptime_core.abc import ReportSink
from uptime_core.testing import (
    sink_checks,
    sink_damage_checks,
    sink_durable_checks,
    sink_race_checks,
    sink_random_checks,
    sink_refusal_checks,
)
from uptime_core.testing.back_ends import SinkBackEnd, back_end_class, back_end_of
from uptime_core.testing.check_runs import run_check, run_checks
from uptime_core.testing.failures import require
from uptime_core.testing.folders import scratch
from uptime_core.testing.sink_bench import SinkBench

if TYPE_CHECKING:
    from collections.abc import Callable

    from uptime_core.testing.checks import Check

SINK_CHECKS: tuple[Check[SinkBench], ...] = (
    *(*sink_checks.checks, *sink_refusal_checks.checks, *sink_race_checks.checks),
    *(*sink_durable_checks.checks, *sink_damage_checks.checks),
    *sink_random_checks.checks,
)
"""All checks of sinks; those that apply depend on what a back end promises."""


def sink_checks_of(back_end: SinkBackEnd) -> list[Check[SinkBench]]:
    """The checks that apply to a back end.

    Raises:
        AssertionError: What it makes is no sink.
    """
    with scratch() as folder:
        sink = back_end.make_sink(Path(folder))
        require(isinstance(sink, ReportSink), f"{sink!r} is not a ReportSink")
        sink.close()
    return [check for check in SINK_CHECKS if check.applies_to(back_end)]


def run_sink_check(
    check: Check[SinkBench], back_end: SinkBackEnd, folder: Path
) -> None:
    """Run a check.

    Args:
        check: The check.
        back_end: Makes the sinks.
        folder: An empty folder.

    Raises:
        BrokenContractError: The contract is broken; it says which sentence.
    """
    run_check(check, lambda: SinkBench(back_end, folder))


def check_sink(
    make: Callable[[Path], ReportSink] | SinkBackEnd, **promises: bool
) -> tuple[str, ...]:
    """Try whether a sink keeps to its contract, without pytest.

    >>> from uptime_core import MemorySink
    >>> names = check_sink(lambda folder: MemorySink())
    >>> names[:3]
    ('an_empty_sink', 'jobs_of_all_fields', 'a_job_in_every_state')

    Args:
        make: Makes the sink of a folder, as `SinkBackEnd.make_sink` does; or a back
            end.
        promises: What the sink promises, by the names of the attributes of
            `SinkBackEnd`, where `make` is a function.

    Returns:
        The names of the checks that it passed, all that apply.

    Raises:
        ManyBrokenError: It does not, and which sentences it breaks.
        InputError: An argument is none of these.
        AssertionError: What was made is no sink.
    """
    back_end = back_end_of(SinkBackEnd, make, promises, "check_sink")
    return run_checks(
        "the sink",
        sink_checks_of(back_end),
        lambda folder: SinkBench(back_end, folder),
    )


def sink_back_end(
    make: Callable[[Path], ReportSink], promises: dict[str, bool]
) -> SinkBackEnd:
    """The back end of a function that makes sinks, and of its promises."""
    return back_end_class(SinkBackEnd, promises, make_sink=make)()
