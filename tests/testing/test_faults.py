"""Stores and sinks that fail at the n-th call, and are what they are around."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from uptime_core import (
    BackEndError,
    CsvSink,
    CsvStore,
    InputError,
    MemorySink,
    MemoryStore,
    ReportManager,
    ReportRequest,
    ReportSink,
    SqliteSink,
    SqliteStore,
    Store,
    SupportsIngest,
    SupportsSnapshot,
    SupportsTransactions,
    compute_store,
    load_csv,
)
from uptime_core.testing import Dataset, FaultySink, FaultyStore, Shop
from uptime_core.testing.sink_samples import (
    cancelled,
    complete,
    job_of,
    report_of,
    running,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from uptime_core.testing.faults import When

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
POLLS = [("a", NOON, True)]
DATASET = Dataset(
    shops=(Shop("a", ((NOON, True),), ((2, "9:00", "17:00"),), "Europe/Paris"),),
    as_of=NOON,
    windows=(),
)


class UnpluggedError(Exception):
    """Made for a test."""


@pytest.fixture(params=["memory", "csv", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "csv":
        yield CsvStore(**DATASET.write_csv(tmp_path))
        return
    made = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "db")
    DATASET.fill(made)
    with made:
        yield made


def test_it_can_do_what_the_store_can_and_nothing_else(store: Store) -> None:
    faulty = FaultyStore(store, fail_at=10**9)

    assert isinstance(faulty, Store)
    for protocol in (SupportsSnapshot, SupportsIngest, SupportsTransactions):
        assert isinstance(faulty, protocol) == isinstance(store, protocol)
    for name in ("compact", "check", "delete_before", "path", "add_polls", "nonsense"):
        assert hasattr(faulty, name) == hasattr(store, name)
    assert faulty.identity == store.identity
    assert repr(faulty) == f"<FaultyStore: {store!r}>"


def test_without_a_fault_it_is_the_store(store: Store) -> None:
    faulty = FaultyStore(store, fail_at=10**9)

    assert compute_store(faulty) == compute_store(store)
    assert list(faulty.polls("a")) == list(store.polls("a"))
    assert list(faulty.polls(start=NOON, end=NOON)) == list(
        store.polls(start=NOON, end=NOON)
    )
    assert faulty.hours() == store.hours()
    assert faulty.timezones() == store.timezones()
    assert faulty.newest_poll() == NOON
    assert faulty.rejected() == ()
    assert faulty.quarantined() == frozenset()
    assert faulty.snapshot().newest() == store.snapshot().newest()
    assert faulty.failures == 0
    assert faulty.calls == {
        "newest_poll": 2,
        "snapshot_for": 1,
        "snapshot": 1,
        "polls": 2,
        "hours": 1,
        "timezones": 1,
        "rejected": 1,
        "quarantined": 1,
    }


CALLS: dict[str, Callable[[Any], object]] = {
    "polls": lambda store: list(store.polls()),
    "hours": lambda store: store.hours(),
    "timezones": lambda store: store.timezones(),
    "newest_poll": lambda store: store.newest_poll(),
    "rejected": lambda store: store.rejected(),
    "quarantined": lambda store: store.quarantined(),
    "snapshot": lambda store: store.snapshot(),
    "snapshot_for": lambda store: store.snapshot_for(ReportRequest(as_of=0)),
    "add_polls": lambda store: store.add_polls(POLLS),
    "set_hours": lambda store: store.set_hours([]),
    "set_timezones": lambda store: store.set_timezones({}),
    "close": lambda store: store.close(),
}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("method", CALLS)
def test_every_method_can_fail(method: str, when: When) -> None:
    faulty = FaultyStore(MemoryStore(POLLS), 2, methods=[method], when=when)
    call = CALLS[method]

    call(faulty)
    with pytest.raises(BackEndError, match=rf"{when} call 2 \({method}\)"):
        call(faulty)
    call(faulty)
    assert (faulty.calls[method], faulty.failures) == (3, 1)


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_is_done_before_a_failure_is_done(when: When) -> None:
    inner = MemoryStore()
    faulty = FaultyStore(inner, when=when)
    assert isinstance(faulty, SupportsIngest)

    with pytest.raises(BackEndError):
        faulty.add_polls(POLLS)
    assert inner.newest_poll() == (None if when == "before" else NOON)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_transaction_that_fails(when: When) -> None:
    inner = MemoryStore()
    faulty = FaultyStore(inner, methods=["transaction"], when=when)
    assert isinstance(faulty, SupportsIngest)
    assert isinstance(faulty, SupportsTransactions)
    entered = 0

    def write() -> None:
        nonlocal entered
        with faulty.transaction():
            entered += 1
            faulty.add_polls(POLLS)

    with pytest.raises(BackEndError, match="transaction"):
        write()
    assert (entered, inner.newest_poll()) == (
        (0, None) if when == "before" else (1, NOON)
    )


def test_a_transaction_that_its_block_breaks_off_is_undone() -> None:
    inner = MemoryStore()
    faulty = FaultyStore(inner, methods=["transaction"], when="after")
    assert isinstance(faulty, SupportsIngest)
    assert isinstance(faulty, SupportsTransactions)

    def write() -> None:
        with faulty.transaction():
            faulty.add_polls(POLLS)
            raise UnpluggedError

    with pytest.raises(UnpluggedError):
        write()
    assert inner.newest_poll() is None


def test_an_iterator_that_fails_after_its_last_batch() -> None:
    faulty = FaultyStore(MemoryStore(POLLS), when="after")
    batches = faulty.polls()

    assert len(next(batches)) == 1
    with pytest.raises(BackEndError):
        next(batches)


def test_an_iterator_that_fails_before_fails_at_the_call() -> None:
    with pytest.raises(BackEndError):
        FaultyStore(MemoryStore(POLLS)).polls()


@pytest.mark.parametrize("times", [1, 2, 3])
def test_some_calls_in_a_row(times: int) -> None:
    faulty = FaultyStore(MemoryStore(), 2, times=times)
    outcomes = []
    for _ in range(6):
        try:
            faulty.hours()
        except BackEndError:
            outcomes.append("fails")
        else:
            outcomes.append("works")
    assert outcomes == ["works", *["fails"] * times, *["works"] * (5 - times)]


def test_for_ever_until_it_is_healed() -> None:
    faulty = FaultyStore(MemoryStore(), times=None)
    for _ in range(20):
        with pytest.raises(BackEndError):
            faulty.hours()
    faulty.heal()
    faulty.hours()
    assert (faulty.calls["hours"], faulty.failures) == (21, 20)


@pytest.mark.parametrize(
    "error",
    [UnpluggedError, UnpluggedError("why"), lambda: UnpluggedError("why")],
    ids=["class", "instance", "function"],
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_any_error(error: Any, when: When) -> None:  # noqa: ANN401  # as said
    faulty = FaultyStore(MemoryStore(), error=error, when=when, times=None)
    for _ in range(2):
        with pytest.raises(UnpluggedError):
            faulty.hours()


@pytest.mark.parametrize("error", [StopIteration, GeneratorExit, KeyboardInterrupt])
@pytest.mark.parametrize("when", ["before", "after"])
def test_even_those_that_mean_something(error: type[BaseException], when: When) -> None:
    faulty = FaultyStore(MemoryStore(), error=error, when=when, times=None)
    assert isinstance(faulty, SupportsTransactions)
    with pytest.raises(error):
        faulty.hours()
    with pytest.raises(error), faulty.transaction():
        pass


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"fail_at": 0}, "fail_at"),
        ({"fail_at": "1"}, "fail_at"),
        ({"times": 0}, "times"),
        ({"fail_at": True}, "fail_at"),
        ({"when": "during"}, "when"),
        ({"methods": []}, "methods"),
        ({"methods": "polls"}, "methods"),
        ({"methods": 5}, "methods"),
        ({"methods": [["polls"]]}, "methods"),
        ({"error": "boom"}, "error: 'boom' is none; give an exception"),
        ({"error": 5}, "error"),
        ({"error": int}, "error"),
        ({"methods": ["add_poll"]}, "methods: .* there are add_polls, close"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError, match=f"FaultyStore, {field}"):
        FaultyStore(MemoryStore(), **arguments)


def test_a_function_that_makes_no_exception_is_told_of() -> None:
    store = FaultyStore(MemoryStore(), error=lambda: None)  # type: ignore[arg-type,return-value]  # on purpose
    with pytest.raises(InputError, match=r"FaultyStore, error: .* gave None"):
        store.hours()

    with pytest.raises(InputError, match="FaultySink, error"):
        FaultySink(MemorySink(), error="boom")  # type: ignore[arg-type]  # on purpose


def test_what_is_no_store_and_no_sink() -> None:
    with pytest.raises(InputError, match="is not a Store"):
        FaultyStore(MemorySink())  # type: ignore[arg-type]
    with pytest.raises(InputError, match="is not a ReportSink"):
        FaultySink(MemoryStore())  # type: ignore[arg-type]
    with pytest.raises(InputError, match="swop"):
        FaultySink(MemorySink(), methods=["swop"])


def test_threads_together_fail_once() -> None:
    faulty = FaultyStore(MemoryStore(), 500)
    barrier = threading.Barrier(4)

    def read() -> int:
        barrier.wait(20)
        failed = 0
        for _ in range(500):
            try:
                faulty.timezones()
            except BackEndError:
                failed += 1
        return failed

    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(read) for _ in range(4)]
        assert sum(future.result(20) for future in futures) == 1
    assert faulty.calls == {"timezones": 2000}


def test_a_load_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    files = DATASET.write_csv(tmp_path)
    for number in range(1, 100):
        inner = MemoryStore()
        faulty = FaultyStore(inner, number)
        try:
            load_csv(faulty, **files)
        except BackEndError:
            assert inner.newest_poll() is None
            assert inner.timezones() == {}
        else:
            break
    assert number > 3
    assert inner.timezones() == {"a": "Europe/Paris"}


@pytest.fixture(params=["memory", "csv", "sqlite"])
def sink(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReportSink]:
    made: ReportSink = MemorySink()
    if request.param == "csv":
        made = CsvSink(tmp_path)
    elif request.param == "sqlite":
        made = SqliteSink(tmp_path / "db")
    with made:
        yield made


def test_without_a_fault_it_is_the_sink(sink: ReportSink) -> None:
    faulty = FaultySink(sink, fail_at=10**9)
    job, report = job_of(), report_of()

    assert faulty.swap(None, job, most_active=1)
    assert faulty.swap(job, running(job))
    assert faulty.swap(running(job), complete(running(job)), report=report)
    assert faulty.job(job.report_id) == sink.job(job.report_id)
    assert list(faulty.jobs(active=True)) == []
    assert [done.report_id for done in faulty.jobs()] == [job.report_id]
    assert faulty.report(job.report_id) == report
    assert not faulty.discard(job.report_id)
    assert faulty.calls == {"swap": 3, "job": 1, "jobs": 2, "report": 1, "discard": 1}
    assert hasattr(faulty, "csv_path") == isinstance(sink, CsvSink)
    faulty.close()
    assert repr(faulty) == f"<FaultySink: {sink!r}>"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_swap_is_done_or_not(sink: ReportSink, when: When) -> None:
    faulty = FaultySink(sink, methods=["swap"], when=when)
    with pytest.raises(BackEndError, match="swap"):
        faulty.swap(None, job_of())
    assert len(sink.jobs()) == (when == "after")


@pytest.mark.parametrize(
    "kind", ["add", "queued to running", "running to complete", "delete"]
)
def test_swaps_are_chosen_by_what_they_do(kind: str) -> None:
    faulty = FaultySink(MemorySink(), methods=[kind])
    job = job_of()
    steps = {
        "add": (None, job),
        "queued to running": (job, running(job)),
        "running to complete": (running(job), complete(running(job))),
        "delete": (complete(running(job)), None),
    }
    for step, (old, new) in steps.items():
        report = report_of() if step == "running to complete" else None
        if step == kind:
            with pytest.raises(BackEndError):
                faulty.swap(old, new, report=report)
        assert faulty.swap(old, new, report=report)
    assert (faulty.calls["swap"], faulty.failures) == (5, 1)


def test_a_final_job_is_named_by_its_state() -> None:
    faulty = FaultySink(MemorySink(), methods=["queued to cancelled"])
    faulty.swap(None, job_of())
    with pytest.raises(BackEndError):
        faulty.swap(job_of(), cancelled(job_of()))


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_manager_gets_over_one_failure_of_its_store(when: When) -> None:
    inner = MemoryStore(POLLS)
    store = FaultyStore(inner, methods=["snapshot_for"], when=when)
    with ReportManager(store) as manager:
        status = manager.wait(manager.trigger(), 20)
        assert (status.state, status.attempt) == ("complete", 2)
        assert manager.get(status.report_id) == compute_store(inner)
