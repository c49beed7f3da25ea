"""Sinks of several processes, which are killed or have no room left."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from tests.sinks.test_contract import open_sink

from uptime_core.jobs import JobState
from uptime_core.sinks.csv import CsvSink
from uptime_core.testing.sink_samples import cancelled, failed, job_of, report_of, same

if TYPE_CHECKING:
    from pathlib import Path

    from uptime_core.abc import ReportSink

REPORTS = [report_of(number, shops=200) for number in range(5)]
TEXTS = [report.to_csv() for report in REPORTS]

PUBLISH = """
import sys
from pathlib import Path
from uptime_core.testing.sink_samples import complete, job_of, report_of, running
from tests.sinks.test_contract import open_sink

sink = open_sink(sys.argv[1], Path(sys.argv[2]))
reports = [report_of(number, shops=200) for number in range(5)]
kept = []
for number in range(int(sys.argv[3]), 10**6):
    job = job_of(number, idempotency_key=str(number))
    assert sink.swap(None, job, most_active=1)
    claimed = running(job)
    assert sink.swap(job, claimed)
    done = complete(claimed)
    assert sink.swap(claimed, done, report=reports[number % 5])
    print("complete", number, flush=True)
    kept.append(done)
    if len(kept) > 5:
        oldest = kept.pop(0)
        assert sink.swap(oldest, None)
        print("deleted", int(oldest.report_id, 16), flush=True)
"""

ADD = """
import sys
from pathlib import Path
from uptime_core.testing.sink_samples import job_of
from tests.sinks.test_contract import open_sink
from uptime_core.errors import QueueFullError

sink = open_sink(sys.argv[1], Path(sys.argv[2]))
first = 1000 * int(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
added = 0
for number in range(30):
    try:
        added += sink.swap(
            None, job_of(first + number, idempotency_key=str(number)), most_active=20
        )
    except QueueFullError:
        pass
print(added)
"""

OUTGROW = """
import resource
import signal
import sys
from pathlib import Path
from uptime_core.testing.sink_samples import complete, job_of, report_of, running, same
from tests.sinks.test_contract import open_sink
from uptime_core.errors import StoreFullError

kind, folder = sys.argv[1], Path(sys.argv[2])
sink = open_sink(kind, folder)
claimed = running(job_of(1))
assert sink.swap(None, claimed)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    sink.swap(claimed, complete(claimed), report=report_of(shops=5000))
except StoreFullError as error:
    assert str(folder) in str(error), error
else:
    raise AssertionError("it was written")
assert list(sink.jobs(active=True)) == [claimed]
assert sink.report(claimed.report_id) is None
assert sink.swap(claimed, complete(claimed), report=report_of())
assert same(sink.report(claimed.report_id), report_of())
"""


def _check(sink: ReportSink, folder: Path) -> None:
    """What is complete has its report, and what is not has none."""
    for job in sink.jobs():
        number = int(job.report_id, 16) % 5
        report = sink.report(job.report_id)
        path = sink.csv_path(job.report_id) if isinstance(sink, CsvSink) else None
        now = sink.job(job.report_id)
        if now is None:
            continue  # deleted in between
        if now.state is not JobState.COMPLETE:
            assert report is None
            assert path is None
        elif job.state is JobState.COMPLETE:
            assert same(report, REPORTS[number])
            assert path is not None or not isinstance(sink, CsvSink)
    for path in (folder / "reports").glob("*.csv"):
        with suppress(FileNotFoundError):  # deleted in between
            assert path.read_text("utf-8") == TEXTS[int(path.stem, 16) % 5]


@pytest.mark.once
@pytest.mark.parametrize("kind", ["sqlite", "csv"])
def test_killed_publishers_leave_nothing_half(kind: str, tmp_path: Path) -> None:
    chance = random.Random(kind)  # noqa: S311  # no secret
    sink = open_sink(kind, tmp_path)
    first = 1
    for _ in range(5):
        command = [sys.executable, "-c", PUBLISH, kind, str(tmp_path), str(first)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            said = [process.stdout.readline()]
            until = time.monotonic() + chance.uniform(0, 0.15)
            while time.monotonic() < until:
                _check(sink, tmp_path)
                time.sleep(0.005)  # readers and writers of a file take turns
            process.kill()
            said += process.stdout.readlines()
        _check(sink, tmp_path)
        told = [line.split() for line in said if line.endswith("\n")]
        state = {int(number): what for what, number in told}
        oldest = min(number for number in state if state[number] == "complete")
        for number, what in state.items():
            job = sink.job(job_of(number).report_id)
            if job is not None:
                assert what == "complete"
                assert same(sink.report(job.report_id), REPORTS[number % 5])
                assert list(sink.jobs(idempotency_key=str(number))) == [job]
            else:
                assert what == "deleted" or number == oldest
                assert list(sink.jobs(idempotency_key=str(number))) == []
        assert len(sink.jobs(active=True)) <= 1
        for job in sink.jobs(active=True):
            ended = failed if job.state is JobState.RUNNING else cancelled
            assert sink.swap(job, ended(job))
        first = 1 + max(int(job.report_id, 16) for job in sink.jobs())
        for job in sink.jobs():
            assert sink.swap(job, None)
    sink.close()


@pytest.mark.parametrize("kind", ["sqlite", "csv"])
def test_processes_share_a_queue_and_its_keys(kind: str, tmp_path: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", ADD, kind, str(tmp_path), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    added = 0
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        out, _ = process.communicate()
        assert process.returncode == 0
        added += int(out)
    with open_sink(kind, tmp_path) as sink:
        jobs = sink.jobs(active=True)
        assert len(jobs) == len(sink.jobs()) == added == 20
        assert len({job.idempotency_key for job in jobs}) == 20


@pytest.mark.parametrize("kind", ["sqlite", "csv"])
def test_a_file_that_may_not_grow_changes_nothing(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("resource")
    subprocess.run([sys.executable, "-c", OUTGROW, kind, str(tmp_path)], check=True)
    if kind == "csv":
        assert list((tmp_path / "reports" / "partial").iterdir()) == []
