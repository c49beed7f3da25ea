"""Progress bars of tqdm."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime

import pytest

from uptime_core import MemoryStore, Progress, ReportManager, compute_store, inspect
from uptime_core.contrib.tqdm import ProgressBar, progress_bar

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
STORE = MemoryStore([(f"s{number}", NOON, "active") for number in range(10)])


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def bar(screen: io.StringIO) -> ProgressBar:
    return progress_bar(file=screen, mininterval=0, miniters=1, ascii=True)


def shares(screen: io.StringIO, phase: str) -> list[int]:
    """The shares that were drawn, each once."""
    drawn = re.findall(rf"{phase}: +([0-9]+)%", screen.getvalue())
    return list(dict.fromkeys(map(int, drawn)))


def test_each_phase_has_a_bar_that_ends_by_itself(
    screen: io.StringIO, bar: ProgressBar
) -> None:
    for done in (0, 1_000, 4_000):
        bar(Progress("read", done, 4_000, "bytes"))
    for done in (0, 5, 10):
        bar(Progress("compute", done, 10, "shops"))

    assert shares(screen, "read") == [0, 25, 100]
    assert shares(screen, "compute") == [0, 50, 100]
    assert "4.00k/4.00k" in screen.getvalue()
    assert "10/10" in screen.getvalue()
    assert "shops/s" in screen.getvalue()
    assert screen.getvalue().count("\n") == 2
    assert bar._bar is None


def test_a_bar_that_has_no_end_ends_with_its_block(
    screen: io.StringIO, bar: ProgressBar
) -> None:
    def fail() -> None:
        with bar as same:
            same(Progress("read", 1, 4, "bytes"))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert screen.getvalue().count("\n") == 1
    assert bar._bar is None
    bar.close()


def test_a_total_may_become_smaller(screen: io.StringIO, bar: ProgressBar) -> None:
    bar(Progress("compute", 8, 12, "shops"))
    bar(Progress("compute", 10, 10, "shops"))
    assert "10/10" in screen.getvalue()


def test_there_may_be_nothing_to_do(screen: io.StringIO, bar: ProgressBar) -> None:
    bar(Progress("compute", 0, 0, "shops"))
    assert screen.getvalue().count("\n") == 1


def test_options_are_those_of_tqdm(screen: io.StringIO) -> None:
    bar = progress_bar(file=screen, desc="polls", leave=False)
    bar(Progress("read", 1, 1, "bytes"))
    assert "polls: " in screen.getvalue()
    assert "\n" not in screen.getvalue()

    hidden = progress_bar(file=screen, disable=True)
    before = screen.getvalue()
    hidden(Progress("read", 1, 1, "bytes"))
    assert screen.getvalue() == before


def test_it_serves_whatever_tells_of_progress(
    screen: io.StringIO, bar: ProgressBar
) -> None:
    compute_store(STORE, progress=bar)
    assert shares(screen, "compute")[-1] == 100
    inspect(STORE, progress=bar)
    assert shares(screen, "inspect")[-1] == 100
    with ReportManager(STORE) as manager, bar:
        manager.wait(manager.trigger(progress=bar))
    assert screen.getvalue().count("\n") == 3
