"""The report in DuckDB's SQL: `python duckdb_report.py POLLS HOURS ZONES OUTPUT`.

Runs of equal status are kept instead of polls, weekly hours become intervals of UTC
through each zone's segments of constant offset, and an ASOF join looks up how much
business time has passed at each instant. With --exact, sums are whole microseconds.
"""

from __future__ import annotations

import sys

import duckdb

HOUR = 3_600_000_000
DAY = 24 * HOUR

TABLES = """
CREATE TEMP TABLE polls AS
SELECT store_id, epoch_us(timestamp_utc) AS instant, status = 'active' AS up
FROM read_csv($polls, header = true, delim = ',', quote = '"', auto_detect = false,
    columns = {columns});

CREATE TEMP TABLE zones AS
SELECT store_id, any_value(timezone_str) AS zone
FROM read_csv($zones, header = true, columns =
    {{'store_id': 'BIGINT', 'timezone_str': 'VARCHAR'}})
GROUP BY store_id;

CREATE TEMP TABLE weekly AS
WITH texts AS (
    SELECT store_id, day,
        epoch_us(start_time_local) AS opens,
        CASE WHEN end_time_local >= TIME '23:59:59' OR end_time_local = TIME '23:59:00'
            THEN {day} ELSE epoch_us(end_time_local) END AS closes
    FROM read_csv($hours, header = true, columns = {{'store_id': 'BIGINT',
        'day': 'INTEGER', 'start_time_local': 'TIME', 'end_time_local': 'TIME'}})
), rows AS (
    SELECT store_id, day * {day} + opens AS opens,
        day * {day} + closes + CASE WHEN closes <= opens THEN {day} ELSE 0 END AS closes
    FROM texts
), wrapped AS (
    SELECT store_id, opens, least(closes, 7 * {day}) AS closes FROM rows
    UNION ALL
    SELECT store_id, 0, closes - 7 * {day} FROM rows WHERE closes > 7 * {day}
), islands AS (
    SELECT *, opens > max(closes) OVER (PARTITION BY store_id ORDER BY opens, closes
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS apart
    FROM wrapped
), numbered AS (
    SELECT *, count_if(apart) OVER (PARTITION BY store_id ORDER BY opens, closes
        ROWS UNBOUNDED PRECEDING) AS island
    FROM islands
)
SELECT store_id, min(opens) AS opens, max(closes) AS closes
FROM numbered GROUP BY store_id, island;
"""

REPORT = """
CREATE TEMP TABLE stores AS
SELECT store_id, coalesce(zone, 'America/Chicago') AS zone
FROM (SELECT DISTINCT store_id FROM polls UNION SELECT store_id FROM weekly
    UNION SELECT store_id FROM zones) LEFT JOIN zones USING (store_id);

-- Segments of constant offset of each zone: offsets change at whole quarter hours.
CREATE TEMP TABLE segments AS
WITH instants AS (
    SELECT zone, {low} // 900000000 * 900000000 + i * 900000000 AS instant
    FROM (SELECT DISTINCT zone FROM stores), range(0, 7 * 96 + 2) AS r(i)
), offsets AS (
    SELECT zone, instant,
        epoch_us(timezone(zone, make_timestamptz(instant))) - instant AS utc_offset
    FROM instants
), changes AS (
    SELECT * FROM offsets
    QUALIFY utc_offset IS DISTINCT FROM lag(utc_offset) OVER (PARTITION BY zone
        ORDER BY instant)
)
SELECT zone, utc_offset, greatest(instant, {low}) AS starts,
    lead(instant, 1, {as_of}) OVER (PARTITION BY zone ORDER BY instant) AS ends
FROM changes;

-- Business time of UTC, with how much has passed before.
CREATE TEMP TABLE business AS
WITH open_hours AS (
    SELECT store_id, opens, closes FROM weekly
    UNION ALL
    SELECT store_id, 0, 7 * {day} FROM stores ANTI JOIN weekly USING (store_id)
), intervals AS (
    SELECT store_id,
        greatest(monday + opens - utc_offset, starts) AS opens,
        least(monday + closes - utc_offset, ends) AS closes
    FROM open_hours JOIN stores USING (store_id) JOIN segments USING (zone),
        (SELECT {monday} + 7 * {day} * unnest([0, 1, 2]) AS monday)
)
SELECT store_id, opens, closes, coalesce(sum(closes - opens) OVER (
    PARTITION BY store_id ORDER BY opens
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)::BIGINT AS before
FROM intervals WHERE opens < closes;

-- Who speaks when: runs of polls of one status, the first also backwards.
CREATE TEMP TABLE runs AS
WITH changes AS (
    SELECT store_id, instant, up,
        lag(up) OVER (PARTITION BY store_id ORDER BY instant, up DESC) AS former
    FROM polls WHERE instant <= {as_of}
)
SELECT store_id, instant, up,
    CASE WHEN former IS NULL THEN {low} ELSE greatest(instant, {low}) END AS starts
FROM changes WHERE former IS DISTINCT FROM up;
"""


