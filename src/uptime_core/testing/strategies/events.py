"""What strategies tell of what they drew; ``--hypothesis-show-statistics`` shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import currently_in_test_context, event

if TYPE_CHECKING:
    from collections.abc import Iterable


def tell(events: Iterable[str]) -> None:
    """Report events, in an order that is always the same."""
    if currently_in_test_context():
        for name in sorted(events):
            event(name)
