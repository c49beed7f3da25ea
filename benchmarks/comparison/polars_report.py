"""The report in Polars: `python polars_report.py POLLS HOURS ZONES OUTPUT`.

The same steps as in `duckdb_report.py`. With --exact, sums are whole microseconds.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import polars as pl

HOUR = 3_600_000_000
DAY = 24 * HOUR
WEEK = 7 * DAY
WINDOWS = {"hour": (HOUR, HOUR // 60), "day": (DAY, HOUR), "week": (WEEK, HOUR)}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_polls(path: str) -> pl.DataFrame:
    """Shop, instant and status, sorted."""
    text = pl.col("timestamp_utc").str
    return (
        pl.scan_csv(path, schema_overrides={"store_id": pl.Int64})
        .select(
            "store_id",
            at=text.to_datetime(
                "%Y-%m-%d %H:%M:%S%.f UTC", time_unit="us"
            ).to_physical(),
            up=pl.col("status") == "active",
        )
        .sort("store_id", "at", "up", descending=[False, False, True])
        .collect()
    )


def microseconds(column: str) -> pl.Expr:
    """A local time as microseconds since midnight."""
    return pl.col(column).str.to_time("%H:%M:%S").to_physical() // 1000


def read_weekly(path: str) -> pl.LazyFrame:
    """Each shop's week as separate intervals, in microseconds since Monday."""
    opens, closes = microseconds("start_time_local"), microseconds("end_time_local")
    last_minute = (closes == DAY - HOUR // 60) | (closes >= DAY - 1_000_000)
    rows = (
        pl.scan_csv(path, schema_overrides={"store_id": pl.Int64})
        .select(
            "store_id",
            "day",
            opens=opens,
            closes=pl.when(last_minute).then(DAY).otherwise(closes),
        )
        .select(
            "store_id",
            opens=pl.col("day") * DAY + pl.col("opens"),
            closes=pl.col("day") * DAY
            + pl.col("closes")
            + pl.when(pl.col("closes") <= pl.col("opens")).then(DAY).otherwise(0),
        )
    )
    wrapped = pl.concat(
        [
            rows.with_columns(closes=pl.min_horizontal("closes", pl.lit(WEEK))),
            rows.filter(pl.col("closes") > WEEK).with_columns(
                opens=pl.lit(0, dtype=pl.Int64), closes=pl.col("closes") - WEEK
            ),
        ]
    ).sort("store_id", "opens")
    # A shop's intervals lie a week apart from the next shop's: one running maximum.
    number = pl.col("store_id").rle_id().cast(pl.Int64) * (2 * WEEK)
    before = (number + pl.col("closes")).cum_max().shift(1)
    island = ((number + pl.col("opens")) > before).fill_null(value=True).cum_sum()
    return (
        wrapped.group_by("store_id", island.alias("island"))
        .agg(pl.col("opens").min(), pl.col("closes").max())
        .drop("island")
    )


def segments(zones: list[str], low: int, as_of: int) -> pl.LazyFrame:
    """Segments of constant offset of each zone, found on quarters of an hour."""
    quarter = HOUR // 4
    grid = pl.DataFrame(
        {"start": range(low // quarter * quarter, as_of, quarter)},
        schema={"start": pl.Int64},
    )
    instant = pl.col("start").cast(pl.Datetime("us", "UTC"))
    tables = []
    for zone in zones:
        local = instant.dt.convert_time_zone(zone).dt.replace_time_zone(None)
        offset = local.to_physical() - pl.col("start")
        changes = grid.with_columns(zone=pl.lit(zone), offset=offset).filter(
            pl.col("offset").ne_missing(pl.col("offset").shift(1))
        )
        tables.append(
            changes.with_columns(
                start=pl.col("start").clip(lower_bound=low),
                end=pl.col("start").shift(-1).fill_null(as_of),
            )
        )
    return pl.concat(tables).lazy()


def business_time(
    weekly: pl.LazyFrame, stores: pl.LazyFrame, low: int, as_of: int
) -> pl.DataFrame:
    """Business time of UTC, with how much has passed before."""
    names = stores.select(pl.col("zone").unique().sort()).collect()["zone"].to_list()
    # The epoch was a Thursday.
    monday = (low + 2 * DAY) // WEEK * WEEK - 3 * DAY
    always = stores.join(weekly, on="store_id", how="anti").select(
        "store_id",
        opens=pl.lit(0, dtype=pl.Int64),
        closes=pl.lit(WEEK, dtype=pl.Int64),
    )
    shift = pl.col("monday") - pl.col("offset")
    return (
        pl.concat([weekly, always])
        .join(stores, on="store_id")
        .join(segments(names, low, as_of), on="zone")
        .join(
            pl.LazyFrame({"monday": [monday + n * WEEK for n in range(3)]}), how="cross"
        )
        .select(
            "store_id",
            opens=pl.max_horizontal(pl.col("opens") + shift, "start"),
            closes=pl.min_horizontal(pl.col("closes") + shift, "end"),
        )
        .filter(pl.col("opens") < pl.col("closes"))
        .sort("store_id", "opens")
        .with_columns(length=pl.col("closes") - pl.col("opens"))
        .with_columns(
            before=(pl.col("length").cum_sum() - pl.col("length")).over("store_id")
        )
        .collect()
    )


def passed(asked: pl.DataFrame, business: pl.DataFrame) -> pl.DataFrame:
    """How much business time has passed at each asked instant; sorted by both."""
    found = asked.join_asof(
        business,
        left_on="at",
        right_on="opens",
        by="store_id",
        check_sortedness=False,
    )
    time = pl.col("before") + pl.min_horizontal("at", "closes") - pl.col("opens")
    return found.with_columns(passed=time.fill_null(0))


def measures(*, exact: bool) -> list[pl.Expr]:
    """The columns, in microseconds or in the units of people."""
    columns = []
    for measure in ("uptime", "downtime", "unknown"):
        for window, (_, unit) in WINDOWS.items():
            value = pl.col(f"{measure}_last_{window}")
            columns.append(
                value
                if exact
                else (value / unit).round(4).alias(value.meta.output_name())
            )
    return columns


def main() -> None:
    """Read three files, write a fourth."""
    polls_path, hours_path, zones_path, output, *options = sys.argv[1:]
    polls = read_polls(polls_path)
    as_of: int = polls["at"].max()  # type: ignore[assignment]  # of integers
    low = as_of - WEEK
    weekly = read_weekly(hours_path).collect().lazy()
    zones = pl.scan_csv(zones_path, schema_overrides={"store_id": pl.Int64}).unique(
        "store_id"
    )
    stores = (
        pl.concat([table.select("store_id") for table in (polls.lazy(), weekly, zones)])
        .unique()
        .join(zones, on="store_id", how="left")
        .select("store_id", zone=pl.col("timezone_str").fill_null("America/Chicago"))
        .collect()
    )
    business = business_time(weekly, stores.lazy(), low, as_of)
    first = pl.col("store_id").ne_missing(pl.col("store_id").shift(1))
    changed = pl.col("up").ne_missing(pl.col("up").shift(1))
    runs = passed(
        polls.lazy()
        .filter(first | changed)
        .with_columns(at=pl.when(first).then(low).otherwise(pl.col("at").clip(low)))
        .collect(),
        business,
    )
    spans = {"until": 0} | {window: span for window, (span, _) in WINDOWS.items()}
    bounds = stores.select("store_id")
    for name, span in spans.items():
        asked = stores.select("store_id", at=pl.lit(as_of - span, dtype=pl.Int64))
        bounds = bounds.with_columns(passed(asked, business)["passed"].alias(name))
    next_passed = pl.when(pl.col("store_id") == pl.col("store_id").shift(-1)).then(
        pl.col("passed").shift(-1)
    )
    sums = (
        runs.lazy()
        .select("store_id", "up", begin="passed", end=next_passed)
        .join(bounds.lazy(), on="store_id")
        .with_columns(end=pl.col("end").fill_null(pl.col("until")))
        .group_by("store_id")
        .agg(
            (pl.max_horizontal("end", window) - pl.max_horizontal("begin", window))
            .filter(up)
            .sum()
            .alias(f"{measure}_last_{window}")
            for measure, up in (("uptime", pl.col("up")), ("downtime", ~pl.col("up")))
            for window in WINDOWS
        )
    )
    unknown = {
        f"unknown_last_{window}": pl.col("until")
        - pl.col(window)
        - pl.col(f"uptime_last_{window}")
        - pl.col(f"downtime_last_{window}")
        for window in WINDOWS
    }
    (
        bounds.lazy()
        .join(sums, on="store_id", how="left")
        .with_columns(pl.col("^(up|down)time_.*$").fill_null(0))
        .with_columns(**unknown)
        .select(
            pl.col("store_id").cast(pl.String), *measures(exact="--exact" in options)
        )
        .sort("store_id")
        .collect()
        .write_csv(output)
    )


if __name__ == "__main__":
    main()
