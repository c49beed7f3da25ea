"""The horizon of `delete_before` never lies in the future of the data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from uptime_core import InputError, SqliteStore, Window, compute_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore(tmp_path / "store.db") as made:
        made.add_polls(
            (shop, NOON + hour * HOUR, hour % 2 > 0)
            for shop in ("a", "b")
            for hour in range(10)
        )
        made.add_polls([("a", NOON + 10 * HOUR, True)])
        yield made


@pytest.mark.parametrize(
    "later",
    [
        timedelta(microseconds=1),
        HOUR,
        timedelta(days=60_000),
        timedelta(days=2_900_000),
    ],
)
def test_an_instant_later_than_all_polls_is_refused(
    store: SqliteStore, later: timedelta
) -> None:
    """It could not be taken back, and would keep out what is yet to come."""
    with pytest.raises(
        InputError,
        match=r"delete_before, instant: .* later than the newest poll, "
        r"2023-01-25T22:00:00\.000000Z",
    ):
        store.delete_before(NOON + 10 * HOUR + later)
    assert sum(map(len, store.polls())) == 21
    assert store.add_polls([("a", NOON - HOUR, True)]).added == 1
    store.check()


def test_the_newest_poll_s_instant_is_the_latest(store: SqliteStore) -> None:
    assert store.delete_before(NOON + 10 * HOUR) == 18
    assert sum(map(len, store.polls())) == 3
    report = compute_store(store, windows=Window.last(HOUR, name="h"))
    assert (report.up[0, 0], report.poll_count.tolist()) == (3_600_000_000, [2, 1])

    result = store.add_polls(
        [
            ("a", NOON + 11 * HOUR, True),
            ("b", NOON + 10 * HOUR, True),
            ("b", NOON + 9 * HOUR - timedelta(microseconds=1), True),
        ]
    )
    assert (result.added, result.expired) == (2, 1)
    assert store.newest_poll() == NOON + 11 * HOUR
    assert store.delete_before(NOON + 10 * HOUR) == 0
    store.check()


def test_a_store_without_polls_has_no_horizon(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "store.db") as store:
        store.set_timezones({"a": "UTC"})
        assert store.delete_before(NOON + 1000 * HOUR) == 0
        assert store.add_polls([("a", NOON, True)]).added == 1


@pytest.mark.parametrize(
    "instant",
    [
        *(datetime.max.replace(tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)),
        *(NOON.replace(tzinfo=None), NOON.date(), "2023-01-25", 5, None),
    ],
    ids=str,
)
def test_what_no_poll_can_be_before_is_refused(
    store: SqliteStore,
    instant: Any,  # noqa: ANN401  # wrong on purpose
) -> None:
    with pytest.raises(InputError, match="delete_before, instant: "):
        store.delete_before(instant)
    assert sum(map(len, store.polls())) == 21
