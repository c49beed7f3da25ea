"""All stores that are broken on purpose, each in one place, to try a suite with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptime_core.testing import (
    broken_batches,
    broken_edges,
    broken_files,
    broken_polls,
    broken_shops,
    broken_snapshots,
    broken_transactions,
)

if TYPE_CHECKING:
    from uptime_core.testing.back_ends import StoreBackEnd
    from uptime_core.testing.broken import Fault

BROKEN_STORES: tuple[Fault[StoreBackEnd], ...] = (
    *(*broken_polls.faults, *broken_edges.faults),
    *(*broken_batches.faults, *broken_shops.faults),
    *(*broken_snapshots.faults, *broken_transactions.faults, *broken_files.faults),
)
"""The stores; a suite of checks is worth something if it finds the fault of each."""
