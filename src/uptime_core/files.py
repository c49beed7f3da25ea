"""Files that are complete or not there."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

from uptime_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def complete_file(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Write a file that takes the place of `path` only once it is complete.

    The bytes go to a new file beside it, which is flushed to the disk and then
    renamed; after an error or a crash an existing `path` is as it was. A link is
    followed, permissions are kept, and what is not a regular file (a pipe, a
    terminal) is written to directly.

    Raises:
        OSError: The file cannot be written; nothing has changed then.
    """
    name = os.fspath(path)
    try:
        mode = os.stat(name).st_mode  # noqa: PTH116  # a path as text, as it was given
    except FileNotFoundError:
        mode = None
    except ValueError as error:  # a NUL or a lone surrogate
        raise InputError(f"no file has such a name: {error}", source=name) from None
    opened = (
        _new_file(name, mode) if mode is None or stat.S_ISREG(mode) else _open(name)
    )
    with opened as stream:
        yield stream


@contextlib.contextmanager
def _open(name: str) -> Iterator[IO[bytes]]:
    try:
        with open(name, "wb") as stream:  # noqa: PTH123  # a path as text
            yield stream
    except OSError as error:
        error.filename = error.filename or name
        raise


@contextlib.contextmanager
def _new_file(name: str, mode: int | None) -> Iterator[IO[bytes]]:
    """A file beside `name` that takes its place in the end."""
    target = Path(os.path.realpath(name))
    partial = None
    try:
        descriptor, partial = tempfile.mkstemp(
            dir=target.parent, prefix=f".{target.name[:40]}.", suffix=".partial"
        )
        with open(descriptor, "wb") as stream:  # noqa: PTH123  # mkstemp opened it
            yield stream
            stream.flush()
            os.fchmod(descriptor, _new_file_mode() if mode is None else mode & 0o7777)
            os.fsync(descriptor)
        os.replace(partial, target)  # noqa: PTH105  # both are os-level names
    except BaseException as error:
        if partial is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(partial)  # noqa: PTH108  # the same
        if isinstance(error, OSError):
            # The name that the caller knows, not that of the file beside it.
            error.filename, error.filename2 = name, None
        raise
    _sync_directory(target.parent)


def _new_file_mode() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def _sync_directory(directory: Path) -> None:
    """Make the rename itself durable, where the system can open directories."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
