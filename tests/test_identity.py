"""What tells a store from others, whatever it is."""

from __future__ import annotations

import copy
import gc
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import attrs
import pytest
from tests.faults.samples import DISKS, open_sink

from uptime_core import (
    IdempotencyConflictError,
    InputError,
    MemorySink,
    MemoryStore,
    ReportManager,
    Snapshot,
)
from uptime_core.identity import _known, own_identity
from uptime_core.testing.stepped import A_WHILE

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)


class Duck:
    """It has a snapshot, and nothing else of a store."""

    def __init__(self, shop: str) -> None:
        self._inner = MemoryStore([(shop, NOON, "active")])

    def snapshot(self) -> Snapshot:
        return self._inner.snapshot()


class NamedDuck(Duck):
    """It also says what tells it from others."""

    def __init__(self, shop: str, identity: object) -> None:
        super().__init__(shop)
        self.identity = identity


@pytest.mark.parametrize("kind", ["memory", *DISKS])
@pytest.mark.parametrize("named", [False, True])
def test_a_report_is_made_of_the_snapshot_it_was_asked_of(
    kind: str,
    named: bool,  # noqa: FBT001  # a parameter
    tmp_path: Path,
) -> None:
    shops = ("of-a", "of-b")
    ducks = [NamedDuck(shop, shop) if named else Duck(shop) for shop in shops]
    with open_sink(kind, tmp_path) as sink:
        idle = ReportManager(ducks[0], sink, max_workers=0)
        other = ReportManager(ducks[1], sink)
        asked = idle.trigger(idempotency_key="k")
        with pytest.raises(IdempotencyConflictError, match=asked):
            other.trigger(idempotency_key="k")
        theirs = other.trigger()
        other.wait(theirs, A_WHILE)
        assert other.get(theirs).store_ids == ("of-b",)
        assert idle.status(asked).state == "queued"
        with ReportManager(ducks[0], sink) as own:
            own.wait(asked, A_WHILE)
            assert own.get(asked).store_ids == ("of-a",)
            assert own.trigger(idempotency_key="k") == asked
        other.close()


def test_what_has_the_same_identity_is_the_same_store() -> None:
    sink = MemorySink()
    asked = ReportManager(NamedDuck("a", "one"), sink, max_workers=0).trigger()
    with ReportManager(NamedDuck("b", "one"), sink) as manager:
        manager.wait(asked, A_WHILE)
        assert manager.get(asked).store_ids == ("b",)


@pytest.mark.parametrize("identity", [None, "", 5, b"x", lambda: "x"])
def test_an_identity_that_is_no_text_is_none(identity: object) -> None:
    sink = MemorySink()
    one = ReportManager(NamedDuck("a", identity), sink, max_workers=0)
    two = ReportManager(NamedDuck("a", identity), sink, max_workers=0)
    assert one._reads != two._reads


def test_a_store_that_gives_no_text_is_refused() -> None:
    class Nameless(MemoryStore):
        identity = None  # type: ignore[assignment]  # wrong on purpose

    with pytest.raises(InputError, match="store: its identity is None"):
        ReportManager(Nameless())


def test_an_object_is_itself_and_nothing_else() -> None:
    duck = Duck("a")
    texts = [own_identity(thing) for thing in (duck, Duck("a"), copy.copy(duck))]
    assert len(set(texts)) == 3
    assert own_identity(duck) == texts[0]
    assert "Duck" in texts[0]


def test_an_object_that_takes_no_attribute_is_itself_too() -> None:
    @attrs.frozen
    class Frozen:
        shop: str

    one, two = Frozen("a"), Frozen("a")
    assert one == two
    assert own_identity(one) == own_identity(one) != own_identity(two)


def test_an_object_without_weak_references_is_taken_for_no_other() -> None:
    assert own_identity((1, 2)) != own_identity((1, 2))


def test_an_object_that_is_gone_is_not_remembered() -> None:
    things = [Duck("a") for _ in range(50)]
    texts = {own_identity(thing) for thing in things}
    before = len(_known)
    del things[:]
    gc.collect()
    assert len(_known) <= before - 50
    again = [Duck("a") for _ in range(50)]
    assert texts.isdisjoint(own_identity(thing) for thing in again)


def test_a_forked_process_has_other_objects() -> None:
    duck = Duck("a")
    text = own_identity(duck)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, own_identity(duck).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as stream:
        assert stream.read() not in ("", text)
    os.waitpid(child, 0)
    assert own_identity(duck) == text
