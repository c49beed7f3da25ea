"""ReportManager: trigger, status, get and the rest, over every sink."""

from __future__ import annotations

import pickle  # noqa: TID251  # as process pools do, nothing goes to disk
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.faults.samples import (
    KINDS,
    NOON,
    Gate,
    HookedStore,
    begin,
    open_sink,
    own_threads,
    polls_of,
    report_of,
    store_of,
)

from uptime_core import (
    ClosedError,
    CsvStore,
    IdempotencyConflictError,
    InputError,
    JobState,
    MemorySink,
    MemoryStore,
    NoPollsError,
    Policy,
    QueueFullError,
    ReportCancelledError,
    ReportError,
    ReportFailedError,
    ReportManager,
    ReportNotFoundError,
    ReportNotReadyError,
    ReportSink,
    SqliteSink,
    SqliteStore,
    UnknownStoreIdError,
    WaitTimeoutError,
    Window,
    compute_snapshot,
)
from uptime_core.jobs import is_report_id
from uptime_core.testing import ManualClock
from uptime_core.testing.stepped import A_WHILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HOUR = timedelta(hours=1)
UNKNOWN = "0" * 32
NOT_IDS: tuple[Any, ...] = (
    *("../x", "", "0" * 300, "A" * 32, "a/b", "\0", ".", "0" * 31, "\ud800" * 32),
    *("\u0661" * 32, "0" * 32 + "\n", None, 5, b"0" * 32, ["0"], 0.5, object()),
)


@pytest.fixture(params=KINDS)
def sink(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReportSink]:
    with open_sink(request.param, tmp_path) as made:
        yield made


class Life:
    """A manager over a sink, with a report in each state."""

    def __init__(self, sink: ReportSink) -> None:
        self.sink = sink
        self.gate = Gate()
        self.manager = ReportManager(self.gate.store, sink, max_workers=1)
        self.gate.open()
        trigger, wait = self.manager.trigger, self.manager.wait
        self.ids = {"complete": trigger(), "failed": trigger(stores=["nobody"])}
        for report_id in self.ids.values():
            wait(report_id, A_WHILE)
        self.gate.opened.clear()
        self.gate.arrived = threading.Semaphore(0)
        self.ids["running"] = trigger()
        self.gate.wait_for_report()
        self.ids["queued"] = trigger()
        self.ids["cancelled"] = trigger()
        self.manager.cancel(self.ids["cancelled"])


@pytest.fixture
def life(sink: ReportSink) -> Iterator[Life]:
    made = Life(sink)
    yield made
    made.gate.open()
    made.manager.close(wait=False)


def test_trigger_wait_get(sink: ReportSink) -> None:
    store = store_of()
    with ReportManager(store, sink) as manager:
        report_id = manager.trigger()
        assert is_report_id(report_id)
        status = manager.wait(report_id, A_WHILE)
        assert manager.get(report_id) == report_of(store)
        assert manager.get(report_id).to_csv() == report_of(store).to_csv()
        assert manager.status(report_id) == status
        assert manager.list() == (status,)
    assert (status.state, status.attempt, status.error) == ("complete", 1, None)
    assert status.is_final
    assert status.done == status.total == 6
    assert status.as_of == NOON
    assert status.started_at is not None
    assert status.finished_at is not None
    assert status.created_at <= status.started_at <= status.finished_at


def test_a_manager_without_a_with_block_and_without_a_sink() -> None:
    store = store_of()
    manager = ReportManager(store)
    report_id = manager.trigger(
        windows=Window.last(HOUR, name="x"),
        as_of=NOON - HOUR,
        stores=["s001", "s000", "s001"],
        policy=Policy(extrapolation="nearest"),
    )
    manager.close()
    assert manager.get(report_id) == compute_snapshot(
        store.snapshot(),
        windows=Window.last(HOUR, name="x"),
        as_of=NOON - HOUR,
        stores=["s000", "s001"],
        policy=Policy(extrapolation="nearest"),
    )


def test_leaving_a_with_block_waits_for_what_was_triggered(sink: ReportSink) -> None:
    with ReportManager(store_of(), sink, max_workers=1) as manager:
        ids = [manager.trigger() for _ in range(5)]
    assert {manager.status(report_id).state for report_id in ids} == {"complete"}


