"""Reports made by Celery's workers, over a real Redis."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.examples.serving import (
    ask,
    environment,
    eventually,
    final,
    load_examples,
    serving,
    status,
    trigger,
)

from uptime_core import SqliteSink, SqliteStore, compute_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.needs("celery", "redis", "redis-server", "fastapi", "uvicorn"),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no signals"),
]


def free_port() -> int:
    """A port below those that systems give to whoever asks for any."""
    while True:
        port = 20_000 + secrets.randbelow(10_000)
        with contextlib.suppress(OSError), socket.socket() as listening:
            listening.bind(("127.0.0.1", port))
            return port


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(5) == b"+PONG"
    except OSError:
        return False


@contextlib.contextmanager
def running(log: Path, *command: str, **variables: str) -> Iterator[Path]:
    """A process that is ended in the end; what it writes is in the file."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env=environment(**variables)
        )
    try:
        yield log
        assert process.poll() is None, log.read_text()
        process.terminate()
        process.wait(120)  # far more than it takes on a busy machine
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("redis")
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    options += ["--save", "", "--appendonly", "no"]
    with running(folder / "log", "redis-server", *options):
        eventually(lambda: answers(port))
        yield f"redis://127.0.0.1:{port}/0"


@contextlib.contextmanager
def working(app: str, folder: Path, **variables: str) -> Iterator[None]:
    """A Celery worker with two processes."""
    command = (sys.executable, "-m", "celery", "--app", app, "worker")
    options = ("--concurrency", "2", "--without-mingle", "--without-gossip")
    log = folder / "celery.log"
    with running(log, *command, *options, "--loglevel", "INFO", **variables):
        eventually(lambda: " ready." in log.read_text())
        yield


def test_workers_make_what_the_service_triggers(broker: str, tmp_path: Path) -> None:
    path = tmp_path / "uptime.db"
    load_examples(path)
    variables = {"UPTIME_DB": str(path), "BROKER_URL": broker}
    with serving("celery_reports:service", tmp_path, workers=1, **variables) as url:
        report_id = trigger(url, Idempotency_Key="k")
        before = status(url, report_id)
        with working("celery_reports", tmp_path, **variables):
            end = final(url, report_id)
            others = [trigger(url) for _ in range(5)]
            states = [final(url, other)["state"] for other in others]
        again = trigger(url, Idempotency_Key="k")
        download = ask("GET", f"{url}/get-report/{report_id}")

    assert (before["state"], before["attempt"]) == ("queued", 0)
    assert (end["state"], end["attempt"]) == ("complete", 1)
    assert states == ["complete"] * 5
    assert again == report_id
    with SqliteStore(path) as store:
        assert download.text == compute_store(store).to_csv()


def test_a_killed_worker_leaves_its_report_to_another(
    broker: str, tmp_path: Path
) -> None:
    path = tmp_path / "uptime.db"
    load_examples(path)
    (tmp_path / "reading").mkdir()
    variables = {
        "UPTIME_DB": str(path),
        "BROKER_URL": broker,
        "SLOW_FOLDER": str(tmp_path),
    }
    with (
        serving("celery_reports:service", tmp_path, workers=1, **variables) as url,
        working("tests.examples.slow_celery", tmp_path, **variables),
    ):
        report_id = trigger(url)
        (reading,) = eventually(lambda: list((tmp_path / "reading").iterdir()))
        os.kill(int(reading.name), signal.SIGKILL)
        (tmp_path / "go").touch()
        end = final(url, report_id)

    assert end["state"] == "complete"
    assert end["attempt"] > 1


def test_without_a_broker_the_caller_may_ask_again(tmp_path: Path) -> None:
    path = tmp_path / "uptime.db"
    load_examples(path)
    variables = {
        "UPTIME_DB": str(path),
        "BROKER_URL": f"redis://127.0.0.1:{free_port()}/0",
    }
    with serving("celery_reports:service", tmp_path, workers=1, **variables) as url:
        answer = ask("POST", f"{url}/trigger-report", Idempotency_Key="k")

    assert answer.code == 503
    assert "the broker cannot be reached" in answer.json["detail"]
    with SqliteSink(path) as sink:
        assert [job.idempotency_key for job in sink.jobs(active=True)] == ["k"]
