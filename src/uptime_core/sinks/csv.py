"""A sink that writes CSV files."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from uptime_core.abc import ReportSink
from uptime_core.errors import (
    InputError,
    StoreBusyError,
    damaged,
    located,
    shown,
)
from uptime_core.job_record import job_text, parse_job
from uptime_core.jobs import JobState, is_report_id
from uptime_core.report_csv import MEASURES, Columns, report_csv
from uptime_core.report_record import parse_report, report_bytes
from uptime_core.sinks.folder import Folder, NewFiles, translated
from uptime_core.sinks.layout import (
    LONGEST_KEY_CONTENT,
    csv_name,
    job_name,
    key_content,
    key_name,
    made_names,
    mark_name,
    parse_key_content,
    report_id_of,
    report_name,
)
from uptime_core.sinks.swaps import may_be_key, may_swap, queue_is_full, selected
from uptime_core.window import DEFAULT_WINDOWS

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from uptime_core.jobs import Job
    from uptime_core.report import Report

_LONGEST_JOB = 2**26
_LONGEST_REPORT = 2**32


class CsvSink(ReportSink):
    """Keeps jobs and reports in a folder, the reports as CSV files for people.

    The folder is to be on a disk of this machine, and holds:

    * ``<report_id>.csv``, as `Report.to_csv` writes it: complete, or not there.
    * ``<report_id>.json``, the job. What it says is what holds: a file of the others
      that does not agree with it is left over from a process that was killed.
    * ``<report_id>.<fence>.report``, the exact report that a job has made.
    * ``active``, with an empty file for each job that is queued or running, and
      ``keys``, with a file for each idempotency key, that holds the report's id.
    * ``partial``, with files that are being written, and ``.lock``, which is held by
      whoever changes something.

    Args:
        directory: The folder; made if it does not exist, its parents are not.
        columns: As `Report.to_csv` takes it; likewise the next two.
        decimals: Digits after the point.
        excel_safe: Escape ids that a spreadsheet would take for a formula.
        timeout: For how many seconds the lock is waited for.

    Raises:
        InputError: An argument is none of these.
        BackEndError: The folder cannot be made or read, or the system has no locks
            that end with the process (Windows).
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        columns: Columns = "full",
        decimals: int = 4,
        excel_safe: bool = True,
        timeout: float = 30.0,
    ) -> None:
        _check_format(columns, decimals, excel_safe)
        self._columns: Columns = columns
        self._decimals = decimals
        self._excel_safe = excel_safe
        self._folder = Folder(directory, ("active", "keys"), timeout)
        with self._translated():
            try:
                with self._folder.locked(timeout=0):
                    self._clean()
            except StoreBusyError:
                pass  # it can wait until somebody else finds the folder free

    def job(self, report_id: str) -> Job | None:
        """The job of this id, or None.

        Raises:
            StoreCorruptError: Its file is damaged.
        """
        if not is_report_id(report_id):
            return None
        with self._translated():
            return self._job(report_id)

    def jobs(
        self, *, active: bool = False, idempotency_key: str | None = None
    ) -> Sequence[Job]:
        """Jobs, sorted by `created_at` and id; see `ReportSink.jobs`.

        Raises:
            StoreCorruptError: The file of one is damaged.
        """
        if not may_be_key(idempotency_key):
            return ()
        with self._translated():
            if idempotency_key is not None:
                report_id = self._key_holder(idempotency_key)
                report_ids = [] if report_id is None else [report_id]
            elif active:
                report_ids = self._marked()
            else:
                # A listing may miss a file that is replaced at the same moment.
                with self._folder.locked():
                    names = self._folder.names()
                found = (name.removesuffix(".json") for name in names)
                report_ids = list(filter(is_report_id, found))
            jobs = [job for job in map(self._job, report_ids) if job is not None]
        return selected(jobs, active=active, idempotency_key=idempotency_key)

    def swap(
        self,
        old: Job | None,
        new: Job | None,
        *,
        report: Report | None = None,
        most_active: int | None = None,
    ) -> bool:
        """Put a job in the place of another; see `ReportSink.swap`.

        Raises:
            QueueFullError: `most_active` are queued or running.
            InputError: The jobs are not of one report, or the report is not due; or
                it does not have the windows of the columns asked for.
            IllegalTransitionError: The old job is in a final state.
            StoreBusyError: Another process kept the folder locked for too long.
            StoreFullError: There is no room left; nothing changed.
        """
        if not may_swap(old, new, report):
            return False
        contents = {}
        if new is not None:
            key = new.idempotency_key if old is None else None
            contents = self._contents(new, report, key)
        with (
            self._translated(),
            self._folder.new_files(contents) as files,
            self._folder.locked(),
        ):
            if old is None:
                return new is not None and self._add(new, files, most_active)
            current = self._job(old.report_id)
            if current is None or current.revision != old.revision:
                return False
            if new is None:
                self._delete(current)
            else:
                self._put(new, files)
            return True

    def report(self, report_id: str) -> Report | None:
        """The report of a complete job, or None.

        Raises:
            StoreCorruptError: A file of it is damaged or missing.
        """
        job = self.job(report_id)
        if job is None or job.state is not JobState.COMPLETE:
            return None
        name = report_name(job)
        path = str(self._folder.path / name)
        with self._translated():
            data = self._folder.read(name, _LONGEST_REPORT)
        if data is not None:
            return parse_report(data, path)
        if self.job(report_id) is None:
            return None  # deleted in between
        raise damaged(path, "the report is complete, its file is missing")

    def csv_path(self, report_id: str) -> Path | None:
        """The CSV file of a complete report, or None if there is none.

        Raises:
            StoreCorruptError: The file of its job is damaged.
        """
        job = self.job(report_id)
        if job is None or job.state is not JobState.COMPLETE:
            return None
        path = self._folder.path / csv_name(report_id)
        return path if path.is_file() and not path.is_symlink() else None

    def __repr__(self) -> str:
        return f"<CsvSink: {self._folder.path}>"

    def _translated(self) -> AbstractContextManager[None]:
        return translated(self._folder.path)

    def _job(self, report_id: str) -> Job | None:
        name = job_name(report_id)
        data = self._folder.read(name, _LONGEST_JOB)
        if data is None:
            return None
        source = str(self._folder.path / name)
        try:
            job = parse_job(data.decode(), source)
        except UnicodeDecodeError as error:
            raise damaged(source, f"it is no text ({error})") from error
        if job.report_id != report_id:
            raise damaged(source, "it is the file of another report")
        return job

    def _contents(
        self, job: Job, report: Report | None, key: str | None
    ) -> dict[str, bytes]:
        """The new files of a job, and of a key that is new, by name."""
        text = job_text(job).encode() + b"\n"
        if len(text) > _LONGEST_JOB:
            reason = (
                f"the request takes more than {_LONGEST_JOB:,} bytes; list fewer shops"
            )
            raise InputError(reason, source="swap")
        contents = {job_name(job.report_id): text}
        if report is not None:
            contents[report_name(job)] = report_bytes(report)
            contents[csv_name(job.report_id)] = report.to_csv(
                None, self._columns, self._decimals, self._excel_safe
            ).encode()
        if key is not None:
            contents[key_name(key)] = key_content(job.report_id)
        return contents

    def _add(self, job: Job, files: NewFiles, most_active: int | None) -> bool:
        key = job.idempotency_key
        if self._job(job.report_id) is not None:
            return False
        if key is not None:
            holder = self._key_holder(key)
            other = None if holder is None else self._job(holder)
            if other is not None and other.idempotency_key == key:
                return False
        if most_active is not None and len(self._marked()) >= most_active:
            self._remove_stale_marks()
            if len(self._marked()) >= most_active:
                raise queue_is_full(most_active)
        self._folder.remove_partial()
        try:
            if key is not None:
                files.put(key_name(key))
                self._folder.sync("keys")
            if not job.state.is_final:
                self._folder.mark(mark_name(job.report_id))
            self._put(job, files)
        except OSError:
            self._delete(job)
            raise
        return True

    def _put(self, job: Job, files: NewFiles) -> None:
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

    def _delete(self, job: Job) -> None:
        """Remove a job; its own file is the first one: from then on, it is gone."""
        self._folder.remove(job_name(job.report_id))
        self._folder.sync()
        with suppress(OSError):
            self._folder.remove(mark_name(job.report_id), *made_names(job))
            if job.idempotency_key is not None:
                self._folder.remove(key_name(job.idempotency_key))

    def _marked(self) -> list[str]:
        """The ids of the jobs that may be active; no other is."""
        return list(filter(is_report_id, self._folder.names("active")))

    def _remove_stale_marks(self) -> None:
        for report_id in self._marked():
            job = self._job(report_id)
            if job is None or job.state.is_final:
                self._folder.remove(mark_name(report_id))

    def _key_holder(self, key: str) -> str | None:
        """The id of the only job that may have this key, or None."""
        name = key_name(key)
        content = self._folder.read(name, LONGEST_KEY_CONTENT)
        if content is None:
            return None
        return parse_key_content(content, str(self._folder.path / name))

    def _clean(self) -> None:
        """Remove what killed processes left, as far as it can be seen from names."""
        self._folder.remove_partial()
        names = set(self._folder.names())
        for name in names:
            made_by = report_id_of(name)
            if made_by is not None and job_name(made_by) not in names:
                self._folder.remove(name)


def _check_format(columns: Columns, decimals: int, excel_safe: object) -> None:
    with located("CsvSink"):
        if not isinstance(excel_safe, bool):
            raise InputError(
                f"{shown(excel_safe)} is neither True nor False", field="excel_safe"
            )
        no_shops = np.empty(0, dtype=np.int64)
        report_csv(
            (),
            DEFAULT_WINDOWS,
            dict.fromkeys(MEASURES, no_shops.reshape(0, len(DEFAULT_WINDOWS))),
            (no_shops.view("datetime64[us]"), no_shops),
            columns=columns,
            decimals=decimals,
            excel_safe=excel_safe,
        )
