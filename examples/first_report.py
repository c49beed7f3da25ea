"""A report from a handful of rows: one shop with hours, one without."""

from datetime import UTC, datetime

from uptime_core import compute_report


def main() -> None:
    """Print the report, and one shop's last day."""
    report = compute_report(
        polls=[
            ("corner-cafe", datetime(2023, 1, 25, 15, 10, tzinfo=UTC), "active"),
            ("corner-cafe", datetime(2023, 1, 25, 16, 5, tzinfo=UTC), "inactive"),
            ("corner-cafe", datetime(2023, 1, 25, 17, 0, tzinfo=UTC), "active"),
            ("night-kiosk", datetime(2023, 1, 25, 17, 15, tzinfo=UTC), "active"),
        ],
        hours=[
            ("corner-cafe", 1, "09:00", "17:00"),  # Tuesday
            ("corner-cafe", 2, "09:00", "17:00"),  # Wednesday, 25 January 2023
        ],
        timezones={"corner-cafe": "America/New_York"},
    )
    print(report.to_csv(decimals=2), end="")
    day = report.row("corner-cafe")["last_day"]
    print(f"corner-cafe: up {day.up}, down {day.down}, unknown {day.unknown}")


if __name__ == "__main__":
    main()
