"""CSV files into a store, and out of it: all or nothing, and the same again."""

from __future__ import annotations

import errno
import gzip
import os
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from uptime_core import (
    BadFileError,
    CsvStore,
    HoursColumns,
    IngestUnsupportedError,
    InputError,
    MemoryStore,
    Poll,
    PollColumns,
    Progress,
    Snapshot,
    SqliteStore,
    Store,
    WeeklySchedule,
    compute_snapshot,
)
from uptime_core import load as load_module
from uptime_core.kernel.weekly import DAY, WEEK, WeeklyTable
from uptime_core.load import export_csv, load_csv
from uptime_core.stores import line_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptime_core import IngestResult, LoadResult

    Files = dict[str, Path]
    Ingesting = MemoryStore | SqliteStore

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
POLLS = """store_id,timestamp_utc,status
a,2023-01-25 11:30:00 UTC,active
a,2023-01-25 12:00:00 UTC,inactive
b,2023-01-25 11:00:00 UTC,active
"""
HOURS = """store_id,day,start_time_local,end_time_local
a,2,05:00,05:45
b,2,00:00,24:00
"""
ZONES = """store_id,timezone_str
b,UTC
c,UTC
"""
SECOND = 1_000_000
HOUR = 3_600 * SECOND


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """The three files, by the names of the arguments."""
    contents = {"polls": POLLS, "hours": HOURS, "timezones": ZONES}
    paths = {}
    for name, text in contents.items():
        paths[name] = tmp_path / f"{name}.csv"
        paths[name].write_text(text)
    return paths


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ingesting]:
    if request.param == "memory":
        yield MemoryStore()
    else:
        with SqliteStore(tmp_path / "store.db") as opened:
            yield opened


def polls_of(store: Store) -> set[Poll]:
    return {poll for batch in store.polls() for poll in batch.rows()}


def hours_of(store: Store) -> dict[str, list[tuple[int, int]]]:
    """Each shop's rows, sorted."""
    hours = store.hours()
    rows: dict[str, list[tuple[int, int]]] = {shop: [] for shop in hours.store_ids}
    for code, start, end in zip(hours.code, hours.start, hours.end, strict=True):
        rows[hours.store_ids[code]].append((int(start), int(end)))
    return {shop: sorted(known) for shop, known in rows.items()}


def held(store: Store) -> tuple[object, ...]:
    """All that a store has."""
    zones = dict(store.timezones())
    return polls_of(store), hours_of(store), zones, store.quarantined()


def load(store: Any, files: Files, **options: Any) -> LoadResult:  # noqa: ANN401
    return load_csv(store, **{**options, **files})


def csv_store(files: Files, **options: Any) -> CsvStore:  # noqa: ANN401  # as CsvStore has
    return CsvStore(**{**options, **files})


def append(path: Path, text: str) -> None:
    with path.open("a") as stream:
        stream.write(text)


# Loading


def test_what_is_loaded_is_what_csv_stores_read(store: Ingesting, files: Files) -> None:
    result = load(store, files)

    csv = csv_store(files)
    assert held(store) == held(csv)
    assert compute_snapshot(store.snapshot()) == compute_snapshot(csv.snapshot())
    assert str(result) == (
        "polls: 3 rows added; hours: 2 rows added; time zones: 2 rows added"
    )
    assert repr(result) == f"<LoadResult: {result}>"
    assert result.rejected == ()


def test_loading_twice_changes_nothing_and_says_so(
    store: Ingesting, files: Files
) -> None:
    load(store, files)
    before = held(store)
    result = load(store, files)

    assert held(store) == before
    assert str(result) == (
        "nothing new: 3 polls, 2 rows of hours, 2 time zones there already"
    )


@pytest.mark.parametrize("name", ["polls", "hours", "timezones"])
def test_one_file_is_enough(store: Ingesting, files: Files, name: str) -> None:
    result = load(store, {name: files[name]})
    others = {"polls", "hours", "timezones"} - {name}
    one: IngestResult = getattr(result, name)
    assert one.added == (3 if name == "polls" else 2)
    assert [getattr(result, other) for other in others] == [None, None]
    assert str(load(store, {name: files[name]})).startswith("nothing new: ")


@pytest.mark.parametrize("name", ["polls", "hours", "timezones"])
def test_a_file_without_rows_is_no_error(
    store: Ingesting, files: Files, name: str
) -> None:
    header, *_ = files[name].read_text().splitlines()
    files[name].write_text(header)
    assert str(load(store, {name: files[name]})).startswith("nothing new: 0 ")


