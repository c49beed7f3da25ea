"""A store of one's own: a folder of JSON-lines files, one for each ingest.

    python jsonl_store.py [FOLDER], by default a temporary one

A file never changes once it is there. What has happened is what the files say, in the
order of their names; a store reads those that it does not know yet, and keeps what they
say in a `MemoryStore`.
"""

import copy
import fcntl
import json
import os
import sys
import tempfile
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import attrs

from uptime_core import (
    HoursColumns,
    IngestResult,
    MemoryStore,
    PollColumns,
    Quarantine,
    Snapshot,
    Store,
    StoreCorruptError,
    compute_store,
    load_csv,
)

DATA = Path(__file__).parent / "data"
NOBODY = Quarantine()
MARK = b'{"crc32": '

OnError = Literal["raise", "collect"]
Rows = Any  # whatever a MemoryStore takes


class JsonLinesStore(Store):
    """Keeps polls, business hours and time zones in files of JSON lines.

    Threads and processes may share the folder.

    Args:
        folder: Where the files are; made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._memory = MemoryStore()
        self._files = 0  # that the memory knows

    @property
    def identity(self) -> str:
        """The folder: whoever opens it has the same data."""
        return f"jsonl:{self.folder.resolve()}"

    def polls(
        self,
        store_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Iterator[PollColumns]:
        """The polls of a shop, or of all, at or after `start` and before `end`."""
        return self._current().polls(store_id, start, end)

    def hours(self) -> HoursColumns:
        """The business hours of all shops that have any."""
        return self._current().hours()

    def timezones(self) -> Mapping[str, str]:
        """The time zones, by shop, of all that have one."""
        return self._current().timezones()

    def quarantined(self) -> frozenset[str]:
        """The shops of rejected rows of hours and zones."""
        return self._current().quarantined()

    def snapshot(self) -> Snapshot:
        """All of it, at one moment."""
        return attrs.evolve(self._current().snapshot(), source=str(self.folder))

    def add_polls(self, polls: Rows, *, on_error: OnError = "raise") -> IngestResult:
        """Add polls. They are a set: adding one again changes nothing."""
        new = MemoryStore()
        checked = new.add_polls(polls, on_error=on_error)
        result = self._append({"kind": "polls"}, poll_lines(new))
        # What came twice in this call is in the new store, and in the file, once.
        twice, bad = checked.repeated, checked.rejected
        return attrs.evolve(result, repeated=result.repeated + twice, rejected=bad)

    def set_hours(
        self,
        hours: Rows,
        replace: bool = False,  # noqa: FBT001, FBT002  # as every store has it
        *,
        on_error: OnError = "raise",
        quarantine: Quarantine = NOBODY,
    ) -> IngestResult:
        """Replace the business hours of the shops named, or of all shops."""
        new = MemoryStore()
        checked = new.set_hours(hours, on_error=on_error)
        header = header_of("hours", new, quarantine, replace=replace)
        result = self._append(header, hours_lines(new))
        return attrs.evolve(result, rejected=checked.rejected)

    def set_timezones(
        self,
        timezones: Rows,
        replace: bool = False,  # noqa: FBT001, FBT002  # as every store has it
        *,
        on_error: OnError = "raise",
        quarantine: Quarantine = NOBODY,
    ) -> IngestResult:
        """Replace the time zones of the shops named, or of all shops."""
        new = MemoryStore()
        checked = new.set_timezones(timezones, on_error=on_error)
        header = header_of("timezones", new, quarantine, replace=replace)
        result = self._append(header, [*new.timezones().items()])
        return attrs.evolve(result, rejected=checked.rejected)

    def _append(self, header: dict[str, Any], rows: list[Any]) -> IngestResult:
        """Write a file, unless it would say nothing new, and tell what it changes."""
        with self._lock, locked(self.folder):
            self._catch_up()
            memory = copy.copy(self._memory)  # which goes its own way
            result = apply(memory, header, rows)
            hidden = header.keys() & {"replace", "suspects"}  # may change no line yet
            if result.added or hidden or lines_of(memory) != lines_of(self._memory):
                write_file(self._path(self._files), header, rows)
                self._memory, self._files = memory, self._files + 1
            return result

    def _current(self) -> MemoryStore:
        with self._lock:
            self._catch_up()
            return self._memory

    def _catch_up(self) -> None:
        """Read the files that have come since."""
        files = self._files
        if not self._path(files).exists():
            return
        memory = copy.copy(self._memory)
        while self._path(files).exists():
            apply(memory, *read_file(self._path(files)))
            files += 1
        self._memory, self._files = memory, files

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:012}.jsonl"

    def __repr__(self) -> str:
        return f"<JsonLinesStore: {self.folder}>"


def apply(memory: MemoryStore, header: dict[str, Any], rows: list[Any]) -> IngestResult:
    """Let happen in memory what a file says."""
    ids = list(dict.fromkeys(row[0] for row in rows))
    place = {store_id: number for number, store_id in enumerate(ids)}
    if header["kind"] == "polls":
        code = [place[store_id] for store_id, _, _ in rows]
        at, up = ([row[column] for row in rows] for column in (1, 2))
        return memory.add_polls(PollColumns(ids, code, at, up))
    replace = header.get("replace", False)
    named, suspects = (frozenset(header.get(key, ())) for key in ("bad", "suspects"))
    quarantine = Quarantine(named, suspects)
    if header["kind"] == "timezones":
        return memory.set_timezones(dict(rows), replace, quarantine=quarantine)
    weekly = [(place[row[0]], *row[1:]) for row in rows if row[1:]]
    code, start, end = ([row[column] for row in weekly] for column in (0, 1, 2))
    hours = HoursColumns(ids, code, start, end)
    return memory.set_hours(hours, replace, quarantine=quarantine)


def header_of(
    kind: str, new: MemoryStore, quarantine: Quarantine, *, replace: bool
) -> dict[str, Any]:
    """The first line of a file; what goes without saying is left out."""
    header = {
        "replace": replace,
        "bad": sorted(new.quarantined() | quarantine.store_ids),
        "suspects": sorted(quarantine.suspects),
    }
    return {"kind": kind, **{key: value for key, value in header.items() if value}}


def poll_lines(store: MemoryStore) -> list[Any]:
    """A line for each poll: shop, microseconds since 1970, whether it was up."""
    return [
        (batch.store_ids[code], at, bool(up))
        for batch in store.polls()
        for code, at, up in zip(
            batch.code.tolist(), batch.at.tolist(), batch.status.tolist(), strict=True
        )
    ]


def lines_of(store: MemoryStore) -> tuple[object, ...]:
    """What a store holds of shops, to compare it with another."""
    zones, quarantined = store.timezones(), store.quarantined()
    return sorted(hours_lines(store)), zones, quarantined


def hours_lines(store: MemoryStore) -> list[Any]:
    """A line for each weekly row, and one for each shop that is always closed."""
    hours = store.hours()
    columns = (column.tolist() for column in (hours.code, hours.start, hours.end))
    week = zip(*columns, strict=True)
    lines = [(hours.store_ids[code], start, end) for code, start, end in week]
    closed = set(hours.store_ids) - {line[0] for line in lines}
    return [*lines, *((store_id,) for store_id in sorted(closed))]


def write_file(path: Path, header: dict[str, Any], rows: list[Any]) -> None:
    """Write a file that is complete, and on the disk, or not there."""
    lines = [json.dumps(line).encode() for line in (header, *rows)]
    body = b"\n".join([*lines, MARK])
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        file.write(body + b"%d}\n" % zlib.crc32(body))
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_file(path: Path) -> tuple[dict[str, Any], list[Any]]:
    """The header and the rows of a file; its last line says whether it is sound."""
    content = path.read_bytes()
    body, mark, checksum = content.rpartition(MARK)
    if checksum != b"%d}\n" % zlib.crc32(body + mark) or not mark:
        raise StoreCorruptError(f"{path}: it is damaged")
    header, *rows = map(json.loads, body.splitlines())
    return header, rows


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let nobody else write in the block; a process that ends lets others go on."""
    with (folder / ".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main(folder: Path) -> None:
    """Load the three files of examples/data twice, and make their report."""
    store = JsonLinesStore(folder)
    for _ in "12":
        loaded = load_csv(
            store,
            polls=DATA / "polls.csv",
            hours=DATA / "business_hours.csv",
            timezones=DATA / "timezones.csv",
        )
        print(loaded)
    for path in sorted(folder.glob("*.jsonl")):
        with path.open() as file:
            print(path.name, file.readline(), end="")
    print(compute_store(JsonLinesStore(folder)))


if __name__ == "__main__":
    if sys.argv[1:]:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(Path(temporary))
