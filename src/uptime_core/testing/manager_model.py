"""What is known of managers, of their reports, and of who makes these."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import attrs
from hypothesis import strategies as st

from uptime_core.instants import to_micros
from uptime_core.jobs import MOST_ATTEMPTS
from uptime_core.testing.failures import require, require_equal
from uptime_core.testing.stepped import CANCELLED, FAILED, QUEUED, RUNNING
from uptime_core.testing.store_samples import NOON
from uptime_core.window import Window

if TYPE_CHECKING:
    from datetime import datetime

    from uptime_core.jobs import JobState
    from uptime_core.manager import ReportManager
    from uptime_core.report import Report
    from uptime_core.status import ReportStatus
    from uptime_core.testing.stepped import Held, Outcome, SteppedWorker

SECOND = 1_000_000
TIMEOUT = timedelta(seconds=100)

REQUESTS: tuple[dict[str, Any], ...] = (
    {},
    {"stores": ["s001", "s000"]},
    {"as_of": NOON - timedelta(hours=1)},
    {"windows": Window.last(timedelta(hours=3), name="three")},
    {"stores": ["nobody"]},
)
"""What reports are asked for; the last one can never be made."""

NO_SUCH_SHOP = 4


@attrs.define(eq=False)
class Entry:
    """What is known of a report; as in a `Job`, times are in microseconds."""

    report_id: str
    key: str | None
    request: int
    as_of: int
    created_at: int
    lease: int
    state: JobState = QUEUED
    attempt: int = 0
    fence: int = 0
    renewed_at: int = 0
    started_at: int | None = None
    finished_at: int | None = None
    cancel_requested: bool = False
    error: str | None = None
    report: Report | None = None

    def claim(self, lease: int, now: int) -> None:
        """A worker takes it."""
        self.state, self.lease = RUNNING, lease
        self.attempt += 1
        self.fence += 1
        self.renewed_at = self.started_at = now

    def end(self, state: JobState, now: int, error: str | None = None) -> None:
        """It comes into a final state."""
        if self.cancel_requested:
            state, error = CANCELLED, None
        self.state, self.finished_at, self.error = state, now, error

    def fail(self, error: str, now: int, *, may_retry: bool) -> None:
        """An attempt at it fails."""
        if may_retry and self.attempt < MOST_ATTEMPTS and not self.cancel_requested:
            self.state, self.error = QUEUED, error
        else:
            self.end(FAILED, now, error)

    def release(self, now: int) -> None:
        """Its worker gives it back."""
        if self.cancel_requested:
            self.end(CANCELLED, now)
        else:
            self.state = QUEUED
            self.attempt -= 1

    def is_silent(self, now: int) -> bool:
        """Whether its worker has given no sign of life for a lease."""
        since = now - self.renewed_at
        return self.state is RUNNING and (since >= self.lease or since < -self.lease)


@attrs.define(eq=False)
class Attempt:
    """A run of a report, and the thread that makes it."""

    report_id: str
    fence: int
    deadline: float
    held: Held
    led: Led
    stop: bool = False


@attrs.define(eq=False)
class Led:
    """A manager, and what is known of it."""

    manager: ReportManager
    worker: SteppedWorker
    workers: int
    most: int
    lease: int
    renewed: float
    arrivals: list[Held]
    runs: dict[str, Attempt] = attrs.field(factory=dict)
    rests: dict[str, float] = attrs.field(factory=dict)
    triggered: set[str] = attrs.field(factory=set)
    recovered_at: int | None = None
    closed: bool = False

    @property
    def nap(self) -> float:
        """After how many seconds it gives signs of life."""
        return min(self.lease / 3e6, 5)


@attrs.frozen
class Move:
    """What happens in a row: each part of it may be left out.

    A report is triggered, time passes, a manager does what there is to do, and a held
    report ends.
    """

    asked: tuple[int, str | None] | None
    slot: str
    seconds: float
    number: int
    outcome: Outcome | None


def require_status(status: ReportStatus, entry: Entry) -> None:
    """Fail unless a manager says of a report what is known of it."""
    told = {
        "report_id": status.report_id,
        "state": status.state,
        "is_final": status.is_final,
        "attempt": status.attempt,
        "cancel_requested": status.cancel_requested,
        "as_of": to_micros(status.as_of),
        "created_at": to_micros(status.created_at),
        "started_at": _micros(status.started_at),
        "finished_at": _micros(status.finished_at),
    }
    expected = {name: getattr(entry, name) for name in told if name != "is_final"}
    require_equal("a status", told, {**expected, "is_final": entry.state.is_final})
    error = entry.error or ""
    right = error in (status.error or "") and bool(error) is bool(status.error)
    require(right, f"the error is {status.error!r} instead of {entry.error!r}")
    require(0 <= status.done <= status.total, f"{status} is done more than wholly")
    if entry.report is not None:
        shops = len(entry.report)
        require_equal("done, total", (status.done, status.total), (shops, shops))


def _micros(instant: datetime | None) -> int | None:
    return None if instant is None else to_micros(instant)


slots: st.SearchStrategy[str] = st.sampled_from("ab")
requests: st.SearchStrategy[int] = st.sampled_from([0, 0, 0, 1, 2, 3, NO_SUCH_SHOP])
keys: st.SearchStrategy[str | None] = st.none() | st.sampled_from(["k", "\u00e9"])
moves: st.SearchStrategy[list[Move]] = st.lists(
    st.builds(
        Move,
        asked=st.none() | st.tuples(requests, keys),
        slot=st.sampled_from("aab"),
        seconds=st.sampled_from(
            [0, 1, 1, 0.25, 0.5, 4, 5, 11.75, 12, 30, 36, 101, -0.25, -13, -60]
        ),
        number=st.integers(0, 3),
        outcome=st.sampled_from(
            ["good", None, None, "os error", "os error", "os error", "input error"]
        ),
    ),
    min_size=1,
    max_size=8,
)
