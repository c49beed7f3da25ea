"""Ids and polls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import strategies as st

from uptime_core.polls import PollColumns
from uptime_core.testing import cells, regions
from uptime_core.testing.strategies.events import tell
from uptime_core.testing.strategies.instants import NOON, Place, deltas, places

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from uptime_core.testing.dataset import PollRow

PLAIN_IDS = ("a", "b", "c", "d", "e")
HOSTILE_IDS = (
    *("8419537941919820732", "b1c7d5ba-8e2a-4c36-9b0e-3f1a6d2c9e47", "7", "007"),
    *("1e5", "-5", "=1+1", "@home", "+x", "'a", 'quo"te', "com,ma", "two words"),
    *("\u00e9", "e\u0301", "\uff1d1", "\u6771\u4eac", "A", "a" * 200),
)
"""Ids that are text and nothing else: numbers, formulas, quotes, accents, lengths."""


_SHOPS = 3


def store_ids(*, hostile: bool = True) -> st.SearchStrategy[str]:
    """Ids of shops: short ones, and ones that are easily taken for something else.

    >>> from uptime_core.testing.strategies import simplest
    >>> simplest(store_ids(), lambda store_id: not store_id.isalpha())
    '8419537941919820732'
    """
    plain = st.sampled_from(PLAIN_IDS)
    if not hostile:
        return plain
    return st.one_of(plain, plain, st.sampled_from(HOSTILE_IDS), _any_ids())


def _any_ids() -> st.SearchStrategy[str]:
    characters = st.characters(exclude_categories=("Cc", "Cs"))
    return st.text(characters, min_size=1, max_size=12).filter(
        lambda text: cells.store_id(text) == text
    )


def polls(
    *,
    ids: st.SearchStrategy[str] | None = None,
    near: datetime = NOON,
    max_size: int = 12,
) -> st.SearchStrategy[list[PollRow]]:
    """Rows ``(store_id, at, up)``, in any order.

    They are of up to three shops. Among them are repeats, both statuses at one instant,
    polls a microsecond apart, and polls exactly an hour apart.

    Args:
        ids: Whose they are; by default `store_ids`.
        near: They lie within two days of it.
        max_size: How many there are at most.

    >>> from uptime_core.testing.strategies import simplest
    >>> def has_conflict(rows):
    ...     return len({row[:2] for row in rows}) < len(set(rows))
    >>> for store_id, at, up in simplest(polls(), has_conflict):
    ...     print(store_id, at, up)
    a 2023-01-25 12:00:00+00:00 False
    a 2023-01-25 12:00:00+00:00 True
    """
    ids = store_ids() if ids is None else ids
    row = st.tuples(st.integers(0, _SHOPS - 1), places(), st.booleans())
    return st.builds(
        _placed,
        st.lists(ids, min_size=1, max_size=_SHOPS, unique=True),
        st.just(near),
        st.lists(deltas(), max_size=2),
        st.lists(row, max_size=max_size),
    ).flatmap(lambda rows: st.builds(list, st.just(rows)))


def _placed(
    ids: Sequence[str],
    near: datetime,
    offs: Sequence[timedelta],
    rows: Sequence[tuple[int, Place, bool]],
) -> list[PollRow]:
    moments = [near, *(near + off for off in offs)]
    placed = [
        (ids[number % len(ids)], place.among(moments), up) for number, place, up in rows
    ]
    for shop in {store_id for store_id, _, _ in placed}:
        tell(regions.of_polls([(at, up) for own, at, up in placed if own == shop]))
    return placed


def poll_columns(
    *,
    ids: st.SearchStrategy[str] | None = None,
    near: datetime = NOON,
    max_size: int = 12,
) -> st.SearchStrategy[PollColumns]:
    """`polls` as columns; ids come in any order, and some have no poll.

    >>> from uptime_core.testing.strategies import simplest
    >>> simplest(poll_columns())
    <PollColumns: 0 polls of 0 shops>
    >>> simplest(poll_columns(), lambda columns: len(columns) == 2)
    <PollColumns: 2 polls of 1 shop>
    """
    ids = store_ids() if ids is None else ids
    return st.builds(
        _columns,
        polls(ids=ids, near=near, max_size=max_size),
        st.lists(ids, max_size=2, unique=True),
        st.booleans(),
    ).flatmap(_as_made)


def _as_made(columns: PollColumns) -> st.SearchStrategy[PollColumns]:
    """The same columns, which hypothesis tells as something to be pasted."""
    parts = (columns.code, columns.at, columns.status)
    lists = (st.just(part.tolist()) for part in parts)
    return st.builds(PollColumns, st.just(list(columns.store_ids)), *lists)


def _columns(
    rows: Sequence[PollRow],
    others: Sequence[str],
    backwards: bool,  # noqa: FBT001  # drawn
) -> PollColumns:
    columns = PollColumns.from_rows(rows)
    ids = list(dict.fromkeys((*columns.store_ids, *others)))
    if backwards:
        ids.reverse()
    numbers = [ids.index(store_id) for store_id in columns.store_ids]
    code = np.array(numbers, dtype=np.int32)[columns.code]
    return PollColumns(ids, code, columns.at, columns.status)
