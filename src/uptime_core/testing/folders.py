"""Temporary folders."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def fast_folder() -> str | None:
    """A folder in memory, where there is one: what is tested does not need a disk."""
    memory = "/dev/shm"  # noqa: S108  # files in it are made by tempfile
    return memory if Path(memory).is_dir() else None


def scratch() -> tempfile.TemporaryDirectory[str]:
    """A temporary folder, in memory where there is such a place."""
    return tempfile.TemporaryDirectory(dir=fast_folder(), ignore_cleanup_errors=True)


def write_whole(path: Path, text: str) -> None:
    """Write a file, which is complete or as it was, whenever the process ends."""
    partial = path.with_suffix(".partial")
    with partial.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)  # noqa: PTH105  # steps are counted by this name
