"""Runs checks: each on a bench of its own, and given up if it hangs."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from uptime_core.testing.checks import Check, in_time
from uptime_core.testing.failures import BrokenContractError, ManyBrokenError, keeps
from uptime_core.testing.folders import scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class SupportsClose(Protocol):
    """What a check works on."""

    def close(self) -> None:
        """Close what was opened."""


Bench = TypeVar("Bench", bound=SupportsClose)


def run_check(check: Check[Bench], make: Callable[[], Bench]) -> None:
    """Run a check.

    Args:
        check: The check.
        make: Makes its bench.

    Raises:
        BrokenContractError: The contract is broken; it says which sentence.
    """

    def run() -> None:
        bench = make()
        try:
            check.run(bench)
        finally:
            bench.close()

    with keeps(check.sentences[0]):
        in_time(run)


def run_checks(
    what: str, checks: Iterable[Check[Bench]], make: Callable[[Path], Bench]
) -> tuple[str, ...]:
    """Run checks, each in an empty folder.

    Args:
        what: What is tried, for the message.
        checks: The checks.
        make: Makes the bench of a folder.

    Returns:
        Their names.

    Raises:
        ManyBrokenError: Some found the contract broken.
    """
    broken: dict[str, BrokenContractError] = {}
    passed = []
    for check in checks:
        with scratch() as folder:
            try:
                run_check(check, partial(make, Path(folder)))
            except BrokenContractError as error:
                broken[check.name] = error
            else:
                passed.append(check.name)
    if broken:
        raise ManyBrokenError(what, broken)
    return tuple(passed)
