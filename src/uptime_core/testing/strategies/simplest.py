"""The simplest value that a strategy draws, to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from hypothesis import HealthCheck, Phase, find, settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

Drawn = TypeVar("Drawn")

_SETTINGS = settings(
    max_examples=5000,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
    deadline=None,
    database=None,
    derandomize=True,
)


def simplest(
    strategy: SearchStrategy[Drawn], condition: Callable[[Drawn], object] = id
) -> Drawn:
    """The simplest value that is found for which a condition holds.

    It is what a failing test would be shown as. `hypothesis.find` does the same, and
    takes longer, since it tries to explain it as well.

    >>> from uptime_core.testing.strategies import instants
    >>> print(simplest(instants(), lambda at: at.minute))
    2023-01-25 12:30:00+00:00

    Args:
        strategy: What draws.
        condition: What shall hold; by default nothing.

    Raises:
        hypothesis.errors.NoSuchExample: No such value was found.
    """
    return find(strategy, lambda value: bool(condition(value)), settings=_SETTINGS)
