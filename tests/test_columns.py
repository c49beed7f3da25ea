"""Columns of integers: converted without loss, or refused."""

from __future__ import annotations

import numpy as np
import pytest

from uptime_core.columns import (
    cells_of,
    check_codes,
    distinct_store_ids,
    integer_column,
)
from uptime_core.errors import InputError


@pytest.mark.parametrize(
    "values",
    [
        [1, 0, 1],
        (1, 0, 1),
        [True, False, True],
        np.array([1, 0, 1], dtype=np.uint64),
        np.array([1, 0, 1], dtype=np.int8),
        np.array([1, 5, 0, 5, 1, 5])[::2],
    ],
    ids=repr,
)
@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_integers_and_booleans_become_a_column(
    values: list[int], dtype: type[np.generic]
) -> None:
    column = integer_column(values, dtype, "Source", "field")

    assert column.dtype == dtype
    assert column.tolist() == [1, 0, 1]
    with pytest.raises(ValueError, match="read-only"):
        column[0] = 7


def test_an_empty_list_is_a_column() -> None:
    column = integer_column([], np.int64, "Source", "field")

    assert column.dtype == np.int64
    assert column.shape == (0,)


def test_what_the_caller_can_still_write_to_is_copied() -> None:
    values = np.array([1, 2], dtype=np.int64)

    column = integer_column(values, np.int64, "Source", "field")
    values[0] = 7

    assert column.tolist() == [1, 2]
    assert not column.flags.writeable


def test_a_read_only_array_of_the_right_type_is_not_copied() -> None:
    values = np.array([1, 2], dtype=np.int64)
    values.flags.writeable = False

    assert np.shares_memory(integer_column(values, np.int64, "S", "f"), values)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (1, np.int64),
        ([[1]], np.int64),
        ([[1], [1, 2]], np.int64),
        ([1.0], np.int64),
        ([float("nan")], np.int64),
        (["1"], np.int64),
        ([None], np.int64),
        ([2**64], np.int64),
        (np.array(["2023-01-25"], dtype="datetime64[us]"), np.int64),
        (np.array([2**63], dtype=np.uint64), np.int64),
        (np.array([2**64 - 1], dtype=np.uint64), np.int64),
        ([2**31], np.int32),
        ([-(2**31) - 1], np.int32),
        ([256], np.uint8),
        ([-1], np.uint8),
    ],
    ids=repr,
)
def test_what_does_not_fit_is_refused(
    values: list[int], dtype: type[np.generic]
) -> None:
    with pytest.raises(InputError) as caught:
        integer_column(values, dtype, "Source", "field")

    assert (caught.value.source, caught.value.field) == ("Source", "field")


@pytest.mark.parametrize("ids", [(), ("b", "a"), ["a"], iter(["a", "\u00e9"])])
def test_distinct_ids_keep_their_order(ids: list[str]) -> None:
    given = list(ids)

    assert distinct_store_ids(iter(given), "Source") == tuple(given)


@pytest.mark.parametrize("ids", [["a", "a"], [""], [" a"], [5], ["8E+18"]], ids=repr)
def test_ids_that_are_doubled_or_none_are_refused(ids: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        distinct_store_ids(ids, "Source")

    assert caught.value.source == "Source"
    assert caught.value.field in {"store_ids", "store_id"}


@pytest.mark.parametrize(("codes", "ids"), [([], 0), ([0], 1), ([2, 0], 3)])
def test_codes_are_indices(codes: list[int], ids: int) -> None:
    check_codes(np.array(codes, dtype=np.int32), ids, "Source")


@pytest.mark.parametrize(("codes", "ids"), [([0], 0), ([-1], 1), ([0, 3], 3)])
def test_codes_outside_the_ids_are_refused(codes: list[int], ids: int) -> None:
    with pytest.raises(InputError) as caught:
        check_codes(np.array(codes, dtype=np.int32), ids, "Source")

    assert (caught.value.source, caught.value.field) == ("Source", "code")


def test_a_mapping_is_no_row() -> None:
    """Its keys would be taken for cells."""
    row = {"store_id": "a", "timestamp_utc": "2023-01-25 12:00:00", "status": "active"}

    with pytest.raises(InputError, match=r"is a mapping; give \(id, at\), in this"):
        cells_of(row, 2, "(id, at)")
    with pytest.raises(InputError, match="is a mapping"):
        cells_of(dict.fromkeys(["a", "b"]), 2, "(id, at)")
