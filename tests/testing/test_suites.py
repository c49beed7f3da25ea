"""How the kit is used: in a few lines, and what it says of what is wrong."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import attrs
import hypothesis
import pytest
from hypothesis.stateful import run_state_machine_as_test

from uptime_core import (
    CsvStore,
    HoursColumns,
    InputError,
    MemorySink,
    MemoryStore,
    ReportSink,
    SqliteStore,
    Store,
)
from uptime_core.quarantine import NOBODY, Quarantine
from uptime_core.testing import suites
from uptime_core.testing.back_ends import SinkBackEnd, StoreBackEnd, back_end_class
from uptime_core.testing.broken_queues import FailedIsActive, QueuedIsActive
from uptime_core.testing.broken_shops import HoursAreMerged
from uptime_core.testing.broken_sinks import LastWriteWins, OneReportForAll
from uptime_core.testing.broken_transactions import TheLastPollIsDeletedToo
from uptime_core.testing.failures import BrokenContractError
from uptime_core.testing.manager_machine import ReportManagerMachine
from uptime_core.testing.plain_stores import PlainStore
from uptime_core.testing.sink_machine import ReportSinkMachine
from uptime_core.testing.sink_suite import check_sink, sink_back_end
from uptime_core.testing.store_machine import StoreMachine
from uptime_core.testing.store_suite import (
    STORE_CHECKS,
    check_store,
    run_store_check,
    settle_promises,
    store_back_end,
)
from uptime_core.testing.suites import ReportSinkTests, StoreTests

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from uptime_core.ingest import IngestResult
    from uptime_core.inputs import HoursInput, PollInput
    from uptime_core.rejects import OnError
    from uptime_core.testing.store_model import PollRow, StoreModel, WeekRow

MODULE = """
from uptime_core import MemorySink, MemoryStore
from uptime_core.testing.suites import ReportSinkTests, StoreTests


class TestMine(StoreTests):
    def make_store(self, folder):
        return MemoryStore()


class Forgetful(MemoryStore):
    def newest_poll(self):
        return None


class TestForgetful(StoreTests):
    def make_store(self, folder):
        return Forgetful()


class TestMySink(ReportSinkTests):
    def make_sink(self, folder):
        return MemorySink()
