"""The sinks of this library, tested as anybody's are."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from uptime_core import (
    CsvSink,
    InputError,
    MemorySink,
    QueueFullError,
    ReportSink,
    SqliteSink,
)
from uptime_core.testing.sink_machine import ReportSinkMachine
from uptime_core.testing.sink_samples import complete, job_of, report_of, running, same
from uptime_core.testing.suites import ReportSinkTests

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class TestMemorySink(ReportSinkTests):
    def make_sink(self, folder: Path) -> ReportSink:  # noqa: ARG002  # it needs none
        return MemorySink()


class SqliteMachine(ReportSinkMachine):
    """Reports that are kept are those of the jobs that are there."""

    def check_at_the_end(self) -> None:
        with closing(sqlite3.connect(self.bench.place / "sink.db")) as connection:
            rows = connection.execute("SELECT report_id FROM uptime_reports").fetchall()
        assert {report_id for (report_id,) in rows} == self.bench.reports.keys()


class TestSqliteSink(ReportSinkTests):
    durable = True
    shared = True
    notices_damage = True
    machine = SqliteMachine

    def make_sink(self, folder: Path) -> ReportSink:
        return open_sink("sqlite", folder)


class CsvMachine(ReportSinkMachine):
    """Marks, keys and files of a folder are those of the jobs that are there."""

    def check_at_the_end(self) -> None:
        if self.crashes:
            return  # what a process leaves is removed by and by
        folder = self.bench.place / "reports"
        active = {path.name for path in (folder / "active").iterdir()}
        assert active == {job.report_id for job in self.bench.chosen(active=True)}
        keys = {job.idempotency_key for job in self.bench.chosen()} - {None}
        assert len(list((folder / "keys").iterdir())) == len(keys)
        assert not list((folder / "partial").iterdir())
        reports = {path.stem for path in folder.glob("*.csv")}
        assert reports == self.bench.reports.keys()


class TestCsvSink(ReportSinkTests):
    durable = True
    shared = True
    notices_damage = True
    machine = CsvMachine

    def make_sink(self, folder: Path) -> ReportSink:
        return open_sink("csv", folder)


def open_sink(kind: str, folder: Path) -> ReportSink:
    if kind == "csv":
        return CsvSink(folder / "reports")
    return SqliteSink(folder / "sink.db")


# What these sinks do besides


@pytest.fixture(params=["memory", "sqlite", "csv"])
def sink(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReportSink]:
    """An empty sink of each kind."""
    kind: str = request.param
    with MemorySink() if kind == "memory" else open_sink(kind, tmp_path) as made:
        yield made


@pytest.mark.parametrize("what", [None, 5, b"0" * 32, ["0" * 32], float("nan")])
def test_what_is_no_text_has_no_job(sink: ReportSink, what: Any) -> None:  # noqa: ANN401  # anything
    assert sink.job(what) is None
    assert sink.report(what) is None


@pytest.mark.parametrize("key", ["", "x" * 5000])
def test_a_key_is_any_text(sink: ReportSink, key: str) -> None:
    assert sink.swap(None, job_of(idempotency_key=key))
    assert not sink.swap(None, job_of(2, idempotency_key=key))
    assert [job.report_id for job in sink.jobs(idempotency_key=key)] == [
        job_of().report_id
    ]


def test_a_key_that_no_job_can_have_has_none(sink: ReportSink) -> None:
    assert sink.swap(None, job_of(idempotency_key="k"))

    assert list(sink.jobs(idempotency_key="\ud800")) == []
    with pytest.raises(InputError, match="idempotency_key"):
        sink.swap(None, job_of(2, idempotency_key="\ud800"))
    assert len(sink.jobs()) == 1


def test_what_no_caller_may_do_is_told(sink: ReportSink) -> None:
    claimed = running(job_of())
    assert sink.swap(None, claimed)

    with pytest.raises(InputError, match="neither"):
        sink.swap(None, None)
    with pytest.raises(InputError, match="comes with"):
        sink.swap(claimed, complete(claimed))
    with pytest.raises(InputError, match="one report"):
        sink.swap(claimed, running(job_of(2)))


@pytest.mark.parametrize("most", [1, 2])
def test_a_full_queue_says_what_its_bound_is(sink: ReportSink, most: int) -> None:
    for number in range(most):
        assert sink.swap(None, job_of(number))

    said = {1: "^1 report may be", 2: "^2 reports may be"}
    with pytest.raises(QueueFullError, match=said[most]):
        sink.swap(None, job_of(9), most_active=most)


def test_a_final_job_in_its_own_place_changes_nothing(sink: ReportSink) -> None:
    claimed, report = running(job_of()), report_of()
    done = complete(claimed)
    assert sink.swap(None, claimed)
    assert sink.swap(claimed, done, report=report)

    assert sink.swap(done, done)
    assert same(sink.report(done.report_id), report)
    assert sink.job(done.report_id) == done


def test_a_report_of_many_shops_is_kept(sink: ReportSink) -> None:
    claimed, report = running(job_of()), report_of(shops=2000)
    assert sink.swap(None, claimed)
    assert sink.swap(claimed, complete(claimed), report=report)
    assert sink.report(claimed.report_id) == report


def test_a_sink_tells_what_it_is(sink: ReportSink) -> None:
    assert repr(sink).startswith(f"<{type(sink).__name__}: ")
