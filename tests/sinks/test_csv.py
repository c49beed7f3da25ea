"""`CsvSink`: its files, and what becomes of them when something goes wrong."""

from __future__ import annotations

import errno
import fcntl
import os
import random
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import attrs
import pytest

from uptime_core.errors import (
    BackEndError,
    InputError,
    QueueFullError,
    StoreBusyError,
    StoreCorruptError,
    StoreFullError,
)
from uptime_core.job_record import job_text
from uptime_core.sinks import folder as folder_module
from uptime_core.sinks.csv import CsvSink
from uptime_core.testing.sink_samples import (
    cancelled,
    complete,
    failed,
    job_of,
    report_of,
    running,
    same,
)
from uptime_core.window import DEFAULT_WINDOWS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from uptime_core.jobs import Job
    from uptime_core.report import Report

REPORT = report_of()
FORMULA = attrs.evolve(
    report_of(shops=1),
    store_ids=("=1+1",),
    windows=DEFAULT_WINDOWS,
    **{
        name: getattr(report_of(shops=1), name)[:, :3]
        for name in ("up", "down", "unknown", "open")
    },
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the sink, which is not there yet."""
    return tmp_path / "reports"


@pytest.fixture
def sink(folder: Path) -> CsvSink:
    """A sink that does not wait for long."""
    return CsvSink(folder, timeout=0.05)


def published(sink: CsvSink, number: int = 1, report: Report = REPORT) -> Job:
    """A complete job with a key."""
    claimed = running(job_of(number, idempotency_key=f"key {number}"))
    assert sink.swap(None, claimed)
    assert sink.swap(claimed, complete(claimed), report=report)
    return complete(claimed)


def files(folder: Path) -> set[str]:
    """The names of all files, the lock aside."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


def key_file(folder: Path) -> Path:
    """The only file of a key."""
    (path,) = (folder / "keys").iterdir()
    return path


# The files


def test_the_files_of_a_life(sink: CsvSink, folder: Path) -> None:
    one, two = job_of(1).report_id, job_of(2).report_id
    assert files(folder) == set()

    assert sink.swap(None, job_of(1, idempotency_key="k"))
    key = f"keys/{key_file(folder).name}"
    assert files(folder) == {f"{one}.json", f"active/{one}", key}
    assert key_file(folder).read_bytes().startswith(one.encode())

    assert sink.swap(None, running(job_of(2)))
    done = complete(running(job_of(2)))
    assert sink.swap(running(job_of(2)), done, report=REPORT)
    reports = {f"{two}.json", f"{two}.csv", f"{two}.1.report"}
    assert files(folder) == {f"{one}.json", f"active/{one}", key} | reports
    assert (folder / f"{two}.json").read_text("utf-8") == job_text(done) + "\n"

    assert sink.swap(job_of(1, idempotency_key="k"), None)
    assert files(folder) == reports
    assert sink.swap(done, None)
    assert files(folder) == set()


def test_the_csv_file_is_that_of_to_csv(sink: CsvSink, folder: Path) -> None:
    job = published(sink)
    path = sink.csv_path(job.report_id)

    assert path == folder / f"{job.report_id}.csv"
    assert path.read_text("utf-8") == REPORT.to_csv()


@pytest.mark.parametrize(
    "form",
    [
        {"columns": "classic"},
        {"columns": "extended", "decimals": 0},
        {"decimals": 18, "excel_safe": False},
    ],
)
def test_the_csv_file_has_the_form_asked_for(
    folder: Path, form: dict[str, Any]
) -> None:
    sink = CsvSink(str(folder), **form)
    job = published(sink, report=FORMULA)

    path = sink.csv_path(job.report_id)
    assert path is not None
    assert path.read_text("utf-8") == FORMULA.to_csv(**form)
    assert same(sink.report(job.report_id), FORMULA)


def test_a_report_that_columns_do_not_fit_changes_nothing(folder: Path) -> None:
    sink = CsvSink(folder, columns="classic")
    claimed = running(job_of())
    assert sink.swap(None, claimed)
    before = files(folder)

    with pytest.raises(InputError, match="classic"):
        sink.swap(claimed, complete(claimed), report=REPORT)
    assert files(folder) == before
    assert sink.job(claimed.report_id) == claimed


def test_only_a_complete_report_has_a_csv_path(sink: CsvSink, folder: Path) -> None:
    job = published(sink)
    claimed = running(job_of(2))
    assert sink.swap(None, claimed)
    (folder / f"{claimed.report_id}.csv").write_text("half")

    assert sink.csv_path(claimed.report_id) is None
    assert sink.csv_path(job_of(3).report_id) is None
    assert sink.csv_path("../x") is None
    (folder / f"{job.report_id}.csv").unlink()
    assert sink.csv_path(job.report_id) is None
    (folder / f"{job.report_id}.csv").symlink_to(folder / f"{job.report_id}.json")
    assert sink.csv_path(job.report_id) is None


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_files_have_the_usual_permissions(folder: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        published(CsvSink(folder))
    finally:
        os.umask(before)
    for name in files(folder):
        assert stat.S_IMODE((folder / name).stat().st_mode) == mode


def test_files_of_others_are_left_alone(folder: Path) -> None:
    folder.mkdir()
    names = ["notes.txt", "report.csv", f"{'A' * 32}.csv", f"{'0' * 32}.csv.bak"]
    for name in names:
        (folder / name).write_text("mine")
    sink = CsvSink(folder)
    (folder / "active" / ".DS_Store").touch()
    job = published(sink)

    assert list(sink.jobs()) == [job]
    assert list(sink.jobs(active=True)) == []
    assert sink.swap(None, job_of(5), most_active=1)
    assert sink.swap(job, None)
    assert all((folder / name).read_text() == "mine" for name in names)


def test_the_folder_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    job = published(CsvSink(tmp_path / "link"))

    assert list(CsvSink(tmp_path / "real").jobs()) == [job]


def test_the_process_may_change_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sink = CsvSink("reports")
    monkeypatch.chdir("/")
    published(sink)

    assert repr(sink) == f"<CsvSink: {tmp_path / 'reports'}>"


# The arguments


@pytest.mark.parametrize("path", [None, 5, "", "a\0b", "\ud800", b"reports"])
def test_what_is_no_path_is_refused(path: Any) -> None:  # noqa: ANN401  # whatever it is
    with pytest.raises(InputError):
        CsvSink(path)


@pytest.mark.parametrize(
    "form",
    [
        {"columns": "both"},
        {"columns": None},
        {"decimals": -1},
        {"decimals": 19},
        {"decimals": True},
        {"decimals": "4"},
        {"excel_safe": "no"},
        {"excel_safe": None},
        {"timeout": -1},
        {"timeout": "1"},
        {"timeout": None},
        {"timeout": True},
        {"timeout": float("nan")},
        {"timeout": float("inf")},
    ],
    ids=str,
)
def test_arguments_are_checked(folder: Path, form: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(form))):
        CsvSink(folder, **form)
    assert not folder.exists()


def test_a_folder_that_cannot_be_made_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "no" / "reports", tmp_path / "file", tmp_path / "file/x"):
        with pytest.raises(BackEndError, match=str(path)):
            CsvSink(path)


