"""The ends of managers, stores and sinks: what is left, and what is not."""

from __future__ import annotations

import pickle  # noqa: TID251  # nothing is kept
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from tests.faults.samples import DISKS, KINDS, Gate, open_sink, own_threads, store_of

from uptime_core import (
    BackEndError,
    ClosedError,
    CsvStore,
    InputError,
    MemorySink,
    MemoryStore,
    ReportManager,
    SqliteStore,
)
from uptime_core.testing.stepped import A_WHILE
from uptime_core.threads import shut_down

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor
    from pathlib import Path

    from uptime_core import ReportSink, Store

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)


def close_it(sink: ReportSink, _: Path) -> None:
    sink.close()


def remove_it(_: ReportSink, folder: Path) -> None:
    shutil.rmtree(folder)


@pytest.fixture(params=[close_it, remove_it])
def end(request: pytest.FixtureRequest) -> Any:  # noqa: ANN401  # one of these two
    return request.param


# Managers whose sink is gone


@pytest.mark.parametrize("kind", DISKS)
def test_a_manager_with_nothing_to_wait_for_closes_without_its_sink(
    kind: str, end: Callable[[ReportSink, Path], None], tmp_path: Path
) -> None:
    folder = tmp_path / "sink"
    folder.mkdir()
    sink = open_sink(kind, folder)
    with ReportManager(store_of(), sink) as manager:
        made = [manager.trigger() for _ in range(3)]
        for report_id in made:
            manager.wait(report_id, A_WHILE)
        end(sink, folder)
    manager.close()
    manager.close(cancel_pending=True)


@pytest.mark.parametrize("kind", DISKS)
def test_reports_made_or_ended_elsewhere_are_not_waited_for(
    kind: str, end: Callable[[ReportSink, Path], None], tmp_path: Path
) -> None:
    folder = tmp_path / "sink"
    folder.mkdir()
    store, sink = store_of(), open_sink(kind, folder)
    gate = Gate(store)
    manager = ReportManager(gate.store, sink, max_workers=1)
    busy = manager.trigger()
    gate.wait_for_report()
    asked, cancelled, deleted = (manager.trigger() for _ in range(3))
    assert manager.cancel(cancelled)
    assert manager.cancel(deleted)
    manager.delete(deleted)
    with ReportManager(store, sink) as other:
        other.wait(asked, A_WHILE)
    assert manager.wait(asked).state == "complete"
    gate.open()
    assert manager.wait(busy, A_WHILE).state == "complete"
    end(sink, folder)
    manager.close()


@pytest.mark.parametrize("kind", DISKS)
def test_a_manager_that_still_has_to_wait_says_that_it_cannot(
    kind: str, end: Callable[[ReportSink, Path], None], tmp_path: Path
) -> None:
    folder = tmp_path / "sink"
    folder.mkdir()
    sink = open_sink(kind, folder)
    gate = Gate()
    manager = ReportManager(gate.store, sink, max_workers=1)
    manager.trigger()
    gate.wait_for_report()
    end(sink, folder)
    threading.Timer(0.1, gate.open).start()
    with pytest.raises((ClosedError, BackEndError)):
        manager.close()
    manager.close()
    assert not manager._background._worker._threads


@pytest.mark.parametrize("name", ["wait", "cancel_pending"])
@pytest.mark.parametrize("value", ["no", 1, None, []])
def test_a_manager_is_closed_by_flags(name: str, value: Any) -> None:  # noqa: ANN401
    manager = ReportManager(store_of(), max_workers=0)
    manager.trigger()
    with pytest.raises(InputError, match=f"close, {name}: .* neither True nor False"):
        manager.close(**{name: value})
    assert manager.list("queued")
    manager.trigger()


def test_no_thread_is_left_at_the_moment_of_the_return() -> None:
    """Neither the supervisor nor one that computes."""
    for wait in (True, False) * 10:
        before = own_threads()
        manager = ReportManager(store_of())
        manager.wait(manager.trigger(), A_WHILE)
        manager.trigger()
        assert own_threads() > before
        manager.close(wait)
        assert own_threads() <= before


def test_an_executor_that_hangs_is_not_waited_for_for_ever() -> None:
    go = threading.Event()
    pool = ThreadPoolExecutor(1)
    pool.submit(go.wait, A_WHILE)
    late = pool.submit(str)
    shut_down(pool, deadline=0)
    assert late.cancelled()
    go.set()
    pool.shutdown()


