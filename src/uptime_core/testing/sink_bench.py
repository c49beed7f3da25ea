"""A sink under test, what it should hold, and other eyes on it."""

from __future__ import annotations

from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING

from uptime_core.errors import QueueFullError
from uptime_core.jobs import JobState
from uptime_core.testing.checks import at_once
from uptime_core.testing.failures import (
    BrokenContractError,
    keeps,
    require,
    require_equal,
)
from uptime_core.testing.sink_samples import same

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from uptime_core.abc import ReportSink
    from uptime_core.jobs import Job
    from uptime_core.report import Report
    from uptime_core.testing.back_ends import SinkBackEnd

_ALL = ("sink.durable", "sink.shared", "sink.atomic", "sink.damage", "sink.threads")
"""The sentences about all that a sink holds."""


class SinkBench:
    """A sink in a folder of its own, and dictionaries of what it should hold.

    What is swapped is swapped in both, and all that can be read is compared: from the
    sink, and from another one of the same folder if they may share it.

    Args:
        back_end: Makes the sinks.
        folder: An empty folder.

    Attributes:
        jobs: The jobs that should be there, by id.
        reports: The reports.
        ever: All jobs that were ever swapped in, or should have been.
    """

    def __init__(self, back_end: SinkBackEnd, folder: Path) -> None:
        self.back_end = back_end
        self.folder = folder
        self.jobs: dict[str, Job] = {}
        self.reports: dict[str, Report] = {}
        self.ever: dict[str, str | None] = {}
        self._numbers = count()
        self._opened: list[ReportSink] = []
        self._sink: ReportSink | None = None
        self._second: ReportSink | None = None

    @property
    def place(self) -> Path:
        """The folder of the sink."""
        return self.folder / "place"

    @property
    def sink(self) -> ReportSink:
        """The sink under test, made when it is first asked for."""
        if self._sink is None:
            self._sink = self.open()
        return self._sink

    @property
    def second(self) -> ReportSink:
        """Another sink of the same place, or the same one where there is no other."""
        if self._second is None:
            self._second = self.open() if self.back_end.shared else self.sink
        return self._second

    def take_turns(self) -> None:
        """Let the other sink of the place be the one under test, if there is one."""
        if self.back_end.shared:
            self._sink, self._second = self.second, self.sink

    def open(self) -> ReportSink:
        """One more sink of the place."""
        self.place.mkdir(exist_ok=True)
        sink = self.back_end.make_sink(self.place)
        self._opened.append(sink)
        return sink

    def anew(self) -> SinkBench:
        """Another bench, with another folder and nothing in it."""
        folder = self.folder / f"anew-{next(self._numbers)}"
        folder.mkdir()
        return SinkBench(self.back_end, folder)

    def close(self) -> None:
        """Close all sinks."""
        for sink in self._opened:
            with suppress(Exception):  # there are checks of that
                sink.close()

    def reopen(self, *, close: bool = True) -> None:
        """Go on with a new sink of the place, as after a restart.

        Args:
            close: Close the sinks before it; those that are not shared are closed in
                any case.
        """
        if close or not self.back_end.shared:
            self.close()
        self._sink = self._second = None

    def chosen(self, *, active: bool = False, key: str | None = None) -> list[Job]:
        """The jobs that should be there, in their order."""
        jobs = [
            job
            for job in self.jobs.values()
            if not (active and job.state.is_final)
            and (key is None or job.idempotency_key == key)
        ]
        return sorted(jobs, key=lambda job: (job.created_at, job.report_id))

    def note(self, old: Job | None, new: Job | None, report: Report | None) -> None:
        """Let a swap be done, in the dictionaries only."""
        for job in (old, new):
            if job is not None:
                self.ever[job.report_id] = job.idempotency_key
        if new is not None:
            self.jobs[new.report_id] = new
            if report is not None:
                self.reports[new.report_id] = report
        elif old is not None:
            del self.jobs[old.report_id]
            self.reports.pop(old.report_id, None)

    def swap(
        self,
        old: Job | None,
        new: Job | None,
        *,
        report: Report | None = None,
        most_active: int | None = None,
    ) -> bool:
        """Swap jobs in the sink and in the dictionaries, and compare the outcome."""
        if old is None and new is not None:
            return self.add(new, report=report, most_active=most_active)
        there = None if old is None else self.jobs.get(old.report_id)
        expected = there is not None and old is not None
        expected = expected and there.revision == old.revision  # type: ignore[union-attr]  # as said
        with keeps("sink.swap" if new is not None else "sink.delete"):
            done = self.sink.swap(old, new, report=report, most_active=most_active)
            require_equal(f"swap({old}, {new})", done, expected)
        if expected:
            self.note(old, new, report)
        return expected

    def add(
        self, new: Job, *, report: Report | None = None, most_active: int | None = None
    ) -> bool:
        """Add a job to the sink and to the dictionaries, and compare the outcome."""
        self.ever.setdefault(new.report_id, new.idempotency_key)
        key = new.idempotency_key
        taken = new.report_id in self.jobs or (
            key is not None and bool(self.chosen(key=key))
        )
        active = len(self.chosen(active=True))
        if not taken and most_active is not None and active >= most_active:
            with keeps("sink.most-active"):
                try:
                    self.sink.swap(None, new, report=report, most_active=most_active)
                except QueueFullError:
                    return False
                told = f"one more than {most_active} was added to {active}"
                require(holds=False, told=told)
        sentence_id = "sink.swap" if key is None else "sink.key"
        if taken:
            sentence_id = "sink.add"
        elif most_active is not None:
            sentence_id = "sink.most-active"
        with keeps(sentence_id):
            done = self.sink.swap(None, new, report=report, most_active=most_active)
            require_equal(f"swap(None, {new})", done, not taken)
        if not taken:
            self.note(None, new, report)
        return not taken

    def swap_at_once(self, old: Job, new: Sequence[Job]) -> None:
        """Let threads put jobs in the place of one at once; one of them does."""
        sinks, there = (self.sink, self.second), self.jobs.get(old.report_id)
        expected = there is not None and there.revision == old.revision
        with keeps("sink.one-wins"):
            done = at_once(len(new), lambda n: sinks[n % 2].swap(old, new[n]))
            require_equal("how many swaps were done", done.count(True), int(expected))
        if expected:
            self.note(old, new[done.index(True)], None)

    def holds(self, sentence_id: str = "sink.job") -> None:
        """Fail unless everybody sees what the dictionaries hold.

        Args:
            sentence_id: The sentence that is broken if jobs are other ones, or, if it
                is one about all that a sink holds, if anything is.
        """
        self.is_held_by(self.sink, sentence_id)
        if self.back_end.shared:
            self.is_held_by(self.second, "sink.shared")

    def is_held_by(self, sink: ReportSink, sentence_id: str = "sink.job") -> None:
        """Fail unless a sink holds what the dictionaries do."""
        if sentence_id in _ALL:
            try:
                self._is_held_by(sink, sentence_id)
            except BrokenContractError as error:
                raise BrokenContractError(sentence_id, error.told) from error
        else:
            self._is_held_by(sink, sentence_id)

    def _is_held_by(self, sink: ReportSink, sentence_id: str) -> None:
        jobs = self.chosen()
        with keeps(sentence_id):
            for report_id in self.ever:
                expected = self.jobs.get(report_id)
                require_equal(f"job({report_id!r})", sink.job(report_id), expected)
            told = list(sink.jobs())
            by_id = {job.report_id: job for job in told}
            require_equal("jobs(), by id", by_id, {job.report_id: job for job in jobs})
        with keeps("sink.order"):
            require_equal("jobs()", told, jobs)
        with keeps("sink.active"):
            active = self.chosen(active=True)
            require_equal("jobs(active=True)", list(sink.jobs(active=True)), active)
        with keeps("sink.key"):
            for key in {*self.ever.values()} - {None}:
                found = list(sink.jobs(idempotency_key=key))
                held = self.chosen(key=key)
                require_equal(f"jobs(idempotency_key={key!r})", found, held)
                both = list(sink.jobs(idempotency_key=key, active=True))
                active = [job for job in held if not job.state.is_final]
                require_equal(f"active jobs with the key {key!r}", both, active)
        with keeps("sink.report"):
            for report_id in self.ever:
                self._require_report(sink, report_id)

    def _require_report(self, sink: ReportSink, report_id: str) -> None:
        job, report = self.jobs.get(report_id), sink.report(report_id)
        if job is not None and job.state is JobState.COMPLETE:
            right = same(report, self.reports[report_id])
            require(right, f"report({report_id!r}) is not as it was stored: {report}")
        else:
            require_equal(f"report({report_id!r})", report, None)
