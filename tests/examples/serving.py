"""Starts the services in processes of their own, on the loopback, and asks them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from uptime_core import SqliteStore, load_csv

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
DATA = EXAMPLES / "data"


def eventually(ask: Callable[[], T | None], seconds: float = 60) -> T:
    """What `ask` says once it is true."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing after {seconds} s")
        time.sleep(0.02)
    return answer


def load_examples(path: Path) -> None:
    with SqliteStore(path) as store:
        load_csv(
            store,
            DATA / "polls.csv",
            DATA / "business_hours.csv",
            DATA / "timezones.csv",
        )


def environment(**variables: str) -> dict[str, str]:
    path = os.pathsep.join([str(EXAMPLES), str(ROOT)])
    return {**os.environ, "PYTHONPATH": path, **variables}


@contextmanager
def serving(
    factory: str, folder: Path, *, workers: int = 2, **variables: str
) -> Iterator[str]:
    """The address of a uvicorn with so many processes."""
    log = folder / f"{factory.replace(':', '-')}.log"
    with log.open("wb") as stderr:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "uvicorn", "--factory", factory),
                *("--host", "127.0.0.1", "--port", "0"),
                *("--workers", str(workers)),
            ],
            env=environment(**variables),
            stderr=stderr,
            stdout=stderr,
        )
    try:

        def port() -> str | None:
            assert server.poll() is None, log.read_text()
            text = log.read_text()
            found = re.search(r"running on http://127\.0\.0\.1:(\d+)", text)
            up = text.count("Application startup complete") >= workers
            return found[1] if found and up else None

        yield f"http://127.0.0.1:{eventually(port)}"
        server.terminate()
        assert server.wait(30) in (0, -15), log.read_text()
        assert "Traceback" not in log.read_text()
    finally:
        if server.poll() is None:
            server.kill()
            server.wait()


class Answer:
    """What came back on a connection of its own, so that any process may have it."""

    def __init__(self, got: HTTPResponse) -> None:
        self.code = got.status
        self.headers = got.headers
        self.text = got.read().decode()

    @property
    def json(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.text)
        return answer


def ask(method: str, url: str, **headers: str) -> Answer:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=60)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, parts.path, headers=named)
        return Answer(connection.getresponse())
    finally:
        connection.close()


def trigger(url: str, **headers: str) -> str:
    answer = ask("POST", f"{url}/trigger-report", **headers)
    assert answer.code == 202
    report_id: str = answer.json["report_id"]
    assert answer.headers["Location"] == f"get-report-status/{report_id}"
    return report_id


def status(url: str, report_id: str) -> dict[str, Any]:
    answer = ask("GET", f"{url}/get-report-status/{report_id}")
    assert answer.code == 200
    return answer.json


def final(url: str, report_id: str) -> dict[str, Any]:
    def seen() -> dict[str, Any] | None:
        now = status(url, report_id)
        return now if now["state"] not in ("queued", "running") else None

    return eventually(seen)
