"""The exception tree: every error is an `UptimeError` and a matching built-in."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHOWN = 60


def shown(value: object) -> str:
    """`value` as it is quoted in messages: on one line, abridged."""
    text = ascii(value) if isinstance(value, bytes) else repr(value)
    text = " ".join(text.splitlines())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def counted(number: int, thing: str) -> str:
    """``1 shop``, ``2,000 shops``."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


class UptimeError(Exception):
    """The base of every error that this library raises on purpose."""


class InputError(UptimeError, ValueError):
    """Something that was handed in cannot be accepted.

    Args:
        reason: What is wrong and, where it helps, what would be right.
        source: The file, the argument or the class that it came from.
        line: The line of the file, or the row of an iterable, from 1.
        field: The column or the parameter.
    """

    def __init__(
        self,
        reason: str,
        *,
        source: str | None = None,
        line: int | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.source = source
        self.line = line
        self.field = field

    def __str__(self) -> str:
        place = [
            part
            for part in (
                self.source,
                None if self.line is None else f"line {self.line}",
                self.field,
            )
            if part
        ]
        return ": ".join([", ".join(place), self.reason] if place else [self.reason])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


@contextmanager
def located(
    source: str | None = None, *, line: int | None = None, field: str | None = None
) -> Iterator[None]:
    """Tell of an `InputError` that passes through where it comes from."""
    try:
        yield
    except InputError as error:
        error.source = source or error.source
        error.line = line or error.line
        error.field = field or error.field
        raise


class BadFileError(InputError):
    """A file cannot be read as a whole: its encoding, quoting or header is broken."""


class UnknownTimezoneError(InputError):
    """A name is not in the time zone database."""


class UnknownStoreIdError(InputError, LookupError):
    """A shop was asked for that is not there."""


class UnknownWindowError(InputError, LookupError):
    """A report has no window of that name."""


class NoPollsError(InputError):
    """There is no poll, and so no "now", and none was given either."""


class MissingHoursError(InputError):
    """A shop has no business hours, and the policy calls that an error."""


class MissingTimezoneError(InputError):
    """A shop has no time zone, and the policy has no default for it."""


class BackEndError(UptimeError, OSError):
    """A store or a sink cannot do its work, though nothing is wrong with the request.

    What was there before is still there, and the call may be repeated.
    """


class StoreBusyError(BackEndError, TimeoutError):
    """Another process kept the file locked for longer than the timeout."""


class StoreFullError(BackEndError):
    """The disk, or the room that the file may take, is full."""


class StoreCorruptError(BackEndError):
    """A file is damaged, or is no file of this library; no number is read from it."""


class StoreVersionError(BackEndError):
    """A file was made by a newer version of this library."""


def damaged(source: object, what: str) -> StoreCorruptError:
    """The error that says what is wrong with a file, or with a record in one."""
    return StoreCorruptError(f"{source}: {what}; restore it from a copy")


def damaged_report(source: object, what: str) -> StoreCorruptError:
    """The error that says what is wrong with the record of one report in a sink."""
    return StoreCorruptError(
        f"{source}: {what}; delete the report and trigger it again, or restore it from "
        "a copy"
    )


class ClosedError(UptimeError, RuntimeError):
    """A store, sink or manager was used after it was closed."""


class IngestUnsupportedError(UptimeError, TypeError):
    """A store only reads; nothing can be loaded into it."""


class MissingLibraryError(UptimeError, ImportError):
    """A library is not installed that only some need; the message says how to get it.

    Args:
        reason: What is wrong, and what helps.
        name: The library.
    """

    def __init__(self, reason: str, name: str | None = None) -> None:
        super().__init__(reason, name=name)
        self.reason = reason

    def __reduce__(self) -> tuple[type[MissingLibraryError], tuple[object, ...]]:
        return type(self), (self.reason, self.name)


class ReportError(UptimeError):
    """The base of what a `ReportManager` says of a report.

    Args:
        reason: What is wrong.
        report_id: The report.
    """

    def __init__(self, reason: str, report_id: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.report_id = report_id


class ReportNotFoundError(ReportError, LookupError):
    """There is no report of this id, or no more."""


class ReportNotReadyError(ReportError, RuntimeError):
    """The report is still queued or running; `ReportManager.wait` waits for it."""


class ReportFailedError(ReportError, RuntimeError):
    """The report has failed; its `ReportStatus` has the reason."""


class ReportCancelledError(ReportError, RuntimeError):
    """The report was cancelled."""


class WaitTimeoutError(ReportError, TimeoutError):
    """The report was not in its final state in time; it goes on."""


class IdempotencyConflictError(ReportError, ValueError):
    """The same key came with another request before."""


class QueueFullError(ReportError, RuntimeError):
    """As many reports as allowed are queued or running; try again later."""


class IllegalTransitionError(ReportError, RuntimeError):
    """A job cannot go from its state to that one; final states never change."""


class StaleAttemptError(IllegalTransitionError):
    """Somebody works on a job that has been given to another since."""
