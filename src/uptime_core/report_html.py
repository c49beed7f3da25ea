"""A report as HTML for notebooks: totals, the worst shops, where it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uptime_core import markup
from uptime_core.decimals import decimal_texts
from uptime_core.errors import counted
from uptime_core.window import UNIT_MICROS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from uptime_core.markup import Cell, Html
    from uptime_core.report_rows import ReportRow, Totals
    from uptime_core.window import Window

WORST = 10
"""How many shops are listed."""

_SUMS = ("up", "down", "unknown", "open")
_HEADER: tuple[Cell, ...] = (
    markup.legend(),
    *(markup.Number(name) for name in (*_SUMS, "up of observed", "observed")),
)
_UNITS = {"seconds": "s", "minutes": "min", "hours": "h", "days": "d"}


def report_html(
    totals: Totals,
    worst: Sequence[ReportRow],
    place: int,
    provenance: Mapping[str, object],
) -> str:
    """A report's HTML.

    Args:
        totals: The sums of all shops.
        worst: The shops with the most downtime, those with the most first.
        place: In which window they have it.
        provenance: What the report was made from and by.
    """
    title = f"Report: {counted(totals.shops, 'shop')}, as of {provenance['as_of']}"
    return markup.page(
        [
            markup.paragraph(title, strong=True),
            _totals(totals),
            *_worst(worst, totals.windows[place], place, totals.shops),
            markup.details(
                "provenance",
                markup.table(
                    ("what", "value"),
                    [(name, str(value)) for name, value in provenance.items()],
                ),
            ),
        ]
    )


def _totals(totals: Totals) -> Html:
    rows = [
        (window.name, *_cells(totals, window, place))
        for place, window in enumerate(totals.windows)
    ]
    return markup.table(("all shops", *_HEADER), rows)


def _worst(
    worst: Sequence[ReportRow], window: Window, place: int, shops: int
) -> Iterator[Html]:
    if not worst:
        yield markup.paragraph(f"No shop was down in {window.name}.")
        return
    yield markup.paragraph(
        f"Most downtime in {window.name}, {len(worst)} of {counted(shops, 'shop')}:"
    )
    rows = [
        (
            row.store_id,
            *_cells(row, window, place),
            "" if row.last_poll is None else f"{row.last_poll:%Y-%m-%d %H:%M:%S} UTC",
        )
        for row in worst
    ]
    yield markup.table(("store_id", *_HEADER, "last poll"), rows)


def _cells(sums: Totals | ReportRow, window: Window, place: int) -> list[Cell]:
    up, down, unknown, whole = (getattr(sums, name)[place] for name in _SUMS)
    micros = np.array([up, down, unknown, whole], dtype=object)
    shares = {"up": up, "down": down, "unknown": unknown}
    texts = decimal_texts(micros, UNIT_MICROS[window.unit], 2)
    return [
        markup.bar((state, part / (whole or 1)) for state, part in shares.items()),
        *(markup.Number(f"{_grouped(text)} {_UNITS[window.unit]}") for text in texts),
        markup.Number(_percent(up, up + down)),
        markup.Number(_percent(up + down, whole)),
    ]


def _grouped(number: str) -> str:
    units, point, places = number.partition(".")
    return f"{int(units):,}{point}{places}"


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.2%}" if whole else "none"
