"""What became of the rows of files that were loaded into a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from uptime_core.errors import counted
from uptime_core.ingest import IngestResult

if TYPE_CHECKING:
    from uptime_core.rejects import RejectedRow

_THINGS = {
    "polls": ("poll", ""),
    "hours": ("row", " of hours"),
    "time zones": ("time zone", ""),
}


@attrs.frozen(kw_only=True, repr=False)
class LoadResult:
    """What became of the rows of some files.

    Attributes:
        polls: What became of the polls, or None if no such file was given.
        hours: The same for the business hours.
        timezones: The same for the time zones.
        quarantined: How many shops are in quarantine because of rejected rows of
            hours and zones in these files.
    """

    polls: IngestResult | None = None
    hours: IngestResult | None = None
    timezones: IngestResult | None = None
    quarantined: int = 0

    @property
    def rejected(self) -> tuple[RejectedRow, ...]:
        """The rows of all files that could not be read, with their reasons."""
        return self._total.rejected

    @property
    def _by_name(self) -> dict[str, IngestResult]:
        results = (self.polls, self.hours, self.timezones)
        return {
            name: result
            for name, result in zip(_THINGS, results, strict=True)
            if result is not None
        }

    @property
    def _total(self) -> IngestResult:
        return sum(self._by_name.values(), IngestResult())

    def __str__(self) -> str:
        total = self._total
        if total.added or total.removed:
            parts = [f"{name}: {one}" for name, one in self._by_name.items()]
        else:
            parts = [self._nothing_new(total)]
        if self.quarantined:
            parts.append(f"{counted(self.quarantined, 'shop')} in quarantine")
        return "; ".join(parts)

    def _nothing_new(self, total: IngestResult) -> str:
        there = []
        for name, result in self._by_name.items():
            thing, rest = _THINGS[name]
            there.append(counted(result.repeated, thing) + rest)
        text = f"{', '.join(there)} there already"
        if total.expired:
            text += f", {total.expired:,} from before the horizon"
        if total.rejected:
            text += f", {len(total.rejected):,} rejected"
        # A shop that is put in quarantine is new to it, though no row is.
        return f"no rows added: {text}" if self.quarantined else f"nothing new: {text}"

    def __repr__(self) -> str:
        return f"<LoadResult: {self}>"
