"""SqliteStore on a full disk: an error, the data as they were, and then it goes on."""

from __future__ import annotations

import errno
import gc
import json
import os
import pickle  # noqa: TID251  # as process pools do, nothing goes to disk
import resource
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from uptime_core import PollColumns, compute_snapshot, compute_store
from uptime_core.errors import BackEndError, StoreCorruptError, StoreFullError
from uptime_core.instants import to_micros
from uptime_core.stores import packed, poll_copy, sqlite_ingest
from uptime_core.stores.sqlite import SqliteStore
from uptime_core.testing import InlineExecutor

if TYPE_CHECKING:
    from collections.abc import Callable

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SMALL = [("a", NOON, True), ("b", NOON + HOUR, False)]


def large(shops: int, polls: int) -> PollColumns:
    """Polls of shops with long ids."""
    ids = [f"s{number:0150d}" for number in range(shops)]
    code = np.repeat(np.arange(shops), polls)
    at = to_micros(NOON) + 2 * HOUR // timedelta(microseconds=1) + np.arange(len(code))
    return PollColumns(ids, code, at, code % 2)


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    store = SqliteStore(tmp_path / "store.db", timeout=0)
    store.add_polls(SMALL)
    return store


class Room:
    """Bounds the file of a store, whatever connection writes to it."""

    def __init__(self, store: SqliteStore, patch: pytest.MonkeyPatch) -> None:
        self.pages = 1 << 30
        connect = store._database._connect

        def bounded() -> Any:  # noqa: ANN401  # a connection
            connection = connect()
            connection.execute(f"PRAGMA max_page_count={self.pages}")
            return connection

        patch.setattr(store._database, "_connect", bounded)
        self.store = store

    def __call__(self, pages: int | None) -> None:
        self.pages = pages or 1 << 30
        while self.store._database._idle:
            self.store._database._idle.pop().close()


