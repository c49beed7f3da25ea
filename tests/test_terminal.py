"""The bar of the command line: on a terminal, and nowhere else."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from contextlib import closing, redirect_stderr
from pathlib import Path

import pytest

from uptime_core import Progress, SqliteStore, load_csv
from uptime_core.terminal import progress_bar

pty = pytest.importorskip("pty", reason="the system has no pseudo-terminals")

EXAMPLES = Path(__file__).parents[1] / "examples" / "data"
POLLS, HOURS = EXAMPLES / "polls.csv", EXAMPLES / "business_hours.csv"
CLEARED = "\r\x1b[K"
FRAME = re.compile(r"(\w+) +\[(#*)(\.*)\] +([0-9]+) %")


class Terminal(io.StringIO):
    """A standard error that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def draw(*steps: tuple[int, int], terminal: Terminal | None = None) -> str:
    """What a terminal gets to see."""
    terminal = terminal or Terminal()
    with redirect_stderr(terminal), progress_bar() as bar:
        assert bar is not None
        for done, total in steps:
            bar(Progress("read", done, total, "bytes"))
    return terminal.getvalue()


@pytest.mark.parametrize(
    ("columns", "length"), [(80, 40), (200, 40), (40, 23), (18, 1), (17, 0), (1, 0)]
)
def test_the_bar_fits_the_terminal(
    monkeypatch: pytest.MonkeyPatch, columns: int, length: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))

    (frame,) = draw((1, 2)).removesuffix(CLEARED).split("\r")[1:]
    full = length // 2
    bar = f"[{'#' * full}{'.' * (length - full)}] " if length else ""
    assert frame == f"read    {bar} 50 %"
    assert len(frame) < columns or not length


def test_only_what_looks_otherwise_is_drawn() -> None:
    shown = draw(*((done, 1000) for done in (0, 1, 2, 500, 501, 1000)))

    frames = shown.removesuffix(CLEARED).split("\r")[1:]
    assert [frame[-5:] for frame in frames] == ["  0 %", " 50 %", "100 %"]


def test_nothing_to_do_is_all_done() -> None:
    assert draw((0, 0)).endswith(f"100 %{CLEARED}")


def test_the_bar_is_gone_after_an_error() -> None:
    terminal = Terminal()

    def fail() -> None:
        with redirect_stderr(terminal), progress_bar():
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert terminal.getvalue() == CLEARED


class Broken(Terminal):
    """A terminal that is gone."""

    def write(self, _: str) -> int:
        raise OSError


def test_a_terminal_that_is_gone_stops_nothing() -> None:
    assert not draw((1, 2), terminal=Broken())


@pytest.mark.parametrize("stream", [None, io.StringIO()])
def test_there_is_no_bar_without_a_terminal(stream: io.StringIO | None) -> None:
    with redirect_stderr(stream), progress_bar() as bar:
        assert bar is None
    assert stream is None or not stream.getvalue()


# The whole command line, on a real pseudo-terminal


def run(*arguments: object, error: int, output: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "uptime_core", *map(str, arguments)],
        stdout=output,
        stderr=error,
    )


def on_a_terminal(tmp_path: Path, *arguments: object) -> tuple[int, str, str]:
    """The exit code, what the terminal of standard error got, and the output."""
    ours, theirs = pty.openpty()
    try:
        with (tmp_path / "out").open("wb") as output:
            process = run(*arguments, error=theirs, output=output.fileno())
        os.close(theirs)
        shown = b""
        while True:
            try:
                data = os.read(ours, 1 << 16)
            except OSError:  # what Linux says when the other end is closed
                break
            if not data:
                break
            shown += data
        code = process.wait(60)
    finally:
        os.close(ours)
    return code, shown.decode(), (tmp_path / "out").read_text("utf-8")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "uptime.db"
    with closing(SqliteStore(path)) as made:
        load_csv(made, POLLS, HOURS)
    return path


@pytest.mark.parametrize(
    ("command", "phases", "code"),
    [
        ("load", ["read"], 0),
        ("report", ["read", "compute"], 0),
        ("report --db", ["compute"], 0),
        ("check", ["read", "inspect"], 1),
        ("check --db", ["inspect"], 1),
    ],
)
def test_every_command_shows_a_bar_on_a_terminal(
    tmp_path: Path, store: Path, command: str, phases: list[str], code: int
) -> None:
    name, *from_store = command.split()
    sources = ["--polls", POLLS, "--hours", HOURS]
    if from_store:
        sources = ["--db", store]
    elif name == "load":
        sources = [tmp_path / "new.db", *sources]

    ended, shown, output = on_a_terminal(tmp_path, name, *sources)

    assert ended == code
    bar, line = shown.split(CLEARED)
    frames = [FRAME.fullmatch(frame.strip()) for frame in bar.split("\r")[1:]]
    seen = [(frame[1], int(frame[4])) for frame in frames if frame]
    assert len(seen) == len(frames)
    assert list(dict.fromkeys(phase for phase, _ in seen)) == phases
    for phase in phases:
        shares = [share for of, share in seen if of == phase]
        assert shares == sorted(shares)
        assert shares[-1] == 100
    assert line.strip().count("\n") == 0
    assert "%" not in line
    assert "%" not in output
    assert bool(output) == (name != "load")


@pytest.mark.parametrize("name", ["report", "check"])
def test_nothing_is_drawn_into_a_pipe(tmp_path: Path, name: str) -> None:
    (tmp_path / "err").touch()
    with (
        (tmp_path / "err").open("wb") as error,
        (tmp_path / "out").open("wb") as output,
    ):
        process = run(
            *(name, "--polls", POLLS), error=error.fileno(), output=output.fileno()
        )
        process.wait(60)
    line = (tmp_path / "err").read_text("utf-8")
    assert line.count("\n") == 1
    assert "\r" not in line
    assert "[" not in line
