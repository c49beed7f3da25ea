"""Polls of a block of shops as bytes: ten for each, sorted by shop and instant.

The first 2 bytes of every poll stand together, then the last 8 of every poll: the
shop's place in its block as uint16, and ``instant * 2 + status`` as int64, both with
the least byte first. The instant is in microseconds, a status of 1 is up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uptime_core.instants import EARLIEST, LATEST
from uptime_core.kernel.blocks import PACKED_BITS, time_bits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uptime_core.kernel.arrays import Bool, Index, Int64

SHOP_BITS = 12
SHOPS_PER_BLOCK = 1 << SHOP_BITS
"""Few enough for blocks to be computed side by side, enough for numpy."""

BYTES_PER_POLL = 10
MOST_POLLS = 3 << 18
"""Of a chunk: some eight megabytes, and five of those that longer ones are cut into.

So a week of a block of shops, polled every hour, is one, and need not be joined.
"""


class Packed(NamedTuple):
    """Polls of one block.

    Attributes:
        shop: int32 or int64, each poll's shop, as its place in the block.
        moment: int64, twice the instant in microseconds, and 1 more for up.
    """

    shop: Index
    moment: Int64

    @property
    def at(self) -> Int64:
        """Instants in microseconds."""
        return self.moment >> 1

    def where(self, keep: Bool | Int64 | slice) -> Packed:
        """The polls at some places."""
        return Packed(self.shop[keep], self.moment[keep])


NONE = Packed(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))


def joined(parts: list[Packed]) -> Packed:
    """All polls of some parts."""
    filled = [part for part in parts if len(part.shop)] or [NONE]
    if len(filled) == 1:
        return filled[0]
    return Packed(
        np.concatenate([part.shop for part in filled]),
        np.concatenate([part.moment for part in filled]),
    )


def distinct(polls: Packed) -> Packed:
    """Polls sorted by shop and instant, without repeats of shop, instant and status."""
    if not len(polls.shop):
        return polls
    order = _order(polls)
    shop, moment = polls.shop[order], polls.moment[order]
    first = np.ones(len(shop), dtype=np.bool_)
    first[1:] = (shop[1:] != shop[:-1]) | (moment[1:] != moment[:-1])
    if first.all():
        return Packed(shop, moment)
    return Packed(shop[first], moment[first])


def are_in(polls: Packed, known: Packed) -> Bool:
    """Which polls are among those that are known; the status counts too.

    Args:
        polls: Distinct polls.
        known: Distinct polls, in any order.
    """
    both = joined([known, polls])
    order = _order(both)  # stable: of equal polls the known one comes first
    shop, moment = both.shop[order], both.moment[order]
    repeats = np.zeros(len(order), dtype=np.bool_)
    repeats[1:] = (shop[1:] == shop[:-1]) & (moment[1:] == moment[:-1])
    found = np.zeros(len(order), dtype=np.bool_)
    found[order] = repeats
    return found[len(known.shop) :]


def are_second(polls: Packed, known: Packed) -> Bool:
    """Which polls are the second of their instant, with the other status.

    Args:
        polls: Distinct polls, none of which is known.
        known: Distinct polls.
    """
    # The other status of a moment differs in the last bit alone. Where both are new,
    # the one that is up counts as the second.
    other = Packed(polls.shop, polls.moment ^ 1)
    both_are_new = are_in(other, polls) & (polls.moment & 1 == 1)
    second: Bool = both_are_new | are_in(other, known)
    return second


class Summary(NamedTuple):
    """What a report needs to know of polls that are older than its windows.

    Attributes:
        shop: the shops that have any, in order.
        polls: int64, how many each has.
        last: int64, the moment of each one's newest.
    """

    shop: Index
    polls: Int64
    last: Int64


def summary(polls: Packed) -> Summary:
    """The summary of sorted polls, of which each shop has no two of one instant."""
    is_last = np.append(polls.shop[1:] != polls.shop[:-1], True)  # no flag
    ends = np.flatnonzero(is_last) + 1
    return Summary(polls.shop[is_last], np.diff(ends, prepend=0), polls.moment[is_last])


def summary_bytes(shops: Summary) -> bytes:
    """A summary as bytes: the shops as uint16, then the others as int64."""
    columns = (shops.shop.astype("<u2"), *(c.astype("<i8") for c in shops[1:]))
    return b"".join(column.tobytes() for column in columns)


def parse_summary(data: bytes) -> Summary:
    """The summary of bytes that `summary_bytes` made."""
    shops = len(data) // (2 + 8 + 8)
    shop = np.frombuffer(data, dtype="<u2", count=shops).astype(np.int64)
    rest = np.frombuffer(data, dtype="<i8", offset=2 * shops).astype(np.int64)
    return Summary(shop, rest[:shops], rest[shops:])


def chunks(polls: Packed) -> Iterator[Packed]:
    """Cut distinct polls into chunks, each of a stretch of time of its own."""
    if len(polls.shop) <= MOST_POLLS:
        if len(polls.shop):
            yield polls
        return
    order = np.argsort(polls.moment, kind="stable")
    pieces = -(-len(order) // max(MOST_POLLS * 2 // 3, 1))
    for places in np.array_split(order, pieces):
        yield polls.where(np.sort(places))


def to_bytes(polls: Packed) -> bytes:
    """The bytes of sorted, distinct polls."""
    return polls.shop.astype("<u2").tobytes() + polls.moment.astype("<i8").tobytes()


def from_bytes(data: bytes) -> Packed:
    """The polls of bytes that `to_bytes` made."""
    polls = len(data) // BYTES_PER_POLL
    shop = np.frombuffer(data, dtype="<u2", count=polls)
    moment = np.frombuffer(data, dtype="<i8", offset=2 * polls)
    return Packed(shop.astype(np.int32), moment.astype(np.int64, copy=False))


def fault(polls: Packed, shops: int) -> str | None:
    """What is wrong with polls that were read, or None.

    Args:
        polls: What was read.
        shops: How many shops the block has.
    """
    shop, moment = polls
    if not len(shop):
        return "no polls"
    if int(shop.max()) >= shops:
        return "polls of shops that the block does not have"
    at = polls.at
    if not EARLIEST <= int(at.min()) <= int(at.max()) <= LATEST:
        return "instants that no calendar has"
    step = shop[1:] - shop[:-1]
    if not ((step > 0) | ((step == 0) & (moment[1:] > moment[:-1]))).all():
        return "polls out of order"
    return None


def _order(polls: Packed) -> Int64:
    """What sorts polls by shop and moment, equal ones in the order that they have."""
    if not len(polls.shop):
        return np.zeros(0, dtype=np.int64)
    low, high = int(polls.moment.min()), int(polls.moment.max())
    bits = time_bits(low, high)
    if bits + SHOP_BITS <= PACKED_BITS:
        key = np.left_shift(polls.shop, bits, dtype=np.int64)
        key |= polls.moment - low
        return np.argsort(key, kind="stable")
    return np.lexsort((polls.moment, polls.shop))
