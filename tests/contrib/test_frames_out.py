"""Reports as data frames: exact values, types and columns, in every library."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pytest
from hypothesis import given
from tests.properties.test_timeline import known_shops, timeline_of

from uptime_core import (
    MissingLibraryError,
    Policy,
    Report,
    Timeline,
    Window,
    compute_report,
    timeline,
)
from uptime_core.testing.strategies import datasets, policies

if TYPE_CHECKING:
    from uptime_core.testing import Dataset

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")
duckdb = pytest.importorskip("duckdb")
streams = pytest.importorskip("uptime_core.contrib.nanoarrow")

pytestmark = pytest.mark.needs("duckdb", "nanoarrow", "pandas", "polars", "pyarrow")

Frame = Any

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
MEASURES = ("up", "down", "unknown", "open")
LONG = [
    *("store_id", "window_name", *MEASURES, "ratio", "coverage"),
    *("last_poll", "poll_count"),
]
REPORT = compute_report(
    [
        ("007", NOON - timedelta(minutes=50, microseconds=1), True),
        ("7", NOON - timedelta(minutes=30), False),
        ("caf\u00e9", NOON, True),
    ],
    timezones={"never polled": "UTC"},
    windows=[
        Window.last(timedelta(hours=1), name="hour", unit="minutes"),
        Window.between(NOON - timedelta(2), NOON - timedelta(1), name="before"),
    ],
)


def through_duckdb(report: Report) -> Frame:  # noqa: ARG001  # read by its name
    """As pandas, since DuckDB has no durations of its own."""
    columns = ", ".join(
        f"epoch_us({column}) as {column}" if column in MEASURES else column
        for column in LONG
    )
    frame = duckdb.sql(f"select {columns} from report").df()  # noqa: S608
    for measure in MEASURES:
        frame[measure] = pd.to_timedelta(frame[measure], unit="us").dt.as_unit("us")
    frame["last_poll"] = frame["last_poll"].dt.tz_convert("UTC").dt.as_unit("us")
    return frame


READERS: dict[str, Frame] = {
    "to_pandas": Report.to_pandas,
    "to_polars": lambda report: report.to_polars().to_pandas(),
    "polars": lambda report: pl.DataFrame(report).to_pandas(),
    "pyarrow": lambda report: pa.table(report).to_pandas(),
    "duckdb": through_duckdb,
}
if hasattr(pd.DataFrame, "from_arrow"):  # from version 3 on
    READERS["pandas"] = pd.DataFrame.from_arrow


def assert_is_report(frame: Frame, report: Report) -> None:
    """The frame has exactly the report's numbers."""
    assert list(frame.columns) == LONG
    names = [window.name for window in report.windows]
    assert frame["store_id"].tolist() == [
        store_id for store_id in report.store_ids for _ in names
    ]
    assert frame["window_name"].tolist() == names * len(report)
    for measure in MEASURES:
        assert str(frame[measure].dtype) == "timedelta64[us]"
        exact = frame[measure].to_numpy().view(np.int64)
        assert np.array_equal(exact, getattr(report, measure).ravel())
    for share in ("ratio", "coverage"):
        assert frame[share].dtype == np.float64
        expected = getattr(report, share).ravel()
        assert np.array_equal(frame[share].to_numpy(), expected, equal_nan=True)
    assert str(frame["last_poll"].dtype) == "datetime64[us, UTC]"
    instants = frame["last_poll"].dt.tz_convert(None).to_numpy().view(np.int64)
    repeated = np.repeat(report.last_poll, len(names)).view(np.int64)
    assert np.array_equal(instants, repeated)
    counts = np.repeat(report.poll_count, len(names))
    assert frame["poll_count"].tolist() == counts.tolist()


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_every_library_has_the_reports_numbers(read: Frame) -> None:
    assert_is_report(read(REPORT), REPORT)


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_report_without_shops_has_the_same_columns(read: Frame) -> None:
    frame = read(compute_report([], as_of=NOON))

    assert len(frame) == 0
    assert list(frame.columns) == LONG
    assert str(frame["up"].dtype) == "timedelta64[us]"


@given(datasets(), policies())
def test_every_report_is_exact_in_pandas_and_polars(
    dataset: Dataset, policy: Policy
) -> None:
    report = compute_report(**dataset.arguments, policy=policy)

    assert_is_report(report.to_pandas(), report)
    assert report.to_polars().equals(pl.DataFrame(report))
    assert_is_report(pl.DataFrame(report).to_pandas(), report)


def test_the_types_are_those_of_the_reference() -> None:
    assert pl.DataFrame(REPORT).schema == REPORT.to_polars().schema
    assert dict(REPORT.to_polars().schema) == {
        "store_id": pl.String,
        "window_name": pl.String,
        **dict.fromkeys(MEASURES, pl.Duration("us")),
        "ratio": pl.Float64,
        "coverage": pl.Float64,
        "last_poll": pl.Datetime("us", "UTC"),
        "poll_count": pl.Int64,
    }
    schema = pa.table(REPORT).schema
    assert schema.field("store_id").type == pa.string()
    assert schema.field("up").type == pa.duration("us")
    assert schema.field("last_poll").type == pa.timestamp("us", "UTC")
    nulls = (
        pa.table(REPORT)["ratio"].null_count,
        pa.table(REPORT)["last_poll"].null_count,
    )
    assert nulls == (int(np.isnan(REPORT.ratio).sum()), 2)
    assert REPORT.to_polars()["ratio"].null_count() == nulls[0]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_wide_has_a_row_for_each_shop(library: str) -> None:
    frame = getattr(REPORT, f"to_{library}")(wide=True)

    assert list(frame.columns) == [
        "store_id",
        *(
            f"{measure}_{name}"
            for measure in (*MEASURES, "ratio", "coverage")
            for name in ("hour", "before")
        ),
        "last_poll",
        "poll_count",
    ]
    assert list(frame["store_id"]) == list(REPORT.store_ids)
    for place, name in enumerate(("hour", "before")):
        exact = frame[f"unknown_{name}"].to_numpy().astype("timedelta64[us]")
        assert np.array_equal(exact.view(np.int64), REPORT.unknown[:, place])


