"""The exception tree."""

from __future__ import annotations

import inspect
import pickle  # noqa: TID251  # as process pools do, nothing goes to disk

import pytest

import uptime_core
from uptime_core import errors
from uptime_core.errors import (
    InputError,
    UnknownStoreIdError,
    UptimeError,
    shown,
)

TREE = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, BaseException)
]
INPUT_ERRORS = [kind for kind in TREE if issubclass(kind, InputError)]


def test_the_tree_is_complete() -> None:
    assert {kind.__name__ for kind in TREE} == {
        "BackEndError",
        "BadFileError",
        "ClosedError",
        "IdempotencyConflictError",
        "IllegalTransitionError",
        "IngestUnsupportedError",
        "InputError",
        "MissingHoursError",
        "MissingLibraryError",
        "MissingTimezoneError",
        "NoPollsError",
        "QueueFullError",
        "ReportCancelledError",
        "ReportError",
        "ReportFailedError",
        "ReportNotFoundError",
        "ReportNotReadyError",
        "StaleAttemptError",
        "StoreBusyError",
        "StoreCorruptError",
        "StoreFullError",
        "StoreVersionError",
        "UnknownStoreIdError",
        "UnknownTimezoneError",
        "UnknownWindowError",
        "UptimeError",
        "WaitTimeoutError",
    }


@pytest.mark.parametrize("kind", TREE)
def test_every_class_is_an_uptime_error_and_its_name_ends_in_error(
    kind: type[BaseException],
) -> None:
    assert issubclass(kind, UptimeError)
    assert kind.__name__.endswith("Error")
    assert getattr(uptime_core, kind.__name__) is kind


@pytest.mark.parametrize("kind", INPUT_ERRORS)
def test_every_input_error_is_a_value_error(kind: type[InputError]) -> None:
    assert issubclass(kind, ValueError)


def test_an_unknown_id_is_also_a_lookup_error() -> None:
    assert issubclass(UnknownStoreIdError, LookupError)


@pytest.mark.parametrize("kind", INPUT_ERRORS)
def test_an_error_carries_its_place(kind: type[InputError]) -> None:
    error = kind("it is bad", source="polls.csv", line=7, field="status")

    assert error.reason == "it is bad"
    assert (error.source, error.line, error.field) == ("polls.csv", 7, "status")
    assert str(error) == "polls.csv, line 7, status: it is bad"


@pytest.mark.parametrize(
    ("source", "line", "field", "text"),
    [
        (None, None, None, "it is bad"),
        ("polls.csv", None, None, "polls.csv: it is bad"),
        (None, 7, None, "line 7: it is bad"),
        (None, None, "day", "day: it is bad"),
        ("hours", 1, None, "hours, line 1: it is bad"),
        ("hours", None, "day", "hours, day: it is bad"),
    ],
)
def test_the_text_names_what_is_known(
    source: str | None, line: int | None, field: str | None, text: str
) -> None:
    error = InputError("it is bad", source=source, line=line, field=field)

    assert str(error) == text


@pytest.mark.parametrize("kind", INPUT_ERRORS)
def test_an_error_survives_pickling(kind: type[InputError]) -> None:
    error = kind("it is bad", field="status")
    error.source, error.line = "polls.csv", 7
    error.reason = "it is worse"

    again = pickle.loads(pickle.dumps(error))  # noqa: S301  # just written

    assert type(again) is kind
    assert vars(again) == vars(error)
    assert str(again) == "polls.csv, line 7, status: it is worse"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\nb", r"'a\nb'"),
        (5, "5"),
        (b"\xff", r"b'\xff'"),
        ("x" * 58, f"'{'x' * 58}'"),
        ("x" * 59, f"'{'x' * 56}..."),
    ],
)
def test_a_value_is_quoted_on_one_line_and_abridged(value: object, text: str) -> None:
    assert shown(value) == text
