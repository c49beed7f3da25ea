"""The contract: docstrings, table, reference page, checks and faults agree."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from uptime_core import (
    ReportSink,
    Store,
    SupportsIngest,
    SupportsRetention,
    SupportsTransactions,
)
from uptime_core.testing.broken_sinks import BROKEN_SINKS
from uptime_core.testing.broken_stores import BROKEN_STORES
from uptime_core.testing.contract import (
    CONTRACT,
    INGEST,
    RETENTION,
    SINK,
    STORE,
    TRANSACTIONS,
)
from uptime_core.testing.sink_suite import SINK_CHECKS
from uptime_core.testing.store_suite import STORE_CHECKS

PAGE = Path(__file__).parents[2] / "docs/reference/store-and-sink.md"
LISTS = re.compile(r"What (?:every|an) implementation (?:keeps|may promise)")


def sentences_of(kind: type) -> list[str]:
    """The bullets of the lists in a docstring that are the contract."""
    text = inspect.getdoc(kind) or ""
    first = LISTS.search(text)
    assert first is not None
    bullets = re.split(r"\n\* ", text[first.start() :])[1:]
    return [plain(bullet.split("\n\n")[0]) for bullet in bullets]


def plain(text: str) -> str:
    return " ".join(text.replace("``", "`").split())


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        (Store, STORE),
        (SupportsIngest, INGEST),
        (SupportsTransactions, TRANSACTIONS),
        (SupportsRetention, RETENTION),
        (ReportSink, SINK),
    ],
)
def test_the_table_has_the_sentences_of_the_docstring(
    kind: type, table: dict[str, str]
) -> None:
    assert sentences_of(kind) == [plain(sentence) for sentence in table.values()]


@pytest.mark.parametrize("sentence_id", CONTRACT)
def test_the_page_has_every_sentence(sentence_id: str) -> None:
    bullets = [
        line[2:] for line in PAGE.read_text("utf-8").splitlines() if line[:2] == "- "
    ]

    assert plain(CONTRACT[sentence_id]) in map(plain, bullets)


def test_no_sentence_is_lost_where_tables_come_together() -> None:
    tables = (STORE, INGEST, TRANSACTIONS, RETENTION, SINK)

    assert len(CONTRACT) == sum(map(len, tables))


@pytest.mark.parametrize("sentence_id", CONTRACT)
def test_every_sentence_has_a_check(sentence_id: str) -> None:
    checks = SINK_CHECKS if sentence_id.startswith("sink.") else STORE_CHECKS

    assert [check.name for check in checks if sentence_id in check.sentences]


def test_every_check_names_sentences_of_its_own_contract() -> None:
    for checks, is_sink in ((STORE_CHECKS, False), (SINK_CHECKS, True)):
        assert len({check.name for check in checks}) == len(checks)
        for check in checks:
            assert check.sentences
            assert check.run.__doc__
            assert {s.startswith("sink.") for s in check.sentences} == {is_sink}
            assert set(check.sentences) <= set(CONTRACT)


@pytest.mark.parametrize("sentence_id", CONTRACT)
def test_every_sentence_is_broken_by_something(sentence_id: str) -> None:
    broken = BROKEN_SINKS if sentence_id.startswith("sink.") else BROKEN_STORES

    assert [fault.name for fault in broken if sentence_id in fault.sentences]
