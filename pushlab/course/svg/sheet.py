"""The sheet of a chart: its title, what was done, what the axis shows, on what it rests.

The drawing gets what the words leave, so a longer title never covers anything.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pushlab.charts.palette import GREY, GRID, INK
from pushlab.course.svg.canvas import Canvas, Shape
from pushlab.course.svg.scales import Scale
from pushlab.course.svg.text import wide, wrapped

__all__ = ["AXIS", "LEFT", "RIGHT", "WIDTH", "Key", "Sheet", "axis_below", "sheet"]

WIDTH = 900.0
LEFT, RIGHT = 28.0, WIDTH - 28.0
AXIS = 15.5  #: the size of an axis's words
_TITLE, _TITLE_LEAST, _SUB, _FOOT = 25.0, 21.0, 16.0, 13.5
_TITLE_LINES = 2


@dataclass(frozen=True, slots=True)
class Sheet:
    """A canvas with its words, and where the drawing may stand: `top` to `bottom`."""

    canvas: Canvas
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Key:
    """What a mark means."""

    shape: Shape
    colour: str
    words: str
    fill: str = ""


def sheet(
    title: str,
    subtitle: str,
    footer: str,
    *,
    height: float,
    axis: str = "",
    marks: Sequence[Key] = (),
    scale_px: float = 28.0,
) -> Sheet:
    """A sheet with its words and `height` pixels for the drawing.

    Args:
        footer: what the drawing rests on: sample size, duration, machine; paragraphs by newlines.
        axis: what the axis shows; `marks`, what the marks mean. They stand side by side where
            there is room, else below each other.
        scale_px: pixels under the drawing for the axis's values.
    """
    room = RIGHT - LEFT
    size = _TITLE
    lines = wrapped(title, size, room, bold=True, even=True)
    if len(lines) > _TITLE_LINES:
        size = _TITLE_LEAST
        lines = wrapped(title, size, room, bold=True, even=True)
    under = [line for part in subtitle.split("\n") for line in wrapped(part, _SUB, room)]
    foot = [line for part in footer.split("\n") for line in wrapped(part, _FOOT, room)]
    told = list(wrapped(axis, AXIS, room)) if axis else []
    beside = bool(told) and wide(told[-1], AXIS) + _keys_width(marks) + 30 <= room
    rows = len(told) + (1 if marks and not beside else 0)
    top = 20 + len(lines) * size * 1.2 + len(under) * _SUB * 1.3 + 18
    bottom = top + height
    below = scale_px + rows * AXIS * 1.4 + 6
    total = bottom + below + len(foot) * _FOOT * 1.35 + 12
    canvas = Canvas(WIDTH, round(total))
    y = _column(canvas, lines, 20, size, 1.2, INK, bold=True)
    _column(canvas, under, y + 2, _SUB, 1.3, GREY)
    y = _column(canvas, told, bottom + scale_px, AXIS, 1.4, GREY)
    _keys(canvas, marks, y - AXIS * 0.9 if beside else y + AXIS * 0.5)
    _column(canvas, foot, bottom + below, _FOOT, 1.35, GREY)
    return Sheet(canvas, top, bottom)


def _column(
    canvas: Canvas,
    lines: Sequence[str],
    y: float,
    size: float,
    step: float,
    colour: str,
    *,
    bold: bool = False,
) -> float:
    """Lines below each other, the first one's top at `y`; where the last one ends."""
    for line in lines:
        canvas.text((LEFT, y + size * 0.5), line, size, colour, bold=bold)
        y += size * step
    return y


def _keys_width(marks: Sequence[Key]) -> float:
    return sum(wide(mark.words, AXIS) + 40 for mark in marks)


def _keys(canvas: Canvas, marks: Sequence[Key], y: float) -> None:
    """What the marks mean, at the right."""
    x = RIGHT
    for mark in reversed(marks):
        x -= wide(mark.words, AXIS)
        canvas.text((x, y), mark.words, AXIS, INK)
        x -= 18
        canvas.mark(mark.shape, (x, y), 12, mark.colour, fill=mark.fill)
        x -= 22


def axis_below(
    page: Sheet,
    scale: Scale,
    words: Callable[[float], str],
    *,
    most: int = 7,
    left: float = LEFT,
) -> None:
    """Faint lines upward and the values under them; none that would touch its neighbour."""
    end = -1e9
    for value in scale.ticks(most):
        x, shown = scale(value), words(value)
        page.canvas.line([(x, page.top), (x, page.bottom)], GRID)
        half = wide(shown, AXIS) / 2
        if x - half > end + 8 and x + half < WIDTH - 2 and x - half > left - 20:
            page.canvas.text((x, page.bottom + 16), shown, AXIS, GREY, anchor="middle")
            end = x + half
