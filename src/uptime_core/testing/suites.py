"""Test classes for pytest: derive from one, say how your back end is made, done.

class TestMyStore(StoreTests):
    durable = True

    def make_store(self, folder):
        return MyStore(folder / "data")
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
from hypothesis.stateful import run_state_machine_as_test

from uptime_core.testing.back_ends import SinkBackEnd, StoreBackEnd
from uptime_core.testing.folders import scratch
from uptime_core.testing.manager_machine import ReportManagerMachine
from uptime_core.testing.sink_machine import ReportSinkMachine
from uptime_core.testing.sink_suite import run_sink_check, sink_checks_of
from uptime_core.testing.store_machine import StoreMachine
from uptime_core.testing.store_suite import run_store_check, store_checks_of

if TYPE_CHECKING:
    import pytest
    from hypothesis.stateful import RuleBasedStateMachine

    from uptime_core.testing.checks import Check
    from uptime_core.testing.sink_bench import SinkBench
    from uptime_core.testing.store_bench import StoreBench

_STEPS = 20


class StoreTests(StoreBackEnd):
    """Tests of a store: its contract, sentence by sentence, and a state machine.

    Derive a class whose name begins with ``Test``, and write `make_store`; say what
    the store promises. Each failure names the sentence that is broken. The state
    machine does a quarter as many examples as the profile of hypothesis says.

    Attributes:
        machine: The state machine; a class of your own may have more rules.
    """

    machine: type[StoreMachine] = StoreMachine

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.ingest is False:  # there is nothing to be done with it
            cls.test_whatever_is_done = None  # type: ignore[assignment,method-assign]  # not collected then

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Choose the checks by what the store promises."""
        if "store_check" in metafunc.fixturenames:
            checks = store_checks_of(self)
            metafunc.parametrize("store_check", checks, ids=[c.name for c in checks])

    def test_contract(self, store_check: Check[StoreBench]) -> None:
        """The store keeps to its contract."""
        with scratch() as folder:
            run_store_check(store_check, self, Path(folder))

    def test_whatever_is_done(self) -> None:
        """Whatever is done, the store holds what a dictionary would."""
        _run(_machine_of(self, StoreBackEnd, self.machine))


class ReportSinkTests(SinkBackEnd):
    """Tests of a sink: its contract, sentence by sentence, and two state machines.

    Derive a class whose name begins with ``Test``, and write `make_sink`; say what the
    sink promises. Each failure of a check names the sentence that is broken. The state
    machines do a quarter as many examples as the profile of hypothesis says.

    Attributes:
        machine: The state machine of writers; a class of your own may have more rules.
        manager_machine: That of managers.
    """

    machine: type[ReportSinkMachine] = ReportSinkMachine
    manager_machine: type[ReportManagerMachine] = ReportManagerMachine

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Choose the checks by what the sink promises."""
        if "sink_check" in metafunc.fixturenames:
            checks = sink_checks_of(self)
            metafunc.parametrize("sink_check", checks, ids=[c.name for c in checks])

    def test_contract(self, sink_check: Check[SinkBench]) -> None:
        """The sink keeps to its contract."""
        with scratch() as folder:
            run_sink_check(sink_check, self, Path(folder))

    def test_whatever_writers_do(self) -> None:
        """Whatever writers do, the sink holds what dictionaries would."""
        _run(_machine_of(self, SinkBackEnd, self.machine))

    def test_whatever_managers_do(self) -> None:
        """Whatever is done with managers of the sink, they do what they should."""
        _run(_machine_of(self, SinkBackEnd, self.manager_machine))


def _machine_of(
    back_end: object, kind: type, machine: type[RuleBasedStateMachine]
) -> type[RuleBasedStateMachine]:
    """A machine that makes and promises what a test class does."""
    own = {
        name: getattr(back_end, name)
        for name in vars(kind)
        if not name.startswith("_")
        and getattr(type(back_end), name) is not getattr(kind, name)
    }
    made = {
        name: staticmethod(value) if callable(value) else value
        for name, value in own.items()
    }
    name = f"{type(back_end).__name__}Machine"
    derived: type[RuleBasedStateMachine] = type(name, (machine,), made)
    return derived


def _run(machine: type[RuleBasedStateMachine]) -> None:
    """Do some of the examples that the profile says; each has many steps."""
    profile = hypothesis.settings()
    settings = hypothesis.settings(
        deadline=None,
        max_examples=max(profile.max_examples // 4, 1),
        stateful_step_count=_STEPS,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    run_state_machine_as_test(machine, settings=settings)
