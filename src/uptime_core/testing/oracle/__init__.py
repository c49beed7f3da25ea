"""A slow, plain implementation of the same contract, to check the fast one against.

`account` takes one shop and one window and asks, for every stretch of time in which
nothing can change: what does the wall clock read, is that inside a row, and which poll
speaks? A stretch ends wherever a poll starts or stops to speak, wherever the offset of
the zone changes, and wherever the wall clock passes a row's edge. `account_all` does so
for a whole data set. It shares no code with the computation, not even the parsing, and
works on plain integers and `datetime`.

Limits:

* It checks nothing: what it is given is taken to be what `compute_report` accepts.
  Row times are texts; those of a `WeeklySchedule` are integers, parsed by the library.
* Changes of offset are looked for every quarter of an hour, so two within a quarter of
  an hour that cancel out would be missed; since 1900 no zone has had two within a week.
* A week of a shop takes some milliseconds, and a year some tens, for each window.
* Instants must lie between the years 2 and 9998.
* A policy that makes missing hours or a missing zone an error is a `ValueError` where
  such a shop is met.
* It reads the same tzdata package as the computation: a mistake in that is no
  difference.
"""

from __future__ import annotations

from uptime_core.testing.oracle.one_shop import Sums, account
from uptime_core.testing.oracle.whole_report import (
    ReportLike,
    WindowLike,
    account_all,
    sums_of,
)

__all__ = ["ReportLike", "Sums", "WindowLike", "account", "account_all", "sums_of"]
