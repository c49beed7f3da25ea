"""Reports as bytes, exactly: the form in which sinks keep them.

    magic                8 bytes; this and the next two are the same in every version
    version              unsigned, 8 bytes
    length of all        unsigned, 8 bytes, so that too much is never read
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
import struct
from typing import TYPE_CHECKING, Any
from zlib import crc32

import attrs
import numpy as np

from uptime_core.errors import (
    InputError,
    StoreCorruptError,
    StoreVersionError,
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
_START = struct.Struct("<8sQQQ")
BEGINNING: int = _START.size
"""How many bytes `stated_length` needs."""

_CHECKSUM = struct.Struct("<I")
_INT64 = np.dtype("<i8")


def report_bytes(report: Report) -> bytes:
    """A report in the form that `parse_report` reads.

    Raises:
        InputError: It is no report; or its sums do not add up, or arrays do not have
            their shapes, which is so of no report that this library makes.
    """
    if not isinstance(report, Report):
        raise InputError(f"{shown(report)} is not a Report", source="report")
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
    arrays = [array.astype(_INT64).tobytes() for array in (*sums, *polls)]
    length = _START.size + len(head) + sum(map(len, arrays)) + _CHECKSUM.size
    parts = [_START.pack(_MAGIC, _VERSION, length, len(head)), head, *arrays]
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
        raise StoreCorruptError(f"{source}: it is no report of uptime_core")
    data = bytes(data)
    end = len(data) - _CHECKSUM.size
    if (
        len(data) != stated_length(data, source)
        or end < _START.size
        or (crc32(memoryview(data)[:end]),) != _CHECKSUM.unpack_from(data, end)
    ):
        raise StoreCorruptError(f"{source}: the report is damaged or cut short")
    _, version, _, length = _START.unpack_from(data)
    if version > _VERSION:
        raise StoreVersionError(
            f"{source}: a newer version of uptime_core made it (report {version}, "
            f"this one knows {_VERSION}); update uptime_core"
        )
    try:
        if version != _VERSION:
            raise ValueError(f"there never was a version {version}")
        return _parse(data, length, end)
    except UNREADABLE_RECORD as error:
        raise StoreCorruptError(
            f"{source}: the report cannot be read: {error}"
        ) from error


def stated_length(beginning: bytes, source: str) -> int:
    """How many bytes a report says that it has, by the first `BEGINNING` of them.

    Raises:
        StoreCorruptError: They are not the beginning of a report.
    """
    if len(beginning) < BEGINNING or not beginning.startswith(_MAGIC):
        raise StoreCorruptError(f"{source}: it is no report of uptime_core")
    length: int = _START.unpack_from(beginning)[2]
    return length


def _parse(data: bytes, length: int, end: int) -> Report:
    """The report whose checksum holds; raises one of `UNREADABLE_RECORD`."""
    start = _START.size + length
    head = json.loads(data[_START.size : start].decode("utf-8", "surrogatepass"))
    provenance = head["provenance"]
    store_ids = tuple(head["store_ids"])
    windows = parse_windows(head["windows"])
    shape = (len(store_ids), len(windows))
    cells = shape[0] * shape[1]
    counts = (cells, cells, cells, shape[0], shape[0])
    if start + sum(counts) * _INT64.itemsize != end or not all(
        isinstance(store_id, str) for store_id in store_ids
    ):
        raise ValueError("its parts do not fit together")
    arrays = []
    for count in counts:
        part = np.frombuffer(data, dtype=_INT64, count=count, offset=start)
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
