"""What tests of code on top of this library import.

* `oracle`: the same numbers as `compute_report`, slowly and by other means.
* `golden`: worked cases, for implementations in any language.
* `strategies`: what hypothesis draws; it needs the extra `testing`.
* `FixedClock` and `ManualClock`, `InlineExecutor` and `SteppingExecutor`: for a
  `ReportManager` that does what the test says, when the test says so.
* `FaultyStore` and `FaultySink`: back ends that fail at their n-th call.
* `Dataset` and `Shop`: the three sources as one value, which strategies draw.

A name's module is loaded when the name is first asked for, and only `strategies`
imports hypothesis.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uptime_core.testing.clocks import FixedClock, ManualClock
    from uptime_core.testing.dataset import Dataset, Shop
    from uptime_core.testing.executors import InlineExecutor, SteppingExecutor
    from uptime_core.testing.faults import FaultySink, FaultyStore

__all__ = [
    "Dataset",
    "FaultySink",
    "FaultyStore",
    "FixedClock",
    "InlineExecutor",
    "ManualClock",
    "Shop",
    "SteppingExecutor",
]

_HOMES = {
    "Dataset": "dataset",
    "FaultySink": "faults",
    "FaultyStore": "faults",
    "FixedClock": "clocks",
    "InlineExecutor": "executors",
    "ManualClock": "clocks",
    "Shop": "dataset",
    "SteppingExecutor": "executors",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value: object = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
