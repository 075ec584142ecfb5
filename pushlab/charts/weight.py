"""Chart 4: what one delivery weighs: bytes on the wire, and CPU time of the server."""

from collections.abc import Callable

from matplotlib.axes import Axes

from pushlab.analysis.summary.model import CellSummary
from pushlab.charts.findings import weight_finding
from pushlab.charts.frame import SLIDE, Chart, Sheet, describe_axis, frame, styled
from pushlab.charts.rows import label_rows, note, row_size, solid_and_hatched, stacked, told_instead
from pushlab.charts.style import GREY
from pushlab.charts.view import RunView
from pushlab.quantities import brief, duration

__all__ = ["weight_chart"]


def weight_chart(view: RunView, sheet: Sheet = SLIDE) -> Chart:
    """Draw bytes and CPU time per delivery, side by side; a broker's share is hatched."""
    summaries = {cell: view.summaries[cell] for cell in view.rivals}
    cells, title = view.rivals, weight_finding(summaries, view.names, view.run.profiles)
    with styled():
        figure, bottom, top = frame(
            view.footer(), title, view.scenario(), rows=len(cells), sheet=sheet
        )
        bottom -= 27 / (figure.get_figheight() * 100)
        gap = 0.025
        width = (sheet.right - sheet.left - gap) / 2
        left = figure.add_axes((sheet.left, bottom, width, top - bottom))
        right = figure.add_axes((sheet.left + width + gap, bottom, width, top - bottom))
        label_rows(left, view, cells, figure="cpu_s_per_delivery", sheet=sheet)
        right.set_ylim(left.get_ylim())
        right.set_yticks([])
        _bars(left, view, _bytes, brief, sheet)
        _bars(right, view, _cpu, duration, sheet)
        marks = []
        if any(view.summaries[cell]["broker_cpu_s"] for cell in cells):
            marks = solid_and_hatched("hub", "broker")
        describe_axis(left, "bytes, both ways, with headers", drop_pt=14.0, sheet=sheet)
        describe_axis(right, "CPU time of the server", marks, drop_pt=14.0, sheet=sheet)
        return Chart("4-bytes-and-cpu", title, figure)


_Parts = Callable[[CellSummary], tuple[float, float] | None]


def _bytes(summary: CellSummary) -> tuple[float, float] | None:
    each = summary["bytes_per_delivery"]
    return None if each is None else (each, 0.0)


def _cpu(summary: CellSummary) -> tuple[float, float] | None:
    """The hub's and the broker's share."""
    total, hub = summary["cpu_s_per_delivery"], summary["server_cpu_s_per_delivery"]
    return None if total is None or hub is None else (hub, max(total - hub, 0.0))


def _bars(
    axes: Axes, view: RunView, parts: _Parts, show: Callable[[float], str], sheet: Sheet
) -> None:
    cells = view.rivals
    size = row_size(len(cells), sheet)
    found = {cell: parts(view.summaries[cell]) for cell in cells}
    reach = max([sum(pair) for pair in found.values() if pair is not None] or [0.0]) or 1.0
    axes.set_xlim(0, reach * (1 + 0.36 * sheet.room))
    for row, cell in enumerate(cells):
        pair, style = found[cell], view.cell_styles[cell]
        if pair is None:
            problem = view.problem(cell)
            if problem is not None and parts is not _bytes:
                continue  # said once, across both panels
            told_instead(axes, row, problem or "not measured", size * 0.75)
            continue
        stacked(axes, row, *pair, style)
        note(axes, sum(pair), row, show(sum(pair)), size=size * 0.86)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.axvline(0, color=GREY, linewidth=1.5)
