"""Every row of a hostile file becomes what is expected of it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, get_args

import pytest
from hypothesis import given, settings
from tests.testing.drawing import too_rare

from uptime_core import BadFileError, CsvStore, InputError, MemoryStore, load_csv
from uptime_core.testing.hostile import Accepted, HostileCsv, Kind, Rejected, expected
from uptime_core.testing.strategies import hostile_csv, simplest
from uptime_core.testing.strategies.file_faults import FILE_FAULTS, TEXT_FAULTS

if TYPE_CHECKING:
    from pathlib import Path

    from uptime_core import Store

DAY = 86_400_000_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("hostile")
    (made / "nothing.csv").write_text("store_id,timestamp_utc,status\n")
    return made


def taken_in(store: Store, kind: Kind) -> list[object]:
    """What a store has of a source, in the form of `Accepted`."""
    if kind == "polls":
        return [
            (poll.store_id, poll.at, poll.up)
            for batch in store.polls()
            for poll in batch.rows()
        ]
    if kind == "timezones":
        return [*store.timezones().items()]
    hours = store.hours()
    columns = zip(
        hours.code.tolist(), hours.start.tolist(), hours.end.tolist(), strict=True
    )
    return [
        (hours.store_ids[code], start // DAY, start % DAY, start % DAY + end - start)
        for code, start, end in columns
    ]


@settings(max_examples=4 * settings().max_examples)
@given(hostile_csv())
def test_a_store_of_files(folder: Path, file: HostileCsv) -> None:
    paths = {"polls": folder / "nothing.csv", file.kind: file.write(folder)}
    arguments = paths["polls"], paths.get("hours"), paths.get("timezones")
    collecting = CsvStore(*arguments, on_error="collect")
    raising = CsvStore(*arguments)
    if file.bad_file is not None:
        with pytest.raises(BadFileError):
            collecting.snapshot()
        with pytest.raises(InputError):
            raising.snapshot()
        return

    given_up = [(row.line, row.field) for row in collecting.rejected()]
    assert given_up == [*file.rejected]
    assert collecting.quarantined() == file.quarantined
    values = [row.value for row in file.accepted]
    if file.kind == "polls":
        assert Counter(taken_in(collecting, file.kind)) == Counter(values)
    else:  # rows that come again are one
        assert set(taken_in(collecting, file.kind)) == set(values)
    if file.first_fault is None:
        assert taken_in(raising, file.kind) == taken_in(collecting, file.kind)
    else:
        with pytest.raises(InputError) as caught:
            raising.snapshot()
        assert (caught.value.line, caught.value.field) == file.first_fault
        assert caught.value.source == str(folder / file.name)


@given(hostile_csv(bad_files=False))
def test_a_load_into_a_store(folder: Path, file: HostileCsv) -> None:
    store = MemoryStore()
    paths = {file.kind: file.write(folder)}
    arguments = paths.get("polls"), paths.get("hours"), paths.get("timezones")
    result = load_csv(store, *arguments, on_error="collect")

    assert [(row.line, row.field) for row in result.rejected] == [*file.rejected]
    assert set(taken_in(store, file.kind)) == {row.value for row in file.accepted}
    assert store.quarantined() == file.quarantined


SHARES = {
    "polls": 0.2,
    "hours": 0.2,
    "timezones": 0.2,
    "a good row": 0.2,
    "a bad row": 0.2,
    "a bad file": 0.15,
    "good and bad rows": 0.15,
    "a shop in quarantine": 0.15,
    "compressed": 0.15,
    "blank lines": 0.15,
    "rows on several lines": 0.02,
    "a byte order mark": 0.1,
    **dict.fromkeys(
        [
            *("store_id", "timestamp_utc", "status", "day", "start_time_local"),
            *("end_time_local", "timezone_str", "wrong length"),
        ],
        0.02,
    ),
    **dict.fromkeys([*TEXT_FAULTS, *FILE_FAULTS], 0.003),
}
"""How often files have something at least; measured, it is 1.5 times that or more."""


def traits(file: HostileCsv) -> set[str]:
    found = {file.kind, *(row.field or "wrong length" for row in file.rejected)}
    lines = file.data.split(b"\n")
    return found | {
        trait
        for trait, holds in {
            "a good row": file.accepted,
            "a bad row": file.rejected,
            "good and bad rows": file.accepted and file.rejected,
            "a bad file": file.bad_file,
            "a shop in quarantine": file.quarantined,
            "compressed": file.name.endswith(".gz"),
            "blank lines": any(not line.strip() for line in lines[:-1]),
            "rows on several lines": file.data.count(b'two\nlines"'),
            "a byte order mark": file.data.startswith(b"\xef\xbb\xbf"),
            file.bad_file: file.bad_file,
        }.items()
        if holds and trait
    }


@pytest.mark.once
def test_files_have_all_kinds_of_faults_often_enough() -> None:
    assert too_rare(hostile_csv(), traits, SHARES) == {}


@pytest.mark.parametrize("kind", get_args(Kind))
def test_the_simplest_file_has_a_header_only(kind: Kind) -> None:
    file = simplest(hostile_csv(kind))

    assert (file.rows, file.bad_file) == ((), None)
    assert file.data.count(b"\n") == 1


def test_a_simple_file_with_a_bad_row() -> None:
    file = simplest(
        hostile_csv("timezones"),
        lambda file: "timezone_str" in [row.field for row in file.rejected],
    )

    assert file.data.startswith(b"store_id,timezone_str\na,")
    assert len(file.data.splitlines()) <= 4


def test_what_is_expected_of_rows() -> None:
    """Worked out by hand: the id comes second, and a surplus cell may be an id."""
    rows = [
        (2, ("UTC", "a")),
        (3, ("Nowhere", "b")),
        (4, ("UTC", "b")),
        (6, ("UTC", "a", "c")),
        (7, ("UTC", "c")),
        (8, ("UTC", "")),
        (9, ("Europe/Paris", "d")),
        (10, ("UTC", "d")),
        (11, ("UTC", "e")),
        (12, ("UTC", "e")),
    ]
    outcome = expected("timezones", rows, (1, 0), 2)

    assert outcome.rows == (
        Rejected(2, None),
        Rejected(3, "timezone_str"),
        Rejected(4, None),
        Rejected(6, None),
        Rejected(7, None),
        Rejected(8, "store_id"),
        Rejected(9, None),
        Rejected(10, "timezone_str"),
        Accepted(11, ("e", "UTC")),
        Accepted(12, ("e", "UTC")),
    )
    assert outcome.first_fault == (3, "timezone_str")
    assert outcome.quarantined == {"a", "b", "c", "d"}
    assert outcome.suspects == {"UTC"}


@pytest.mark.parametrize("kind", ["polles", 5, ["polls"]])
def test_a_kind_that_is_none(kind: Any) -> None:  # noqa: ANN401  # anything
    with pytest.raises(InputError, match=r"hostile_csv, kind: .*'polls', 'hours'"):
        hostile_csv(kind)
