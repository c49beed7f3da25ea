"""Files that are complete or not there."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

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
    target = Path(os.path.realpath(path))
    mode = _mode(target)
    if mode is not None and not stat.S_ISREG(mode):
        with target.open("wb") as stream:
            yield stream
        return
    try:
        descriptor, name = tempfile.mkstemp(
            dir=target.parent, prefix=f".{target.name[:40]}.", suffix=".partial"
        )
    except OSError as error:
        error.filename = os.fspath(path)
        raise
    try:
        with open(descriptor, "wb") as stream:  # noqa: PTH123  # mkstemp opened it
            yield stream
            stream.flush()
            os.fchmod(descriptor, _new_file_mode() if mode is None else mode & 0o7777)
            os.fsync(descriptor)
        os.replace(name, target)  # noqa: PTH105  # both are os-level names
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)  # noqa: PTH108  # the same
        raise
    _sync_directory(target.parent)


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


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
