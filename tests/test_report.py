"""Reports: rows, equality, and CSV to the letter."""

from __future__ import annotations

import csv
import gzip
import io
import pickle  # noqa: TID251  # as process pools do, nothing goes to disk
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_core import (
    DEFAULT_WINDOWS,
    Accounting,
    InputError,
    Policy,
    Provenance,
    Report,
    UnknownStoreIdError,
    Window,
    compute_report,
)
from uptime_core.instants import to_micros
from uptime_core.spreadsheet import excel_safe_text

if TYPE_CHECKING:
    from pathlib import Path

MINUTE = 60_000_000
HOUR = 60 * MINUTE
AS_OF = datetime(2023, 1, 25, 18, 13, 22, 479_220, UTC)
NONE = timedelta(0)

PROVENANCE = Provenance(
    as_of=AS_OF,
    policy=Policy(),
    library_version="0",
    tzdata_version="2026f",
    polls=3,
    duplicates=0,
    conflicts=0,
    after_as_of=0,
    rejected=0,
    quarantined=0,
)


def report_of(
    store_ids: tuple[str, ...],
    up: list[list[int]],
    down: list[list[int]],
    unknown: list[list[int]],
    windows: tuple[Window, ...] = DEFAULT_WINDOWS,
) -> Report:
    """A report of these sums; the shops have 0, 1, 2 ... polls."""
    shape = (len(store_ids), len(windows))
    sums = np.array([up, down, unknown], dtype=np.int64).reshape(3, *shape)
    last_poll = np.full(len(store_ids), to_micros(AS_OF))
    last_poll[:1] = np.iinfo(np.int64).min
    return Report(
        store_ids=store_ids,
        windows=windows,
        up=sums[0],
        down=sums[1],
        unknown=sums[2],
        open=sums.sum(axis=0),
        last_poll=last_poll.view("datetime64[us]"),
        poll_count=np.arange(len(store_ids), dtype=np.int64),
        provenance=PROVENANCE,
    )


THREE = report_of(
    ("10", "9", "a,b"),
    up=[[0, 0, 0], [30 * MINUTE, HOUR, 2 * HOUR], [540_000, 180_000, 1]],
    down=[[0, 0, 0], [15 * MINUTE, 3 * HOUR, 4 * HOUR], [0, 0, 0]],
    unknown=[[0, 0, 0], [15 * MINUTE, 20 * HOUR, 162 * HOUR], [0, 180_000, 2]],
)
DAY_ONLY = report_of(("a",), [[1]], [[2]], [[3]], (Window.last(timedelta(1)),))

FULL = """\
store_id,\
uptime_last_hour_minutes,uptime_last_day_hours,uptime_last_week_hours,\
downtime_last_hour_minutes,downtime_last_day_hours,downtime_last_week_hours,\
unknown_last_hour_minutes,unknown_last_day_hours,unknown_last_week_hours
10,0.0000,0.0000,0.0000,0.0000,0.0000,0.0000,0.0000,0.0000,0.0000
9,30.0000,1.0000,2.0000,15.0000,3.0000,4.0000,15.0000,20.0000,162.0000
"a,b",0.0090,0.0000,0.0000,0.0000,0.0000,0.0000,0.0000,0.0000,0.0000
"""

CLASSIC = """\
store_id,\
uptime_last_hour(in mins),uptime_last_day(in hrs),uptime_last_week(in hrs),\
downtime_last_hour(in mins),downtime_last_day(in hrs),downtime_last_week(in hrs)
10,0.0000,0.0000,0.0000,0.0000,0.0000,0.0000
9,30.0000,1.0000,2.0000,15.0000,3.0000,4.0000
"a,b",0.0090,0.0000,0.0000,0.0000,0.0000,0.0000
"""

