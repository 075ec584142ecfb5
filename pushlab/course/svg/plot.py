"""Lines over two axes: each line named at its right end, where names do not touch."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pushlab.charts.palette import GREY, GRID, INK, LINE, dark
from pushlab.course.svg.canvas import Canvas, Shape
from pushlab.course.svg.scales import Log, Scale
from pushlab.course.svg.sheet import AXIS
from pushlab.course.svg.text import wide, wrapped

__all__ = ["Line", "Spot", "axes", "draw_lines", "draw_spots", "spread"]

_NAME = 16.0
_LEADER = 24.0


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its name, its colour, its points in the axes' units."""

    name: str
    colour: str
    points: Sequence[tuple[float, float]]
    dash: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Spot:
    """A mark with words beside it, in the axes' units.

    Attributes:
        right: whether its words stand at its right; else at its left.
        below: whether they stand below it; else above.
    """

    at: tuple[float, float]
    words: str
    colour: str
    shape: Shape = "circle"
    fill: str = ""
    right: bool = True
    below: bool = False
    interval: tuple[float, float] | None = None


def axes(
    canvas: Canvas,
    across: Scale,
    up: Scale,
    words: tuple[Callable[[float], str], Callable[[float], str]],
    *,
    ticks: Sequence[float] = (),
    most: int = 6,
) -> None:
    """Faint lines with their values: below for `across` (at `ticks`), at the left for `up`."""
    left, right, bottom, top = across.start, across.end, up.start, up.end
    for value in up.ticks(most):
        y = up(value)
        canvas.line([(left, y), (right, y)], GRID)
        canvas.text((left - 10, y), words[1](value), AXIS, GREY, anchor="end")
    if isinstance(up, Log) and not math.isnan(up.zero):
        canvas.line([(left, up.zero), (right, up.zero)], LINE, dash=(2, 3))
        canvas.text((left - 10, up.zero), "0", AXIS, GREY, anchor="end")
        for step in (0.0, 5.0):
            y = (up.zero + bottom) / 2 + step - 2
            canvas.line([(left - 6, y + 3), (left + 6, y - 3)], GREY, 1.5)
    end = -1e9
    for value in ticks or across.ticks(most):
        x, shown = across(value), words[0](value)
        canvas.line([(x, top), (x, bottom)], GRID)
        half = wide(shown, AXIS) / 2
        if x - half > end + 10:
            below = up.zero if isinstance(up, Log) and not math.isnan(up.zero) else bottom
            canvas.text((x, max(bottom, below) + 16), shown, AXIS, GREY, anchor="middle")
            end = x + half


def draw_lines(
    canvas: Canvas, across: Scale, up: Scale, lines: Sequence[Line], *, room: float
) -> None:
    """Draw lines and name each right of its last point.

    Args:
        room: pixels that names have, right of the axes.
    """
    for line in lines:
        points = [(across(x), up(y)) for x, y in line.points]
        canvas.line(points, line.colour, 3, dash=line.dash)
    named = sorted(
        ((up(line.points[-1][1]), across(line.points[-1][0]), line) for line in lines),
        key=lambda each: each[0],
    )
    texts = [wrapped(line.name, _NAME, room - _LEADER, bold=True) for _, _, line in named]
    low, high = min(up.start, up.end), max(up.start, up.end)
    if isinstance(up, Log) and not math.isnan(up.zero):
        high = max(high, up.zero)
    heights = [len(text) * _NAME * 1.2 + 4 for text in texts]
    places = spread([y for y, _, _ in named], heights, low, high + 8)
    for (y, x, line), text, place in zip(named, texts, places, strict=True):
        begin = across.end + _LEADER
        canvas.line([(x + 3, y), (begin - 5, place)], line.colour)
        for number, row in enumerate(text):
            at = place + (number - (len(text) - 1) / 2) * _NAME * 1.2
            canvas.text((begin, at), row, _NAME, dark(line.colour), bold=True)


def draw_spots(canvas: Canvas, across: Scale, up: Scale, spots: Sequence[Spot]) -> None:
    """Marks with their words, and intervals as lines up and down."""
    for spot in spots:
        x, y = across(spot.at[0]), up(spot.at[1])
        if spot.interval:
            ends = [(x, up(spot.interval[0])), (x, up(spot.interval[1]))]
            canvas.line(ends, INK, 1.7)
            for _, end in ends:
                canvas.line([(x - 6, end), (x + 6, end)], INK, 1.7)
        canvas.mark(spot.shape, (x, y), 12, spot.colour, fill=spot.fill, width=2.4)
    for spot in spots:
        x, y = across(spot.at[0]), up(spot.at[1])
        by, anchor = (11, "start") if spot.right else (-11, "end")
        canvas.text(
            (x + by, y + 22 if spot.below else y - 11), spot.words, AXIS, spot.colour, halo=True,
            anchor="end" if anchor == "end" else "start",
        )  # fmt: skip


def spread(
    wanted: Sequence[float], heights: Sequence[float], low: float, high: float
) -> list[float]:
    """Places near the ones that are wanted (ascending), no nearer to each other than the heights.

    Names that would touch stand together, centred on what they want, within `low` to `high`.
    """
    groups: list[list[int]] = []

    def begin(group: Sequence[int]) -> float:
        length = sum(heights[i] for i in group)
        centre = sum(wanted[i] for i in group) / len(group)
        return max(low - heights[group[0]] / 2, min(centre - length / 2, high - length))

    for i in range(len(wanted)):
        groups.append([i])
        while len(groups) > 1 and begin(groups[-1]) < begin(groups[-2]) + sum(
            heights[j] for j in groups[-2]
        ):
            groups[-2:] = [groups[-2] + groups[-1]]
    places = []
    for group in groups:
        at = begin(group)
        for i in group:
            places.append(at + heights[i] / 2)
            at += heights[i]
    return places
