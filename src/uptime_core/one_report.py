"""The report of a store, without a manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptime_core.abc import Store
from uptime_core.compute import compute_request, with_as_of
from uptime_core.errors import InputError, shown
from uptime_core.instants import to_micros
from uptime_core.request import DEFAULT_POLICY, ReportRequest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Executor
    from datetime import datetime

    from uptime_core.policy import Policy
    from uptime_core.progress import ProgressCallback
    from uptime_core.report import Report
    from uptime_core.request import StoreSelection
    from uptime_core.window import Window


def compute_store(
    store: Store,
    *,
    as_of: datetime | None = None,
    windows: Iterable[Window] | Window | None = None,
    stores: StoreSelection = "all",
    policy: Policy = DEFAULT_POLICY,
    executor: Executor | None = None,
    progress: ProgressCallback | None = None,
) -> Report:
    """`compute_report` for what a store holds; the other arguments are the same.

    The store is asked for what this report needs only, so that its time need not grow
    with the store's history.

    Raises:
        InputError: As `compute_report`.
        BackEndError: The store cannot be read.
    """
    if not isinstance(store, Store):
        raise InputError(
            f"{shown(store)} is not a Store; for rows there is compute_report, for a "
            "snapshot compute_snapshot",
            source="store",
        )
    request = ReportRequest.of(
        windows=windows, as_of=as_of, stores=stores, policy=policy
    )
    fixed = with_as_of(request, lambda: newest_of(store), repr(store))
    return compute_request(store.snapshot_for(fixed), fixed, executor, progress)


def newest_of(store: Store) -> int | None:
    """The instant of a store's newest poll in microseconds, or None without any."""
    newest = store.newest_poll()
    return None if newest is None else to_micros(newest)
