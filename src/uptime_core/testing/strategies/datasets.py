"""Whole data sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from uptime_core.testing import regions
from uptime_core.testing.anchors import ANCHORS
from uptime_core.testing.dataset import Dataset, Shop
from uptime_core.testing.strategies.events import tell
from uptime_core.testing.strategies.hours import drafts
from uptime_core.testing.strategies.instants import (
    Place,
    anchors,
    deltas,
    moments_about,
    places,
    walls_about,
)
from uptime_core.testing.strategies.polls import store_ids
from uptime_core.testing.strategies.questions import questions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime, timedelta

    from uptime_core.testing.dataset import HoursRow
    from uptime_core.testing.strategies.questions import Question

    Wall = tuple[int, str]
    Rows = tuple[HoursRow, ...] | None
    HoursDraft = Callable[[Sequence[Wall]], Rows]
    ShopDraft = tuple[str, Sequence[tuple[Place, bool]], HoursDraft, str | None]

_OWN = "the zone of the data set"
_NAMES = (("w1", "w2", "w3"), ('a,"b"', "=1", "\u00fc"))


def datasets(
    *,
    max_shops: int = 3,
    max_polls: int = 8,
    about: st.SearchStrategy[tuple[str, datetime]] | None = None,
    rows: st.SearchStrategy[Rows] | None = None,
    zones: st.SearchStrategy[str | None] | None = None,
) -> st.SearchStrategy[Dataset]:
    """The three sources, a "now" and windows that belong together.

    All of it lies about one instant, mostly one at which a zone's offset changes, and
    a few other moments: polls, the edges of windows, openings and closings and the
    "now" fall on these, or a microsecond or an hour beside them. Files and stores can
    hold what is drawn, unless an argument says otherwise. Where it lies is told as
    events; see `uptime_core.testing.regions`.

    Args:
        max_shops: How many shops there are at most; there is one at least.
        max_polls: How many polls each has at most.
        about: Zones and instants; by default `anchors`.
        rows: Business hours of a shop; by default often none, never always closed.
        zones: Zones of shops; by default mostly that of the instant.

    >>> from uptime_core.testing.strategies import simplest
    >>> dataset = simplest(datasets(), lambda dataset: dataset.polls)
    >>> dataset.shops[0].store_id, dataset.shops[0].rows, dataset.timezones
    ('a', None, {'a': 'UTC'})
    >>> print(*dataset.polls[0])
    a 2023-01-25 12:00:00+00:00 False
    >>> print(dataset.as_of, *dataset.windows)
    2023-01-25 12:00:00+00:00 <Window 'w1': last 1:00:00, in hours>
    """
    if zones is None:
        zones = st.sampled_from((*[_OWN] * 2 * len(ANCHORS), *[None] * 5, *ANCHORS))
    if rows is None:
        hours: st.SearchStrategy[HoursDraft] = st.one_of(
            st.just(_no_hours), drafts(about_moments=True), drafts(about_moments=False)
        )
    else:
        hours = rows.map(lambda drawn: lambda _: drawn)
    polls = st.lists(st.tuples(places(), st.booleans()), max_size=max_polls)
    shop = st.tuples(store_ids(), polls, hours, zones)
    return st.builds(
        _dataset,
        about=anchors() if about is None else about,
        offs=st.lists(deltas(), max_size=3),
        shops=st.lists(
            shop, min_size=1, max_size=max_shops, unique_by=lambda shop: shop[0]
        ),
        as_of=places(),
        questions=st.lists(questions(), min_size=1, max_size=3),
        names=st.sampled_from(_NAMES),
    )


def _dataset(
    *,
    about: tuple[str, datetime],
    offs: Sequence[timedelta],
    shops: Sequence[ShopDraft],
    as_of: Place,
    questions: Sequence[Question],
    names: Sequence[str],
) -> Dataset:
    """What was drawn, put in its places about the moments."""
    zone, anchor = about
    moments = moments_about(zone, anchor, offs)
    walls = walls_about(zone, anchor, moments)
    dataset = Dataset(
        shops=tuple(_shop(draft, zone, moments, walls) for draft in shops),
        as_of=as_of.among(moments),
        windows=tuple(
            ask(name, moments) for ask, name in zip(questions, names, strict=False)
        ),
    )
    tell(regions.of(dataset))
    return dataset


def _shop(
    draft: ShopDraft, zone: str, moments: Sequence[datetime], walls: Sequence[Wall]
) -> Shop:
    store_id, polls, hours, own_zone = draft
    rows = hours(walls)
    if own_zone == _OWN or (own_zone is None and rows is None and not polls):
        own_zone = zone  # one of which there is nothing else would not be known
    return Shop(
        store_id,
        tuple((place.among(moments), up) for place, up in polls),
        None if rows is None else tuple(rows),
        own_zone,
    )


def _no_hours(_: Sequence[Wall]) -> None:
    return None
