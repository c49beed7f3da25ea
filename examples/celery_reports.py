"""The reports of web_service.py, made by Celery's workers.

    export UPTIME_DB=$PWD/uptime.db BROKER_URL=redis://127.0.0.1:6379/0
    celery --workdir examples --app celery_reports worker --concurrency 4
    uvicorn --app-dir examples --factory celery_reports:service --workers 2

The path is absolute, since --workdir changes the folder.

The web processes trigger reports and make none. Jobs and reports are in the sink; the
broker only says that there is work. So a message that is lost, or comes twice, does no
harm to a report.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from celery import Celery
from kombu.exceptions import OperationalError
from web_service import database, make_app

from uptime_core import BackEndError, ReportManager, SqliteSink, SqliteStore

if TYPE_CHECKING:
    from fastapi import FastAPI

app = Celery("celery_reports", broker=os.environ.get("BROKER_URL"))
app.conf.update(
    broker_connection_retry_on_startup=True,
    # What a worker had that was killed is given to another one: at once, if its parent
    # lives; otherwise Redis gives it out again after so many seconds.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    broker_transport_options={"visibility_timeout": 60},
    task_ignore_result=True,  # the sink has it
    worker_prefetch_multiplier=1,
)


@app.task  # type: ignore[untyped-decorator]
def make_report(report_id: str) -> None:
    """Make what is queued in the sink, until this report is in a final state."""
    path = database()
    with (
        SqliteStore(path) as store,
        SqliteSink(path) as sink,
        ReportManager(store, sink, max_workers=1) as manager,
    ):
        manager.wait(report_id)


class CeleryReports(ReportManager):
    """A manager that makes no reports, but tells Celery's workers of them."""

    def __init__(self, store: SqliteStore, sink: SqliteSink) -> None:
        super().__init__(store, sink, max_workers=0)

    def trigger(self, **asked: Any) -> str:  # noqa: ANN401  # those of ReportManager
        """Ask for a report. After a `BackEndError` ask again, with the same key."""
        report_id = super().trigger(**asked)
        try:
            make_report.delay(report_id)
        except OperationalError as error:
            raise BackEndError(f"the broker cannot be reached: {error}") from error
        return report_id


def service() -> FastAPI:
    """The web service, with Celery behind it."""
    path = database()
    return make_app(CeleryReports(SqliteStore(path), SqliteSink(path)))
