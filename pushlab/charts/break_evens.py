"""The slide of the break-even: what polling costs at each interval, and what push costs at any.

Polling is a warm line that falls, push a cool level one. Where they cross, both cost the same: a
dot with its interval, and the closed form beside it where tiers bend the line away from it.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from pushlab.analysis.cost.break_even import BreakEven
from pushlab.analysis.cost.costs import Costs
from pushlab.analysis.cost.offers import OFFERS
from pushlab.charts.frame import SLIDE, Chart, Sheet, describe_axis, frame, say, styled
from pushlab.charts.style import GREY, GRID, CellStyle, cell_styles, mark
from pushlab.quantities import interval, usd

__all__ = ["break_even_chart"]

_MOST_POLLING, _MOST_PUSH = 2, 4
_POINTS = 120
_NAME_PX = 44.0
_NEAR = 1.6  # levels closer than this would write over each other
_WARM = ("#D55E00", "#E69F00")
_LINES = ("-", (0, (6, 1.5)))
_TICKS_S = (0.01, 0.1, 1, 5, 10, 30, 60, 300, 600, 1_800, 3_600, 21_600, 86_400)


class _Name(NamedTuple):
    """What stands at the right end of a line that ends at `usd`."""

    usd: float
    line: str
    offer: str
    colour: str


def break_even_chart(
    title: str,
    costs: Costs,
    footer: str,
    sheet: Sheet = SLIDE,
    style: Mapping[str, CellStyle] | None = None,
) -> Chart | None:
    """Draw the curves; None where polling crosses no push offer."""
    crossing = [even for even in costs.evens if even.interval_s is not None]
    polling = costs.telling_polling(1 if sheet.above else _MOST_POLLING)
    levels = _levels(crossing)
    evens = [
        even for even in crossing if even.polling in polling and (even.cell, even.push) in levels
    ]
    if not evens:
        return None
    style = style or cell_styles({level.cell: level.profile for level in levels.values()})
    finding = _finding(evens, style)
    shown = [even.interval_s for even in evens if even.interval_s]
    asked = costs.polled.interval_s if costs.polled else None
    reach = [*shown, asked] if asked else shown
    low = min(reach) / 3
    high = max(reach) * (max(reach) / low) ** 0.35  # labels stand to the right of crossings
    intervals = np.geomspace(low, high, _POINTS)
    with styled():
        figure, bottom, top = frame(footer, finding, title, sheet=sheet)
        left, margin = (0.13, 0.33) if sheet.above else (0.085, 0.235)
        top -= 0.03 if sheet.words else 0.05
        axes = figure.add_axes((left, bottom, sheet.right - margin - left, top - bottom))
        axes.set_xscale("log")
        axes.set_yscale("log")
        names: list[_Name] = []
        amounts: list[float] = []
        for place, key in enumerate(polling):
            cost = [costs.polling_usd(key, float(each)) for each in intervals]
            axes.plot(intervals, cost, color=_WARM[place], linestyle=_LINES[place], linewidth=3.5)
            names.append(_Name(cost[-1], "Short polling", _offer(key), _WARM[place]))
            amounts += [cost[0], cost[-1]]
        for level in levels.values():
            paint = style[level.cell]
            axes.axhline(level.push_usd, color=paint.colour, linestyle=paint.line, linewidth=3)
            text = f"{paint.name}, {usd(level.push_usd)}"
            names.append(_Name(level.push_usd, text, _offer(level.push), paint.colour))
            amounts.append(level.push_usd)
        axes.set_xlim(low, high)
        axes.set_ylim(min(amounts) / 1.6, max(amounts) * 1.4)
        for even in evens:
            _mark(axes, even, place=polling.index(even.polling))
        if asked:
            _asked(axes, asked)
        _name_lines(axes, names, (top - bottom) * figure.get_size_inches()[1] * 100)
        _scales(axes, low, high)
        describe_axis(axes, "poll interval, T*: by the closed form at one tier", sheet=sheet)
        axes.text(0, 1.02, "USD a month", transform=axes.transAxes, fontsize=17, color=GREY)
        return Chart("7-break-even", finding, figure)


def _asked(axes: Axes, interval_s: float) -> None:
    """A faint line at the interval that was asked about."""
    axes.axvline(interval_s, color=GREY, linewidth=1.2, linestyle=(0, (2, 2)), zorder=0)
    say(
        axes,
        f"asked: every {interval(interval_s)}",
        (interval_s, 0),
        (6, 10),
        13,
        GREY,
        va="baseline",
        within="columns",
    )


def _levels(crossing: Sequence[BreakEven]) -> dict[tuple[str, str], BreakEven]:
    """The push bills to draw: the cheapest of each transport and the usual gateway, well apart."""
    ranked = sorted(crossing, key=lambda even: even.push_usd)
    whole = [even for even in ranked if not OFFERS[even.push].servers_on_top]
    usual = [even for even in ranked if even.push == "aws-websocket-api"]
    first = {even.profile.name: even for even in reversed(whole)}  # the cheapest is put in last
    cheapest = sorted(first.values(), key=lambda even: even.push_usd)
    found: dict[tuple[str, str], BreakEven] = {}
    for even in [*usual, *cheapest, *(whole or ranked)]:
        pairs = [sorted((even.push_usd, other.push_usd)) for other in found.values()]
        if len(found) < _MOST_PUSH and all(high > _NEAR * low for low, high in pairs):
            found[even.cell, even.push] = even
    return found


def _finding(evens: Sequence[BreakEven], style: Mapping[str, CellStyle]) -> str:
    main = min(evens, key=lambda even: (even.push != "aws-websocket-api", even.push_usd))
    return (
        f"Polling on {OFFERS[main.polling].short} is cheaper than {style[main.cell].within} on"
        f" {OFFERS[main.push].short} only when it asks less often than about every"
        f" {interval(main.interval_s or 0)}"
    )


def _mark(axes: Axes, even: BreakEven, *, place: int) -> None:
    assert even.interval_s is not None
    axes.plot(
        [even.interval_s],
        [even.push_usd],
        **mark("o", 11, edge="white", width=1.5),
        zorder=5,
    )
    text, closed = interval(even.interval_s), even.closed_form_s
    if closed is not None:
        text += "" if abs(closed / even.interval_s - 1) <= 0.005 else f" (T* {interval(closed)})"
    right = place == 0
    say(
        axes,
        text,
        (even.interval_s, even.push_usd),
        (10 if right else -10, 9 if right else -11),
        15,
        va="bottom" if right else "top",
        zorder=6,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.75},
        bold=True,
    )


def _offer(key: str) -> str:
    return OFFERS[key].short + (" +" if OFFERS[key].servers_on_top else "")


def _name_lines(axes: Axes, names: Sequence[_Name], height: float) -> None:
    """Name every line at its right end, none over another; `height` is the axes' in pixels."""
    low, high = (math.log(limit) for limit in axes.get_ylim())
    scale = height / (high - low)
    ups: list[float] = []
    ordered = sorted(names, key=lambda name: name.usd)
    for name in ordered:
        up = (math.log(name.usd) - low) * scale
        ups.append(max(up, ups[-1] + _NAME_PX) if ups else up)
    over = max(0.0, ups[-1] - height)
    for place in reversed(range(len(ups))):  # what sticks out above goes down again
        above = ups[place + 1] if place + 1 < len(ups) else math.inf
        ups[place] = min(ups[place] - (over if place == len(ups) - 1 else 0.0), above - _NAME_PX)
    for name, up in zip(ordered, ups, strict=True):
        here = (1, up / height)
        say(axes, name.line, here, (10, 7.92), 13.5, name.colour, bold=True, within="axes")
        say(axes, name.offer, here, (10, -6.48), 13.5, within="axes")


def _scales(axes: Axes, low: float, high: float) -> None:
    ticks: list[float] = []
    for tick in _TICKS_S:
        apart = not ticks or math.log(tick / ticks[-1]) > 0.085 * math.log(high / low)
        if low <= tick <= high and apart:
            ticks.append(tick)
    axes.set_xticks(ticks, [interval(tick) for tick in ticks])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    axes.tick_params(length=0, labelsize=16)
    axes.grid(color=GRID, linewidth=1)
    axes.set_axisbelow(True)
