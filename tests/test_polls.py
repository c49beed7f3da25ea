"""Polls: as columns, as rows, and the way between them."""

from __future__ import annotations

import pickle  # noqa: TID251  # as process pools do, nothing goes to disk
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_core import InputError, Poll, PollColumns
from uptime_core.instants import EARLIEST, LATEST, to_datetime
from uptime_core.polls import concatenate, parse_status

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
ONE = timedelta(hours=1)
THREE = PollColumns(("b", "a"), [0, 1, 0], [30, 10, 20], [1, 0, 1])


@pytest.mark.parametrize(
    ("cell", "up"),
    [
        ("active", True),
        ("inactive", False),
        ("ACTIVE", True),
        ("InActive", False),
        (" active\t", True),
        (True, True),
        (False, False),
        (np.True_, True),
        (np.False_, False),
    ],
)
def test_a_status_is_up_or_down(cell: object, up: bool) -> None:  # noqa: FBT001  # expected
    assert parse_status(cell) is up


@pytest.mark.parametrize(
    "cell",
    ["", "up", "down", "1", "true", "active\n", "act\u0131ve", 1, 0, None, b"active"],
    ids=ascii,
)
def test_any_other_status_is_refused(cell: object) -> None:
    with pytest.raises(InputError) as caught:
        parse_status(cell)

    assert caught.value.field == "status"


def test_rows_become_columns_in_the_order_they_come() -> None:
    columns = PollColumns.from_rows(
        [
            ("b", NOON, "active"),
            Poll("a", NOON - ONE, up=False),
            (" b ", NOON.astimezone(ZoneInfo("Asia/Kathmandu")), False),
            ("b", NOON, "active"),
        ]
    )

    assert columns.store_ids == ("b", "a")
    assert columns.code.tolist() == [0, 1, 0, 0]
    assert columns.at.tolist() == [
        1_674_648_000_000_000,
        1_674_644_400_000_000,
        1_674_648_000_000_000,
        1_674_648_000_000_000,
    ]
    assert columns.status.tolist() == [1, 0, 0, 1]
    assert (columns.code.dtype, columns.at.dtype, columns.status.dtype) == (
        np.dtype("int32"),
        np.dtype("int64"),
        np.dtype("uint8"),
    )


POLLS = st.builds(
    Poll,
    st.sampled_from(["a", "b", "8419537941919820732"]),
    st.datetimes(timezones=st.just(UTC)),
    st.booleans(),
)


@given(st.lists(POLLS))
def test_rows_survive_the_way_to_columns_and_back(polls: list[Poll]) -> None:
    columns = PollColumns.from_rows(polls)

    assert list(columns.rows()) == polls
    assert len(columns) == len(polls)
    assert columns == PollColumns.from_rows(iter(polls))


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (("a", NOON), None),
        (("a", NOON, True, 1), None),
        (5, None),
        (None, None),
        ("a", None),
        (("", NOON, True), "store_id"),
        ((5, NOON, True), "store_id"),
        (("8.41954E+18", NOON, True), "store_id"),
        (("a", NOON.replace(tzinfo=None), True), "timestamp_utc"),
        (("a", "2023-01-25 12:00:00", True), "timestamp_utc"),
        (("a", 1_674_648_000, True), "timestamp_utc"),
        (("a", NOON, "up"), "status"),
        (("a", NOON, 1), "status"),
    ],
)
def test_a_bad_row_is_named_by_its_number(row: Any, field: str | None) -> None:  # noqa: ANN401  # wrong on purpose
    with pytest.raises(InputError) as caught:
        PollColumns.from_rows([("a", NOON, True), row])

    error = caught.value
    assert (error.source, error.line, error.field) == ("polls", 2, field)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"store_ids": ("a", "a")}, "store_ids"),
        ({"store_ids": (" a",)}, "store_ids"),
        ({"code": [1, 0]}, "code"),
        ({"code": [-1, 0]}, "code"),
        ({"code": [0.0, 0.0]}, "code"),
        ({"at": [LATEST + 1, 0]}, "at"),
        ({"at": [0, EARLIEST - 1]}, "at"),
        ({"at": np.array(["2023-01-25"] * 2, dtype="datetime64[us]")}, "at"),
        ({"at": [[0], [0]]}, "at"),
        ({"status": [2, 0]}, "status"),
        ({"status": [-1, 0]}, "status"),
        ({"status": ["active", "inactive"]}, "status"),
        ({"status": [1]}, None),
        ({"code": []}, None),
    ],
    ids=str,
)
def test_bad_columns_are_refused_by_name(
    changed: dict[str, Any], field: str | None
) -> None:
    columns: dict[str, Any] = {
        "store_ids": ("a",),
        "code": [0, 0],
        "at": [0, 1],
        "status": [1, 0],
    }
    with pytest.raises(InputError) as caught:
        PollColumns(**columns | changed)

    assert (caught.value.source, caught.value.field) == ("PollColumns", field)


