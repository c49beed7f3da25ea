"""Progress bars of tqdm, on terminals and in notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from uptime_core.extras import needed

with needed("tqdm"):
    from tqdm.auto import tqdm

if TYPE_CHECKING:
    from types import TracebackType

    from uptime_core.progress import Phase, Progress

_UNITS = {"bytes": ("B", True), "shops": (" shops", False)}


class ProgressBar:
    """What draws a bar for each phase; made by `progress_bar`."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        self._phase: Phase | None = None
        self._bar: Any = None

    def __call__(self, progress: Progress) -> None:
        """Draw how far a piece of work is."""
        if self._bar is None or progress.phase != self._phase:
            self.close()
            unit, is_scaled = _UNITS[progress.unit]
            own = {"desc": progress.phase, "unit": unit, "unit_scale": is_scaled}
            self._bar = tqdm(total=progress.total, **(own | self._options))
            self._phase = progress.phase
        self._bar.total = progress.total
        self._bar.update(progress.done - self._bar.n)
        if progress.done == progress.total:
            self.close()

    def close(self) -> None:
        """End the bar, wherever it is; closing twice is allowed."""
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def progress_bar(**options: Any) -> ProgressBar:  # noqa: ANN401  # those of tqdm
    """A callback that shows a bar, in a notebook one of its own kind.

    A bar ends when all is done; leaving a ``with`` block ends it sooner:

        with progress_bar() as bar:
            load_csv(store, polls="polls.csv", progress=bar)

    Args:
        options: What `tqdm.tqdm` takes, like ``leave=False`` or ``disable=None``.
    """
    return ProgressBar(options)
