"""The slides of a month: all transports in one architecture, and the best of each architecture.

Amounts lie up to a thousandfold apart, so their scale is one of multiples; what a bill is made
of is drawn beside it in parts of a whole, each bar as long as the others.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from pushlab.analysis.cost.architectures import KINDS_OF_ARCHITECTURE, PARTS
from pushlab.analysis.cost.month import Costs
from pushlab.analysis.cost.pricing import Priced
from pushlab.analysis.cost.telling import (
    across_words,
    contenders,
    place_words,
    shares_of,
    within_words,
)
from pushlab.charts.break_evens import break_even_chart
from pushlab.charts.frame import SLIDE, Chart, Sheet, describe_axis, fit, frame, say, styled
from pushlab.charts.months import price_footer, ranges_of, styles_of
from pushlab.charts.ranges import AXIS, draw_ranges
from pushlab.charts.rows import row_size
from pushlab.charts.style import GREY, INK, CellStyle

__all__ = [
    "architectures_chart",
    "bills_chart",
    "cost_charts",
    "month_finding",
    "shown_architectures",
]

_MOST_ROWS = 12
_LEAST_NAMED = 0.11  # a part of a bar that has room for its share in words
#: How the parts of a bill look: opacity and hatch, so that a grey printer keeps them apart.
_PARTS: Mapping[str, Mapping[str, Any]] = {
    "servers": {},
    "balancer": {"alpha": 0.7, "hatch": "//"},
    "gateway": {"alpha": 0.85},
    "functions": {"alpha": 0.6, "hatch": "\\\\"},
    "store": {"alpha": 0.45, "hatch": "oo"},
    "service": {"alpha": 0.85},
    "broker": {"alpha": 0.6, "hatch": "xx"},
    "backplane": {"alpha": 0.5, "hatch": "++"},
    "publishing": {"alpha": 0.3},
    "egress": {"alpha": 0.4, "hatch": ".."},
}


def cost_charts(title: str, costs: Costs) -> list[Chart]:
    """The bills, the architectures, and the break-even where there is one.

    Args:
        title: what is priced: how many clients, with which messages.
    """
    even = break_even_chart(title, costs)
    charts = [bills_chart(title, costs), architectures_chart(title, costs), even]
    return [chart for chart in charts if chart is not None]


def month_finding(costs: Costs, style: Mapping[str, CellStyle]) -> str:
    """What the bills in the chosen architecture say; a title."""
    names = {cell: one.within for cell, one in style.items()}
    text = within_words(contenders(costs.within, names), place_words(costs.chosen))
    return text[:1].upper() + text[1:]


# ---- one architecture ---------------------------------------------------------------------------


def bills_chart(
    title: str, costs: Costs, sheet: Sheet = SLIDE, style: Mapping[str, CellStyle] | None = None
) -> Chart:
    """All cells in the chosen architecture: from low to high, and what each bill is made of."""
    style = style or styles_of(costs)
    within = costs.within
    finding = month_finding(costs, style)
    bills = [one.likely for one in within if one.likely is not None]
    chosen = costs.chosen
    subtitle = f"{title}, in {chosen.title} ({KINDS_OF_ARCHITECTURE[chosen.kind]})"
    with styled():
        figure, bottom, top = frame(
            price_footer(bills), finding, subtitle, rows=len(within), sheet=sheet
        )
        left, gap = sheet.left - (0 if sheet.above else 0.04), 0.03
        whole = sheet.right - left
        both = bool(bills) and not sheet.above
        wide = whole * (0.62 if both else 1.0)
        ranges = figure.add_axes((left, bottom, wide - gap, top - bottom))
        size = row_size(len(within), sheet)
        _rows(ranges, len(within))
        for row, one in enumerate(within):
            _name(ranges, row, style[one.cell].name, size, sheet)
        draw_ranges(ranges, ranges_of(within, style), size, sheet)
        describe_axis(ranges, AXIS, sheet=sheet)
        if both:
            parts = figure.add_axes((left + wide, bottom, whole - wide, top - bottom))
            _shares(parts, within, style, size, sheet)
        return Chart("6-bills", finding, figure)


def _rows(axes: Axes, count: int) -> None:
    axes.set_ylim(count - 0.4, -0.6)
    axes.set_yticks([])


def _name(axes: Axes, row: int, bold: str, size: float, sheet: Sheet, kind: str = "") -> None:
    """What a row is, its kind in the same line: left of it, or above it on a narrow page."""
    figure, box = cast("Figure", axes.figure), axes.get_position()
    if sheet.above:
        told, whole = f"{bold}, {kind}" if kind else bold, box.width * sheet.width
        (name,), points = fit(figure, told, size * 0.9, whole, 1)
        say(axes, name, (0, row - 0.42), size=points, bold=True, within="rows")
        return
    start = (0.04 - box.x0) / box.width
    room = (box.x0 - 0.05) * sheet.width
    if kind:
        say(axes, kind, (start, row), size=size * 0.7, colour=GREY, within="rows")
        room -= 0.15 * sheet.width
    (name,), points = fit(figure, bold, size, room, 1)
    say(axes, name, (0, row), (-14, 0), points, bold=True, within="rows")


def _shares(
    axes: Axes, within: Sequence[Priced], style: Mapping[str, CellStyle], size: float, sheet: Sheet
) -> None:
    """What each likely bill pays for, in parts of the whole."""
    _rows(axes, len(within))
    axes.set_xlim(0, 1)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    told: set[str] = set()
    for row, one in enumerate(within):
        left = 0.0
        for part, share in shares_of(one.likely).items() if one.likely else ():
            told.add(part)
            look = {"color": style[one.cell].colour, "edgecolor": "white", **_PARTS[part]}
            edge = 0.0 if "hatch" in look else 1.0
            axes.barh(row, share, left=left, height=0.56, color="white")
            axes.barh(row, share, left=left, height=0.56, linewidth=edge, **look)
            if share >= _LEAST_NAMED:
                box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5, "alpha": 0.85}
                middle = (left + share / 2, row)
                text = f"{share * 100:.0f} %"
                say(axes, text, middle, size=size * 0.66, ha="center", bbox=box)
            left += share
    marks = [
        Patch(facecolor=INK, edgecolor="white", label=part, **_PARTS[part])
        for part in PARTS
        if part in told
    ]
    describe_axis(axes, "", marks, sheet=sheet)


# ---- across architectures -----------------------------------------------------------------------


def shown_architectures(costs: Costs) -> list[Priced]:
    """The cheapest cell of each architecture, a dozen at most: each kind's, the chosen one's."""
    across = costs.across
    best = {one.architecture.kind: one for one in reversed(across)}  # the cheapest is put in last
    chosen = [one for one in across if one.architecture == costs.chosen]
    ranked = [*(one for one in across if best[one.architecture.kind] is one), *chosen, *across]
    shown = list({one.architecture.key: one for one in ranked}.values())[:_MOST_ROWS]
    return sorted(shown, key=lambda one: one.usd)


def architectures_chart(
    title: str, costs: Costs, sheet: Sheet = SLIDE, style: Mapping[str, CellStyle] | None = None
) -> Chart | None:
    """The cheapest transport of each architecture, each row with its kind; None of one alone."""
    style = style or styles_of(costs)
    shown = shown_architectures(costs)
    if len(shown) < 2:
        return None
    names = {cell: one.within for cell, one in style.items()}
    finding = across_words(costs, names)
    subtitle = f"{title}; the cheapest transport of each architecture"
    if len(costs.across) > len(shown):
        subtitle += f", {len(shown)} of {len(costs.across)} architectures"
    bills = [one.likely for one in shown if one.likely is not None]
    with styled():
        figure, bottom, top = frame(
            price_footer(bills), finding, subtitle, rows=len(shown), sheet=sheet
        )
        left = sheet.left + (0 if sheet.above else 0.2)
        axes = figure.add_axes((left, bottom, sheet.right - left, top - bottom))
        size = min(19.0, row_size(len(shown), sheet) * 1.2)
        _rows(axes, len(shown))
        for row, one in enumerate(shown):
            what = f"{style[one.cell].name}, {one.architecture.short}"
            kind = KINDS_OF_ARCHITECTURE[one.architecture.kind]
            _name(axes, row, what, size, sheet, kind)
        draw_ranges(axes, ranges_of(shown, style), size, sheet)
        describe_axis(axes, AXIS, sheet=sheet)
        return Chart("6-architectures", finding, figure)
