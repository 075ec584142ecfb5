"""The pictures of a service on paper: how it grows, and from which interval polling is cheaper."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pushlab.charts.palette import ACCENT, GREY, INK
from pushlab.course.guesses import Guess
from pushlab.course.pictures import Picture
from pushlab.course.svg.plot import Line, Spot, axes, draw_lines, draw_spots
from pushlab.course.svg.scales import Log
from pushlab.course.svg.sheet import AXIS, LEFT, RIGHT, sheet
from pushlab.quantities import interval, large

__all__ = ["Even", "break_even_chart", "growth_chart"]

_HEIGHT, _ABOVE, _NOUGHT = 320.0, 26.0, 34.0


@dataclass(frozen=True, slots=True)
class Even:
    """Polling at every interval beside a transport that pushes, both paid in one way.

    Attributes:
        how: in which way, such as ``rented servers``.
        polling: its cost at each interval, in seconds and dollars.
        push, colour, level: the transport that pushes, and its cost.
        even_s: where both cost the same; endless where they never do.
    """

    how: str
    polling: Sequence[tuple[float, float]]
    push: str
    colour: str
    level: float
    even_s: float


def growth_chart(
    lines: Sequence[Line],
    guess: Guess | None,
    *,
    axis: str,
    title: str,
    subtitle: str,
    footer: str,
    words: str,
) -> Picture:
    """A line for each transport over the number of clients; both axes by powers of ten.

    Args:
        lines: the first is short polling's, and is labelled at each step.
        guess: for the first line, and all clients.
    """
    steps = [x for x, _ in lines[0].points]
    seen = [y for line in lines for _, y in line.points]
    seen += [guess.value] if guess is not None and guess.drawn else []
    above = [y for y in seen if y > 0] or [1.0]
    nought = min(seen) <= 0
    page = sheet(title, subtitle, footer, height=_HEIGHT + _ABOVE, axis="clients")
    left, right = LEFT + 108, RIGHT - 170
    foot = page.bottom - (_NOUGHT if nought else 0)
    across = Log(steps[0], steps[-1], left, right)
    up = Log(
        min(above) / 2, max(above) * 1.6, foot, page.top + _ABOVE,
        zero=page.bottom - 4 if nought else math.nan,
    )  # fmt: skip
    axes(page.canvas, across, up, (large, large), ticks=steps)
    page.canvas.text((LEFT, page.top + 6), axis, AXIS, GREY)
    draw_lines(page.canvas, across, up, lines, room=RIGHT - right)
    spots = [
        Spot((x, y), f"{y:,.0f}", INK, fill=lines[0].colour, right=x == steps[0])
        for x, y in lines[0].points
    ]
    if guess is not None and guess.drawn:
        told = f"{guess.name}: {guess.value:,.0f}"
        at = (steps[-1], guess.value)
        spots.append(Spot(at, told, ACCENT, fill="#ffffff", right=False, below=True))
    draw_spots(page.canvas, across, up, spots)
    return Picture(page.canvas, title, words)


def break_even_chart(
    pairs: Sequence[Even], colour: str, *, title: str, subtitle: str, footer: str, words: str
) -> Picture:
    """What polling costs at every interval, and push at any: where the lines cross."""
    seen = [y for pair in pairs for _, y in pair.polling] + [pair.level for pair in pairs]
    seen = [y for y in seen if math.isfinite(y) and y > 0]
    page = sheet(title, subtitle, footer, height=_HEIGHT + _ABOVE, axis="polling asks every ...")
    left, right = LEFT + 96, RIGHT - 216
    first, last = pairs[0].polling[0][0], pairs[0].polling[-1][0]
    across = Log(first, last, left, right)
    up = Log(min(seen) / 1.6, max(seen) * 1.4, page.bottom, page.top + _ABOVE)
    axes(page.canvas, across, up, (interval, large), ticks=(1, 5, 30, 60, 300, 1800))
    page.canvas.text((LEFT, page.top + 6), "US dollars a month", AXIS, GREY)
    lines, spots = [], []
    for number, pair in enumerate(pairs):
        dash = (7.0, 5.0) if number else ()
        known = [(x, y) for x, y in pair.polling if math.isfinite(y)]
        lines.append(Line(f"Short polling, {pair.how}", colour, known, dash))
        level = [(first, pair.level), (last, pair.level)]
        lines.append(Line(f"{pair.push}, {pair.how}", pair.colour, level, dash))
        if first <= pair.even_s <= last:
            spots.append(Spot((pair.even_s, pair.level), interval(pair.even_s), INK))
    draw_lines(page.canvas, across, up, lines, room=RIGHT - right)
    draw_spots(page.canvas, across, up, spots)
    return Picture(page.canvas, title, words)
