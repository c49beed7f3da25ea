r"""Reports over HTTP: trigger one, watch it, download it as CSV.

To try it, with the data of examples/data, and http://127.0.0.1:8000 in a browser:

    python examples/web_service.py

To run it: load data into a file, and let any number of processes serve it:

    python -m uptime_core load uptime.db --polls polls.csv --hours hours.csv
    UPTIME_DB=uptime.db uvicorn --app-dir examples --factory web_service:service \
        --workers 4
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import uvicorn
from fastapi import FastAPI, Header, Request, Response
from fastapi.responses import FileResponse, JSONResponse

from uptime_core import (
    BackEndError,
    ClosedError,
    IdempotencyConflictError,
    InputError,
    NoPollsError,
    QueueFullError,
    ReportCancelledError,
    ReportFailedError,
    ReportManager,
    ReportNotFoundError,
    ReportNotReadyError,
    SqliteSink,
    SqliteStore,
    UptimeError,
    load_csv,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HERE = Path(__file__).parent

# The first that fits is the answer. 503 is "later", 410 is "never".
CODES: dict[type[UptimeError], int] = {
    ReportNotFoundError: 404,
    ReportNotReadyError: 409,
    ReportFailedError: 410,
    ReportCancelledError: 410,
    IdempotencyConflictError: 422,
    QueueFullError: 503,
    NoPollsError: 503,
    InputError: 400,
    BackEndError: 503,
    ClosedError: 503,
    UptimeError: 500,
}
TRY_AGAIN = {409, 503}


def make_app(manager: ReportManager) -> FastAPI:
    """The service of a manager, which is closed with the service."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        manager.start()
        yield
        # What runs goes back to the queue at once, for the other processes.
        await asyncio.to_thread(manager.close, wait=False)

    app = FastAPI(title="Uptime reports", lifespan=lifespan)

    @app.post("/trigger-report", status_code=202)
    def trigger_report(
        response: Response, idempotency_key: Annotated[str | None, Header()] = None
    ) -> dict[str, str]:
        report_id = manager.trigger(idempotency_key=idempotency_key)
        response.headers["Location"] = f"get-report-status/{report_id}"
        return {"report_id": report_id}

    @app.get("/get-report-status/{report_id}")
    def get_report_status(report_id: str) -> dict[str, str | int | None]:
        status = manager.status(report_id)
        return {
            "report_id": status.report_id,
            "state": status.state.value,
            "done": status.done,
            "total": status.total,
            "attempt": status.attempt,
            "as_of": status.as_of.isoformat(),
            "error": status.error,
        }

    @app.get("/get-report/{report_id}")
    def get_report(report_id: str) -> Response:
        text = manager.get(report_id).to_csv()
        name = f'attachment; filename="report-{report_id}.csv"'
        return Response(
            text, media_type="text/csv", headers={"Content-Disposition": name}
        )

    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(HERE / "web_service.html")

    @app.exception_handler(UptimeError)
    def refuse(_: Request, error: UptimeError) -> JSONResponse:
        code = next(code for kind, code in CODES.items() if isinstance(error, kind))
        headers = {"Retry-After": "1"} if code in TRY_AGAIN else None
        return JSONResponse({"detail": str(error)}, code, headers)

    return app


def database() -> str:
    """The file that the variable UPTIME_DB names."""
    path = os.environ.get("UPTIME_DB")
    if not path:
        sys.exit("UPTIME_DB is not set; let it name the store's file: UPTIME_DB=FILE")
    return path


def service() -> FastAPI:
    """The service of that file."""
    path = database()
    return make_app(ReportManager(SqliteStore(path), SqliteSink(path)))


def main() -> None:
    """Serve the example data, from a temporary file, until interrupted."""
    data = HERE / "data"
    with tempfile.TemporaryDirectory() as folder:
        os.environ["UPTIME_DB"] = os.path.join(folder, "uptime.db")  # noqa: PTH118
        with SqliteStore(os.environ["UPTIME_DB"]) as store:
            load_csv(
                store,
                data / "polls.csv",
                data / "business_hours.csv",
                data / "timezones.csv",
            )
        uvicorn.run(service, factory=True)


if __name__ == "__main__":
    main()
