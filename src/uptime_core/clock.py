"""The one place that asks what time it is; reports never depend on it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    Clock: TypeAlias = Callable[[], datetime]


def system_clock() -> datetime:
    """The machine's idea of the time, in UTC."""
    return datetime.now(UTC)  # noqa: TID251  # as said
