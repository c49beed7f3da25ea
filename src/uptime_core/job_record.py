"""Jobs as JSON text, the form in which sinks keep them; nothing is ever pickled."""

from __future__ import annotations

import json
from functools import lru_cache
from zlib import crc32

import attrs

from uptime_core.errors import InputError, StoreCorruptError, damaged_report, shown
from uptime_core.jobs import Job, JobState
from uptime_core.records import (
    UNREADABLE_RECORD,
    parse_policy,
    parse_windows,
    policy_record,
    window_records,
)
from uptime_core.request import ReportRequest

_PLAIN = [
    field.name for field in attrs.fields(Job) if field.name not in ("request", "state")
]


def job_text(job: Job) -> str:
    """A job as one line of JSON, with a checksum.

    The request is a text within the text, so that reading it again, unchanged, costs
    no parsing.

    Raises:
        InputError: It is no job.
    """
    if not isinstance(job, Job):
        raise InputError(f"{shown(job)} is not a Job", source="job_text", field="job")
    request = job.request
    body = {name: getattr(job, name) for name in _PLAIN}
    body["state"] = job.state.value
    body["request"] = json.dumps(
        {
            "windows": window_records(request.windows),
            "as_of": request.as_of,
            "stores": request.stores,
            "policy": policy_record(request.policy),
        }
    )
    text = json.dumps(body)
    return json.dumps({"version": 1, "crc32": crc32(text.encode()), "job": text})


def parse_job(text: str | bytes, source: str) -> Job:
    """The job of a text that `job_text` made.

    Args:
        text: The text, or its bytes in UTF-8.
        source: Where it stands, for messages.

    Raises:
        StoreCorruptError: It is damaged.
    """
    try:
        outer = json.loads(text)
        if outer["version"] != 1 or outer["crc32"] != crc32(outer["job"].encode()):
            raise damaged_report(source, "the record of a report is damaged")
        body = json.loads(outer["job"])
        body["state"] = JobState(body["state"])
        body["request"] = _parse_request(body["request"])
        return Job(**body)
    except UNREADABLE_RECORD as error:
        if isinstance(error, StoreCorruptError):
            raise
        raise damaged_report(
            source, f"the record of a report cannot be read ({error})"
        ) from error


@lru_cache(maxsize=256)
def _parse_request(text: str) -> ReportRequest:
    record = json.loads(text)
    stores = record["stores"]
    return ReportRequest(
        windows=parse_windows(record["windows"]),
        as_of=record["as_of"],
        stores=stores if stores in ("all", "polled") else tuple(stores),
        policy=parse_policy(record["policy"]),
    )
