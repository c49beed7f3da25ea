"""One shop in the night the clocks go forward: its business hours lose an hour."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from uptime_core import uptime

CHICAGO = ZoneInfo("America/Chicago")
NIGHTS = [(day, "22:00", "06:00") for day in range(7)]  # open overnight, every day


def main() -> None:
    """Print two nights, from noon to noon: the clocks change in the second."""
    first = datetime(2023, 3, 10, 12, tzinfo=CHICAGO)
    instants = [first.astimezone(UTC) + hour * timedelta(hours=1) for hour in range(47)]
    polls = [  # down from 5 to 6 in the morning
        (at, at.astimezone(CHICAGO).strftime("%H") != "05") for at in instants
    ]
    for noon in (first, first + timedelta(days=1)):
        night = uptime(
            polls,
            noon,
            noon + timedelta(days=1),
            hours=NIGHTS,
            timezone="America/Chicago",
        )
        print(f"{noon:%a %d %b}: open {night.open}, up {night.up}, down {night.down}")


if __name__ == "__main__":
    main()
