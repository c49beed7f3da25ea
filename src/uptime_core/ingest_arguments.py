"""What a store is asked to take in, checked before anything changes.

What reads rows is loaded when there are some: who only reads starts 4 ms sooner.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from uptime_core.errors import InputError, located, shown
from uptime_core.quarantine import Quarantine
from uptime_core.rejects import Rejects
from uptime_core.store_ids import parse_store_id
from uptime_core.values import flag

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uptime_core.inputs import HoursInput, PollInput, TimezonesInput
    from uptime_core.polls import PollColumns
    from uptime_core.rejects import OnError, RejectedRow
    from uptime_core.schedule import HoursColumns

Rows = TypeVar("Rows")


class NewPolls(NamedTuple):
    """Polls to be added.

    Attributes:
        columns: The good ones.
        rejected: The bad rows.
    """

    columns: PollColumns
    rejected: tuple[RejectedRow, ...]


class NewRows(NamedTuple, Generic[Rows]):
    """Business hours or time zones to be set.

    Attributes:
        rows: The good ones.
        quarantine: The shops of bad rows.
        replace: Whether what other shops have is forgotten.
        rejected: The bad rows.
    """

    rows: Rows
    quarantine: Quarantine
    replace: bool
    rejected: tuple[RejectedRow, ...]


def new_polls(polls: PollInput, on_error: OnError = "raise") -> NewPolls:
    """What `add_polls` was asked for; see `uptime_core.capabilities.SupportsIngest`.

    Raises:
        InputError: An argument or a row cannot be accepted.
    """
    from uptime_core.inputs import kept_polls

    with located("add_polls"):
        rejects = Rejects(on_error)
    columns = kept_polls(polls, rejects)
    return NewPolls(columns, tuple(rejects.rows))


def new_hours(
    hours: HoursInput, replace: object, on_error: OnError, quarantine: Quarantine
) -> NewRows[HoursColumns]:
    """What `set_hours` was asked for; raises like `new_polls`."""
    from uptime_core.inputs import hours_columns

    rejects, replaces = _checked("set_hours", hours, replace, on_error, quarantine)
    columns, bad = hours_columns(hours, rejects)
    return NewRows(columns, bad | quarantine, replaces, tuple(rejects.rows))


def new_timezones(
    timezones: TimezonesInput,
    replace: object,
    on_error: OnError,
    quarantine: Quarantine,
) -> NewRows[Mapping[str, str]]:
    """What `set_timezones` was asked for; raises like `new_polls`."""
    from uptime_core.inputs import timezone_names

    rejects, replaces = _checked(
        "set_timezones", timezones, replace, on_error, quarantine
    )
    names, bad = timezone_names(timezones, rejects)
    return NewRows(names, bad | quarantine, replaces, tuple(rejects.rows))


def _checked(
    source: str, rows: object, replace: object, on_error: OnError, quarantine: object
) -> tuple[Rejects, bool]:
    with located(source):
        rejects = Rejects(on_error)
    replaces = flag(replace, source, "replace")
    if not isinstance(quarantine, Quarantine):
        raise InputError(
            f"{shown(quarantine)} is not a Quarantine(store_ids, suspects)",
            source=source,
            field="quarantine",
        )
    for shops in quarantine:
        _check_shops(shops, source)
    if rows is None:  # no rows at all, for which there is an empty list
        raise InputError("None is no list of rows; for none, give []", source=source)
    return rejects, replaces


def _check_shops(shops: object, source: str) -> None:
    with located(source, field="quarantine"):
        if not isinstance(shops, frozenset):
            raise InputError(f"{shown(shops)} is not a frozenset of ids")
        for shop in shops:
            parse_store_id(shop)
