"""A block of shops, and its record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_core.stores.shop_block import ShopBlock

if TYPE_CHECKING:
    from uptime_core import HoursColumns

Content = tuple[str, list[tuple[int, int]] | None]
Hours = dict[str, list[tuple[int, int]]]

HOUR = 3_600_000_000
IDS = st.sampled_from(["a", "b", "c\u2028d", "\U0001f3ea", "x" * 200, "0", "\u00e9"])
SPANS = st.tuples(st.integers(0, 167), st.integers(1, 48)).map(
    lambda span: (span[0] * HOUR, (span[0] + span[1]) * HOUR)
)
CONTENTS = st.dictionaries(
    IDS,
    st.tuples(
        st.sampled_from(["", "UTC", "America/Chicago"]),
        st.none() | st.lists(SPANS, max_size=3),
    ),
    min_size=1,
    max_size=8,
)


def block_of(
    contents: dict[str, Content],
) -> ShopBlock:
    block = ShopBlock()
    block.append(contents)
    block.zones = [zone for zone, _ in contents.values()]
    for place, (_, spans) in enumerate(contents.values()):
        if spans is not None:
            start, end = np.array(spans, dtype=np.int64).reshape(-1, 2).T
            block.set_hours([place], np.full(len(spans), place), start, end)
    return block


def hours_of(columns: HoursColumns) -> Hours:
    found: Hours = {store_id: [] for store_id in columns.store_ids}
    for code, start, end in zip(
        columns.code.tolist(), columns.start.tolist(), columns.end.tolist(), strict=True
    ):
        found[columns.store_ids[code]].append((start, end))
    return {store_id: sorted(spans) for store_id, spans in found.items()}


@given(contents=CONTENTS)
def test_a_record_is_read_back_as_it_was_written(
    contents: dict[str, Content],
) -> None:
    written = block_of(contents)
    block = ShopBlock.of_record(*written.record())
    assert block.record() == written.record()
    assert block.store_ids == list(contents)
    assert block.timezones() == {
        shop: zone for shop, (zone, _) in contents.items() if zone
    }
    assert hours_of(block.hours()) == {
        shop: sorted(spans)
        for shop, (_, spans) in contents.items()
        if spans is not None
    }


@given(contents=CONTENTS, data=st.data())
def test_hours_are_replaced_and_forgotten_for_the_named_shops_only(
    contents: dict[str, Content], data: st.DataObject
) -> None:
    block = block_of(contents)
    expected = hours_of(block.hours())
    named = data.draw(st.sets(st.integers(0, len(contents) - 1)))
    if data.draw(st.booleans()):
        block.forget_hours(named)
        for place in named:
            expected.pop(block.store_ids[place], None)
    else:
        spans = data.draw(st.lists(SPANS, max_size=2))
        start, end = np.array(spans * len(named), dtype=np.int64).reshape(-1, 2).T
        block.set_hours(
            list(named), np.repeat(np.array(list(named), int), len(spans)), start, end
        )
        expected |= {block.store_ids[place]: sorted(spans) for place in named}
    assert hours_of(block.hours()) == expected
    assert hours_of(ShopBlock.of_record(*block.record()).hours()) == expected


def test_new_shops_have_nothing_and_the_others_keep_what_they_have() -> None:
    block = block_of({"a": ("UTC", [(0, HOUR)]), "b": ("", None)})
    block.append(["c"])
    assert block.store_ids == ["a", "b", "c"]
    assert block.timezones() == {"a": "UTC"}
    assert hours_of(block.hours()) == {"a": [(0, HOUR)]}


@pytest.mark.parametrize(
    "record",
    [
        ("a\nb", "\n", b"\0"),
        ("a\nb", "", b"\0\0"),
        ("a", "\n", b"\0"),
        ("a", "", b""),
        ("a", "", b"\1" + b"\0" * 17),
        ("a", "", b"\1" + b"\1\0" + b"\0" * 16),
        ("a\nb", "\n", b"\1\1" + b"\1\0\0\0" + b"\0" * 32),
    ],
)
def test_a_record_that_does_not_fit_together_is_refused(
    record: tuple[str, str, bytes],
) -> None:
    with pytest.raises(ValueError, match="its "):
        ShopBlock.of_record(*record)
