"""The web service over a store that reads when it is told to; for test_web_service."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from web_service import make_app

from uptime_core import InputError, ReportManager, SqliteSink, SqliteStore

if TYPE_CHECKING:
    from fastapi import FastAPI

    from uptime_core import ReportRequest
    from uptime_core.stores.sqlite_snapshot import SqliteSnapshot

FOLDER = Path(os.environ["SLOW_FOLDER"])


class SlowStore(SqliteStore):
    """Says which process reads, and then waits for a word."""

    def snapshot_for(self, request: ReportRequest) -> SqliteSnapshot:
        (FOLDER / "reading" / str(os.getpid())).touch()
        for _ in range(6000):
            if (FOLDER / "go").exists():
                return super().snapshot_for(request)
            if (FOLDER / "fail").exists():
                raise InputError("made to fail", source="slow")
            time.sleep(0.01)
        raise TimeoutError


def service() -> FastAPI:
    path = FOLDER / "uptime.db"
    manager = ReportManager(
        SlowStore(path),
        SqliteSink(path),
        max_workers=1,
        max_pending=2,
        lease=timedelta(seconds=3),
    )
    return make_app(manager)