def test_rows_that_are_replaced_or_forgotten_are_told_of(
    store: Ingesting, files: Files
) -> None:
    load(store, files)
    header, first, _ = files["hours"].read_text().splitlines()
    files["hours"].write_text(f"{header}\n{first}\n{first.replace(',2,', ',3,')}\n")
    files["timezones"].write_text("store_id,timezone_str\nb,Europe/Dublin\n")
    result = load(store, files, replace=True)
    assert str(result.hours) == "1 row added, 1 there already, 1 conflicting, 1 removed"
    assert str(result.timezones) == "1 row added, 1 conflicting, 2 removed"
    files["hours"].write_text(f"{header}\n{first}\n")
    assert str(load(store, files)) == (
        "polls: 0 rows added, 3 there already; "
        "hours: 0 rows added, 1 there already, 1 removed; "
        "time zones: 0 rows added, 1 there already"
    )


def test_later_hours_and_zones_replace_those_of_their_shops(
    store: Ingesting, files: Files
) -> None:
    load(store, files)
    files["hours"].write_text(HOURS.replace("b,2,00:00,24:00", "c,3,9:00,17:00"))
    files["timezones"].write_text("store_id,timezone_str\nb,GB\n")
    result = load_csv(store, hours=files["hours"], timezones=files["timezones"])

    assert result.hours is not None
    assert (result.hours.added, result.hours.repeated) == (1, 1)
    assert set(hours_of(store)) == {"a", "b", "c"}
    assert store.timezones() == {"b": "GB", "c": "UTC"}


def test_replacing_forgets_all_other_hours_and_zones_but_no_poll(
    store: Ingesting, files: Files
) -> None:
    load(store, files)
    before = polls_of(store)
    files["polls"].write_text(POLLS.splitlines()[0] + "\nc,2023-01-25 12:00:00,active")
    files["hours"].write_text(HOURS.replace("b,2,00:00,24:00\n", ""))
    files["timezones"].write_text("store_id,timezone_str\na,GB\n")
    load(store, files, replace=True)

    assert polls_of(store) == before | {Poll("c", NOON, up=True)}
    assert set(hours_of(store)) == {"a"}
    assert store.timezones() == {"a": "GB"}


def test_replacing_only_one_source_keeps_the_other(
    store: Ingesting, files: Files
) -> None:
    load(store, files)
    load_csv(store, hours=files["hours"], replace=True)
    assert store.timezones() == {"b": "UTC", "c": "UTC"}


def test_compressed_files_and_other_headers_are_read(
    store: Ingesting, files: Files
) -> None:
    packed = files["polls"].with_suffix(".csv.gz")
    text = POLLS.replace("store_id", "Shop").replace("status", "state")
    packed.write_bytes(gzip.compress(text.encode()))
    columns: dict[str, str | tuple[str, ...]]
    columns = {"store_id": ("shop", "store_id"), "status": "state"}
    load_csv(store, packed, files["hours"], files["timezones"], columns=columns)
    assert held(store) == held(csv_store(files))


def test_rows_set_aside_are_in_the_result_file_by_file(
    store: Ingesting, files: Files
) -> None:
    append(files["polls"], "a,yesterday,active\n")
    append(files["hours"], "a,7,9:00,17:00\n")
    append(files["timezones"], "d,Mars\n")
    result = load(store, files, on_error="collect")

    assert held(store) == held(csv_store(files, on_error="collect"))
    assert [(Path(row.source).stem, row.line) for row in result.rejected] == [
        *(("polls", 5), ("hours", 2), ("hours", 4), ("timezones", 4))
    ]
    assert str(result) == (
        "polls: 3 rows added, 1 rejected; hours: 1 row added, 2 rejected; "
        "time zones: 2 rows added, 1 rejected; 2 shops in quarantine"
    )
    again = load(store, files, on_error="collect")
    assert str(again).startswith("no rows added: 3 polls, ")
    assert str(again).endswith(
        "time zones there already, 4 rejected; 2 shops in quarantine"
    )
    assert again.quarantined == len(store.quarantined()) == 2


