"""Files of polls give the same whether their lines are read as arrays or as texts."""

from __future__ import annotations

import gzip
import random
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_core import poll_intake
from uptime_core.errors import InputError
from uptime_core.headers import POLL_COLUMNS
from uptime_core.instants import parse_timestamp
from uptime_core.plain_polls import PlainPolls, scan
from uptime_core.rejects import Rejects
from uptime_core.stores import line_blocks, parts, poll_file
from uptime_core.testing.strategies import hostile_csv

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from uptime_core import PollColumns
    from uptime_core.testing.hostile import HostileCsv

HEADER = "store_id,timestamp_utc,status\n"
LINES = (
    "8419537941919820732,2023-01-22 12:09:39.388884 UTC,active\n"
    "54515546588432327,2023-01-24 09:06:42.6 UTC,inactive\n"
    "8419537941919820732,2023-01-22 12:09:39 UTC,active\n"
)


def plainly(path: Path, rejects: Rejects, most_rows: int = 10**9) -> list[PollColumns]:
    return list(poll_file.read_poll_parts(path, POLL_COLUMNS, rejects, most_rows))


def as_texts(path: Path, rejects: Rejects) -> list[PollColumns]:
    with (
        mock.patch.object(poll_file, "scan", return_value=None),
        mock.patch.object(parts, "split_header", return_value=None),
    ):
        return plainly(path, rejects)


def outcome(read: Callable[[Path, Rejects], list[PollColumns]], path: Path) -> Any:  # noqa: ANN401  # to be compared
    """What becomes of a file, bad rows collected and bad rows raised."""
    rejects = Rejects("collect")
    try:
        collected: Any = (read(path, rejects), rejects.rows)
    except InputError as error:
        collected = (type(error), str(error))
    try:
        raised: Any = read(path, Rejects("raise"))
    except InputError as error:
        raised = (type(error), str(error))
    return collected, raised


def in_blocks_of(size: int) -> mock._patch[int]:
    return mock.patch.object(line_blocks, "_BLOCK_BYTES", size)


@pytest.mark.parametrize("most_rows", [10**9, 40])
def test_columns_have_room_before_they_need_it(path: Path, most_rows: int) -> None:
    path.write_text(HEADER + LINES * 200)
    with (
        in_blocks_of(1 << 10),
        mock.patch.object(
            poll_intake, "_enlarged", side_effect=poll_intake._enlarged
        ) as enlarged,
    ):
        read = plainly(path, Rejects("raise"), most_rows)
    assert sum(map(len, read)) == 600
    bases = [part.at.base for part in read]
    assert all(base is not None and base.size < 700 for base in bases)
    assert enlarged.call_count <= 3 * 2 * len(read)
    if most_rows > 600:
        assert enlarged.call_count == 3


def test_a_file_is_read_where_there_is_no_memory_for_all_that_may_come(
    path: Path,
) -> None:
    ids = ["b"] * 100 + ["a" * 100] * 100  # by the first ones, there are 400 rows
    rows = [f"{store_id},2023-01-22 12:09:39 UTC,active\n" for store_id in ids]
    path.write_text(HEADER + "".join(rows))
    expected = plainly(path, Rejects("raise"))
    enlarged, refused = poll_intake._enlarged, []

    def refuse(column: Any, rows: int, room: int) -> Any:  # noqa: ANN401
        if room > 350:
            refused.append(room)
            raise MemoryError
        return enlarged(column, rows, room)

    with in_blocks_of(1 << 10), mock.patch.object(poll_intake, "_enlarged", refuse):
        assert plainly(path, Rejects("raise")) == expected
    assert len(refused) == 1


@pytest.mark.parametrize("long_ids_first", [False, True])
def test_rows_of_other_lengths_than_the_first_ones_have_room(
    path: Path, *, long_ids_first: bool
) -> None:
    ids = ["a" * 60] * 300 + ["b"] * 3000
    if not long_ids_first:
        ids.reverse()
    rows = [f"{store_id},2023-01-22 12:09:39 UTC,active\n" for store_id in ids]
    path.write_text(HEADER + "".join(rows))
    with in_blocks_of(1 << 10):
        (read,) = plainly(path, Rejects("raise"))
    assert [read.store_ids[code] for code in read.code.tolist()] == ids


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("polls")


@pytest.fixture
def path(folder: Path) -> Path:
    return folder / "polls.csv"


@given(file=hostile_csv("polls"), block=st.integers(1, 200))
def test_generated_files(folder: Path, file: HostileCsv, block: int) -> None:
    path = file.write(folder)
    with mock.patch.object(line_blocks, "_BLOCK_BYTES", block):
        both = outcome(plainly, path)
        assert both == outcome(as_texts, path)
    if file.bad_file is None:
        _, rejected = both[0]
        assert [(row.line, row.field) for row in rejected] == [*file.rejected]


@pytest.mark.parametrize(
    "timestamp",
    [
        "2023-01-24 09:06:42. UTC",
        "2023-01-24 09:06:42  UTC",
        "2023-01-24 09:06:42.1234567 UTC",
        "2023-02-29 09:06:42 UTC",
        "2023-01-00 09:06:42 UTC",
        "2023-00-24 09:06:42 UTC",
        "2023-13-24 09:06:42 UTC",
        "2023-01-24 24:00:00 UTC",
        "2023-01-24 23:60:00 UTC",
        "2023-01-24 23:59:60 UTC",
        "2023-01-24 23:59:60.5 UTC",
        "2023-02-29 00:00:00 UTC",
        "2023-04-31 00:00:00.0 UTC",
        "2023-12-32 00:00:59.999999 UTC",
        "2023-01-24 09:06:42.\u00e9 UTC",
        "2023-01-24 09:06:42.\u00e91 UTC",
        "2023-01-24 09:06:42.1\u00e945 UTC",
        "2023-01-24 09:06:\u00e9 UTC",
        "1899-12-31 23:59:59 UTC",
        "1900-01-01 00:00:00 UTC",
        "2199-12-31 23:59:59 UTC",
        "2200-01-01 00:00:00 UTC",
        "2200-12-01 00:00:00 UTC",
    ],
)
def test_a_timestamp_that_is_nearly_plain(path: Path, timestamp: str) -> None:
    path.write_text(f"{HEADER}a,{timestamp},active\n")
    assert outcome(plainly, path) == outcome(as_texts, path)


