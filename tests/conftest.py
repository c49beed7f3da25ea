"""Profiles of hypothesis, and the full-size data beside the repository."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"

hypothesis.settings.register_profile(
    "default", deadline=None, max_examples=40, derandomize=True
)
hypothesis.settings.register_profile(
    "light", deadline=None, max_examples=12, derandomize=True
)
hypothesis.settings.register_profile(
    "deep", deadline=None, max_examples=500, print_blob=True
)
hypothesis.settings.load_profile(os.environ.get("UPTIME_CORE_PROFILE", "default"))


@pytest.fixture(scope="session")
def shared(request: pytest.FixtureRequest) -> Path:
    """The folder of the full-size data."""
    if not SHARED.is_dir():
        reason = "the full-size data are not beside this repository (../shared/data)"
        if request.config.getoption("--require-shared"):
            pytest.fail(reason)
        pytest.skip(reason)
    return SHARED


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Managers try again, and look for work, after a moment rather than seconds."""
    monkeypatch.setattr("uptime_core.worker._PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("uptime_core.worker._LONGEST_NAP", 0.1)
