"""The pictures of the docs are what their scripts make now."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"
DRAWN, PLOTTED = DOCS / "pictures", DOCS / "images"

# Releases of matplotlib lay out texts and hatches in ways of their own.
APART, APART_BETWEEN_RELEASES = 0.001, 0.1


def _make(script: Path, folder: Path) -> None:
    subprocess.run([sys.executable, "-W", "error", script, folder], check=True)


def test_the_drawn_pictures_are_what_their_script_makes(tmp_path: Path) -> None:
    _make(DRAWN / "make_pictures.py", tmp_path)

    made = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert made == {file.name: file.read_bytes() for file in DRAWN.glob("*.svg")}
    for content in made.values():
        ET.fromstring(content)  # noqa: S314  # it was just made here


@pytest.mark.needs("matplotlib")
def test_the_plotted_pictures_are_what_their_script_makes(tmp_path: Path) -> None:
    from PIL import Image  # noqa: PLC0415  # matplotlib brings it

    _make(PLOTTED / "make_images.py", tmp_path)

    names = sorted(file.name for file in PLOTTED.glob("*.png"))
    assert sorted(file.name for file in tmp_path.iterdir()) == names
    for name in names:
        with Image.open(PLOTTED / name) as kept, Image.open(tmp_path / name) as made:
            assert kept.size == made.size
            same_release = kept.info["Software"] == made.info["Software"]
            shades = (np.asarray(one.convert("L"), np.float64) for one in (kept, made))
            apart = np.abs(np.subtract(*shades)).mean() / 255
        assert apart < (APART if same_release else APART_BETWEEN_RELEASES), name
