"""Text for CSV files that people open in a spreadsheet."""

from __future__ import annotations

import re

_FORMULA_STARTS = "=+-@\t\r\uff1d\uff0b\uff0d\uff20"
_PLAIN_INTEGER = re.compile(r"-?[0-9]+")


def excel_safe_text(text: str) -> str:
    """`text`, with a leading ``'`` where a spreadsheet would take it for a formula.

    Formula injection is CWE-1236. Plain integers stay as they are.
    """
    if text[:1] and text[0] in _FORMULA_STARTS and not _PLAIN_INTEGER.fullmatch(text):
        return f"'{text}"
    return text
