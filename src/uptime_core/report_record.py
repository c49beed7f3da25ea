"""Reports as bytes, exactly: the form in which sinks keep them.

    magic                8 bytes, the same in every version
    version              unsigned, 8 bytes
    length of the head   unsigned, 8 bytes
    head                 JSON in UTF-8, padded with blanks to a multiple of 8 bytes
    up, down, open       int64 microseconds, shape (shops, windows), row by row
    last_poll            int64 microseconds, one for each shop; the least is NaT
    poll_count           int64, one for each shop
    CRC-32               unsigned, 4 bytes, of all before; so in every version

Numbers are little-endian. What is unknown is the rest of what is open.
"""

from __future__ import annotations

import json
import os
import struct
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO
from zlib import crc32

import attrs
import numpy as np

from uptime_core.errors import (
    InputError,
    StoreVersionError,
    damaged_report,
    shown,
)
from uptime_core.instants import to_datetime, to_micros
from uptime_core.records import (
    UNREADABLE_RECORD,
    parse_policy,
    parse_windows,
    policy_record,
    window_records,
)
from uptime_core.report import Provenance, Report

if TYPE_CHECKING:
    import numpy.typing as npt

    from uptime_core.kernel.arrays import Int64

_MAGIC = b"\x89uptime\n"
_VERSION = 1
_START = struct.Struct("<8sQQ")
_CHECKSUM = struct.Struct("<I")
_INT64 = np.dtype("<i8")


def report_bytes(report: Report) -> bytes:
    """A report in the form that `parse_report` reads.

    Raises:
        InputError: It is no report; or its sums do not add up, or arrays do not have
            their shapes, which is so of no report that this library makes.
    """
    if not isinstance(report, Report):
        raise InputError(
            f"{shown(report)} is not a Report", source="report_bytes", field="report"
        )
    shops = len(report.store_ids)
    shape = (shops, len(report.windows))
    sums = (report.up, report.down, report.open)
    polls = (_micros(report.last_poll), report.poll_count)
    if any(array.shape != shape for array in (*sums, report.unknown)) or any(
        array.shape != (shops,) for array in polls
    ):
        raise InputError("an array does not have its shape", source="report")
    if not np.array_equal(report.unknown, report.open - report.up - report.down):
        raise InputError("up, down and unknown are not all of open", source="report")
    provenance = attrs.asdict(report.provenance, recurse=False)
    head = _head_bytes(
        {
            "store_ids": report.store_ids,
            "windows": window_records(report.windows),
            "provenance": provenance
            | {
                "as_of": to_micros(report.as_of),
                "policy": policy_record(report.policy),
            },
        }
    )
    parts = [
        _START.pack(_MAGIC, _VERSION, len(head)),
        head,
        *(array.astype(_INT64).tobytes() for array in (*sums, *polls)),
    ]
    checksum = 0
    for part in parts:
        checksum = crc32(part, checksum)
    return b"".join((*parts, _CHECKSUM.pack(checksum)))


def parse_report(data: bytes | bytearray | memoryview, source: str) -> Report:
    """The report of bytes that `report_bytes` made.

    Args:
        data: The bytes.
        source: Where they stand, for messages.

    Raises:
        StoreCorruptError: They are damaged, cut short, or no report at all.
        StoreVersionError: A newer version of this library made them.
    """
    if not isinstance(data, bytes | bytearray | memoryview):
        # A damaged file may hold anything.
        raise damaged_report(source, "it is no report of uptime_core")
    return read_report(BytesIO(data), source)


def read_report(stream: BinaryIO, source: str) -> Report:
    """As `parse_report`, from a file.

    Where the file does not have the length that its head tells, the rest of it, which
    may be anything, is not read.
    """
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    start = stream.read(_START.size)
    if size < _START.size + _CHECKSUM.size or not start.startswith(_MAGIC):
        raise damaged_report(source, "it is no report of uptime_core")
    _, version, length = _START.unpack(start)
    text, head = b"", {}
    if version == _VERSION:
        text = stream.read(min(length, size))
        try:
            head = json.loads(text.decode("utf-8", "surrogatepass"))
            fits = stream.tell() + sum(_counts(head)) * _INT64.itemsize == (
                size - _CHECKSUM.size
            )
        except UNREADABLE_RECORD:
            fits = False
        if not fits:
            raise damaged_report(source, "the report is damaged or cut short")
    rest = stream.read(size - stream.tell())
    end = len(rest) - _CHECKSUM.size
    found = 0
    for part in (start, text, memoryview(rest)[:end]):
        found = crc32(part, found)
    if end < 0 or (found,) != _CHECKSUM.unpack_from(rest, end):
        raise damaged_report(source, "the report is damaged or cut short")
    if version > _VERSION:
        raise StoreVersionError(
            f"{source}: a newer version of uptime_core made it (report {version}, "
            f"this one knows {_VERSION}); update uptime_core"
        )
    try:
        if version != _VERSION:
            raise ValueError(f"there never was a version {version}")
        return _parse(head, rest)
    except UNREADABLE_RECORD as error:
        raise damaged_report(source, f"the report cannot be read ({error})") from error


def _counts(head: dict[str, Any]) -> tuple[int, ...]:
    """How many numbers each array of a report has, in their order."""
    shops = len(head["store_ids"])
    cells = shops * len(head["windows"])
    return cells, cells, cells, shops, shops


def _parse(head: dict[str, Any], numbers: bytes) -> Report:
    """The report whose checksum holds; raises one of `UNREADABLE_RECORD`."""
    provenance = head["provenance"]
    store_ids = tuple(head["store_ids"])
    windows = parse_windows(head["windows"])
    if not all(isinstance(store_id, str) for store_id in store_ids):
        raise ValueError("an id is no text")
    shape = (len(store_ids), len(windows))
    start = 0
    arrays = []
    for count in _counts(head):
        part = np.frombuffer(numbers, dtype=_INT64, count=count, offset=start)
        arrays.append(part.astype(np.int64, copy=False))
        start += part.nbytes
    up, down, whole = (array.reshape(shape) for array in arrays[:3])
    return Report(
        store_ids=store_ids,
        windows=windows,
        up=up,
        down=down,
        unknown=whole - up - down,
        open=whole,
        last_poll=arrays[3].view("datetime64[us]"),
        poll_count=arrays[4],
        provenance=Provenance(
            **{
                **provenance,
                "as_of": to_datetime(provenance["as_of"]),
                "policy": parse_policy(provenance["policy"]),
            }
        ),
    )


def _micros(instants: npt.NDArray[np.datetime64]) -> Int64:
    return instants.astype("datetime64[us]").astype(np.int64)


def _head_bytes(head: dict[str, Any]) -> bytes:
    # Text as it is, and lone surrogates too: escapes would join two of them into one
    # character.
    text = json.dumps(head, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return text + b" " * (-len(text) % 8)
