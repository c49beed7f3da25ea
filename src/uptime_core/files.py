"""Files that are complete or not there."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import IO, TYPE_CHECKING

from uptime_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from gzip import GzipFile

    StrPath = str | os.PathLike[str]


@contextlib.contextmanager
def complete_file(path: StrPath) -> Iterator[IO[bytes]]:
    """Write a file that takes the place of `path` only once it is complete.

    The bytes go to a new file beside it, which is flushed to the disk and then
    renamed; after an error or a crash an existing `path` is as it was. A link is
    followed, permissions are kept, and what is not a regular file (a pipe, a
    terminal) is written to directly.

    Raises:
        InputError: No file can have such a name.
        OSError: The file cannot be written; a regular file is then as it was.
    """
    name = os.fspath(path)
    if not name:
        raise InputError("the name of the file is empty; give one")
    try:
        mode = os.stat(name).st_mode  # a path as text, as it was given
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
        with open(name, "wb") as stream:
            yield stream
    except OSError as error:
        error.filename = error.filename or name
        raise


@contextlib.contextmanager
def _new_file(name: str, mode: int | None) -> Iterator[IO[bytes]]:
    """A file beside `name` that takes its place in the end."""
    target = os.path.realpath(name)
    folder, base = os.path.split(target)
    partial = os.path.join(folder, f".{base[:40]}.{os.urandom(8).hex()}.partial")
    try:
        # Its permissions are those of any new file, as the process's umask has them.
        with open(partial, "xb") as stream:
            yield stream
            stream.flush()
            if mode is not None:
                os.fchmod(stream.fileno(), stat.S_IMODE(mode))
            os.fsync(stream.fileno())
        os.replace(partial, target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(partial)
        if isinstance(error, OSError) and error.filename in (None, partial):
            # The name that the caller knows, not that of the file beside it.
            error.filename = name
            del error.filename2  # as None, it would be written out, too
        raise
    _sync_directory(folder)


def content(path: StrPath, text: str) -> bytes:
    """The bytes of a file of this name and text: UTF-8, compressed for ``.gz``.

    The same text gives the same bytes: no time of day is written.
    """
    data = text.encode()
    if not os.fspath(path).endswith(".gz"):
        return data
    from gzip import compress  # noqa: PLC0415  # 1 ms, for such files only

    return compress(data, mtime=0)


@contextlib.contextmanager
def compressed(path: StrPath, stream: IO[bytes]) -> Iterator[IO[bytes] | GzipFile]:
    """What compresses into `stream` for a file of this name, as `content` does."""
    if not os.fspath(path).endswith(".gz"):
        yield stream
        return
    from gzip import GzipFile  # noqa: PLC0415  # as above

    with GzipFile("", "wb", 6, stream, mtime=0) as packed:
        yield packed


def is_one_file(path: StrPath, other: StrPath) -> bool:
    """Whether two paths lead to one file, be it one that does not exist yet."""
    try:
        one, two = os.path.realpath(path), os.path.realpath(other)
        if os.path.isfile(one) and os.path.isfile(two):
            return os.path.samefile(one, two)  # also by two names, as of another case
        return one == two and not os.path.exists(one)
    except (OSError, ValueError):  # what cannot be a path is refused on opening
        return False


def check_outputs(
    written: Iterable[StrPath | None], read: Iterable[StrPath | None], what: str
) -> None:
    """See to it that no output takes the place of an input, or of another output.

    Args:
        written: The paths of the outputs, or None for what is not written.
        read: The paths of the inputs, likewise.
        what: What all of them are, for the message.

    Raises:
        InputError: One does; `source` is its path.
    """
    taken = [path for path in read if path is not None]
    for path in written:
        if path is None:
            continue
        if any(is_one_file(path, other) for other in taken):
            raise InputError(
                f"one file cannot be two of {what}; name another one",
                source=os.fspath(path),
            )
        taken.append(path)


def _sync_directory(directory: str) -> None:
    """Make the rename itself durable, where the system can open directories."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