def test_a_shop_of_bad_rows_stays_out_of_reports_until_good_rows_come(
    store: Ingesting, files: Files
) -> None:
    load(store, files)
    good = compute_snapshot(store.snapshot())
    append(files["hours"], "a,7,9:00,17:00\n")
    load_csv(store, hours=files["hours"], on_error="collect")
    report = compute_snapshot(store.snapshot())
    assert (report.store_ids, report.provenance.quarantined) == (("b", "c"), 1)

    load_csv(store, polls=files["polls"], timezones=files["timezones"])
    assert store.quarantined() == {"a"}
    files["hours"].write_text(HOURS)
    load_csv(store, hours=files["hours"])
    assert compute_snapshot(store.snapshot()) == good


def test_what_may_be_the_id_of_a_cut_row_is_quarantined(
    store: Ingesting, files: Files
) -> None:
    """The id is not the first column, and so may be any cell of a row too short."""
    files["hours"].write_text("day,store_id,start_time_local,end_time_local\na,b\n")
    load(store, files, on_error="collect")
    assert store.quarantined() == {"a", "b"}


# All or nothing


@pytest.mark.parametrize(
    ("name", "row", "error"),
    [
        ("polls", "a,yesterday,active\n", InputError),
        ("hours", "a,7,9:00,17:00\n", InputError),
        ("timezones", "a,Mars\n", InputError),
        ("timezones", "b,GB\n", InputError),
        ("polls", '"a\n', BadFileError),
        ("hours", "a\0\n", BadFileError),
        ("timezones", "a\r", BadFileError),
    ],
)
def test_a_bad_row_refuses_all_three_files_and_is_named(
    store: Ingesting, files: Files, name: str, row: str, error: type[InputError]
) -> None:
    store.add_polls([("z", NOON, True)])
    before = held(store)
    append(files[name], row)
    with pytest.raises(error) as caught:
        load(store, files)
    assert caught.value.source == str(files[name])
    assert caught.value.line is not None
    assert held(store) == before


@pytest.mark.parametrize("name", ["polls", "hours", "timezones"])
def test_a_missing_file_is_named(store: Ingesting, files: Files, name: str) -> None:
    files[name].unlink()
    with pytest.raises(FileNotFoundError) as caught:
        load(store, files)
    assert caught.value.filename == str(files[name])
    assert held(store) == (set(), {}, {}, frozenset())


