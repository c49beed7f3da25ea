"""Managers of processes whose main thread has ended."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

BEGIN = """
import atexit, threading, time
from datetime import UTC, datetime
from uptime_core import MemoryStore, ReportManager

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)


class Slow(MemoryStore):
    def snapshot_for(self, request):
        time.sleep(0.2)
        return super().snapshot_for(request)


store = Slow([("bakery", NOON, "active")])
"""


def said_by(program: str) -> str:
    ended = subprocess.run(  # this Python
        [sys.executable, "-c", BEGIN + textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


@pytest.mark.skipif(
    sys.version_info[:2] == (3, 12), reason="Python 3.12 begins no thread after it"
)
def test_a_thread_that_outlives_it_gets_its_reports() -> None:
    program = """
    def serve():
        threading.main_thread().join()
        with ReportManager(store) as manager:
            report_id = manager.trigger()
            status = manager.wait(report_id, timeout=30)
        print(status.state, status.attempt, manager.get(report_id).store_ids)

    threading.Thread(target=serve).start()
    """
    assert said_by(program) == "complete 1 ('bakery',)\n"


@pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="no thread begins in atexit from 3.12 on"
)
def test_closing_at_exit_waits_for_its_reports() -> None:
    program = """
    manager = ReportManager(store)

    def end():
        manager.close()
        print(manager.status(report_id).state)

    atexit.register(end)
    report_id = manager.trigger()
    """
    assert said_by(program) == "complete\n"


def test_closing_at_exit_ends() -> None:
    program = """
    manager = ReportManager(store, max_workers=1)

    def end():
        manager.close()
        print("closed")

    atexit.register(end)
    report_ids = [manager.trigger() for _ in range(3)]
    """
    assert said_by(program) == "closed\n"
