"""Makes the package page of the README: the same text, without links into its folder.

A package page has no folder beside it, so that such links would lead nowhere: they
and the pictures become the texts that they have.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

PICTURE = re.compile(r"!\[([^\]]+)\]\((?!\w+:)[^)\s]+\)")
LINK = re.compile(r"\[([^\]]+)\]\((?!\w+:)[^)\s]+\)")


class PackagePage(MetadataHookInterface):
    """A plugin of the build."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the page to what the package says of itself."""
        text = Path(self.root, "README.md").read_text("utf-8")
        text = LINK.sub(r"\1", PICTURE.sub(r"*Picture: \1.*", text))
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
