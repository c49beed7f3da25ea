"""How checks are noted, chosen, and given up when they hang."""

from __future__ import annotations

import sys
import threading
from types import SimpleNamespace

import pytest

from uptime_core.testing import checks as module
from uptime_core.testing.checks import Checks, HangsError, at_once, in_time


def test_a_check_names_sentences_and_needs_promises() -> None:
    checks: Checks[object] = Checks("ingest")

    @checks("store.polls", "store.ids", needs=["durable"])
    def first(bench: object) -> None:
        """Something."""

    (check,) = checks
    assert (check.name, check.sentences) == ("first", ("store.polls", "store.ids"))
    assert check.run is first
    for ingest, durable in ((True, True), (True, False), (False, True)):
        back_end = SimpleNamespace(ingest=ingest, durable=durable)
        assert check.applies_to(back_end) is (ingest and durable)


def test_a_sentence_that_is_none_is_noticed() -> None:
    checks: Checks[object] = Checks()

    with pytest.raises(KeyError):
        checks("store.nothing")


def test_what_is_in_time_gives_what_it_gives() -> None:
    assert in_time(lambda: 5) == 5
    with pytest.raises(ZeroDivisionError):
        in_time(lambda: 1 // 0)


def test_what_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HANGS_AFTER", 0.05)
    release = threading.Event()
    try:
        with pytest.raises(HangsError, match="no end"):
            in_time(lambda: release.wait(30))
        with pytest.raises(HangsError, match="1 of 2"):
            at_once(2, lambda number: number and release.wait(30))
    finally:
        release.set()


def test_threads_are_numbered_and_their_errors_raised() -> None:
    interval = sys.getswitchinterval()

    assert at_once(5, lambda number: number * number) == [0, 1, 4, 9, 16]
    with pytest.raises(ZeroDivisionError):
        at_once(3, lambda number: 1 // (number - 1))
    assert sys.getswitchinterval() == interval