EXTENDED = """\
store_id,\
uptime_last_hour_minutes,uptime_last_day_hours,uptime_last_week_hours,\
downtime_last_hour_minutes,downtime_last_day_hours,downtime_last_week_hours,\
unknown_last_hour_minutes,unknown_last_day_hours,unknown_last_week_hours,\
open_last_hour_minutes,open_last_day_hours,open_last_week_hours,\
ratio_last_hour,ratio_last_day,ratio_last_week,\
coverage_last_hour,coverage_last_day,coverage_last_week,\
last_poll_utc,poll_count
10,0.0000,0.0000,0.0000,0.0000,0.0000,0.0000,0.0000,0.0000,0.0000,\
0.0000,0.0000,0.0000,,,,,,,,0
9,30.0000,1.0000,2.0000,15.0000,3.0000,4.0000,15.0000,20.0000,162.0000,\
60.0000,24.0000,168.0000,0.6667,0.2500,0.3333,0.7500,0.1667,0.0357,\
2023-01-25T18:13:22.479220Z,1
"a,b",0.0090,0.0000,0.0000,0.0000,0.0000,0.0000,0.0000,0.0000,0.0000,\
0.0090,0.0001,0.0000,1.0000,1.0000,1.0000,1.0000,0.5000,0.3333,\
2023-01-25T18:13:22.479220Z,2
"""


def test_full_is_the_default() -> None:
    assert THREE.to_csv() == FULL
    assert THREE.to_csv(columns="full") == FULL


def test_classic_is_the_header_of_the_original_and_nothing_else() -> None:
    assert THREE.to_csv(columns="classic") == CLASSIC


def test_extended_has_open_time_shares_and_polls_besides() -> None:
    assert THREE.to_csv(columns="extended") == EXTENDED


def test_columns_are_named_after_windows_and_their_units() -> None:
    windows = (
        Window.last(timedelta(30), unit="days"),
        Window.between(AS_OF, AS_OF, name='the "x", y', unit="seconds"),
    )
    report = report_of(("a",), [[1, 2]], [[3, 4]], [[5, 6]], windows)

    assert report.to_csv(decimals=6) == (
        'store_id,uptime_last_30d_days,"uptime_the ""x"", y_seconds",'
        'downtime_last_30d_days,"downtime_the ""x"", y_seconds",'
        'unknown_last_30d_days,"unknown_the ""x"", y_seconds"\n'
        "a,0.000000,0.000002,0.000000,0.000004,0.000000,0.000006\n"
    )


@pytest.mark.parametrize(
    ("decimals", "texts"),
    [
        (0, ["2", "2", "0"]),
        (1, ["1.5", "2.5", "0.0"]),
        (4, ["1.5000", "2.5000", "0.0000"]),
        (18, ["1.500000000000000000", "2.500000000000000000", "0.000000000000000000"]),
    ],
)
def test_there_are_exactly_as_many_decimals_as_asked_for(
    decimals: int, texts: list[str]
) -> None:
    hours = (Window.last(timedelta(1)),)
    report = report_of(("a",), [[3 * HOUR // 2]], [[5 * HOUR // 2]], [[0]], hours)

    assert report.to_csv(decimals=decimals).split("\n")[1] == ",".join(["a", *texts])


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (180_000, "0.0000"),
        (180_001, "0.0001"),
        (539_999, "0.0001"),
        (540_000, "0.0002"),
        (24 * HOUR - 180_000, "24.0000"),
        (24 * HOUR - 180_001, "23.9999"),
    ],
)
def test_half_is_rounded_to_even_from_the_exact_integers(
    micros: int, text: str
) -> None:
    report = report_of(("a",), [[micros]], [[0]], [[0]], DAY_ONLY.windows)

    assert report.to_csv().split("\n")[1] == f"a,{text},0.0000,0.0000"


def test_a_report_without_shops_is_a_header() -> None:
    assert report_of((), [], [], []).to_csv() == FULL.split("\n", 1)[0] + "\n"
    assert report_of((), [], [], []).to_csv(columns="extended").count("\n") == 1


FORMULAS = ["=1+1", "+1a", "-1a", "--1", "@x", "=", "-", "+", "\uff1dx", "\uff0bx"]
FORMULAS += ["\uff0dx", "\uff20x", "-\uff15", "-1.5", "-1e5"]
PLAIN = ["5", "-5", "-0", "007", "a=1", "a", "'=x", "\u22121"]


@pytest.mark.parametrize("store_id", FORMULAS)
def test_an_id_that_a_spreadsheet_takes_for_a_formula_is_escaped(store_id: str) -> None:
    report = attrs.evolve(DAY_ONLY, store_ids=(store_id,))

    assert report.to_csv().split("\n")[1].startswith(f"'{store_id},")
    assert report.to_csv(excel_safe=False).split("\n")[1].startswith(f"{store_id},")


@pytest.mark.parametrize("store_id", PLAIN)
def test_any_other_id_is_written_as_it_is(store_id: str) -> None:
    report = attrs.evolve(DAY_ONLY, store_ids=(store_id,))

    assert report.to_csv().split("\n")[1].startswith(f"{store_id},")


@pytest.mark.parametrize("start", "=+-@\t\r\uff1d\uff0b\uff0d\uff20")
def test_each_risky_first_character_is_escaped(start: str) -> None:
    assert excel_safe_text(f"{start}x") == f"'{start}x"
    assert excel_safe_text(f"x{start}") == f"x{start}"


IDS = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=9)


