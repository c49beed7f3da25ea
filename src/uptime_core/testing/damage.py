"""Files that lose bits, or their ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from random import Random

FLIPS = 8


def damaged(folder: Path, chance: Random) -> Iterator[str]:
    """Damage the files of a folder, one at a time, in several ways each.

    While the caller has what this gives, which says what is wrong, the file is
    damaged; then it is as it was.

    Args:
        folder: The folder.
        chance: Chooses the places.
    """
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    whole = {path: path.read_bytes() for path in files}
    for path in files:
        content = whole[path]
        if not content:
            continue
        for told, wrong in _wrong(content, chance):
            path.write_bytes(wrong)
            yield f"{path.name}: {told}"
            _restore(folder, whole)


def _wrong(content: bytes, chance: Random) -> Iterator[tuple[str, bytes]]:
    for _ in range(FLIPS):
        place, bit = chance.randrange(len(content)), chance.randrange(8)
        flipped = bytes([content[place] ^ 1 << bit])
        told = f"bit {bit} of byte {place} of {len(content)} is flipped"
        yield told, content[:place] + flipped + content[place + 1 :]
    if len(content) > 1:
        half = len(content) // 2
        yield f"it ends after {half} of {len(content)} bytes", content[:half]
        yield "its last byte is missing", content[:-1]


def _restore(folder: Path, whole: dict[Path, bytes]) -> None:
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        if path not in whole:
            path.unlink()
    for path, content in whole.items():
        path.write_bytes(content)
