"""Policies and windows as JSON can hold them, and back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import attrs

from uptime_core.errors import UptimeError
from uptime_core.policy import Policy
from uptime_core.window import Window

UNREADABLE_RECORD = (
    UptimeError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    OverflowError,
    RecursionError,
)
"""What reading JSON of another form than expected can raise."""


def policy_record(policy: Policy) -> dict[str, Any]:
    """A policy as JSON can hold it."""
    return attrs.asdict(policy) | {"reach": policy.reach_micros}


def parse_policy(record: dict[str, Any]) -> Policy:
    """The policy of a record."""
    reach = record["reach"]
    if reach is not None:
        reach = timedelta(microseconds=reach)
    return Policy(**{**record, "reach": reach})


def window_records(windows: tuple[Window, ...]) -> list[dict[str, Any]]:
    """Windows as JSON can hold them."""
    return [attrs.asdict(window) for window in windows]


def parse_windows(records: list[dict[str, Any]]) -> tuple[Window, ...]:
    """The windows of records."""
    return tuple(Window(**record) for record in records)
