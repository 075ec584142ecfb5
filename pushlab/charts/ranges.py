"""Amounts of money from low to high, a row each, on a scale whose lines are multiples.

A bar goes from the cheap end to the dear one, a dark line stands at the likely amount, and every
row has its numbers: a thousandth of another is as easily read as the other.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.axes import Axes

from pushlab.charts.frame import Sheet, scale_below
from pushlab.charts.rows import note, told_instead
from pushlab.charts.style import GREY, INK
from pushlab.quantities import amount, usd, usd_range

__all__ = [
    "AXIS",
    "Range",
    "draw_range",
    "draw_ranges",
    "money_ticks",
    "scale_of_money",
    "tick_words",
]

#: What stands below the scale.
AXIS = "USD a month, cheap end to dear end; dark: likely"

_HEIGHT = 0.46
_STEPS = ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7))
_MOST_TICKS, _LEAST_TICKS = 7, 3
_MOST_TALL = 8  # rows that have two lines of words beside them


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """One row: an amount, or in `problem` why there is none; `small` is small print beside it."""

    low: float = 0.0
    likely: float = 0.0
    high: float = 0.0
    colour: str = INK
    texture: Mapping[str, Any] = field(default_factory=dict)
    small: str = ""
    problem: str = ""


def draw_ranges(axes: Axes, rows: Sequence[Range], size: float, sheet: Sheet) -> None:
    """Draw each in its row, row 0 on top, its amounts right of it."""
    shown = [row for row in rows if not row.problem]
    beside = 0.62 if len(rows) <= _MOST_TALL else 0.75
    scale_of_money(axes, [end for row in shown for end in (row.low, row.high)], beside * sheet.room)
    for place, row in enumerate(rows):
        if row.problem:
            told_instead(axes, place, row.problem, size * 0.72)
            continue
        draw_range(axes, place, row)
        likely, reach = usd(float(f"{row.likely:.3g}")), usd_range(row.low, row.high)
        small = " ".join(filter(None, (reach if reach != likely else "", row.small)))
        end = max(row.high, axes.get_xlim()[0])
        if len(rows) > _MOST_TALL:
            note(axes, end, place, " · ".join(filter(None, (likely, small))), size=size * 0.8)
            continue
        up = size * 0.5 if small else 0.0
        note(axes, end, place, likely, up=up, size=size * 0.92, bold=True)
        if small:
            note(axes, end, place, small, up=-size * 0.56, size=size * 0.66, colour=GREY)


def draw_range(axes: Axes, place: float, row: Range, height: float = _HEIGHT) -> None:
    """A bar from low to high, and a dark line at the likely amount."""
    least = axes.get_xlim()[0]
    low, likely, high = (max(end, least) for end in (row.low, row.likely, row.high))
    look = {"color": row.colour, "alpha": 0.75, "linewidth": 0, **row.texture}
    axes.barh(place, high - low, left=low, height=height, **look)
    reach = height * 0.62
    axes.plot(
        [likely, likely], [place - reach, place + reach], color=INK, linewidth=4, clip_on=False
    )


def scale_of_money(axes: Axes, amounts: Sequence[float], beside: float) -> None:
    """A logarithmic scale below that holds all amounts.

    Args:
        beside: room for words right of the largest, as a share of the amounts' own.
    """
    some = [each for each in amounts if each > 0] or [1.0]
    low, high = min(some) / 1.25, max(some)
    if any(each <= 0 for each in amounts):
        low /= 4  # what costs nothing stands at the left end
    spread = max(math.log(high / low), math.log(3))
    axes.set_xscale("log")
    axes.set_xlim(low, low * math.exp(spread * (1 + beside)))
    ticks = money_ticks(low, high * 1.05)
    scale_below(axes)
    axes.set_xticks(ticks, list(map(tick_words, ticks)))
    axes.minorticks_off()


def tick_words(tick: float) -> str:
    """A round amount, without cents where there are none."""
    return amount(tick).removesuffix(".00")


def money_ticks(low: float, high: float) -> list[float]:
    """Round amounts between the two, few enough to stand side by side."""
    found: list[float] = []
    for steps in _STEPS:
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        every = [step * 10.0**decade for decade in decades for step in steps]
        inside = [tick for tick in every if low <= tick <= high]
        if len(inside) > _MOST_TICKS:
            return found or inside[:: -(-len(inside) // _MOST_TICKS)]
        found = inside
        if len(found) >= _LEAST_TICKS:
            break
    return found
