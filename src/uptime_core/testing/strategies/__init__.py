"""Hypothesis strategies for whatever this library takes; they need the extra `testing`.

They cover the regions in which code goes wrong on purpose, and shrink to cases that a
person can read. See `docs/reference/testing.md`.
"""

from __future__ import annotations

try:
    import hypothesis as _  # noqa: F401  # the modules below need it
except ModuleNotFoundError as _missing:
    _missing.add_note("it comes with the extra: pip install 'uptime_core[testing]'")
    raise

from uptime_core.testing.strategies.datasets import datasets
from uptime_core.testing.strategies.files import hostile_csv
from uptime_core.testing.strategies.hours import business_hours, weekly_schedules
from uptime_core.testing.strategies.instants import anchors, instants, timezones
from uptime_core.testing.strategies.polls import poll_columns, polls, store_ids
from uptime_core.testing.strategies.questions import policies, windows
from uptime_core.testing.strategies.simplest import simplest

__all__ = [
    "anchors",
    "business_hours",
    "datasets",
    "hostile_csv",
    "instants",
    "policies",
    "poll_columns",
    "polls",
    "simplest",
    "store_ids",
    "timezones",
    "weekly_schedules",
    "windows",
]
