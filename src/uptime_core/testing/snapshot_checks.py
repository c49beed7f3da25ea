"""Checks of snapshots and of the reports that are made from them."""

from __future__ import annotations

from contextlib import suppress
from itertools import product
from typing import TYPE_CHECKING, Any, cast

from uptime_core.compute import compute_request, compute_snapshot
from uptime_core.errors import UnknownStoreIdError
from uptime_core.one_report import compute_store
from uptime_core.request import ReportRequest
from uptime_core.testing.checks import Checks
from uptime_core.testing.failures import keeps, require, require_equal, require_same
from uptime_core.testing.store_model import DAY
from uptime_core.testing.store_reading import (
    hours_by_shop,
    poll_set,
    require_polls,
    require_snapshot,
)
from uptime_core.testing.store_samples import (
    DAYS,
    HOURS,
    MINUTE,
    NIGHTS,
    NOON,
    POLICIES,
    START,
    WINDOWS,
    at,
    some_polls,
)

if TYPE_CHECKING:
    from datetime import datetime

    from uptime_core.policy import Policy
    from uptime_core.report import Report
    from uptime_core.request import StoreSelection
    from uptime_core.testing.store_bench import StoreBench

checks: Checks[StoreBench] = Checks()


@checks("store.snapshot-for", "store.snapshot", "store.quarantined")
def reports_of_all_policies(bench: StoreBench) -> None:
    """A report is that of the data, whatever it is asked for and reads."""
    rows = some_polls(3, "abcde", 150)
    rows += [(shop, t - 40 * DAY, up) for shop, t, up in some_polls(4, "abf", 30)]
    bench.put(
        rows,
        {"a": DAYS, "b": NIGHTS, "c": DAYS, "g": DAYS, "d": HOURS["split"]},
        {"a": "Pacific/Apia", "b": "Europe/Dublin", "h": "UTC", "g": "Asia/Kathmandu"},
    )
    for number, (policy, minutes) in enumerate(product(POLICIES, (-200, 0, 77))):
        stores: StoreSelection = ("all", "polled", ["c", "g", "a"])[number % 3]
        as_of = None if number == 1 else at(START + minutes * MINUTE)
        require_reports(bench, as_of=as_of, policy=policy, stores=stores)
    for compute in (compute_store, lambda s, **a: compute_snapshot(s.snapshot(), **a)):
        try:
            compute(bench.store, stores=["a", "nobody"], as_of=NOON)
        except UnknownStoreIdError:
            continue
        with keeps("store.snapshot"):
            require(holds=False, told="a report found a shop that is in no source")


def require_reports(
    bench: StoreBench,
    *,
    as_of: datetime | None,
    policy: Policy,
    stores: StoreSelection = "all",
) -> None:
    """Fail unless a report of the store is that of the model, and counts the same."""
    asked: dict[str, Any] = {
        "as_of": as_of,
        "policy": policy,
        "stores": stores,
        "windows": WINDOWS,
    }
    expected = compute_snapshot(bench.model.snapshot(), **asked)
    whole = compute_snapshot(bench.store.snapshot(), **asked)
    with keeps("store.snapshot", f"a report of snapshot(), {policy}"):
        _require_same_report(whole, expected)
    with keeps("store.quarantined"):
        told = whole.provenance
        require_equal("rejected", told.rejected, len(bench.store.rejected()))
        require_equal("quarantined", told.quarantined, expected.provenance.quarantined)
    with keeps("store.snapshot-for", f"a report of snapshot_for(), {policy}"):
        short = compute_store(bench.store, **asked)
        _require_same_report(short, expected)
        require_equal("what it says of itself", short.provenance, whole.provenance)


def _require_same_report(report: Report, expected: Report) -> None:
    require_equal("its shops", report.store_ids, expected.store_ids)
    require_equal("its now", report.as_of, expected.as_of)
    got = report.to_csv(columns="extended", decimals=18)
    pairs = zip(got.split(), expected.to_csv(None, "extended", 18).split(), strict=True)
    for line, right in pairs:
        require_equal("a row", line, right)
    require_equal("the report", report == expected, expected=True)
    for count in ("polls", "conflicts"):
        have, want = (getattr(r.provenance, count) for r in (report, expected))
        require_equal(f"the {count} of the report", have, want)


