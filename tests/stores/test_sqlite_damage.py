"""A damaged file: every read gives what was written, or says that it cannot."""

from __future__ import annotations

import random
import shutil
import sqlite3
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from uptime_core import (
    Policy,
    UptimeError,
    Window,
    compute_snapshot,
    compute_store,
)
from uptime_core.errors import (
    BackEndError,
    StoreCorruptError,
    StoreVersionError,
)
from uptime_core.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PAGE = 4096
IDS = [f"shop-{number}" for number in range(40)]


def filled(path: Path) -> SqliteStore:
    """All tables in use: chunks of many sizes, a horizon, quarantined shops."""
    store = SqliteStore(path, timeout=0)
    with store.transaction():
        for number in range(20):
            store.add_polls([("shop-1", NOON + number * HOUR, number % 2 > 0)])
        for day in range(2):
            store.add_polls(
                (shop, NOON + (24 * day + hour) * HOUR, (hour + place) % 3 > 0)
                for place, shop in enumerate(IDS)
                for hour in range(12)
            )
        store.add_polls((shop, NOON + 9 * HOUR, False) for shop in IDS)
        store.set_hours(
            [
                *((shop, day, "9:00", "17:30") for shop in IDS for day in range(7)),
                ("shop-2", 9, "9:00", "17:30"),
            ],
            on_error="collect",
        )
        store.set_timezones(
            [*((shop, "Asia/Kathmandu") for shop in IDS[::2]), ("shop-4", "Nowhere")],
            on_error="collect",
        )
        store.delete_before(NOON + 2 * HOUR)
    return store


READS: dict[str, Callable[[SqliteStore], object]] = {
    "report": lambda store: compute_snapshot(
        store.snapshot(), policy=Policy(extrapolation="nearest", reach=None)
    ).to_csv(columns="extended"),
    "short report": lambda store: compute_store(
        store, windows=Window.last(HOUR), stores=["shop-1", "shop-3"]
    ).to_csv(columns="extended"),
    "old report": lambda store: compute_store(store, as_of=NOON + 10 * HOUR).to_csv(
        columns="extended"
    ),
    "polls": lambda store: [
        (poll.store_id, poll.at, poll.up)
        for batch in store.polls()
        for poll in batch.rows()
    ],
    "some polls": lambda store: [
        (poll.store_id, poll.at, poll.up)
        for batch in store.polls("shop-1", NOON + 5 * HOUR, NOON + 30 * HOUR)
        for poll in batch.rows()
    ],
    "hours": lambda store: store.hours(),
    "timezones": lambda store: store.timezones(),
    "newest": lambda store: store.newest_poll(),
    "quarantined": lambda store: store.quarantined(),
    "shops": lambda store: store.snapshot().shops,
    "identity": lambda store: store.identity,
    "expired": lambda store: store.add_polls([("shop-1", NOON, True)]).expired,
}
WRITES: dict[str, Callable[[SqliteStore], object]] = {
    "add": lambda store: store.add_polls([("shop-3", NOON + 30 * HOUR, True)]),
    "add new": lambda store: store.add_polls([("new", NOON + 30 * HOUR, True)]),
    "set hours": lambda store: store.set_hours([("shop-3", 1, "9:00", "10:00")]),
    "set zones": lambda store: store.set_timezones({"shop-3": "UTC"}),
    "delete": lambda store: store.delete_before(NOON + 9 * HOUR),
    "compact": lambda store: store.compact(),
}


class Original(NamedTuple):
    """A whole file, and what is read from it."""

    path: Path
    data: bytes
    answers: dict[str, object]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Original:
    path = tmp_path_factory.mktemp("original") / "store.db"
    with filled(path) as store:
        answers = {name: read(store) for name, read in READS.items()}
        store.check()
    return Original(path, path.read_bytes(), answers)


@pytest.fixture
def path() -> Iterator[Path]:
    """In memory, where there is such a folder: what is tested does not need a disk."""
    fast = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  # as said
    with tempfile.TemporaryDirectory(dir=fast) as folder:
        yield Path(folder) / "store.db"


def trusted(path: Path, original: Original, case: object) -> str:
    """Whether all that can be read is right (`right`), or errors of ours came.

    Fails on a wrong answer, on any other error, and where `check` finds no fault
    although a read did.
    """
    errors = set()
    try:
        store = SqliteStore(path, timeout=0)
    except BackEndError as error:
        return type(error).__name__
    except Exception as error:  # noqa: BLE001  # the assertion tells of it
        pytest.fail(f"{case}: opening raises {error!r}")
    with store:
        for name, read in READS.items():
            try:
                answer = read(store)
            except BackEndError as error:
                errors.add(type(error).__name__)
            except Exception as error:  # noqa: BLE001  # the assertion tells of it
                pytest.fail(f"{case}: {name} raises {error!r}")
            else:
                assert answer == original.answers[name], f"{case}: a wrong {name}"
        try:
            store.check()
        except BackEndError as error:
            return type(error).__name__
        except Exception as error:  # noqa: BLE001  # the assertion tells of it
            pytest.fail(f"{case}: check raises {error!r}")
    assert not errors, f"{case}: check finds nothing, but {errors}"
    return "right"


