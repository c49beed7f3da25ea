"""Exact fractions as decimal text, rounded half to even."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from uptime_core.errors import InputError, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from uptime_core.kernel.arrays import Int64

MOST_DECIMALS = 18
_MOST = 1 << 62


def checked_decimals(decimals: int) -> int:
    """A number of decimals that can be written.

    Raises:
        InputError: It is no integer from 0 to 18.
    """
    if (
        isinstance(decimals, bool)
        or not isinstance(decimals, Integral)
        or not 0 <= decimals <= MOST_DECIMALS
    ):
        raise InputError(
            f"{shown(decimals)} is not an integer from 0 to {MOST_DECIMALS}",
            field="decimals",
        )
    return int(decimals)


def decimal_texts(
    numerators: Int64, denominators: Int64 | int, decimals: int
) -> list[str]:
    """Each fraction with exactly `decimals` digits after the point.

    Args:
        numerators: Not negative, one-dimensional.
        denominators: Positive, one for all or one each.
        decimals: From 0 to 18; without any there is no point either.
    """
    return decimal_rows([(numerators, denominators)], decimals)


def decimal_rows(
    columns: Sequence[tuple[Int64, Int64 | int]], decimals: int
) -> list[str]:
    """Rows of fractions, as `decimal_texts` writes them, with commas between.

    Args:
        columns: Numerators and denominators of each column, one at least.
        decimals: From 0 to 18.
    """
    scaled = [_scaled(*column, decimals) for column in columns]
    if all(column.dtype == np.int64 for column in scaled):
        return _rows(np.column_stack(scaled), decimals)
    scale = 10**decimals
    cells = [
        [
            f"{value // scale}.{value % scale:0{decimals}d}" if decimals else str(value)
            for value in column.tolist()
        ]
        for column in scaled
    ]
    return list(map(",".join, zip(*cells, strict=True)))


def _scaled(
    numerators: Int64, denominators: Int64 | int, decimals: int
) -> npt.NDArray[Any]:
    """Fractions in units of the last digit, rounded; Python's integers if need be."""
    divisor = np.asarray(denominators, dtype=np.int64)
    scale = 10**decimals
    if divisor.size and int(divisor.max()) > _MOST // scale:
        # Python's integers: slower, and without a limit.
        divisor, numerators = divisor.astype(object), numerators.astype(object)
    whole, rest = numerators // divisor, numerators % divisor
    digits, rest = rest * scale // divisor, rest * scale % divisor
    odd = (whole * scale + digits) % 2 if decimals == 0 else digits % 2
    digits = digits + ((2 * rest > divisor) | ((2 * rest == divisor) & (odd == 1)))
    if int(whole.max(initial=0)) >= _MOST // scale:
        whole = whole.astype(object)
    scaled: npt.NDArray[Any] = whole * scale + digits
    return scaled


def _rows(scaled: Int64, decimals: int) -> list[str]:
    """Rows of integers as text, each with a point before its last `decimals` digits.

    All digits are written into one table of bytes, ten times as fast as a text for
    each; what leads in vain is left out.
    """
    most = int(scaled.max(initial=0))
    places = max(len(str(most)), decimals + 1)
    table = np.empty((*scaled.shape, places + 2), dtype=np.uint8)
    kept = np.ones(table.shape, dtype=np.bool_)
    table[..., -1] = ord(",")
    table[:, -1, -1] = ord("\n")
    point = places - decimals
    table[..., point] = ord(".")
    kept[..., point] = decimals > 0
    rest: npt.NDArray[np.unsignedinteger[Any]] = scaled.astype(
        np.uint32 if most < 1 << 32 else np.uint64
    )
    for place in reversed(range(places)):
        column = place + (place >= point)
        if place < point - 1:
            kept[..., column] = rest > 0
        rest, digit = np.divmod(rest, 10)
        table[..., column] = digit + ord("0")
    return table[kept].tobytes().decode("ascii").split("\n")[:-1]
