"""Stores and sinks that fail when the test says so, around real ones.

A call fails *before* it has done anything, or *after* it has done all of it: then what
it did is done, and whoever called does not know. Code must get both right.
"""

from __future__ import annotations

from uptime_core.testing.faults.plan import When
from uptime_core.testing.faults.sink import FaultySink
from uptime_core.testing.faults.store import FaultyStore

__all__ = ["FaultySink", "FaultyStore", "When"]
