"""A sink that writes CSV files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uptime_core.abc import ReportSink
from uptime_core.closing import Closing
from uptime_core.errors import (
    InputError,
    StoreBusyError,
    StoreCorruptError,
    located,
)
from uptime_core.job_record import job_text
from uptime_core.jobs import JobState, is_report_id
from uptime_core.logs import warn
from uptime_core.report_csv import MEASURES, Columns, report_csv
from uptime_core.report_record import report_bytes
from uptime_core.sinks.folder import Folder, translated
from uptime_core.sinks.job_files import LONGEST_JOB, JobFiles
from uptime_core.sinks.layout import (
    csv_name,
    job_name,
    key_content,
    key_name,
    report_name,
)
from uptime_core.sinks.swaps import may_be_key, may_swap, selected
from uptime_core.values import flag
from uptime_core.window import DEFAULT_WINDOWS

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from uptime_core.jobs import Job
    from uptime_core.report import Report


class CsvSink(Closing, ReportSink):
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
        self._files = JobFiles(self._folder)
        self._left_out: set[str] = set()
        with self._translated():
            try:
                with self._folder.locked(timeout=0):
                    self._files.clean()
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
            return self._files.find(report_id)

    def jobs(
        self, *, active: bool = False, idempotency_key: str | None = None
    ) -> Sequence[Job]:
        """Jobs, sorted by `created_at` and id; see `ReportSink.jobs`.

        Raises:
            StoreCorruptError: The one with the key is damaged.
        """
        active = flag(active, "jobs", "active")
        if not may_be_key(idempotency_key):
            return ()
        with self._translated():
            if idempotency_key is not None:
                holder = self._files.holder(idempotency_key)
                jobs = [] if holder is None else [holder]
            elif active:
                jobs = self._readable(self._files.marked())
            else:
                # A listing may miss a file that is replaced at the same moment.
                with self._folder.locked():
                    report_ids = self._files.ids()
                jobs = self._readable(report_ids)
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
        if not may_swap(old, new, report, most_active):
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
                return new is not None and self._files.add(new, files, most_active)
            current = self._files.find(old.report_id)
            if current is None or current.revision != old.revision:
                return False
            if new is None:
                self._files.remove(current)
            else:
                self._files.put(new, files)
            return True

    def report(self, report_id: str) -> Report | None:
        """The report of a complete job, or None.

        Raises:
            StoreCorruptError: A file of it is damaged or missing.
        """
        job = self.job(report_id)
        if job is None or job.state is not JobState.COMPLETE:
            return None
        with self._translated():
            report = self._files.report(job)
        if report is None and self.job(report_id) is not None:
            raise self._files.missing(job)
        return report  # None if it was deleted in between

    def csv_path(self, report_id: str) -> Path | None:
        """The CSV file of a complete report, or None if there is none.

        Raises:
            StoreCorruptError: The file of its job is damaged.
        """
        job = self.job(report_id)
        if job is None or job.state is not JobState.COMPLETE:
            return None
        return self._files.csv_path(report_id)

    def discard(self, report_id: str) -> bool:
        """Remove a report whose job is damaged; see `ReportSink.discard`."""
        if not is_report_id(report_id):
            return False
        with self._translated(), self._folder.locked():
            return self._files.discard(report_id)

    def check(self) -> None:
        """Read all there is and see whether it can be trusted; others wait meanwhile.

        Raises:
            StoreCorruptError: It cannot; the message says which file is damaged.
        """
        with self._translated(), self._folder.locked():
            self._files.check()

    def __repr__(self) -> str:
        return f"<CsvSink: {self._folder.path}>"

    def _translated(self) -> AbstractContextManager[None]:
        self._require_open()
        return translated(self._folder.path)

    def _readable(self, report_ids: Iterable[str]) -> list[Job]:
        """The jobs that are not damaged; the others are told of, once."""
        jobs = []
        for report_id in report_ids:
            try:
                job = self._files.find(report_id)
            except StoreCorruptError as error:
                if report_id not in self._left_out:
                    self._left_out.add(report_id)
                    warn("a report is left out", error)
                continue
            if job is not None:
                jobs.append(job)
        return jobs

    def _contents(
        self, job: Job, report: Report | None, key: str | None
    ) -> dict[str, bytes]:
        """The new files of a job, and of a key that is new, by name."""
        text = job_text(job).encode() + b"\n"
        if len(text) > LONGEST_JOB:
            reason = (
                f"the request takes more than {LONGEST_JOB:,} bytes; list fewer shops"
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


def _check_format(columns: Columns, decimals: int, excel_safe: object) -> None:
    with located("CsvSink"):
        no_shops = np.empty(0, dtype=np.int64)
        report_csv(
            (),
            DEFAULT_WINDOWS,
            dict.fromkeys(MEASURES, no_shops.reshape(0, len(DEFAULT_WINDOWS))),
            (no_shops.view("datetime64[us]"), no_shops),
            columns=columns,
            decimals=decimals,
            excel_safe=flag(excel_safe, "CsvSink", "excel_safe"),
        )
