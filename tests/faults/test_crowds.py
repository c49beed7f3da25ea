"""Many callers at once, ingest all the while, no room left, and an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from tests.faults.samples import (
    DISKS,
    SHORT_LEASE,
    Gate,
    HookedSink,
    begin,
    line_of,
    open_sink,
)
from tests.faults.service import (
    MINUTE,
    check_against_oracle,
    check_report,
    expected,
    first_store,
    number_of,
    running,
    shared_sink,
)

from uptime_core import (
    MemorySink,
    QueueFullError,
    ReportManager,
    SqliteSink,
    StoreFullError,
    Window,
    compute_snapshot,
)
from uptime_core.testing.stepped import A_WHILE, wait_until

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from uptime_core import ReportSink, SqliteStore

# Ingest all the while


def has_newer_poll(store: SqliteStore, than: datetime | None) -> bool:
    return store.newest_poll() != than


@pytest.mark.parametrize("kind", DISKS)
@pytest.mark.parametrize("reports", [30, pytest.param(400, marks=pytest.mark.deep)])
def test_reports_while_polls_come_in_all_the_time(
    kind: str, reports: int, tmp_path: Path
) -> None:
    with (
        first_store(tmp_path) as store,
        shared_sink(kind, tmp_path) as sink,
        running("ingest", tmp_path, 1, "paced", "") as ingest,
        ReportManager(store, sink) as manager,
    ):
        line_of(ingest)
        ids = []
        for number in range(reports):
            if number % 5 == 0:  # so that not all have the same "now"
                wait_until(partial(has_newer_poll, store, store.newest_poll()))
            ids.append(manager.trigger())
        made = []
        for report_id in ids:
            assert manager.wait(report_id, A_WHILE).attempt == 1
            report = manager.get(report_id)
            assert report.as_of == manager.status(report_id).as_of
            check_report(report)
            made.append(report)
        assert ingest.poll() is None
        numbers = {number_of(report.as_of) for report in made}
        assert len(numbers) > 3
        last = store.newest_poll()
        assert last is not None
        assert number_of(last) > max(numbers)
        for place in (0, reports // 2, -1):
            check_against_oracle(made[place], [0, 1, 2, 5])
        store.check()


# A crowd


@pytest.mark.parametrize(
    ("kind", "calls"),
    [
        ("memory", 1000),
        ("sqlite", 200),
        ("csv", 200),
        *(pytest.param(kind, 1000, marks=pytest.mark.deep) for kind in DISKS),
    ],
)
def test_a_crowd_of_triggers_at_once(kind: str, calls: int, tmp_path: Path) -> None:
    """Each gives an id that comes to its end, or says that the queue is full."""
    bound = 50
    gate = Gate()
    start, over = threading.Event(), threading.Event()
    refused, most = [], [0]

    with open_sink(kind, tmp_path) as sink:

        def watch() -> None:
            while not over.wait(0.01):
                most[0] = max(most[0], len(sink.jobs(active=True)))

        with (
            ReportManager(
                gate.store, sink, max_workers=1, max_pending=bound
            ) as manager,
            ThreadPoolExecutor(calls) as pool,
        ):

            def trigger() -> str | None:
                start.wait(A_WHILE)
                try:
                    return manager.trigger()
                except QueueFullError:
                    refused.append(1)
                    gate.open()  # from now on, there is room now and then
                    return None

            watcher = threading.Thread(target=watch)
            watcher.start()
            futures = [pool.submit(trigger) for _ in range(calls)]
            start.set()
            answers = [future.result(120) for future in futures]
            ids = {report_id for report_id in answers if report_id is not None}
            states = Counter(manager.wait(i, A_WHILE).state for i in ids)
            over.set()
            watcher.join()
        assert len(ids) + len(refused) == calls
        assert len(ids) >= bound
        assert states == {"complete": len(ids)}
        assert {job.report_id for job in sink.jobs()} == ids
        assert 0 < most[0] <= bound


# No room


class Room:
    """Bounds the file that a store and a sink share, whatever writes to it."""

    def __init__(
        self, store: SqliteStore, sink: SqliteSink, patch: pytest.MonkeyPatch
    ) -> None:
        self._pages = 1 << 30
        self._databases = (store._database, sink._database)
        for database in self._databases:
            patch.setattr(database, "_connect", self._bounded(database._connect))

    def ends(self) -> None:
        """The file cannot grow any more."""
        self._set(1)

    def comes_back(self) -> None:
        self._set(1 << 30)

    def _set(self, pages: int) -> None:
        self._pages = pages
        for database in self._databases:
            database.rest()

    def _bounded(self, connect: Any) -> Any:  # noqa: ANN401  # a method
        def bounded() -> Any:  # noqa: ANN401  # a connection
            connection = connect()
            connection.execute(f"PRAGMA max_page_count={self._pages}")
            return connection

        return bounded


def test_triggers_without_room_are_refused_and_none_before_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with first_store(tmp_path) as store, SqliteSink(tmp_path / "shared.db") as sink:
        room = Room(store, sink, monkeypatch)
        asker = ReportManager(store, sink, max_workers=0)
        ids = [asker.trigger() for _ in range(3)]
        room.ends()
        with pytest.raises(StoreFullError, match=r"no room left.*nothing changed"):  # noqa: PT012  # how many are taken does not matter
            while len(ids) < 1000:
                ids.append(asker.trigger())
        assert len(ids) < 1000
        assert [asker.status(report_id).state for report_id in ids] == (
            ["queued"] * len(ids)
        )
        store.check()
        room.comes_back()
        ids.append(asker.trigger())
        with begin(ReportManager(store, sink)) as manager:
            for report_id in ids:
                assert manager.wait(report_id, A_WHILE).attempt == 1
                assert manager.get(report_id) == expected(0)
        assert len(sink.jobs()) == len(ids)
        store.check()


def test_a_report_without_room_is_made_when_there_is_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with first_store(tmp_path) as store, SqliteSink(tmp_path / "shared.db") as sink:
        room = Room(store, sink, monkeypatch)
        first = iter([True])

        def before(call: str) -> None:
            if call == "running to complete" and next(first, False):
                room.ends()

        hooked = HookedSink(sink, before)
        with ReportManager(store, hooked, lease=SHORT_LEASE) as manager:
            windows = [Window.last(n * MINUTE) for n in range(1, 400)]
            report_id = manager.trigger(windows=windows)
            wait_until(lambda: manager.status(report_id).error is not None)
            assert "StoreFullError" in str(manager.status(report_id).error)
            assert sink.report(report_id) is None
            room.comes_back()
            status = manager.wait(report_id, A_WHILE)
            assert status.state == "complete"
            assert status.attempt > 1
            made = manager.get(report_id)
            assert made == compute_snapshot(store.snapshot(), windows=windows)
        store.check()


@pytest.mark.parametrize("kind", DISKS)
def test_a_service_whose_files_may_not_grow_goes_on_when_they_may(
    kind: str, tmp_path: Path
) -> None:
    with first_store(tmp_path), running("outgrow", tmp_path, kind) as service:
        assert line_of(service) == "StoreFullError"
        assert service.wait(2 * A_WHILE) == 0


# An event loop


async def turns(of: list[int], more: int) -> None:
    """Wait until the loop has come round some more times."""
    end = of[0] + more
    while of[0] < end:  # noqa: ASYNC110  # what is waited for is the loop itself
        await asyncio.sleep(0)


async def tick(of: list[int]) -> None:
    while True:
        of[0] += 1
        await asyncio.sleep(0.001)


def test_an_event_loop_goes_on_while_reports_are_waited_for() -> None:
    """Also by more waiters than there are threads for them."""
    gate = Gate()

    async def main(manager: ReportManager) -> None:
        ticks = [0]
        ticking = asyncio.create_task(tick(ticks))
        ids = [await asyncio.to_thread(manager.trigger) for _ in range(8)]
        waiters = [
            asyncio.create_task(manager.wait_async(report_id, A_WHILE))
            for report_id in ids * 10
        ]
        await asyncio.to_thread(gate.wait_for_report)
        await turns(ticks, 100)
        assert not any(waiter.done() for waiter in waiters)
        given_up = waiters.pop()
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        gate.open()
        statuses = await asyncio.gather(*waiters)
        assert {status.state for status in statuses} == {"complete"}
        reports = await asyncio.gather(*map(manager.get_async, ids))
        assert all(report == reports[0] for report in reports)
        await turns(ticks, 2)
        ticking.cancel()

    with ReportManager(gate.store, max_workers=2) as manager:
        asyncio.run(asyncio.wait_for(main(manager), 2 * A_WHILE))


def test_an_event_loop_goes_on_while_the_sink_hangs() -> None:
    asked, answers = threading.Event(), threading.Event()

    def before(call: str) -> None:
        if call in held:
            asked.set()
            answers.wait(A_WHILE)

    held: list[str] = []
    sink: ReportSink = HookedSink(MemorySink(), before)
    gate = Gate()

    async def main(manager: ReportManager) -> None:
        ticks = [0]
        ticking = asyncio.create_task(tick(ticks))
        report_id = await asyncio.to_thread(manager.trigger)
        gate.open()
        await asyncio.to_thread(manager.wait, report_id, A_WHILE)
        for call, method in (("job", "wait_async"), ("report", "get_async")):
            held.append(call)
            waiting = asyncio.create_task(getattr(manager, method)(report_id))
            await asyncio.to_thread(asked.wait, A_WHILE)
            await turns(ticks, 50)
            assert not waiting.done()
            held.clear()
            answers.set()
            await waiting
            asked.clear()
            answers.clear()
        ticking.cancel()

    with ReportManager(gate.store, sink) as manager:
        asyncio.run(asyncio.wait_for(main(manager), 2 * A_WHILE))