@given(IDS)
def test_an_id_is_read_back_from_the_csv(store_id: str) -> None:
    report = attrs.evolve(DAY_ONLY, store_ids=(store_id,))

    as_it_is = list(csv.reader(io.StringIO(report.to_csv(excel_safe=False))))
    escaped = list(csv.reader(io.StringIO(report.to_csv())))

    assert as_it_is[1][0] == store_id
    assert escaped[1][0] in {store_id, f"'{store_id}"}
    assert len(escaped[1]) == len(escaped[0])


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"columns": "all"}, "columns"),
        ({"columns": None}, "columns"),
        ({"columns": ["full"]}, "columns"),
        ({"columns": "classic"}, "columns"),
        ({"decimals": -1}, "decimals"),
        ({"decimals": 19}, "decimals"),
        ({"decimals": 4.0}, "decimals"),
        ({"decimals": True}, "decimals"),
    ],
    ids=str,
)
def test_bad_arguments_are_refused_and_the_target_stays(
    arguments: dict[str, Any], field: str, tmp_path: Path
) -> None:
    target = tmp_path / "report.csv"
    target.write_text("as it was")

    with pytest.raises(InputError) as caught:
        DAY_ONLY.to_csv(target, **arguments)

    assert caught.value.field == field
    assert target.read_text() == "as it was"


@pytest.mark.parametrize(
    "windows",
    [
        DEFAULT_WINDOWS[:2],
        DEFAULT_WINDOWS[::-1],
        (*DEFAULT_WINDOWS[:2], Window.last(timedelta(7), name="week")),
    ],
)
def test_classic_is_for_the_default_windows_only(windows: tuple[Window, ...]) -> None:
    report = report_of((), [], [], [], windows)

    with pytest.raises(InputError):
        report.to_csv(columns="classic")


def test_classic_is_for_windows_equal_to_the_default_ones() -> None:
    windows = (
        Window.last(timedelta(minutes=60), name="last_hour", unit="minutes"),
        Window.last(timedelta(hours=24), name="last_day"),
        Window.last(timedelta(days=7), name="last_week"),
    )

    assert attrs.evolve(THREE, windows=windows).to_csv(columns="classic") == CLASSIC


def test_the_text_goes_to_a_file_of_text() -> None:
    target = io.StringIO()

    THREE.to_csv(target)

    assert target.getvalue() == FULL


def test_the_text_goes_to_a_file_of_bytes_as_utf_8() -> None:
    target = io.BytesIO()
    report = attrs.evolve(DAY_ONLY, store_ids=("caf\u00e9",))

    report.to_csv(target)

    assert target.getvalue() == report.to_csv().encode("utf-8")
    assert b"caf\xc3\xa9" in target.getvalue()