@pytest.mark.parametrize("name", ["polls", "hours", "timezones"])
def test_a_broken_disk_leaves_the_store_as_it_was(
    store: Ingesting, files: Files, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = line_blocks._read

    def broken(stream: Any, source: str, line: int) -> bytes:  # noqa: ANN401
        if source == str(files[name]) and line > 1:
            raise OSError(errno.EIO, os.strerror(errno.EIO), source)
        return read(stream, source, line)

    monkeypatch.setattr(line_blocks, "_read", broken)
    with pytest.raises(OSError, match="Input/output error"):
        load(store, files)
    assert held(store) == (set(), {}, {}, frozenset())


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
@pytest.mark.parametrize("method", ["add_polls", "set_hours", "set_timezones"])
def test_a_failing_or_interrupted_write_leaves_the_store_as_it_was(
    store: Ingesting,
    files: Files,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    error: BaseException,
) -> None:
    write = getattr(store, method)

    def fails(*arguments: object, **options: object) -> None:
        write(*arguments, **options)
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(store, method, fails)
        with pytest.raises(type(error)):
            load(store, files)
    assert held(store) == (set(), {}, {}, frozenset())
    load(store, files)
    assert held(store) == held(csv_store(files))


@pytest.mark.parametrize("at", range(1, 9))
def test_an_interrupt_while_files_are_read_leaves_the_store_as_it_was(
    store: Ingesting, files: Files, at: int
) -> None:
    calls = 0

    def interrupt(progress: Progress) -> None:
        nonlocal calls
        calls += 1
        if calls == at or progress.done == progress.total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(store, files, progress=interrupt)
    assert held(store) == (set(), {}, {}, frozenset())


@pytest.mark.parametrize("name", ["polls", "hours", "timezones"])
def test_a_file_that_changes_while_it_is_read_is_refused(
    store: Ingesting, files: Files, name: str
) -> None:
    changed = False
    sizes = {key: path.stat().st_size for key, path in files.items()}
    before = {"hours": 0, "timezones": sizes["hours"]}
    before["polls"] = before["timezones"] + sizes["timezones"]

    def disturb(progress: Progress) -> None:
        nonlocal changed
        if progress.done > before[name] and not changed:
            changed = True
            append(files[name], files[name].read_text().splitlines()[-1] + "\n")

    with pytest.raises(BadFileError, match="changed while it was read") as caught:
        load(store, files, progress=disturb)
    assert caught.value.source == str(files[name])
    assert held(store) == (set(), {}, {}, frozenset())


def test_it_joins_a_transaction_of_the_caller(store: Ingesting, files: Files) -> None:
    def load_and_fail() -> None:
        with store.transaction():
            load(store, files)
            raise KeyError

    with pytest.raises(KeyError):
        load_and_fail()
    assert held(store) == (set(), {}, {}, frozenset())


# Large files


class Watched(MemoryStore):
    """A store that tells when it is locked and what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[object] = []
        self.depth = 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.depth += 1
        if self.depth == 1:
            self.events.append("begin")
        with super().transaction():
            yield
        self.depth -= 1
        if not self.depth:
            self.events.append("end")

    def add_polls(self, polls: Any, **options: Any) -> IngestResult:  # noqa: ANN401
        self.events.append(len(polls))
        return super().add_polls(polls, **options)


def many_polls(rows: int) -> str:
    instants = (NOON + timedelta(seconds=number) for number in range(rows))
    lines = [f"s{at.second},{at:%Y-%m-%d %H:%M:%S},active" for at in instants]
    return "\n".join([POLLS.splitlines()[0], *lines, ""])


def test_a_file_of_some_size_is_read_before_the_store_is_locked(files: Files) -> None:
    files["polls"].write_text(many_polls(10_000))
    store = Watched()
    events = store.events
    load(store, files, progress=events.append)

    assert [event for event in events if not isinstance(event, Progress)] == [
        *("begin", 10_000, "end")
    ]
    total = sum(path.stat().st_size for path in files.values())
    # Everything has been read when the store is locked.
    last = events[events.index("begin") - 1]
    assert last == Progress("read", total, total, "bytes")


def test_a_large_file_is_written_in_parts(
    files: Files, monkeypatch: pytest.MonkeyPatch, store: Ingesting
) -> None:
    monkeypatch.setattr(load_module, "PART_ROWS", 4_000)
    monkeypatch.setattr(load_module, "PARTS_AHEAD", 2)
    monkeypatch.setattr(line_blocks, "_BLOCK_BYTES", 1 << 15)
    files["polls"].write_text(many_polls(20_000))
    watched = Watched()
    load(watched, files)
    parts = [event for event in watched.events if isinstance(event, int)]
    assert sum(parts) == 20_000
    assert max(parts) < 5_000 + 1
    assert len(parts) == 5

    result = load(store, files)
    assert result.polls is not None
    assert result.polls.added == 20_000
    assert held(store) == held(watched) == held(csv_store(files))


@pytest.mark.parametrize("on_error", ["raise", "collect"])
def test_a_bad_row_at_the_end_of_a_large_file_is_found_too(
    files: Files,
    monkeypatch: pytest.MonkeyPatch,
    store: Ingesting,
    on_error: Any,  # noqa: ANN401
) -> None:
    monkeypatch.setattr(load_module, "PART_ROWS", 4_000)
    monkeypatch.setattr(load_module, "PARTS_AHEAD", 2)
    monkeypatch.setattr(line_blocks, "_BLOCK_BYTES", 1 << 15)
    files["polls"].write_text(many_polls(20_000) + "a,b,c\n")
    if on_error == "raise":
        with pytest.raises(InputError) as caught:
            load(store, files)
        assert caught.value.line == 20_002
        assert held(store) == (set(), {}, {}, frozenset())
    else:
        result = load(store, files, on_error="collect")
        assert [row.line for row in result.rejected] == [20_002]
        assert len(polls_of(store)) == 20_000


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
def test_progress_rises_to_the_end(files: Files, suffix: str) -> None:
    text = many_polls(200_000)
    path = files["polls"].with_suffix(suffix)
    data = text.encode()
    path.write_bytes(gzip.compress(data, 0) if suffix.endswith("gz") else data)
    files["polls"] = path
    told: list[Progress] = []
    load(MemoryStore(), files, progress=told.append)

    total = sum(path.stat().st_size for path in files.values())
    kinds = {(progress.phase, progress.total, progress.unit) for progress in told}
    assert kinds == {("read", total, "bytes")}
    assert all(one.done < two.done for one, two in pairwise(told))
    assert told[-1].done == total
    assert len(told) > 4


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_read_and_has_no_size(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    told: list[Progress] = []
    child = os.fork()
    if not child:  # pragma: no cover  # in another process
        pipe.write_text(POLLS)
        os._exit(0)
    load_csv(store := MemoryStore(), pipe, progress=told.append)
    os.waitpid(child, 0)
    assert len(polls_of(store)) == 3
    assert told == [Progress("read", 0, 0, "bytes")]


# Arguments


def test_a_store_that_only_reads_is_refused(files: Files) -> None:
    with pytest.raises(IngestUnsupportedError, match="SqliteStore or a MemoryStore"):
        load(csv_store(files), files)


@pytest.mark.parametrize(
    ("options", "source"),
    [
        ({}, "load_csv"),
        ({"polls": 5}, "load_csv"),
        ({"polls": "polls.csv", "columns": {"shop": "x"}}, "columns"),
        ({"polls": "polls.csv", "on_error": "ignore"}, "load_csv"),
        ({"polls": "a\0b"}, "load_csv"),
    ],
)
def test_an_argument_that_cannot_be_is_refused(
    store: Ingesting, options: dict[str, Any], source: str
) -> None:
    with pytest.raises(InputError) as caught:
        load_csv(store, **options)
    assert caught.value.source == source


def test_a_store_without_transactions_is_loaded_too(files: Files) -> None:
    class Plain:
        """The methods of `SupportsIngest` and no other."""

        def __init__(self, inner: MemoryStore) -> None:
            self.add_polls = inner.add_polls
            self.set_hours = inner.set_hours
            self.set_timezones = inner.set_timezones

    store = MemoryStore()
    load(Plain(store), files)
    assert held(store) == held(csv_store(files))


def test_a_result_counts_what_is_from_before_the_horizon(
    files: Files, tmp_path: Path
) -> None:
    with SqliteStore(tmp_path / "store.db") as store:
        load(store, files)
        store.delete_before(NOON)
        result = load_csv(store, files["polls"])
    assert str(result) == (
        "nothing new: 1 poll there already, 2 from before the horizon"
    )


# Exporting


def test_exported_files_are_sorted_and_canonical(tmp_path: Path) -> None:
    store = MemoryStore(
        [
            ("b", NOON, True),
            ('é,"', NOON, False),
            ("a", NOON + timedelta(microseconds=1), True),
            ("a", NOON, True),
            ("a", NOON, False),
            ("a", NOON, True),
        ],
        [
            ("b", 6, "22:00", "6:00"),
            ("a", 1, "9:00", "17:00:00.5"),
            ("a", 1, "9:00", "17:00:00.5"),
            ("a", 0, "0:00", "23:59"),
            ("a", 0, "9:00", "9:00"),
        ],
        {"b": "UTC", "=1": "GB"},
    )
    paths = [tmp_path / name for name in ("polls.csv", "hours.csv", "zones.csv")]
    export_csv(store, *paths)
    assert paths[0].read_text() == (
        "store_id,timestamp_utc,status\n"
        "a,2023-01-25 12:00:00.000000 UTC,inactive\n"
        "a,2023-01-25 12:00:00.000000 UTC,active\n"
        "a,2023-01-25 12:00:00.000001 UTC,active\n"
        "b,2023-01-25 12:00:00.000000 UTC,active\n"
        '"é,""",2023-01-25 12:00:00.000000 UTC,inactive\n'
    )
    assert paths[1].read_text() == (
        "store_id,day,start_time_local,end_time_local\n"
        "a,0,00:00:00,24:00:00\n"
        "a,0,09:00:00,09:00:00\n"
        "a,1,09:00:00,17:00:00.500000\n"
        "b,6,22:00:00,06:00:00\n"
    )
    assert paths[2].read_text() == "store_id,timezone_str\n=1,GB\nb,UTC\n"


