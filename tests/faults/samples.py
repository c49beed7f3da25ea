"""Stores, sinks, clocks and processes that do what they should not."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from uptime_core import (
    CsvSink,
    MemorySink,
    MemoryStore,
    Report,
    ReportManager,
    ReportNotFoundError,
    ReportSink,
    SqliteSink,
    Store,
    compute_snapshot,
)
from uptime_core.testing.stepped import A_WHILE, HeldStore, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from uptime_core import Job

ROOT = Path(__file__).resolve().parents[2]
NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
KINDS = ("memory", "sqlite", "csv")
DISKS = ("sqlite", "csv")
SHORT_LEASE = timedelta(seconds=1)


def polls_of(shops: int = 6) -> list[tuple[str, datetime, bool]]:
    return [
        (f"s{shop:03}", NOON - timedelta(minutes=37 * n + shop), (n + shop) % 3 > 0)
        for shop in range(shops)
        for n in range(12)
    ]


def store_of(shops: int = 6) -> MemoryStore:
    hours = [(f"s{shop:03}", day, "8:00", "24:00") for shop in (0, 1) for day in (1, 2)]
    zones = {"s001": "Europe/Dublin", "s002": "Pacific/Apia"}
    return MemoryStore(polls_of(shops), hours, zones)


def report_of(store: Store) -> Report:
    """The report of a store without any manager."""
    return compute_snapshot(store.snapshot())


def open_sink(kind: str, folder: Path) -> ReportSink:
    if kind == "memory":
        return MemorySink()
    if kind == "csv":
        return CsvSink(folder / "reports")
    return SqliteSink(folder / "sink.db")


class HookedStore(HeldStore):
    """A store that calls a function whenever a report reads it."""

    def __init__(self, inner: Store, hook: Callable[[int], object]) -> None:
        super().__init__(inner, self._call)
        self._hook = hook
        self._lock = threading.Lock()
        self.reads = 0

    def _call(self) -> None:
        with self._lock:
            self.reads += 1
            number = self.reads
        self._hook(number)


class Gate:
    """A store whose reports wait until they are let through."""

    def __init__(self, inner: Store | None = None) -> None:
        self.arrived = threading.Semaphore(0)
        self.opened = threading.Event()
        self.store = HookedStore(inner or store_of(), self._wait)

    def _wait(self, _: int) -> None:
        self.arrived.release()
        self.opened.wait(60)

    def wait_for_report(self) -> None:
        """Wait until a report has begun to read."""
        assert self.arrived.acquire(timeout=A_WHILE)

    def open(self) -> None:
        self.opened.set()


class HookedSink(ReportSink):
    """A sink that calls a function before, and another after, each of its calls."""

    def __init__(
        self,
        inner: ReportSink,
        before: Callable[[str], object] = str,
        after: Callable[[str], object] = str,
    ) -> None:
        self.inner = inner
        self.before = before
        self.after = after

    def job(self, report_id: str) -> Job | None:
        self.before("job")
        job = self.inner.job(report_id)
        self.after("job")
        return job

    def jobs(
        self, *, active: bool = False, idempotency_key: str | None = None
    ) -> Sequence[Job]:
        self.before("jobs")
        jobs = self.inner.jobs(active=active, idempotency_key=idempotency_key)
        self.after("jobs")
        return jobs

    def swap(
        self,
        old: Job | None,
        new: Job | None,
        *,
        report: Report | None = None,
        most_active: int | None = None,
    ) -> bool:
        name = (
            "add"
            if old is None
            else "delete"
            if new is None
            else f"{old.state} to {new.state}"
        )
        self.before(name)
        done = self.inner.swap(old, new, report=report, most_active=most_active)
        self.after(name)
        return done

    def report(self, report_id: str) -> Report | None:
        self.before("report")
        report = self.inner.report(report_id)
        self.after("report")
        return report


def begin(manager: ReportManager) -> ReportManager:
    """Let a manager look for work, though it was asked for nothing."""
    with suppress(ReportNotFoundError):
        manager.status("0" * 32)
    return manager


def own_threads() -> set[threading.Thread]:
    """The threads of all managers."""
    return {t for t in threading.enumerate() if t.name.startswith("uptime_core")}


@contextmanager
def no_threads_left() -> Iterator[None]:
    """The threads of managers end with the block."""
    before = own_threads()
    yield
    wait_until(lambda: own_threads() <= before)


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Another process, that finds the tests' modules."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def line_of(process: subprocess.Popen[str]) -> str:
    """The next line that a process prints."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.endswith("\n"), f"the process has ended, and said {line!r}"
    return line.strip()


def end(process: subprocess.Popen[str]) -> None:
    """Kill a process, if it still runs, and close its pipes."""
    process.kill()
    process.communicate()
