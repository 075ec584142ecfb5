"""Two slides of money: what each offer's bill is made of, and from which interval polling wins."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from pushlab.analysis.cost.costs import Costs
from pushlab.analysis.cost.meter import KINDS, Bill
from pushlab.analysis.cost.offers import OFFERS, first_choice
from pushlab.charts.break_evens import break_even_chart
from pushlab.charts.frame import (
    SLIDE,
    Chart,
    Sheet,
    describe_axis,
    fit,
    frame,
    say,
    scale_below,
    styled,
)
from pushlab.charts.rows import note, row_size
from pushlab.charts.style import GREY, INK, CellStyle, cell_styles
from pushlab.quantities import usd

__all__ = ["bills_chart", "chosen_bills", "cost_charts", "price_footer"]

_MOST_ROWS = 12
_OFFER_PX = 300.0  # the longest name of an offer
#: How a bar's parts look: opacity and hatch. Messages and requests are the colour itself.
_PARTS: dict[str, dict[str, Any]] = {
    "requests": {},
    "messages": {},
    "connection minutes": {"alpha": 0.45},
    "compute": {"alpha": 0.7, "hatch": "//"},
    "capacity by the hour": {"alpha": 0.3, "hatch": "\\\\"},
    "data": {"alpha": 0.45, "hatch": ".."},
}


def cost_charts(title: str, costs: Costs, *, measured: bool = False) -> list[Chart]:
    """The bills, and the break-evens if there are any; see `bills_chart`."""
    even = break_even_chart(title, costs, price_footer(costs.every_bill))
    return [bills_chart(title, costs, measured=measured), *([even] if even is not None else [])]


def price_footer(bills: Sequence[Bill]) -> str:
    """Of which days the prices are, and what the marks behind amounts mean."""
    prices = {item.price for one in bills for item in one.items}
    dated = sorted(price.read for price in prices if price.read[:2] == "20")
    text = "list prices"
    if dated:
        text += f" read {dated[0]}" + (f" to {dated[-1]}" if dated[-1] != dated[0] else "")
    if len(dated) < len(prices):
        text += ", some undated"
    if any(_is_weak(one) for one in bills):
        text += "; ~ not the vendor's own word"
    if any(one.servers_on_top for one in bills):
        text += "; + own servers on top"
    return text


def _is_weak(one: Bill) -> bool:
    return one.confidence in ("third-party", "weak")


def bills_chart(
    title: str,
    costs: Costs,
    sheet: Sheet = SLIDE,
    style: Mapping[str, CellStyle] | None = None,
    *,
    measured: bool = False,
) -> Chart:
    """A row for each bill, cut into what it pays for; at most a dozen, chosen to be compared.

    Args:
        measured: the traffic is a run's, so that its bills scatter and no winner is named; by
            closed form they do not.
    """
    every = costs.every_bill
    shown = chosen_bills(every)
    subtitle = title
    if len(every) > len(shown):
        subtitle += f"; {len(shown)} of {len(every)} ways to buy it"
    style = style or cell_styles({one.cell: one.profile for one in every})
    finding = _finding(every, style, measured=measured)
    with styled():
        figure, bottom, top = frame(
            price_footer(shown), finding, subtitle, rows=len(shown), sheet=sheet
        )
        left = sheet.left if sheet.above else sheet.left + 0.155
        axes = figure.add_axes((left, bottom, sheet.right - left, top - bottom))
        size = min(17.0, row_size(len(shown), sheet) * 1.25)
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.set_yticks([])
        most = max(one.usd for one in shown) or 1.0
        axes.set_xlim(0, most * (1 + 0.25 * sheet.room))
        for row, one in enumerate(shown):
            _name(axes, row, one, style[one.cell], size, sheet)
            _bar(axes, row, one, style[one.cell])
            marks = (" ~" if _is_weak(one) else "") + (" +" if one.servers_on_top else "")
            note(axes, one.usd, row, usd(one.usd) + marks, size=size, fontweight="bold")
        scale_below(axes)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
        _explain(axes, _legend(shown), sheet)
        return Chart("6-bills", finding, figure)


def chosen_bills(every: Sequence[Bill]) -> list[Bill]:
    """The cheapest of each cell, the usual choice of each, then whatever is cheapest."""
    first = {one.cell: one for one in reversed(every)}  # the cheapest is put in last
    choices = {one.cell: first_choice(one.profile) for one in every}
    usual = [one for one in every if (offer := choices[one.cell]) and offer.key == one.offer]
    ranked = [*(one for one in every if first[one.cell] is one), *usual, *every]
    chosen = list({id(one): one for one in ranked}.values())[:_MOST_ROWS]
    return sorted(chosen, key=lambda one: one.usd)


def _finding(every: Sequence[Bill], style: Mapping[str, CellStyle], *, measured: bool) -> str:
    """The cheapest way to push and the cheapest way to ask, with nothing that comes on top."""
    whole = [one for one in every if not one.servers_on_top] or list(every)
    asked = next((one for one in whole if one.profile.asks), None)
    pushed = next((one for one in whole if not one.profile.asks), None)
    if asked is None or pushed is None:
        one = whole[0]
        return f"The cheapest is {_who(one, style[one.cell].name)}: {usd(one.usd)} a month"
    first, second = (asked, pushed) if asked.usd < pushed.usd else (pushed, asked)
    verdict = "Polling wins: " if first is asked and not measured else ""
    look = style[first.cell]
    who = _who(first, look.within if verdict else look.name)
    other = _who(second, style[second.cell].within)
    return f"{verdict}{who} costs {usd(first.usd)} a month, {other} {usd(second.usd)}"


def _who(one: Bill, name: str) -> str:
    return f"{name} on {OFFERS[one.offer].short}"


def _name(axes: Axes, row: int, one: Bill, style: CellStyle, size: float, sheet: Sheet) -> None:
    """Transport and offer of a row, left of its bar, or above it where the page is narrow."""
    transport, offer = style.name, OFFERS[one.offer].short
    if sheet.above:
        say(axes, f"{transport}, {offer}", (0, row - 0.44), size=size, within="rows")
        return
    box = axes.get_position()
    start = (0.04 - box.x0) / box.width
    room = box.x0 * sheet.width - 64 - _OFFER_PX
    (name,), points = fit(cast("Figure", axes.figure), transport, size, room, 1)
    say(axes, name, (start, row), size=points, bold=True, within="rows")
    say(axes, offer, (0, row), (-14, 0), size * 0.9, GREY, within="rows")


def _parts(one: Bill) -> list[tuple[str, float]]:
    """What a bill pays for, in the order of `KINDS`."""
    sums = {kind: sum(item.usd for item in one.items if item.kind == kind) for kind in KINDS}
    return [(kind, amount) for kind, amount in sums.items() if amount > 0]


def _bar(axes: Axes, row: int, one: Bill, style: CellStyle) -> None:
    left = 0.0
    for kind, amount in _parts(one):
        look = {"color": style.colour, "edgecolor": "white", **_PARTS[kind]}
        edge = 0.0 if "hatch" in look else 1.0
        axes.barh(row, amount, left=left, height=0.6, color="white")
        axes.barh(row, amount, left=left, height=0.6, linewidth=edge, **look)
        left += amount


def _explain(axes: Axes, marks: Sequence[Patch], sheet: Sheet) -> None:
    """Below the bars, what they count and what their parts mean."""
    if not sheet.above:
        box = axes.get_position()
        start = ((0.04 - box.x0) / box.width, 0)
        say(axes, "USD a month", start, (0, -40), 17, GREY, within="axes")
        describe_axis(axes, "", marks, sheet=sheet)
        return
    describe_axis(axes, "USD a month", sheet=sheet)
    axes.legend(
        handles=list(marks),
        loc="lower left",
        bbox_to_anchor=(0, 0),
        bbox_transform=cast("Figure", axes.figure).transFigure,
        frameon=False,
        ncols=2,
        fontsize=16,
        handlelength=1.3,
    )


def _legend(shown: Sequence[Bill]) -> list[Patch]:
    """What the parts of the bars mean, those alone that are there."""
    told = {kind for one in shown for kind, _ in _parts(one)}
    solid = " or ".join(kind for kind in ("requests", "messages") if kind in told)
    marks = [Patch(facecolor=INK, label=solid)] if solid else []
    return marks + [
        Patch(facecolor=INK, edgecolor="white", label=kind, **_PARTS[kind])
        for kind in KINDS[2:]
        if kind in told
    ]
