"""The names and small contents of the files in the folder of a `CsvSink`."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING
from zlib import crc32

from uptime_core.errors import damaged_report
from uptime_core.jobs import is_report_id

if TYPE_CHECKING:
    from uptime_core.jobs import Job

LONGEST_KEY_CONTENT = 100
"""More bytes than `key_content` ever has."""

_ID_DIGITS = 32
_MADE = re.compile(r"([0-9a-f]{32})\.(?:csv|[0-9]+\.report)")


def job_name(report_id: str) -> str:
    """The file of a job."""
    return f"{report_id}.json"


def mark_name(report_id: str) -> str:
    """The empty file that is there while a job is queued or running."""
    return f"active/{report_id}"


def csv_name(report_id: str) -> str:
    """The report for people."""
    return f"{report_id}.csv"


def report_name(job: Job) -> str:
    """The exact report.

    Each claim has a file of its own: that of a killed process is never taken for that
    of the claim which completed the job.
    """
    return f"{job.report_id}.{job.fence}.report"


def made_names(job: Job) -> list[str]:
    """All reports that a job can have made: the CSV file, then the latest claim's."""
    reports = [f"{job.report_id}.{fence}.report" for fence in range(job.fence + 1)]
    return [csv_name(job.report_id), *reversed(reports)]


def report_id_of(name: str) -> str | None:
    """The id of the report in a file of this name, or None if it is no report."""
    match = _MADE.fullmatch(name)
    return None if match is None else match[1]


def key_name(key: str) -> str:
    """The file of an idempotency key, which is text that UTF-8 can hold."""
    return f"keys/{sha256(key.encode()).hexdigest()}"


def key_content(report_id: str) -> bytes:
    """What the file of a key holds: the id of its report, and a checksum."""
    text = report_id.encode()
    return b"%b %08x\n" % (text, crc32(text))


def parse_key_content(content: bytes, source: str) -> str:
    """The id in the file of a key.

    Args:
        content: What the file holds.
        source: The file, for messages.

    Raises:
        StoreCorruptError: It is damaged.
    """
    report_id = content[:_ID_DIGITS].decode("latin-1")
    if not is_report_id(report_id) or content != key_content(report_id):
        raise damaged_report(source, "the file of a key is damaged")
    return report_id
