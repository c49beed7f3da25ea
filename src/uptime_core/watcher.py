"""Tells callbacks how far reports are, in a thread that is there while one waits."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from uptime_core.bells import Alarm, Bell
from uptime_core.jobs import JobState
from uptime_core.logs import log, warn
from uptime_core.threads import join

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uptime_core.job_table import JobTable
    from uptime_core.progress import Meter
    from uptime_core.runner import Run

_NAP_SECONDS = 0.25
_SETTLE_SECONDS = 1.0


class Watcher:
    """Watches reports, wherever they are made.

    What is watched is this process's own: it is no part of a job, and nobody else
    knows of it.

    Args:
        table: The jobs.
        runs: What runs in this process, by report; it changes meanwhile.

    Attributes:
        is_over: Whether nothing more is to be told; set by others.
    """

    def __init__(self, table: JobTable, runs: Mapping[str, Run]) -> None:
        self.is_over: bool = False
        self._table = table
        self._runs = runs
        self._watched: dict[str, list[Meter]] = {}
        self._lock = threading.RLock()  # `with` takes it, and nothing else
        self._told = Bell()
        self._news = Alarm()
        self._thread: threading.Thread | None = None
        self._is_telling = False

    def watch(self, report_id: str, meter: Meter) -> None:
        """Tell of a report until it is in its final state, if anybody is to be told."""
        if not meter.is_on:
            return
        with self._lock:
            self._watched.setdefault(report_id, []).append(meter)
            if not self._is_telling:
                self._thread = threading.Thread(
                    target=self._tell, name="uptime_core-progress", daemon=True
                )
                self._thread.start()
                self._is_telling = True
        self.wake()

    def wake(self) -> None:
        """There is something to tell."""
        self._news.ring()

    def settle(self, report_id: str | None = None) -> None:
        """Wait until the last has been told of a report in its final state, or of all.

        A callback that takes its time is waited for a second, and not in itself.
        """
        self.wake()
        if self._thread is not threading.current_thread():
            self._told.wait_for(
                lambda: not self._is_watched(report_id), _SETTLE_SECONDS
            )

    def stop(self, deadline: float) -> None:
        """Tell no more; the thread is waited for as long as in `settle`."""
        self.is_over = True
        self.wake()
        join(self._thread, min(deadline, time.monotonic() + _SETTLE_SECONDS))

    def _is_watched(self, report_id: str | None) -> bool:
        return bool(self._watched) if report_id is None else report_id in self._watched

    def _tell(self) -> None:
        while True:
            with self._lock:
                if self._thread is not threading.current_thread():
                    return  # an interrupt came while it was started: another one tells
                if self.is_over or not self._watched:
                    self._watched.clear()
                    self._is_telling = False
                    self._told.ring()
                    return
                watched = {
                    report_id: list(meters)
                    for report_id, meters in self._watched.items()
                }
            for report_id, meters in watched.items():
                if self._is_told(report_id, meters):
                    self._forget(report_id, meters)
            self._news.wait(_NAP_SECONDS)

    def _is_told(self, report_id: str, meters: list[Meter]) -> bool:
        """Tell of a report; whether that was the last."""
        try:
            seen = self._look(report_id)
            if seen is None:
                return True
            done, total, is_last = seen
            for meter in meters:
                if is_last:
                    meter.finish(total)
                elif total:
                    meter.tell(done, total)
        except Exception as error:  # noqa: BLE001  # a sink may work again later
            log.debug("the progress of report %s is unknown", report_id, exc_info=error)
            return False
        except BaseException as error:  # noqa: BLE001  # the thread must live on
            warn("a progress callback wanted to end its thread", error)
            return True
        return is_last

    def _look(self, report_id: str) -> tuple[int, int, bool] | None:
        """Shops done, shops in all, and whether the report is complete.

        Returns:
            None if it never will be.
        """
        run = self._runs.get(report_id)
        if run is not None:
            return run.done, run.total, False
        job = self._table.sink.job(report_id)
        if job is None or job.state in (JobState.FAILED, JobState.CANCELLED):
            return None
        return job.done, job.total, job.state is JobState.COMPLETE

    def _forget(self, report_id: str, meters: list[Meter]) -> None:
        with self._lock:
            left = [m for m in self._watched.get(report_id, []) if m not in meters]
            if left:
                self._watched[report_id] = left
            else:
                self._watched.pop(report_id, None)
            self._told.ring()
