"""A damaged record is the trouble of its own report: all others go on."""

from __future__ import annotations

import sqlite3
import tracemalloc
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.faults.samples import DISKS, NOON, HookedSink, open_sink, report_of, store_of

from uptime_core import (
    CsvSink,
    MemorySink,
    ReportManager,
    ReportNotFoundError,
    StoreCorruptError,
)
from uptime_core.jobs import Claim, advance
from uptime_core.testing.stepped import A_WHILE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from uptime_core import Job, Report, ReportSink

LEASE = timedelta(seconds=1)


def damage(kind: str, folder: Path, report_id: str, place: int = 300) -> None:
    """Flip a bit of a job's record, whatever sink it is in."""
    if kind == "csv":
        path = folder / "reports" / f"{report_id}.json"
        data = bytearray(path.read_bytes())
        data[place] ^= 1
        path.write_bytes(data)
        return
    with closing(sqlite3.connect(folder / "sink.db", isolation_level=None)) as file:
        query = "SELECT CAST(job AS BLOB) FROM uptime_jobs WHERE report_id = ?"
        ((job,),) = file.execute(query, (report_id,)).fetchall()
        data = bytearray(job)
        data[place] ^= 1
        file.execute("DROP TRIGGER uptime_jobs_final")
        file.execute(
            "UPDATE uptime_jobs SET job = CAST(? AS TEXT) WHERE report_id = ?",
            (bytes(data), report_id),
        )


