"""The array types of the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterator

Int64: TypeAlias = npt.NDArray[np.int64]
"""Instants, durations and offsets in microseconds; also indices."""

Int32: TypeAlias = npt.NDArray[np.int32]
Index: TypeAlias = Int32 | Int64
"""Indices from a file come as int32, and need no wider copy."""

UInt8: TypeAlias = npt.NDArray[np.uint8]
UInt64: TypeAlias = npt.NDArray[np.uint64]
Bool: TypeAlias = npt.NDArray[np.bool_]


Scalar = TypeVar("Scalar", bound=np.generic)

_AT_ONCE = 1 << 16
"""Indices that numpy widens to int64 at a time, so that these stay in the cache."""


def counts_of(index: Index, size: int) -> Int64:
    """How often each index below `size` occurs."""
    counts = np.zeros(size, dtype=np.int64)
    for rows in _stretches(len(index)):
        counts += np.bincount(index[rows], minlength=size)
    return counts


def taken(values: npt.NDArray[Scalar], index: Index) -> npt.NDArray[Scalar]:
    """The values at some places, like ``values[index]``."""
    found = np.empty(len(index), dtype=values.dtype)
    for rows in _stretches(len(index)):
        found[rows] = values[index[rows]]
    return found


def _stretches(rows: int) -> Iterator[slice]:
    for first in range(0, rows, _AT_ONCE):
        yield slice(first, min(first + _AT_ONCE, rows))


def starts_of_runs(values: Int64) -> Bool:
    """Where a value differs from the one before it; the first always does."""
    starts = np.ones(len(values), dtype=np.bool_)
    np.not_equal(values[1:], values[:-1], out=starts[1:])
    return starts
