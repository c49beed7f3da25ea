"""Jobs and reports to keep, and texts that are no ids."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import numpy as np

from uptime_core.instants import to_micros
from uptime_core.jobs import (
    Cancel,
    Claim,
    Complete,
    Event,
    Fail,
    Job,
    JobState,
    Renew,
    advance,
)
from uptime_core.policy import Policy
from uptime_core.report import Provenance, Report
from uptime_core.request import ReportRequest
from uptime_core.window import DEFAULT_WINDOWS, Window

AS_OF = datetime(2023, 1, 25, 18, 13, 22, 479_220, UTC)
NOW = to_micros(AS_OF)
NOT_IDS = (
    *("../x", "a/b", "C:\\x", "CON", ".", "..", "", "\0", "a\0" * 16, "0" * 300),
    *("0" * 31, "0" * 33, "A" * 32, "g" * 32, "0" * 31 + "\n", "0" * 32 + "\n"),
    *("\u0661" * 32, "\uff10" * 32, "\ud800" * 32, " " * 32, "../" * 10 + "ab"),
    *("%" * 32, "_" * 32, "*" * 32, "0" * 31 + "%", "0" * 31 + "?"),
)
"""Texts that are not 32 hexadecimal digits."""

KEYS = (
    *("k", "K", "k ", " k", "a/../b", "\0", "%", "_", "\u00fc\u2615", "\u00e9"),
    *("e\u0301", "'", '"', "x" * 199, "x" * 200, "0" * 32, "None"),
    *("", "7", "07", "7.0", "a\0b", "a\0c"),
)
"""Idempotency keys, as many as there are."""


def job_of(number: int = 1, **changes: object) -> Job:
    """A queued job; its number makes its id and time."""
    job = Job(
        report_id=f"{number:032x}",
        request=ReportRequest.of(as_of=AS_OF, stores=["b", "a\u00e9"]),
        as_of_given=True,
        reads="a store",
        created_at=NOW + number,
        lease=60_000_000,
    )
    return attrs.evolve(job, **changes)  # type: ignore[arg-type]  # fields by name


def after(job: Job, *events: Event) -> Job:
    """The job after events, a second apart."""
    for seconds, event in enumerate(events, start=1):
        job = advance(job, event, NOW + seconds * 1_000_000)
    return job


CLAIM = Claim("a worker", lease=60_000_000)


def running(job: Job) -> Job:
    """The queued job, claimed."""
    return after(job, CLAIM)


def complete(job: Job) -> Job:
    """The running job, complete."""
    return after(job, Complete(job.fence, total=2))


def failed(job: Job) -> Job:
    """The running job, failed."""
    return after(job, Fail(job.fence, "no \u2615", may_retry=False))


def renewed(job: Job, done: int = 1) -> Job:
    """The running job, further on."""
    return after(job, Renew(job.fence, done, total=2))


def cancelled(job: Job) -> Job:
    """The queued job, cancelled."""
    return after(job, Cancel())


def report_of(seed: int = 0, shops: int = 5) -> Report:
    """A report of numbers by chance."""
    chance = random.Random(seed)  # noqa: S311  # no secret
    windows = (*DEFAULT_WINDOWS, Window.between(AS_OF, AS_OF, name="\u00fc"))
    sums = np.array(
        [chance.randrange(2**50) for _ in range(3 * shops * len(windows))],
        dtype=np.int64,
    ).reshape(3, shops, len(windows))
    last_poll = np.array([chance.randrange(2**50) for _ in range(shops)], np.int64)
    last_poll[:1] = np.iinfo(np.int64).min
    return Report(
        store_ids=tuple(f"{seed}-{shop:08}" for shop in range(shops)),
        windows=windows,
        up=sums[0],
        down=sums[1],
        unknown=sums[2],
        open=sums.sum(axis=0),
        last_poll=last_poll.view("datetime64[us]"),
        poll_count=np.arange(shops, dtype=np.int64),
        provenance=Provenance(
            as_of=AS_OF,
            policy=Policy(reach=timedelta(minutes=17, microseconds=3)),
            library_version="0",
            tzdata_version="2026f",
            polls=chance.randrange(2**40),
            duplicates=1,
            conflicts=2,
            after_as_of=3,
            rejected=4,
            quarantined=5,
        ),
    )


def reports_of_all_kinds() -> list[Report]:
    """Reports of no shop, of many, of odd ids and windows, and of large numbers."""
    odd = report_of(7, shops=6)
    most = np.full((6, len(odd.windows)), 2**61, dtype=np.int64)
    last_poll = np.array([-(2**62), -1, 0, 1, 2**53 + 1, 2**62], dtype=np.int64)
    ids = sorted(["8419537941919820732", "\u00e9", "e\u0301", "=1", "a\u2028b", "'\""])
    strange = attrs.evolve(
        odd,
        store_ids=tuple(ids),
        windows=(*odd.windows[:3], REQUESTS[4].windows[0]),
        up=most,
        down=most - 1,
        unknown=most * 0,
        open=most * 2 - 1,
        last_poll=last_poll.view("datetime64[us]"),
        poll_count=np.array([0, 1, 2**53 + 1, 2**62, 5, 6], dtype=np.int64),
        provenance=attrs.evolve(
            odd.provenance, policy=REQUESTS[4].policy, as_of=AS_OF.replace(year=1969)
        ),
    )
    return [report_of(shops=0), report_of(1, 1), report_of(2, 4500), strange]


REQUESTS = (
    ReportRequest.of(as_of=AS_OF),
    ReportRequest.of(as_of=AS_OF, stores="polled", policy=Policy(reach=None)),
    ReportRequest.of(as_of=AS_OF, stores=[]),
    ReportRequest.of(as_of=AS_OF, stores=[f"shop-{n}" for n in range(700)]),
    ReportRequest.of(
        as_of=AS_OF.replace(year=1969),
        stores=["\u00e9", "e\u0301", "\U0001f600", "a,'\"\\b", "\u2028"],
        windows=[
            Window.last(timedelta(microseconds=1), name="\u00fc", unit="seconds"),
            Window.last(timedelta(days=400), name="a b", unit="minutes"),
            Window.between(AS_OF, AS_OF, name="days", unit="days"),
        ],
        policy=Policy(
            extrapolation="nearest",
            reach=timedelta(days=9, microseconds=1),
            missing_hours="error",
            default_timezone=None,
        ),
    ),
    ReportRequest.of(
        as_of=AS_OF,
        policy=Policy(initial="first", missing_hours="closed", default_timezone="UTC"),
    ),
)
"""Requests of all kinds."""


def jobs_of_all_kinds() -> list[Job]:
    """Jobs in all states, with all that their fields can hold; each of another id."""
    fields: list[dict[str, Any]] = [{"request": request} for request in REQUESTS]
    fields += [{"idempotency_key": key} for key in KEYS]
    fields += [
        {"reads": "sqlite:\u00e9\u2615 '\"\\\0", "as_of_given": False},
        {"created_at": -(2**53) - 1, "lease": 2**53 + 1, "revision": 2**31},
        {"created_at": 0, "lease": 1, "attempt": 3, "fence": 300, "revision": 7},
        {"owner": "\u00e9'\n", "error": "a\nb\r\0\u2028"},
        {"owner": "o" * 300, "error": "\u00e9" * 5000, "reads": "r" * 2000},
        {"done": 2**40, "total": 2**40 + 1, "started_at": -1, "renewed_at": 0},
        {"cancel_requested": True, "state": JobState.RUNNING, "renewed_at": NOW},
        {"state": JobState.FAILED, "error": "no \u2615", "finished_at": NOW + 1},
        {"state": JobState.CANCELLED, "finished_at": NOW, "error": ""},
        {"report_id": "0" * 32},
        {"report_id": "f" * 32},
        {"report_id": "8e" + "0" * 30},  # a float that is zero, to some
        {"report_id": "0123456789abcdef" * 2},
    ]
    return [job_of(1000 + number, **some) for number, some in enumerate(fields)]


def same(one: Report | None, other: Report) -> bool:
    """Whether two reports have the same in every field; equality looks at some."""
    if one is None or one != other:
        return False
    return (
        one.windows == other.windows
        and one.provenance.policy == other.provenance.policy
        and attrs.asdict(one.provenance, recurse=False)
        == attrs.asdict(other.provenance, recurse=False)
        and one.last_poll.dtype == other.last_poll.dtype
        and np.array_equal(one.last_poll.view(np.int64), other.last_poll.view(np.int64))
        and np.array_equal(one.poll_count, other.poll_count)
    )
