"""Checks of batches: many of them, large ones, and what becomes of the caller's."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from uptime_core.ingest import IngestResult
from uptime_core.polls import PollColumns
from uptime_core.testing.checks import Checks
from uptime_core.testing.failures import require, require_equal
from uptime_core.testing.store_bench import taking_in
from uptime_core.testing.store_reading import require_result
from uptime_core.testing.store_samples import (
    HOURS,
    START,
    as_hours_rows,
    as_rows,
    as_schedules,
    some_polls,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from uptime_core.testing.store_bench import StoreBench

checks: Checks[StoreBench] = Checks("ingest")

LARGE = 66_000
"""More than 16 bits can count."""


@checks("ingest.set", "ingest.any-age", "store.polls")
def many_small_batches(bench: StoreBench) -> None:
    """Nothing is lost by and by, however many batches come."""
    rows = some_polls(12, ["a", "b", "c"], 300)
    for place, row in enumerate(rows):
        bench.add_polls([row, (row[0], row[1] + place, True)])
        if place % 60 == 0:
            bench.holds()
    bench.holds()
    bench.add_polls(rows)
    bench.holds()


@checks("store.polls", "ingest.forms")
def a_large_batch(bench: StoreBench) -> None:
    """A batch may have more shops, and a shop more polls, than 16 bits can count."""
    ids = [f"shop-{number:05}" for number in range(LARGE)]
    number = np.arange(LARGE)
    code = np.concatenate([number, number * 0])
    at = START + np.concatenate([number % 1000, number])  # the first one comes twice
    columns = PollColumns(ids, code, at, code % 2)
    result = taking_in(bench.store).add_polls(columns)
    require_result(result, IngestResult(added=2 * LARGE - 1, repeated=1))
    want = set(_numbered(columns))
    for what, batches in (
        ("polls()", bench.store.polls()),
        ("the snapshot's polls", (p.polls for p in bench.store.snapshot().parts())),
    ):
        got = {poll for batch in batches for poll in _numbered(batch)}
        require_equal(f"{what}, missing and too many", (want - got, got - want), NONE)


NONE: tuple[set[int], set[int]] = (set(), set())


def _numbered(polls: PollColumns) -> list[int]:
    """Polls of `a_large_batch` as numbers of shop, instant and status."""
    shops = np.array([int(shop[5:]) for shop in polls.store_ids], dtype=np.int64)
    at = polls.at - START
    numbers: list[int] = ((shops[polls.code] * 2**20 + at) * 2 + polls.status).tolist()
    return numbers


@checks("ingest.given")
def what_is_handed_in(bench: StoreBench) -> None:
    """What is handed in is not changed, and is the caller's to change afterwards."""
    store, model = taking_in(bench.store), bench.model
    polls = some_polls(18, ("b", "a"), 20)
    hours = {"b": HOURS["split"], "a": HOURS["one"]}
    zones = {"b": "GB", "a": "UTC"}
    kinds: list[tuple[Callable[..., object], Any, Callable[[], object]]] = [
        (store.add_polls, as_rows(polls), lambda: model.add_polls(polls)),
        (store.set_hours, as_hours_rows(hours), lambda: model.set_hours(hours)),
        (store.set_hours, as_schedules(hours), lambda: model.set_hours(hours)),
        (store.set_timezones, dict(zones), lambda: model.set_timezones(zones)),
    ]
    for ingest, given, note in kinds:
        before = copy.copy(given)
        ingest(given)
        note()
        require(given == before, f"{before} has become {given}")
        if isinstance(given, dict):
            given.update(dict.fromkeys(["new", *given], given["b"]))
        else:
            given.clear()
        names = ("polls", "hours", "timezones")
        bench.holds(**dict.fromkeys(names, "ingest.given"))
