"""The rules by which polls and missing data are read; every report carries them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, get_args

import attrs

from uptime_core.errors import InputError, located, shown
from uptime_core.instants import MICROSECOND, whole_micros
from uptime_core.kernel.extrapolate import Initial, Method
from uptime_core.timezones import parse_timezone

if TYPE_CHECKING:
    from collections.abc import Callable

MissingHours = Literal["open", "closed", "error"]


def _one_of(
    allowed: tuple[str, ...],
) -> Callable[[object, attrs.Attribute[Any], object], None]:
    def check(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if value not in allowed:
            raise InputError(
                f"{shown(value)} is none of {', '.join(map(repr, allowed))}",
                source="Policy",
                field=attribute.name,
            )

    return check


def _positive_or_none(
    _: object, attribute: attrs.Attribute[Any], value: object
) -> None:
    if value is None:
        return
    with located("Policy", field=attribute.name):
        positive = isinstance(value, timedelta) and whole_micros(value, value) > 0
    if not positive:
        raise InputError(
            f"{shown(value)} is not a positive timedelta, like "
            "timedelta(hours=1), nor None for no limit",
            source="Policy",
            field=attribute.name,
        )


def _known_timezone(name: str | None) -> str | None:
    if name is None:
        return None
    with located("Policy", field="default_timezone"):
        return parse_timezone(name)


@attrs.frozen(kw_only=True)
class Policy:
    """From polls to state, and what to do where data are missing.

    The defaults are the original system's rule, "each active poll is extrapolated as
    one hour of uptime", without its double counting.

    Args:
        extrapolation: A poll speaks forward until the next one (`previous`),
            backward until the one before (`next`), or both ways to the midpoints
            (`nearest`).
        reach: For how long a poll speaks at most; None is without limit.
        initial: Under `previous`, whether a shop's first poll also speaks backward
            by `reach` (`first`) or not (`unknown`).
        missing_hours: A shop without any business hours is `open` all week, `closed`
            all week, or an `error`.
        default_timezone: The zone of a shop without one; None makes that an error.

    Raises:
        InputError: A value is none of these.
    """

    extrapolation: Method = attrs.field(
        default="previous", validator=_one_of(get_args(Method))
    )
    reach: timedelta | None = attrs.field(
        default=timedelta(hours=1), validator=_positive_or_none
    )
    initial: Initial = attrs.field(
        default="unknown", validator=_one_of(get_args(Initial))
    )
    missing_hours: MissingHours = attrs.field(
        default="open", validator=_one_of(get_args(MissingHours))
    )
    default_timezone: str | None = attrs.field(
        default="America/Chicago", converter=_known_timezone
    )

    @property
    def reach_micros(self) -> int | None:
        """`reach` in microseconds."""
        return None if self.reach is None else self.reach // MICROSECOND
