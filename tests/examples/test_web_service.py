"""The web service over real HTTP, in several processes that share one file."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.examples.serving import (
    ask,
    eventually,
    final,
    load_examples,
    serving,
    status,
    trigger,
)

from uptime_core import SqliteStore, compute_store

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [
    pytest.mark.needs("fastapi", "uvicorn"),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no signals"),
]


@pytest.fixture(scope="module")
def fast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("fast")
    path = folder / "uptime.db"
    load_examples(path)
    with serving("web_service:service", folder, UPTIME_DB=str(path)) as url:
        yield url, path


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Two processes, one report each at a time, two in all; what they read waits."""
    load_examples(tmp_path / "uptime.db")
    (tmp_path / "reading").mkdir()
    with serving(
        "tests.examples.slow_service:service", tmp_path, SLOW_FOLDER=str(tmp_path)
    ) as url:
        yield url, tmp_path
        (tmp_path / "go").touch()


@pytest.mark.parametrize("path", [None, ""])
def test_a_service_without_a_file_says_what_to_set(path: str | None) -> None:
    env = {name: value for name, value in os.environ.items() if name != "UPTIME_DB"}
    run = subprocess.run(
        [sys.executable, "-c", "import web_service; web_service.service()"],
        check=False,
        cwd=ROOT / "examples",
        env=env if path is None else env | {"UPTIME_DB": path},
        stderr=subprocess.PIPE,
        text=True,
    )

    assert run.returncode == 1
    assert run.stderr.startswith("UPTIME_DB is not set; ")


def test_from_the_trigger_to_the_download(fast: tuple[str, Path]) -> None:
    url, path = fast

    report_id = trigger(url)
    end = final(url, report_id)
    download = ask("GET", f"{url}/get-report/{report_id}")

    assert end == {
        "report_id": report_id,
        "state": "complete",
        "done": 12,
        "total": 12,
        "attempt": 1,
        "as_of": "2023-03-17T18:07:24.891860+00:00",
        "error": None,
    }
    assert download.code == 200
    assert download.headers["Content-Type"] == "text/csv; charset=utf-8"
    name = f'attachment; filename="report-{report_id}.csv"'
    assert download.headers["Content-Disposition"] == name
    with SqliteStore(path) as store:
        assert download.text == compute_store(store).to_csv()
    assert len(list(csv.reader(download.text.splitlines()))) == 13


def test_the_same_key_is_the_same_report_whoever_is_asked(
    fast: tuple[str, Path],
) -> None:
    url, _ = fast

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda _: trigger(url, Idempotency_Key="k"), range(24)))

    assert len(set(ids)) == 1
    assert trigger(url) not in ids


@pytest.mark.parametrize("report_id", ["0" * 32, "no-id", "%2e%2e%2fuptime.db"])
@pytest.mark.parametrize("what", ["get-report-status", "get-report"])
def test_a_report_that_does_not_exist(
    fast: tuple[str, Path], what: str, report_id: str
) -> None:
    answer = ask("GET", f"{fast[0]}/{what}/{report_id}")

    assert answer.code == 404


def test_a_key_that_cannot_be_accepted(fast: tuple[str, Path]) -> None:
    answer = ask("POST", f"{fast[0]}/trigger-report", Idempotency_Key="k" * 2000)

    assert answer.code == 400
    assert "idempotency_key" in answer.json["detail"]


def test_the_page_is_there(fast: tuple[str, Path]) -> None:
    page = ask("GET", f"{fast[0]}/")

    assert page.code == 200
    assert "Make a report" in page.text


def test_what_is_not_ready_and_a_full_queue(slow: tuple[str, Path]) -> None:
    url, folder = slow
    first, second = trigger(url), trigger(url)

    refused = ask("POST", f"{url}/trigger-report")
    early = ask("GET", f"{url}/get-report/{first}")
    (folder / "go").touch()
    states = [final(url, report_id)["state"] for report_id in (first, second)]

    assert (refused.code, refused.headers["Retry-After"]) == (503, "1")
    assert "try again later" in refused.json["detail"]
    assert (early.code, early.headers["Retry-After"]) == (409, "1")
    assert states == ["complete", "complete"]
    assert ask("GET", f"{url}/get-report/{first}").code == 200


def test_a_report_that_fails(slow: tuple[str, Path]) -> None:
    url, folder = slow
    report_id = trigger(url)
    (folder / "fail").touch()

    end = final(url, report_id)
    answer = ask("GET", f"{url}/get-report/{report_id}")

    assert end["state"] == "failed"
    assert end["error"] == "InputError: slow: made to fail"
    assert answer.code == 410
    assert "made to fail" in answer.json["detail"]


def test_no_polls_yet(tmp_path: Path) -> None:
    path = str(tmp_path / "uptime.db")
    with serving("web_service:service", tmp_path, workers=1, UPTIME_DB=path) as url:
        answer = ask("POST", f"{url}/trigger-report")

    assert answer.code == 503
    assert "there is no poll" in answer.json["detail"]


def test_a_killed_process_leaves_its_report_to_another(slow: tuple[str, Path]) -> None:
    url, folder = slow
    report_id = trigger(url)
    (reading,) = eventually(lambda: list((folder / "reading").iterdir()))
    assert status(url, report_id)["state"] == "running"

    os.kill(int(reading.name), signal.SIGKILL)
    answers = [status(url, report_id)["state"] for _ in range(5)]
    (folder / "go").touch()
    end = final(url, report_id)
    download = ask("GET", f"{url}/get-report/{report_id}")

    assert set(answers) <= {"running", "queued"}
    assert end["state"] == "complete"
    assert end["attempt"] > 1
    others = {file.name for file in (folder / "reading").iterdir()} - {reading.name}
    assert others
    with SqliteStore(folder / "uptime.db") as store:
        assert download.text == compute_store(store).to_csv()
