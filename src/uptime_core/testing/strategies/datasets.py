"""Whole data sets."""

from __future__ import annotations

from datetime import timedelta
from itertools import chain, count
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from uptime_core.errors import InputError, located, shown
from uptime_core.instants import to_micros
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
from uptime_core.testing.strategies.questions import as_made, questions
from uptime_core.timezones import load_timezone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from uptime_core.testing.dataset import HoursRow
    from uptime_core.testing.strategies.questions import Question

    Wall = tuple[int, str]
    Rows = tuple[HoursRow, ...] | None
    AsOf = Callable[[Sequence[datetime], Sequence[datetime]], datetime]
    HoursDraft = Callable[[Sequence[Wall]], Rows]
    ShopDraft = tuple[Sequence[tuple[Place, bool]], HoursDraft, str | None]

_OWN = "the zone of the data set"
_AFTER = (timedelta(0), timedelta(hours=1), timedelta(days=1))
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
        about: Zones and aware datetimes; by default `anchors`.
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
            st.just(_no_hours),
            *(drafts(about_moments=True) for _ in range(2)),
            drafts(about_moments=False),
        )
    else:
        hours = rows.map(lambda drawn: lambda _: drawn)
    polls = st.lists(st.tuples(places(), st.booleans()), max_size=max_polls)
    shop = st.tuples(polls, hours, zones)
    return st.builds(
        _dataset,
        about=anchors() if about is None else about,
        offs=st.lists(deltas(), max_size=3),
        shops=st.lists(shop, min_size=1, max_size=max_shops),
        ids=st.lists(store_ids(), max_size=max_shops, unique=True),
        as_of=st.one_of(
            st.builds(_at, places()), st.sampled_from(_AFTER).map(_after_the_polls)
        ),
        questions=st.lists(questions(), min_size=1, max_size=3),
        names=st.sampled_from(_NAMES),
    ).flatmap(_as_made)


def _as_made(dataset: Dataset) -> st.SearchStrategy[Dataset]:
    """The same data set, which hypothesis tells as something to be pasted."""
    return st.builds(
        Dataset,
        shops=st.just(dataset.shops),
        as_of=st.just(dataset.as_of),
        windows=st.tuples(*map(as_made, dataset.windows)),
    )


def _dataset(
    *,
    about: tuple[str, datetime],
    offs: Sequence[timedelta],
    shops: Sequence[ShopDraft],
    ids: Sequence[str],
    as_of: AsOf,
    questions: Sequence[Question],
    names: Sequence[str],
) -> Dataset:
    """What was drawn, put in its places about the moments."""
    zone, anchor = _checked(about)
    moments = moments_about(zone, anchor, offs)
    walls = walls_about(zone, anchor, moments)
    known = tuple(
        _shop(store_id, draft, zone, moments, walls)
        for store_id, draft in zip(_all_ids(ids), shops, strict=False)
    )
    dataset = Dataset(
        shops=known,
        as_of=as_of(moments, [at for shop in known for at, _ in shop.polls]),
        windows=tuple(
            ask(name, moments) for ask, name in zip(questions, names, strict=False)
        ),
    )
    tell(regions.of(dataset))
    return dataset


def _checked(about: tuple[str, datetime]) -> tuple[str, datetime]:
    """A zone and an instant, as they were drawn.

    Raises:
        InputError: They are none.
    """
    with located("datasets", field="about"):
        if not isinstance(about, tuple) or len(about) != 2:  # noqa: PLR2004  # a pair
            raise InputError(f"{shown(about)} is no tuple of a zone and an instant")
        zone, anchor = about
        load_timezone(zone)
        to_micros(anchor)
    return zone, anchor


def _at(place: Place) -> AsOf:
    return lambda moments, _: place.among(moments)


def _after_the_polls(length: timedelta) -> AsOf:
    """With a length of nothing it is what a report has by default."""
    return lambda moments, polled: max(polled, default=moments[0]) + length


def _all_ids(ids: Sequence[str]) -> Iterator[str]:
    """The ids that were drawn, then plain ones."""
    yield from ids
    numbered = (f"shop {number}" for number in count(1))
    yield from (store_id for store_id in chain("abc", numbered) if store_id not in ids)


def _shop(
    store_id: str,
    draft: ShopDraft,
    zone: str,
    moments: Sequence[datetime],
    walls: Sequence[Wall],
) -> Shop:
    polls, hours, own_zone = draft
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