def test_leaving_it_with_an_error_does_not(sink: ReportSink) -> None:
    gate = Gate()
    manager = ReportManager(gate.store, sink)
    ids: list[str] = []

    def leave() -> None:
        with manager:
            ids.extend(manager.trigger() for _ in range(5))
            gate.wait_for_report()
            threading.Timer(0.2, gate.open).start()
            raise KeyError

    with pytest.raises(KeyError):
        leave()
    assert {manager.status(report_id).state for report_id in ids} == {"queued"}
    assert {manager.status(report_id).attempt for report_id in ids} == {0}


STATES = ("queued", "running", "complete", "failed", "cancelled")


def test_get_in_every_state(life: Life) -> None:
    errors = {
        "queued": ReportNotReadyError,
        "running": ReportNotReadyError,
        "failed": ReportFailedError,
        "cancelled": ReportCancelledError,
    }
    for state, error in errors.items():
        with pytest.raises(error, match=life.ids[state]) as caught:
            life.manager.get(life.ids[state])
        assert type(caught.value) is error
        assert caught.value.report_id == life.ids[state]
        assert isinstance(caught.value, RuntimeError)
    with pytest.raises(ReportFailedError, match="shop 'nobody' is in none"):
        life.manager.get(life.ids["failed"])
    assert life.manager.get(life.ids["complete"]) == report_of(store_of())


def test_status_in_every_state(life: Life) -> None:
    for state in STATES:
        status = life.manager.status(life.ids[state])
        assert status.state == state
        assert status.report_id == life.ids[state]
        assert status.is_final is (state in STATES[2:])
        assert (status.finished_at is not None) is status.is_final
        assert (status.error is not None) is (state == "failed")
        assert status.attempt == int(state not in ("queued", "cancelled"))
        assert state in repr(status)


def test_wait_in_every_state(life: Life) -> None:
    for state in STATES[2:]:
        for timeout in (None, 0, 1e300):
            assert life.manager.wait(life.ids[state], timeout).state == state
    for state in STATES[:2]:
        for timeout in (0, 0.01):
            with pytest.raises(WaitTimeoutError, match=f"still {state}") as caught:
                life.manager.wait(life.ids[state], timeout)
            assert isinstance(caught.value, TimeoutError)
            assert caught.value.report_id == life.ids[state]


def test_cancel_in_every_state(life: Life) -> None:
    for state in STATES[2:]:
        before = life.sink.job(life.ids[state])
        assert life.manager.cancel(life.ids[state]) is False
        assert life.sink.job(life.ids[state]) == before
    assert life.manager.cancel(life.ids["queued"]) is True
    assert life.manager.status(life.ids["queued"]).state == "cancelled"
    assert life.manager.cancel(life.ids["running"]) is True
    assert life.manager.cancel(life.ids["running"]) is True
    assert life.manager.status(life.ids["running"]).cancel_requested
    life.gate.open()
    assert life.manager.wait(life.ids["running"], A_WHILE).state == "cancelled"
    assert life.sink.report(life.ids["running"]) is None


def test_list_in_every_state(life: Life) -> None:
    assert [status.state for status in life.manager.list()] == [
        *("complete", "failed", "running", "queued", "cancelled")
    ]
    for state in STATES:
        for asked in (state, JobState(state)):
            (status,) = life.manager.list(asked)
            assert status.report_id == life.ids[state]
    for wrong in ("done", "", 5, None.__class__):
        with pytest.raises(InputError, match="is none of queued, running"):
            life.manager.list(wrong)  # type: ignore[arg-type]


def test_delete_in_every_state(life: Life) -> None:
    for state in STATES[:2]:
        with pytest.raises(ReportNotReadyError, match="cancel it first"):
            life.manager.delete(life.ids[state])
        assert life.manager.status(life.ids[state]).state == state
    for state in STATES[2:]:
        life.manager.delete(life.ids[state])
        for call in (life.manager.get, life.manager.status, life.manager.delete):
            with pytest.raises(ReportNotFoundError, match=life.ids[state]):
                call(life.ids[state])
        assert life.sink.report(life.ids[state]) is None
    assert len(life.manager.list()) == 2


def test_delete_before(life: Life) -> None:
    finished = life.manager.status(life.ids["failed"]).finished_at
    assert finished is not None
    assert life.manager.delete_before(finished) == 1
    assert life.manager.delete_before(finished) == 0
    assert life.manager.delete_before(finished + timedelta(days=1)) == 2
    assert {status.state for status in life.manager.list()} == {"queued", "running"}


