"""The arguments of a `ReportManager`, checked."""

from __future__ import annotations

import math
import time
from contextlib import suppress
from datetime import timedelta
from numbers import Integral
from typing import TYPE_CHECKING

from uptime_core.abc import ReportSink, Store
from uptime_core.capabilities import SupportsSnapshot
from uptime_core.cores import cores
from uptime_core.errors import InputError, located, shown
from uptime_core.identity import own_identity
from uptime_core.instants import whole_micros
from uptime_core.jobs import JobState
from uptime_core.one_report import newest_of
from uptime_core.values import seconds

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from uptime_core.clock import Clock

_SOURCE = "ReportManager"
_MOST_WORKERS = 4
_LONGEST_KEY = 200


def parts(
    store: SupportsSnapshot,
    sink: ReportSink | None,
    executor: Executor | None,
    clock: Clock,
) -> None:
    """Refuse what is no store, no sink, no executor, or no clock."""
    for value, fits, what, field in (
        (
            store,
            isinstance(store, SupportsSnapshot),
            "a Store, like SqliteStore(path)",
            "store",
        ),
        (
            sink,
            sink is None or isinstance(sink, ReportSink),
            "a ReportSink, like SqliteSink(path)",
            "sink",
        ),
        (
            executor,
            executor is None or callable(getattr(executor, "submit", None)),
            "an executor of concurrent.futures",
            "executor",
        ),
        (clock, callable(clock), "a function that gives the time", "clock"),
    ):
        if not fits:
            raise InputError(
                f"{shown(value)} is not {what}", source=_SOURCE, field=field
            )


def identity(store: SupportsSnapshot) -> str:
    """What tells the store from others; see `Store.identity`.

    What only has a `snapshot` may have such a text as well.
    """
    text = getattr(store, "identity", None)
    if isinstance(text, str) and text:
        return text
    if isinstance(store, Store):
        raise InputError(
            f"its identity is {shown(text)}, not a text", source=_SOURCE, field="store"
        )
    return own_identity(store)


def newest(store: SupportsSnapshot) -> int | None:
    """The instant of a store's newest poll in microseconds, or None without any."""
    return newest_of(store) if isinstance(store, Store) else store.snapshot().newest()


def number(value: int, field: str, *, least: int) -> int:
    """An integer from `least` on."""
    is_whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not is_whole or int(value) < least:
        raise InputError(
            f"{shown(value)} is no integer of {least} or more",
            source=_SOURCE,
            field=field,
        )
    return int(value)


def workers(value: int | None) -> int:
    """A number of workers; by default one for each core, at most four."""
    if value is not None:
        return number(value, "max_workers", least=0)
    return min(cores(), _MOST_WORKERS)


def micros(value: timedelta, field: str) -> int:
    """A positive timedelta in microseconds."""
    with located(_SOURCE, field=field):
        length = whole_micros(value, value) if isinstance(value, timedelta) else 0
        if length <= 0:
            raise InputError(
                f"{shown(value)} is not a positive timedelta, like 30 seconds"
            )
    return length


def key(value: str | None) -> str | None:
    """An idempotency key: text of 1 to 200 characters, or None."""
    if value is None:
        return None
    if isinstance(value, str) and 0 < len(value) <= _LONGEST_KEY:
        with suppress(UnicodeEncodeError):
            value.encode()
            return value
    raise InputError(
        f"{shown(value)} is not text of 1 to {_LONGEST_KEY} characters",
        source="trigger",
        field="idempotency_key",
    )


def state(value: JobState | str) -> JobState:
    """A state, or its name."""
    try:
        return JobState(value)
    except ValueError:
        raise InputError(
            f"{shown(value)} is none of {', '.join(JobState)}",
            source="list",
            field="state",
        ) from None


def deadline(timeout: float | None) -> float:
    """Until when to wait, on the monotonic clock; None is for ever."""
    if timeout is None:
        return math.inf
    return time.monotonic() + seconds(timeout, "wait", "timeout", longest=math.inf)
