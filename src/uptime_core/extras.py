"""What needs a further library: the modules of `uptime_core.contrib`."""

from __future__ import annotations

from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from uptime_core.errors import MissingLibraryError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType


@contextmanager
def needed(library: str) -> Iterator[None]:
    """Say how to get a library that is imported here, if it is missing.

    Raises:
        MissingLibraryError: The library is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] != library:
            raise
        raise MissingLibraryError(
            f"this needs {library}, which is not installed; python -m pip install "
            f"'uptime_core[{library}]' installs it",
            name=library,
        ) from None


def extra(library: str) -> ModuleType:
    """The module of `uptime_core.contrib` for a library.

    It is found by name when it is needed: few need it, and it builds on modules that
    ask for it.

    Raises:
        MissingLibraryError: The library is not installed.
    """
    with needed(library):
        return import_module(f"uptime_core.contrib.{library}")