@pytest.mark.parametrize("instant", [None, "2023-01-01", NOON.replace(tzinfo=None), 5])
def test_delete_before_what_is_no_instant(instant: Any) -> None:  # noqa: ANN401
    with pytest.raises(InputError, match="delete_before, instant"):
        ReportManager(store_of()).delete_before(instant)


@pytest.mark.parametrize("method", ["status", "get", "wait", "cancel", "delete"])
def test_what_is_no_id(sink: ReportSink, method: str) -> None:
    manager = ReportManager(store_of(), sink, max_workers=0)
    for report_id in (UNKNOWN, *NOT_IDS):
        with pytest.raises(ReportNotFoundError, match="there is no report") as caught:
            getattr(manager, method)(report_id)
        assert isinstance(caught.value, LookupError)
        assert len(str(caught.value)) < 100
        assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "error",
    [
        *(ReportNotFoundError, ReportNotReadyError, ReportFailedError, ReportError),
        *(ReportCancelledError, WaitTimeoutError, IdempotencyConflictError),
        QueueFullError,
    ],
)
def test_errors_survive_a_process_pool(error: type[ReportError]) -> None:
    copy = pickle.loads(pickle.dumps(error("why", "id")))  # noqa: S301  # our own
    assert (type(copy), str(copy), copy.report_id) == (error, "why", "id")


# Arguments


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("max_workers", (-1, 1.5, True, "2")),
        ("max_pending", (0, -1, 1.5, True, None, "2")),
        ("lease", (timedelta(0), -HOUR, 5, None)),
        ("timeout", (timedelta(0), -HOUR, 5, None)),
        ("executor", (5, "threads", object())),
        ("sink", (5, "reports", object(), MemorySink)),
        ("store", (5, None, "polls.csv", object())),
    ],
)
def test_arguments_of_a_manager(field: str, values: tuple[object, ...]) -> None:
    for value in values:
        arguments: dict[str, Any] = {"store": store_of(), field: value}
        with pytest.raises(InputError, match=field):
            ReportManager(**arguments)


@pytest.mark.parametrize("timeout", [-1, float("nan"), "5", HOUR])
def test_arguments_of_wait(timeout: Any) -> None:  # noqa: ANN401
    with pytest.raises(InputError, match="timeout"):
        ReportManager(store_of()).wait(UNKNOWN, timeout)


def test_arguments_of_trigger(sink: ReportSink) -> None:
    manager = ReportManager(store_of(), sink, max_workers=0)
    wrong: tuple[dict[str, Any], ...] = (
        {"windows": 5},
        {"windows": []},
        {"as_of": "2023"},
        {"as_of": NOON.replace(tzinfo=None)},
        {"stores": "s000"},
        {"stores": 5},
        {"stores": [""]},
        {"policy": "previous"},
        *({"idempotency_key": key} for key in ("", "k" * 201, 5, b"k", "\ud800")),
    )
    for arguments in wrong:
        with pytest.raises(InputError):
            manager.trigger(**arguments)
    assert manager.list() == ()


def test_without_polls_there_is_no_now(sink: ReportSink) -> None:
    with ReportManager(MemoryStore(), sink) as manager:
        with pytest.raises(NoPollsError, match="MemoryStore"):
            manager.trigger()
        assert manager.list() == ()
        report_id = manager.trigger(as_of=NOON)
    assert len(manager.get(report_id)) == 0


@pytest.mark.parametrize("kind", ["csv", "sqlite"])
def test_stores_on_disk(kind: str, tmp_path: Path) -> None:
    polls = tmp_path / "polls.csv"
    with polls.open("w") as stream:
        stream.write("store_id,timestamp_utc,status\n")
        for store_id, at, up in polls_of():
            status = "active" if up else "inactive"
            stream.write(f"{store_id},{at:%Y-%m-%d %H:%M:%S} UTC,{status}\n")
    store = (
        CsvStore(polls=polls) if kind == "csv" else SqliteStore(tmp_path / "polls.db")
    )
    if isinstance(store, SqliteStore):
        store.add_polls(polls_of())
        sink = SqliteSink(tmp_path / "polls.db")  # one file for both
    else:
        sink = SqliteSink(tmp_path / "sink.db")
    with store, sink, ReportManager(store, sink) as manager:
        report_id = manager.trigger()
        manager.wait(report_id, A_WHILE)
        assert manager.get(report_id) == report_of(MemoryStore(polls_of()))


