# %% [markdown]
# # From files to a report
#
# This is a notebook, kept as text: editors and Jupyter (with Jupytext) open it as one,
# and `python notebook.py` runs it as a script.
# It goes from three CSV files to a report, and looks at what is in it.

# %%
from datetime import timedelta
from pathlib import Path

from uptime_core import CsvStore, Policy, Window, compute_snapshot

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
# ## What is in them?
#
# How many polls has each shop, from when to when?
# Which shops lack hours or a zone?

# %%
polls = snapshot.polls
for store_id in polls.store_ids:
    times = sorted(poll.at for poll in polls.where(store_id).rows())
    print(f"{store_id:36} {len(times):4} polls, {times[0]:%d %b %H:%M} to", end=" ")
    print(f"{times[-1]:%d %b %H:%M}")

# %%
polled = set(polls.store_ids)
print("polled, without hours:", polled - set(snapshot.hours.store_ids))
print("polled, without a zone:", polled - set(snapshot.timezones))
print("never polled:", set(snapshot.hours.store_ids) - polled)
print("rejected rows:", len(snapshot.rejected))

# %% [markdown]
# A shop without hours counts as open all week, one without a zone as in Chicago: the
# [policy](../docs/reference/policy.md) says so, and can say otherwise.
#
# ## The report
#
# By default it has the last hour, day and week before the newest poll.

# %%
report = compute_snapshot(snapshot)
report

# %%
print(report.to_csv(decimals=1))

# %% [markdown]
# Each number is a sum of business time, and up, down and unknown add up to it exactly:

# %%
week = report.row("chicago-diner")["last_week"]
print(week.up, "+", week.down, "+", week.unknown, "=", week.open)

# %% [markdown]
# ## Which shops did worst?
#
# `ratio` is the share of up in what is known, and `coverage` how much that is.

# %%
rows = [row for row in report.rows() if row["last_week"].ratio is not None]
for row in sorted(rows, key=lambda row: row["last_week"].ratio or 0)[:5]:
    week = row["last_week"]
    print(f"{row.store_id:20} up {week.ratio:.1%}, known {week.coverage:.1%}")

# %% [markdown]
# ## How much does the policy matter?
#
# A poll speaks for up to an hour.
# Without that limit nothing is unknown between polls, not even the nine hours for which
# nobody was asked:

# %%
for reach in (timedelta(minutes=30), timedelta(hours=1), None):
    other = compute_snapshot(snapshot, policy=Policy(reach=reach))
    up, down, unknown = (
        timedelta(microseconds=int(sums[:, 2].sum()))
        for sums in (other.up, other.down, other.unknown)
    )
    print(f"reach {reach!s:8}  up {up}, down {down}, unknown {unknown}")

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
shares = daily.up.sum(axis=0) / (daily.up + daily.down).sum(axis=0)
for window, share in zip(windows, shares, strict=True):
    print(f"{window.name}  {share:4.0%}  {'#' * int(50 * share)}")
