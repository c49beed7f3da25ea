"""Every sink that is broken on purpose is found, and its sentence named."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from uptime_core.testing.broken_sinks import BROKEN_SINKS
from uptime_core.testing.failures import BrokenContractError
from uptime_core.testing.folders import scratch
from uptime_core.testing.plain_sinks import PlainFileSink
from uptime_core.testing.sink_suite import (
    run_sink_check,
    sink_back_end,
    sink_checks_of,
)

if TYPE_CHECKING:
    from uptime_core.testing.back_ends import SinkBackEnd
    from uptime_core.testing.broken import Fault
    from uptime_core.testing.checks import Check
    from uptime_core.testing.sink_bench import SinkBench


def broken_by(fault: Fault[SinkBackEnd], check: Check[SinkBench]) -> str | None:
    """The sentence that a check finds broken."""
    with scratch() as folder:
        try:
            run_sink_check(check, fault.back_end, Path(folder))
        except BrokenContractError as error:
            return error.sentence_id
    return None


@pytest.mark.parametrize("fault", BROKEN_SINKS, ids=lambda fault: fault.name)
def test_every_fault_is_found_and_its_sentence_named(
    fault: Fault[SinkBackEnd],
) -> None:
    fitting = [
        check
        for check in sink_checks_of(fault.back_end)
        if set(fault.sentences) & set(check.sentences)
    ]
    fitting.sort(key=lambda check: -len(set(fault.sentences) & set(check.sentences)))
    fitting.sort(key=lambda check: check.name.startswith("whatever"))
    assert fault.told

    named = []
    for check in fitting:
        named.append(broken_by(fault, check))
        if named[-1] in fault.sentences:
            return
    pytest.fail(f"the checks named {named}")


def test_there_are_many_of_them() -> None:
    assert len({fault.name for fault in BROKEN_SINKS}) == len(BROKEN_SINKS) > 24


PLAIN = sink_back_end(
    lambda folder: PlainFileSink(folder / "sink.json"), {"durable": True}
)
SLOW = ("whatever", "many_jobs")


@pytest.mark.parametrize(
    "check",
    [
        pytest.param(check, marks=[pytest.mark.deep] * check.name.startswith(SLOW))
        for check in sink_checks_of(PLAIN)
    ],
    ids=lambda check: check.name,
)
def test_what_they_derive_from_is_right(check: Check[SinkBench]) -> None:
    with scratch() as folder:
        run_sink_check(check, PLAIN, Path(folder))