def test_a_request_that_cannot_be_met_fails_at_once() -> None:
    store = HookedStore(MemoryStore(polls_of()), str)
    with ReportManager(store) as manager:
        status = manager.wait(manager.trigger(stores=["x"]), A_WHILE)
        assert (status.state, status.attempt) == ("failed", 1)
        assert status.error is not None
        assert UnknownStoreIdError.__name__ in status.error
        closed = Policy(missing_hours="error")
        assert manager.wait(manager.trigger(policy=closed), A_WHILE).attempt == 1


# Idempotency, and the report's "now"


def test_the_same_key_is_the_same_report(sink: ReportSink) -> None:
    store = store_of()
    with ReportManager(store, sink, max_pending=2) as manager:
        report_id = manager.trigger(idempotency_key="k")
        first = manager.wait(report_id, A_WHILE)
        store.add_polls([("s000", NOON + HOUR, "active")])
        assert manager.trigger(idempotency_key="k") == report_id
        assert manager.status(report_id) == first
        assert first.as_of == NOON
        again: dict[str, Any] = {"idempotency_key": "k"}
        same: tuple[dict[str, Any], ...] = ({"stores": "all"}, {"policy": Policy()})
        for arguments in same:
            assert manager.trigger(**arguments, **again) == report_id
        other: tuple[dict[str, Any], ...] = (
            {"as_of": NOON},
            {"stores": "polled"},
            {"stores": ["s000"]},
            {"policy": Policy(reach=2 * HOUR)},
            {"windows": Window.last(HOUR, name="x")},
        )
        for arguments in other:
            with pytest.raises(IdempotencyConflictError, match=report_id) as caught:
                manager.trigger(**arguments, **again)
            assert caught.value.report_id == report_id
            assert isinstance(caught.value, ValueError)
        assert manager.trigger(idempotency_key="K") != report_id
        manager.delete(report_id)
        new = manager.trigger(idempotency_key="k")
        assert new != report_id
        assert manager.wait(new, A_WHILE).as_of == NOON + HOUR


def test_a_key_is_found_although_the_queue_is_full(sink: ReportSink) -> None:
    manager = ReportManager(store_of(), sink, max_workers=0, max_pending=1)
    report_id = manager.trigger(idempotency_key="k", as_of=NOON, stores=["s001"])
    with pytest.raises(QueueFullError):
        manager.trigger()
    again = manager.trigger(idempotency_key="k", as_of=NOON, stores=iter(["s001"]))
    assert again == report_id


def test_threads_with_the_same_key_make_one_job(sink: ReportSink) -> None:
    store = store_of()
    manager = ReportManager(store, sink, max_workers=0)
    start = threading.Barrier(8)

    def trigger(number: int) -> str:
        start.wait()
        store.add_polls([("s000", NOON + number * HOUR, "active")])
        return manager.trigger(idempotency_key="k")

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(trigger, range(8)))) == 1
    assert len(manager.list()) == 1


def test_the_now_is_fixed_when_a_report_is_triggered(sink: ReportSink) -> None:
    """Later polls that are newer do not move it; late ones from before it count."""
    gate = Gate(store_of())
    with ReportManager(gate.store, sink, max_workers=1) as manager:
        first = manager.trigger()
        gate.wait_for_report()
        second = manager.trigger()
        inner = gate.store._inner
        assert isinstance(inner, MemoryStore)
        inner.add_polls([("s000", NOON + HOUR, "active")])
        inner.add_polls([("late", NOON - HOUR / 2, "active")])
        gate.open()
        for report_id in (first, second):
            manager.wait(report_id, A_WHILE)
            report = manager.get(report_id)
            assert report.provenance.as_of == NOON
            assert report.provenance.after_as_of == 1
            assert report.row("late")["last_hour"].up == HOUR / 2


# Bounds


def test_the_queue_is_bounded(sink: ReportSink) -> None:
    manager = ReportManager(store_of(), sink, max_workers=0, max_pending=3)
    ids = [manager.trigger() for _ in range(3)]
    with pytest.raises(QueueFullError, match="3 reports") as caught:
        manager.trigger()
    assert isinstance(caught.value, RuntimeError)
    manager.cancel(ids[0])
    manager.trigger()
    with pytest.raises(QueueFullError):
        manager.trigger()


