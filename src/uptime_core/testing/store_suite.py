"""All checks of stores, and a function that runs them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from uptime_core.abc import Store
from uptime_core.testing import (
    batch_checks,
    crash_checks,
    durable_checks,
    ingest_checks,
    quarantine_checks,
    race_checks,
    random_checks,
    snapshot_checks,
    store_checks,
    transaction_checks,
)
from uptime_core.testing.back_ends import StoreBackEnd, back_end_class, back_end_of
from uptime_core.testing.check_runs import run_check, run_checks
from uptime_core.testing.failures import require
from uptime_core.testing.folders import scratch
from uptime_core.testing.store_bench import StoreBench

if TYPE_CHECKING:
    from collections.abc import Callable

    from uptime_core.testing.checks import Check

STORE_CHECKS: tuple[Check[StoreBench], ...] = (
    *(
        *store_checks.checks,
        *snapshot_checks.checks,
        *ingest_checks.checks,
        *quarantine_checks.checks,
        *batch_checks.checks,
    ),
    *(*race_checks.checks, *transaction_checks.checks),
    *(*durable_checks.checks, *crash_checks.checks, *random_checks.checks),
)
"""All checks of stores; those that apply depend on what a back end promises."""


def store_checks_of(back_end: StoreBackEnd) -> list[Check[StoreBench]]:
    """The checks that apply to a back end."""
    settle_promises(back_end)
    return [check for check in STORE_CHECKS if check.applies_to(back_end)]


def run_store_check(
    check: Check[StoreBench], back_end: StoreBackEnd, folder: Path
) -> None:
    """Run a check.

    Args:
        check: The check.
        back_end: Makes the stores.
        folder: An empty folder.

    Raises:
        BrokenContractError: The contract is broken; it says which sentence.
    """
    run_check(check, lambda: StoreBench(back_end, folder))


METHODS: dict[str, tuple[str, ...]] = {
    "ingest": ("add_polls", "set_hours", "set_timezones"),
    "transactions": ("transaction",),
    "retention": ("delete_before",),
}
"""The methods of a store, by the promise that it has them."""


def settle_promises(back_end: StoreBackEnd) -> None:
    """Answer what a back end leaves open by the methods of its store.

    Raises:
        AssertionError: It promises methods that its store does not have, or has no
            means of putting data into a store that only reads.
    """
    with scratch() as folder, _made(back_end, Path(folder)) as store:
        for promise, names in METHODS.items():
            has = all(hasattr(store, name) for name in names)
            promised = getattr(back_end, promise)
            told = f"{promise} is promised, but not all of {', '.join(names)} are there"
            require(has or not promised, told)
            if promised is None:
                setattr(back_end, promise, has)
    reads_only = type(back_end).write_raw is StoreBackEnd.write_raw
    told = "a store that only reads needs write_raw, which puts something into it"
    require(back_end.ingest or not reads_only, told)


def _made(back_end: StoreBackEnd, folder: Path) -> Store:
    store = back_end.make_store(folder)
    require(isinstance(store, Store), f"{store!r} is not a Store")
    return store


def check_store(
    make: Callable[[Path], Store] | StoreBackEnd, **promises: bool
) -> tuple[str, ...]:
    """Try whether a store keeps to its contract, without pytest.

    >>> from uptime_core import MemoryStore
    >>> names = check_store(lambda folder: MemoryStore())
    >>> names[:3]
    ('an_empty_store', 'polls_of_all_times', 'ids_of_all_kinds')

    Args:
        make: Makes the store of a folder, as `StoreBackEnd.make_store` does; or a
            back end.
        promises: What the store promises, by the names of the attributes of
            `StoreBackEnd`, where `make` is a function.

    Returns:
        The names of the checks that it passed, all that apply.

    Raises:
        ManyBrokenError: It does not, and which sentences it breaks.
        InputError: An argument is none of these.
        AssertionError: What was made is no store, or not what is promised.
    """
    back_end = back_end_of(StoreBackEnd, make, promises, "check_store")
    return run_checks(
        "the store",
        store_checks_of(back_end),
        lambda folder: StoreBench(back_end, folder),
    )


def store_back_end(
    make: Callable[[Path], Store], promises: dict[str, bool]
) -> StoreBackEnd:
    """The back end of a function that makes stores, and of its promises."""
    return back_end_class(StoreBackEnd, promises, make_store=make)()
