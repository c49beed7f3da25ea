"""The page of the web service in a real browser."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from tests.examples.serving import eventually, load_examples, serving

from uptime_core import SqliteStore, compute_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from selenium.webdriver import Chrome

pytestmark = pytest.mark.needs(
    *("fastapi", "uvicorn", "selenium", "chromium", "chromedriver")
)
# Nothing but the page is asked for, and root needs no sandbox.
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--disable-quic", "--disable-background-networking", "--disable-sync"),
    *("--disable-component-update", "--no-first-run"),
)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chrome]:
    from selenium import webdriver  # noqa: PLC0415  # not everybody has it

    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for option in (*OPTIONS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(option)
    options.add_experimental_option(
        "prefs", {"download.default_directory": str(tmp_path)}
    )
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    with webdriver.Chrome(options, service) as driver:
        yield driver


def test_a_report_is_made_watched_and_downloaded(
    browser: Chrome, tmp_path: Path
) -> None:
    path = tmp_path / "uptime.db"
    load_examples(path)
    with serving("web_service:service", tmp_path, UPTIME_DB=str(path)) as url:
        browser.get(url)
        shown = browser.find_element("id", "state").is_displayed()
        browser.find_element("id", "trigger").click()
        link = browser.find_element("id", "download")
        eventually(link.is_displayed)
        state = browser.find_element("id", "state").text
        link.click()
        (download,) = eventually(lambda: list(tmp_path.glob("report-*.csv")))
        address = browser.current_url
        browser.refresh()
        eventually(browser.find_element("id", "download").is_displayed)
        browser.get(f"{url}/#nonsense")
        problem = browser.find_element("id", "problem")
        eventually(lambda: problem.text)

        assert not shown
        assert state == "complete: 12 of 12 shops"
        assert download.stem == f"report-{address.partition('#')[2]}"
        assert problem.text == "there is no report 'nonsense', or no more"
        with SqliteStore(path) as store:
            assert download.read_text("utf-8") == compute_store(store).to_csv()


def test_the_page_says_why_it_waits_and_goes_on(
    browser: Chrome, tmp_path: Path
) -> None:
    path = tmp_path / "uptime.db"
    with serving("web_service:service", tmp_path, UPTIME_DB=str(path)) as url:
        browser.get(url)
        browser.find_element("id", "trigger").click()
        problem = browser.find_element("id", "problem")
        why = eventually(lambda: problem.text)
        load_examples(path)
        eventually(browser.find_element("id", "download").is_displayed)

        assert "there is no poll" in why
        assert why.endswith("(asking again …)")
        assert problem.text == ""
