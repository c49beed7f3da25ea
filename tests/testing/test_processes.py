"""Processes that are forked off, and steps at which they end."""

from __future__ import annotations

import os
import signal
import time
from random import Random
from typing import TYPE_CHECKING

import pytest

from uptime_core.testing.damage import damaged
from uptime_core.testing.processes import CRASHED, ForkedProcess, Steps, chosen

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from uptime_core.testing.processes import Say

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")


def test_a_process_waits_and_says_what_it_has() -> None:
    def work(say: Say, wait: Callable[[], object]) -> None:
        say("ready")
        wait()
        say([os.getpid(), None])

    process = ForkedProcess.running(work)

    assert process.hear() == "ready"
    process.go_on()
    assert process.end() == (0, [[process.pid, None]])
    assert process.pid != os.getpid()


def test_the_failure_of_a_process_is_told() -> None:
    process = ForkedProcess.running(lambda *_: 1 // 0)

    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        process.end()


def test_a_process_that_has_ended_says_no_more() -> None:
    process = ForkedProcess.running(lambda say, _: say(1))

    assert process.hear() == 1
    with pytest.raises(AssertionError, match="has ended"):
        process.hear()
    assert process.end() == (0, [])


def test_a_process_is_killed_in_the_middle_of_what_it_does() -> None:
    def work(say: Say, _: object) -> None:
        for number in range(10**9):
            say(number)
            time.sleep(0.001)

    process = ForkedProcess.running(work)
    first = process.hear()
    said = process.kill()

    assert [first, *said] == list(range(len(said) + 1))
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, signal.SIGTERM)


def write(path: Path) -> None:
    with path.open("w") as file:
        file.write("one")
        file.flush()
        file.write("two".replace("o", "o"))


def test_steps_are_counted(tmp_path: Path) -> None:
    counter = Steps()
    with counter.counted():
        write(tmp_path / "file")
        [3, 1].remove(3)

    assert counter.taken == 3  # open and two writes; no method of a text or a list


def test_a_process_ends_at_a_step(tmp_path: Path) -> None:
    def work(*_: object) -> None:
        with Steps(last=3, crash=True).counted():
            write(tmp_path / "file")

    assert ForkedProcess.running(work).end() == (CRASHED, [])
    assert (tmp_path / "file").read_text() == "one"


def test_a_call_fails_at_a_step(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no room"), Steps(last=2).counted():
        write(tmp_path / "file")

    assert (tmp_path / "file").read_text() == ""


@pytest.mark.parametrize("steps", [0, 1, 5, 9, 10, 11, 50, 1000])
def test_steps_are_chosen_from_all_of_them(steps: int) -> None:
    points = chosen(steps, 9)

    assert points == sorted(set(points))
    assert len(points) <= 10
    assert set(points) <= set(range(1, steps + 1))
    assert not steps or {1, steps} <= set(points)


def test_files_are_damaged_one_at_a_time_and_then_whole(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    whole = {"a": b"some bytes", "inner/b": bytes(range(256)), "empty": b""}
    for name, content in whole.items():
        (tmp_path / name).write_bytes(content)

    def read() -> dict[str, bytes]:
        paths = [path for path in tmp_path.rglob("*") if path.is_file()]
        return {p.relative_to(tmp_path).as_posix(): p.read_bytes() for p in paths}

    told = []
    for what in damaged(tmp_path, Random(1)):  # noqa: S311  # no secret
        wrong = read()
        assert sum(wrong[name] != whole[name] for name in whole) == 1
        (tmp_path / "left by a reader").touch()
        told.append(what)

    assert read() == whole
    assert len(told) == 20
