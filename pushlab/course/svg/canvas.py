"""A canvas: a few shapes and texts, written down as one SVG document.

It uses what every reader of SVG knows: no style sheet, no script, no identifier that another
picture on the page could have as well, nothing to load.
"""

import math
from collections.abc import Sequence
from html import escape
from typing import Literal

from pushlab.charts.palette import INK
from pushlab.course.svg.text import FONTS, wide

__all__ = ["AS_WIDE_AS_THE_PAGE", "Anchor", "Canvas", "Point", "Shape"]

Point = tuple[float, float]
Anchor = Literal["start", "middle", "end"]
Shape = Literal["circle", "diamond", "square", "down", "tick", "whiskers"]

#: For pages; what makes a PDF cannot read it.
AS_WIDE_AS_THE_PAGE = 'style="max-width:100%;height:auto"'
_MIDDLE = 0.35  # from the middle of a line of text down to its baseline, in parts of its size
_HALO = 0.86


class Canvas:
    """Shapes in pixels, from the upper left corner; the later covers the earlier."""

    def __init__(self, width: float, height: float) -> None:
        self.width = width
        self.height = height
        self._parts: list[str] = []
        self.rect((0, 0), (width, height), "#ffffff")

    # ---- shapes -----------------------------------------------------------------------------

    def line(
        self,
        points: Sequence[Point],
        colour: str,
        width: float = 1.0,
        *,
        dash: Sequence[float] = (),
        opacity: float = 1.0,
    ) -> None:
        """A line through the points."""
        if len(points) < 2:
            return
        path = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
        style = f' stroke-dasharray="{",".join(map(_n, dash))}"' if dash else ""
        self._parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{_n(width)}"'
            f"{_opacity('stroke', opacity)}{style}/>"
        )

    def area(self, points: Sequence[Point], colour: str, *, opacity: float = 1.0) -> None:
        """What the points enclose."""
        path = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
        self._parts.append(f'<polygon points="{path}" fill="{colour}"{_opacity("fill", opacity)}/>')

    def rect(self, at: Point, size: Point, colour: str, *, opacity: float = 1.0) -> None:
        """A rectangle: its upper left corner, and its width and height."""
        self._parts.append(
            f'<rect x="{_n(at[0])}" y="{_n(at[1])}" width="{_n(max(size[0], 0))}"'
            f' height="{_n(max(size[1], 0))}" fill="{colour}"{_opacity("fill", opacity)}/>'
        )

    def dots(self, places: Sequence[Point], radius: float, colour: str, *, opacity: float) -> None:
        """Many small dots."""
        look = f'fill="{colour}"{_opacity("fill", opacity)}'
        circles = "".join(
            f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}"/>' for x, y in places
        )
        self._parts.append(f"<g {look}>{circles}</g>")

    def mark(
        self,
        shape: Shape,
        at: Point,
        size: float,
        colour: str,
        *,
        fill: str = "",
        width: float = 2.0,
    ) -> None:
        """A mark of that height around a place; `fill` is its inside, its own colour if empty."""
        x, y = at
        look = f'fill="{fill or colour}" stroke="{colour}" stroke-width="{_n(width)}"'
        half = size / 2
        if shape == "circle":
            place = f'cx="{_n(x)}" cy="{_n(y)}" r="{_n(half)}"'
            self._parts.append(f"<circle {place} {look}/>")
            return
        if shape == "whiskers":
            self.whiskers((x - half * 1.6, x + half * 1.6), y, size, colour)
            return
        if shape == "tick":
            self.line([(x, y - half), (x, y + half)], colour, width)
            return
        corners: dict[str, Sequence[Point]] = {
            "diamond": [(0, -1.15), (1.15, 0), (0, 1.15), (-1.15, 0)],
            "square": [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
            "down": [(-1, -0.9), (1, -0.9), (0, 1)],
        }
        path = " ".join(f"{_n(x + a * half)},{_n(y + b * half)}" for a, b in corners[shape])
        self._parts.append(f'<polygon points="{path}" stroke-linejoin="round" {look}/>')

    def whiskers(self, ends: Point, y: float, height: float, colour: str) -> None:
        """A line from one value to another, with a short line across at either end."""
        for points in (
            [(ends[0], y), (ends[1], y)],
            *([(x, y - height / 2), (x, y + height / 2)] for x in ends),
        ):
            self.line(points, "#ffffff", 3.6, opacity=0.8)
            self.line(points, colour, 1.7)

    # ---- words ------------------------------------------------------------------------------

    def text(
        self,
        at: Point,
        words: str,
        size: float,
        colour: str = INK,
        *,
        bold: bool = False,
        anchor: Anchor = "start",
        halo: bool = False,
    ) -> float:
        """One line of text whose middle is at that height; its width.

        Args:
            halo: whether a pale ground keeps it apart from what it stands on.
        """
        if not words:
            return 0.0
        width = wide(words, size, bold=bold)
        x, y = at
        if halo:
            left = x - {"start": 0.0, "middle": width / 2, "end": width}[anchor]
            self.rect(
                (left - 3, y - size * 0.62), (width + 6, size * 1.24), "#ffffff", opacity=_HALO
            )
        look = ' font-weight="bold"' if bold else ""
        turned = f' text-anchor="{anchor}"' if anchor != "start" else ""
        self._parts.append(
            f'<text x="{_n(x)}" y="{_n(y + size * _MIDDLE)}" font-size="{_n(size)}"'
            f' fill="{colour}"{look}{turned} textLength="{_n(width)}"'
            f' lengthAdjust="spacingAndGlyphs">{escape(words, quote=False)}</text>'
        )
        return width

    # ---- the document -----------------------------------------------------------------------

    def svg(self, described: str) -> str:
        """The document, with words for whoever cannot see it."""
        size = f'width="{_n(self.width)}" height="{_n(self.height)}"'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="pushlab-chart" {size}'
            f' viewBox="0 0 {_n(self.width)} {_n(self.height)}" role="img"'
            f' aria-label="{escape(described)}" font-family="{FONTS}"'
            f" {AS_WIDE_AS_THE_PAGE}>\n" + "\n".join(self._parts) + "\n</svg>\n"
        )


def _n(value: float) -> str:
    """A length without a tail of digits; a number that is none would spoil the whole document."""
    if not math.isfinite(value):
        raise ValueError(f"{value} is no length")
    text = f"{value:.1f}"
    return text.removesuffix(".0") if text != "-0.0" else "0"


def _opacity(what: str, value: float) -> str:
    return "" if value >= 1 else f' {what}-opacity="{value:g}"'
