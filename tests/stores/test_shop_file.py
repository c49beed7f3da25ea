"""Files of hours and zones give the same whether lines are cut or read by csv."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from uptime_core.errors import InputError
from uptime_core.headers import HOURS_COLUMNS, TIMEZONE_COLUMNS
from uptime_core.stores import line_blocks, shop_file
from uptime_core.stores.csv import (
    read_hours,
    read_timezones,
)
from uptime_core.stores.table import Layout

if TYPE_CHECKING:
    from pathlib import Path

HOURS = "store_id,day,start_time_local,end_time_local"
SHUFFLED = "store_id,end_time_local,note,day,start_time_local"
ZONES = "store_id,timezone_str"

ids = st.sampled_from(["1", "2", "3", "", " 1", "2 ", "1e+18", "x" * 201, "caf\u00e9"])
days = st.sampled_from(["0", "6", " 3", "7", "", "x"])
times = st.sampled_from(["0:00", "09:00", "23:59:59", "24:00", " 9:00 ", "9", ""])
zones = st.sampled_from(
    ["Asia/Beirut", "America/Boise", " Asia/Beirut", "asia/beirut", "", "Factory"]
)
odd = st.sampled_from(["", " ", "1", "1,2", "1,0,9:00,10:00,11:00", '"1"', ",,,", ","])


def hours_of(header: str) -> st.SearchStrategy[str]:
    rows = (
        st.tuples(ids, days, times, times)
        if header == HOURS
        else st.tuples(ids, times, st.just("n"), days, times)
    )
    good = rows.map(",".join)
    lines = st.lists(st.one_of(good, good, good, odd), max_size=10)
    return lines.map(lambda found: "\n".join([header, *found]))


texts = st.one_of(
    hours_of(HOURS),
    hours_of(SHUFFLED),
    st.lists(st.one_of(st.tuples(ids, zones).map(",".join), odd), max_size=10).map(
        lambda found: "\n".join([ZONES, *found])
    ),
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shops") / "shops.csv"


def outcome(path: Path, text: str) -> Any:  # noqa: ANN401  # to be compared
    """What becomes of a file, bad rows collected and bad rows raised."""
    found: list[Any] = []
    is_zones = text.startswith(ZONES)
    columns = TIMEZONE_COLUMNS if is_zones else HOURS_COLUMNS
    read: Any = read_timezones if is_zones else read_hours
    for on_error in ("collect", "raise"):
        try:
            found.append(read(path, columns, on_error))
        except InputError as error:
            found.append((type(error), str(error)))
    return found


def by_csv(path: Path, text: str) -> Any:  # noqa: ANN401  # to be compared
    with mock.patch.object(shop_file, "plain_rows", return_value=None):
        return outcome(path, text)


@given(texts, st.sampled_from(["\n", "\r\n", "\r"]), st.booleans(), st.integers(1, 99))
@example(f"{ZONES}\n1,Asia/Beirut\n1,America/Boise\n2,", "\n", True, 99)  # noqa: FBT003
@example(f"{ZONES}\n1,Asia/Beirut\n1, Asia/Beirut", "\n", True, 99)  # noqa: FBT003
def test_generated_files(
    path: Path,
    text: str,
    newline: str,
    ends: bool,  # noqa: FBT001  # given by its place
    block: int,
) -> None:
    lines = text.replace("\n", newline) + (newline if ends else "")
    path.write_bytes(lines.encode())
    with mock.patch.object(line_blocks, "_BLOCK_BYTES", block):
        assert outcome(path, text) == by_csv(path, text)


@pytest.mark.parametrize("seed", range(3))
def test_files_with_any_bytes_changed(path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  # to be repeated
    text = f"{HOURS}\n" + "1,0,09:00,17:00\n2,6,22:00:00,02:00:00\n1,1,0:00,24:00\n" * 3
    good = 0
    for _ in range(300):
        data = bytearray(text.encode())
        for _ in range(chance.randrange(1, 4)):
            place = chance.randrange(len(data))
            if chance.random() < 0.5:
                data[place] = chance.choice(b'09:.- ,\n\r"\0\x80')
            else:
                data[place : place + 1] = b""
        path.write_bytes(data)
        both = outcome(path, text)
        assert both == by_csv(path, text), bytes(data)
        good += len(both[1]) == 3  # a reading, not an error
    assert good >= 3


@pytest.mark.parametrize(
    ("data", "places"),
    [
        (b"1,0\n", [1, 0]),
        (b'1,"0"\n', [0, 1]),
        (b"1,0\r1,1\n", [0, 1]),
        (b"1,\0\n", [0, 1]),
        (b"1,\xff\n", [0, 1]),
        (b"1,0\n1\n", [0, 1]),
        (b"1," + b"x" * 65 + b"\n", [0, 1]),
        (b"x" * 65 + b",0\n", [0, 1]),
    ],
)
def test_what_only_csv_can_read_is_left_to_it(data: bytes, places: list[int]) -> None:
    assert shop_file.plain_rows(data, Layout(places, 2)) is None


def test_lines_are_cut_behind_the_id() -> None:
    rows = shop_file.plain_rows(b"1,0,9:00\r\n,,\n22,x,", Layout([0, 1, 2], 3))
    assert rows is not None
    every = np.arange(3)
    assert rows.store_ids.texts(every) == ["1", "", "22"]
    assert rows.rests.texts(every) == ["0,9:00", ",", "x,"]
