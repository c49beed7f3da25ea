"""What the parts share: options, turns, agreement, and the form of what they find."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import data
from targets import TARGETS
from uptime_core import Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from uptime_core import Report

EVERYONE_SPEAKS = Policy(extrapolation="previous", reach=None, initial="first")
"""The policy that all contenders compute: someone speaks at every instant."""

QUICK_SHOPS, QUICK_POLLS = 60, 40


class Setting(NamedTuple):
    """What a part works with.

    Attributes:
        folder: Where it may write; kept if the user named it.
        files: The three sources.
        rounds: How often everything is timed, in turns.
        seed: Of everything that is random.
        quick: Whether this is only a trial, with tiny data.
    """

    folder: Path
    files: data.Files
    rounds: int
    seed: int
    quick: bool

    def apart(self, work: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401
        """Work in a process of its own.

        The peak memory of a child begins with that of its parent, so a process that
        measures its children's must stay small.
        """
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            return pool.submit(work, *arguments).result()


class Timing(NamedTuple):
    """What was measured of one thing: seconds of each round, and its peak memory."""

    seconds: list[float]
    peak_mb: float | None = None

    @property
    def median(self) -> float:
        """The seconds of most rounds."""
        return statistics.median(self.seconds)


class Findings(NamedTuple):
    """What a part has found.

    Attributes:
        data: What it was measured on.
        agreed: What was compared before anything was timed.
        timings: Seconds and memory, by name.
        figures: What `targets.py` or the page asks for, by name.
    """

    data: str
    agreed: str
    timings: Mapping[str, Timing]
    figures: Mapping[str, float]


def options_of(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """The options that all parts have."""
    parser.add_argument("--polls", type=Path)
    parser.add_argument("--hours", type=Path)
    parser.add_argument("--timezones", type=Path)
    parser.add_argument("--shops", type=int, help="of the set made without files")
    parser.add_argument("--polls-a-shop", type=int)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--quick", action="store_true", help="a trial with tiny data")
    parser.add_argument("--folder", type=Path, help="keep what is made, and use it")
    options = parser.parse_args()
    options.shops = options.shops or (QUICK_SHOPS if options.quick else 14_000)
    options.polls_a_shop = options.polls_a_shop or (
        QUICK_POLLS if options.quick else 130
    )
    return options


def run(
    measure: Callable[[Setting], Findings], doc: str, rounds: int, *, files: bool = True
) -> None:
    """The command line of a part.

    Args:
        measure: What it does.
        doc: What it is for.
        rounds: How many there are, if nothing else is asked for.
        files: Whether it reads the three sources.
    """
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--json", type=Path, help="write what was found into this file")
    options = options_of(parser)
    with tempfile.TemporaryDirectory() as name:
        folder = options.folder or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        given = data.Files(options.polls, options.hours, options.timezones)
        setting = Setting(
            folder=folder,
            files=given,
            rounds=options.rounds or (1 if options.quick else rounds),
            seed=options.seed,
            quick=options.quick,
        )
        if files and None in given:
            size = options.shops, options.polls_a_shop, options.seed
            setting = setting._replace(
                files=setting.apart(data.generate, folder, *size)
            )
        findings = measure(setting)
    show(findings)
    if options.json:
        options.json.write_text(json.dumps(record(findings)), encoding="utf-8")


def record(findings: Findings) -> dict[str, Any]:
    """What was found, as JSON has it."""
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "data": findings.data,
        "agreed": findings.agreed,
        "timings": {
            name: {
                "median": round(timing.median, 6),
                "seconds": [round(seconds, 6) for seconds in timing.seconds],
                "peak_mb": timing.peak_mb and round(timing.peak_mb, 1),
            }
            for name, timing in findings.timings.items()
        },
        "figures": {name: round(value, 4) for name, value in findings.figures.items()},
    }


def show(findings: Findings) -> None:
    """Print what was found."""
    print(findings.data)
    print(findings.agreed)
    wide = max(map(len, findings.timings), default=0)
    print(f"{'':{wide}}   median s      min s  peak MB")
    for name, timing in findings.timings.items():
        peak = "" if timing.peak_mb is None else f"{timing.peak_mb:9.0f}"
        print(f"{name:{wide}}  {timing.median:9.4f}  {min(timing.seconds):9.4f}{peak}")
    for target in TARGETS:
        if target.figure in findings.figures:
            print(target.line(findings.figures[target.figure]))
    sys.stdout.flush()


def in_turns(
    work: Mapping[str, Callable[[], object]], rounds: int
) -> dict[str, Timing]:
    """Seconds of each call, one of each in every round, after one that is not timed."""
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for done in range(rounds + 1):
        for name, call in work.items():
            started = time.perf_counter()
            call()
            if done:
                seconds[name].append(time.perf_counter() - started)
    return {name: Timing(times) for name, times in seconds.items()}


def processes_in_turns(
    commands: Mapping[str, Sequence[str]], rounds: int
) -> tuple[dict[str, Timing], dict[str, list[str]]]:
    """Seconds of each command from start to end, peak memory, and what it printed."""
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    printed: dict[str, list[str]] = {name: [] for name in commands}
    memory = dict.fromkeys(commands, 0.0)
    for _ in range(rounds):
        for name, command in commands.items():
            started = time.perf_counter()
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
            with process.stdout as output:  # type: ignore[union-attr]
                printed[name].append(output.read())
            _, status, usage = os.wait4(process.pid, 0)
            seconds[name].append(time.perf_counter() - started)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                sys.exit(f"{name} failed: {' '.join(map(str, command))}")
            memory[name] = max(memory[name], usage.ru_maxrss / 1024)
    return {name: Timing(seconds[name], memory[name]) for name in commands}, printed


def check_sums(
    name: str, ours: Mapping[Any, Sequence[int]], theirs: Mapping[Any, Sequence[int]]
) -> None:
    """See that a contender has our sums, to the microsecond.

    Raises:
        ValueError: It differs in a shop.
    """
    wrong = [shop for shop in {**ours, **theirs} if ours.get(shop) != theirs.get(shop)]
    if wrong:
        shop = wrong[0]
        raise ValueError(
            f"{name} differs in {len(wrong)} shops, such as {shop}: "
            f"{theirs.get(shop)} instead of {ours.get(shop)}"
        )


def sums_of(report: Report) -> dict[str, list[int]]:
    """Up, down and unknown of all windows, in microseconds, by shop."""
    sums = np.hstack([report.up, report.down, report.unknown]).tolist()
    return dict(zip(report.store_ids, sums, strict=True))


def described(report: Report) -> str:
    """How much data a report was made of."""
    return f"{report.provenance.polls:,} polls of {len(report.store_ids):,} shops"
