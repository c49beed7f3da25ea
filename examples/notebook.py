# %% [markdown]
# # From files to pictures
#
# This is a notebook, kept as text: editors and Jupyter (with Jupytext) open it as one,
# and `python notebook.py` runs it as a script, which prints and shows no pictures.
# It goes from three CSV files to a report, to the intervals behind a number, and to
# pictures.
# The pictures need matplotlib: `python -m pip install '.[matplotlib]'`.

# %%
from datetime import timedelta
from pathlib import Path

from uptime_core import (
    CsvStore,
    Policy,
    Window,
    compute_snapshot,
    inspect,
    local_week,
    timeline,
)
from uptime_core.contrib.matplotlib import plot_fleet, plot_timeline, plot_week

# A notebook's kernel starts in the folder of the notebook; a script has a __file__.
folder = Path(globals().get("__file__", "notebook.py")).resolve().parent
data = folder / "data"

# %% [markdown]
# ## The files
#
# Polls say whether a shop was online at an instant, in UTC.
# Business hours are on the shop's own clock, and the time zone says which one that is.

# %%
for name in ("polls", "business_hours", "timezones"):
    with (data / f"{name}.csv").open(encoding="utf-8") as file:
        print(*(next(file) for _ in range(3)), sep="")

# %% [markdown]
# A store reads them.
# With `on_error="collect"` bad rows are set aside, where by default the first one is an
# error.
# A snapshot is what the files hold now: all that follows is made from the same data,
# whatever is written to the files meanwhile.

# %%
store = CsvStore(
    data / "polls.csv",
    data / "business_hours.csv",
    data / "timezones.csv",
    on_error="collect",
)
snapshot = store.snapshot()
snapshot

# %% [markdown]
# ## Can these data be trusted?
#
# `inspect` looks for what is odd in them, says what that means for reports, and what to
# do about it: see [check your data](../docs/how-to/check-your-data.md).

# %%
inspect(snapshot)

# %% [markdown]
# So for ten hours nobody asked any shop, one shop was never polled, one lacks hours,
# and one a zone.
# A shop without hours counts as open all week, one without a zone as in Chicago: the
# [policy](../docs/reference/policy.md) says so, and can say otherwise.
#
# ## The report
#
# By default it has the last hour, day and week before the newest poll.
# Up, down and unknown are parts of the business time, and add up to it exactly.

# %%
report = compute_snapshot(snapshot)
report

# %%
week = report.row("chicago-diner")["last_week"]
print(week.up, "+", week.down, "+", week.unknown, "=", week.open)

# %% [markdown]
# As CSV, for others:

# %%
print(report.to_csv(decimals=1))

# %% [markdown]
# ## The whole fleet
#
# Of what was observed, how much was up?
# The median shop does not care how long each shop is open; the time of all shops does.

# %%
ax = plot_fleet(report, "last_week")

# %% [markdown]
# ## One shop, and why
#
# The diner was down for more than ten hours of the week.
# When was that, who says so, and was it open then?
# What the polls say counts while the shop is open.
# On the night before Thursday it was open and nobody asked; that time is unknown.
# The dotted line is where the clocks of Chicago went forward.

# %%
line = timeline(snapshot, store_id="chicago-diner", window="last_week", report=report)
ax = plot_timeline(line)

# %% [markdown]
# Behind the picture are intervals.
# They add up to the report's row, to the microsecond:

# %%
line.accounting == report.row("chicago-diner")["last_week"]

# %% [markdown]
# Each of them names the poll that speaks and the row of business hours that opens.
# The last day:

# %%
timeline(snapshot, store_id="chicago-diner", window="last_day", report=report)

# %% [markdown]
# ## When in the week
#
# By the hours of each shop's own clock, of all shops and of the diner alone:

# %%
ax = plot_week(local_week(snapshot, report=report))

# %%
ax = plot_week(local_week(snapshot, stores=["chicago-diner"], report=report))

# %% [markdown]
# ## How much does the policy matter?
#
# A poll speaks for up to an hour.
# Without that limit nothing is unknown between polls, not even the hours for which
# nobody was asked:

# %%
for reach in (timedelta(minutes=30), timedelta(hours=1), None):
    other = compute_snapshot(snapshot, policy=Policy(reach=reach))
    sums = other.totals()["last_week"]
    print(f"reach {reach!s:8}  up {sums.up}, down {sums.down}, unknown {sums.unknown}")

# %% [markdown]
# ## Day by day
#
# Any number of windows costs little more than one.

# %%
midnight = report.as_of.replace(hour=0, minute=0, second=0, microsecond=0)
day = timedelta(days=1)
starts = [midnight - back * day for back in range(7, 0, -1)]
windows = [Window.between(at, at + day, name=f"{at:%a %d %b}") for at in starts]
daily = compute_snapshot(snapshot, windows=windows)
for window in windows:
    sums = daily.totals()[window.name]
    print(f"{window.name}  up {sums.ratio:.0%} of the {sums.coverage:.0%} observed")
