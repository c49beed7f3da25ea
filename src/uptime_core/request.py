"""What a report is asked for, checked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, cast

import attrs

from uptime_core.columns import iterable
from uptime_core.errors import InputError, located, shown
from uptime_core.instants import to_micros
from uptime_core.policy import Policy
from uptime_core.store_ids import parse_store_id
from uptime_core.window import DEFAULT_WINDOWS, Window, checked_windows

if TYPE_CHECKING:
    from datetime import datetime

StoreSelection = Literal["all", "polled"] | Iterable[str]
CheckedSelection = Literal["all", "polled"] | tuple[str, ...]

DEFAULT_POLICY = Policy()


@attrs.frozen(kw_only=True)
class ReportRequest:
    """What a report is asked for; made by `ReportRequest.of`, which checks it.

    Attributes:
        windows: What to add up.
        as_of: The report's "now" in microseconds, or None for the newest poll.
        stores: `all`, `polled`, or distinct ids in the order of text.
        policy: How polls and missing data are read.
    """

    windows: tuple[Window, ...] = DEFAULT_WINDOWS
    as_of: int | None = None
    stores: CheckedSelection = "all"
    policy: Policy = DEFAULT_POLICY

    @classmethod
    def of(
        cls,
        *,
        windows: Iterable[Window] | Window | None = None,
        as_of: datetime | None = None,
        stores: StoreSelection = "all",
        policy: Policy = DEFAULT_POLICY,
    ) -> ReportRequest:
        """Check what a caller asks for; `compute_report` says what may be asked.

        Raises:
            InputError: An argument cannot be accepted; `source` says which.
        """
        if not isinstance(policy, Policy):
            raise InputError(
                f"{shown(policy)} is not a Policy; make one with Policy()",
                source="policy",
            )
        chosen = checked_windows(windows)
        now = None
        if as_of is not None:
            with located("as_of"):
                now = to_micros(as_of)
        return cls(windows=chosen, as_of=now, stores=_selection(stores), policy=policy)


def fixed_as_of(request: ReportRequest) -> int:
    """The "now" of a request in microseconds.

    Raises:
        InputError: It is no request, or has none yet.
    """
    if not isinstance(request, ReportRequest):
        raise InputError(f"{shown(request)} is not a ReportRequest", source="request")
    if request.as_of is None:
        raise InputError("it is not fixed yet", source="request", field="as_of")
    return request.as_of


def _selection(stores: StoreSelection) -> CheckedSelection:
    if isinstance(stores, str):
        if stores in ("all", "polled"):
            return cast("CheckedSelection", stores)
        raise InputError(
            f"{shown(stores)} is neither 'all' nor 'polled' nor a list of ids",
            source="stores",
        )
    with located("stores"):
        return tuple(sorted(set(map(parse_store_id, iterable(stores, "stores")))))
