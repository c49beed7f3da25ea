"""What a report reads of a store's history, and that nothing of it is missing."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_core import (
    MemoryStore,
    Policy,
    ReportRequest,
    SqliteStore,
    Window,
    compute_store,
)
from uptime_core.stores import sqlite_tables

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
LAST_HOUR = Window.last(HOUR, name="hour", unit="seconds")

# Most are older than the last hour; those of the same minute may be conflicts.
minutes = st.one_of(st.integers(0, 300), st.integers(235, 245))
batches = st.lists(
    st.lists(st.tuples(st.sampled_from("abc"), minutes, st.booleans()), max_size=60),
    min_size=1,
    max_size=5,
)
policies: st.SearchStrategy[Policy] = st.builds(
    Policy,
    extrapolation=st.sampled_from(["previous", "next", "nearest"]),
    reach=st.sampled_from([None, 5 * MINUTE, 90 * MINUTE]),
) | st.builds(
    Policy, initial=st.just("first"), reach=st.sampled_from([5 * MINUTE, 90 * MINUTE])
)


@given(
    batches=batches,
    policy=policies,
    as_of=st.sampled_from([240, 270, 300]),
    summarized=st.sampled_from([1, 1000]),
)
def test_a_report_of_a_history_is_that_of_all_its_polls(
    batches: list[list[tuple[str, int, bool]]],
    policy: Policy,
    as_of: int,
    summarized: int,
) -> None:
    memory = MemoryStore()
    with (
        tempfile.TemporaryDirectory() as folder,
        SqliteStore(Path(folder) / "store.db") as store,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(sqlite_tables, "SUMMARIZED", summarized)
        for batch in batches:
            polls = [(shop, NOON + minute * MINUTE, up) for shop, minute, up in batch]
            for to_fill in (memory, store):
                to_fill.add_polls(polls)
        options: dict[str, Any] = {
            "policy": policy,
            "windows": LAST_HOUR,
            "as_of": NOON + as_of * MINUTE,
        }
        assert compute_store(store, **options) == compute_store(memory, **options)


@pytest.mark.parametrize(("minutes", "read"), [(120, 121), (121, 62), (200, 62)])
def test_of_many_older_polls_the_last_ones_are_read(
    tmp_path: Path, minutes: int, read: int
) -> None:
    instants = [NOON - minute * MINUTE for minute in range(minutes + 1)]
    with SqliteStore(tmp_path / "store.db") as store:
        store.add_polls((shop, at, True) for shop in "ab" for at in instants)
        request = ReportRequest.of(as_of=NOON, windows=[LAST_HOUR])
        (part, _) = store.snapshot_for(request).parts()
    assert part.totals is not None
    assert part.totals.polls.tolist() == [len(instants)] * 2
    assert part.polls.code.tolist() == [0] * read + [1] * read
    ends = {instant.at for instant in part.polls.rows()}
    assert ends >= set(instants[: 60 + 1 + 1])