@pytest.fixture
def room(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> Room:
    return Room(store, monkeypatch)


WRITES: dict[str, Callable[[SqliteStore], object]] = {
    "polls": lambda store: store.add_polls(large(3, 40_000)),
    "first shops": lambda store: store.add_polls(large(9_000, 1)),
    "hours": lambda store: store.set_hours(
        (shop, day, "9:00", "17:00")
        for shop in large(900, 0).store_ids
        for day in range(7)
    ),
    "zones": lambda store: store.set_timezones(
        dict.fromkeys(large(900, 0).store_ids, "America/Argentina/ComodRivadavia")
    ),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_full_file_stays_as_it_was_and_works_when_there_is_room(
    store: SqliteStore, room: Room, write: Callable[[SqliteStore], object]
) -> None:
    before = compute_store(store)
    for pages in (9, 12, 20, 30):
        room(pages)
        with pytest.raises(StoreFullError, match=r"no room left.*nothing changed"):
            write(store)
        assert compute_store(store) == before
        assert store.add_polls(SMALL).repeated == 2
    room(None)
    store.check()
    write(store)
    store.check()
    ids = {shop for block in store.snapshot().parts() for shop in block.polls.store_ids}
    assert len(ids) == store.snapshot().shops > 4


def test_the_very_first_ingest_may_fail_for_want_of_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SqliteStore(tmp_path / "empty.db", timeout=0)
    room = Room(store, monkeypatch)
    room(300)
    with pytest.raises(StoreFullError):
        store.add_polls(large(9_000, 1))
    room(None)
    few = large(10, 1)
    assert store.add_polls(few).added == 10
    store.check()
    assert compute_store(store).store_ids == few.store_ids


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_transaction_that_ran_out_of_room_is_not_done_in_part(
    store: SqliteStore, room: Room, write: Callable[[SqliteStore], object]
) -> None:
    """SQLite may undo all of it: going on must not write what comes afterwards."""
    before = compute_store(store)
    kept = compute_snapshot(store.snapshot(), as_of=NOON)

    def outer() -> None:
        with store.transaction():
            store.add_polls([("before", NOON, True)])
            with pytest.raises(StoreFullError):
                write(store)
            store.add_polls([("after", NOON, True)])

    room(20)
    try:
        outer()
    except BackEndError as error:
        assert not isinstance(error, StoreCorruptError)  # noqa: PT017  # or none comes
        assert compute_store(store) == before
    else:
        found = compute_snapshot(store.snapshot(), as_of=NOON).store_ids
        assert set(found) == {*kept.store_ids, "before", "after"}
    room(None)
    store.check()
    assert store.add_polls([("later", NOON, True)]).added == 1
    store.check()


LIMITED = """
import json, resource, signal, sys
from tests.stores.test_sqlite_room import large, SMALL
from uptime_core.errors import BackEndError
from uptime_core.stores.sqlite import SqliteStore
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path, limit = sys.argv[1], int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
store = SqliteStore(path)
said = []
for polls in (large(2, 100_000), large(9_000, 1), SMALL):
    try:
        said.append(store.add_polls(polls).repeated)
    except BackEndError as error:
        said.append(type(error).__name__)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
store.check()
said.append(store.snapshot().shops)
said.append(store.add_polls(large(2, 100_000)).added)
store.check()
print(json.dumps(said))
"""


@pytest.mark.parametrize("limit", [120_000, 500_000])
def test_a_write_that_the_system_refuses_changes_nothing(
    store: SqliteStore, limit: int
) -> None:
    store.close()
    child = subprocess.run(
        [sys.executable, "-c", LIMITED, store.path, str(limit)],
        check=True,
        capture_output=True,
        text=True,
    )
    one, two, *rest = json.loads(child.stdout)
    assert {one, two} == {"StoreFullError"}
    assert rest == [2, 2, 200_000]


# The copy that a report reads


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.fixture
def small_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poll_copy, "IN_MEMORY", 1_000)


@pytest.mark.skipif(sys.platform != "linux", reason="open files are counted there")
@pytest.mark.usefixtures("small_copies")
def test_a_large_snapshot_is_a_file_without_a_name(
    store: SqliteStore, tmp_path: Path
) -> None:
    store.add_polls(large(5_000, 3))
    files = sorted(tmp_path.iterdir())
    first, second = store.snapshot(), store.snapshot()
    assert sorted(tmp_path.iterdir()) == files
    parts = zip(first.parts(), second.parts(), strict=True)
    for one, other in parts:
        assert one.polls == other.polls
    store.close()
    assert compute_snapshot(first) == compute_snapshot(second)
    before = open_files()
    del first, second, parts, one, other
    gc.collect()  # warns, and fails, if a file was not closed
    assert open_files() <= before - 2


@pytest.mark.parametrize("size", [1_000, 1 << 20])
def test_parts_are_loaded_in_threads_and_other_processes(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Also from the file that a large copy is, which all of them read."""
    monkeypatch.setattr(poll_copy, "IN_MEMORY", size)
    for module in (packed, sqlite_ingest):
        monkeypatch.setattr(module, "SHOP_BITS", 3)
        monkeypatch.setattr(module, "SHOPS_PER_BLOCK", 8)
    store.add_polls(large(100, 3))
    store.set_hours([("never-polled", 0, "x", "9:00")], on_error="collect")
    snapshot = store.snapshot()
    expected = list(snapshot.parts())
    assert len(expected) > 10
    assert sum(len(part.polls) for part in expected) == 302
    loaders = list(snapshot.loaders())
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            for part, loaded in zip(
                expected, pool.map(lambda load: load(), loaders), strict=True
            ):
                assert loaded.polls == part.polls
    for loader, part in zip(loaders, expected, strict=True):
        text = pickle.dumps(loader)
        assert len(text) < 5_000
        there = pickle.loads(text)  # noqa: S301  # just made
        assert there().polls == part.polls
        assert there().quarantined == part.quarantined
    assert compute_snapshot(snapshot, executor=InlineExecutor()) == compute_snapshot(
        snapshot
    )
    if size == 1_000:
        one: Any = loaders[0]
        with pytest.raises(TypeError, match="in memory"):
            pickle.dumps(one.copy)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
@pytest.mark.usefixtures("small_copies")
def test_no_room_for_the_copy_is_an_error_that_says_so(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    store.add_polls(large(5, 1_000))

    def refuse(*_: object, **__: object) -> Any:  # noqa: ANN401  # it never returns
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "TemporaryFile", refuse)
        with pytest.raises(StoreFullError, match="no room beside it"):
            store.snapshot()
    gc.collect()
    assert len(compute_store(store)) == 7
    assert store.add_polls([("c", NOON, True)]).added == 1


@pytest.mark.usefixtures("small_copies")
def test_the_system_may_refuse_the_copy(store: SqliteStore) -> None:
    """With a real limit of a real file."""
    store.add_polls(large(5, 1_000))
    expected = compute_store(store)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
        with pytest.raises(StoreFullError, match="no room beside it"):
            store.snapshot()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    gc.collect()
    assert compute_snapshot(store.snapshot()) == expected