def test_what_is_exported_loads_back_into_any_store(
    store: Ingesting, files: Files, tmp_path: Path
) -> None:
    load(store, files)
    out = {name: tmp_path / f"out-{name}.csv.gz" for name in files}
    export_csv(store, **out)
    first = [path.read_bytes() for path in out.values()]
    other = MemoryStore()
    load(other, out)
    assert held(other) == held(store)
    export_csv(other, **out)
    assert [path.read_bytes() for path in out.values()] == first
    export_csv(csv_store(files), **out)
    assert [path.read_bytes() for path in out.values()] == first


def test_the_order_holds_over_all_parts_of_a_store(tmp_path: Path) -> None:
    ids = [f"{number:05d}" for number in reversed(range(10_000))]
    code = np.arange(10_000, dtype=np.int32)
    nothing = np.zeros(10_000, dtype=np.int64)
    with SqliteStore(tmp_path / "store.db") as store:
        store.add_polls(PollColumns(ids, code, nothing, nothing))
        store.set_hours(HoursColumns(ids, code, nothing, nothing + HOUR))
        store.set_timezones(dict.fromkeys(ids, "UTC"))
        paths = [tmp_path / name for name in "pht"]
        export_csv(store, *paths)
    for path in paths:
        written = [row.split(",")[0] for row in path.read_text().splitlines()[1:]]
        assert written == sorted(ids)