@pytest.mark.parametrize("as_text", [True, False])
def test_the_text_goes_to_a_path(as_text: bool, tmp_path: Path) -> None:  # noqa: FBT001  # a case
    target = tmp_path / "report.csv"
    target.write_text("an older, longer report" * 100)

    THREE.to_csv(str(target) if as_text else target)

    assert target.read_bytes() == FULL.encode()
    assert list(tmp_path.iterdir()) == [target]


def test_a_missing_folder_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    target = tmp_path / "nowhere" / "report.csv"

    with pytest.raises(FileNotFoundError) as caught:
        THREE.to_csv(target)

    assert caught.value.filename == str(target)


def test_a_row_has_the_numbers_of_its_shop() -> None:
    row = THREE.row("9")

    assert row.store_id == "9"
    assert row.windows == DEFAULT_WINDOWS
    assert row.up == (30 * MINUTE, HOUR, 2 * HOUR)
    assert row.down == (15 * MINUTE, 3 * HOUR, 4 * HOUR)
    assert row.unknown == (15 * MINUTE, 20 * HOUR, 162 * HOUR)
    assert row.open == (HOUR, 24 * HOUR, 168 * HOUR)
    assert (row.last_poll, row.poll_count) == (AS_OF, 1)
    assert {type(sums) for sums in row.up} == {int}


def test_a_shop_without_polls_has_no_last_poll() -> None:
    assert THREE.row("10").last_poll is None
    assert THREE.row("10").poll_count == 0


def test_rows_come_in_the_order_of_the_ids() -> None:
    assert len(THREE) == 3
    assert [row.store_id for row in THREE.rows()] == ["10", "9", "a,b"]
    assert [THREE.row(store_id) for store_id in THREE.store_ids] == list(THREE.rows())


@pytest.mark.parametrize("store_id", ["", "1", "99", "z", 9, None])
@pytest.mark.parametrize("report", [THREE, report_of((), [], [], [])], ids=repr)
def test_a_shop_that_is_not_there_has_no_row(report: Report, store_id: Any) -> None:  # noqa: ANN401  # wrong on purpose
    with pytest.raises(UnknownStoreIdError) as caught:
        report.row(store_id)

    assert caught.value.source == "report"


def test_a_row_accounts_for_a_window_by_its_name() -> None:
    assert THREE.row("9")["last_day"] == Accounting(
        up=timedelta(hours=1),
        down=timedelta(hours=3),
        unknown=timedelta(hours=20),
        open=timedelta(hours=24),
    )


def test_a_window_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="'last_hour', 'last_day', 'last_week'"):
        THREE.row("9")["last_month"]


@pytest.mark.parametrize(
    ("up", "down", "unknown", "ratio", "coverage"),
    [
        (1, 3, 4, 0.25, 0.5),
        (1, 0, 0, 1.0, 1.0),
        (0, 1, 1, 0.0, 0.5),
        (0, 0, 1, None, 0.0),
        (0, 0, 0, None, None),
    ],
)
def test_shares_are_none_where_the_divisor_is_nothing(
    up: int, down: int, unknown: int, ratio: float | None, coverage: float | None
) -> None:
    hour = timedelta(hours=1)
    total = (up + down + unknown) * hour

    accounting = Accounting(up * hour, down * hour, unknown * hour, total)

    assert accounting.ratio == ratio
    assert accounting.coverage == coverage


