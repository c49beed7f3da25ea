"""How fast numpy sorts is found out by trying."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from uptime_core import sort_speed
from uptime_core.sort_speed import MANY, sorts_slowly

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    sort_speed._is_slow.cache_clear()
    yield
    sort_speed._is_slow.cache_clear()


@pytest.mark.parametrize(
    ("nanoseconds", "expected"), [(7, False), (14.9, False), (15.1, True), (27, True)]
)
def test_a_sort_is_slow_from_fifteen_nanoseconds_an_integer(
    nanoseconds: float, *, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    took = int(nanoseconds * (1 << 14))
    # The fastest of three counts.
    clock = iter([0, 9 * took, 0, took, 0, 5 * took])
    monkeypatch.setattr(time, "perf_counter_ns", lambda: next(clock))
    assert sorts_slowly(MANY) is expected
    assert sorts_slowly(MANY) is expected  # without another trial


def test_few_are_not_worth_a_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(np, "arange")
    assert not sorts_slowly(MANY - 1)
