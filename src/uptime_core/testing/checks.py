"""Checks: functions that try whether some sentences of a contract are kept."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING, Generic, TypeVar

import attrs

from uptime_core.testing.contract import CONTRACT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Bench = TypeVar("Bench")
Result = TypeVar("Result")

HANGS_AFTER = 120.0
"""For how many seconds a check may run; right back ends take a second or so."""


@attrs.frozen
class Check(Generic[Bench]):
    """A check of a contract.

    Attributes:
        run: Tries it, and raises an error if the contract is not kept.
        sentences: The ids of the sentences that it tries; an error that names none is
            taken for a break of the first.
        needs: The promises that a back end must make for the check to apply.
    """

    run: Callable[[Bench], None]
    sentences: tuple[str, ...]
    needs: frozenset[str]

    @property
    def name(self) -> str:
        """The function's name."""
        return self.run.__name__

    def applies_to(self, back_end: object) -> bool:
        """Whether a back end promises what the check is about."""
        return all(getattr(back_end, promise) for promise in self.needs)


class Checks(Generic[Bench]):
    """The checks of a module, in their order.

    Args:
        needs: Promises that all of them need.

    >>> checks: Checks[object] = Checks()
    >>> @checks("store.newest")
    ... def newest(bench: object) -> None:
    ...     pass
    >>> [(check.name, check.sentences) for check in checks]
    [('newest', ('store.newest',))]
    """

    def __init__(self, *needs: str) -> None:
        self._needs = frozenset(needs)
        self._all: list[Check[Bench]] = []

    def __call__(
        self, *sentences: str, needs: Iterable[str] = ()
    ) -> Callable[[Callable[[Bench], None]], Callable[[Bench], None]]:
        """Decorate a function that tries these sentences of `CONTRACT`."""
        for sentence_id in sentences:
            CONTRACT[sentence_id]  # a KeyError for what is none

        def note(run: Callable[[Bench], None]) -> Callable[[Bench], None]:
            self._all.append(Check(run, sentences, self._needs.union(needs)))
            return run

        return note

    def __iter__(self) -> Iterator[Check[Bench]]:
        return iter(self._all)


class HangsError(AssertionError):
    """Something did not come to its end in time."""


def in_time(call: Callable[[], Result]) -> Result:
    """What a function returns or raises, in a thread that is given up if it hangs.

    Raises:
        HangsError: It did not come to its end.
    """
    told: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            told.append(call())
        except BaseException as error:  # noqa: BLE001  # raised again below
            errors.append(error)

    thread = threading.Thread(target=run, name="uptime_core-check", daemon=True)
    thread.start()
    thread.join(HANGS_AFTER)
    if errors:
        raise errors[0]
    if not told:
        raise HangsError(f"it hangs: it has no end after {HANGS_AFTER:g} seconds")
    return told[0]


def at_once(threads: int, call: Callable[[int], Result]) -> list[Result]:
    """What a function gives in several threads that begin at the same moment.

    The interpreter goes from thread to thread as often as it can meanwhile.

    Args:
        threads: How many.
        call: It is given the number of its thread.

    Raises:
        HangsError: One did not come to its end.
    """
    start = threading.Barrier(threads)
    until = time.monotonic() + HANGS_AFTER
    told: dict[int, Result] = {}
    errors: list[BaseException] = []

    def run(number: int) -> None:
        start.wait()
        try:
            told[number] = call(number)
        except BaseException as error:  # noqa: BLE001  # raised again below
            errors.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        running = [
            threading.Thread(target=run, args=(number,), daemon=True)
            for number in range(threads)
        ]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join(max(until - time.monotonic(), 0))
    finally:
        sys.setswitchinterval(interval)
    if errors:
        raise errors[0]
    if len(told) < threads:
        raise HangsError(f"{threads - len(told)} of {threads} threads hang")
    return [told[number] for number in range(threads)]