def test_shares_of_a_report_are_not_a_number_where_the_divisor_is_nothing() -> None:
    assert np.array_equal(
        THREE.ratio,
        [[np.nan] * 3, [2 / 3, 1 / 4, 1 / 3], [1.0] * 3],
        equal_nan=True,
    )
    assert np.array_equal(
        THREE.coverage,
        [[np.nan] * 3, [3 / 4, 4 / 24, 6 / 168], [1.0, 1 / 2, 1 / 3]],
        equal_nan=True,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"store_ids": ("b",)},
        {"windows": (Window.last(timedelta(1), unit="days"),)},
        *({name: np.array([[9]])} for name in ("up", "down", "unknown", "open")),
        {"provenance": attrs.evolve(PROVENANCE, as_of=AS_OF + timedelta(seconds=1))},
        {"provenance": attrs.evolve(PROVENANCE, policy=Policy(reach=None))},
    ],
    ids=str,
)
def test_reports_differ_where_ids_windows_sums_now_or_policy_do(
    changes: dict[str, Any],
) -> None:
    assert attrs.evolve(DAY_ONLY, **changes) != DAY_ONLY


@pytest.mark.parametrize(
    "changes",
    [
        {"poll_count": np.array([9])},
        {"last_poll": np.array([5], dtype="datetime64[us]")},
        {"provenance": attrs.evolve(PROVENANCE, polls=9, rejected=9, duplicates=9)},
        {"provenance": attrs.evolve(PROVENANCE, tzdata_version="2020a")},
    ],
    ids=str,
)
def test_reports_are_equal_whatever_was_counted_on_the_way(
    changes: dict[str, Any],
) -> None:
    assert attrs.evolve(DAY_ONLY, **changes) == DAY_ONLY


def test_a_report_is_no_other_thing_and_has_no_hash() -> None:
    other: object = "report"

    assert other != DAY_ONLY
    with pytest.raises(TypeError, match="unhashable"):
        hash(DAY_ONLY)


ARRAYS = ["up", "down", "unknown", "open", "last_poll", "poll_count"]


@pytest.mark.parametrize("name", ARRAYS)
def test_the_arrays_are_read_only_also_after_pickling(name: str) -> None:
    again = pickle.loads(pickle.dumps(THREE))  # noqa: S301  # just written

    assert again == THREE
    assert not getattr(THREE, name).flags.writeable
    assert not getattr(again, name).flags.writeable


def test_a_report_is_frozen() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        DAY_ONLY.store_ids = ()  # type: ignore[misc]


def test_now_and_policy_are_those_of_the_provenance() -> None:
    assert THREE.as_of == AS_OF
    assert THREE.policy == Policy()


def test_a_report_shows_its_size() -> None:
    assert repr(THREE) == (
        "<Report: 3 shops, windows last_hour, last_day, last_week, as of "
        "2023-01-25T18:13:22.479220+00:00>"
    )


def test_a_name_that_ends_in_gz_gives_a_compressed_file(tmp_path: Path) -> None:
    report = report_of(("a",), [[1, 2, 3]], [[4, 5, 6]], [[7, 8, 9]])
    report.to_csv(tmp_path / "report.csv.gz")
    written = (tmp_path / "report.csv.gz").read_bytes()
    assert gzip.decompress(written).decode() == report.to_csv()
    report.to_csv(tmp_path / "report.csv.gz")
    assert (tmp_path / "report.csv.gz").read_bytes() == written


@given(
    ids=st.sets(
        st.text("ab,\"'; =|#\u2028\u00e9", min_size=1, max_size=6).filter(
            lambda text: text == text.strip()
        ),
        max_size=6,
    ),
    columns=st.sampled_from(("full", "extended")),
)
def test_the_text_is_what_the_csv_module_writes(
    ids: set[str], columns: Literal["full", "extended"]
) -> None:
    polls = [(store_id, AS_OF, "active") for store_id in ids]
    window = Window.last(timedelta(hours=1), name="last", unit="minutes")
    report = compute_report(polls, as_of=AS_OF, windows=window)
    text = report.to_csv(columns=columns, excel_safe=False)
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert [row[0] for row in rows[1:]] == sorted(ids)
    again = io.StringIO()
    csv.writer(again, lineterminator="\n").writerows(rows)
    assert again.getvalue() == text


def test_a_report_that_lost_its_windows_has_ids_only() -> None:
    none = report_of(("b", "a,1"), [], [], [], windows=())
    assert none.to_csv() == 'store_id\nb\n"a,1"\n'
