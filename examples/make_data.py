"""Make the files in examples/data: made up, small, and the same on every run."""

import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

START, HOURS = datetime(2023, 3, 3, 18, tzinfo=UTC), 14 * 24  # US clocks change on 12
POLLER_DOWN = range(297, 306)  # hours since START in which nobody was asked
SHOPS = """\
8419537941919820732 America/Boise
adelaide-books Australia/Adelaide 012345 09:30:00 17:30:00
b1c7d5ba-8e2a-4c36-9b0e-3f1a6d2c9e47 - 012345 10:00:00 19:00:00
chicago-diner America/Chicago 0123456 17:00:00 02:30:00
denver-cafe America/Denver 01234 07:00:00 15:00:00
honolulu-kiosk Pacific/Honolulu 0123456 10:00:00 18:00:00
kolkata-sweets Asia/Kolkata 0123456 09:30:00 21:30:00
london-pub Europe/London 0123456 12:00:00 24:00:00
los-angeles-tacos America/Los_Angeles 0123456 11:00 14:30 0123456 17:00 23:00
new-york-deli America/New_York 0123456 08:00:00 23:59:00 0123456 00:00:00 03:00:00
new-york-pharmacy America/New_York 0123456 00:00:00 00:00:00
phoenix-grill America/Phoenix 0123456 11:00:00 22:00:00"""


def polls(shops: list[str], draw: random.Random) -> list[str]:
    """All ups before all downs, one row twice, and one instant with both statuses."""
    rows = []
    for shop in shops:
        up = True
        for hour in range(HOURS + 1):
            at = START + timedelta(hours=hour, microseconds=int(draw.random() * 6e8))
            up ^= draw.random() < (0.05 if up else 0.3)
            if hour not in POLLER_DOWN and draw.random() < 0.98:  # noqa: PLR2004
                status = "active" if up else "inactive"
                rows.append(f"{shop},{status},{at:%Y-%m-%d %H:%M:%S.%f} UTC")
    rows += [rows[100], rows[0].replace(",active,", ",inactive,")]
    return sorted(rows, key=lambda row: row.split(",")[1:])


def main(folder: Path) -> None:
    """Write the three files."""
    polled, hours, zones = [], ["store_id,day,start_time_local,end_time_local"], []
    for shop, zone, *rows in map(str.split, SHOPS.splitlines()):
        polled += [shop] if shop != "honolulu-kiosk" else []
        zones += [f"{shop},{zone}"] if zone != "-" else []
        for days, start, end in zip(rows[::3], rows[1::3], rows[2::3], strict=True):
            hours += [f"{shop},{day},{start},{end}" for day in days]
    poll_rows = polls(polled, random.Random(2023))  # noqa: S311
    for name, lines in {
        "polls": ["store_id,status,timestamp_utc", *poll_rows],
        "business_hours": hours,
        "timezones": ["store_id,timezone_str", *zones],
    }.items():
        (folder / f"{name}.csv").write_bytes("\n".join([*lines, ""]).encode())
        print(f"{name}.csv: {len(lines) - 1} rows")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parent / "data")
