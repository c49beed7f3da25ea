"""How far a piece of work is, told to a callback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import attrs

from uptime_core.errors import InputError, shown
from uptime_core.logs import warn

Phase = Literal["read", "compute", "inspect"]
ProgressUnit = Literal["bytes", "shops"]


@attrs.frozen
class Progress:
    """How far a piece of work is.

    Within a phase `done` never falls, and in the end it equals `total`.

    Attributes:
        phase: What goes on, `read` of files, `compute` of a report or `inspect` of a
            store.
        done: How much of it is done.
        total: How much there is to do, as far as known.
        unit: What is counted, `bytes` of files as they are on disk, or `shops`.
    """

    phase: Phase
    done: int
    total: int
    unit: ProgressUnit

    @property
    def share(self) -> float:
        """Done of total, from 0 to 1; 1 where there is nothing to do."""
        return self.done / self.total if self.total else 1.0


ProgressCallback: TypeAlias = Callable[[Progress], object]
"""What is told; what it returns is ignored."""


class Meter:
    """Tells a callback how far one phase is, if there is a callback.

    Nothing that a callback raises stops the work: the first exception is logged as a
    warning, and the callback is not called again. Interrupts pass through.

    Args:
        callback: What is told; None is nobody.
        phase: What goes on.
        unit: What is counted.

    Raises:
        InputError: `callback` cannot be called.
    """

    def __init__(
        self, callback: ProgressCallback | None, phase: Phase, unit: ProgressUnit
    ) -> None:
        if callback is not None and not callable(callback):
            raise InputError(
                f"{shown(callback)} cannot be called; give a function that takes a "
                "Progress",
                source="progress",
            )
        self._callback = callback
        self._phase: Phase = phase
        self._unit: ProgressUnit = unit
        self._done = 0
        self._told: Progress | None = None

    @property
    def is_on(self) -> bool:
        """Whether anybody is told."""
        return self._callback is not None

    def tell(self, done: int, total: int) -> None:
        """Say that so much is done; never less than before, nor the same twice."""
        if self._callback is None:
            return
        self._done = max(self._done, min(done, total))
        progress = Progress(self._phase, self._done, max(total, self._done), self._unit)
        if progress == self._told:
            return
        self._told = progress
        try:
            self._callback(progress)
        except Exception as error:  # noqa: BLE001  # whatever a caller's code may do
            self._callback = None
            warn("a progress callback failed, and is not called again", error)

    def finish(self, total: int) -> None:
        """Say that all is done."""
        self.tell(total, total)
