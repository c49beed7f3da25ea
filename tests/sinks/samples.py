"""Jobs and reports to keep."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import numpy as np

from uptime_core.instants import to_micros
from uptime_core.jobs import Cancel, Claim, Complete, Event, Fail, Job, Renew, advance
from uptime_core.policy import Policy
from uptime_core.report import Provenance, Report
from uptime_core.request import ReportRequest
from uptime_core.window import DEFAULT_WINDOWS, Window

AS_OF = datetime(2023, 1, 25, 18, 13, 22, 479_220, UTC)
NOW = to_micros(AS_OF)
NOT_IDS: tuple[Any, ...] = (
    *("../x", "a/b", "C:\\x", "CON", ".", "..", "", "\0", "a\0" * 16, "0" * 300),
    *("0" * 31, "0" * 33, "A" * 32, "g" * 32, "0" * 31 + "\n", "0" * 32 + "\n"),
    *("\u0661" * 32, "\uff10" * 32, "\ud800" * 32, " " * 32, "../" * 10 + "ab"),
    *(None, 5, b"0" * 32, ["0" * 32], float("nan"), "%" * 32, "_" * 32, "*" * 32),
)


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


def same(one: Report | None, other: Report) -> bool:
    """Whether two reports have the same in every field; equality looks at some."""
    if one is None or one != other:
        return False
    return (
        one.provenance.policy == other.provenance.policy
        and attrs.asdict(one.provenance, recurse=False)
        == attrs.asdict(other.provenance, recurse=False)
        and one.last_poll.dtype == other.last_poll.dtype
        and np.array_equal(one.last_poll.view(np.int64), other.last_poll.view(np.int64))
        and np.array_equal(one.poll_count, other.poll_count)
    )
