"""Indices of any width, looked at some at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_core.kernel import arrays
from uptime_core.kernel.arrays import counts_of, taken


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@given(index=st.lists(st.integers(0, 9), max_size=20), at_once=st.integers(1, 7))
def test_stretches_give_what_all_at_once_would(
    dtype: type[Any], index: list[int], at_once: int
) -> None:
    column = np.array(index, dtype=dtype)
    values = np.arange(10, dtype=np.uint8)[::-1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrays, "_AT_ONCE", at_once)
        counts, found = counts_of(column, 12), taken(values, column)
    assert counts.tolist() == [index.count(number) for number in range(12)]
    assert found.tolist() == [9 - number for number in index]
    assert (counts.dtype, found.dtype) == (np.dtype(np.int64), values.dtype)
