"""A damaged file of a `SqliteSink`: each answer is right, or an error says why not."""

from __future__ import annotations

import random
import sqlite3
import tempfile
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import attrs
import pytest

from uptime_core import BackEndError, Job, Report, SqliteSink, StoreCorruptError
from uptime_core.report_record import report_bytes
from uptime_core.sinks.sqlite_schema import hash_of
from uptime_core.testing.sink_samples import (
    cancelled,
    complete,
    failed,
    job_of,
    report_of,
    running,
    same,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE = 4096
REPORTS = [report_of(seed, shops=30) for seed in range(3)]
ABSENT = "f" * 32
JOBS = 130
"""So many that no index fits one page."""


class Original(NamedTuple):
    """A whole file, and what it has."""

    data: bytes
    jobs: dict[str, Job]
    reports: dict[str, Report]


def filled(sink: SqliteSink) -> tuple[dict[str, Job], dict[str, Report]]:
    """Jobs in all states, with and without keys, ids spread over all there can be."""
    chance = random.Random(3)  # noqa: S311  # to be repeated
    jobs, reports = {}, {}
    for number in range(JOBS):
        key = f"key {number}" if number % 3 else None
        job = attrs.evolve(
            job_of(number, idempotency_key=key),
            report_id=f"{chance.getrandbits(128):032x}",
        )
        claimed = running(job)
        report = REPORTS[number % 3]
        last = (job, claimed, complete(claimed), failed(claimed), cancelled(job))
        assert sink.swap(None, job)
        if number % 5 not in (0, 4):
            assert sink.swap(job, claimed)
            job = claimed
        if number % 5 > 1:
            made = report if number % 5 == 2 else None
            assert sink.swap(job, last[number % 5], report=made)
            job = last[number % 5]
            if made is not None:
                reports[job.report_id] = made
        jobs[job.report_id] = job
    return jobs, reports


@contextmanager
def fast_path() -> Iterator[Path]:
    """In memory, where there is such a folder: what is tested does not need a disk."""
    fast = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  # as said
    with tempfile.TemporaryDirectory(dir=fast) as folder:
        yield Path(folder) / "sink.db"


@pytest.fixture
def path() -> Iterator[Path]:
    with fast_path() as made:
        yield made


@pytest.fixture(scope="module")
def original() -> Original:
    with fast_path() as path:
        with SqliteSink(path, journal_mode="delete") as sink:
            jobs, reports = filled(sink)
            sink.check()
        return Original(path.read_bytes(), jobs, reports)


def trusted(path: Path, data: bytes | bytearray, original: Original) -> str:
    """What `check` says of a file: `right`, or the kind of the error.

    Fails on a wrong answer, on any error that is none of ours, and where an answer is
    missing although `check` finds no fault.
    """
    path.write_bytes(data)
    try:
        sink = SqliteSink(path, timeout=0)
    except BackEndError as error:
        return type(error).__name__
    with sink:
        untold = list(_questions(sink, original))
        try:
            sink.check()
        except BackEndError as error:
            return type(error).__name__
        assert untold == []
        return "right"


def _questions(sink: SqliteSink, original: Original) -> Iterator[str]:
    """Ask for all there is; the names of questions that are not answered."""
    unreadable = set()
    for report_id, job in original.jobs.items():
        try:
            assert sink.job(report_id) == job
        except BackEndError:
            unreadable.add(report_id)
        with suppress(BackEndError):
            expected = original.reports.get(report_id)
            report = sink.report(report_id)
            assert report is None if expected is None else same(report, expected)
        if job.idempotency_key is not None:
            with suppress(BackEndError):
                assert list(sink.jobs(idempotency_key=job.idempotency_key)) == [job]
    yield from sorted(unreadable)
    absent = attrs.evolve(job_of(), report_id=ABSENT)
    questions: dict[str, tuple[Callable[[], object], object]] = {
        "absent": (lambda: sink.job(ABSENT), None),
        "absent report": (lambda: sink.report(ABSENT), None),
        "absent key": (lambda: list(sink.jobs(idempotency_key="none")), []),
        "absent job": (lambda: sink.swap(absent, None), False),
    }
    for name, (ask, answer) in questions.items():
        try:
            assert ask() == answer
        except BackEndError:
            yield name
    for active in (False, True):
        wanted = [
            j for j in original.jobs.values() if not (active and j.state.is_final)
        ]
        try:
            listed = list(sink.jobs(active=active))
        except BackEndError:
            yield f"jobs, {active=}"
            continue
        # A job that is damaged is left out; no other is.
        assert listed == [job for job in wanted if job in listed]
        missing = {job.report_id for job in wanted} - {job.report_id for job in listed}
        assert missing <= unreadable
        if listed != wanted:
            yield f"jobs, {active=}"


def flips(data: bytes, count: int, seed: int) -> Iterator[bytearray]:
    """One bit at a time: anywhere, at the beginnings of pages, and where there is much.

    Not in the first page, which holds the schema: that is a matter of `Database`.
    """
    chance = random.Random(seed)  # noqa: S311  # to be repeated
    used = [place for place, byte in enumerate(data) if byte and place >= PAGE]
    for number in range(count):
        place = (
            chance.randrange(PAGE, len(data)),
            chance.randrange(PAGE, len(data), PAGE) + chance.randrange(120),
            chance.choice(used),
        )[number % 3]
        changed = bytearray(data)
        changed[place] ^= 1 << chance.randrange(8)
        yield changed


@pytest.mark.parametrize(
    ("count", "seed"),
    [(40, 1), *(pytest.param(800, s, marks=pytest.mark.deep) for s in range(2))],
)
def test_a_flipped_bit_never_changes_an_answer(
    path: Path, original: Original, count: int, seed: int
) -> None:
    ends = [trusted(path, data, original) for data in flips(original.data, count, seed)]
    # The others are in pages and bytes that nothing uses.
    assert ends.count("StoreCorruptError") > count / 4
    assert set(ends) <= {"right", "StoreCorruptError"}


@pytest.mark.parametrize("bit", [0, 5])
def test_a_flipped_bit_of_any_id_or_key_is_noticed(
    path: Path, original: Original, bit: int
) -> None:
    """Wherever it stands: in the job's text, in its columns, in any of the indexes."""
    for job in list(original.jobs.values())[:5]:
        for text in (job.report_id, hash_of(job.idempotency_key or "")):
            place = original.data.find(text.encode())
            while place >= 0:
                changed = bytearray(original.data)
                changed[place + 7] ^= 1 << bit
                assert trusted(path, changed, original) == "StoreCorruptError"
                place = original.data.find(text.encode(), place + 1)


@pytest.mark.parametrize(
    ("count", "seed"),
    [(24, 2), pytest.param(400, 0, marks=pytest.mark.deep)],
)
def test_pages_that_are_swapped_or_written_over_change_no_answer(
    path: Path, original: Original, count: int, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311  # to be repeated
    pages = range(PAGE, len(original.data), PAGE)
    for number in range(count):
        changed = bytearray(original.data)
        one, other = chance.sample(pages, 2)
        if number % 4 < 2:
            changed[one : one + PAGE] = original.data[other : other + PAGE]
        if number % 4 == 0:
            changed[other : other + PAGE] = original.data[one : one + PAGE]
        if number % 4 > 1:
            place = chance.randrange(PAGE, len(changed) - 16)
            length = chance.choice([1, 2, 16])
            changed[place : place + length] = chance.randbytes(length)
        end = trusted(path, changed, original)
        assert end in ("right", "StoreCorruptError")


def test_the_report_of_another_job_is_never_given(path: Path) -> None:
    """Two of the same shops differ behind their first page only; these are swapped."""
    reports = [report_of(seed, shops=5) for seed in (1, 2)]
    reports[1] = attrs.evolve(reports[1], store_ids=reports[0].store_ids)
    reports = [_long(report) for report in reports]
    with SqliteSink(path, journal_mode="delete") as sink:
        jobs = []
        for number, report in enumerate(reports):
            job = job_of(number)
            claimed = running(job)
            jobs.append(complete(claimed))
            assert sink.swap(None, job)
            assert sink.swap(job, claimed)
            assert sink.swap(claimed, jobs[-1], report=report)
        sink.check()
    data = path.read_bytes()
    tails = [report_bytes(report)[-2_000:] for report in reports]
    pages = [data.index(tail) // PAGE * PAGE for tail in tails]
    changed = bytearray(data)
    for here, there in (pages, reversed(pages)):
        changed[here : here + PAGE] = data[there : there + PAGE]
    path.write_bytes(changed)
    with SqliteSink(path) as sink:
        for job in jobs:
            with pytest.raises(StoreCorruptError, match="or another job's"):
                sink.report(job.report_id)


def _long(report: Report) -> Report:
    """With so long an id that all else is on a second page."""
    return attrs.evolve(report, store_ids=("x" * 3_000, *report.store_ids[1:]))


def execute(path: Path, statement: str, report_id: str) -> None:
    """Do something to the file that the library would not."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("DROP TRIGGER IF EXISTS uptime_jobs_final")
        assert connection.execute(statement, {"id": report_id}).rowcount > 0


STATEMENTS = [
    "DELETE FROM uptime_jobs WHERE report_id = :id",
    "UPDATE uptime_jobs SET job = replace(job, '1', '2') WHERE report_id = :id",
    "UPDATE uptime_jobs SET key_hash = NULL",
    "DELETE FROM uptime_job_counts WHERE name = 'active'",
    "UPDATE uptime_job_counts SET jobs = jobs + 1 WHERE name = 'active'",
    "UPDATE uptime_job_counts SET total = total + 1 WHERE name LIKE 'key %'",
    "INSERT INTO uptime_job_counts VALUES ('other', 0, 0)",
    "DELETE FROM uptime_reports WHERE report_id = :id",
    "UPDATE uptime_reports SET report = x'00' WHERE report_id = :id",
    "INSERT INTO uptime_reports VALUES ('other', x'00', 0)",
]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_what_others_have_changed_is_found(
    path: Path, original: Original, statement: str
) -> None:
    path.write_bytes(original.data)
    execute(path, statement, next(iter(original.reports)))
    with SqliteSink(path) as sink, pytest.raises(StoreCorruptError, match=str(path)):
        sink.check()


@pytest.mark.parametrize("value", ["NULL", "'text'", "1.5", "x'00'", "5"])
def test_values_of_other_types_are_noticed(
    path: Path, original: Original, value: str
) -> None:
    """As a flipped bit makes them: SQLite checks types when it writes only."""
    tables = {
        "uptime_jobs": ["report_id", "created_at", "state", "revision", "job"],
        "uptime_job_counts": ["jobs", "total"],
        "uptime_reports": ["report", "seal"],
    }
    for table, columns in tables.items():
        for column in columns:
            path.write_bytes(original.data)
            _loosen(path, table)
            with suppress(sqlite3.IntegrityError):
                execute(path, f"UPDATE {table} SET {column} = {value}", "")  # noqa: S608  # ours
                data = path.read_bytes()
                case = f"{table}.{column} = {value}"
                assert trusted(path, data, original) == "StoreCorruptError", case


def _loosen(path: Path, table: str) -> None:
    """Let a table take values of any type, as its pages can hold them."""
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_schema SET sql = replace(replace(replace(replace(sql, "
            "') STRICT', ')'), ' NOT NULL', ''), ' INTEGER', ''), ' TEXT', '') "
            "WHERE name = ?",
            (table,),
        )
    connection.close()


# What can be done about it


def test_a_damaged_job_can_be_discarded_and_no_other(
    path: Path, original: Original, caplog: pytest.LogCaptureFixture
) -> None:
    for number, column in enumerate(["job", "state", "created_at", "key_hash"] * 3):
        path.write_bytes(original.data)
        job = list(original.jobs.values())[number + 1]
        damage = f"UPDATE uptime_jobs SET {column} = '5' WHERE report_id = :id"  # noqa: S608
        execute(path, damage, job.report_id)
        others = [o for o in original.jobs.values() if o != job]
        with SqliteSink(path) as sink:
            assert list(sink.jobs()) == others
            assert caplog.text.count(f"report {job.report_id}: ") == 1
            assert sink.job(others[0].report_id) == others[0]
            assert not sink.discard(others[0].report_id)
            assert not sink.discard(ABSENT)
            assert not sink.discard("no id")
            assert sink.discard(job.report_id)
            sink.check()
            assert not sink.discard(job.report_id)
            assert sink.job(job.report_id) is None
            assert sink.report(job.report_id) is None
            assert list(sink.jobs()) == others
            new = job_of(idempotency_key=job.idempotency_key)
            assert sink.swap(None, new)
            sink.check()


def test_discarding_is_refused_or_leaves_a_sound_file(
    path: Path, original: Original
) -> None:
    """Wherever a bit of the job's id is flipped; the id in its text is one place."""
    done = 0
    for job in list(original.jobs.values())[:4]:
        place = original.data.find(job.report_id.encode())
        while place >= 0:
            changed = bytearray(original.data)
            changed[place + 9] ^= 2
            path.write_bytes(changed)
            with SqliteSink(path) as sink:
                try:
                    gone = sink.discard(job.report_id)
                except StoreCorruptError:
                    gone = False
                if gone:
                    done += 1
                    sink.check()
                    others = [o for o in original.jobs.values() if o != job]
                    assert list(sink.jobs()) == others
                    assert sink.job(job.report_id) is None
            place = original.data.find(job.report_id.encode(), place + 1)
    assert done >= 4
