"""Parts of a report for people: a shop's row, a window's sums, all shops together."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import attrs

from uptime_core.errors import InputError, UnknownWindowError, counted, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptime_core.window import Window


@attrs.frozen
class Accounting:
    """The business time of one shop in one window: ``up + down + unknown == open``.

    Attributes:
        up: How long it was up.
        down: How long it was down.
        unknown: For how long no poll speaks.
        open: How long its business hours were.
    """

    up: timedelta
    down: timedelta
    unknown: timedelta
    open: timedelta

    @property
    def ratio(self) -> float | None:
        """The share of up in what was observed, or None if nothing was."""
        observed = self.up + self.down
        return self.up / observed if observed else None

    @property
    def coverage(self) -> float | None:
        """The share of the business time that was observed, or None without any."""
        return (self.up + self.down) / self.open if self.open else None


class _ByWindow:
    """Sums in microseconds, one for each window."""

    __slots__ = ()

    windows: tuple[Window, ...]
    up: tuple[int, ...]
    down: tuple[int, ...]
    unknown: tuple[int, ...]
    open: tuple[int, ...]

    def __getitem__(self, window: str) -> Accounting:
        """The sums of the window of this name.

        Raises:
            UnknownWindowError: The report has no such window.
            InputError: A sum is longer than a timedelta can be.
        """
        for index, candidate in enumerate(self.windows):
            if candidate.name == window:
                sums = (self.up, self.down, self.unknown, self.open)
                try:
                    return Accounting(*(timedelta(microseconds=s[index]) for s in sums))
                except OverflowError:
                    raise InputError(
                        f"the sums of {window!r} are longer than a timedelta can be; "
                        "read the microseconds: .up, .down, .unknown and .open",
                        source="report",
                    ) from None
        names = ", ".join(repr(candidate.name) for candidate in self.windows)
        raise UnknownWindowError(
            f"there is no window {shown(window)}, only {names}", source="report"
        )

    def __iter__(self) -> Iterator[str]:
        """The names of the windows."""
        return (window.name for window in self.windows)


@attrs.frozen
class ReportRow(_ByWindow):
    """One shop's part of a report; ``row["last_day"]`` is its `Accounting`.

    Attributes:
        store_id: The shop.
        windows: The report's windows.
        up: Microseconds up, one for each window; likewise the next three.
        down: Microseconds down.
        unknown: Microseconds unknown.
        open: Microseconds of business time.
        last_poll: The shop's newest poll that the report read, or None.
        poll_count: How many of its polls the report read.
    """

    store_id: str
    windows: tuple[Window, ...]
    up: tuple[int, ...]
    down: tuple[int, ...]
    unknown: tuple[int, ...]
    open: tuple[int, ...]
    last_poll: datetime | None
    poll_count: int


@attrs.frozen(repr=False)
class Totals(_ByWindow):
    """The sums of all shops of a report; ``totals["last_day"]`` is their `Accounting`.

    Time is added up, so every shop weighs by its business time: in `ratio` by what of
    it was observed, in `coverage` by all of it. A shop that is open all week counts
    for more than one that is open two hours a day, and one that was never observed
    does not count for `ratio` at all.

    Attributes:
        shops: How many there are.
        windows: The report's windows.
        up: Microseconds up, one for each window; likewise the next three.
        down: Microseconds down.
        unknown: Microseconds unknown.
        open: Microseconds of business time.
    """

    shops: int
    windows: tuple[Window, ...]
    up: tuple[int, ...]
    down: tuple[int, ...]
    unknown: tuple[int, ...]
    open: tuple[int, ...]

    @property
    def ratio(self) -> tuple[float | None, ...]:
        """Shares of up in what was observed, None where nothing was."""
        observed = map(sum, zip(self.up, self.down, strict=True))
        return tuple(map(_share, self.up, observed))

    @property
    def coverage(self) -> tuple[float | None, ...]:
        """Shares of the business time that was observed, None without any."""
        observed = map(sum, zip(self.up, self.down, strict=True))
        return tuple(map(_share, observed, self.open))

    def __repr__(self) -> str:
        shares = map(_shares_text, self.ratio, self.coverage)
        parts = [f"{name} {text}" for name, text in zip(self, shares, strict=True)]
        shops = counted(self.shops, "shop")
        return f"<Totals: {shops}, weighed by business time: {'; '.join(parts)}>"


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _shares_text(ratio: float | None, coverage: float | None) -> str:
    if coverage is None:
        return "never open"
    if ratio is None:
        return "not observed"
    return f"up {ratio:.2%} of the {coverage:.2%} observed"
