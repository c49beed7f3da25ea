"""Which calls fail, how, and how many there were."""

from __future__ import annotations

import threading
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, get_args

from uptime_core.errors import BackEndError, InputError, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from contextlib import AbstractContextManager
    from types import TracebackType

    from uptime_core.abc import ReportSink, Store

When = Literal["before", "after"]
Result = TypeVar("Result")
Error: TypeAlias = "BaseException | Callable[[], BaseException] | None"


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
        for value, right, field in (
            (fail_at, isinstance(fail_at, int) and fail_at > 0, "fail_at"),
            (times, times is None or (isinstance(times, int) and times > 0), "times"),
            (when, when in get_args(When), "when"),
            (methods, methods is None or known.issuperset(methods), "methods"),
        ):
            if not right:
                among = f"; there are {', '.join(sorted(known))}"
                raise InputError(
                    f"{shown(value)} is none{among if field == 'methods' else ''}",
                    source=source,
                    field=field,
                )
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
            return self._error()

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
