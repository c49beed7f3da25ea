"""A folder of files that are whole or not there, shared by processes under a lock."""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

try:
    import fcntl
except ImportError:  # pragma: no cover  # Windows
    fcntl = None  # type: ignore[assignment]  # the constructor says so

from uptime_core.errors import (
    BackEndError,
    StoreBusyError,
    StoreFullError,
    UptimeError,
    damaged_report,
)
from uptime_core.forks import ForkSafeLock
from uptime_core.patience import at_most
from uptime_core.values import path_text, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
_READ_ONLY = (errno.EROFS, errno.EACCES)
_LOCK = ".lock"
_PARTIAL = "partial"
_SHORTEST_SLEEP, _LONGEST_SLEEP = 0.001, 0.02

# Open lock files. A forked child has them as well, and would keep the lock after the
# death of the process that took it.
_open_locks: set[int] = set()


def _close_locks() -> None:
    for descriptor in _open_locks:
        os.close(descriptor)
    _open_locks.clear()


if hasattr(os, "register_at_fork"):  # pragma: no branch  # everywhere but on Windows
    os.register_at_fork(after_in_child=_close_locks)


class Folder:
    """A folder of files; names are relative to it, like ``keys/ab``.

    Files are written under names of their own in ``partial`` and renamed, so that
    whoever reads finds a file whole or not at all. Who writes such a file holds a lock
    on it, which the kernel frees when the process dies: what nobody holds is left over.

    Args:
        path: The folder; made if it does not exist, its parents are not.
        parts: Names of the folders in it, which are made as well.
        timeout: For how many seconds the lock is waited for.

    Raises:
        InputError: No folder can have such a name, or `timeout` is no such number.
        BackEndError: It cannot be made, or the system has no `fcntl`.
    """

    def __init__(
        self, path: str | os.PathLike[str], parts: tuple[str, ...], timeout: float
    ) -> None:
        if fcntl is None:  # pragma: no cover  # Windows
            raise BackEndError(
                "this system has no locks that end with the process that holds them "
                "(fcntl); use SqliteSink"
            )
        name = path_text(path, "CsvSink", "directory", "folder")
        self.path: Path = Path(os.path.abspath(name))  # noqa: PTH100  # links stay
        self._timeout = seconds(timeout, "CsvSink", "timeout")
        self._turn = ForkSafeLock()
        self._holder: tuple[int, int] | None = None
        with translated(self.path):
            if not self.path.is_dir():
                if self.path.exists():
                    raise BackEndError(f"{name}: it is no folder; name another one")
                self.path.mkdir(exist_ok=True)
                self._sync(self.path.parent)
            for part in (_PARTIAL, *parts):
                (self.path / part).mkdir(exist_ok=True)
            self._sync(self.path)

    @contextmanager
    def locked(self, timeout: float | None = None) -> Iterator[None]:
        """Be the only one, of all threads and processes, that changes the folder.

        Raises:
            StoreBusyError: Somebody else was for all of the timeout.
        """
        timeout = at_most(self._timeout if timeout is None else timeout)
        deadline = time.monotonic() + timeout
        lock = self._turn.lock  # in a child there is another one, which is free
        this = os.getpid(), threading.get_ident()
        if self._holder == this:
            raise StoreBusyError(
                f"{self.path}: this very thread is changing it, and is now asked for "
                "more, as by a signal handler; call nothing of a manager or sink there"
            )
        # An interrupt may come after any call: nothing is called outside of the `try`
        # once the lock is taken, nor before it is given back.
        try:
            if not lock.acquire(timeout=timeout):
                raise self._busy()
            self._holder = this
            with self._locked_file(deadline):
                yield
        finally:
            if self._holder == this:
                self._holder = None
            try:  # noqa: SIM105  # suppress would be a call
                lock.release()
            except RuntimeError:  # it was not taken
                pass

    @contextmanager
    def _locked_file(self, deadline: float) -> Iterator[None]:
        """Keep other processes out."""
        # Opened anew: a descriptor that a fork has copied is the same lock.
        descriptor = self._lock_file()
        try:
            _open_locks.add(descriptor)
            self._wait(descriptor, deadline)
            yield
        finally:
            # Closing is not enough while a forked child has it open.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            _open_locks.discard(descriptor)
            os.close(descriptor)

    def _lock_file(self) -> int:
        """A descriptor of the file with the lock."""
        path, flags = self.path / _LOCK, os.O_NOFOLLOW
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT | flags, 0o666)
        except OSError as error:
            # Where nothing can be written, it can still be read.
            if error.errno not in _READ_ONLY:
                raise
            return os.open(path, os.O_RDONLY | flags)

    @contextmanager
    def new_files(self, contents: Mapping[str, bytes]) -> Iterator[NewFiles]:
        """Write files beside their places; those not put there by the end are removed.

        Args:
            contents: Bytes by name.
        """
        new = NewFiles(self.path)
        try:
            for name, content in contents.items():
                with translated(self.path / name):
                    new.write(name, content)
            yield new
        finally:
            new.remove()

    @contextmanager
    def opened(self, name: str, longest: int) -> Iterator[BinaryIO | None]:
        """A file to read from, or None if it is not there.

        Args:
            name: The file.
            longest: How many bytes it may have.

        Raises:
            StoreCorruptError: It is no regular file, or is longer.
        """
        path = self.path / name
        try:
            # Nothing is followed, and nothing waits for the other end of a pipe.
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            if not self.path.is_dir():
                raise
            yield None
            return
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO):
                raise damaged_report(path, "it is no regular file") from error
            raise
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise damaged_report(path, "it is no regular file")
            if status.st_size > longest:
                raise damaged_report(path, f"it is longer than {longest:,} bytes")
            with open(descriptor, "rb", closefd=False) as stream:  # an open file
                yield stream
        finally:
            os.close(descriptor)

    def read(self, name: str, longest: int) -> bytes | None:
        """The content of a file, or None if it is not there; as `opened`."""
        with self.opened(name, longest) as stream:
            if stream is None:
                return None
            return stream.read(os.fstat(stream.fileno()).st_size)

    def names(self, part: str = "") -> list[str]:
        """The names of the files of the folder, or of one in it."""
        return os.listdir(self.path / part)  # noqa: PTH208  # names, not paths

    def mark(self, name: str) -> None:
        """Make an empty file, unless it is there; it outlives a power cut."""
        path = self.path / name
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        self._sync(path.parent)

    def remove(self, *names: str) -> None:
        """Remove files, as far as they are there."""
        for name in names:
            (self.path / name).unlink(missing_ok=True)

    def sync(self, part: str = "") -> None:
        """Make what was renamed and removed outlive a power cut."""
        self._sync(self.path / part)

    def remove_partial(self) -> None:
        """Remove what killed processes left half-written."""
        for path in (self.path / _PARTIAL).iterdir():
            with suppress(OSError):  # its writer lives, or has just finished
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    path.unlink()
                finally:
                    os.close(descriptor)

    def _wait(self, descriptor: int, deadline: float) -> None:
        sleep = _SHORTEST_SLEEP
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise self._busy() from None
                time.sleep(min(sleep, left))
                sleep = min(2 * sleep, _LONGEST_SLEEP)
            else:
                return

    def _busy(self) -> StoreBusyError:
        return StoreBusyError(
            f"{self.path}: another thread or process keeps it locked; try again, or "
            "give it a longer timeout"
        )

    @staticmethod
    def _sync(path: Path) -> None:
        with suppress(OSError):  # not every file system can
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


