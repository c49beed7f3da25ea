"""Checks by chance: whatever is done, a store holds what the model does."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any, TypeAlias

from uptime_core.quarantine import Quarantine
from uptime_core.testing import store_operations as do
from uptime_core.testing.checks import Checks
from uptime_core.testing.failures import BrokenContractError, keeps
from uptime_core.testing.store_samples import (
    BAD_HOURS,
    BAD_POLLS,
    DAYS,
    HOURS,
    HOURS_FORMS,
    MINUTE,
    NIGHTS,
    POLICIES,
    POLL_FORMS,
    START,
    TIMEZONES,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from uptime_core.testing.store_bench import StoreBench
    from uptime_core.testing.store_model import PollRow

    Step: TypeAlias = tuple[Callable[..., None], tuple[Any, ...], dict[str, Any]]
    """A function of `store_operations`, and its arguments."""

checks: Checks[StoreBench] = Checks()

SHOPS = ("a", "b", "A", "\u00e9", "8419537941919820732", "8419537941919820733")
RUNS = 12
STEPS = 30


def instant(chance: Random) -> int:
    """An instant within half a day of noon, often one that was drawn before."""
    beside = chance.choice((0, 0, 0, 0, 1, -1, 999_999))
    return START + chance.randrange(-24, 25) * 30 * MINUTE + beside


def polls(chance: Random) -> list[PollRow]:
    """A batch of polls."""
    return [
        (chance.choice(SHOPS), instant(chance), chance.random() < 0.5)  # noqa: PLR2004
        for _ in range(chance.choice((0, 1, 2, 5, 12, 40)))
    ]


class StepsByChance:
    """Draws what is done with a store.

    Args:
        chance: Chooses.
        back_end: Its promises say what can be done.
    """

    def __init__(self, chance: Random, back_end: object) -> None:
        self._chance = chance
        kinds: dict[str, Sequence[Callable[[], Step]]] = {
            "ingest": [
                *[self._add_polls] * 6,
                *(self._add_bad_polls, self._set_hours, self._set_hours),
                *(self._set_bad_hours, self._set_timezones, self._set_timezones),
                *(self._set_bad_timezone, self._break_off),
            ],
            "transactions": [self._transact, self._transact],
            "retention": [self._delete_before],
            "durable": [self._reopen],
        }
        self._makers = [self._read_range, self._report, self._look]
        for promise, makers in kinds.items():
            if getattr(back_end, promise):
                self._makers += makers

    def next(self) -> Step:
        """The next step."""
        return self._chance.choice(self._makers)()

    def _flag(self) -> bool:
        return self._chance.random() < 0.3  # noqa: PLR2004  # not so often

    def _shops(self) -> list[str]:
        return self._chance.sample(SHOPS, self._chance.choice((0, 1, 1, 2, 4)))

    def _quarantine(self) -> Quarantine:
        if not self._flag():
            return Quarantine()
        named = frozenset(self._shops()), frozenset(self._shops())
        return Quarantine(named[0], named[1] - named[0])

    def _hours(self) -> dict[str, Any]:
        kinds = [*HOURS.values(), DAYS, NIGHTS, ()]
        return {shop: self._chance.choice(kinds) for shop in self._shops()}

    def _zones(self) -> dict[str, str]:
        names = sorted(TIMEZONES.values())
        return {shop: self._chance.choice(names) for shop in self._shops()}

    def _add_polls(self) -> Step:
        form = self._chance.choice(POLL_FORMS)
        return do.add_polls, (polls(self._chance), form), {}

    def _add_bad_polls(self) -> Step:
        bad = self._chance.choice(BAD_POLLS)
        return do.add_bad_polls, (polls(self._chance), bad), {"collect": self._flag()}

    def _set_hours(self) -> Step:
        form = self._chance.choice(HOURS_FORMS[:2])
        options = {"replace": self._flag(), "quarantine": self._quarantine()}
        return do.set_hours, (self._hours(), form), options

    def _set_bad_hours(self) -> Step:
        bad, shop = self._chance.choice(BAD_HOURS), self._chance.choice(SHOPS)
        return do.set_bad_hours, (self._hours(), bad, shop), {"replace": self._flag()}

    def _set_timezones(self) -> Step:
        options = {"replace": self._flag(), "quarantine": self._quarantine()}
        return do.set_timezones, (self._zones(),), options

    def _set_bad_timezone(self) -> Step:
        shop = self._chance.choice(SHOPS)
        return do.set_bad_timezone, (self._zones(), shop), {"replace": self._flag()}

    def _break_off(self) -> Step:
        return do.break_off, (polls(self._chance),), {}

    def _transact(self) -> Step:
        options = {"fails": self._chance.random() < 0.5, "replace": self._flag()}  # noqa: PLR2004
        return do.transact, (polls(self._chance), self._zones()), options

    def _delete_before(self) -> Step:
        return do.delete_before, (instant(self._chance),), {}

    def _reopen(self) -> Step:
        return do.reopen, (), {"close": self._flag()}

    def _read_range(self) -> Step:
        shop = self._chance.choice((None, *SHOPS))
        low, high = (self._chance.choice((None, instant(self._chance))) for _ in "lh")
        return do.read_range, (shop, low, high), {}

    def _report(self) -> Step:
        oracle = self._flag()
        policy = self._chance.choice(POLICIES)
        return do.report, (instant(self._chance), policy), {"oracle": oracle}

    def _look(self) -> Step:
        return do.look, (), {}


@checks("ingest.set", "store.polls", "ingest.hours", needs=["ingest"])
def whatever_is_done(bench: StoreBench) -> None:
    """Whatever is done in whatever order, the store holds what a dictionary would."""
    for seed in range(RUNS):
        drawn = StepsByChance(Random(seed), bench.back_end)  # noqa: S311  # no secret
        steps = [drawn.next() for _ in range(STEPS)]
        broken = _break_of(bench, steps)
        if broken is not None:
            _tell_shortest(bench, steps, broken)


def _break_of(bench: StoreBench, steps: Sequence[Step]) -> BrokenContractError | None:
    """How the contract is broken by some steps, if it is."""
    other = bench.anew()
    try:
        with keeps("store.polls"):
            for operation, arguments, options in steps:
                operation(other, *arguments, **options)
            other.holds()
    except BrokenContractError as error:
        return error
    finally:
        other.close()
    return None


def _tell_shortest(
    bench: StoreBench, steps: list[Step], broken: BrokenContractError
) -> None:
    """Leave out what can be left out, and tell of the rest."""
    place = 0
    while place < len(steps):
        shorter = steps[:place] + steps[place + 1 :]
        found = _break_of(bench, shorter)
        if found is None:
            place += 1
        else:
            steps, broken = shorter, found
    done = "\n".join(f"  {name.__name__}{args} {more}" for name, args, more in steps)
    raise BrokenContractError(broken.sentence_id, f"{broken.told}, after\n{done}")


@checks("store.polls", "store.range", "store.snapshot-for")
def whatever_it_holds(bench: StoreBench) -> None:
    """Whatever a store holds, ranges and reports are those of the data."""
    for seed in range(5):
        chance = Random(100 + seed)  # noqa: S311  # no secret
        data = bench.anew()
        kinds = [*HOURS.values(), DAYS, NIGHTS]
        hours = {shop: chance.choice(kinds) for shop in chance.sample(SHOPS, 4)}
        names = sorted(TIMEZONES.values())
        zones = {shop: chance.choice(names) for shop in chance.sample(SHOPS, 4)}
        data.put([row for _ in range(4) for row in polls(chance)], hours, zones)
        data.holds()
        for number in range(20):
            shop = chance.choice((None, *SHOPS))
            low, high = (chance.choice((None, instant(chance))) for _ in "lh")
            do.read_range(data, shop, low, high)
            if number % 4 == 0:
                policy = chance.choice(POLICIES)
                do.report(data, instant(chance), policy, oracle=True)
        data.close()
