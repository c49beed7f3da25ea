"""Every store that is broken on purpose is found, and its sentence named."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from uptime_core.testing import checks
from uptime_core.testing.broken_stores import BROKEN_STORES
from uptime_core.testing.failures import BrokenContractError
from uptime_core.testing.folders import scratch
from uptime_core.testing.plain_stores import PlainFileStore
from uptime_core.testing.store_suite import (
    run_store_check,
    store_back_end,
    store_checks_of,
)

if TYPE_CHECKING:
    from uptime_core.testing.back_ends import StoreBackEnd
    from uptime_core.testing.broken import Fault
    from uptime_core.testing.checks import Check
    from uptime_core.testing.store_bench import StoreBench

SLOW = ("whatever", "thousands_of_shops", "a_large_batch", "a_process_that_crashes")
"""How the names of checks begin that come last."""

HANGS = {"LeavesItsLock", "ReadersKeepTheLock"}


def broken_by(fault: Fault[StoreBackEnd], check: Check[StoreBench]) -> str | None:
    """The sentence that a check finds broken."""
    with scratch() as folder:
        try:
            run_store_check(check, fault.back_end, Path(folder))
        except BrokenContractError as error:
            return error.sentence_id
    return None


@pytest.mark.parametrize("fault", BROKEN_STORES, ids=lambda fault: fault.name)
def test_every_fault_is_found_and_its_sentence_named(
    fault: Fault[StoreBackEnd], monkeypatch: pytest.MonkeyPatch
) -> None:
    if fault.name in HANGS:
        monkeypatch.setattr(checks, "HANGS_AFTER", 1.0)
    assert fault.told

    fitting = [
        check
        for check in store_checks_of(fault.back_end)
        if set(fault.sentences) & set(check.sentences)
    ]
    fitting.sort(key=lambda check: -len(set(fault.sentences) & set(check.sentences)))
    fitting.sort(key=lambda check: check.name.startswith(SLOW))

    named = []
    for check in fitting:
        named.append(broken_by(fault, check))
        if named[-1] in fault.sentences:
            return
    pytest.fail(f"the checks named {named}")


def test_there_are_many_of_them() -> None:
    assert len({fault.name for fault in BROKEN_STORES}) == len(BROKEN_STORES) > 24


PLAIN = store_back_end(
    lambda folder: PlainFileStore(folder / "store.json"),
    {"sorted_batches": True, "durable": True},
)


@pytest.mark.parametrize(
    "check",
    [
        pytest.param(check, marks=[pytest.mark.deep] * check.name.startswith(SLOW))
        for check in store_checks_of(PLAIN)
    ],
    ids=lambda check: check.name,
)
def test_what_they_derive_from_is_right(check: Check[StoreBench]) -> None:
    with scratch() as folder:
        run_store_check(check, PLAIN, Path(folder))
