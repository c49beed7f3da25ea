"""Work that is shared with a forked copy of the process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from tests import forked

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only on Linux is a process copied"
)


@pytest.mark.parametrize(
    "name",
    [
        "pieces_come_in_order",
        "what_the_copy_leaves_is_done_here",
        "a_copy_may_end_at_any_piece",
        "work_may_be_given_up",
        "nothing_is_left_of_a_fork_that_fails",
        "a_process_with_threads_is_not_copied",
        "odd_rows_anywhere",
        "generated_files",
        "many_ids_and_several_parts",
        "progress_reaches_the_end",
        "others_may_have_waited_for_the_copy",
        "faults_come_in_the_order_of_lines",
        "a_file_that_changes_is_an_error",
    ],
)
def test_in_a_process_of_its_own(name: str) -> None:
    forked.run(name)


def test_an_interrupt_is_for_the_process_that_forked() -> None:
    assert forked.run("an_interrupt_is_for_the_process_that_forked") == (
        "interrupted once\n"
    )


def test_the_copy_ends_when_its_process_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, forked.HERE, "the_copy_ends_with_its_process"],
        env=forked.environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        copy = int(process.stdout.readline())
        process.kill()
        process.wait()
    for _ in range(600):
        try:
            os.kill(copy, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    os.kill(copy, signal.SIGKILL)
    pytest.fail("the copy goes on")


def test_the_command_reads_a_large_file_in_two_processes(tmp_path: Path) -> None:
    polls = tmp_path / "polls.csv"
    with polls.open("w") as file:
        file.write("store_id,timestamp_utc,status\n")
        for number in range(190_000):
            day, hour, minute = number % 20 + 1, number // 20 % 24, number // 480 % 60
            status = ("active", "inactive")[number % 7 == 0]
            stamp = f"2023-01-{day:02} {hour:02}:{minute:02}:22.479545 UTC"
            file.write(f"shop-{number % 311},{stamp},{status}\n")
    assert polls.stat().st_size > 8 << 20
    forked.run("the_command_forks", tmp_path)
    forked_report = (tmp_path / "report.csv").read_bytes()
    code = (
        "import sys\n"
        "from uptime_core import CsvStore, compute_snapshot\n"
        "report = compute_snapshot(CsvStore(sys.argv[1]).snapshot())\n"
        "sys.stdout.buffer.write(report.to_csv().encode())\n"
    )
    plain = subprocess.run(
        [sys.executable, "-c", code, polls], capture_output=True, check=True
    )
    assert forked_report == plain.stdout
