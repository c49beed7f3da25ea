"""Checks of ids: those that a spreadsheet or a float has ruined, and twins."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

from uptime_core.errors import counted, shown
from uptime_core.inspection.findings import Finding
from uptime_core.inspection.wording import EXAMPLES, clause

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DIGITS = re.compile(r"[0-9]+")
_FLOAT = re.compile(r"[+-]?[0-9]+\.(?:0+|[0-9]+[eE][+-]?[0-9]+)")
_OF_A_SPREADSHEET = 15  # digits that it keeps; the others become zeros
_BY_CHANCE = 10  # times as many ids in zeros as there would be of good ones


def id_findings(store_ids: Iterable[str]) -> Iterator[Finding]:
    """What is odd about ids.

    Args:
        store_ids: All that any source has, each once.
    """
    ordered = sorted(store_ids)
    ruined = _ruined(ordered)
    if ruined:
        yield Finding(
            kind="ruined_ids",
            severity="warning",
            count=len(ruined),
            summary=f"{clause(len(ruined), 'id', 'looks', 'look')} ruined by a "
            "spreadsheet, or by a program that takes ids for numbers",
            meaning="Such a shop does not meet its own rows in the other sources, and "
            "several shops may have become one.",
            advice="Export the source again, with this column as text.",
            examples=tuple(
                f"{shown(store_id)} {reason}"
                for store_id, reason in list(ruined.items())[:EXAMPLES]
            ),
            store_ids=tuple(ruined),
        )
    twins = _twins(ordered)
    if twins:
        yield Finding(
            kind="twin_ids",
            severity="warning",
            count=len(twins),
            summary=f"{counted(len(twins), 'group')} of ids that differ in upper and "
            "lower case, blanks, quotes or leading zeros only",
            meaning="Ids are text: these are different shops, and what one source says "
            "of the one does not hold for the other.",
            advice="If they are one shop, write its id in one way in all sources.",
            examples=tuple(
                " and ".join(map(shown, group[:EXAMPLES])) for group in twins[:EXAMPLES]
            ),
            store_ids=tuple(sorted(shop for group in twins for shop in group)),
        )


def _ruined(ordered: list[str]) -> dict[str, str]:
    """Ids that look ruined, in order, each with the reason."""
    ruined = {}
    long = []
    for store_id in ordered:
        if _FLOAT.fullmatch(store_id):
            ruined[store_id] = "is how a number is written"
        elif len(store_id) > _OF_A_SPREADSHEET and _DIGITS.fullmatch(store_id):
            long.append(store_id)
        elif not store_id.isascii() and store_id != _visible(store_id).strip():
            ruined[store_id] = "has characters that nobody sees"
    return dict(sorted((ruined | _zeros(long) | _floats(long)).items()))


def _zeros(long: list[str]) -> dict[str, str]:
    """Long numbers that a spreadsheet has rounded.

    One that has only zeros after 15 digits may be good. It is not if it is rounded
    from another one, or if there are many more of them than chance has.
    """
    first_digits = Counter(store_id[:_OF_A_SPREADSHEET] for store_id in long)
    zeros = [shop for shop in long if not shop[_OF_A_SPREADSHEET:].strip("0")]
    chance = sum(10.0 ** (_OF_A_SPREADSHEET - len(store_id)) for store_id in long)
    many = len(zeros) > _BY_CHANCE * max(chance, 1)
    return {
        store_id: "has only zeros after its first 15 digits"
        for store_id in zeros
        if many or first_digits[store_id[:_OF_A_SPREADSHEET]] > 1
    }


def _floats(long: list[str]) -> dict[str, str]:
    """Long numbers that are what a float makes of another one.

    Every float from 2**53 on is a multiple of a power of two. One such id may be good,
    many are not. Ids that are made of bits, and end in zeros, are multiples of a larger
    power; those of floats are so for one half of them only.
    """
    groups: dict[float, list[str]] = {}
    for store_id in long:
        groups.setdefault(float(store_id), []).append(store_id)
    rounded = {}
    for number, group in groups.items():
        made = f"{number:.0f}"
        if len(group) > 1 and made in group:
            other = next(store_id for store_id in group if store_id != made)
            rounded[made] = f"is what a float makes of {shown(other)}"
    steps = {store_id: int(math.ulp(float(store_id))) for store_id in long}
    whole = [shop for shop in long if steps[shop] > 1 and not int(shop) % steps[shop]]
    odd = sum(int(shop) // steps[shop] % 2 for shop in whole)
    chance = sum(0.5 / step for step in steps.values() if step > 1)
    if odd > _BY_CHANCE * max(chance, 1):
        reason = "has only digits that a float keeps"
        rounded = dict.fromkeys(whole, reason) | rounded
    return rounded


def _twins(ordered: list[str]) -> list[tuple[str, ...]]:
    """Ids that are the same if one does not look closely, group by group."""
    groups: dict[str, list[str]] = {}
    for store_id in ordered:
        groups.setdefault(_plain(store_id), []).append(store_id)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def _plain(store_id: str) -> str:
    text = store_id if store_id.isascii() else _visible(store_id)
    text = "".join(text.casefold().split()).strip("'\"")
    return text.lstrip("0") or text


def _visible(store_id: str) -> str:
    """An id without what nobody sees, and with plain forms of other characters."""
    text = unicodedata.normalize("NFKC", store_id)
    return "".join(c for c in text if unicodedata.category(c) != "Cf")