SUMS = """
CREATE TEMP TABLE bounds AS
WITH asked AS (
    SELECT store_id, w, {as_of} - span AS instant
    FROM stores, (VALUES (0, 0), (1, {hour}), (2, {day}), (3, 7 * {day})) AS v(w, span)
), passed AS (
    SELECT asked.store_id, w,
        coalesce(before + least(instant, closes) - opens, 0) AS passed
    FROM asked ASOF LEFT JOIN business
        ON asked.store_id = business.store_id AND instant >= business.opens
)
SELECT store_id, max(passed) FILTER (w = 0) AS until,
    max(passed) FILTER (w = 1) AS hour, max(passed) FILTER (w = 2) AS day,
    max(passed) FILTER (w = 3) AS week
FROM passed GROUP BY store_id;

CREATE TEMP TABLE sums AS
WITH begun AS (
    SELECT runs.store_id, instant, up,
        coalesce(before + least(starts, closes) - opens, 0) AS first
    FROM runs ASOF LEFT JOIN business
        ON runs.store_id = business.store_id AND starts >= business.opens
), spans AS (
    SELECT store_id, up, first,
        lead(first) OVER (PARTITION BY store_id ORDER BY instant, up DESC) AS last
    FROM begun
), measured AS (
    SELECT store_id, up, hour, day, week, first, coalesce(last, until) AS last
    FROM spans JOIN bounds USING (store_id)
)
SELECT store_id, {sums}
FROM measured GROUP BY store_id;

COPY (
    SELECT store_id, {columns}
    FROM bounds LEFT JOIN sums USING (store_id)
    ORDER BY store_id::VARCHAR
) TO $output (header, delimiter ',');
"""

WINDOWS = {"hour": HOUR // 60, "day": HOUR, "week": HOUR}


def sums() -> str:
    """What each status has of each window."""
    return ", ".join(
        f"sum(greatest(last, {window}) - greatest(first, {window}))"
        f" FILTER ({status})::BIGINT AS {measure}_{window}"
        for measure, status in (("uptime", "up"), ("downtime", "NOT up"))
        for window in WINDOWS
    )


def output_columns(*, exact: bool) -> str:
    """The measures, in microseconds or in the units of people."""
    columns = []
    for measure in ("uptime", "downtime", "unknown"):
        for window, unit in WINDOWS.items():
            value = f"coalesce({measure}_{window}, 0)"
            if measure == "unknown":
                value = (
                    f"until - {window} - coalesce(uptime_{window}, 0)"
                    f" - coalesce(downtime_{window}, 0)"
                )
            if not exact:
                value = f"round(({value}) / {unit}, 4)"
            columns.append(f"{value} AS {measure}_last_{window}")
    return ", ".join(columns)


def main() -> None:
    """Read three files, write a fourth."""
    polls, hours, zones, output, *options = sys.argv[1:]
    with open(polls, encoding="utf-8") as file:  # noqa: PTH123
        header = file.readline().strip().split(",")
    types = {"store_id": "BIGINT", "timestamp_utc": "TIMESTAMP", "status": "VARCHAR"}
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = false")
    tables = TABLES.format(day=DAY, columns={name: types[name] for name in header})
    for statement, files in zip(
        tables.split(";")[:3],
        ({"polls": polls}, {"zones": zones}, {"hours": hours}),
        strict=True,
    ):
        database.execute(statement, files)
    (as_of,) = database.execute("SELECT max(instant) FROM polls").fetchone() or (0,)
    low = as_of - 7 * DAY
    names = {"as_of": as_of, "low": low, "hour": HOUR, "day": DAY}
    # The epoch was a Thursday.
    names["monday"] = (low + 2 * DAY) // (7 * DAY) * 7 * DAY - 3 * DAY
    database.execute(REPORT.format(**names))
    statements = SUMS.format(
        sums=sums(), columns=output_columns(exact="--exact" in options), **names
    ).split(";")
    for statement in statements[:2]:
        database.execute(statement)
    database.execute(statements[2], {"output": output})


if __name__ == "__main__":
    main()
