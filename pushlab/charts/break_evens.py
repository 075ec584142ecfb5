"""The slide of the break-even: what polling costs at each interval, and what push costs at any.

All in one architecture. Polling is a warm line that falls, push a cool level one, each with a band
from its cheap to its dear end. Where they cross, both cost the same: a dot with its interval, and a
bar from the least to the most that it may be.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from pushlab.analysis.cost.evens import BreakEven, Polling
from pushlab.analysis.cost.month import Costs
from pushlab.analysis.cost.pricing import Priced
from pushlab.analysis.cost.telling import place_words
from pushlab.charts.frame import SLIDE, Chart, Sheet, describe_axis, frame, say, styled
from pushlab.charts.months import price_footer, styles_of
from pushlab.charts.ranges import money_ticks, tick_words
from pushlab.charts.style import GREY, GRID, INK, CellStyle, mark
from pushlab.quantities import interval, usd_range

__all__ = ["break_even_chart"]

_POINTS = 40
_NAME_PX = 44.0
_NEAR = 1.25  # levels closer than this would write over each other
_TICKS_S = (0.01, 0.1, 1, 5, 10, 30, 60, 300, 600, 1_800, 3_600, 21_600, 86_400, 604_800)


class _Name(NamedTuple):
    """What stands at the right end of a line that ends at `usd`."""

    usd: float
    line: str
    small: str
    colour: str


def break_even_chart(
    title: str,
    costs: Costs,
    sheet: Sheet = SLIDE,
    style: Mapping[str, CellStyle] | None = None,
) -> Chart | None:
    """Draw the curves; None where polling crosses no push transport."""
    polling, evens = costs.polling, [one for one in costs.evens if _is_seen(one)]
    if polling is None or not evens:
        return None
    style = style or styles_of(costs)
    levels = _levels(costs.within, evens)
    evens = [even for even in evens if even.cell in levels]
    finding = _finding(evens, style, costs)
    low, high = _reach(evens, polling)
    place = f"{title}, in {place_words(costs.chosen)}"
    bills = [one.likely for one in levels.values() if one.likely is not None]
    with styled():
        figure, bottom, top = frame(price_footer(bills), finding, place, sheet=sheet)
        left, margin = (0.13, 0.33) if sheet.above else (0.085, 0.235)
        top -= 0.03 if sheet.words else 0.05
        axes = figure.add_axes((left, bottom, sheet.right - margin - left, top - bottom))
        axes.set_xscale("log")
        axes.set_yscale("log")
        names = [_poll(axes, polling, np.geomspace(low, high, _POINTS), style)]
        names += [_level(axes, one, style[one.cell]) for one in levels.values()]
        axes.set_xlim(low, high)
        _heights(axes, polling, levels.values(), low, high)
        for place_of, even in enumerate(evens):
            _mark(axes, even, levels[even.cell].usd, above=place_of % 2 == 0)
        if polling.traffic.interval_s:
            _asked(axes, polling.traffic.interval_s)
        _name_lines(axes, names, (top - bottom) * figure.get_size_inches()[1] * 100)
        _scales(axes, low, high)
        describe_axis(axes, "poll interval; the bar: from the least to the most", sheet=sheet)
        axes.text(0, 1.02, "USD a month", transform=axes.transAxes, fontsize=17, color=GREY)
        return Chart("7-break-even", finding, figure)


def _is_seen(even: BreakEven) -> bool:
    return 0 < even.interval_s[1] < math.inf


def _levels(within: Sequence[Priced], evens: Sequence[BreakEven]) -> dict[str, Priced]:
    """The push bills to draw, cheapest first, those that would lie on another left out."""
    cells = {even.cell for even in evens}
    found: dict[str, Priced] = {}
    for one in sorted((one for one in within if one.cell in cells), key=lambda one: one.usd):
        if all(one.usd > _NEAR * other.usd for other in found.values()):
            found[one.cell] = one
    return found


def _reach(evens: Sequence[BreakEven], polling: Polling) -> tuple[float, float]:
    """From which to which interval the curves go; names of crossings stand right of them."""
    seen = [end for even in evens for end in even.interval_s if 0 < end < math.inf]
    if polling.traffic.interval_s:
        seen.append(polling.traffic.interval_s)
    low = min(seen) / 3
    return low, max(seen) * (max(seen) / low) ** 0.3


def _finding(evens: Sequence[BreakEven], style: Mapping[str, CellStyle], costs: Costs) -> str:
    """From which interval on polling may cost no more than push, and from which it is sure to."""
    main = evens[0]
    least, _, most = main.interval_s
    may = f"every {interval(least)} on" if least > 0 else "any interval on"
    sure = f"it is sure to from every {interval(most)} on" if most < math.inf else "none is sure to"
    place, name = place_words(costs.chosen), style[main.cell].within
    return f"In {place}, polling may cost no more than {name} from {may}; {sure}"


def _poll(
    axes: Axes, polling: Polling, intervals: npt.NDArray[np.float64], style: Mapping[str, CellStyle]
) -> _Name:
    """The falling line with its band."""
    name = polling.traffic.transport
    paint = next((look for cell, look in style.items() if cell.startswith(name)), None)
    colour = polling.traffic.profile.colour or (paint.colour if paint else INK)
    low, likely, high = np.array([polling.range_usd(float(each)) for each in intervals]).T
    axes.fill_between(intervals, low, high, color=colour, alpha=0.16, linewidth=0)
    axes.plot(intervals, likely, color=colour, linewidth=3.5)
    return _Name(likely[-1], polling.traffic.profile.title, "at each interval", colour)


def _level(axes: Axes, one: Priced, paint: CellStyle) -> _Name:
    low, high = one.range_usd
    axes.axhspan(low, high, color=paint.colour, alpha=0.1, linewidth=0)
    axes.axhline(one.usd, color=paint.colour, linestyle=paint.line, linewidth=3)
    return _Name(one.usd, paint.name, usd_range(low, high), paint.colour)


def _heights(
    axes: Axes, polling: Polling, levels: Iterable[Priced], low: float, high: float
) -> None:
    amounts = [polling.usd(low), polling.usd(high), *(one.usd for one in levels)]
    seen = [each for each in amounts if 0 < each < math.inf] or [1.0]
    axes.set_ylim(min(seen) / 1.6, max(seen) * 1.4)


def _asked(axes: Axes, interval_s: float) -> None:
    """A faint line at the interval that was asked about."""
    axes.axvline(interval_s, color=GREY, linewidth=1.2, linestyle=(0, (2, 2)), zorder=0)
    told = f"asked: every {interval(interval_s)}"
    say(axes, told, (interval_s, 0), (6, 10), 13, GREY, va="baseline", within="columns")


def _mark(axes: Axes, even: BreakEven, level: float, *, above: bool) -> None:
    least, likely, most = even.interval_s
    ends = max(least, axes.get_xlim()[0]), min(most, axes.get_xlim()[1])
    axes.plot(ends, [level, level], color=INK, linewidth=7, alpha=0.55, solid_capstyle="butt")
    axes.plot([likely], [level], **mark("o", 12, edge="white", width=1.5), zorder=5)
    say(
        axes,
        interval(likely),
        (likely, level),
        (10 if above else -10, 9 if above else -11),
        15,
        va="bottom" if above else "top",
        zorder=6,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.75},
        bold=True,
    )


def _name_lines(axes: Axes, names: Sequence[_Name], height: float) -> None:
    """Name every line at its right end, none over another; `height` is the axes' in pixels."""
    low, high = (math.log(limit) for limit in axes.get_ylim())
    scale = height / (high - low)
    ups: list[float] = []
    ordered = sorted(names, key=lambda name: name.usd)
    for name in ordered:
        up = (math.log(max(name.usd, math.exp(low))) - low) * scale
        ups.append(max(up, ups[-1] + _NAME_PX) if ups else up)
    over = max(0.0, ups[-1] - height)
    for place in reversed(range(len(ups))):  # what sticks out above goes down again
        above = ups[place + 1] if place + 1 < len(ups) else math.inf
        ups[place] = min(ups[place] - (over if place == len(ups) - 1 else 0.0), above - _NAME_PX)
    for name, up in zip(ordered, ups, strict=True):
        here = (1, up / height)
        say(axes, name.line, here, (10, 7.92), 13.5, name.colour, bold=True, within="axes")
        say(axes, name.small, here, (10, -6.48), 13.5, within="axes")


def _scales(axes: Axes, low: float, high: float) -> None:
    ticks: list[float] = []
    for tick in _TICKS_S:
        apart = not ticks or math.log(tick / ticks[-1]) > 0.085 * math.log(high / low)
        if low <= tick <= high and apart:
            ticks.append(tick)
    axes.set_xticks(ticks, [interval(tick) for tick in ticks])
    axes.minorticks_off()
    heights = money_ticks(*axes.get_ylim())
    axes.set_yticks(heights, list(map(tick_words, heights)))
    axes.tick_params(length=0, labelsize=16)
    axes.grid(color=GRID, linewidth=1)
    axes.set_axisbelow(True)
