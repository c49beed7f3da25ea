"""What hypothesis tells of a failure can be read, and pasted."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings
from tests.testing.drawing import DEEP

from uptime_core import PollColumns, WeeklySchedule, Window
from uptime_core.testing import Dataset, Shop
from uptime_core.testing.strategies import (
    business_hours,
    datasets,
    poll_columns,
    polls,
    weekly_schedules,
    windows,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

NAMES = {
    "datetime": dt,
    "Dataset": Dataset,
    "Shop": Shop,
    "Window": Window,
    "PollColumns": PollColumns,
    "WeeklySchedule": WeeklySchedule,
}


@pytest.mark.parametrize(
    ("strategy", "fails"),
    [
        (datasets(), lambda value: len(value.polls) > 1 and value.hours),
        (windows(), lambda value: value.start is not None),
        (polls(), lambda value: len(value) > 1),
        (poll_columns(), lambda value: len(value) > 1),
        (business_hours(), lambda value: len(value) > 1),
        (weekly_schedules(), lambda value: len(value.rows) == 1),
    ],
)
def test_a_failing_case_can_be_pasted(
    strategy: SearchStrategy[Any], fails: Callable[[Any], object]
) -> None:
    failed: list[Any] = []

    # To say which parts may be anything takes as long as all the rest.
    phases = list(Phase) if DEEP else [Phase.generate, Phase.shrink]

    @settings(database=None, derandomize=True, phases=phases)
    @given(strategy)
    def check(value: Any) -> None:  # noqa: ANN401  # whatever is drawn
        if fails(value):
            failed.append(value)
            raise ValueError

    with pytest.raises(ValueError) as raised:  # noqa: PT011  # ours
        check()
    told = "\n".join(raised.value.__notes__)
    case = re.search(r"check\((.*?)^\)", told, re.DOTALL | re.MULTILINE)
    assert case is not None
    pasted = eval(f"dict({case[1]})", NAMES)["value"]  # noqa: S307  # as a user does
    if isinstance(pasted, PollColumns):
        assert list(pasted.rows()) == list(failed[-1].rows())
    else:
        assert pasted == failed[-1]
