"""Checks of shops that are set aside because of bad rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptime_core.compute import compute_snapshot
from uptime_core.quarantine import Quarantine
from uptime_core.testing.checks import Checks
from uptime_core.testing.failures import keeps, require_equal
from uptime_core.testing.store_bench import taking_in
from uptime_core.testing.store_operations import fill
from uptime_core.testing.store_reading import require_rejected, require_result
from uptime_core.testing.store_samples import (
    BAD_HOURS,
    BAD_TIMEZONES,
    HOURS,
    NOON,
    START,
    as_hours_rows,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from uptime_core.testing.store_bench import StoreBench

checks: Checks[StoreBench] = Checks("ingest")

QUARANTINES: Sequence[tuple[Collection[str], Collection[str]]] = (
    *((["bad"], ()), (["bad", "nobody"], ["late"]), ((), ["a", "later", "b"])),
    *(((), ["a"]), (["b"], ["x", "y", "bad"])),
)
"""Shops to set aside, and suspects."""


@checks("ingest.bad-shops", "ingest.collect", "store.quarantined")
def bad_rows_quarantine_their_shop(bench: StoreBench) -> None:
    """A shop of a bad row is left out of reports until good rows of it come."""
    fill(bench)
    store = taking_in(bench.store)
    bad = Quarantine(frozenset({"bad"}))

    def holds() -> None:
        names = ("hours", "timezones", "quarantined")
        bench.holds(**dict.fromkeys(names, "ingest.bad-shops"))
        ids = compute_snapshot(bench.store.snapshot(), as_of=NOON).store_ids
        with keeps("store.quarantined"):
            left_out = bench.model.data().quarantined & set(ids)
            require_equal("shops in a report in spite of it", left_out, frozenset())

    for row in BAD_HOURS:
        hours = {"a": HOURS["split"], "new": HOURS["one"]}
        rows = [*as_hours_rows(hours), row, ("bad", 5, "9:00", "10:00")]
        result = store.set_hours(rows, on_error="collect")
        require_result(result, bench.model.set_hours(hours, bad=bad))
        require_rejected(result.rejected, 2)
        holds()
        bench.set_hours({"a": HOURS["one"]})
        bench.set_timezones({"bad": "UTC"})  # of the other source
        holds()
        bench.set_hours({"bad": HOURS["one"]})
        holds()
    for zone in (*BAD_TIMEZONES, ("bad", "GB")):
        pairs = [("bad", "UTC"), zone, ("new", "GB")]
        result = store.set_timezones(pairs, on_error="collect")
        require_result(result, bench.model.set_timezones({"new": "GB"}, bad=bad))
        require_rejected(result.rejected, 2)
        holds()
        bench.set_timezones({"a": "UTC"})
        bench.set_hours({"bad": HOURS["split"]})  # of the other source
        holds()
        bench.set_timezones({"bad": "UTC"})
        holds()
    store.set_hours([BAD_HOURS[0]], on_error="collect")
    store.set_timezones([BAD_TIMEZONES[0]], on_error="collect")
    bench.model.set_hours({}, bad=bad)
    bench.model.set_timezones({}, bad=bad)
    holds()
    bench.set_hours({"a": HOURS["one"]}, replace=True)
    holds()
    bench.set_timezones({}, replace=True)
    holds()


@checks("ingest.quarantine", "store.quarantined")
def shops_that_the_caller_sets_aside(bench: StoreBench) -> None:
    """Shops named are in quarantine, and suspects once there is such a shop."""
    fill(bench)
    for ingest in (bench.set_hours, bench.set_timezones):
        for ids, suspects in QUARANTINES:
            ingest({}, quarantine=Quarantine(frozenset(ids), frozenset(suspects)))
            bench.holds(quarantined="ingest.quarantine")
    bench.add_polls([("late", START, True)])
    bench.holds(quarantined="ingest.quarantine")
    bench.set_hours({"later": HOURS["one"]})
    bench.holds(quarantined="ingest.quarantine")
    bench.set_timezones({"x": "UTC", "later": "UTC"})
    bench.holds(quarantined="ingest.quarantine")
    bench.set_hours({"late": HOURS["one"], "bad": HOURS["one"], "a": HOURS["day"]})
    bench.holds(quarantined="ingest.quarantine")
    bench.set_timezones({"a": "GB"}, quarantine=Quarantine(frozenset({"b"})))
    bench.set_timezones({"a": "GB"}, replace=True)
    bench.holds(quarantined="ingest.quarantine")
    bench.set_hours({}, replace=True, quarantine=Quarantine(frozenset({"c"})))
    bench.holds(quarantined="ingest.quarantine")
    bench.set_hours({}, replace=True)
    bench.holds(quarantined="ingest.quarantine")
    forgotten = [("y", START, True), ("nobody", START, False), ("x", START, True)]
    bench.add_polls(forgotten)
    bench.set_hours({"a": HOURS["one"], "b": HOURS["one"], "bad": HOURS["one"]})
    bench.holds(quarantined="ingest.quarantine")
