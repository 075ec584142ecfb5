"""Chart 2: what the server has to handle for one delivery: useful, wasted, and predicted."""

from matplotlib.axes import Axes

from pushlab.charts.findings import hits_finding
from pushlab.charts.frame import SLIDE, Chart, Sheet, describe_axis, scale_below, styled
from pushlab.charts.rows import note, rows_frame, solid_and_hatched, stacked, told_instead
from pushlab.charts.style import INK, legend_key, mark
from pushlab.charts.view import RunView
from pushlab.quantities import number, share

__all__ = ["WASTED", "hits_chart"]

#: Hits that bring or confirm nothing.
WASTED = frozenset({"poll-empty", "keep-alive", "refused"})


def hits_chart(view: RunView, sheet: Sheet = SLIDE) -> Chart:
    """Draw hits per delivery as bars, with a tick where the closed form puts them."""
    summaries = {cell: view.summaries[cell] for cell in view.rivals}
    cells, title = view.rivals, hits_finding(summaries, view.names, view.run.profiles)
    with styled():
        figure, axes, size = rows_frame(
            view, title, view.scenario(), sheet, figure="hits_per_delivery"
        )
        reach = max([_reach(view, cell) for cell in cells] or [0.0]) or 1.0
        axes.set_xlim(0, reach * (1 + 0.38 * sheet.room))
        for row, cell in enumerate(cells):
            _bar(axes, view, cell, row, size, 0.3 if sheet.above else 0.4)
        scale_below(axes)
        marks = [
            *solid_and_hatched("brought or confirmed a message", "in vain"),
            legend_key("closed form", **mark("|", 22, width=4)),
        ]
        describe_axis(axes, "requests per delivery", marks, sheet=sheet)
        return Chart("2-hits", title, figure)


def _bar(axes: Axes, view: RunView, cell: str, row: int, size: float, half: float) -> None:
    summary, problem = view.summaries[cell], view.problem(cell)
    if problem is not None:
        told_instead(axes, row, problem, size * 0.8)
        return
    delivered = summary.count("latency_s.count")
    wasted = sum(n for kind, n in summary.hits.items() if kind in WASTED) / delivered
    useful = (summary["hits_per_delivery"] or 0.0) - wasted
    stacked(axes, row, useful, wasted, view.cell_styles[cell])
    expected = summary["predicted_hits_per_delivery"]
    if expected is not None:
        axes.plot([expected] * 2, [row - half, row + half], color=INK, linewidth=4)
    end = max(useful + wasted, expected or 0.0)
    note(axes, end, row, _words(view, cell, wasted), size=size * 0.86)


def _reach(view: RunView, cell: str) -> float:
    if view.problem(cell) is not None:
        return 0.0
    summary = view.summaries[cell]
    return max(summary["hits_per_delivery"] or 0.0, summary["predicted_hits_per_delivery"] or 0.0)


def _words(view: RunView, cell: str, wasted: float) -> str:
    summary = view.summaries[cell]
    total = summary["hits_per_delivery"] or 0.0
    if not summary["hits_total"]:
        each = summary.hits_setup.get("connect", 0) // max(summary.count("trials.ok"), 1)
        return f"0, after {each:,} handshakes" if each else "0"
    if wasted >= 0.005 and total > 0:
        return f"{number(total)}, {share(wasted / total)} in vain"
    return number(total)
