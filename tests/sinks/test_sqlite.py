"""`SqliteSink`: its tables, and what becomes of them when something goes wrong."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING
from zlib import crc32

import pytest

from uptime_core.errors import (
    BackEndError,
    ClosedError,
    InputError,
    StoreBusyError,
    StoreCorruptError,
    StoreFullError,
    StoreVersionError,
)
from uptime_core.report_record import report_bytes
from uptime_core.sinks.sqlite import SqliteSink
from uptime_core.sqlite_database import Database
from uptime_core.testing.sink_samples import (
    complete,
    failed,
    job_of,
    report_of,
    running,
    same,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from uptime_core.jobs import Job

REPORT = report_of()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file of the sink, which is not there yet."""
    return tmp_path / "sink.db"


@pytest.fixture
def sink(path: Path) -> Iterator[SqliteSink]:
    """A sink that does not wait for long."""
    with SqliteSink(path, timeout=0.05) as made:
        yield made


def published(sink: SqliteSink, number: int = 1) -> Job:
    """A complete job with a key."""
    claimed = running(job_of(number, idempotency_key=f"key {number}"))
    assert sink.swap(None, claimed)
    assert sink.swap(claimed, complete(claimed), report=REPORT)
    return complete(claimed)


def execute(path: Path, statement: str, *values: object) -> list[tuple[object, ...]]:
    """Do something to the file that the library would not."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute(statement, values).fetchall()


def test_the_file_may_be_that_of_another_part(path: Path) -> None:
    other = Database(path)
    other.prepare("other", 3, ["CREATE TABLE uptime_polls(x INTEGER) STRICT"])
    with SqliteSink(path) as sink:
        job = published(sink)
        other.prepare("other", 3, [])
        assert list(sink.jobs()) == [job]
    other.close()

    assert sorted(execute(path, "SELECT part, version FROM uptime_parts")) == [
        ("other", 3),
        ("sink", 2),
    ]
    names = execute(path, "SELECT name FROM sqlite_schema WHERE sql IS NOT NULL")
    assert all(str(name).startswith("uptime_") for (name,) in names)


def test_a_deleted_job_leaves_nothing(sink: SqliteSink, path: Path) -> None:
    assert sink.swap(published(sink), None)
    assert execute(path, "SELECT * FROM uptime_jobs") == []
    assert execute(path, "SELECT * FROM uptime_reports") == []


def test_the_report_stands_as_its_bytes(sink: SqliteSink, path: Path) -> None:
    job = published(sink)
    content = report_bytes(REPORT)
    assert execute(path, "SELECT * FROM uptime_reports") == [
        (job.report_id, content, crc32(job.report_id.encode() + content))
    ]


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("state IN ('queued', 'running')", "uptime_jobs_active"),
        ("key_hash = 'k'", "sqlite_autoindex_uptime_jobs_2"),
        ("report_id = 'k'", "sqlite_autoindex_uptime_jobs_1"),
    ],
)
def test_what_is_looked_up_has_an_index(
    sink: SqliteSink, path: Path, query: str, index: str
) -> None:
    plan = execute(
        path,
        f"EXPLAIN QUERY PLAN SELECT * FROM uptime_jobs WHERE {query}",  # noqa: S608  # constants
    )
    assert index in str(plan)
    assert list(sink.jobs()) == []


def test_an_argument_that_is_none_is_refused(path: Path) -> None:
    with pytest.raises(InputError, match="journal_mode"):
        SqliteSink(path, journal_mode="off")  # type: ignore[arg-type]  # as said
    with pytest.raises(InputError, match="timeout"):
        SqliteSink(path, timeout=-1)
    with pytest.raises(InputError):
        SqliteSink(":memory:")
    assert not path.exists()


def test_nothing_is_done_once_it_is_closed(sink: SqliteSink) -> None:
    job = published(sink)
    sink.close()
    for call in (
        sink.jobs,
        lambda: sink.job(job.report_id),
        lambda: sink.report(job.report_id),
        lambda: sink.swap(job, None),
    ):
        with pytest.raises(ClosedError):
            call()


# Damage


@pytest.mark.parametrize(
    "change",
    [
        "created_at = 5",
        "revision = revision + 1",
        "key_hash = NULL",
        "key_hash = 'other'",
        "report_id = '00000000000000000000000000000009'",
        "state = 'running'",
        "job = replace(job, 'queued', 'failed')",
        "job = ''",
        "job = '{}'",
        "job = CAST(x'ff' AS TEXT)",
    ],
)
def test_columns_that_contradict_a_job_are_told_of(
    sink: SqliteSink, path: Path, change: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert sink.swap(None, job_of(idempotency_key="k"))
    execute(path, f"UPDATE uptime_jobs SET {change}")  # noqa: S608  # constants

    with pytest.raises(StoreCorruptError, match=str(path)):
        sink.check()
    with pytest.raises(StoreCorruptError, match=str(path)):
        sink.job(job_of().report_id)
    with suppress(StoreCorruptError):
        assert list(sink.jobs()) == []
        assert str(path) in caplog.text
    with suppress(StoreCorruptError):
        assert sink.job(job_of(9).report_id) is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE uptime_jobs SET state = 'lost'",
        "UPDATE uptime_jobs SET revision = -1",
        "UPDATE uptime_jobs SET revision = 'x'",
        "UPDATE uptime_jobs SET report_id = 'x'",
        "UPDATE uptime_jobs SET report_id = '../45678901234567890123456789012'",
        "UPDATE uptime_jobs SET job = NULL",
        "UPDATE uptime_jobs SET state = 'queued', job = 'other'",
        "UPDATE uptime_reports SET report = 'text'",
        "UPDATE uptime_reports SET report = NULL",
    ],
)
def test_the_file_itself_refuses_what_is_wrong(
    sink: SqliteSink, path: Path, statement: str
) -> None:
    job = published(sink)
    with pytest.raises(sqlite3.IntegrityError):
        execute(path, statement)
    assert sink.job(job.report_id) == job


def test_a_final_job_is_not_changed_by_a_second_hand(
    sink: SqliteSink, path: Path
) -> None:
    """The trigger refuses, too, what `swap` refuses before."""
    claimed = running(job_of())
    assert sink.swap(None, claimed)
    done = failed(claimed)
    assert sink.swap(claimed, done)
    execute(path, "UPDATE uptime_jobs SET job = job")
    with pytest.raises(sqlite3.IntegrityError, match="final state"):
        execute(path, "UPDATE uptime_jobs SET job = 'x'")


def test_a_damaged_or_missing_report_is_told_of(sink: SqliteSink, path: Path) -> None:
    job = published(sink)
    data = bytearray(report_bytes(REPORT))
    data[100] ^= 1
    execute(path, "UPDATE uptime_reports SET report = ?", bytes(data))
    with pytest.raises(StoreCorruptError, match=job.report_id):
        sink.report(job.report_id)
    execute(path, "DELETE FROM uptime_reports")
    with pytest.raises(StoreCorruptError, match="not there"):
        sink.report(job.report_id)


def _all(path: Path) -> list[object]:
    """All that can be read, or None where the sink says that it cannot be."""
    found: list[object] = []
    try:
        sink = SqliteSink(path, timeout=1)
    except BackEndError:
        return [None] * 6
    one, two = job_of(1).report_id, job_of(2).report_id
    views: list[Callable[[], object]] = [
        lambda: sink.job(one),
        lambda: sink.job(two),
        lambda: list(sink.jobs()),
        lambda: list(sink.jobs(active=True)),
        lambda: list(sink.jobs(idempotency_key="key 1")),
        lambda: sink.report(one),
    ]
    for view in views:
        try:
            found.append(view())
        except BackEndError:
            found.append(None)
    sink.close()
    return found


def test_a_damaged_file_gives_no_wrong_report(path: Path) -> None:
    """What is found is right; SQLite cannot always tell that something is missing."""
    with SqliteSink(path) as sink:
        published(sink)
        assert sink.swap(None, job_of(2))
    whole = path.read_bytes()
    right = _all(path)
    assert None not in right
    chance = random.Random(11)  # noqa: S311  # no secret
    damaged = [whole[: chance.randrange(1, len(whole))] for _ in range(30)]
    # The first page holds the schema: a matter of `Database`.
    used = [place for place, byte in enumerate(whole) if byte and place >= 4096]
    for _ in range(300):
        flipped = bytearray(whole)
        flipped[chance.choice(used)] ^= 1 << chance.randrange(8)
        damaged.append(bytes(flipped))
    told = 0
    for content in damaged:
        path.write_bytes(content)
        for found, expected in zip(_all(path), right, strict=True):
            told += found is None
            if isinstance(expected, list):
                assert found is None or all(job in expected for job in found)  # type: ignore[attr-defined]  # a list
            else:
                assert found in (None, expected)
    assert told > 100


@pytest.mark.parametrize("content", [b"\0" * 5000, b"SQLite", b"x" * 100])
def test_another_file_is_not_taken(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreCorruptError, match=str(path)):
        SqliteSink(path)
    assert path.read_bytes() == content


def test_a_newer_file_is_told_of(sink: SqliteSink, path: Path) -> None:
    published(sink)
    execute(path, "UPDATE uptime_parts SET version = 3")
    with pytest.raises(StoreVersionError, match="newer"):
        SqliteSink(path)


# No room, and a file that is locked


def test_a_full_file_changes_nothing(sink: SqliteSink) -> None:
    claimed = running(job_of())
    assert sink.swap(None, claimed)
    with sink._database.write() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 3}")
    with pytest.raises(StoreFullError, match="no room"):
        sink.swap(claimed, complete(claimed), report=report_of(shops=500))
    assert list(sink.jobs(active=True)) == [claimed]
    assert sink.report(claimed.report_id) is None

    assert sink.swap(claimed, complete(claimed), report=REPORT)
    assert same(sink.report(claimed.report_id), REPORT)


HOLD = """
import sqlite3
import sys

connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
"""


def test_a_locked_file_is_busy(sink: SqliteSink, path: Path) -> None:
    job = published(sink)
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        start = time.monotonic()
        with pytest.raises(StoreBusyError, match=str(path)):
            sink.swap(None, job_of(2))
        assert time.monotonic() - start < 5
        assert list(sink.jobs()) == [job]
        assert same(sink.report(job.report_id), REPORT)
        process.kill()
    assert sink.swap(None, job_of(2))
