"""A file is complete or as it was."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from uptime_core import InputError
from uptime_core.files import complete_file

if TYPE_CHECKING:
    from collections.abc import Iterator

posix = pytest.mark.skipif(os.name != "posix", reason="only POSIX has it")


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Path]:
    """A path in a folder in which nothing else may be left behind."""
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "out.csv"
    yield path
    assert set(folder.iterdir()) <= {path}


def _write(path: Path | str, data: bytes = b"new") -> None:
    with complete_file(path) as stream:
        stream.write(data)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_appears_once_it_is_complete(target: Path) -> None:
    with complete_file(target) as stream:
        stream.write(b"new")
        assert not target.exists()
    assert target.read_bytes() == b"new"


def test_an_old_file_stays_until_the_new_one_is_complete(target: Path) -> None:
    target.write_bytes(b"old, and longer")
    with complete_file(str(target)) as stream, target.open("rb") as reader:
        stream.write(b"new")
        stream.flush()
        assert target.read_bytes() == b"old, and longer"
        opened = reader.fileno()
        assert os.fstat(opened).st_ino == target.stat().st_ino
    assert target.read_bytes() == b"new"


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x"),
        InputError("x", source="y"),
        OSError(5, "x", "y"),
        KeyboardInterrupt(),
        SystemExit(3),
    ],
    ids=repr,
)
@pytest.mark.parametrize("before", [None, b"old"])
def test_after_an_error_of_the_caller_everything_is_as_it_was(
    target: Path, error: BaseException, before: bytes | None
) -> None:
    if before is not None:
        target.write_bytes(before)
    message = str(error)

    def interrupted() -> None:
        with complete_file(target) as stream:
            stream.write(b"half")
            raise error

    with pytest.raises(type(error)) as caught:
        interrupted()
    assert caught.value is error
    assert str(error) == message
    assert (target.read_bytes() if target.exists() else None) == before


@pytest.mark.parametrize("step", ["fsync", "fchmod", "replace"])
def test_a_disk_that_fails_leaves_the_old_file(
    target: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    target.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(f"uptime_core.files.os.{step}", fail)
        with pytest.raises(OSError, match="No space left"):
            _write(target)
    assert target.read_bytes() == b"old"


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o755])
def test_permissions_are_kept(target: Path, mode: int) -> None:
    target.write_bytes(b"old")
    target.chmod(mode)
    _write(target)
    assert _mode(target) == mode


@posix
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_a_new_file_has_the_usual_permissions(
    target: Path, umask: int, mode: int
) -> None:
    before = os.umask(umask)
    try:
        _write(target)
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    assert _mode(target) == mode


@posix
@pytest.mark.parametrize("before", [None, b"old"])
def test_a_link_is_followed(target: Path, tmp_path: Path, before: bytes | None) -> None:
    if before is not None:
        target.write_bytes(before)
    link = tmp_path / "link"
    link.symlink_to(target)
    _write(link)
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


@posix
def test_the_null_device_stays_a_device() -> None:
    _write(os.devnull)
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


@posix
def test_a_pipe_is_written_to_directly(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(
        target=lambda: read.append(pipe.read_bytes()), daemon=True
    )
    reader.start()
    _write(pipe)
    reader.join(timeout=10)
    assert read == [b"new"]
    assert pipe.is_fifo()


@pytest.mark.parametrize("name", ["missing/out.csv", "x" * 300, "file/out.csv", ""])
def test_a_path_that_cannot_be_written_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / name
    with pytest.raises(OSError, match=r"\[Errno") as caught:
        _write(path)
    assert caught.value.filename is not None
    assert Path(caught.value.filename) == path
    assert "->" not in str(caught.value)  # nothing of the file beside it
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
def test_a_device_that_is_full_is_named() -> None:
    with pytest.raises(OSError, match="No space left") as caught:
        _write("/dev/full")
    assert caught.value.filename == "/dev/full"


@pytest.mark.parametrize("name", ["x" * 255, "\u00e9" * 127, ".hidden", "-o", "a b\n"])
def test_any_name_that_a_file_can_have_is_fine(tmp_path: Path, name: str) -> None:
    _write(tmp_path / name)
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_a_name_alone_is_in_the_current_folder(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(target.parent)
    _write(target.name)
    assert target.read_bytes() == b"new"
