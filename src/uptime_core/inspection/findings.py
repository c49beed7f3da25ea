"""What an inspection finds: findings, from those that distort reports to mere notes."""

from __future__ import annotations

import textwrap
from collections import Counter
from typing import TYPE_CHECKING, Any, Literal, get_args

import attrs

from uptime_core.errors import InputError, counted, shown
from uptime_core.inspection.wording import duration, instant
from uptime_core.instants import MICROSECOND, to_datetime, to_micros

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta

    from uptime_core.rejects import RejectedRow

Severity = Literal["error", "warning", "note"]

FindingKind = Literal[
    "no_polls",
    "rejected_rows",
    "quarantined_shops",
    "polls_ahead",
    "unknown_timezones",
    "fleet_holes",
    "missing_hours",
    "missing_timezones",
    "never_polled",
    "timezones_only",
    "sparse_polls",
    "stopped_shops",
    "cadence_changes",
    "missed_rounds",
    "conflicting_polls",
    "one_minute_holes",
    "round_the_clock_rows",
    "ruined_ids",
    "twin_ids",
    "polls_far_older",
    "repeated_polls",
    "overlapping_rows",
    "repeated_rows",
    "missing_weekdays",
    "always_closed",
    "deprecated_timezones",
]
"""The kinds of findings, within a severity the most important first."""

_SEVERITIES: tuple[Severity, ...] = get_args(Severity)
_KINDS: tuple[FindingKind, ...] = get_args(FindingKind)
_WIDTH = 88
_MARGIN = " " * (max(map(len, _SEVERITIES)) + 2)


@attrs.frozen(kw_only=True, repr=False)
class Finding:
    """Something odd in the sources.

    Attributes:
        kind: What it is; ``docs/how-to/check-your-data.md`` lists all kinds.
        severity: `error`, reports are wrong, or lack shops or rows; `warning`, their
            numbers rest on a guess; `note`, nothing need be done.
        count: How many rows, shops or stretches of time it is about.
        summary: What was found, in a sentence.
        meaning: What it does to reports.
        advice: What to do about it.
        examples: A few of them, in words.
        store_ids: All shops that it is about, sorted; empty where it is about none in
            particular.
        intervals: The stretches of time that it is about, in UTC.
    """

    kind: FindingKind
    severity: Severity
    count: int
    summary: str
    meaning: str
    advice: str
    examples: tuple[str, ...] = ()
    store_ids: tuple[str, ...] = ()
    intervals: tuple[tuple[datetime, datetime], ...] = ()

    def __str__(self) -> str:
        head = f"{self.severity:<{len(_MARGIN)}}"
        text = [_wrapped(self.summary, head)]
        text.append(_wrapped(f"{self.meaning} {self.advice}", _MARGIN))
        for number, example in enumerate(self.examples):
            text.append(f"{_MARGIN}{'     ' if number else 'e.g. '}{example}")
        return "\n".join(text)

    def __repr__(self) -> str:
        return f"<Finding: {self.severity}, {self.summary}>"

    def to_dict(self) -> dict[str, Any]:
        """The same for JSON; instants are text."""
        fields = attrs.asdict(self)
        fields["intervals"] = [
            [edge.isoformat() for edge in interval] for interval in self.intervals
        ]
        return fields


def _ranked(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    def rank(finding: Finding) -> tuple[int, int]:
        return _SEVERITIES.index(finding.severity), _KINDS.index(finding.kind)

    return tuple(sorted(findings, key=rank))


@attrs.frozen(kw_only=True, repr=False)
class Inspection:
    """What `inspect` found in a store; `print` it, or show it in a notebook.

    Attributes:
        source: What was inspected.
        shops: How many shops any of the sources knows.
        polls: How many distinct polls there are, by shop and instant.
        first_poll: The oldest poll's instant, or None without any.
        newest_poll: The newest poll's, which is "now" for reports, or None.
        usual_interval: The median time from a poll to the shop's next one, or None if
            no shop has two.
        findings: What was found, the severest first.
        rejected: Every row that could not be read, with its line and reason.
    """

    source: str
    shops: int
    polls: int
    first_poll: datetime | None
    newest_poll: datetime | None
    usual_interval: timedelta | None
    findings: tuple[Finding, ...] = attrs.field(converter=_ranked)
    rejected: tuple[RejectedRow, ...] = ()

    @property
    def severity(self) -> Severity | None:
        """That of the severest finding, or None without any."""
        return self.findings[0].severity if self.findings else None

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found but notes."""
        return self.severity in ("note", None)

    @property
    def verdict(self) -> str:
        """What was inspected and found, in a sentence or two."""
        times = Counter(finding.severity for finding in self.findings)
        found = [counted(times[name], name) for name in _SEVERITIES if times[name]]
        if times["error"]:
            judgement = "Reports are wrong until the errors are put right"
        elif times["warning"]:
            judgement = "Reports can be made, but know what the warnings mean"
        else:
            judgement = "Nothing distorts reports"
        return f"{self._overview}. {judgement}: {_listed(found) or 'nothing found'}."

    @property
    def _overview(self) -> str:
        text = f"{counted(self.shops, 'shop')}, {counted(self.polls, 'poll')}"
        if self.first_poll is None or self.newest_poll is None:
            return text
        first, newest = to_micros(self.first_poll), to_micros(self.newest_poll)
        text = f"{text} from {instant(first).removesuffix(' UTC')} to {instant(newest)}"
        if self.usual_interval is None:
            return text
        every = duration(self.usual_interval // MICROSECOND)
        return f"{text}, usually one every {every} a shop"

    def of_kind(self, kind: FindingKind) -> tuple[Finding, ...]:
        """The findings of a kind.

        Raises:
            InputError: There is no such kind.
        """
        if kind not in _KINDS:
            raise InputError(
                f"{shown(kind)} is none of {', '.join(_KINDS)}", field="kind"
            )
        return tuple(finding for finding in self.findings if finding.kind == kind)

    def to_dict(self) -> dict[str, Any]:
        """All of it for JSON; instants are text, the interval is in seconds."""
        return {
            "source": self.source,
            "shops": self.shops,
            "polls": self.polls,
            "first_poll": self.first_poll and self.first_poll.isoformat(),
            "newest_poll": self.newest_poll and self.newest_poll.isoformat(),
            "usual_interval_seconds": self.usual_interval
            and self.usual_interval.total_seconds(),
            "severity": self.severity,
            "verdict": self.verdict,
            "findings": [finding.to_dict() for finding in self.findings],
            "rejected": [attrs.asdict(row) for row in self.rejected],
        }

    def __str__(self) -> str:
        verdict = textwrap.fill(self.verdict, _WIDTH, break_on_hyphens=False)
        return "\n\n".join([verdict, *map(str, self.findings)])

    def __repr__(self) -> str:
        times = Counter(finding.severity for finding in self.findings)
        found = [counted(times[name], name) for name in _SEVERITIES if times[name]]
        return f"<Inspection: {', '.join([self._overview, *found])}>"

    def _repr_html_(self) -> str:
        from uptime_core.inspection.page import page  # noqa: PLC0415  # for notebooks

        return page(self.verdict, self.findings)


def _wrapped(text: str, head: str) -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=head,
        subsequent_indent=_MARGIN,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _listed(parts: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def utc_intervals(
    edges: Iterable[tuple[int, int]],
) -> tuple[tuple[datetime, datetime], ...]:
    """Stretches of microseconds as pairs of datetimes."""
    return tuple((to_datetime(start), to_datetime(end)) for start, end in edges)
