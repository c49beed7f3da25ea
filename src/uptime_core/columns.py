"""Rows and columns as callers hand them in: checked, and converted without loss."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from uptime_core.errors import InputError, located, shown
from uptime_core.store_ids import are_plain_store_ids, parse_store_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

Value = TypeVar("Value")
Scalar = TypeVar("Scalar", bound=np.generic)


READS_FILES = "CsvStore reads files"
"""What to do about a text that stands for rows."""


def integer_column(
    values: npt.ArrayLike, dtype: type[np.generic], source: str, field: str
) -> npt.NDArray[Any]:
    """`values` as a read-only, one-dimensional array of `dtype`.

    Raises:
        InputError: It has another shape, holds something else than integers or
            booleans, or a value that `dtype` cannot hold.
    """
    try:
        array = np.asarray(values)
    except ValueError:
        raise InputError(
            "it is no column; give an array of integers", source=source, field=field
        ) from None
    if array.ndim != 1:
        raise InputError(
            f"it has {array.ndim} dimensions instead of one", source=source, field=field
        )
    if array.size and array.dtype.kind not in "biu":
        raise InputError(
            f"it holds {array.dtype}, not integers", source=source, field=field
        )
    column = array.astype(dtype, copy=False)
    if column.dtype != array.dtype and not np.array_equal(column, array):
        raise InputError(
            f"a value does not fit {column.dtype}", source=source, field=field
        )
    return read_only(column)


def read_only(values: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
    """An array that nobody can write to: a copy, if `values` can be written to."""
    column = np.array(values, copy=_can_be_written(values))
    column.flags.writeable = False
    return column


def _can_be_written(values: npt.NDArray[Any]) -> bool:
    """Whether an array, or what it is a view of, can be written to."""
    owner: Any = values
    while isinstance(owner, np.ndarray):
        if owner.flags.writeable:
            return True
        owner = owner.base
    try:
        return owner is not None and not memoryview(owner).readonly
    except (TypeError, BufferError):  # it is no memory that Python can write to
        return False


def iterable(
    values: Iterable[Value], source: str, instead: str = "give a list"
) -> Iterator[Value]:
    """An iterator over `values`.

    Args:
        values: What was handed in.
        source: What it is called, for messages.
        instead: What to do about a text.

    Raises:
        InputError: They are nothing that can be iterated over, or a text.
    """
    if isinstance(values, str | bytes):
        raise InputError(f"{shown(values)} is a text; {instead}", source=source)
    try:
        return iter(values)
    except TypeError:
        raise InputError(
            f"{shown(values)} is nothing to iterate over; give a list", source=source
        ) from None


def cells_of(row: object, width: int, form: str) -> tuple[Any, ...]:
    """The cells of a row.

    Raises:
        InputError: It does not have that many, or is no row at all.
    """
    if isinstance(row, Mapping):  # its keys would be taken for cells
        raise InputError(f"{shown(row)} is a mapping; give {form}, in this order")
    if isinstance(row, Iterable) and not isinstance(row, str | bytes):
        cells = tuple(row)
        if len(cells) == width:
            return cells
    raise InputError(f"{shown(row)} is not {form}")


def distinct_store_ids(store_ids: Iterable[str], source: str) -> tuple[str, ...]:
    """Ids as a tuple.

    Raises:
        InputError: One is no id as `parse_store_id` gives it, or is there twice.
    """
    ids = tuple(iterable(store_ids, source))
    for store_id in () if are_plain_store_ids(ids) else ids:
        with located(source, field="store_ids"):
            trimmed = parse_store_id(store_id)
        if trimmed != store_id:
            raise InputError(
                f"{shown(store_id)} has blanks at its ends; strip it",
                source=source,
                field="store_ids",
            )
    if len(set(ids)) != len(ids):
        raise InputError(
            "an id is there twice; give each once", source=source, field="store_ids"
        )
    return ids


def check_codes(codes: npt.NDArray[Any], ids: int, source: str) -> None:
    """Codes are indices of ids.

    Raises:
        InputError: One is not.
    """
    if codes.size and not 0 <= int(codes.min()) <= int(codes.max()) < ids:
        raise InputError(
            f"a code is outside the {ids} store_ids; codes are places, from 0",
            source=source,
            field="code",
        )
