"""Reports of an SqliteStore read what they need, and are those of everything."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from hypothesis import strategies as st
from tests.stores.sqlite_machine import HOUR, same

from uptime_core import Window
from uptime_core.stores import sqlite_tables
from uptime_core.stores.sqlite import SqliteStore
from uptime_core.testing.folders import fast_folder
from uptime_core.testing.store_model import StoreModel
from uptime_core.testing.store_samples import NOON, micros
from uptime_core.testing.strategies import policies

if TYPE_CHECKING:
    from uptime_core import Policy

MICROSECOND = timedelta(microseconds=1)

stretches = st.tuples(
    st.sampled_from([0, 8, 16, 24]),
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 8), st.booleans()), max_size=9
    ),
)
halves = st.integers(-1, 34)


@hypothesis.given(
    batches=st.lists(stretches, min_size=1, max_size=8),
    bounds=st.tuples(halves, halves, halves).map(sorted),
    policy=policies(),
    off=st.sampled_from([-MICROSECOND, timedelta(0), MICROSECOND]),
    data=st.data(),
)
def test_a_report_that_reads_what_it_needs_is_that_of_everything(
    batches: list[tuple[int, list[tuple[str, int, bool]]]],
    bounds: list[int],
    policy: Policy,
    off: timedelta,
    data: st.DataObject,
) -> None:
    """Batches, and so chunks, that lie before, in, across and after the windows."""
    model = StoreModel()
    start, end, as_of = (NOON + half * HOUR / 2 + off for half in bounds)
    with (
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryDirectory(dir=fast_folder()) as folder,
        SqliteStore(Path(folder) / "store.db") as store,
    ):
        patch.setattr(sqlite_tables, "SUMMARIZED", 1)
        with store.transaction():
            for first, rows in batches:
                polls = [(s, NOON + (first + h) * HOUR / 2, up) for s, h, up in rows]
                expected = model.add_polls([(s, micros(at), up) for s, at, up in polls])
                assert store.add_polls(polls) == expected
        if data.draw(st.booleans()):
            store.compact()
        windows = [Window.between(start, end, name="w1")]
        if data.draw(st.booleans()):
            windows.append(Window.last(3 * HOUR / 2, name="w2"))
        same(store, model, as_of=as_of, windows=windows, policy=policy)