@pytest.fixture(params=DISKS)
def kind(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.mark.parametrize("state", ["queued", "running", "complete", "cancelled"])
def test_work_goes_on_beside_a_damaged_report(
    kind: str, state: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = store_of()
    with open_sink(kind, tmp_path) as sink:
        idle = ReportManager(store, sink, max_workers=0, lease=LEASE)
        before, damaged, after = (idle.trigger(idempotency_key=key) for key in "abc")
        _bring_to(state, damaged, idle, sink)
        damage(kind, tmp_path, damaged)
        with ReportManager(store, sink, lease=LEASE) as manager:
            for report_id in (before, after, manager.trigger()):
                assert manager.wait(report_id, A_WHILE).state == "complete"
                assert manager.get(report_id) == report_of(store)
            listed = {status.report_id for status in manager.list()}
            assert listed >= {before, after}
            assert damaged not in listed
            calls: list[Callable[[str], object]] = [
                *(manager.status, manager.wait, manager.get, manager.cancel)
            ]
            for call in calls:
                with pytest.raises(StoreCorruptError, match=damaged):
                    call(damaged)
            with pytest.raises(StoreCorruptError, match=damaged):
                manager.trigger(idempotency_key="b")
            with pytest.raises(StoreCorruptError, match=damaged):
                sink.check()  # type: ignore[attr-defined]  # these two kinds have it
            assert caplog.text.count("a report is left out") == 1
            assert damaged in caplog.text

            manager.delete(damaged)
            gone: list[Callable[[str], object]] = [manager.status, manager.delete]
            for call in gone:
                with pytest.raises(ReportNotFoundError):
                    call(damaged)
            again = manager.trigger(idempotency_key="b")
            assert manager.wait(again, A_WHILE).state == "complete"
            assert (
                manager.delete_before(NOON + timedelta(days=10**6)) == len(listed) + 1
            )
            assert manager.list() == ()
        sink.check()  # type: ignore[attr-defined]


def _bring_to(
    state: str, report_id: str, manager: ReportManager, sink: ReportSink
) -> None:
    job = sink.job(report_id)
    assert job is not None
    if state == "running":  # by a worker that has died
        claim = Claim("dead", lease=1)
        assert sink.swap(job, advance(job, claim, manager._table.now()))
    elif state == "cancelled":
        assert manager.cancel(report_id)
    elif state == "complete":
        with ReportManager(manager._store, sink, max_workers=1) as worker:
            worker.wait(report_id, A_WHILE)


def test_deleting_old_reports_goes_on_beside_a_damaged_one(
    kind: str, tmp_path: Path
) -> None:
    with open_sink(kind, tmp_path) as sink, ReportManager(store_of(), sink) as manager:
        ids = [manager.trigger() for _ in range(3)]
        for report_id in ids:
            manager.wait(report_id, A_WHILE)
        damage(kind, tmp_path, ids[1])
        assert manager.delete_before(NOON + timedelta(days=10**6)) == 2
        with pytest.raises(StoreCorruptError):
            manager.status(ids[1])


def test_a_report_that_is_damaged_itself_can_be_deleted(
    kind: str, tmp_path: Path
) -> None:
    with open_sink(kind, tmp_path) as sink, ReportManager(store_of(), sink) as manager:
        report_id = manager.trigger()
        manager.wait(report_id, A_WHILE)
        if kind == "csv":
            (path,) = (tmp_path / "reports").glob("*.report")
            path.write_bytes(path.read_bytes()[:-1])
        else:
            with closing(sqlite3.connect(tmp_path / "sink.db")) as file, file:
                file.execute("UPDATE uptime_reports SET report = x'00'")
        assert manager.status(report_id).state == "complete"
        with pytest.raises(StoreCorruptError, match=report_id):
            manager.get(report_id)
        manager.delete(report_id)
        assert manager.list() == ()


class Spoilt(MemorySink):
    """A sink in which some jobs cannot be changed, though they are listed."""

    def __init__(self) -> None:
        super().__init__()
        self.spoilt: set[str] = set()

    def swap(
        self,
        old: Job | None,
        new: Job | None,
        *,
        report: Report | None = None,
        most_active: int | None = None,
    ) -> bool:
        if old is not None and old.report_id in self.spoilt:
            raise StoreCorruptError(f"report {old.report_id} is damaged")
        return super().swap(old, new, report=report, most_active=most_active)


def test_a_job_that_cannot_be_claimed_holds_nobody_up() -> None:
    sink = Spoilt()
    store = store_of()
    idle = ReportManager(store, sink, max_workers=0)
    ids = [idle.trigger() for _ in range(6)]
    sink.spoilt |= {ids[0], ids[2], ids[3]}
    with ReportManager(store, sink, max_workers=1) as manager:
        for report_id in (ids[1], ids[4], ids[5]):
            assert manager.wait(report_id, 4).state == "complete"  # less than a nap
        assert manager.status(ids[0]).state == "queued"


def test_a_job_that_cannot_be_recovered_holds_nobody_up() -> None:
    sink = Spoilt()
    store = store_of()
    idle = ReportManager(store, sink, max_workers=0)
    ids = [idle.trigger() for _ in range(3)]
    for report_id in ids:
        _bring_to("running", report_id, idle, sink)
    sink.spoilt.add(ids[0])
    with ReportManager(store, sink, lease=LEASE) as manager:
        for report_id in ids[1:]:
            assert manager.wait(report_id, A_WHILE).state == "complete"
        assert manager.status(ids[0]).state == "running"
        assert manager.delete_before(NOON + timedelta(days=10**6)) == 2


def test_closing_cancels_what_can_be_cancelled() -> None:
    sink = Spoilt()
    manager = ReportManager(store_of(), sink, max_workers=0)
    ids = [manager.trigger() for _ in range(3)]
    sink.spoilt.add(ids[1])
    manager.close(cancel_pending=True)
    states = [manager.status(report_id).state for report_id in ids]
    assert states == ["cancelled", "queued", "cancelled"]


def test_a_sink_without_records_has_nothing_to_discard() -> None:
    hooked = HookedSink(MemorySink())
    assert not hooked.discard("0" * 32)
    assert not MemorySink().discard("0" * 32)
    sink = Spoilt()
    manager = ReportManager(store_of(), sink, max_workers=0)
    report_id = manager.trigger()
    manager.cancel(report_id)
    sink.spoilt.add(report_id)
    with pytest.raises(StoreCorruptError):
        manager.delete(report_id)


# What is read of a file that is too long


@pytest.mark.parametrize("length", [3 * 2**30, 2**32 - 1, 2**32 + 1, 50, 1, 0])
def test_a_report_of_another_length_is_not_read(tmp_path: Path, length: int) -> None:
    sink = CsvSink(tmp_path / "reports")
    with ReportManager(store_of(), sink) as manager:
        report_id = manager.trigger()
        manager.wait(report_id, A_WHILE)
        (path,) = (tmp_path / "reports").glob("*.report")
        with path.open("r+b") as file:
            file.truncate(length)
        tracemalloc.start()
        try:
            with pytest.raises(StoreCorruptError, match=path.name):
                manager.get(report_id)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 2**20
