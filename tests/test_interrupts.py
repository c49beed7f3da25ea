"""Ctrl-C at the moment when a lock has been taken."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from uptime_core import SqliteStore

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

NOON = datetime(2023, 1, 25, 12, tzinfo=UTC)


def interrupt(frame: FrameType, event: str, called: object) -> None:
    """Raise as soon as the lock that writers take turns with has been taken."""
    if event == "c_return" and getattr(called, "__name__", "") == "acquire":
        outer = frame.f_back
        if "_turn_to_write" in (frame.f_code.co_name, outer and outer.f_code.co_name):
            sys.setprofile(None)
            raise KeyboardInterrupt


def test_writers_go_on_after_an_interrupt(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db", timeout=0.5)
    before = sys.getprofile()
    try:
        sys.setprofile(interrupt)
        with pytest.raises(KeyboardInterrupt):
            store.add_polls([("bakery", NOON, "active")])
    finally:
        sys.setprofile(before)
    with ThreadPoolExecutor(1) as others:
        adding = others.submit(store.add_polls, [("bakery", NOON, "active")])
        assert adding.result().added == 1
