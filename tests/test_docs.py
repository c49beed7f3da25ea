"""Pages name all that is public, are all listed, and lead to files that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import uptime_core

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = [
    *(ROOT / "README.md", ROOT / "CHANGELOG.md"),
    *(page for page in sorted(DOCS.rglob("*.md")) if page.parent.name != "generated"),
]
LINK = re.compile(r"\]\(([^)#\s]+)")


def test_the_overview_names_all_that_is_public() -> None:
    overview = (DOCS / "reference" / "api.md").read_text("utf-8")

    named = set(re.findall(r"`(\w+)", overview))

    assert set(uptime_core.__all__) <= named


def test_the_index_lists_every_page() -> None:
    index = (DOCS / "index.md").read_text("utf-8")

    listed = {DOCS / link for link in LINK.findall(index) if link.endswith(".md")}

    assert {page for page in PAGES if DOCS in page.parents} - {DOCS / "index.md"} == {
        page for page in listed if DOCS in page.resolve().parents
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_to_files_that_are_there(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)

    for link in LINK.findall(text):
        assert "://" in link or (page.parent / link).exists(), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_tables_have_a_head(page: Path) -> None:
    """A blank line within a table would make text of what follows it."""
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)

    for table in re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE):
        assert re.match(r"\|.*\n\|( ?:?-+:? ?\|)+\n", table), table


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_pages_have_no_directives(page: Path) -> None:
    """They are read where the repository is kept, too."""
    text = page.read_text("utf-8")

    assert not re.search(r"^(```|:::)\{|(^|\s)\{[a-z:-]+\}`", text, re.MULTILINE)
