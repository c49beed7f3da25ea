"""Single values as callers hand them in, checked: flags, seconds, paths."""

from __future__ import annotations

import math
import os
from numbers import Real

import numpy as np

from uptime_core.errors import InputError, shown

_LONGEST_PATH = 4096
_LONGEST_SECONDS = 1e6


def flag(value: object, source: str, field: str) -> bool:
    """True or False, and nothing that only counts as one of them.

    Raises:
        InputError: It is neither.
    """
    if not isinstance(value, bool | np.bool_):
        raise InputError(
            f"{shown(value)} is neither True nor False", source=source, field=field
        )
    return bool(value)


def seconds(
    value: object, source: str, field: str, longest: float = _LONGEST_SECONDS
) -> float:
    """A number of seconds, from 0 to `longest`.

    Raises:
        InputError: It is none.
    """
    if isinstance(value, Real) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.nan
        if 0 <= number <= longest:
            return number
    raise InputError(
        f"{shown(value)} is no number of seconds", source=source, field=field
    )


def path_text(value: object, source: str, field: str, what: str = "file") -> str:
    """The path of a file, or of what else it is, as text, as it was given.

    Raises:
        InputError: It is no path, or one that nothing can have.
    """
    try:
        name = os.fspath(value)  # type: ignore[call-overload]  # the error is ours
    except TypeError:
        name = None
    if not isinstance(name, str):
        raise InputError(
            f"{shown(value)} is not the path of a {what}; give a str or a Path",
            source=source,
            field=field,
        )
    if not name or len(name) > _LONGEST_PATH or "\0" in name or not _encodable(name):
        raise InputError(
            f"no {what} has such a name: {shown(name)}", source=source, field=field
        )
    return name


def _encodable(name: str) -> bool:
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return False
    return True