def test_the_first_and_last_instants_of_datetimes_are_taken() -> None:
    columns = PollColumns(("a",), [0, 0], [EARLIEST, LATEST], [True, False])

    assert [poll.at for poll in columns.rows()] == [
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
    ]


@pytest.mark.parametrize("name", ["code", "at", "status"])
def test_columns_are_read_only_also_after_pickling(name: str) -> None:
    again = pickle.loads(pickle.dumps(THREE))  # noqa: S301  # just written

    assert again == THREE
    assert not getattr(THREE, name).flags.writeable
    assert not getattr(again, name).flags.writeable


@pytest.mark.parametrize(
    "other",
    [
        PollColumns(("b", "c"), [0, 1, 0], [30, 10, 20], [1, 0, 1]),
        PollColumns(("b", "a"), [0, 1, 1], [30, 10, 20], [1, 0, 1]),
        PollColumns(("b", "a"), [0, 1, 0], [30, 10, 21], [1, 0, 1]),
        PollColumns(("b", "a"), [0, 1, 0], [30, 10, 20], [1, 0, 0]),
        PollColumns(("b", "a"), [0, 1], [30, 10], [1, 0]),
        "polls",
    ],
)
def test_columns_are_equal_when_all_of_them_are(other: object) -> None:
    assert PollColumns(("b", "a"), (0, 1, 0), (30, 10, 20), (1, 0, 1)) == THREE
    assert other != THREE


def test_columns_have_no_hash() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(THREE)


@pytest.mark.parametrize("owner", [np.array([10, 20]), bytearray(16)], ids=type)
def test_a_read_only_view_of_what_can_be_written_to_is_copied(
    owner: np.ndarray[Any, Any] | bytearray,
) -> None:
    view = np.frombuffer(owner, dtype=np.int64)
    view.flags.writeable = False
    columns = PollColumns(["a"], [0, 0], view, [1, 0])
    newest = columns.newest()
    np.frombuffer(owner, dtype=np.int64)[0] = 30
    assert columns.newest() == newest == columns.at.max()


def test_a_view_of_what_nobody_can_write_to_is_not_copied() -> None:
    of_bytes = np.frombuffer(bytes(16), dtype=np.int64)
    of_array = np.arange(4)
    of_array.flags.writeable = False
    for view in (of_bytes, of_array[1:3]):
        columns = PollColumns(["a"], [0, 0], view, [1, 0])
        assert np.shares_memory(columns.at, view)


def test_the_newest_poll_is_the_latest_instant() -> None:
    assert (THREE.oldest(), THREE.newest()) == (10, 30)
    nothing = PollColumns((), (), (), ())
    assert (nothing.oldest(), nothing.newest()) == (None, None)


@pytest.mark.parametrize(
    ("start", "end", "instants"),
    [
        (None, None, [30, 10, 20]),
        (20, None, [30, 20]),
        (None, 20, [10]),
        (10, 30, [10, 20]),
        (31, None, []),
        (20, 20, []),
    ],
)
def test_a_range_has_its_start_and_not_its_end(
    start: int | None, end: int | None, instants: list[int]
) -> None:
    chosen = THREE.where(
        None,
        None if start is None else to_datetime(start),
        None if end is None else to_datetime(end),
    )

    assert chosen.at.tolist() == instants
    assert chosen.store_ids == THREE.store_ids


@given(st.lists(st.lists(POLLS, max_size=5), max_size=5))
def test_batches_become_one(batches: list[list[Poll]]) -> None:
    whole = concatenate(map(PollColumns.from_rows, batches))

    assert list(whole.rows()) == [poll for batch in batches for poll in batch]


def test_columns_show_their_size() -> None:
    assert repr(THREE) == "<PollColumns: 3 polls of 2 shops>"


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("", NOON, True), "store_id"),
        (("a", NOON.replace(tzinfo=None), True), "at"),
        (("a", NOON, "up"), "status"),
    ],
)
def test_a_poll_is_checked(arguments: tuple[Any, Any, Any], field: str) -> None:
    with pytest.raises(InputError) as caught:
        Poll(*arguments)

    assert caught.value.field == field
