"""Chart 5: what a month of the measured traffic would cost, each transport at an offer for it."""

from matplotlib.ticker import StrMethodFormatter

from pushlab.charts.findings import cost_finding
from pushlab.charts.frame import SLIDE, Chart, Sheet, describe_axis, scale_below, styled
from pushlab.charts.rows import note, rows_frame, told_instead
from pushlab.charts.style import GREY, legend_key, mark
from pushlab.charts.view import RunView
from pushlab.quantities import usd

__all__ = ["cost_chart"]


_HOURLY = mark("D", 13, face="white")


def cost_chart(view: RunView, sheet: Sheet = SLIDE) -> Chart:
    """Draw USD per month as bars, the offer named, and the same traffic priced by the hour."""
    summaries = {cell: view.summaries[cell] for cell in view.rivals}
    subtitle = (
        f"{view.scenario()}, for 30 days at list prices. The servers behind the offer, publishing,"
        " egress and free tiers are left out"
    )
    cells, title = view.rivals, cost_finding(summaries, view.names, view.run.profiles)
    with styled():
        figure, axes, size = rows_frame(view, title, subtitle, sheet, figure="hits_per_delivery")
        prices = {cell: view.summaries[cell].price for cell in cells}
        shown = [cell for cell in cells if view.problem(cell) is None]
        reach = max([prices[cell].usd or 0.0 for cell in shown] or [0.0]) or 1.0
        axes.set_xlim(0, reach * (1 + 0.62 * sheet.room))
        hourly = False
        for row, cell in enumerate(cells):
            price, style = prices[cell], view.cell_styles[cell]
            problem = view.problem(cell)
            if price.usd is None or problem is not None:
                told_instead(axes, row, problem or price.assumptions, size * 0.8)
                continue
            axes.barh(row, price.usd, height=0.5, color=style.colour, **style.texture)
            end = price.usd
            if price.alternative:
                hourly, other = True, price.alternative.usd or 0.0
                end = max(end, other)
                axes.plot([other], [row], **_HOURLY, zorder=4, clip_on=False)
            amount, offer = usd(price.usd), price.offer or ""
            if price.confidence not in ("primary", "transcription"):
                offer += ", weak source"
            note(axes, end, row, amount, up=size * 0.5, size=size * 0.95, bold=True)
            note(axes, end, row, offer, up=-size * 0.52, size=size * 0.68, colour=GREY)
        scale_below(axes)
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}" if reach > 5 else "{x:,.2f}"))
        marks = [legend_key("the same through a load balancer, by the hour", **_HOURLY)]
        describe_axis(axes, "USD per month", marks if hourly else [], sheet=sheet)
        return Chart("5-cost", title, figure)