def test_reports_are_made_in_their_order() -> None:
    order = []
    clock = ManualClock(NOON)
    gate = Gate()
    with ReportManager(gate.store, max_workers=1, clock=clock) as manager:
        ids = []
        for _ in range(5):
            ids.append(manager.trigger())
            clock.advance(timedelta(seconds=1))
        gate.open()
        for report_id in ids:
            manager.wait(report_id, A_WHILE)
            order.append([s.state for s in manager.list()].count(JobState.COMPLETE))
    assert order == sorted(order)


def test_only_as_many_reports_run_at_a_time_as_there_are_workers() -> None:
    gate = Gate()
    with ReportManager(gate.store, max_workers=2) as manager:
        ids = [manager.trigger() for _ in range(4)]
        for _ in range(2):
            gate.wait_for_report()
        assert not gate.arrived.acquire(timeout=0.1)
        assert len(manager.list("running")) == 2
        gate.open()
        assert {manager.wait(i, A_WHILE).state for i in ids} == {"complete"}


# Sharing


def test_any_manager_of_a_sink_tells_of_any_report(life: Life) -> None:
    other = ReportManager(store_of(), life.sink, max_workers=0)
    assert other.list() == life.manager.list()
    assert other.get(life.ids["complete"]) == life.manager.get(life.ids["complete"])
    assert other.cancel(life.ids["running"])
    life.gate.open()
    assert other.wait(life.ids["running"], A_WHILE).state == "cancelled"
    assert other.wait(life.ids["queued"], A_WHILE).state == "complete"
    other.close()


def test_a_manager_closes_neither_its_store_nor_its_sink(
    sink: ReportSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = []
    store = store_of()
    monkeypatch.setattr(store, "close", lambda: closed.append("store"))
    monkeypatch.setattr(sink, "close", lambda: closed.append("sink"))
    with ReportManager(store, sink) as manager:
        manager.trigger()
    manager.close()
    assert closed == []


# The end


def test_a_closed_manager_still_tells(life: Life) -> None:
    life.gate.open()
    life.manager.close(wait=False)
    life.manager.close()
    with pytest.raises(ClosedError):
        life.manager.trigger()
    with pytest.raises(ClosedError):
        life.manager.trigger(windows=5)  # type: ignore[arg-type]
    assert life.manager.get(life.ids["complete"]) == report_of(store_of())
    for state in STATES[2:]:
        assert life.manager.status(life.ids[state]).state == state
        assert life.manager.wait(life.ids[state], 1).state == state
    for state in STATES[:2]:  # given back, with the attempt
        assert life.manager.status(life.ids[state]).state == "queued"
        assert life.manager.status(life.ids[state]).attempt == 0
        with pytest.raises(ClosedError, match="is queued"):
            life.manager.wait(life.ids[state], 5)
    assert "closed" in repr(life.manager)
    assert not life.manager._background._worker._threads


def test_what_was_given_back_is_made_by_the_next_manager(life: Life) -> None:
    life.gate.open()
    life.manager.close(wait=False)
    with begin(ReportManager(life.gate.store, life.sink)) as manager:
        for state in STATES[:2]:
            status = manager.wait(life.ids[state], A_WHILE)
            assert (status.state, status.attempt) == ("complete", 1)


def test_closing_cancels_what_is_pending_here(life: Life) -> None:
    elsewhere = ReportManager(store_of(), life.sink, max_workers=0).trigger()
    threading.Timer(0.1, life.gate.open).start()
    life.manager.close(cancel_pending=True)
    assert life.manager.status(life.ids["queued"]).state == "cancelled"
    assert life.manager.status(life.ids["running"]).state == "complete"
    assert life.manager.status(elsewhere).state == "queued"


def test_closing_without_waiting_cancels_what_is_pending_too(life: Life) -> None:
    threading.Timer(0.1, life.gate.open).start()
    life.manager.close(wait=False, cancel_pending=True)
    assert life.manager.status(life.ids["queued"]).state == "cancelled"
    assert life.manager.status(life.ids["running"]).state == "queued"


def test_closing_what_was_never_used() -> None:
    before = own_threads()
    for close in (ReportManager.close, lambda m: m.close(wait=False)):
        manager = ReportManager(store_of())
        close(manager)
        close(manager)
    with ReportManager(store_of()):
        pass
    assert own_threads() <= before


@pytest.mark.parametrize("call", [str, repr, ReportManager.list])
def test_nothing_is_started_by_making_a_manager(
    call: Callable[[ReportManager], object],
) -> None:
    before = own_threads()
    manager = ReportManager(store_of())
    call(manager)
    assert own_threads() <= before
    manager.close()
    assert own_threads() <= before
