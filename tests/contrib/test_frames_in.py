"""Polls, hours and zones from data frames: those of rows, or one clear error."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_core import (
    HoursColumns,
    InputError,
    MemoryStore,
    PollColumns,
    Snapshot,
    SqliteStore,
    UnknownTimezoneError,
    compute_report,
    compute_store,
)
from uptime_core.inputs import (
    hours_columns,
    kept_polls,
    poll_columns,
    timezone_names,
)
from uptime_core.instants import parse_timestamp
from uptime_core.polls import parse_status
from uptime_core.rejects import Rejects
from uptime_core.store_ids import parse_store_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")
duckdb = pytest.importorskip("duckdb")
pytest.importorskip("nanoarrow")

pytestmark = pytest.mark.needs("duckdb", "nanoarrow", "pandas", "polars", "pyarrow")

Columns = dict[str, list[Any]]
Frame = Any

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)
LONG = "an id of more than 64 bytes: " + "\u00e9" * 40
POLLS: Columns = {
    "store_id": ["a", "8419537941919820732", "a", LONG, "a ", "caf\u00e9", "a"],
    "timestamp_utc": [
        NOON + timedelta(minutes=minute, microseconds=minute)
        for minute in (0, 1, -600, 3, 4, 5, 0)
    ],
    "status": [
        "active",
        "inactive",
        "ACTIVE",
        "active",
        "inactive",
        "active",
        "active",
    ],
}
ROWS = list(zip(*POLLS.values(), strict=True))

HOURS: Columns = {
    "store_id": ["a", "a", "b", "b"],
    "day": [0, 6, 2, 2],
    "start_time_local": ["9:00", "22:00:00", "00:00", "12:30"],
    "end_time_local": ["17:00", "02:00", "24:00", "12:30"],
}
ZONES: Columns = {
    "store_id": ["a", "b", "b", "c"],
    "timezone_str": ["Europe/Paris", "UTC", "UTC", "America/Chicago"],
}


class Stream:
    """Nothing but an Arrow stream, each time a new one."""

    def __init__(self, make: Callable[[], Frame]) -> None:
        self._make = make

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._make().__arrow_c_stream__(requested_schema)


def sliced(columns: Columns) -> Frame:
    """Every value in the middle of a longer table, in several batches."""
    padded = {name: [values[0], *values, None] for name, values in columns.items()}
    table = pa.concat_tables([pa.table(padded).slice(1, 3), pa.table(padded).slice(4)])
    return table.slice(0, len(next(iter(columns.values()))))


def struct_array(columns: Columns) -> Frame:
    """A table whose offset is that of its rows and not of its columns."""
    padded = {name: [values[0], *values] for name, values in columns.items()}
    arrays = [pa.array(values) for values in padded.values()]
    rows = pa.StructArray.from_arrays(arrays, names=list(padded)).slice(1)
    return Stream(lambda: pa.chunked_array([rows]))


def typed(columns: Columns, kind: Frame) -> Frame:
    """A table whose texts are of another type."""
    return pa.table(
        {
            name: pa.array(values, kind)
            if any(isinstance(value, str) for value in values)
            else values
            for name, values in columns.items()
        }
    )


def relation(columns: Columns) -> Frame:
    table = pa.table(columns)
    return duckdb.from_arrow(table)


MAKERS: dict[str, Callable[[Columns], Frame]] = {
    "pandas": pd.DataFrame,
    "pandas, objects": lambda columns: pd.DataFrame(columns, dtype=object),
    "pandas, categories": lambda columns: pd.DataFrame(
        {
            name: pd.Series(values).astype("category")
            if isinstance(values[0], str)
            else values
            for name, values in columns.items()
        }
    ),
    "pandas, nullable": lambda columns: pd.DataFrame(columns).convert_dtypes(),
    "pandas, arrow": lambda columns: pd.DataFrame(columns).convert_dtypes(
        dtype_backend="pyarrow"
    ),
    "pandas, a stream": lambda columns: Stream(lambda: pd.DataFrame(columns)),
    "polars": pl.DataFrame,
    "polars, categories": lambda columns: pl.DataFrame(columns).with_columns(
        pl.selectors.string().cast(pl.Categorical)
    ),
    "polars, in chunks": lambda columns: pl.concat(
        [pl.DataFrame(columns)[:2], pl.DataFrame(columns)[2:]], rechunk=False
    ),
    "pyarrow": pa.table,
    "pyarrow, large": lambda columns: typed(columns, pa.large_string()),
    "pyarrow, views": lambda columns: typed(columns, pa.string_view()),
    "pyarrow, dictionaries": lambda columns: typed(
        columns, pa.dictionary(pa.int8(), pa.string())
    ),
    "pyarrow, slices": sliced,
    "pyarrow, structs": struct_array,
    "pyarrow, a record batch": pa.record_batch,
    "duckdb": relation,
}
made_by = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def polls_of(columns: PollColumns) -> Counter[tuple[str, datetime, bool]]:
    return Counter((poll.store_id, poll.at, poll.up) for poll in columns.rows())


def read(frame: Frame) -> PollColumns:
    return poll_columns(frame)


EXPECTED = PollColumns.from_rows(ROWS)


@made_by
def test_polls_are_those_of_the_rows(make: Callable[[Columns], Frame]) -> None:
    columns = read(make(POLLS))

    assert polls_of(columns) == polls_of(EXPECTED)
    assert set(columns.store_ids) == set(EXPECTED.store_ids)


@made_by
@pytest.mark.parametrize("form", ["{} UTC", "{}", "{}Z", "{}+00:00"])
def test_timestamps_may_be_texts(make: Callable[[Columns], Frame], form: str) -> None:
    texts = [
        form.format(f"{at.replace(tzinfo=None):%Y-%m-%d %H:%M:%S.%f}")
        for at in POLLS["timestamp_utc"]
    ]

    assert polls_of(read(make(POLLS | {"timestamp_utc": texts}))) == polls_of(EXPECTED)


@made_by
def test_statuses_may_be_booleans(make: Callable[[Columns], Frame]) -> None:
    statuses = [status.lower() == "active" for status in POLLS["status"]]

    assert polls_of(read(make(POLLS | {"status": statuses}))) == polls_of(EXPECTED)


@made_by
def test_integer_ids_are_text_digit_by_digit(make: Callable[[Columns], Frame]) -> None:
    ids = [8419537941919820732, 9007199254740993, -5, 0, 7, 8, 9]

    columns = {"store_id": ids, **{k: v for k, v in POLLS.items() if k != "store_id"}}
    if make is MAKERS["pandas, objects"]:
        with pytest.raises(InputError, match=r"line 1, store_id: .* is not text"):
            read(make(columns))
    else:
        assert Counter(poll.store_id for poll in read(make(columns)).rows()) == Counter(
            map(str, ids)
        )


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "-03:30"])
def test_instants_are_exact_in_every_unit_and_zone(unit: str, zone: str) -> None:
    whole = [at.replace(microsecond=0, second=7) for at in POLLS["timestamp_utc"]]
    expected = [int(at.timestamp()) * 1_000_000 for at in whole]
    arrow = pa.table(
        POLLS | {"timestamp_utc": pa.array(whole, pa.timestamp(unit, zone))}
    )
    naive = pd.Series([at.replace(tzinfo=None) for at in whole])
    local = naive.dt.as_unit(unit).dt.tz_localize("UTC").dt.tz_convert(zone)
    pandas = pd.DataFrame(POLLS | {"timestamp_utc": local})
    assert pandas.timestamp_utc.dt.unit == unit

    assert read(arrow).at.tolist() == expected
    assert read(pandas).at.tolist() == expected


def test_the_unsigned_and_the_nullable_integers_are_ids_too() -> None:
    largest = 2**64 - 1
    columns = {"timestamp_utc": [NOON], "status": [True]}

    for ids in (
        pd.Series([largest], dtype="uint64"),
        pd.Series([largest], dtype="UInt64"),
        pd.Series([largest], dtype="UInt64").astype("category"),
    ):
        assert read(pd.DataFrame({"store_id": ids, **columns})).store_ids == (
            str(largest),
        )
    frame = pa.table({"store_id": pa.array([largest], pa.uint64()), **columns})
    assert read(frame).store_ids == (str(largest),)


def test_categories_that_no_row_has_are_no_shops() -> None:
    ids = pd.Categorical(["b", "b"], categories=["a", "b", "8.4E+18"])
    frame = pd.DataFrame(
        {"store_id": ids, "timestamp_utc": [NOON, NOON], "status": [True, False]}
    )

    assert read(frame).store_ids == ("b",)


def test_texts_that_differ_in_zeros_at_their_end_are_two() -> None:
    frame = pa.table(
        {
            "store_id": ["a", "a\0"],
            "timestamp_utc": [NOON, NOON],
            "status": [True, True],
        }
    )
    timestamps = pa.table(POLLS | {"timestamp_utc": ["2023-01-25 12:00:00\0"] * 7})

    with pytest.raises(InputError, match=r"line 2, store_id: .* control character"):
        read(frame)
    with pytest.raises(InputError, match=r"line 1, timestamp_utc: .* not a timestamp"):
        read(timestamps)


@made_by
def test_hours_are_those_of_the_rows(make: Callable[[Columns], Frame]) -> None:
    expected, _ = hours_columns(list(zip(*HOURS.values(), strict=True)), Rejects())

    columns, _ = hours_columns(make(HOURS), Rejects())
    as_text, _ = hours_columns(
        make(HOURS | {"day": list(map(str, HOURS["day"]))}), Rejects()
    )

    assert columns == as_text == expected


@made_by
def test_times_may_be_times(make: Callable[[Columns], Frame]) -> None:
    times = HOURS | {
        "start_time_local": [time(9), time(22), time(0), time(12, 30)],
        "end_time_local": [time(17), time(2), time(23, 59), time(12, 30)],
    }
    expected, _ = hours_columns(list(zip(*HOURS.values(), strict=True)), Rejects())

    columns, _ = hours_columns(make(times), Rejects())

    assert columns == expected


def test_times_of_every_unit_and_the_end_of_the_day() -> None:
    for kind in (pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns")):
        ends = pa.array([time(17)], kind)
        columns, _ = hours_columns(
            pa.table(
                {"store_id": ["a"], "day": [1], "start_time_local": ["9:00"]}
                | {"end_time_local": ends}
            ),
            Rejects(),
        )
        assert columns.end.tolist() == [(24 + 17) * 3_600_000_000]
    midnight = duckdb.sql(
        "select 'a' as store_id, 1 as day, time '09:00' as start_time_local, "
        "time '24:00:00' as end_time_local"
    )
    columns, _ = hours_columns(midnight, Rejects())
    assert columns.end.tolist() == [48 * 3_600_000_000]


def test_a_time_finer_than_a_microsecond_is_refused() -> None:
    frame = pa.table(
        {
            "store_id": ["a"],
            "day": [1],
            "start_time_local": pa.array([9 * 3_600 * 10**9 + 1], pa.time64("ns")),
            "end_time_local": ["17:00"],
        }
    )

    with pytest.raises(InputError, match=r"line 1, start_time_local: .* ns after"):
        hours_columns(frame, Rejects())


@made_by
def test_zones_are_those_of_the_rows(make: Callable[[Columns], Frame]) -> None:
    names, _ = timezone_names(make(ZONES), Rejects())

    assert names == dict(zip(*ZONES.values(), strict=True))


@made_by
def test_columns_are_found_by_name_in_any_case_and_order(
    make: Callable[[Columns], Frame],
) -> None:
    polls = {
        "Status ": POLLS["status"],
        "else": list(range(7)),
        "TIMESTAMP_UTC": POLLS["timestamp_utc"],
        " store_ID": POLLS["store_id"],
    }
    assert polls_of(read(make(polls))) == polls_of(EXPECTED)

    for name in ("dayOfWeek", "day_of_week"):
        renamed = {
            name if column == "day" else column: values
            for column, values in HOURS.items()
        }
        columns, _ = hours_columns(make(renamed), Rejects())
        assert set(columns.store_ids) == {"a", "b"}


@made_by
def test_a_report_of_frames_is_that_of_rows(make: Callable[[Columns], Frame]) -> None:
    hours = list(zip(*HOURS.values(), strict=True))
    zones = dict(zip(*ZONES.values(), strict=True))
    expected = compute_report(ROWS, hours, zones)

    assert compute_report(make(POLLS), make(HOURS), make(ZONES)) == expected
    store = MemoryStore(make(POLLS), make(HOURS), make(ZONES))
    assert polls_of(store.snapshot().polls) == polls_of(EXPECTED)
    store.add_polls(make(POLLS))
    store.set_hours(make(HOURS), replace=True)
    store.set_timezones(make(ZONES), replace=True)
    snapshot = store.snapshot()
    assert snapshot.timezones == zones
    assert Snapshot.of(make(POLLS)).newest() == EXPECTED.newest()


def test_an_sqlite_store_takes_frames_too(tmp_path: Path) -> None:
    hours = list(zip(*HOURS.values(), strict=True))
    zones = dict(zip(*ZONES.values(), strict=True))
    with SqliteStore(tmp_path / "uptime.db") as store:
        assert store.add_polls(pl.DataFrame(POLLS)).added == 6
        store.set_hours(pd.DataFrame(HOURS))
        store.set_timezones(pa.table(ZONES))

        assert compute_store(store) == compute_report(ROWS, hours, zones)


def test_a_frame_without_a_row_is_no_error_whatever_its_types() -> None:
    nothing: Columns = {"store_id": [], "timestamp_utc": [], "status": []}

    for frame in (
        pd.DataFrame(nothing),
        pd.DataFrame(columns=list(nothing), dtype="float64"),
        pl.DataFrame(nothing),
        pl.DataFrame(nothing, schema=dict.fromkeys(nothing, pl.Float64)),
        pa.table({name: pa.array([], pa.string()) for name in nothing}),
        pa.table({name: pa.array([], pa.string_view()) for name in nothing}),
        Stream(lambda: pa.table(nothing).to_reader()),
    ):
        assert len(read(frame)) == 0
    empty: Columns = {name: [] for name in HOURS}
    assert hours_columns(pl.DataFrame(empty), Rejects())[0] == HoursColumns(
        (), (), (), ()
    )


Fault = tuple[str, list[Any], str]

BAD_CELLS: list[Fault] = [
    ("store_id", [None], "line 1, store_id: None is not text"),
    ("store_id", ["a", None], "line 2, store_id: None is not text"),
    ("store_id", ["a", ""], "line 2, store_id: '' is empty"),
    ("store_id", ["a", "8.4E+18"], "line 2, store_id: .* spreadsheet"),
    ("timestamp_utc", [NOON, None], "line 2, timestamp_utc: "),
    ("timestamp_utc", ["2023-01-25 12:00:00", "noon"], "line 2, timestamp_utc: 'noon'"),
    ("timestamp_utc", ["2023-01-25 12:00:00", None], "line 2, timestamp_utc: None"),
    ("status", ["active", "up"], "line 2, status: 'up' is neither"),
    ("status", [True, None], "line 2, status: None is neither"),
]


@made_by
@pytest.mark.parametrize(("name", "cells", "message"), BAD_CELLS)
def test_a_bad_cell_is_told_by_row_and_column(
    name: str, cells: list[Any], message: str, make: Callable[[Columns], Frame]
) -> None:
    rows = len(cells)
    frame = make({key: values[:rows] for key, values in POLLS.items()} | {name: cells})

    with pytest.raises(InputError, match=message) as caught:
        read(frame)

    assert (caught.value.source, caught.value.field) == ("polls", name)


REFUSED = {
    "a float id": ("store_id", [1.5], "does not keep all digits"),
    "a date": ("timestamp_utc", [date(2023, 1, 25)], "timestamp_utc"),
    "a naive instant": ("timestamp_utc", [NOON.replace(tzinfo=None)], "time ?zone"),
    "an integer instant": ("timestamp_utc", [1674648000], "timestamp_utc"),
    "an integer status": ("status", [1], "status"),
    "a list": ("store_id", [["a"]], "store_id"),
}


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
@pytest.mark.parametrize(("name", "cells", "message"), REFUSED.values(), ids=REFUSED)
def test_a_type_that_cannot_be_right_is_refused(
    name: str, cells: list[Any], message: str, make: Callable[[Columns], Frame]
) -> None:
    columns = {key: values[:1] for key, values in POLLS.items()} | {name: cells}

    with pytest.raises(InputError, match=message) as caught:
        read(make(columns))

    assert (caught.value.source, caught.value.field) == ("polls", name)


def test_what_is_refused_says_what_it_holds() -> None:
    naive = pl.DataFrame(POLLS | {"timestamp_utc": [NOON.replace(tzinfo=None)] * 7})
    with pytest.raises(
        InputError, match=r"holds timestamp\('us', ''\), without a time"
    ):
        read(naive)
    days = pd.DataFrame(HOURS | {"day": [0, 1, 2, None]})
    with pytest.raises(InputError, match=r"holds float64.* missing value"):
        hours_columns(days, Rejects())
    lists = pl.DataFrame(POLLS | {"store_id": [["a"]] * 7})
    with pytest.raises(InputError, match="holds large_list<item: string_view>"):
        read(lists)


def test_what_is_refused_says_how_to_cast_it() -> None:
    """Each piece of advice, taken, gives what was meant."""
    ones = pd.DataFrame(POLLS | {"status": [1] * 7})
    with pytest.raises(InputError, match=r"status: .*int64.* column == 1,"):
        read(ones)
    assert read(ones.assign(status=ones["status"] == 1)).status.all()

    seconds = [int(at.timestamp()) for at in POLLS["timestamp_utc"]]
    numbers = pd.DataFrame(POLLS | {"timestamp_utc": seconds})
    with pytest.raises(InputError, match=r"timestamp_utc: .* pd\.to_datetime\(column"):
        read(numbers)
    instants = pd.to_datetime(numbers["timestamp_utc"], unit="s", utc=True)
    expected = [second * 1_000_000 for second in seconds]
    assert read(numbers.assign(timestamp_utc=instants)).at.tolist() == expected
    column = pl.from_epoch(pl.col("timestamp_utc")).dt.replace_time_zone("UTC")
    assert read(pl.DataFrame(numbers).with_columns(column)).at.tolist() == expected

    polls = pa.table(POLLS)
    huge = duckdb.sql("select * replace (7::hugeint as store_id) from polls")
    with pytest.raises(InputError, match=r"store_id: .*decimal128.*column::VARCHAR"):
        read(huge)
    cast = duckdb.sql("select * replace (store_id::VARCHAR as store_id) from huge")
    assert read(cast).store_ids == ("7",)
    assert len(polls) == 7


@pytest.mark.parametrize("field", ["start_time_local", "end_time_local"])
def test_hours_that_are_durations_or_instants_say_how_to_cast_them(field: str) -> None:
    lasting = [timedelta(hours=9), timedelta(hours=24)]
    hours = {name: values[:2] for name, values in HOURS.items()} | {field: lasting}
    text = dict(hours, **{field: ["09:00", "00:00"]})
    expected, _ = hours_columns(pd.DataFrame(text), Rejects())
    pandas, polars = pd.DataFrame(hours), pl.DataFrame(hours)

    for frame in (pandas, polars):
        with pytest.raises(InputError, match=rf"{field}: .*\(pd\.Timestamp\(0\)"):
            hours_columns(frame, Rejects())
    moments = pd.Timestamp(0) + pandas[field]
    with pytest.raises(InputError, match=rf"{field}: .*time; take the time of day"):
        hours_columns(pandas.assign(**{field: moments}), Rejects())

    times = (pl.datetime(2000, 1, 1) + pl.col(field)).dt.time()
    for frame in (
        pandas.assign(**{field: moments.dt.time}),
        polars.with_columns(times.alias(field)),
    ):
        assert hours_columns(frame, Rejects())[0] == expected


def test_instants_out_of_reach_are_refused() -> None:
    for instant, message in (
        (np.datetime64("2023-01-25T00:00:00.000000001", "ns"), "finer than a micro"),
        (np.datetime64(2**62, "s"), "outside the years 1 to 9999"),
        (np.datetime64("0000-12-31T23:59:59", "s"), "outside the years 1 to 9999"),
        (np.datetime64("-9999-01-01", "ms"), "outside the years 1 to 9999"),
    ):
        kind = pa.timestamp(np.datetime_data(instant.dtype)[0], "UTC")
        column = pa.array([int(instant.astype(np.int64))], pa.int64()).cast(kind)
        frame = pa.table({"store_id": ["a"], "timestamp_utc": column, "status": [True]})
        with pytest.raises(InputError, match=message):
            read(frame)
    for text in ("0001-01-01T00:00:00", "9999-12-31T23:59:59"):
        instant = np.datetime64(text, "s")
        column = pa.array([int(instant.astype(np.int64))], pa.int64()).cast(
            pa.timestamp("s", "UTC")
        )
        frame = pa.table({"store_id": ["a"], "timestamp_utc": column, "status": [True]})
        assert read(frame).at.tolist() == [int(instant.astype("M8[us]").astype(int))]


def test_objects_that_are_equal_are_not_the_same() -> None:
    frame = pd.DataFrame(POLLS | {"status": [True, 1, 1.0, True, True, True, True]})

    assert frame.status.dtype == object
    with pytest.raises(InputError, match="line 2, status: 1 is neither"):
        read(frame)


def test_datetimes_of_several_zones_and_texts_may_stand_in_a_column_of_objects() -> (
    None
):
    there = NOON.astimezone(timezone(timedelta(hours=5, minutes=45)))
    cells = [NOON, there, pd.Timestamp(NOON), "2023-01-25 12:00:00 UTC"]
    frame = pd.DataFrame(
        {
            "store_id": ["a", "b", "c", "d"],
            "timestamp_utc": pd.Series(cells, dtype=object),
            "status": [True] * 4,
        }
    )

    assert {poll.at for poll in read(frame).rows()} == {NOON}


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_a_column_that_is_missing_or_there_twice_is_told(
    make: Callable[[Columns], Frame],
) -> None:
    with pytest.raises(InputError, match="none of 'store_id'; it is 'shop,status'"):
        read(make({"shop": ["a"], "status": [True]}))
    with pytest.raises(InputError, match="'status' 2 times"):
        read(make(POLLS | {"STATUS": POLLS["status"]}))


def test_a_column_in_the_index_of_pandas_is_told() -> None:
    frame = pd.DataFrame(POLLS).set_index("store_id")

    with pytest.raises(InputError, match=r"the index, \['store_id'\].*reset_index"):
        read(frame)


def test_labels_of_pandas_that_are_no_texts_are_no_harm() -> None:
    frame = pd.DataFrame(POLLS)
    frame[7] = 1
    frame["x", "y"] = 1

    assert polls_of(read(frame)) == polls_of(EXPECTED)


def test_what_is_no_table_is_told() -> None:
    with pytest.raises(InputError, match="polls: a Series is a single column"):
        read(pl.DataFrame(POLLS)["store_id"])
    with pytest.raises(InputError, match="polls: a LazyFrame has no rows yet"):
        read(pl.DataFrame(POLLS).lazy())


def test_a_stream_that_fails_is_told() -> None:
    def fail() -> Frame:
        message = "the line is cut"
        raise RuntimeError(message)

    batches = iter([pa.record_batch(POLLS)])
    schema = pa.record_batch(POLLS).schema
    broken = pa.RecordBatchReader.from_batches(
        schema, (next(batches) if number == 0 else fail() for number in range(2))
    )

    with pytest.raises(InputError, match=r"polls: its Arrow stream .* the line is cut"):
        read(Stream(fail))
    with pytest.raises(InputError, match=r"polls: its Arrow stream .* the line is cut"):
        read(broken)


def test_text_that_is_no_utf_8_is_told() -> None:
    bad = pa.Array.from_buffers(
        pa.string(),
        1,
        [None, pa.py_buffer(np.array([0, 2], np.int32)), pa.py_buffer(b"\xff\xfe")],
    )

    for name in ("store_id", "timestamp_utc"):
        columns = {key: values[:1] for key, values in POLLS.items()} | {name: bad}
        with pytest.raises(InputError, match="polls: a text is not UTF-8"):
            read(pa.table(columns))


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_bad_rows_can_be_collected(make: Callable[[Columns], Frame]) -> None:
    store = MemoryStore()
    polls = POLLS | {"store_id": ["a", None, "b", "c", "", "d", "e"]}
    polls["status"] = [*["active"] * 5, "up", "inactive"]

    result = store.add_polls(make(polls), on_error="collect")

    assert result.added == 4
    assert [(row.line, row.field) for row in result.rejected] == [
        (2, "store_id"),
        (5, "store_id"),
        (6, "status"),
    ]
    assert result.rejected[0].cells[0] == ""
    assert result.rejected[2].cells[0::2] == ("d", "up")

    hours = HOURS | {"day": [0, 7, 2, 2]}
    result = store.set_hours(make(hours), on_error="collect")
    assert {row.line for row in result.rejected} == {1, 2}
    assert store.quarantined() == {"a"}

    zones = ZONES | {"timezone_str": ["UTC", "UTC", "Europe/Paris", None]}
    result = store.set_timezones(make(zones), on_error="collect")
    assert store.quarantined() == {"a", "b", "c"}
    with pytest.raises(UnknownTimezoneError, match="line 4, timezone_str: None"):
        store.set_timezones(make(ZONES | {"timezone_str": ["UTC"] * 3 + [None]}))


cells_of_ids = st.one_of(
    st.none(),
    st.sampled_from(["a", "b", " a", "", "8.4E+18", "\u00e9" * 40, "x" * 201, "a\tb"]),
    st.text(max_size=5),
)
cells_of_times = st.one_of(
    st.none(),
    st.sampled_from(
        [
            "2023-01-25 12:00:00 UTC",
            "2023-01-25 12:00:00.5 UTC",
            "2023-01-25T12:00:00+05:45",
            "2023-02-30 12:00:00 UTC",
            "",
            "\u0661",
        ]
    ),
    st.datetimes().map(str),
)
cells_of_statuses = st.sampled_from([None, "active", "inactive", " Active", "up", ""])
tables = st.lists(st.tuples(cells_of_ids, cells_of_times, cells_of_statuses))
FROM_TABLES = [
    lambda table: pd.DataFrame(table, dtype=object),
    lambda table: pl.DataFrame(table, schema=dict.fromkeys(table, pl.String)),
    lambda table: pa.table(table, schema=pa.schema([(n, pa.string()) for n in table])),
]


@given(tables, st.sampled_from(FROM_TABLES))
def test_any_texts_are_taken_or_refused_as_cells_of_files_are(
    rows: list[tuple[Any, Any, Any]], make: Callable[[Columns], Frame]
) -> None:
    good: Counter[tuple[str, int, bool]] = Counter()
    bad = []
    for line, (store_id, timestamp, status) in enumerate(rows, start=1):
        try:
            parsed = parse_store_id(store_id)
            at = parse_timestamp(timestamp or "")
            good[parsed, at, parse_status(status)] += 1
        except InputError as error:
            bad.append((line, error.field))
    names = ("store_id", "timestamp_utc", "status")
    table = {name: [row[place] for row in rows] for place, name in enumerate(names)}

    rejects = Rejects("collect")
    columns = kept_polls(make(table), rejects)

    assert [(row.line, row.field) for row in rejects.rows] == bad
    ids = columns.store_ids
    assert good == Counter(
        (ids[code], at, bool(status))
        for code, at, status in zip(
            columns.code.tolist(),
            columns.at.tolist(),
            columns.status.tolist(),
            strict=True,
        )
    )


@made_by
def test_a_store_keeps_the_polls_of_some_years_only(
    make: Callable[[Columns], Frame],
) -> None:
    frame = make(
        {
            "store_id": ["a", "b", "c"],
            "timestamp_utc": [
                datetime(2023, 1, 25, tzinfo=UTC),
                datetime(2200, 1, 1, tzinfo=UTC),
                datetime(1899, 12, 31, tzinfo=UTC),
            ],
            "status": ["active", "active", "inactive"],
        }
    )
    rejects = Rejects("collect")
    assert kept_polls(frame, rejects).store_ids[0] == "a"
    assert [(row.line, row.field) for row in rejects.rows] == [
        (2, "timestamp_utc"),
        (3, "timestamp_utc"),
    ]
    assert len(kept_polls(frame, Rejects("collect"))) == 1
    assert len(poll_columns(frame)) == 3
    with pytest.raises(InputError, match="polls, line 2, timestamp_utc"):
        kept_polls(frame, Rejects())
