"""What all slides of a month draw from: a row for each price, its colour, and the prices' days."""

from collections.abc import Mapping, Sequence

from pushlab.analysis.cost.meter import Bill
from pushlab.analysis.cost.month import Costs
from pushlab.analysis.cost.pricing import Priced
from pushlab.analysis.cost.telling import is_weak
from pushlab.charts.ranges import Range
from pushlab.charts.style import CellStyle, cell_styles

__all__ = ["price_footer", "ranges_of", "styles_of"]


def styles_of(costs: Costs) -> dict[str, CellStyle]:
    """How each cell is drawn."""
    return cell_styles({cell: each.profile for cell, each in costs.traffic.items()})


def price_footer(bills: Sequence[Bill]) -> str:
    """Of which days the prices are, and what the mark behind an amount means."""
    prices = {item.price for one in bills for item in one.items if item.usd > 0}
    dated = sorted(price.read for price in prices if price.read[:2] == "20")
    text = "list prices"
    if dated:
        text += f" read {dated[0]}" + (f" to {dated[-1]}" if dated[-1] != dated[0] else "")
    if len(dated) < len(prices):
        text += ", some undated"
    if any(is_weak(one) for one in bills):
        text += "; ~ not the vendor's own word"
    return text


def ranges_of(priced: Sequence[Priced], style: Mapping[str, CellStyle]) -> list[Range]:
    """A row for each: its bill from low to high, or why there is none."""
    return [_range(one, style[one.cell]) for one in priced]


def _range(one: Priced, style: CellStyle) -> Range:
    if one.likely is None:
        return Range(problem=one.cannot)
    low, high = one.range_usd
    return Range(
        low=low,
        likely=one.usd,
        high=high,
        colour=style.colour,
        texture=style.texture,
        small="~" if is_weak(one.likely) else "",
    )