def written(path: Path, original: Original, case: object) -> None:
    """No write to a damaged file raises anything else, or makes it seem whole."""
    for name, write in WRITES.items():
        try:
            with SqliteStore(path, timeout=0) as store:
                write(store)
        except BackEndError:
            continue
        except Exception as error:  # noqa: BLE001  # the assertion tells of it
            pytest.fail(f"{case}: {name} raises {error!r}")
    try:
        with SqliteStore(path, timeout=0) as store:
            store.check()
            answer = READS["some polls"](store)
    except BackEndError:
        return
    except Exception as error:  # noqa: BLE001  # the assertion tells of it
        pytest.fail(f"{case}: reading after writes raises {error!r}")
    horizon = NOON + 9 * HOUR
    polls = original.answers["some polls"]
    assert isinstance(polls, list)
    older = [at for _, at, _ in polls if at < horizon]
    expected = [row for row in polls if row[1] >= max(older)]
    assert answer in (polls, expected), f"{case}: wrong polls after writes"


def damaged(path: Path, data: bytes | bytearray) -> None:
    path.write_bytes(data)
    for suffix in ("-journal", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def bit_flips(data: bytes, count: int, seed: int) -> Iterator[tuple[str, bytearray]]:
    """One bit at a time, all over the file, and the beginning of each page above all.

    There are the headers of pages and of rows, where a flip changes types.
    """
    chance = random.Random(seed)  # noqa: S311  # to be repeated
    used = [place for place, byte in enumerate(data) if byte]
    for number in range(count):
        place = (
            chance.randrange(len(data)),
            chance.randrange(0, len(data), PAGE) + chance.randrange(120),
            chance.choice(used),
        )[number % 3]
        bit = chance.randrange(8)
        changed = bytearray(data)
        changed[place] ^= 1 << bit
        yield f"seed {seed}, byte {place}, bit {bit}", changed


@pytest.mark.parametrize(
    ("count", "seed"),
    [(200, 1), *(pytest.param(1_500, s, marks=pytest.mark.deep) for s in range(4))],
)
def test_a_flipped_bit_never_changes_what_is_read(
    path: Path, original: Original, count: int, seed: int
) -> None:
    ends = []
    for case, data in bit_flips(original.data, count, seed):
        damaged(path, data)
        ends.append(trusted(path, original, case))
    # The others are in pages and bytes that nothing uses.
    assert ends.count("StoreCorruptError") > count / 4


@pytest.mark.parametrize(
    ("count", "seed"),
    [(80, 2), *(pytest.param(1_000, s, marks=pytest.mark.deep) for s in range(2))],
)
def test_writing_to_a_file_with_a_flipped_bit_hides_no_damage(
    path: Path, original: Original, count: int, seed: int
) -> None:
    for case, data in bit_flips(original.data, count, seed):
        damaged(path, data)
        written(path, original, case)


def headers(original: Original) -> Iterator[tuple[str, bytearray]]:
    """Every bit of the headers of the rows that say what the other ones must be."""
    for needle in (b"hours", b"timezones", b"store"):
        start = original.data.rfind(needle)
        while start >= 0:
            for place in range(max(start - 16, 0), start + len(needle) + 4):
                for bit in range(8):
                    changed = bytearray(original.data)
                    changed[place] ^= 1 << bit
                    yield f"{needle!r} at {place}, bit {bit}", changed
            start = original.data.rfind(needle, 0, start)


@pytest.mark.deep
def test_no_bit_about_the_small_rows_changes_what_is_read(
    path: Path, original: Original
) -> None:
    for case, data in headers(original):
        damaged(path, data)
        trusted(path, original, case)


@pytest.mark.deep
def test_no_bit_of_the_first_and_last_bytes_of_pages_changes_what_is_read(
    path: Path, original: Original
) -> None:
    for page in range(0, len(original.data), PAGE):
        for place in range(page, page + 24):
            for bit in range(8):
                changed = bytearray(original.data)
                changed[place] ^= 1 << bit
                damaged(path, changed)
                trusted(path, original, f"byte {place}, bit {bit}")


def test_a_file_cut_off_anywhere_is_refused(path: Path, original: Original) -> None:
    data = original.data
    lengths = {2, 15, 16, 99, 100, 511, 1024, PAGE - 1, PAGE, PAGE + 1}
    lengths |= {len(data) - 1, len(data) - PAGE, len(data) // 2, len(data) - 100}
    lengths |= set(range(2 * PAGE, len(data), PAGE))
    for length in sorted(lengths):
        damaged(path, data[:length])
        assert trusted(path, original, f"{length} bytes") != "right"


def test_pages_zeroed_or_swapped_are_noticed(path: Path, original: Original) -> None:
    data = original.data
    pages = range(0, len(data), PAGE)
    zeroed = []
    for page in pages:
        changed = bytearray(data)
        changed[page : page + PAGE] = bytes(PAGE)
        damaged(path, changed)
        zeroed.append(trusted(path, original, f"page at {page} zeroed"))
    assert zeroed.count("right") <= len(pages) / 4
    chance = random.Random(3)  # noqa: S311  # to be repeated
    for _ in range(40):
        one, other = chance.sample(pages, 2)
        changed = bytearray(data)
        changed[one : one + PAGE] = data[other : other + PAGE]
        changed[other : other + PAGE] = data[one : one + PAGE]
        damaged(path, changed)
        trusted(path, original, f"seed 3: pages at {one} and {other} swapped")


@pytest.mark.parametrize(
    "data",
    [b"xy", b"store_id,timestamp_utc,status\n" * 500, bytes(8_192), b"\xff" * 5_000],
    ids=["short", "csv", "zeros", "ones"],
)
def test_what_is_no_database_is_refused_and_left_alone(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with pytest.raises(StoreCorruptError, match=r"store\.db"):
        SqliteStore(path)
    assert path.read_bytes() == data


def test_a_list_of_tables_that_is_lost_is_not_taken_for_an_empty_file(
    path: Path, original: Original
) -> None:
    """The count of rows on the first page, which one flipped bit can make zero."""
    changed = bytearray(original.data)
    assert 0 < changed[104] < 100
    changed[103:105] = bytes(2)
    damaged(path, changed)
    with pytest.raises(StoreCorruptError, match=r"store\.db"):
        SqliteStore(path)
    assert path.read_bytes() == changed


def test_what_check_says_is_one_line(path: Path, original: Original) -> None:
    """Of whatever SQLite finds, which has several."""
    changed = bytearray(original.data)
    changed[36:40] = b"\0\0\0\x63"  # the number of pages that are free
    damaged(path, changed)
    with SqliteStore(path) as store, pytest.raises(StoreCorruptError) as caught:
        store.check()
    assert "\n" not in str(caught.value)


def test_an_empty_file_is_a_new_store(path: Path) -> None:
    path.touch()
    with SqliteStore(path) as store:
        assert store.newest_poll() is None
        store.check()


def test_a_file_of_another_program_keeps_what_it_has(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE polls(a)")
        connection.execute("INSERT INTO polls VALUES ('x')")
    connection.close()
    with SqliteStore(path) as store:
        store.add_polls([("a", NOON, True)])
        store.check()
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT * FROM polls").fetchall() == [("x",)]
    connection.close()


@pytest.mark.parametrize(
    "table",
    [
        "CREATE TABLE uptime_polls(a)",
        "CREATE TABLE uptime_parts(a)",
        "CREATE VIEW uptime_parts AS SELECT 'store' AS part, 'x' AS version",
        "CREATE VIEW uptime_parts AS SELECT 'store' AS part, NULL AS version",
        "CREATE VIEW uptime_parts AS SELECT 'store' AS part, 1 AS version",
        "CREATE VIEW uptime_parts AS SELECT 'store' AS part, 0 AS version",
    ],
)
def test_tables_that_only_seem_to_be_ours_are_refused(path: Path, table: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(table)
    connection.close()
    with pytest.raises(StoreCorruptError, match=r"store\.db"):
        SqliteStore(path)


def test_a_newer_version_is_refused(path: Path, original: Original) -> None:
    shutil.copy(original.path, path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE uptime_parts SET version = 3")
    connection.close()
    with pytest.raises(StoreVersionError, match="newer version of uptime_core"):
        SqliteStore(path)


STATEMENTS = [
    "DELETE FROM uptime_polls",
    "DELETE FROM uptime_shops",
    "DELETE FROM uptime_quarantine",
    "DELETE FROM uptime_state",
    "DELETE FROM uptime_polls WHERE chunk = (SELECT min(chunk) FROM uptime_polls)",
    "DELETE FROM uptime_polls WHERE chunk = (SELECT max(chunk) FROM uptime_polls)",
    "DELETE FROM uptime_quarantine WHERE source = 'hours'",
    "DROP TABLE uptime_polls",
    "DROP TABLE uptime_state",
    "UPDATE uptime_polls SET chunk = chunk + 1000",
    "UPDATE uptime_polls SET block = 1",
    "UPDATE uptime_polls SET block = -1",
    "UPDATE uptime_polls SET polls = polls - 1, data = substr(data, 11)",
    "UPDATE uptime_polls SET polls = polls + 1",
    "UPDATE uptime_polls SET first_at = first_at + 1",
    "UPDATE uptime_polls SET last_at = last_at - 1",
    "UPDATE uptime_polls SET checksum = checksum + 1",
    "UPDATE uptime_polls SET data = x''",
    "UPDATE uptime_polls SET data = zeroblob(length(data))",
    """INSERT INTO uptime_polls SELECT chunk + 50, block, seconds, polls, first_at,
    last_at, checksum, summary_checksum, summary, data FROM uptime_polls""",
    "UPDATE uptime_polls SET seconds = 1 - seconds",
    "UPDATE uptime_polls SET summary_checksum = 0",
    "UPDATE uptime_polls SET summary_checksum = NULL, summary = NULL",
    "UPDATE uptime_polls SET summary = zeroblob(length(summary))",
    "UPDATE uptime_polls SET summary = substr(summary, 19)",
    "UPDATE uptime_polls SET summary = NULL",
    """INSERT INTO uptime_shops SELECT 1, store_ids, zones, hours, checksum
    FROM uptime_shops""",
    "UPDATE uptime_shops SET block = 1",
    "UPDATE uptime_shops SET store_ids = replace(store_ids, '2', '3')",
    "UPDATE uptime_shops SET store_ids = store_ids || char(10) || 'x'",
    "UPDATE uptime_shops SET zones = replace(zones, 'Kathmandu', 'Tokyo')",
    "UPDATE uptime_shops SET zones = ''",
    "UPDATE uptime_shops SET hours = zeroblob(length(hours))",
    "UPDATE uptime_shops SET hours = x''",
    "UPDATE uptime_shops SET checksum = 0",
    "UPDATE uptime_quarantine SET store_ids = ''",
    "UPDATE uptime_quarantine SET suspects = 'shop-7'",
    "UPDATE uptime_quarantine SET checksum = 0",
    "UPDATE uptime_quarantine SET source = 'x' WHERE source = 'hours'",
    "UPDATE uptime_state SET identity = 'x'",
    "UPDATE uptime_state SET horizon = NULL",
    "UPDATE uptime_state SET horizon = horizon + 1",
    "UPDATE uptime_state SET shops = shops + 1",
    "UPDATE uptime_state SET shops_token = ''",
    "UPDATE uptime_state SET entries = entries - 1",
    "UPDATE uptime_state SET total = 0",
    "UPDATE uptime_state SET checksum = 0",
]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_rows_changed_by_others_are_noticed(
    path: Path, original: Original, statement: str
) -> None:
    shutil.copy(original.path, path)
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    connection.close()
    assert trusted(path, original, statement) == "StoreCorruptError"
    with pytest.raises(StoreCorruptError), SqliteStore(path) as store:
        store.check()
    written(path, original, statement)


VALUES = ["NULL", "'text'", "1.5", "x'00'", "zeroblob(10)", "CAST(x'ff' AS TEXT)"]


@pytest.mark.parametrize("value", VALUES)
def test_values_of_other_types_are_noticed(
    path: Path, original: Original, value: str
) -> None:
    """As a flipped bit makes them: SQLite checks types when it writes only."""
    tables = {
        "uptime_polls": [
            *("block", "seconds", "polls", "first_at", "last_at", "checksum", "data"),
            *("summary_checksum", "summary"),
        ],
        "uptime_shops": ["store_ids", "zones", "hours", "checksum"],
        "uptime_quarantine": ["store_ids", "suspects", "checksum"],
        "uptime_state": ["identity", "horizon", "shops", "shops_token", "entries"],
        "uptime_parts": ["version"],
    }
    for table, columns in tables.items():
        for column in columns:
            shutil.copy(original.path, path)
            _loosen(path, table)
            with sqlite3.connect(path) as connection:
                update = f"UPDATE {table} SET {column} = {value}"  # noqa: S608  # ours
                connection.execute(update)
            connection.close()
            case = f"{table}.{column} = {value}"
            assert trusted(path, original, case) != "right", case
            written(path, original, case)


def _loosen(path: Path, table: str) -> None:
    """Let a table take values of any type, as its pages can hold them."""
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_schema SET sql = replace(replace(replace(replace(sql, "
            "') STRICT', ')'), ' NOT NULL', ''), ' INTEGER,', ','), ' INTEGER)', ')') "
            "WHERE name = ?",
            (table,),
        )
    connection.close()


def test_the_place_of_a_fault_is_named(path: Path, original: Original) -> None:
    shutil.copy(original.path, path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE uptime_polls SET data = zeroblob(length(data))")
    connection.close()
    with SqliteStore(path) as store, pytest.raises(UptimeError) as caught:
        compute_snapshot(store.snapshot())
    assert str(path) in str(caught.value)
    assert "chunk" in str(caught.value)