@checks("store.snapshot", "store.snapshot-for")
def reports_as_the_oracle_computes_them(bench: StoreBench) -> None:
    """The sums are those of a slow computation that shares nothing with the fast."""
    bench.put(
        some_polls(8, "abcd", 60),
        {"a": NIGHTS, "b": HOURS["overlap"], "c": DAYS, "d": HOURS["day"]},
        {"a": "Australia/Lord_Howe", "c": "Asia/Kathmandu"},
    )
    for policy in POLICIES:
        require_sums(bench, as_of=START + 90 * MINUTE, policy=policy)


def require_sums(bench: StoreBench, *, as_of: int, policy: Policy) -> None:
    """Fail unless a report of the store has the sums that the oracle computes."""
    report = compute_store(
        bench.store, as_of=at(as_of), policy=policy, windows=WINDOWS[2:]
    )
    for row in report.rows():
        for place, window in enumerate(report.windows):
            start, end = (at(bound) for bound in window.bounds(as_of))
            sums = bench.model.sums(
                row.store_id, start, end, as_of=as_of, policy=policy
            )
            got = (row.up[place], row.down[place], row.unknown[place], row.open[place])
            with keeps("store.snapshot-for", f"shop {row.store_id!r}, {policy}"):
                require_equal(f"up, down, unknown, open of {window}", got, tuple(sums))


@checks("store.read-stays", "store.snapshot-stays")
def what_was_read_stays(bench: StoreBench) -> None:
    """What was read stays as it was, also after the store has changed and is closed."""
    rows = some_polls(6, "abc", 40)
    bench.put(rows, {"a": HOURS["split"], "b": HOURS["one"]}, {"a": "UTC", "c": "GB"})
    store, data, newest = bench.store, bench.model.data(), bench.model.newest()
    batches, hours, zones = list(store.polls()), store.hours(), store.timezones()
    whole, report = store.snapshot(), compute_snapshot(store.snapshot())
    request = ReportRequest(as_of=newest)
    short = store.snapshot_for(request)
    with keeps("store.read-stays"):
        with suppress(Exception):  # it may refuse to be changed
            changed = cast("dict[str, str]", store.timezones())
            changed["a"] = changed["new"] = "Asia/Tokyo"
        got = dict(store.timezones())
        require_same("timezones()", got.items(), data.timezones.items())
    if bench.back_end.ingest:
        bench.add_polls([("a", START + DAY, False), ("new", START - DAY, True)])
        bench.add_polls([(shop, t, not up) for shop, t, up in rows])
        bench.set_hours({"a": HOURS["always"], "new": []}, replace=True)
        bench.set_timezones({"new": "Asia/Tokyo", "a": "GB"}, replace=True)
    store.close()
    require_polls("store.read-stays", poll_set(batches), data.polls, "what was read")
    with keeps("store.read-stays"):
        read = hours_by_shop(hours)
        require_same("the hours read", read.items(), data.hours.items())
        require_same("the zones read", dict(zones).items(), data.timezones.items())
    with keeps("store.snapshot-stays"):
        require_equal("newest()", whole.newest(), newest)
        for snapshot in (whole, short):
            got_report = compute_request(snapshot, request)
            require_equal("a report", got_report == report, expected=True)
    bench.reopen()


@checks("store.snapshot-stays", "store.snapshot")
def a_snapshot_holds_nothing_of_a_closed_store(bench: StoreBench) -> None:
    """All of a snapshot can be read after its store was closed."""
    bench.put(some_polls(7, "abc", 40), {"a": HOURS["one"]}, {"b": "UTC"})
    snapshot = bench.store.snapshot()
    bench.store.close()
    require_snapshot(snapshot, bench.model.data())
