"""From CSV files to a CSV report: python csv_to_csv.py [OUT], by default to the screen.

Bad rows are set aside instead of stopping the report.
"""

import sys
from datetime import timedelta
from pathlib import Path

from uptime_core import DEFAULT_WINDOWS, CsvStore, Window, compute_snapshot

DATA = Path(__file__).parent / "data"


def main(target: str | None = None) -> None:
    """Read the three files of examples/data and write their report."""
    store = CsvStore(
        DATA / "polls.csv",
        DATA / "business_hours.csv",
        DATA / "timezones.csv",
        on_error="collect",
    )
    snapshot = store.snapshot()
    fortnight = Window.last(timedelta(weeks=2), name="last_fortnight", unit="days")
    report = compute_snapshot(snapshot, windows=[*DEFAULT_WINDOWS, fortnight])
    report.to_csv(target or sys.stdout, decimals=2)
    made = report.provenance
    print(
        f"{len(report)} shops as of {made.as_of}: {made.polls} polls, "
        f"{made.duplicates} repeats, {made.conflicts} conflict, {made.rejected} bad",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main(*sys.argv[1:2])
