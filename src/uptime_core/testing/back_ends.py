"""How the kit makes what it tests, and what that promises."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

from uptime_core.errors import InputError, shown
from uptime_core.values import flag

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from uptime_core.abc import ReportSink, Store
    from uptime_core.testing.store_model import StoreData
BackEnd = TypeVar("BackEnd")

CAN_FORK: bool = hasattr(os, "fork")
"""Whether the system forks processes, which some checks need."""


class StoreBackEnd:
    """A kind of store: how to make one, and what it promises.

    `StoreTests`, `StoreMachine` and `check_store` use one. Only `make_store` must be
    written. What a store promises is tried, and what it does not promise is not.

    Attributes:
        ingest: It takes data in, with the methods of `SupportsIngest`; None is what
            its methods say, and likewise for the next two.
        transactions: It has that of `SupportsTransactions`.
        retention: It has that of `SupportsRetention`.
        sorted_batches: Its batches are sorted, and no poll comes twice.
        durable: `make_store` opens what an earlier one has written in the folder,
            whatever became of that one and its process.
        shared: Several stores may be open on the folder at once, in any processes.
        notices_damage: It never gives a wrong value, whatever becomes of the bytes of
            the files in the folder.
        forks: It can be made, and used, in a forked process.
    """

    ingest: bool | None = None
    transactions: bool | None = None
    retention: bool | None = None
    sorted_batches: bool = False
    durable: bool = False
    shared: bool = False
    notices_damage: bool = False
    forks: bool = CAN_FORK

    def make_store(self, folder: Path) -> Store:
        """The store of a folder, which is there: a new one, or the one that it holds.

        Args:
            folder: The same one is the same store, of those that are durable or
                shared; another one is another store.
        """
        raise NotImplementedError

    def write_raw(self, folder: Path, data: StoreData) -> None:
        """Write what a store should hold into its folder, by other means than a store.

        A store that only reads needs this. It is called before the store is made, and
        what was written earlier is to be replaced. No shop is always closed.
        """
        raise NotImplementedError

    def read_raw(self, folder: Path) -> StoreData | None:
        """What is in the folder, read by other means than a store, or None."""
        del folder
        return None


class SinkBackEnd:
    """A kind of sink: how to make one, and what it promises.

    `ReportSinkTests`, `ReportSinkMachine`, `ReportManagerMachine` and `check_sink` use
    one. Only `make_sink` must be written.

    Attributes:
        durable: `make_sink` opens what an earlier one has written in the folder,
            whatever became of that one and its process.
        shared: Several sinks may be open on the folder at once, in any processes.
        notices_damage: It never gives a wrong value, whatever becomes of the bytes of
            the files in the folder.
        forks: It can be made, and used, in a forked process.
    """

    durable: bool = False
    shared: bool = False
    notices_damage: bool = False
    forks: bool = CAN_FORK

    def make_sink(self, folder: Path) -> ReportSink:
        """The sink of a folder, which is there: a new one, or the one that it holds.

        Args:
            folder: The same one is the same sink, of those that are durable or shared;
                another one is another sink.
        """
        raise NotImplementedError


def back_end_of(
    kind: type[BackEnd], make: object, promises: Mapping[str, bool], source: str
) -> BackEnd:
    """The back end that a function of a folder makes, or that was handed in.

    Args:
        kind: `StoreBackEnd` or `SinkBackEnd`.
        make: The function, or the back end.
        promises: What a function's back end promises.
        source: Who asks.

    Raises:
        InputError: It is neither, or promises come with a back end, which has its own.
        TypeError: There is no such promise.
    """
    if isinstance(make, kind):
        if promises:
            told = f"{make!r} says itself what it promises; set its attributes"
            raise InputError(told, source=source, field=", ".join(promises))
        return make
    if not callable(make) or (isinstance(make, type) and issubclass(make, kind)):
        told = f"{shown(make)} is no function of a folder, and no {kind.__name__}"
        raise InputError(told, source=source, field="make")
    method = "make_store" if issubclass(kind, StoreBackEnd) else "make_sink"
    return back_end_class(kind, promises, **{method: make})()


def back_end_class(
    kind: type[BackEnd], promises: Mapping[str, bool], **made: Callable[..., object]
) -> type[BackEnd]:
    """A back end whose methods are functions.

    Args:
        kind: `StoreBackEnd` or `SinkBackEnd`.
        promises: Values of its attributes.
        made: Functions, without ``self``, by the names of its methods.

    Raises:
        TypeError: There is no such attribute.
        InputError: A promise is neither True nor False.
    """
    for promise, value in promises.items():
        if promise not in kind.__annotations__:
            raise TypeError(f"{promise!r} is none of {', '.join(kind.__annotations__)}")
        if value is not None or getattr(kind, promise) is not None:
            flag(value, kind.__name__, promise)
    methods = {name: staticmethod(function) for name, function in made.items()}
    return type("BackEnd", (kind,), {**promises, **methods})
