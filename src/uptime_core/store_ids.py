"""What a `store_id` may be. Ids are text everywhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from uptime_core.errors import InputError, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

BLANKS = " \t"
"""What is trimmed from both ends of every cell."""

_LONGEST = 200
# Almost all ids: nothing to trim, to escape or to suspect in them. A spreadsheet's
# ruin has a "+", which is left out.
_PLAIN = re.compile(r"[!-*,-~]{1,200}+")
_PLAIN_LINES = re.compile(r"[!-*,-~]{1,200}+(?:\n[!-*,-~]{1,200}+)*+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_RUINED = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?[eE]\+[0-9]+")


def parse_store_id(cell: object) -> str:
    """A shop's id, trimmed.

    Raises:
        InputError: It is not text of 1 to 200 characters without control
            characters, or is what a spreadsheet makes of a long number.
    """
    if type(cell) is str and _PLAIN.fullmatch(cell):
        return cell
    if not isinstance(cell, str):
        raise InputError(
            f"{shown(cell)} is not text; ids are text, so that no digit is lost",
            field="store_id",
        )
    store_id = cell.strip(BLANKS)
    if reason := _fault(store_id):
        raise InputError(f"{shown(cell)} {reason}", field="store_id")
    return store_id


def are_plain_store_ids(cells: Sequence[object]) -> bool:
    """Whether `parse_store_id` would take all of these as they are; if not, it may.

    One look at all of them takes a thirtieth of the time that a look at each does.
    """
    try:
        text = "\n".join(cells)  # type: ignore[arg-type]  # an error for what is no text
    except TypeError:
        return False
    return text.count("\n") == len(cells) - 1 and bool(_PLAIN_LINES.fullmatch(text))


class StoreCodes(dict[str, int]):
    """Numbers distinct ids from 0, as they come; a bad id has the number -1.

    Looking up a cell gives its id's number, so that whole columns are numbered with
    ``map``, without a call in Python for a cell that is an id seen before. It holds the
    ids only, in the order of their numbers.
    """

    def __init__(self) -> None:
        super().__init__()
        self._odd: dict[str, int] = {}

    def __missing__(self, cell: str) -> int:
        code = self._odd.get(cell)
        if code is None:
            try:
                store_id = parse_store_id(cell)
            except InputError:
                return -1
            code = self.setdefault(store_id, len(self))
            if store_id != cell:
                self._odd[cell] = code
        return code

    def numbers(self, cells: Sequence[str]) -> list[int]:
        """The numbers of many cells, as looking up each of them would give them.

        Plain ones that are all new are numbered at once, in a fifth of the time.
        """
        if self.keys().isdisjoint(cells) and are_plain_store_ids(cells):
            new = dict.fromkeys(cells)
            first = len(self)
            self.update(zip(new, range(first, first + len(new)), strict=True))
            if len(new) == len(cells):
                return list(range(first, len(self)))
        return list(map(self.__getitem__, cells))

    @property
    def store_ids(self) -> tuple[str, ...]:
        """The distinct ids, in the order of their numbers."""
        return tuple(self)


def _fault(store_id: str) -> str | None:
    if not store_id:
        return "is empty; every row needs the id of its shop"
    if len(store_id) > _LONGEST:
        return f"has {len(store_id)} characters, more than {_LONGEST}"
    if _CONTROL.search(store_id):
        return "has a control character; remove it"
    if not store_id.isascii() and not _encodable(store_id):
        return "has a lone surrogate, which no UTF-8 file can hold"
    if _RUINED.fullmatch(store_id):
        return (
            "is a number that a spreadsheet has rounded, its last digits are lost; "
            "export the file again with this column as text"
        )
    return None


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
