"""Files on disk: their sizes, whether they change, and how far they are read."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from uptime_core.errors import BadFileError
from uptime_core.progress import Meter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from uptime_core.progress import ProgressCallback
    from uptime_core.stores.line_blocks import BytesRead, StrPath


@contextmanager
def unchanged(path: StrPath) -> Iterator[tuple[int, ...]]:
    """The version of a file that is read within the block.

    Raises:
        BadFileError: It changed meanwhile.
    """
    version = version_of(path)
    yield version
    if version_of(path) != version:
        raise changed(os.fspath(path))


def changed(source: str) -> BadFileError:
    """The error of a file that changes while it is read."""
    return BadFileError("it changed while it was read; read it again", source=source)


def version_of(path: StrPath) -> tuple[int, ...]:
    """What is another when a file has been changed or replaced."""
    status = _status(path)
    times = (status.st_mtime_ns, status.st_ctime_ns)
    if not stat.S_ISREG(status.st_mode):
        return (status.st_dev, status.st_ino)  # a pipe can be read only once
    return (status.st_dev, status.st_ino, status.st_size, *times)


def _status(path: StrPath) -> os.stat_result:
    try:
        return os.stat(path)  # noqa: PTH116  # a path as text, as it was given
    except ValueError as error:  # a NUL or a lone surrogate
        raise BadFileError(
            f"no file has such a name: {error}", source=os.fspath(path)
        ) from None


def is_regular(descriptor: int) -> bool:
    """Whether an open file is neither a pipe nor a device."""
    return stat.S_ISREG(os.fstat(descriptor).st_mode)


class FileMeter:
    """Tells how many bytes of some files have been read in all.

    Args:
        callback: What is told; None is nobody.
        paths: The files that will be read.

    Raises:
        InputError: `callback` cannot be called.
        OSError: A file is not there.
    """

    def __init__(
        self, callback: ProgressCallback | None, paths: Iterable[StrPath]
    ) -> None:
        self._meter = Meter(callback, "read", "bytes")
        self._total = sum(map(_size, paths))
        self._read = 0

    def of_file(self) -> BytesRead | None:
        """What takes the number of bytes that have been read of one of the files."""
        if not self._meter.is_on:
            return None
        self._meter.tell(self._read, self._total)
        told = 0

        def tell(done: int) -> None:
            nonlocal told
            self._read += done - told
            told = done
            self._meter.tell(self._read, self._total)

        return tell

    def finish(self) -> None:
        """Say that all files have been read."""
        self._meter.finish(self._total)


def _size(path: StrPath) -> int:
    """The bytes of a file on disk; 0 for a pipe, which has no size."""
    status = _status(path)
    return status.st_size if stat.S_ISREG(status.st_mode) else 0
