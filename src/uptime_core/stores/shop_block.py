"""Up to 4,096 shops: their ids, business hours and time zones, as texts and bytes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import attrs
import numpy as np

from uptime_core.schedule import HoursColumns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uptime_core.kernel.arrays import Int64

_SHOP = np.dtype("<u2")
_TIME = np.dtype("<i8")
_ROW = _SHOP.itemsize + 2 * _TIME.itemsize
# Neither ids nor names of zones can have control characters.
_SEPARATOR = "\n"


@attrs.define(eq=False)
class ShopBlock:
    """Shops side by side; place i of each list belongs to shop i of the block.

    Attributes:
        store_ids: Their ids.
        zones: Their time zones, or an empty text.
        has_hours: Whether there are business hours; a shop may have some, and no row.
        row_shop: Whose row of business hours it is; rows sorted by shop.
        row_start: Its start in microseconds since Monday 00:00.
        row_end: Its end.
    """

    store_ids: list[str] = attrs.field(factory=list)
    zones: list[str] = attrs.field(factory=list)
    has_hours: list[bool] = attrs.field(factory=list)
    row_shop: Int64 = attrs.field(factory=lambda: np.zeros(0, dtype=np.int64))
    row_start: Int64 = attrs.field(factory=lambda: np.zeros(0, dtype=np.int64))
    row_end: Int64 = attrs.field(factory=lambda: np.zeros(0, dtype=np.int64))

    @classmethod
    def of_record(cls, store_ids: str, zones: str, hours: bytes) -> ShopBlock:
        """The block of a record that `record` made.

        Raises:
            ValueError: It does not fit together.
        """
        ids = store_ids.split(_SEPARATOR)
        names = list(map(sys.intern, zones.split(_SEPARATOR)))  # few, of many shops
        shops = len(ids)
        rows, rest = divmod(len(hours) - shops, _ROW)
        if len(names) != shops or rest or rows < 0:
            raise ValueError("its columns have different lengths")
        flags = np.frombuffer(hours, np.uint8, shops)
        row_shop = np.frombuffer(hours, _SHOP, rows, shops).astype(np.int64)
        times = np.frombuffer(hours, _TIME, 2 * rows, shops + rows * _SHOP.itemsize)
        if rows and not ((np.diff(row_shop) >= 0).all() and int(row_shop[-1]) < shops):
            raise ValueError("its business hours are out of order")
        return cls(
            ids,
            names,
            flags.astype(bool).tolist(),
            row_shop,
            times[:rows],
            times[rows:],
        )

    def record(self) -> tuple[str, str, bytes]:
        """Ids and zones as texts, a line for each, and the hours as bytes."""
        hours = b"".join(
            (
                np.array(self.has_hours, dtype=np.uint8).tobytes(),
                self.row_shop.astype(_SHOP).tobytes(),
                self.row_start.astype(_TIME).tobytes(),
                self.row_end.astype(_TIME).tobytes(),
            )
        )
        return _SEPARATOR.join(self.store_ids), _SEPARATOR.join(self.zones), hours

    def append(self, store_ids: Iterable[str]) -> None:
        """Add shops of which nothing else is known."""
        new = list(store_ids)
        self.store_ids += new
        self.zones += [""] * len(new)
        self.has_hours += [False] * len(new)

    def hours(self) -> HoursColumns:
        """The business hours of the shops that have any."""
        known = [shop for shop, has in enumerate(self.has_hours) if has]
        number = np.zeros(len(self.store_ids), dtype=np.int32)
        number[known] = np.arange(len(known))
        return HoursColumns(
            [self.store_ids[shop] for shop in known],
            number[self.row_shop],
            self.row_start,
            self.row_end,
        )

    def timezones(self) -> dict[str, str]:
        """The time zones of the shops that have one."""
        pairs = zip(self.store_ids, self.zones, strict=True)
        return {store_id: zone for store_id, zone in pairs if zone}

    def set_hours(
        self, shops: list[int], row_shop: Int64, start: Int64, end: Int64
    ) -> None:
        """Replace the business hours of some shops, given by their places."""
        named = np.zeros(len(self.store_ids), dtype=np.bool_)
        named[shops] = True
        kept = ~named[self.row_shop]
        row_shop = np.append(self.row_shop[kept], row_shop)
        start = np.append(self.row_start[kept], start)
        end = np.append(self.row_end[kept], end)
        order = np.lexsort((end, start, row_shop))
        self.row_shop, self.row_start, self.row_end = (
            row_shop[order],
            start[order],
            end[order],
        )
        for shop in shops:
            self.has_hours[shop] = True

    def forget_hours(self, shops: Iterable[int]) -> None:
        """Let shops have no business hours."""
        places = list(shops)
        nothing = np.zeros(0, dtype=np.int64)
        self.set_hours(places, nothing, nothing, nothing)
        for shop in places:
            self.has_hours[shop] = False
