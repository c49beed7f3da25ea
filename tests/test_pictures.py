"""The pictures of the docs are what their script makes now."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "pictures"


def test_the_pictures_are_what_their_script_makes(tmp_path: Path) -> None:
    script = FOLDER / "make_pictures.py"

    subprocess.run([sys.executable, "-W", "error", script, tmp_path], check=True)

    made = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert made == {file.name: file.read_bytes() for file in FOLDER.glob("*.svg")}
    for content in made.values():
        ET.fromstring(content)  # noqa: S314  # it was just made here
