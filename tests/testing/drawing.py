"""How often what a strategy draws has some traits."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from hypothesis import Phase, given, seed, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hypothesis.strategies import SearchStrategy

DEEP = settings().max_examples > 100
"""Whether the profile is the deep one, or one that draws as much."""

EXAMPLES, ROUNDS = (300, 10) if DEEP else (100, 30)


def counts(
    strategy: SearchStrategy[Any],
    traits: Callable[[Any], Iterable[str]],
    examples: int = EXAMPLES,
    number: int = 0,
) -> Counter[str]:
    """How many of a round's draws have each trait, and how many there are in all."""
    seen: Counter[str] = Counter()

    @seed(number)
    @settings(max_examples=examples, phases=[Phase.generate], database=None)
    @given(strategy)
    def count(value: object) -> None:
        seen.update({"all", *map(str, traits(value))})

    count()
    return seen


def too_rare(
    strategy: SearchStrategy[Any],
    traits: Callable[[Any], Iterable[str]],
    least: Mapping[Any, float],
    examples: int = EXAMPLES,
) -> dict[str, float]:
    """The shares of what is drawn that are below the least they should be.

    What hypothesis draws depends on its version, and on the constants of all modules
    that are loaded. So the least shares are a fraction of those measured over many
    seeds, and where a round of draws has too little of something, the next ones, of
    other seeds, are added to it.
    """
    seen: Counter[str] = Counter()
    rare: dict[str, float] = {}
    for number in range(ROUNDS):
        seen += counts(strategy, traits, examples, number)
        shares = {str(trait): seen[str(trait)] / seen["all"] for trait in least}
        rare = {t: shares[str(t)] for t in least if shares[str(t)] < least[t]}
        if not rare:
            break
    return rare