@pytest.mark.parametrize(
    ("hours", "shop"),
    [
        ({"a": WeeklySchedule([(0, "9:00", "17:00")]), "b": WeeklySchedule()}, "b"),
        (HoursColumns(["x"], [0], [0], [DAY - 60 * SECOND]), "x"),
        (HoursColumns(["x"], [0], [0], [DAY - SECOND]), "x"),
        (HoursColumns(["x"], [0], [0], [DAY - 1]), "x"),
        (HoursColumns(["x"], [0], [DAY - 1], [2 * DAY - 1]), "x"),
        (HoursColumns(["x"], [0], [6 * DAY], [8 * DAY - 1]), "x"),
    ],
)
def test_hours_that_a_file_cannot_say_are_refused(
    tmp_path: Path,
    hours: Any,  # noqa: ANN401  # any hours
    shop: str,
) -> None:
    store = MemoryStore([("a", NOON, True)], hours)
    with pytest.raises(InputError, match=f"shop '{shop}'"):
        export_csv(store, tmp_path / "polls.csv", tmp_path / "hours.csv")
    assert list(tmp_path.iterdir()) == []
    export_csv(store, tmp_path / "polls.csv")


def test_a_shop_in_quarantine_is_not_exported_as_one_that_is_open(
    store: Ingesting, files: Files, tmp_path: Path
) -> None:
    append(files["hours"], "a,7,9:00,17:00\n")
    load(store, files, on_error="collect")
    with pytest.raises(InputError, match="shop 'a' is in quarantine"):
        export_csv(store, hours=tmp_path / "out")
    with pytest.raises(InputError, match="shop 'a' is in quarantine"):
        export_csv(store, timezones=tmp_path / "out")
    export_csv(store, polls=tmp_path / "out")


@pytest.mark.parametrize("year", [1, 1899, 2200, 9999])
def test_polls_of_years_that_a_file_cannot_say_are_refused(
    tmp_path: Path, year: int
) -> None:
    polls = [("a", NOON, True), ("b", NOON.replace(year=year), True)]
    store = SimpleNamespace(snapshot=lambda: Snapshot.of(polls))
    with pytest.raises(InputError, match=f"shop 'b'.*'{year:04d}-"):
        export_csv(store, tmp_path / "polls.csv")
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_fails_leaves_all_old_files(tmp_path: Path) -> None:
    (tmp_path / "polls").write_text("old")
    store = MemoryStore([("a", NOON, True)], timezones={"a": "UTC"})
    with pytest.raises(FileNotFoundError) as caught:
        export_csv(
            store, tmp_path / "polls", tmp_path / "hours", tmp_path / "missing" / "z"
        )
    assert caught.value.filename == str(tmp_path / "missing" / "z")
    assert (tmp_path / "polls").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["polls"]


def test_an_export_to_no_file_or_twice_to_one_is_refused(tmp_path: Path) -> None:
    store = MemoryStore()
    with pytest.raises(InputError, match="no file"):
        export_csv(store)
    with pytest.raises(InputError, match="one file"):
        export_csv(store, tmp_path / "x", tmp_path / "." / "x")
    assert list(tmp_path.iterdir()) == []


