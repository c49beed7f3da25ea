"""Tables and bars of HTML for notebooks: no scripts, and readable on dark and light."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

UP, DOWN, UNKNOWN = "#0072b2", "#d55e00", "#999999"
"""Colours that differ for every eye, of Okabe and Ito."""

_FILLS = {
    "up": UP,
    "down": f"repeating-linear-gradient(45deg,{DOWN} 0 4px,#ffb27f 4px 6px)",
    "unknown": f"repeating-linear-gradient(-45deg,{UNKNOWN} 0 2px,transparent 2px 5px)",
    "closed": "transparent",
}
_BAR = (
    "display:flex;box-sizing:border-box;height:0.9em;overflow:hidden;"
    "border:1px solid rgba(128,128,128,.6)"
)
_CELL = "padding:0.2em 0.6em;text-align:{align};font-weight:{weight};{wrap}"
_NO_WRAP = "white-space:nowrap"
_WRAP = "overflow-wrap:anywhere;min-width:14em;max-width:50em"
_LONG = 40  # characters; a longer cell may have several lines
_LINE = "border-bottom:1px solid rgba(128,128,128,.4)"


class Html(NamedTuple):
    """Text that is markup already."""

    text: str


class Number(NamedTuple):
    """Text that is a number, and stands at the right of its cell."""

    text: str


Cell = str | Html | Number


def bar(parts: Iterable[tuple[str, float]], width: str = "12em") -> Html:
    """A bar cut in proportion.

    Args:
        parts: States and their shares, which add up to 1, or to less.
        width: How long the bar is.
    """
    pieces = "".join(
        f'<span title="{state} {share:.1%}" style="display:block;width:{share:.4%};'
        f'flex:none;background:{_FILLS[state]}"></span>'
        for state, share in parts
        if share
    )
    return Html(f'<div style="{_BAR};width:{width}">{pieces}</div>')


def legend() -> Html:
    """What the fills of bars mean."""
    swatch = "display:inline-block;width:1em;height:0.7em;background"
    marks = (
        f'<span style="{swatch}:{_FILLS[state]}"></span> {state}'
        for state in ("up", "down", "unknown")
    )
    return Html(" &nbsp; ".join(marks))


def table(header: Sequence[Cell], rows: Iterable[Sequence[Cell]]) -> Html:
    """A table; texts are escaped."""
    head = "".join(_cell("th", name) for name in header)
    body = "".join(
        f'<tr style="{_LINE}">{"".join(_cell("td", cell) for cell in row)}</tr>'
        for row in rows
    )
    return Html(
        '<table style="border-collapse:collapse;margin:0.5em 0">'
        f'<thead><tr style="{_LINE}">{head}</tr></thead><tbody>{body}</tbody></table>'
    )


def paragraph(text: str, *, strong: bool = False) -> Html:
    """A line of text, escaped."""
    weight = "bold" if strong else "normal"
    return Html(f'<div style="font-weight:{weight}">{escape(text)}</div>')


def details(summary: str, content: Html) -> Html:
    """What is shown when the summary is clicked; a browser needs no script for it."""
    return Html(
        f"<details><summary>{escape(summary)}</summary>{content.text}</details>"
    )


def page(parts: Iterable[Html]) -> str:
    """All parts below each other, in the notebook's own colours."""
    content = "".join(part.text for part in parts)
    return f'<div style="overflow-x:auto">{content}</div>'


def _cell(tag: str, cell: Cell) -> str:
    weight = "bold" if tag == "th" else "normal"
    align = "right" if isinstance(cell, Number) else "left"
    text = cell if isinstance(cell, str) else cell.text
    content = text if isinstance(cell, Html) else escape(text)
    wrap = _WRAP if isinstance(cell, str) and len(cell) > _LONG else _NO_WRAP
    style = _CELL.format(align=align, weight=weight, wrap=wrap)
    return f'<{tag} style="{style}">{content}</{tag}>'
