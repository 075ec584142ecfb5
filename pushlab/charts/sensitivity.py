"""The slide of guesses: which of them moves a bill how far, a tornado for each transport."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from matplotlib.axes import Axes

from pushlab.analysis.cost.month import Costs
from pushlab.analysis.cost.pricing import Priced, Swing
from pushlab.analysis.cost.telling import place_words, swing_words
from pushlab.charts.frame import SLIDE, Chart, Sheet, describe_axis, frame, say, styled
from pushlab.charts.months import price_footer, ranges_of, styles_of
from pushlab.charts.ranges import AXIS, Range, draw_range, scale_of_money
from pushlab.charts.rows import note
from pushlab.charts.style import GREY, INK, CellStyle
from pushlab.quantities import usd_range

__all__ = ["sensitivity_chart"]

_MOST_LINES = 20
_LEFT = 0.46


def sensitivity_chart(
    title: str, costs: Costs, sheet: Sheet = SLIDE, style: Mapping[str, CellStyle] | None = None
) -> Chart | None:
    """For each bill in the chosen architecture its whole range, and what its widest guesses do.

    None where nothing has been guessed.
    """
    style = style or styles_of(costs)
    within = [one for one in costs.within if one.swings]
    if not within:
        return None
    most = max(1, _MOST_LINES // len(within) - 1)
    bills = [one.likely for one in within if one.likely is not None]
    finding = _finding(within, style)
    subtitle = f"{title}, in {place_words(costs.chosen)}; pale: one guess alone, the others likely"
    count = sum(1 + len(one.swings[:most]) for one in within)
    with styled():
        figure, bottom, top = frame(price_footer(bills), finding, subtitle, rows=count, sheet=sheet)
        left = sheet.left if sheet.above else _LEFT
        axes = figure.add_axes((left, bottom, sheet.right - left, top - bottom))
        axes.set_ylim(count - 0.4, -0.6)
        axes.set_yticks([])
        scale_of_money(axes, [end for one in within for end in one.range_usd], 0.32)
        size = 18.0 if sheet.above else min(17.0, 300.0 / count)
        row = 0
        for one in within:
            row = _tornado(axes, row, one, one.swings[:most], style[one.cell], size, sheet)
        describe_axis(axes, AXIS, sheet=sheet)
        return Chart("6-sensitivity", finding, figure)


def _finding(within: Sequence[Priced], style: Mapping[str, CellStyle]) -> str:
    """The guess that moves a bill by the most times."""
    one = max(within, key=lambda one: one.swings[0].high_usd / max(one.swings[0].low_usd, 1e-9))
    widest = one.swings[0]
    told = usd_range(widest.low_usd, widest.high_usd)
    name = style[one.cell].within
    return f"What matters most: {swing_words(widest)}, which makes {told} a month with {name}"


def _tornado(
    axes: Axes,
    row: int,
    one: Priced,
    swings: Sequence[Swing],
    style: CellStyle,
    size: float,
    sheet: Sheet,
) -> int:
    """The rows of one bill; the next free row."""
    (whole,) = ranges_of([one], {one.cell: style})
    _row(axes, row, style.name, whole, size, sheet)
    for place, swing in enumerate(swings, row + 1):
        low, high = sorted((swing.low_usd, swing.high_usd))
        thin = replace(whole, low=low, high=high, texture={"alpha": 0.4})
        _row(axes, place, swing_words(swing), thin, size * 0.78, sheet)
    return row + 1 + len(swings)


def _row(axes: Axes, row: int, name: str, shown: Range, size: float, sheet: Sheet) -> None:
    """A bar with its name and its ends; that of a whole bill is thick, and its name bold."""
    bold = "alpha" not in shown.texture
    look: dict[str, Any] = {"size": size, "bold": bold, "within": "rows"}
    colour = INK if bold else GREY
    draw_range(axes, row, shown, 0.3 if sheet.above else 0.6 if bold else 0.42)
    if sheet.above:
        say(axes, name, (0, row - 0.42), colour=colour, **look)
    else:
        say(axes, name, (0, row), (-14, 0), colour=colour, **look)
    note(axes, shown.high, row, usd_range(shown.low, shown.high), size=size * 0.9)
