"""One wait for the end of a report."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from uptime_core import manager_arguments as checked
from uptime_core.errors import ClosedError, StoreBusyError, WaitTimeoutError
from uptime_core.patience import patience

if TYPE_CHECKING:
    from collections.abc import Callable

    from uptime_core.status import ReportStatus

_FIRST_NAP = 0.005
_LONGEST_NAP = 0.25
_LEAST_PATIENCE = 0.25
"""For how long a locked sink is waited for, however little time is left."""


class Waiting:
    """How long to wait yet, looking less and less often.

    Args:
        report_id: The report.
        timeout: For how many seconds in all; None is for ever.

    Raises:
        InputError: `timeout` is no number of seconds.
    """

    def __init__(self, report_id: str, timeout: float | None) -> None:
        self._report_id = report_id
        self._deadline = checked.deadline(timeout)
        self._nap = _FIRST_NAP

    def look(self, status_of: Callable[[str], ReportStatus]) -> ReportStatus:
        """The report's status, if the sink can be read while there is time.

        Raises:
            WaitTimeoutError: It cannot, being locked.
        """
        until = max(self._deadline, time.monotonic() + _LEAST_PATIENCE)
        try:
            with patience(until):
                return status_of(self._report_id)
        except StoreBusyError as error:
            if time.monotonic() < self._deadline:
                raise
            raise WaitTimeoutError(
                f"the state of report {self._report_id} could not be read in time: "
                f"{error}",
                self._report_id,
            ) from error

    def nap(self, status: ReportStatus, *, ended: bool) -> float:
        """For how many seconds to wait before the next look.

        Args:
            status: What was seen, which is not final.
            ended: Whether the manager is closed.

        Raises:
            WaitTimeoutError: The time is over.
            ClosedError: The manager is closed.
        """
        if ended:
            raise ClosedError(
                f"report {self._report_id} is {status.state}, and the manager is "
                "closed; make another one"
            )
        rest = self._deadline - time.monotonic()
        if rest <= 0:
            raise WaitTimeoutError(
                f"report {self._report_id} is still {status.state}; it goes on, wait "
                "again",
                self._report_id,
            )
        nap, self._nap = self._nap, min(2 * self._nap, _LONGEST_NAP)
        return min(nap, rest)
