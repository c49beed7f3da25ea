"""The files of a `CsvSink`, as far as they keep jobs; see there."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from uptime_core.errors import StoreCorruptError, damaged_report
from uptime_core.job_record import parse_job
from uptime_core.jobs import JobState, is_report_id
from uptime_core.report_record import read_report
from uptime_core.sinks.layout import (
    LONGEST_KEY_CONTENT,
    csv_name,
    job_name,
    key_name,
    made_names,
    mark_name,
    parse_key_content,
    report_id_of,
    report_name,
)
from uptime_core.sinks.swaps import queue_is_full

if TYPE_CHECKING:
    from pathlib import Path

    from uptime_core.jobs import Job
    from uptime_core.report import Report
    from uptime_core.sinks.folder import Folder, NewFiles

LONGEST_JOB = 2**26
_LONGEST_REPORT = 2**32


class JobFiles:
    """Jobs in a folder; whoever changes them holds its lock.

    Args:
        folder: The folder.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def find(self, report_id: str) -> Job | None:
        """The job of an id, or None.

        Raises:
            StoreCorruptError: Its file is damaged.
        """
        name = job_name(report_id)
        data = self._folder.read(name, LONGEST_JOB)
        if data is None:
            return None
        source = self._source(name)
        job = parse_job(data, source)
        if job.report_id != report_id:
            raise damaged_report(source, "it is the file of another report")
        return job

    def ids(self) -> list[str]:
        """The ids of all jobs."""
        found = (name.removesuffix(".json") for name in self._folder.names())
        return list(filter(is_report_id, found))

    def marked(self) -> list[str]:
        """The ids of the jobs that may be active; no other is."""
        return list(filter(is_report_id, self._folder.names("active")))

    def holder(self, key: str) -> Job | None:
        """The job with a key, or None.

        Raises:
            StoreCorruptError: Its file, or that of the key, is damaged.
        """
        name = key_name(key)
        report_id = self._key_content(name)
        job = None if report_id is None else self.find(report_id)
        if job is not None and job.idempotency_key != key:
            raise self._strange_key(name, job)
        return job

    def report(self, job: Job) -> Report | None:
        """The report of a complete job, or None if its file is not there.

        Raises:
            StoreCorruptError: It is damaged.
        """
        name = report_name(job)
        with self._folder.opened(name, _LONGEST_REPORT) as stream:
            return None if stream is None else read_report(stream, self._source(name))

    def missing(self, job: Job) -> StoreCorruptError:
        """The error for a complete job without its report."""
        return damaged_report(
            self._source(report_name(job)),
            "the report is complete, its file is missing",
        )

    def csv_path(self, report_id: str) -> Path | None:
        """The CSV file of a complete report, or None if it is not there."""
        path = self._folder.path / csv_name(report_id)
        return path if path.is_file() and not path.is_symlink() else None

    def add(self, job: Job, files: NewFiles, most_active: int | None) -> bool:
        """Add a job, unless its id or its key is there.

        Raises:
            QueueFullError: `most_active` are queued or running.
        """
        key = job.idempotency_key
        if self.find(job.report_id) is not None:
            return False
        if key is not None and self.holder(key) is not None:
            return False
        if most_active is not None and len(self.marked()) >= most_active:
            self._remove_stale_marks()
            if len(self.marked()) >= most_active:
                raise queue_is_full(most_active)
        self._folder.remove_partial()
        try:
            if key is not None:
                files.put(key_name(key))
                self._folder.sync("keys")
            if not job.state.is_final:
                self._folder.mark(mark_name(job.report_id))
            self.put(job, files)
        except OSError:
            self.remove(job)
            raise
        return True

    def put(self, job: Job, files: NewFiles) -> None:
        """Put the files of a job in their places.

        The job's own is the last one: from then on, what it says holds. After an
        error it is as it was.
        """
        made = [name for name in made_names(job) if name in files]
        try:
            for name in made:
                files.put(name)
            if made:
                self._folder.sync()
            files.put(job_name(job.report_id))
        except OSError:
            with suppress(OSError):
                self._folder.remove(*made)
            raise
        self._folder.sync()
        if job.state.is_final:
            made_before = made_names(job)
            if job.state is JobState.COMPLETE:
                made_before = made_before[2:]
            with suppress(OSError):
                self._folder.remove(mark_name(job.report_id), *made_before)

    def remove(self, job: Job) -> None:
        """Remove a job; its own file is the first one: from then on, it is gone."""
        self._remove(job.report_id, made_names(job))
        if job.idempotency_key is not None:
            with suppress(OSError):
                self._folder.remove(key_name(job.idempotency_key))

    def discard(self, report_id: str) -> bool:
        """Remove a job whose file is damaged; no other.

        Which its key is was in the job's file, so the files of all keys are looked at.
        """
        try:
            self.find(report_id)
        except StoreCorruptError:
            names = self._folder.names()
            self._remove(
                report_id,
                [name for name in names if report_id_of(name) == report_id]
                + self._key_files(report_id),
            )
            return True
        return False

    def check(self) -> None:
        """See whether all there is can be trusted.

        Raises:
            StoreCorruptError: It cannot.
        """
        marked = set(self.marked())
        keys = {}
        for key_file in self._folder.names("keys"):
            name = f"keys/{key_file}"
            keys[name] = self._key_content(name)
        named = {report_id: name for name, report_id in keys.items()}
        for report_id in sorted(self.ids()):
            job = self.find(report_id)
            if job is None:
                continue
            key = job.idempotency_key
            own = None if key is None else key_name(key)
            if own is not None and keys.get(own) != report_id:
                raise damaged_report(
                    self._source(own), f"it is not that of report {report_id}"
                )
            if named.get(report_id, own) != own:
                raise self._strange_key(named[report_id], job)
            if not job.state.is_final and report_id not in marked:
                raise damaged_report(
                    self._source(mark_name(report_id)),
                    f"it is missing, though the report is {job.state}",
                )
            if job.state is JobState.COMPLETE:
                self._check_report(job)

    def clean(self) -> None:
        """Remove what killed processes left, as far as it can be seen from names."""
        self._folder.remove_partial()
        names = set(self._folder.names())
        for name in names:
            made_by = report_id_of(name)
            if made_by is not None and job_name(made_by) not in names:
                with suppress(OSError):  # it can wait, as where one can only read
                    self._folder.remove(name)

    def _check_report(self, job: Job) -> None:
        if self.report(job) is None:
            raise self.missing(job)
        if self.csv_path(job.report_id) is None:
            raise damaged_report(
                self._source(csv_name(job.report_id)),
                "the report is complete, its CSV file is missing",
            )

    def _remove(self, report_id: str, names: list[str]) -> None:
        self._folder.remove(job_name(report_id))
        self._folder.sync()
        with suppress(OSError):
            self._folder.remove(mark_name(report_id), *names)

    def _remove_stale_marks(self) -> None:
        for report_id in self.marked():
            with suppress(StoreCorruptError):  # it may be active
                job = self.find(report_id)
                if job is None or job.state.is_final:
                    self._folder.remove(mark_name(report_id))

    def _key_files(self, report_id: str) -> list[str]:
        """The files of keys that name a report, as far as they can be read."""
        found = []
        for key_file in self._folder.names("keys"):
            name = f"keys/{key_file}"
            with suppress(StoreCorruptError):
                if self._key_content(name) == report_id:
                    found.append(name)
        return found

    def _strange_key(self, name: str, job: Job) -> StoreCorruptError:
        return damaged_report(
            self._source(name),
            f"the file of a key names report {job.report_id}, which has another key",
        )

    def _key_content(self, name: str) -> str | None:
        content = self._folder.read(name, LONGEST_KEY_CONTENT)
        if content is None:
            return None
        return parse_key_content(content, self._source(name))

    def _source(self, name: str) -> str:
        return str(self._folder.path / name)
