"""How far a piece of work is, told to callbacks that may fail."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from uptime_core import (
    CsvStore,
    InputError,
    MemoryStore,
    Progress,
    compute_report,
    compute_snapshot,
    compute_store,
    inspect,
    load_csv,
)
from uptime_core import compute as compute_module
from uptime_core.progress import Meter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
POLLS = [(f"s{number}", NOON, "active") for number in range(10)]
HOURS = [("never", 0, "9:00", "17:00")]


def test_a_progress_is_a_value() -> None:
    progress = Progress("read", 1, 4, "bytes")

    assert progress.share == 0.25
    assert Progress("compute", 0, 0, "shops").share == 1
    assert progress == Progress("read", 1, 4, "bytes")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        progress.done = 2  # type: ignore[misc]


# Meters


def test_a_meter_never_goes_back_and_says_nothing_twice() -> None:
    told: list[Progress] = []
    meter = Meter(told.append, "compute", "shops")

    for done, total in ((0, 9), (3, 9), (3, 9), (2, 9), (5, 8), (20, 8)):
        meter.tell(done, total)
    meter.finish(8)
    meter.finish(8)

    assert [(p.done, p.total) for p in told] == [(0, 9), (3, 9), (5, 8), (8, 8)]


def test_a_meter_without_a_callback_is_off() -> None:
    meter = Meter(None, "read", "bytes")
    meter.tell(1, 2)
    meter.finish(2)
    assert not meter.is_on
    assert Meter(print, "read", "bytes").is_on


@pytest.mark.parametrize("callback", [5, "print", [print]])
def test_what_cannot_be_called_is_refused(callback: Any) -> None:  # noqa: ANN401
    with pytest.raises(InputError, match=r"progress: .* takes a Progress"):
        Meter(callback, "read", "bytes")


class Failing:
    """A callback that fails."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, progress: Progress) -> None:
        self.calls += 1
        message = f"no room to draw {progress}"
        raise RuntimeError(message)


# Every function that takes a callback


def compute_rows(progress: Any) -> object:  # noqa: ANN401
    return compute_report(POLLS, HOURS, progress=progress)


def compute_a_snapshot(progress: Any) -> object:  # noqa: ANN401
    snapshot = MemoryStore(POLLS, HOURS).snapshot()
    return compute_snapshot(snapshot, progress=progress)


def compute_a_store(progress: Any) -> object:  # noqa: ANN401
    return compute_store(MemoryStore(POLLS, HOURS), progress=progress)


def inspect_a_store(progress: Any) -> object:  # noqa: ANN401
    return inspect(MemoryStore(POLLS, HOURS), progress=progress)


COMPUTED = (compute_rows, compute_a_snapshot, compute_a_store)
ALL = (*COMPUTED, inspect_a_store)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compute_module, "SHOPS_PER_BLOCK", 4)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("compute", COMPUTED)
def test_reports_tell_of_each_block(compute: Callable[[Any], object]) -> None:
    told: list[Progress] = []

    report = compute(told.append)

    assert told == [Progress("compute", done, 11, "shops") for done in (0, 4, 8, 11)]
    assert report == compute(None)


def test_shops_that_are_left_out_are_not_done() -> None:
    told: list[Progress] = []
    compute_report(POLLS, HOURS, stores=["s1", "s2"], progress=told.append)
    assert [(p.done, p.total) for p in told] == [(0, 11), (2, 11), (2, 2)]


def test_a_report_of_no_shop_is_done_too() -> None:
    told: list[Progress] = []
    compute_report([], as_of=NOON, progress=told.append)
    assert told == [Progress("compute", 0, 0, "shops")]


@pytest.mark.parametrize("work", ALL)
def test_a_callback_that_fails_stops_nothing_and_is_told_of(
    work: Callable[[Any], object], caplog: pytest.LogCaptureFixture
) -> None:
    callback = Failing()

    with caplog.at_level(logging.INFO, "uptime_core"):
        assert work(callback) == work(None)

    assert callback.calls == 1
    (line,) = caplog.messages
    assert line == ("a progress callback failed, and is not called again: RuntimeError")


@pytest.mark.parametrize("work", ALL)
def test_interrupts_pass_through(work: Callable[[Any], object]) -> None:
    def interrupt(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work(interrupt)


@pytest.mark.parametrize("work", ALL)
def test_what_is_no_callback_is_refused_everywhere(
    work: Callable[[Any], object],
) -> None:
    with pytest.raises(InputError, match="progress"):
        work("bar")


# Files


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    texts = {
        "polls.csv": "store_id,timestamp_utc,status\na,2023-01-25 12:00:00,active\n",
        "hours.csv": "store_id,day,start_time_local,end_time_local\na,0,9:00,17:00\n",
    }
    paths = []
    for name, text in texts.items():
        paths.append(tmp_path / name)
        paths[-1].write_text(text)
    return paths


def test_a_snapshot_of_files_tells_of_their_bytes(files: list[Path]) -> None:
    total = sum(path.stat().st_size for path in files)
    told: list[Progress] = []
    store = CsvStore(files[0], files[1])

    snapshot = store.snapshot(progress=told.append)

    assert told[-1] == Progress("read", total, total, "bytes")
    assert [p.done for p in told] == sorted({p.done for p in told})
    assert told[0] == Progress("read", 0, total, "bytes")
    assert len(told) == 3

    # What has been read is not read again, and that is all that is told.
    again: list[Progress] = []
    assert store.snapshot(progress=again.append) == snapshot
    assert again == [Progress("read", total, total, "bytes")]


def test_a_load_survives_a_callback_that_fails(files: list[Path]) -> None:
    callback = Failing()
    store = MemoryStore()

    result = load_csv(store, *files, progress=callback)

    assert result.polls is not None
    assert result.polls.added == 1
    assert callback.calls == 1


def test_a_load_refuses_what_is_no_callback(files: list[Path]) -> None:
    store = MemoryStore()
    with pytest.raises(InputError, match="progress"):
        load_csv(store, *files, progress=5)  # type: ignore[arg-type]
    assert not store.hours().store_ids