def test_a_process_without_threads_to_spare_closes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    pool: Executor = ThreadPoolExecutor(1)
    pool.submit(str).result()
    monkeypatch.setattr(threading.Thread, "start", refuse)
    shut_down(pool, deadline=0)
    with pytest.raises(RuntimeError, match="after shutdown"):
        pool.submit(str)


# Stores and sinks that are closed


@pytest.mark.parametrize("kind", KINDS)
def test_a_closed_sink_is_used_no_more(kind: str, tmp_path: Path) -> None:
    sink = open_sink(kind, tmp_path)
    with ReportManager(store_of(), sink) as manager:
        report_id = manager.trigger(idempotency_key="k")
        manager.wait(report_id, A_WHILE)
    job, jobs = sink.job(report_id), sink.jobs()
    sink.close()
    sink.close()
    calls: list[Callable[[], object]] = [
        lambda: sink.job(report_id),
        lambda: sink.report(report_id),
        sink.jobs,
        lambda: sink.jobs(active=True),
        lambda: sink.jobs(idempotency_key="k"),
        lambda: sink.swap(job, None),
        lambda: manager.status(report_id),
        lambda: manager.get(report_id),
        manager.list,
    ]
    if kind != "memory":
        calls += [sink.check, lambda: sink.discard(report_id)]  # type: ignore[attr-defined]
    if kind == "csv":
        calls.append(lambda: sink.csv_path(report_id))  # type: ignore[attr-defined]
    for call in calls:
        with pytest.raises(ClosedError, match="is closed"):
            call()
    assert repr(sink)
    assert list(jobs) == [job]


@pytest.mark.parametrize("kind", ["memory", "csv", "sqlite"])
def test_a_closed_store_is_used_no_more(kind: str, tmp_path: Path) -> None:
    store: Store
    if kind == "csv":
        path = tmp_path / "polls.csv"
        path.write_text("store_id,timestamp_utc,status\na,2023-01-25 12:00:00,active\n")
        store = CsvStore(path)
    else:
        store = MemoryStore() if kind == "memory" else SqliteStore(tmp_path / "db")
        store.add_polls([("a", NOON, "active")])
    read = list(store.polls())
    snapshot = store.snapshot()
    store.close()
    store.close()
    calls: list[Callable[[], object]] = [
        lambda: list(store.polls()),
        store.hours,
        store.timezones,
        store.newest_poll,
        store.quarantined,
        store.snapshot,
        lambda: ReportManager(store).trigger(),
    ]
    if isinstance(store, MemoryStore | SqliteStore):
        add = store.add_polls
        calls += [
            lambda: add([("b", NOON, "active")]),
            lambda: store.set_hours([]),
            lambda: store.set_timezones([]),
            lambda: store.transaction().__enter__(),
        ]
    for call in calls:
        with pytest.raises(ClosedError, match="is closed"):
            call()
    assert repr(store)
    assert store.identity
    assert len(read[0]) == 1
    assert snapshot.newest() is not None


def test_a_copy_of_a_closed_store_is_open() -> None:
    store = store_of()
    store.close()
    copy = pickle.loads(pickle.dumps(store))  # noqa: S301  # our own
    assert copy.newest_poll() is not None


# Files that are gone


@pytest.mark.parametrize("kind", DISKS)
def test_a_sink_that_is_gone_is_an_error_of_ours(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "sink"
    folder.mkdir()
    with open_sink(kind, folder) as sink:
        with ReportManager(store_of(), sink) as manager:
            report_id = manager.trigger()
            manager.wait(report_id, A_WHILE)
        shutil.rmtree(folder)
        calls: list[Callable[[], object]] = [
            lambda: sink.job(report_id),
            sink.jobs,
            lambda: sink.jobs(active=True),
            lambda: sink.report(report_id),
            sink.check,  # type: ignore[attr-defined]  # these two kinds have it
        ]
        for call in calls:
            with pytest.raises(BackEndError, match="No such file or directory"):
                call()


def test_a_store_that_is_gone_is_an_error_of_ours(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "store.db") as store:
        store.add_polls([("a", NOON, "active")])
        (tmp_path / "store.db").unlink()
        calls: list[Callable[[], object]] = [
            lambda: list(store.polls()),
            store.newest_poll,
            store.snapshot,
            store.check,
            store.compact,
            lambda: store.add_polls([("a", NOON, "active")]),
            lambda: ReportManager(store, MemorySink()).trigger(),
        ]
        for call in calls:
            with pytest.raises(BackEndError, match=r"store\.db: No such file"):
                call()
        assert list(tmp_path.iterdir()) == []
