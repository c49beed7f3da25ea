"""Which calls fail, how, and how many there were."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, get_args

from uptime_core.errors import BackEndError, InputError, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager
    from types import TracebackType

    from uptime_core.abc import ReportSink, Store

When = Literal["before", "after"]
Result = TypeVar("Result")
Error: TypeAlias = "BaseException | Callable[[], BaseException] | None"


_ERRORS = "an exception, its class, or a function that makes one"


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _are_methods(value: object, known: Collection[str]) -> bool:
    if value is None:
        return True
    if isinstance(value, str) or not isinstance(value, Collection) or not value:
        return False
    return all(isinstance(name, str) and name in known for name in value)


def _is_error(value: object) -> bool:
    if isinstance(value, type):
        return issubclass(value, BaseException)
    return value is None or isinstance(value, BaseException) or callable(value)


class Call:
    """A call that may fail before or after what is done in its ``with`` block."""

    def __init__(self, fault: BaseException | None, when: When) -> None:
        self._fault = fault
        self._when = when

    def __enter__(self) -> None:
        if self._fault is not None and self._when == "before":
            raise self._fault

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._fault is not None and kind is None:
            raise self._fault


class _Transaction:
    """A transaction of an inner store, of which the beginning or the end may fail."""

    def __init__(self, call: Call, inner: AbstractContextManager[object]) -> None:
        self._call = call
        self._inner = inner

    def __enter__(self) -> object:
        self._call.__enter__()
        return self._inner.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        suppressed = self._inner.__exit__(kind, error, traceback)
        self._call.__exit__(kind, error, traceback)
        return suppressed


class Faulty:
    """Counts the calls of another object's methods, and lets some of them fail."""

    def watch(
        self,
        inner: Store | ReportSink,
        own: Iterable[str],
        *,
        fail_at: int,
        error: Error,
        when: When,
        methods: Collection[str] | None,
        times: int | None,
    ) -> None:
        """Begin to count calls of `inner`.

        The other arguments are those of `FaultyStore`; `own` is what may be in
        `methods`, besides what only `inner` has.
        """
        source = type(self).__name__
        others = {
            name
            for name in dir(inner)
            if not (name.startswith("_") or hasattr(type(self), name))
            and callable(getattr(inner, name))
        }
        known = {*own, *others, "close"}
        names = ", ".join(sorted(known))
        for value, right, field, told in (
            (fail_at, _is_count(fail_at), "fail_at", ""),
            (times, times is None or _is_count(times), "times", ""),
            (when, when in get_args(When), "when", ""),
            (methods, _are_methods(methods, known), "methods", f"; there are {names}"),
            (error, _is_error(error), "error", f"; give {_ERRORS}"),
        ):
            if not right:
                reason = f"{shown(value)} is none{told}"
                raise InputError(reason, source=source, field=field)
        self._inner: Any = inner
        self._error, self._when, self._methods = error, when, methods
        self._first = fail_at
        self._after_last = None if times is None else fail_at + times
        self._lock = threading.Lock()
        self._seen = 0
        self._calls: Counter[str] = Counter()
        self._failures = 0
        # So that it can do what the inner one can, and nothing else.
        for name in others:
            call = partial(self.around, name, getattr(inner, name))
            setattr(self, name, self._transaction if name == "transaction" else call)

    @property
    def calls(self) -> Counter[str]:
        """How many calls there were, by the method's name."""
        with self._lock:
            return Counter(self._calls)

    @property
    def failures(self) -> int:
        """How many of them failed."""
        with self._lock:
            return self._failures

    def heal(self) -> None:
        """Fail no more."""
        with self._lock:
            self._after_last = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever it is
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._inner, name)

    def _fault(self, *names: str) -> BaseException | None:
        """Count a call; what it is to raise."""
        with self._lock:
            self._calls[names[0]] += 1
            if not (self._methods is None or set(self._methods) & set(names)):
                return None
            self._seen += 1
            last = self._after_last
            if self._seen < self._first or (last is not None and self._seen >= last):
                return None
            self._failures += 1
            if self._error is None:
                what = f"fault on purpose, {self._when} call {self._seen} ({names[0]})"
                return BackEndError(what)
            if isinstance(self._error, BaseException):
                return self._error
            error = self._error()
            if not isinstance(error, BaseException):
                raise InputError(
                    f"the function gave {shown(error)}, which is no exception",
                    source=type(self).__name__,
                    field="error",
                )
            return error

    def calling(self, *names: str) -> Call:
        """Count a call, of a method that may have several names."""
        return Call(self._fault(*names), self._when)

    def around(
        self,
        name: str,
        call: Callable[..., Result],
        *args: Any,  # noqa: ANN401  # passed on
        **kwargs: Any,  # noqa: ANN401
    ) -> Result:
        """Make a call that may fail."""
        with self.calling(name):
            return call(*args, **kwargs)

    def _transaction(self) -> _Transaction:
        return _Transaction(self.calling("transaction"), self._inner.transaction())

    def close(self) -> None:
        """Close the inner one."""
        with self.calling("close"):
            self._inner.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self._inner!r}>"
