"""Sinks that lose or mix up what other processes need, on purpose."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from zlib import crc32

from uptime_core.job_record import job_text, parse_job
from uptime_core.report_record import parse_report, report_bytes
from uptime_core.sinks.sqlite import SqliteSink
from uptime_core.testing.broken import Faults
from uptime_core.testing.plain_sinks import PlainFileSink, PlainSink
from uptime_core.testing.sink_suite import sink_back_end

if TYPE_CHECKING:
    from pathlib import Path

    from uptime_core.jobs import Job
    from uptime_core.report import Report
    from uptime_core.testing.back_ends import SinkBackEnd

faults: Faults[SinkBackEnd] = Faults(sink_back_end, durable=True)


@faults("sink.durable")
class EndsWithTheProcess(PlainSink):
    """What it holds is in memory only."""


@faults("sink.durable", file="sink.json")
class WritesInPlace(PlainFileSink):
    """The file is written in its place, and is torn when the process ends meanwhile."""

    def save(self, text: str) -> None:
        with self.path.open("w", encoding="utf-8") as file:
            file.write(text[:50])
            file.flush()
            file.write(text[50:])


@faults("sink.durable", file="sink.json")
class WritesLater(PlainFileSink):
    """What a swap has done is written with the next swap, or when it is closed."""

    pending: str | None = None

    def save(self, text: str) -> None:
        if self.pending is not None:
            super().save(self.pending)
        self.pending = text

    def close(self) -> None:
        if self.pending is not None:
            super().save(self.pending)


@faults("sink.durable", "sink.atomic", file="sink.json")
class ReportsApart(PlainFileSink):
    """Reports are in files of their own, which are written after their jobs."""

    def load(self, text: str) -> None:
        super().load(text)
        for path in self.path.parent.glob("*.report"):
            self.all_reports[path.stem] = parse_report(path.read_bytes(), "report")

    def text(self) -> str:
        said = json.loads(super().text())
        return json.dumps({**said, "reports": {}})

    def write(self, old: Job | None, new: Job | None, report: Report | None) -> None:
        super().write(old, new, report)
        if new is not None and report is not None:
            path = self.path.parent / f"{new.report_id}.report"
            with path.open("wb") as file:
                file.write(report_bytes(report))
        if new is None and old is not None:
            (self.path.parent / f"{old.report_id}.report").unlink(missing_ok=True)


@faults("sink.atomic", file="sink.json")
class KeepsWhatCouldNotBeWritten(PlainFileSink):
    """What could not be written to the file is there all the same, for a while."""

    def write(self, old: Job | None, new: Job | None, report: Report | None) -> None:
        PlainSink.write(self, old, new, report)
        self.save(self.text())


@faults("sink.damage", file="sink.json", notices_damage=True)
class TrustsItsFile(PlainFileSink):
    """Reports of a damaged file are read as if they were whole."""

    def load(self, text: str) -> None:
        super().load(text)
        self.all_reports: dict[str, Report] = {
            report_id: parse_report(bytes.fromhex(data), "report")
            for report_id, data in json.loads(text)["reports"].items()
        }


@faults("sink.damage", file="sink.json", notices_damage=True)
class SkipsWhatIsDamaged(PlainFileSink):
    """Jobs and reports that are damaged are taken for some that are not there."""

    def __init__(self, path: Path) -> None:
        PlainSink.__init__(self)
        self.path = path
        if path.exists():
            self.load(path.read_text("utf-8", "replace"))

    def text(self) -> str:
        lines = []
        for report_id, job in self.all_jobs.items():
            report = self.all_reports.get(report_id)
            data = "" if report is None else report_bytes(report).hex()
            line = f"{job_text(job)}\t{data}"
            lines.append(f"{crc32(line.encode()):08x}\t{line}\n")
        return "".join(lines)

    def load(self, text: str) -> None:
        for line in text.split("\n"):
            checksum, _, rest = line.partition("\t")
            if checksum != f"{crc32(rest.encode()):08x}":
                continue
            record, _, data = rest.partition("\t")
            job = parse_job(record, "job")
            self.all_jobs[job.report_id] = job
            if data:
                report = parse_report(bytes.fromhex(data), "report")
                self.all_reports[job.report_id] = report


@faults("sink.shared", file="sink.db", shared=True)
class ReadsJobsOnce(SqliteSink):
    """A job is read once, and is as it was at that moment for ever."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.known: dict[str, Job] = {}

    def job(self, report_id: str) -> Job | None:
        if report_id not in self.known:
            found = super().job(report_id)
            if found is None:
                return None
            self.known[report_id] = found
        return self.known[report_id]


@faults("sink.shared", "sink.crowd", file="sink.db", shared=True)
class CountsItsOwn(SqliteSink):
    """The bound of the queue is that of each sink of the place."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.own: set[str] = set()

    def swap(
        self,
        old: Job | None,
        new: Job | None,
        *,
        report: Report | None = None,
        most_active: int | None = None,
    ) -> bool:
        if old is None and new is not None and most_active is not None:
            others = {job.report_id for job in self.jobs(active=True)} - self.own
            most_active += len(others)
        done = super().swap(old, new, report=report, most_active=most_active)
        if done and new is not None:
            self.own.add(new.report_id)
        return done


@faults("sink.durable", "sink.add", file="sink.json")
class KeysAreFreeAfterARestart(PlainFileSink):
    """The keys of jobs from before a restart can be used again."""

    def load(self, text: str) -> None:
        super().load(text)
        self.old = frozenset(self.all_jobs)

    old: frozenset[str] = frozenset()

    def is_taken(self, new: Job) -> bool:
        keys = {
            job.idempotency_key
            for job in self.all_jobs.values()
            if job.report_id not in self.old
        }
        has_key = new.idempotency_key is not None and new.idempotency_key in keys
        return has_key or new.report_id in self.all_jobs


@faults("sink.durable", "sink.atomic", file="sink.json")
class DeletesInMemory(PlainFileSink):
    """That a job was deleted is written with the next swap."""

    def write(self, old: Job | None, new: Job | None, report: Report | None) -> None:
        if new is not None:
            super().write(old, new, report)
        else:
            PlainSink.write(self, old, new, report)
