"""Exact fractions as decimal text, rounded half to even."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np

from uptime_core.errors import InputError, shown

if TYPE_CHECKING:
    from uptime_core.kernel.arrays import Int64

MOST_DECIMALS = 18


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
    divisor = np.asarray(denominators, dtype=np.int64)
    scale = 10**decimals
    if divisor.size and int(divisor.max()) > (2**62) // scale:
        # Python's integers: slower, and without a limit.
        divisor, numerators = divisor.astype(object), numerators.astype(object)
    whole, rest = numerators // divisor, numerators % divisor
    digits, rest = rest * scale // divisor, rest * scale % divisor
    odd = (whole * scale + digits) % 2 if decimals == 0 else digits % 2
    digits = digits + ((2 * rest > divisor) | ((2 * rest == divisor) & (odd == 1)))
    whole, digits = whole + digits // scale, digits % scale
    pairs = zip(whole.tolist(), digits.tolist(), strict=True)
    if decimals == 0:
        return [str(units) for units, _ in pairs]
    return [f"{units}.{places:0{decimals}d}" for units, places in pairs]