@pytest.mark.parametrize(
    "status",
    [
        "activ",
        "activee",
        "active ",
        "inactiv",
        "inactivee",
        "inactivexx",
        "activ\u00e9",
    ],
)
def test_a_status_that_is_nearly_plain(path: Path, status: str) -> None:
    for other in ("", "b,2021-12-31 00:00:00 UTC,inactive\n"):
        path.write_text(f"{HEADER}a,2023-01-24 09:06:42 UTC,{status}\n{other}")
        assert outcome(plainly, path) == outcome(as_texts, path)


@pytest.mark.parametrize(
    "data",
    [
        b"store_id,status\na,\xff\n",
        b"a,2023-01-25 18:13:22 UTC,active\n\xff\n",
        b"store_id,\xff\n\0\n",
        b"\n \n\nstore_id,status\n",
    ],
)
def test_what_is_wrong_with_a_file_does_not_depend_on_the_way(
    path: Path, data: bytes
) -> None:
    path.write_bytes(data)
    assert outcome(plainly, path) == outcome(as_texts, path)


@pytest.mark.parametrize("seed", range(4))
def test_files_with_any_bytes_changed(path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  # to be repeated
    good = (HEADER + LINES * 3).encode()
    plain = 0
    for _ in range(400):
        data = bytearray(good)
        for _ in range(chance.randrange(1, 4)):
            place = chance.randrange(len(data))
            change = chance.choice(["set", "set", "delete", "insert", "common"])
            if change == "delete":
                del data[place]
            elif change == "insert":
                data.insert(place, chance.randrange(256))
            elif change == "common":
                data[place] = chance.choice(b'09:.- ,\n\r"\0TZ\x80/')
            else:
                data[place] = chance.randrange(256)
        path.write_bytes(data)
        both = outcome(plainly, path)
        assert both == outcome(as_texts, path), bytes(data)
        plain += isinstance(both[1], list)
    assert plain > 10


@pytest.mark.parametrize("other", [b"", b"b,2021-12-31 00:00:00 UTC,active\n"])
def test_each_byte_of_a_timestamp_is_checked(other: bytes) -> None:
    """In a row alone, and in one of several months."""
    good = b"2023-01-22 12:09:39.388884 UTC"
    for place in range(len(good)):
        for byte in range(1, 256):
            data = bytearray(good)
            data[place] = byte
            if byte in b'\n\r,"':
                continue
            row = b"a," + bytes(data) + b",active\n"
            polls = scan(row + other, (0, 1, 2), 3)
            if byte >= 0x80:
                assert polls is None
                continue
            assert polls is not None
            is_digit = good[place] in b"0123456789" and byte in b"0123456789"
            try:
                at = parse_timestamp(data.decode())
            except InputError:
                at = None
            if is_digit or polls.at_is_read[0]:
                assert (polls.at[0] if polls.at_is_read[0] else None) == at
            else:
                assert byte != good[place]


def many(rows: int, chance: random.Random) -> str:
    names = [str(chance.randrange(2**63)) for _ in range(300)] + ["b" * 50, "é"]
    return "".join(
        f"{chance.choice(names)},{chance.choice(('active', 'inactive'))},"
        f"2023-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02} "
        f"{chance.randrange(24):02}:00:00.{chance.randrange(1, 10**6)} UTC\n"
        for _ in range(rows)
    )


@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
@pytest.mark.parametrize("odd", ["", "a,active,2023-01-25T10:00:00Z\n", '"q\n",x,y\n'])
def test_large_files_in_parts(tmp_path: Path, ending: str, odd: str) -> None:
    chance = random.Random(5)  # noqa: S311  # to be repeated
    text = "store_id,status,timestamp_utc\n" + many(3000, chance) + odd
    data = (text + many(3000, chance)).encode()
    path = tmp_path / f"polls.{ending}"
    path.write_bytes(gzip.compress(data) if ending.endswith("gz") else data)
    with mock.patch.object(line_blocks, "_BLOCK_BYTES", 10_000):
        assert outcome(plainly, path) == outcome(as_texts, path)
        parts = plainly(path, Rejects("collect"), 1000)
    assert len(parts) >= 3
    assert sum(map(len, parts)) == 6000 + (odd[:1] == "a")


def test_blocks_are_scanned_as_arrays(path: Path) -> None:
    """So that the comparisons above compare two things."""
    path.write_text(HEADER + LINES)
    scanned: list[PlainPolls | None] = []

    def spy(*arguments: Any) -> PlainPolls | None:  # noqa: ANN401  # passed on
        scanned.append(scan(*arguments))
        return scanned[-1]

    with mock.patch.object(poll_file, "scan", spy):
        (polls,) = plainly(path, Rejects())
    assert [block is not None for block in scanned] == [True]
    assert len(polls) == 3
    assert polls.store_ids == ("8419537941919820732", "54515546588432327")
