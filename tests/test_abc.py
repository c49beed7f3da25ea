"""The interface of stores: what must be written, and what is given."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from uptime_core import HoursColumns, Poll, PollColumns, Store, compute_snapshot
from uptime_core.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)


class TwoBatches(Store):
    """A store with the required methods only, and a record of being closed."""

    closed = 0

    def polls(
        self,
        store_id: str | None = None,  # noqa: ARG002  # it always yields all
        start: datetime | None = None,  # noqa: ARG002
        end: datetime | None = None,  # noqa: ARG002
    ) -> Iterator[PollColumns]:
        yield PollColumns.from_rows([("a", NOON, True)])
        yield PollColumns.from_rows([("b", NOON, False), ("a", NOON, True)])

    def hours(self) -> HoursColumns:
        return HoursColumns((), (), (), ())

    def timezones(self) -> dict[str, str]:
        return {"c": "UTC"}

    def close(self) -> None:
        self.closed += 1


def test_three_methods_are_required() -> None:
    assert Store.__abstractmethods__ == {"polls", "hours", "timezones"}


@pytest.mark.parametrize("name", sorted(Store.__abstractmethods__))
def test_a_store_without_a_required_method_cannot_be_made(name: str) -> None:
    partial = type("Partial", (TwoBatches,), {name: getattr(Store, name)})

    with pytest.raises(TypeError, match=name):
        partial()


def test_nothing_is_rejected_by_default() -> None:
    assert TwoBatches().rejected() == ()
    assert TwoBatches().quarantined() == frozenset()


def test_a_snapshot_holds_all_batches() -> None:
    store = TwoBatches()

    snapshot = store.snapshot()

    assert isinstance(snapshot, Snapshot)
    assert list(snapshot.polls.rows()) == [
        Poll("a", NOON, up=True),
        Poll("b", NOON, up=False),
        Poll("a", NOON, up=True),
    ]
    assert snapshot.hours.store_ids == ()
    assert snapshot.timezones == {"c": "UTC"}
    assert (snapshot.rejected, snapshot.quarantined) == ((), frozenset())
    assert snapshot.source == repr(store)
    assert compute_snapshot(snapshot).store_ids == ("a", "b", "c")


def test_a_store_closes_at_the_end_of_its_block() -> None:
    with TwoBatches() as store:
        assert isinstance(store, TwoBatches)
        assert store.closed == 0

    assert store.closed == 1


def test_a_store_closes_after_an_error_too_and_lets_it_pass() -> None:
    store = TwoBatches()

    with pytest.raises(ZeroDivisionError), store:
        raise ZeroDivisionError

    assert store.closed == 1


def test_closing_does_nothing_by_default() -> None:
    store = TwoBatches()

    Store.close(store)
    Store.close(store)

    assert len(list(store.polls())) == 2