"""


def test_a_module_of_a_few_lines(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(MODULE)
    chosen = "polls_of_any_age or life_of_a_report"
    options = ("-q", "-p", "no:cacheprovider", "-k", chosen)

    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )

    assert "1 failed, 2 passed" in run.stdout, run.stdout
    assert "TestForgetful::test_contract[polls_of_any_age]" in run.stdout
    assert "`newest_poll` gives the latest instant of all polls" in run.stdout


def test_a_store_that_is_opened_may_wait_for_a_transaction(tmp_path: Path) -> None:
    class WaitsWhenOpened(SqliteStore):
        def __init__(self, path: Path) -> None:
            super().__init__(path, timeout=3.0)
            self.set_timezones({})  # as one that makes its tables does
            with self.transaction():
                self.set_timezones({"made": "UTC"})
                self.set_timezones({}, replace=True)

    (check,) = (c for c in STORE_CHECKS if c.name == "others_during_a_transaction")
    promises = {"shared": True, "transactions": True, "ingest": True}

    def make(folder: Path) -> Store:
        return WaitsWhenOpened(folder / "store.db")

    run_store_check(check, store_back_end(make, promises), tmp_path)


def test_what_comes_again_and_is_too_old_may_be_a_repeat(tmp_path: Path) -> None:
    class DropsRepeatsFirst(PlainStore):
        def take_polls(self, model: StoreModel, rows: list[PollRow]) -> IngestResult:
            once = list(dict.fromkeys(rows))
            result = super().take_polls(model, once)
            repeated = result.repeated + len(rows) - len(once)
            return attrs.evolve(result, repeated=repeated)

    back_end = store_back_end(lambda _: DropsRepeatsFirst(), {})
    settle_promises(back_end)
    (check,) = (c for c in STORE_CHECKS if c.name == "polls_from_before_the_horizon")

    run_store_check(check, back_end, tmp_path)


def sentence_broken_by(store: type[PlainStore], check_name: str, folder: Path) -> str:
    """The sentence that a check finds broken by a store."""
    back_end = store_back_end(lambda _: store(), {})
    settle_promises(back_end)
    (check,) = (c for c in STORE_CHECKS if c.name == check_name)
    with pytest.raises(BrokenContractError) as raised:
        run_store_check(check, back_end, folder)
    return raised.value.sentence_id


class ForgetsARowOfHours(PlainStore):
    """Of three rows of hours, two are kept."""

    def take_hours(
        self,
        model: StoreModel,
        hours: dict[str, list[WeekRow]],
        bad: Quarantine,
        *,
        replace: bool,
    ) -> IngestResult:
        result = super().take_hours(model, hours, bad, replace=replace)
        model.hours = {s: frozenset(sorted(rows)[:2]) for s, rows in hours.items()}
        return result


class ForgetsCase(PlainStore):
    """Shops are told apart whatever the case, in zones."""

    def timezones(self) -> dict[str, str]:
        return {shop.lower(): zone for shop, zone in super().timezones().items()}


class RefusesHoursColumns(PlainStore):
    """Business hours are taken as rows and schedules only."""

    def set_hours(
        self,
        hours: HoursInput,
        replace: bool = False,  # noqa: FBT001, FBT002  # the public signature
        *,
        on_error: OnError = "raise",
        quarantine: Quarantine = NOBODY,
    ) -> IngestResult:
        if isinstance(hours, HoursColumns):
            raise InputError("no columns")
        return super().set_hours(
            hours, replace, on_error=on_error, quarantine=quarantine
        )


class RefusesTables(PlainStore):
    """Polls are taken as rows and columns only."""

    def given(self, polls: PollInput) -> PollInput:
        if hasattr(polls, "__arrow_c_stream__"):
            raise InputError("no tables")
        return polls


@pytest.mark.parametrize(
    ("store", "check_name", "sentence_id"),
    [
        (ForgetsARowOfHours, "ids_of_all_kinds", "store.hours"),
        (ForgetsCase, "ids_of_all_kinds", "store.ids"),
        (RefusesHoursColumns, "hours_take_the_place_of_hours", "ingest.forms"),
        pytest.param(
            *(RefusesTables, "polls_in_frames", "ingest.forms"),
            marks=pytest.mark.needs("pandas", "pyarrow"),
        ),
    ],
)
def test_the_right_sentence_is_named(
    store: type[PlainStore], check_name: str, sentence_id: str, tmp_path: Path
) -> None:
    assert sentence_broken_by(store, check_name, tmp_path) == sentence_id


def test_what_a_store_has_methods_for_is_found_out() -> None:
    back_end = store_back_end(lambda _: MemoryStore(), {"retention": False})
    settle_promises(back_end)

    assert (back_end.ingest, back_end.transactions) == (True, True)
    assert back_end.retention is False


def test_what_is_promised_must_be_there() -> None:
    with pytest.raises(AssertionError, match="retention is promised"):
        settle_promises(store_back_end(lambda _: MemoryStore(), {"retention": True}))
    with pytest.raises(AssertionError, match="needs write_raw"):
        settle_promises(store_back_end(lambda folder: CsvStore(folder / "x"), {}))
    with pytest.raises(AssertionError, match="is not a Store"):
        settle_promises(store_back_end(lambda _: MemorySink(), {}))  # type: ignore[arg-type,return-value]  # on purpose


def test_a_promise_that_is_none_is_noticed() -> None:
    with pytest.raises(TypeError, match="'durabel' is none of ingest"):
        store_back_end(lambda _: MemoryStore(), {"durabel": True})
    with pytest.raises(TypeError, match="'ingest' is none of durable"):
        sink_back_end(lambda _: MemorySink(), {"ingest": True})


def test_promises_are_true_or_false() -> None:
    with pytest.raises(InputError, match="durable: 'yes' is neither"):
        check_store(lambda _: MemoryStore(), durable="yes")  # type: ignore[arg-type]  # on purpose
    with pytest.raises(InputError, match="shared: None is neither"):
        check_sink(lambda _: MemorySink(), shared=None)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(InputError, match=r"check_store, durable: .* says itself"):
        check_store(store_back_end(lambda _: MemoryStore(), {}), durable=True)


@pytest.mark.parametrize("make", [None, "x", MemoryStore(), StoreTests, SinkBackEnd()])
def test_what_makes_no_store_is_told_of(make: Any) -> None:  # noqa: ANN401  # anything
    with pytest.raises(InputError, match=r"make: .* no StoreBackEnd"):
        check_store(make)


@pytest.mark.parametrize(
    ("check", "made", "told"),
    [
        (check_store, None, "None is not a Store"),
        (check_store, MemorySink(), "is not a Store"),
        (check_sink, None, "None is not a ReportSink"),
        (check_sink, MemoryStore(), "is not a ReportSink"),
    ],
)
def test_what_is_made_must_be_a_store_or_a_sink(
    check: Callable[..., object], made: object, told: str
) -> None:
    with pytest.raises(AssertionError, match=told):
        check(lambda _: made)


def test_what_makes_no_sink_is_told_of() -> None:
    with pytest.raises(InputError, match=r"make: None is .* no SinkBackEnd"):
        check_sink(None)  # type: ignore[arg-type]  # on purpose


def test_a_store_that_only_reads_has_no_state_machine() -> None:
    class OnlyReads(StoreTests):
        ingest = False

    assert OnlyReads.test_whatever_is_done is None
    assert callable(StoreTests.test_whatever_is_done)


def test_a_back_end_must_say_how_it_is_made(tmp_path: Path) -> None:
    with pytest.raises(NotImplementedError):
        StoreBackEnd().make_store(tmp_path)
    with pytest.raises(NotImplementedError):
        SinkBackEnd().make_sink(tmp_path)


def test_a_machine_of_ones_own_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suites, "_STEPS", 3)
    seen: list[int] = []

    class Machine(StoreMachine):
        def teardown(self) -> None:
            seen.append(len(self.bench.model.polls))
            super().teardown()

    class Mine(StoreTests):
        machine = Machine

        def make_store(self, folder: Path) -> Store:  # noqa: ARG002  # it needs none
            return MemoryStore()

    Mine().test_whatever_is_done()

    assert max(seen) > 0


def examples(machine: Any) -> None:  # noqa: ANN401  # a machine
    """Run a machine without looking for the shortest failure."""
    settings = hypothesis.settings(
        max_examples=100,
        stateful_step_count=20,
        phases=[hypothesis.Phase.generate],
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    run_state_machine_as_test(machine, settings=settings)


@pytest.mark.parametrize("store", [HoursAreMerged, TheLastPollIsDeletedToo])
def test_the_machine_of_stores_finds_faults(store: type[Store]) -> None:
    machine = back_end_class(StoreMachine, {}, make_store=lambda _: store())

    with pytest.raises(AssertionError):
        examples(machine)


@pytest.mark.parametrize("sink", [LastWriteWins, FailedIsActive])
def test_the_machine_of_sinks_finds_faults(sink: type[ReportSink]) -> None:
    machine = back_end_class(ReportSinkMachine, {}, make_sink=lambda _: sink())

    with pytest.raises(AssertionError):
        examples(machine)


@pytest.mark.parametrize("sink", [QueuedIsActive, OneReportForAll])
def test_the_machine_of_managers_finds_faults(sink: type[ReportSink]) -> None:
    machine = back_end_class(ReportManagerMachine, {}, make_sink=lambda _: sink())

    with pytest.raises(AssertionError):
        examples(machine)


def test_suites_are_no_tests_themselves() -> None:
    for suite in (StoreTests, ReportSinkTests):
        assert not suite.__name__.startswith("Test")
