"""Writes the golden vectors: the cases of this folder with the sums of the oracle.

python tests/answers/make_vectors.py

Where a case has sums that were worked out by hand, the oracle must agree with them.
"""

from __future__ import annotations

import json
import sys
import tomllib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import attrs

from uptime_core import TZDATA_VERSION, Policy
from uptime_core.instants import to_micros, to_text
from uptime_core.records import policy_record
from uptime_core.testing import golden, oracle

HERE = Path(__file__).parent
VECTORS = Path(golden.__file__).parent / f"vectors-{golden.VERSION}.json"


def questions() -> dict[str, dict[str, Any]]:
    """The cases of all files by name; what stands above the cases of a file is shared.

    A file without cases is one, and is called as the case is.
    """
    found: dict[str, dict[str, Any]] = {}
    for file in sorted(HERE.rglob("*.toml")):
        shared = tomllib.loads(file.read_text("utf-8"))
        for case in shared.pop("case", [{"name": file.stem}]):
            if case["name"] in found:
                message = f"two cases are called {case['name']}"
                raise ValueError(message)
            found[case["name"]] = shared | case
    return found


def is_by_hand(question: dict[str, Any]) -> bool:
    """Whether a case has sums of its own."""
    return "derivation" in question


def sums_by_hand(question: dict[str, Any]) -> list[oracle.Sums]:
    """What a person has worked out for each window."""
    return [
        oracle.Sums(up, down, unknown, up + down + unknown)
        for window in question["window"]
        for up, down, unknown in [
            [_micros(window[name]) for name in ("up", "down", "unknown")]
        ]
    ]


def sums_of_oracle(question: dict[str, Any]) -> list[oracle.Sums]:
    """What the oracle gives for each window."""
    policy = _policy(question)
    zone = _present(question, "timezone") or policy.default_timezone
    assert zone is not None
    return [
        oracle.account(
            [(_instant(at), up == "active") for at, up in question["polls"]],
            _instant(window["start"]),
            _instant(window["end"]),
            as_of=_instant(question["as_of"]),
            rows=_present(question, "hours"),
            timezone=zone,
            policy=policy,
        )
        for window in question["window"]
    ]


def vectors() -> dict[str, Any]:
    """What the file holds."""
    return {
        "format": "uptime_core golden vectors",
        "version": golden.VERSION,
        "tzdata": TZDATA_VERSION,
        "cases": [_case(name, question) for name, question in questions().items()],
    }


def _case(name: str, question: dict[str, Any]) -> dict[str, Any]:
    reason = question["derivation" if is_by_hand(question) else "reason"]
    windows = zip(question["window"], sums_of_oracle(question), strict=True)
    return {
        "name": name,
        "title": question["title"],
        "reason": " ".join(reason.split()),
        "checked_by_hand": is_by_hand(question),
        "timezone": _present(question, "timezone"),
        "rows": _present(question, "hours"),
        "polls": [[_text(at), status] for at, status in question["polls"]],
        "as_of": _text(question["as_of"]),
        "policy": policy_record(_policy(question)),
        "windows": [
            {"start": _text(window["start"]), "end": _text(window["end"])}
            | sums._asdict()
            for window, sums in windows
        ],
    }


def _present(question: dict[str, Any], key: str) -> Any:  # noqa: ANN401  # text or rows
    value = question.get(key)
    return None if value == "none" else value


def _policy(question: dict[str, Any]) -> Policy:
    policy = Policy()
    for name, value in question.get("policy", {}).items():
        if name == "reach":
            value = None if value == "none" else timedelta(seconds=value)  # noqa: PLW2901  # in seconds
        policy = attrs.evolve(policy, **{name: value})
    return policy


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _text(instant: str) -> str:
    return to_text(to_micros(_instant(instant)))


def _micros(text: str) -> int:
    hours, minutes, seconds = text.split(":")
    whole, _, fraction = seconds.partition(".")
    in_seconds = (int(hours) * 60 + int(minutes)) * 60 + int(whole)
    return in_seconds * 1_000_000 + int(fraction.ljust(6, "0"))


def written(record: dict[str, Any]) -> str:
    """The file's text: each part of a case, and each window, has a line."""
    head = [_line(key, value) for key, value in record.items() if key != "cases"]
    cases = ",\n".join(
        " {\n" + ",\n".join(_line(*part) for part in case.items()) + "\n }"
        for case in record["cases"]
    )
    return "{\n" + ",\n".join(head) + f',\n"cases": [\n{cases}\n]\n}}\n'


def _line(key: str, value: object) -> str:
    """A key and its value; windows are below each other."""
    text = json.dumps(value, ensure_ascii=False)
    if key == "windows":
        text = "[\n   " + text[1:-1].replace("}, {", "},\n   {") + "\n  ]"
    return f"  {json.dumps(key)}: {text}"


if __name__ == "__main__":
    wrong = [
        name
        for name, question in questions().items()
        if is_by_hand(question) and sums_by_hand(question) != sums_of_oracle(question)
    ]
    if wrong:
        sys.exit(f"the oracle does not agree: {', '.join(wrong)}")
    VECTORS.write_text(written(vectors()), "utf-8")
