"""Celery's workers over a store that reads when it is told to; for test_celery."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import celery_reports
from tests.examples.slow_service import SlowStore

from uptime_core import ReportManager

vars(celery_reports).update(
    SqliteStore=SlowStore,
    ReportManager=partial(ReportManager, lease=timedelta(seconds=3)),
)
app = celery_reports.app
