"""A service in small: python service.py [FOLDER], by default a temporary one.

Data go into a file, a report is made in the background, and a CSV file comes out.
"""

import sys
import tempfile
from pathlib import Path

from uptime_core import CsvSink, ReportManager, SqliteStore, load_csv

DATA = Path(__file__).parent / "data"


def main(folder: Path) -> None:
    """Load the three files of examples/data, and make their report."""
    sink = CsvSink(folder / "reports")
    with SqliteStore(folder / "uptime.db") as store:
        loaded = load_csv(
            store,
            polls=DATA / "polls.csv",
            hours=DATA / "business_hours.csv",
            timezones=DATA / "timezones.csv",
        )
        print(loaded)
        with ReportManager(store, sink) as manager:
            # The same key is the same report, however often this script runs.
            report_id = manager.trigger(idempotency_key="example")
            print("triggered; it is", manager.status(report_id).state)
            status = manager.wait(report_id, timeout=60)
            print(f"{status.state}: {status.done} of {status.total} shops")
            report = manager.get(report_id)
    print(report)
    path = folder / "report.csv"
    report.to_csv(path)
    written = sink.csv_path(report_id)
    same = written is not None and written.read_bytes() == path.read_bytes()
    print("the sink has the same file:", same)


if __name__ == "__main__":
    if sys.argv[1:]:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(Path(temporary))
