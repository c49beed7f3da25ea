"""Shops that are left out, since a row of their hours or zones was rejected."""

from __future__ import annotations

from typing import NamedTuple


class Quarantine(NamedTuple):
    """The shops of rejected rows of hours or zones.

    Attributes:
        store_ids: Shops that a rejected row names.
        suspects: What may be the id of a shop that a rejected row names.
    """

    store_ids: frozenset[str] = frozenset()
    suspects: frozenset[str] = frozenset()

    def __or__(self, other: Quarantine) -> Quarantine:
        return Quarantine(
            self.store_ids | other.store_ids, self.suspects | other.suspects
        )


NOBODY = Quarantine()