def test_frames_do_not_share_the_reports_arrays() -> None:
    frame = REPORT.to_pandas()
    frame["up"] += pd.Timedelta(1, "s")
    frame.loc[0, "poll_count"] = 99

    assert_is_report(REPORT.to_pandas(), REPORT)


def test_a_long_report_is_a_stream_of_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "ROWS_PER_BATCH", 3)

    table = pa.table(REPORT)

    assert table["up"].num_chunks == 3
    assert_is_report(table.to_pandas(), REPORT)


def test_a_consumers_wish_for_other_types_is_not_an_error() -> None:
    reader = pa.RecordBatchReader.from_stream(REPORT)

    assert reader.read_all().num_rows == len(REPORT) * 2
    assert REPORT.__arrow_c_stream__(requested_schema=None) is not None


def test_a_report_is_no_table_of_polls() -> None:
    with pytest.raises(ValueError, match="polls, timestamp_utc: the header has none"):
        compute_report(REPORT)


@pytest.mark.parametrize(
    ("library", "ask"),
    [
        ("pandas", Report.to_pandas),
        ("polars", Report.to_polars),
        ("nanoarrow", pl.DataFrame),
        ("nanoarrow", lambda report: compute_report(report.to_polars())),
        ("matplotlib", lambda _: import_module("uptime_core.contrib.matplotlib")),
        ("tqdm", lambda _: import_module("uptime_core.contrib.tqdm")),
    ],
)
def test_a_library_that_is_missing_is_told_with_its_extra(
    library: str, ask: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(sys.modules):
        if (
            name.partition(".")[0] == library
            or name == f"uptime_core.contrib.{library}"
        ):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)

    with pytest.raises(
        MissingLibraryError, match=rf"'uptime_core\[{library}\]'"
    ) as caught:
        ask(REPORT)

    assert caught.value.name == library
    assert isinstance(caught.value, ImportError)


def test_totals_add_up_all_shops() -> None:
    totals = REPORT.totals()

    frame = REPORT.to_pandas().groupby("window_name")[list(MEASURES)].sum()
    for name in totals:
        sums = frame.loc[name]
        assert attrs.astuple(totals[name]) == tuple(
            sums[measure].to_pytimedelta() for measure in MEASURES
        )


@given(datasets(max_shops=1), policies())
def test_a_timeline_is_exact_in_every_library(dataset: Dataset, policy: Policy) -> None:
    for shop in known_shops(dataset):
        line = timeline_of(dataset, shop, dataset.windows[0], policy)
        assert_is_timeline(line)


def test_the_types_of_columns_do_not_hang_on_the_data() -> None:
    hour = timedelta(hours=1)
    polls = [("a", NOON, True), ("a", NOON + hour, True)]
    spoken, silent = (
        timeline(polls, store_id="a", start=start, end=start + hour).to_pandas()
        for start in (NOON, NOON - hour)
    )
    empty = spoken[:0]

    assert spoken["status"].notna().all()
    assert silent["status"].isna().all()
    assert dict(silent.dtypes) == dict(spoken.dtypes) == dict(empty.dtypes)
    assert silent["status"].dtype == spoken["store_id"].dtype
    no_shops = compute_report([], as_of=NOON).to_pandas()
    assert dict(no_shops.dtypes) == dict(REPORT.to_pandas().dtypes)


def assert_is_timeline(line: Timeline) -> None:
    frame = line.to_polars()

    assert frame.equals(pl.DataFrame(line))
    assert dict(frame.schema) == {
        "store_id": pl.String,
        "start": pl.Datetime("us", "UTC"),
        "end": pl.Datetime("us", "UTC"),
        "state": pl.String,
        "duration": pl.Duration("us"),
        "poll": pl.Datetime("us", "UTC"),
        "status": pl.String,
        "conflict": pl.Boolean,
        "hours": pl.String,
    }
    for row, interval in zip(frame.iter_rows(named=True), line, strict=True):
        poll, hours = interval.poll, interval.hours
        assert row == {
            "store_id": line.store_id,
            "start": interval.start,
            "end": interval.end,
            "state": interval.state,
            "duration": interval.duration,
            "poll": None if poll is None else poll.at,
            "status": None if poll is None else "active" if poll.up else "inactive",
            "conflict": interval.conflict,
            "hours": None if hours is None else str(hours),
        }
    pandas = line.to_pandas()
    assert pandas["duration"].to_numpy().view(np.int64).tolist() == (
        (line.ends - line.starts).tolist()
    )
    assert pandas["poll"].isna().tolist() == (line.poll < 0).tolist()
    assert pandas["hours"].isna().tolist() == (line.row < 0).tolist()