class NewFiles:
    """Files that are written, and not yet in their places."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written: dict[str, tuple[Path, int]] = {}

    def write(self, name: str, content: bytes) -> None:
        """Write a file to the disk, beside the place of this name."""
        path, descriptor = self._create()
        self._written[name] = (path, descriptor)
        with open(descriptor, "wb", closefd=False) as stream:  # an open file
            stream.write(content)
        os.fsync(descriptor)

    def __contains__(self, name: str) -> bool:
        return name in self._written

    def put(self, name: str) -> None:
        """Put a file in its place, and in that of an older one."""
        self._written[name][0].replace(self._folder / name)

    def remove(self) -> None:
        """Remove what was not put in its place."""
        for path, descriptor in self._written.values():
            with suppress(OSError):
                path.unlink()
            os.close(descriptor)

    def _create(self) -> tuple[Path, int]:
        """A new file, and a descriptor that holds the lock on it."""
        while True:
            path = self._folder / _PARTIAL / os.urandom(16).hex()
            descriptor = os.open(
                path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666
            )
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(descriptor).st_nlink:
                    return path, descriptor
            except BlockingIOError:
                pass
            # Somebody took it for left over, before it was locked.
            os.close(descriptor)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Tell of a system's error as this library does.

    Args:
        path: What an error that names no file is about.

    Raises:
        StoreFullError: There is no room left.
        BackEndError: Anything else.
    """
    try:
        yield
    except UptimeError:
        raise
    except OSError as error:
        where = path if error.filename is None else error.filename
        if error.errno in _FULL:
            raise StoreFullError(
                f"{where}: there is no room left for it; nothing changed; make room "
                "and try again"
            ) from error
        raise BackEndError(f"{where}: {error.strerror or error}") from error
