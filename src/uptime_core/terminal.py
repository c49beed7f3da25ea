"""A bar on the terminal of standard error, while there is something to wait for."""

from __future__ import annotations

import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptime_core.progress import Progress, ProgressCallback

_LONGEST_BAR = 40
_BESIDE = len("inspect [] 100 % ")


@contextmanager
def progress_bar() -> Iterator[ProgressCallback | None]:
    """What draws a bar, which is gone in the end; None where there is no terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    try:
        yield _Bar()
    finally:
        _write("\r\x1b[K")


class _Bar:
    """Draws a `Progress` over the one before, if it looks otherwise."""

    def __init__(self) -> None:
        from shutil import get_terminal_size  # noqa: PLC0415  # 2 ms, for terminals only

        columns = get_terminal_size().columns
        self._length = max(min(columns - _BESIDE, _LONGEST_BAR), 0)
        self._drawn = ""

    def __call__(self, progress: Progress) -> None:
        full = int(self._length * progress.share)
        bar = f"[{'#' * full:.<{self._length}}] " if self._length else ""
        text = f"{progress.phase:<7} {bar}{int(100 * progress.share):3d} %"
        if text != self._drawn:
            self._drawn = text
            _write(f"\r{text}")


def _write(text: str) -> None:
    with suppress(OSError):
        sys.stderr.write(text)
        sys.stderr.flush()