IDS = st.sampled_from(["a", "B", "=1+1", 'c,"d"', "é ", "007", " x y"]).map(str.strip)
LAST_MINUTE, LAST_SECOND = DAY - 60 * SECOND, DAY - SECOND
EDGES = st.sampled_from(
    [
        *(0, 1, 9 * HOUR, LAST_MINUTE - 1, LAST_MINUTE, LAST_MINUTE + 1),
        *(LAST_SECOND - 1, LAST_SECOND, DAY - 1, DAY),
    ]
)
STARTS = st.builds(lambda day, at: (day * DAY + at) % WEEK, st.integers(0, 6), EDGES)
ENDS = st.builds(lambda days, at: days * DAY + at, st.integers(0, 2), EDGES)
WEEK_ROW = st.tuples(IDS, STARTS, ENDS)
POLL = st.tuples(
    IDS,
    st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31)).map(  # noqa: DTZ001
        lambda at: at.replace(tzinfo=UTC)
    ),
    st.booleans(),
)
ZONES_OF_SHOPS = st.dictionaries(
    IDS, st.sampled_from(["UTC", "America/Argentina/Salta"])
)


def hours_columns(rows: list[tuple[str, int, int]]) -> HoursColumns:
    """Hours from ids, starts, and ends counted from the midnight of the start's day."""
    ids = sorted({store_id for store_id, _, _ in rows})
    spans = []
    for store_id, start, rest in rows:
        end = start // DAY * DAY + rest
        end = end if end > start else end + DAY
        spans.append((ids.index(store_id), start, min(end, start + 2 * DAY)))
    columns = np.array(spans, dtype=np.int64).reshape(-1, 3)
    return HoursColumns(ids, *columns.T)


def open_times(hours: HoursColumns) -> dict[str, list[tuple[int, int]]]:
    """Where each shop opens in the week, and how long it was open up to its closing."""
    times = {}
    for number, store_id in enumerate(hours.store_ids):
        mine = hours.code == number
        one = WeeklyTable.of(
            1, np.zeros(mine.sum(), np.int64), hours.start[mine], hours.end[mine]
        )
        times[store_id] = list(zip(one.key.tolist(), one.passed.tolist(), strict=True))
    return times


@given(polls=st.lists(POLL), rows=st.lists(WEEK_ROW, max_size=4), zones=ZONES_OF_SHOPS)
@example(polls=[], rows=[("a", 6 * DAY + 1, 2 * DAY)], zones={})
def test_whatever_is_exported_loads_back_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory,
    polls: list[tuple[str, datetime, bool]],
    rows: list[tuple[str, int, int]],
    zones: dict[str, str],
) -> None:
    folder = tmp_path_factory.mktemp("export")
    paths = [folder / "polls.csv", folder / "hours.csv.gz", folder / "zones.csv"]
    hours = hours_columns(rows)
    store = MemoryStore(polls, hours, zones)
    last = hours.end % DAY
    if ((last == LAST_MINUTE) | (last >= LAST_SECOND)).any():
        with pytest.raises(InputError, match="closes at"):
            export_csv(store, *paths)
        assert list(folder.iterdir()) == []
        return
    export_csv(store, *paths)
    written = [path.read_bytes() for path in paths]
    back = MemoryStore()
    load_csv(back, *paths)
    assert polls_of(back) == polls_of(store)
    assert open_times(back.hours()) == open_times(hours)
    if all(end - start <= DAY for _, start, end in span_rows(hours)):
        assert set(span_rows(back.hours())) == set(span_rows(hours))
    assert back.timezones() == zones
    export_csv(back, *paths)
    assert [path.read_bytes() for path in paths] == written


def span_rows(hours: HoursColumns) -> list[tuple[str, int, int]]:
    ids = [hours.store_ids[code] for code in hours.code]
    return list(zip(ids, hours.start.tolist(), hours.end.tolist(), strict=True))


# The full-size data


@pytest.mark.shared
def test_the_real_files_are_the_same_after_a_load_and_an_export(
    shared: Path, tmp_path: Path
) -> None:
    files = {
        "polls": shared / "polls_sample.csv",
        "hours": shared / "menu_hours.csv",
        "timezones": shared / "timezones.csv",
    }
    out = {name: tmp_path / f"{name}.csv" for name in files}
    with SqliteStore(tmp_path / "store.db") as store:
        load(store, files)
        export_csv(store, **out)
    for columns in ("full", "extended"):
        before, after = (
            compute_snapshot(csv_store(paths).snapshot()).to_csv(columns=columns)
            for paths in (files, out)
        )
        assert after == before
    assert polls_of(csv_store(out)) == polls_of(csv_store(files))