def test_a_file_in_the_folders_place_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "reports.csv"
    path.touch()
    with pytest.raises(BackEndError, match=r"reports\.csv: it is no folder; name ano"):
        CsvSink(path)
    assert path.read_bytes() == b""


def test_a_folder_that_is_gone_is_told_of(sink: CsvSink, folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))

    for call in (sink.jobs, lambda: sink.job("0" * 32), lambda: sink.report("0" * 32)):
        with pytest.raises(BackEndError, match="reports"):
            call()
    with pytest.raises(BackEndError):
        sink.jobs(active=True)
    with pytest.raises(BackEndError):
        sink.jobs(idempotency_key="k")
    with pytest.raises(BackEndError):
        sink.swap(None, job_of())


def test_a_system_without_locks_is_told_of(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_module, "fcntl", None)
    with pytest.raises(BackEndError, match="fcntl"):
        CsvSink(folder)


def test_a_job_too_long_to_be_read_is_not_written(
    sink: CsvSink, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uptime_core.sinks.csv.LONGEST_JOB", 2000)
    with pytest.raises(InputError, match="2,000 bytes"):
        sink.swap(None, job_of(reads="x" * 2000))
    assert files(folder) == set()


# Damage


def _views(sink: CsvSink) -> list[Callable[[], object]]:
    one, two = job_of(1).report_id, job_of(2).report_id
    return [
        *(lambda id_=id_: sink.job(id_) for id_ in (one, two)),
        *(lambda id_=id_: sink.report(id_) for id_ in (one, two)),
        lambda: list(sink.jobs()),
        lambda: list(sink.jobs(active=True)),
        lambda: list(sink.jobs(idempotency_key="key 1")),
        lambda: list(sink.jobs(idempotency_key="k")),
    ]


def test_damage_is_told_of_or_changes_nothing(sink: CsvSink, folder: Path) -> None:
    """Nothing that is read from a damaged file is wrong."""
    published(sink)
    assert sink.swap(None, job_of(2, idempotency_key="k"))
    expected = [view() for view in _views(sink)]
    chance = random.Random(7)  # noqa: S311  # no secret
    told = 0
    for name in sorted(files(folder)):
        path = folder / name
        whole = path.read_bytes()
        damaged = [whole + b"\0", b"\xff" * 50, b"[" * 100_000]
        for _ in range(100 if whole else 0):
            flipped = bytearray(whole)
            flipped[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
            damaged += [bytes(flipped), whole[: chance.randrange(len(whole))]]
        for content in damaged:
            path.write_bytes(content)
            for view, right in zip(_views(sink), expected, strict=True):
                try:
                    found = view()
                except StoreCorruptError:
                    told += 1
                    continue
                if isinstance(right, list) and found != right:  # left out
                    assert name.endswith(".json")
                    right = [job for job in right if job.report_id not in name]  # noqa: PLW2901
                    told += 1
                assert found == right
        path.write_bytes(whole)
    assert told > 1000


def _as_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def _as_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _as_hole(path: Path) -> None:
    os.truncate(path, 2**40)


@pytest.mark.parametrize("change", [_as_link, _as_pipe, _as_folder, _as_hole])
def test_what_is_no_regular_file_is_not_read(
    sink: CsvSink, folder: Path, change: Callable[[Path], None]
) -> None:
    job = published(sink)
    change(folder / f"{job.report_id}.1.report")
    with pytest.raises(StoreCorruptError, match=r"1\.report: it is "):
        sink.report(job.report_id)
    change(key_file(folder))
    with pytest.raises(StoreCorruptError, match="keys/"):
        sink.jobs(idempotency_key="key 1")
    change(folder / f"{job.report_id}.json")
    for call in (sink.job, sink.report, sink.csv_path):
        with pytest.raises(StoreCorruptError, match=r"\.json: it is "):
            call(job.report_id)
    with pytest.raises(StoreCorruptError, match=r"\.json: it is "):
        sink.swap(job, None)


def test_the_file_of_another_report_is_not_taken(sink: CsvSink, folder: Path) -> None:
    job = published(sink)
    other = job_of(9).report_id
    (folder / f"{other}.json").write_bytes(
        (folder / f"{job.report_id}.json").read_bytes()
    )
    with pytest.raises(StoreCorruptError, match="another report"):
        sink.job(other)


def test_a_missing_report_is_told_of(sink: CsvSink, folder: Path) -> None:
    job = published(sink)
    (folder / f"{job.report_id}.1.report").unlink()
    with pytest.raises(StoreCorruptError, match="missing"):
        sink.report(job.report_id)


# What killed processes leave


CRASH = """
import fcntl
import os
import sys
from pathlib import Path
from uptime_core.sinks.csv import CsvSink
from tests.sinks.test_csv import SCENES, after_crash, prepared

def crash_at(step, call):
    steps = 0
    def counting(original):
        def run(*args, **kwargs):
            nonlocal steps
            steps += 1
            if steps == step:
                os._exit(9)
            return original(*args, **kwargs)
        return run
    for module, name in [
        (os, "open"), (os, "replace"), (os, "unlink"), (os, "fsync"),
        (os, "close"), (fcntl, "flock"),
    ]:
        setattr(module, name, counting(getattr(module, name)))
    call()
    os._exit(0)

root = Path(sys.argv[1])
for name, scene in SCENES.items():
    for step in range(1, 1000):
        folder = root / f"{name} {step}"
        sink = prepared(folder)
        child = os.fork()
        if child == 0:
            crash_at(step, lambda: scene(sink))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        after_crash(folder, name, finished=code == 0)
        if code == 0:
            break
        assert code == 9, code
    print(name, step)
"""

ADDED = job_of(3, idempotency_key="new")
CLAIMED = running(job_of(1, idempotency_key="one"))
DONE = complete(running(job_of(2, idempotency_key="two")))
SCENES: dict[str, Callable[[CsvSink], object]] = {
    "add": lambda sink: sink.swap(None, ADDED, most_active=2),
    "publish": lambda sink: sink.swap(CLAIMED, complete(CLAIMED), report=REPORT),
    "fail": lambda sink: sink.swap(CLAIMED, failed(CLAIMED)),
    "delete": lambda sink: sink.swap(DONE, None),
}


def prepared(folder: Path) -> CsvSink:
    """A sink with a running and a complete job."""
    sink = CsvSink(folder, timeout=5)
    assert sink.swap(None, CLAIMED)
    assert sink.swap(None, DONE, report=REPORT)
    return sink


def after_crash(folder: Path, scene: str, *, finished: bool) -> None:
    """Whatever was done is done as a whole, and all goes on from there."""
    sink = CsvSink(folder, timeout=5)
    assert files(folder / "partial") == set()
    jobs = {job.report_id: job for job in sink.jobs()}
    one = jobs[CLAIMED.report_id]
    two = jobs.get(DONE.report_id)
    assert one in (CLAIMED, complete(CLAIMED), failed(CLAIMED))
    for job in jobs.values():
        is_complete = job.state == "complete"
        report, path = sink.report(job.report_id), sink.csv_path(job.report_id)
        assert same(report, REPORT) if is_complete else report is None
        assert (path is not None) is is_complete
        assert path is None or path.read_text("utf-8") == REPORT.to_csv()
        assert list(sink.jobs(idempotency_key=str(job.idempotency_key))) == [job]
    assert all(not job.state.is_final for job in sink.jobs(active=True))
    if finished:
        assert (ADDED.report_id in jobs) is (scene == "add")
        assert one.state == {"publish": "complete", "fail": "failed"}.get(
            scene, "running"
        )
        assert (two is None) is (scene == "delete")

    active = len(sink.jobs(active=True))
    if ADDED.report_id not in jobs:  # nothing stands in its way
        assert sink.swap(None, ADDED, most_active=active + 1)
    else:
        assert not sink.swap(None, ADDED)
    if two is None:
        assert sink.swap(None, attrs.evolve(DONE, report_id="f" * 32), report=REPORT)
    if one == CLAIMED:  # as a second worker does
        again = attrs.evolve(one, fence=2, revision=one.revision + 1)
        assert sink.swap(one, again)
        end = failed(again) if scene == "fail" else complete(again)
        other = report_of(5)
        assert sink.swap(again, end, report=None if scene == "fail" else other)
        assert scene == "fail" or same(sink.report(one.report_id), other)
        assert scene != "fail" or not list(folder.glob(f"{one.report_id}.*[vt]"))
    for job in sink.jobs():
        assert sink.swap(job, None)
    left = {name for name in files(folder) if not name.startswith("keys/")}
    if not finished:  # a mark is looked after when it gets in the way
        assert all(name.startswith("active/") for name in left)
        assert sink.swap(None, job_of(50), most_active=1)
        left = files(folder / "active") - {job_of(50).report_id}
    assert left == set()


def test_a_crash_at_any_step_leaves_all_or_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CRASH, str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    steps = dict(line.split() for line in done.stdout.splitlines())
    assert set(steps) == set(SCENES)
    assert min(map(int, steps.values())) > 10


@pytest.mark.parametrize("ends", [complete, failed])
def test_what_an_earlier_claim_made_is_removed_in_the_end(
    sink: CsvSink, folder: Path, ends: Callable[[Job], Job]
) -> None:
    job = attrs.evolve(running(job_of()), fence=3)
    assert sink.swap(None, job)
    for name in ("csv", "1.report", "2.report", "3.report"):
        (folder / f"{job.report_id}.{name}").write_text("of a killed process")

    done = ends(job)
    is_complete = ends is complete
    assert sink.swap(job, done, report=REPORT if is_complete else None)
    made = ("json", "csv", "3.report") if is_complete else ("json",)
    assert files(folder) == {f"{job.report_id}.{name}" for name in made}


def test_a_report_that_is_deleted_while_it_is_read_is_not_there(
    sink: CsvSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = published(sink)
    opened = sink._folder.opened

    def late(name: str, longest: int) -> AbstractContextManager[BinaryIO | None]:
        if name.endswith(".report"):
            assert sink.swap(job, None)
        return opened(name, longest)

    monkeypatch.setattr(sink._folder, "opened", late)
    assert sink.report(job.report_id) is None


def test_what_a_dead_process_was_writing_is_removed(
    sink: CsvSink, folder: Path
) -> None:
    (folder / "partial" / "dead").write_text("half")
    assert sink.swap(None, job_of())
    assert files(folder / "partial") == set()

    (folder / "partial" / "dead").write_text("half")
    (folder / f"{'1' * 32}.csv").write_text("of no job")
    (folder / f"{'1' * 32}.12.report").write_text("of no job")
    CsvSink(folder)
    assert files(folder) == {
        f"{job_of().report_id}.json",
        f"active/{job_of().report_id}",
    }


def test_what_a_living_process_is_writing_is_not_removed(
    sink: CsvSink, folder: Path
) -> None:
    with sink._folder.new_files({"x": b"content"}) as new:
        CsvSink(folder)
        assert CsvSink(folder).swap(None, job_of())
        assert len(files(folder / "partial")) == 1
        new.put("x")
    assert (folder / "x").read_bytes() == b"content"


def test_a_new_file_that_is_taken_for_left_over_is_made_again(
    sink: CsvSink, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its creation and its locking, somebody may remove it or lock it."""
    real = fcntl.flock
    calls: list[int] = []

    def meddled(descriptor: int, operation: int) -> None:
        calls.append(descriptor)
        if len(calls) == 1:
            for path in (folder / "partial").iterdir():
                path.unlink()
        if len(calls) == 2:
            raise BlockingIOError
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", meddled)
    with sink._folder.new_files({"x": b"content"}) as new:
        new.put("x")
    assert (folder / "x").read_bytes() == b"content"
    assert len(calls) == 3


# No room, and other errors of the system


STEPS = ("open", "replace", "unlink", "fsync")


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_an_error_at_any_step_changes_all_or_nothing(
    tmp_path: Path, name: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in range(1, 1000):
        folder = tmp_path / f"{step}"
        sink = prepared(folder)
        before, names = sink.jobs(), files(folder)
        calls = 0

        def failing(
            original: Callable[..., Any], step: int = step
        ) -> Callable[..., Any]:
            def run(*args: object, **options: object) -> object:
                nonlocal calls
                calls += 1
                if calls == step:
                    raise OSError(number, os.strerror(number))
                return original(*args, **options)

            return run

        error: BackEndError | None = None
        with monkeypatch.context() as patch:
            for call in STEPS:
                patch.setattr(os, call, failing(getattr(os, call)))
            try:
                assert SCENES[name](sink)
            except BackEndError as caught:
                error = caught
        if error is not None:
            assert isinstance(error, StoreFullError) is (number != errno.EIO)
            assert str(folder) in str(error)
            assert sink.jobs() == before
            assert {
                name for name in files(folder) - names if name[:7] != "partial"
            } <= {f"active/{ADDED.report_id}"}
            assert SCENES[name](sink)
        assert sink.jobs() != before
        if calls < step:
            break
    assert step > 8


def test_descriptors_are_closed(sink: CsvSink, folder: Path) -> None:
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("this system does not list them")
    job = published(sink)
    _as_folder(folder / f"{job.report_id}.1.report")
    before = os.listdir("/proc/self/fd")  # noqa: PTH208  # names
    for number in range(2, 6):
        with pytest.raises(StoreCorruptError):
            sink.report(job.report_id)
        published(sink, number)
        assert len(sink.jobs()) == number
        with sink._folder.locked(), pytest.raises(StoreBusyError):
            sink.swap(None, job_of(9))
    assert os.listdir("/proc/self/fd") == before  # noqa: PTH208  # names


# The lock


HOLD = """
import os
import sys
import time
from uptime_core.sinks.csv import CsvSink

sink = CsvSink(sys.argv[1])
with sink._folder.locked():
    child = os.fork() if sys.argv[2] == "fork" else None
    if child != 0:
        print(child or 0, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(folder: Path, request: pytest.FixtureRequest) -> Iterator[tuple[int, int]]:
    """A process that holds the lock, and its child, or 0."""
    kind: str = getattr(request, "param", "alone")
    CsvSink(folder)
    command = [sys.executable, "-W", "ignore", "-c", HOLD, str(folder), kind]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        yield process.pid, child
        if child:
            os.kill(child, signal.SIGKILL)
        process.kill()


def _dead(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def test_a_locked_folder_is_busy(folder: Path, holder: tuple[int, int]) -> None:
    sink = CsvSink(folder, timeout=0.05)  # that alone needs no lock
    start = time.monotonic()
    with pytest.raises(StoreBusyError, match=str(folder)):
        sink.swap(None, job_of())
    assert 0.05 <= time.monotonic() - start < 5
    with pytest.raises(StoreBusyError):
        sink.jobs()
    assert sink.job(job_of().report_id) is None
    assert list(sink.jobs(active=True)) == []
    assert files(folder) == set()

    _dead(holder[0])
    assert sink.swap(None, job_of())


@pytest.mark.parametrize("holder", ["fork"], indirect=True)
def test_a_forked_child_does_not_keep_the_lock(
    folder: Path, holder: tuple[int, int]
) -> None:
    sink = CsvSink(folder, timeout=2)
    _dead(holder[0])
    assert sink.swap(None, job_of())


def test_threads_wait_for_each_other(sink: CsvSink, folder: Path) -> None:
    patient = CsvSink(folder, timeout=5)
    thread = threading.Thread(target=lambda: patient.swap(None, job_of()))
    with sink._folder.locked():
        for other in (sink, CsvSink(folder, timeout=0)):
            with pytest.raises(StoreBusyError):
                other.jobs()
        thread.start()
    thread.join()
    assert patient.job(job_of().report_id) is not None


def test_after_a_fork_the_lock_is_free(sink: CsvSink, folder: Path) -> None:
    """Another thread of the parent may hold it; the child has a lock of its own."""
    with sink._folder.locked():
        sink._folder._turn.renew()  # as in a child
        sink._folder._holder = None
        with pytest.raises(StoreBusyError, match="another thread or process"):
            sink.jobs()  # the lock of the file is another's, still
    sink._folder._turn.renew()
    assert sink.jobs() == ()
    assert folder.is_dir()


# Keys and marks that a crash left


def test_the_key_of_a_job_that_never_came_is_free(sink: CsvSink, folder: Path) -> None:
    job = published(sink)
    kept = key_file(folder).read_bytes()
    path = key_file(folder)
    assert sink.swap(job, None)
    path.write_bytes(kept)

    assert list(sink.jobs(idempotency_key="key 1")) == []
    assert sink.swap(None, job_of(7, idempotency_key="key 1"))
    assert len(sink.jobs(idempotency_key="key 1")) == 1


def test_keys_that_are_exchanged_are_noticed(sink: CsvSink, folder: Path) -> None:
    published(sink)
    assert sink.swap(None, job_of(2, idempotency_key="key 2"))
    one, two = (folder / "keys").iterdir()
    contents = one.read_bytes(), two.read_bytes()
    two.write_bytes(contents[0])
    one.write_bytes(contents[1])

    for act in (
        lambda: sink.jobs(idempotency_key="key 1"),
        lambda: sink.jobs(idempotency_key="key 2"),
        lambda: sink.swap(None, job_of(3, idempotency_key="key 1")),
        sink.check,
    ):
        with pytest.raises(StoreCorruptError, match="keys"):
            act()
    assert len(sink.jobs()) == 2


def test_the_key_of_a_discarded_job_is_free(sink: CsvSink, folder: Path) -> None:
    job = published(sink)
    (folder / f"{job.report_id}.json").write_bytes(b"{}")
    assert sink.discard(job.report_id)
    assert files(folder / "keys") == set()
    assert sink.swap(None, job_of(1, idempotency_key="another"))
    assert list(sink.jobs(idempotency_key="key 1")) == []


def test_a_key_too_many_is_noticed(sink: CsvSink, folder: Path) -> None:
    published(sink)
    (folder / "keys" / ("0" * 64)).write_bytes(key_file(folder).read_bytes())
    with pytest.raises(StoreCorruptError, match="has another key"):
        sink.check()


def test_where_nothing_can_be_written_it_can_be_read(
    sink: CsvSink, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = published(sink)
    left_over = folder / f"{'0' * 32}.csv"
    left_over.touch()
    opened = os.open

    def only_read(path: Path, flags: int, mode: int = 0o777) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return opened(path, flags, mode)

    def unlink(path: Path, *, missing_ok: bool = False) -> None:  # noqa: ARG001  # as Path.unlink
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr(os, "open", only_read)
    monkeypatch.setattr(Path, "unlink", unlink)
    reading = CsvSink(folder)
    assert list(reading.jobs()) == list(reading.jobs(idempotency_key="key 1")) == [job]
    assert reading.report(job.report_id) is not None
    reading.check()
    with pytest.raises(BackEndError, match="Read-only file system"):
        reading.swap(None, job_of(2))
    with pytest.raises(BackEndError, match="Read-only file system"):
        reading.swap(job, None)
    assert left_over.exists()


def test_stale_marks_do_not_count(sink: CsvSink, folder: Path) -> None:
    ended = cancelled(job_of(1))
    assert sink.swap(None, ended)
    for number in (1, 8, 9):
        (folder / "active" / job_of(number).report_id).touch()

    assert list(sink.jobs(active=True)) == []
    assert sink.swap(None, job_of(2), most_active=1)
    assert files(folder / "active") == {job_of(2).report_id}
    with pytest.raises(QueueFullError):
        sink.swap(None, job_of(3), most_active=1)
