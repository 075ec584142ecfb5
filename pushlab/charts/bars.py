"""Charts 2, 4 and 5 are bars: hits of a delivery, what it weighs, and what a month would cost."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from matplotlib.axes import Axes

from pushlab.analysis.cost.architectures import KINDS_OF_ARCHITECTURE
from pushlab.analysis.cost.pricing import Priced
from pushlab.analysis.cost.telling import place_words
from pushlab.analysis.summary.model import CellSummary
from pushlab.charts.frame import SLIDE, Chart, Sheet, describe_axis, frame, scale_below, styled
from pushlab.charts.months import ranges_of
from pushlab.charts.ranges import AXIS, Range, draw_ranges
from pushlab.charts.rows import (
    label_rows,
    note,
    row_size,
    rows_frame,
    solid_and_hatched,
    stacked,
    told_instead,
)
from pushlab.charts.style import GREY, INK, legend_key, mark
from pushlab.charts.view import RunView
from pushlab.quantities import brief, duration, memory, number, share, usd_range

__all__ = ["WASTED", "cost_chart", "hits_chart", "weight_chart"]

_WIDE = 3.0  # times the figure

#: Hits that bring or confirm nothing.
WASTED = frozenset({"poll-empty", "keep-alive", "refused"})


def hits_chart(view: RunView, sheet: Sheet = SLIDE) -> Chart:
    """Draw hits per delivery as bars, with a tick where the closed form puts them."""
    cells, title = view.rivals, view.finding("2-hits")
    with styled():
        figure, axes, size = rows_frame(
            view, title, view.scenario(), sheet, figure="hits_per_delivery"
        )
        reach = max([_reach(view, cell) for cell in cells] or [0.0]) or 1.0
        room = 0.54 if view.grid.several else 0.38
        axes.set_xlim(0, reach * (1 + room * sheet.room))
        for row, cell in zip(view.places(cells), cells, strict=True):
            _bar(axes, view, cell, row, size, 0.3 if sheet.above else 0.4)
        scale_below(axes)
        marks = [
            *solid_and_hatched("brought or confirmed a message", "in vain"),
            legend_key("closed form", **mark("|", 22, width=4)),
        ]
        describe_axis(axes, "requests per delivery", marks, sheet=sheet)
        return Chart("2-hits", title, figure)


def _bar(axes: Axes, view: RunView, cell: str, row: float, size: float, half: float) -> None:
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
    words = [_words(view, cell, wasted), view.beside(cell, "hits_per_delivery")]
    told = note(axes, useful + wasted, row, " · ".join(filter(None, words)), size=size * 0.86)
    if expected is not None and useful + wasted < expected:
        # The words stand at their bar's end, so the tick may go through them: they interrupt it.
        box = told.get_window_extent()
        if box.x0 - 8 < axes.transData.transform((expected, row))[0] < box.x1 + 8:
            told.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 2})
            told.set_zorder(6)


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


def weight_chart(view: RunView, sheet: Sheet = SLIDE) -> Chart:
    """Draw bytes and CPU time per delivery, side by side; hatched: a broker's share, a backplane's.

    Of several servers CPU comes first, and their memory stands with it.
    """
    cells, title = view.rivals, view.finding("4-bytes-and-cpu")
    panels = (_CPU, _MEMORY, _BYTES_BESIDE) if view.grid.several else (_BYTES, _CPU)
    if view.grid.several and sheet.above:
        panels = (replace(_CPU, words="CPU time"), _MEMORY)
    with styled():
        figure, bottom, top = frame(
            view.footer(), title, view.scenario(), rows=len(cells), sheet=sheet
        )
        bottom -= 27 / (figure.get_figheight() * 100)
        gap = 0.025
        width = (sheet.right - sheet.left - gap * (len(panels) - 1)) / len(panels)
        for i, panel in enumerate(panels):
            left = sheet.left + i * (width + gap)
            axes = figure.add_axes((left, bottom, width, top - bottom))
            if i == 0:
                label_rows(axes, view, cells, figure="cpu_s_per_delivery", sheet=sheet)
                rows = axes.get_ylim()
            axes.set_ylim(rows)
            axes.set_yticks([])
            axes.patch.set_visible(False)  # lines between groups go through
            _bars(axes, view, panel, sheet, first=i == 0, room=0.76 if view.grid.several else 0.36)
            marks, words = [], panel.words
            if i == len(panels) - 1 and (beside := _beside_servers(view, cells)):
                marks = solid_and_hatched("server", beside)
                if beside == _BOTH:  # there is no room for more
                    words = "CPU time"
            describe_axis(axes, words, marks, drop_pt=14.0, sheet=sheet)
        return Chart("4-bytes-and-cpu", title, figure)


_BOTH = "broker and backplane"


def _beside_servers(view: RunView, cells: Sequence[str]) -> str:
    """What else than servers took CPU time, in words; empty: nothing."""
    figures = {"broker": "broker_cpu_s", "backplane": "backplane_cpu_s"}
    found = [
        word
        for word, figure in figures.items()
        if any(view.summaries[cell][figure] for cell in cells)
    ]
    return _BOTH if len(found) > 1 else "".join(found)


@dataclass(frozen=True, slots=True)
class _Panel:
    """What bars show: a figure and what it is called, and of a second one, how much is its own."""

    figure: str
    words: str
    show: Callable[[float], str]
    part: str = ""

    def of(self, summary: CellSummary) -> tuple[float, float] | None:
        """The solid and the hatched part of a bar; None: not known."""
        whole = summary[self.figure]
        part = summary[self.part] if self.part else whole
        return None if whole is None or part is None else (part, max(whole - part, 0.0))


_BYTES = _Panel("bytes_per_delivery", "bytes, both ways, with headers", brief)
_BYTES_BESIDE = _Panel("bytes_per_delivery", "bytes, both ways", brief)
_CPU = _Panel(
    "cpu_s_per_delivery", "CPU time, idling included", duration, "server_cpu_s_per_delivery"
)
_MEMORY = _Panel("server_rss_bytes", "memory, at most", memory)


def _bars(
    axes: Axes, view: RunView, panel: _Panel, sheet: Sheet, *, first: bool, room: float
) -> None:
    cells = view.rivals
    size = row_size(len(cells), sheet, grouped=view.grid.several)
    found = {cell: panel.of(view.summaries[cell]) for cell in cells}
    ends = [sum(pair) for pair in found.values() if pair is not None]
    ends += [line[1] for cell in cells if (line := _reach_of(view, cell, panel.figure))]
    axes.set_xlim(0, (max(ends, default=0.0) or 1.0) * (1 + room * sheet.room))
    for row, cell in zip(view.places(cells), cells, strict=True):
        pair, style = found[cell], view.cell_styles[cell]
        if pair is None:
            problem = view.problem(cell)
            if problem is not None and not first:
                continue  # said once, across all panels
            unwatched = "not watched" if view.summaries[cell].unwatched else "not measured"
            told_instead(axes, row, problem or unwatched, size * 0.75)
            continue
        stacked(axes, row, *pair, style)
        end = _whisker(axes, row, view, cell, panel.figure, sum(pair))
        words = [panel.show(sum(pair)), view.beside(cell, panel.figure)]
        note(axes, end, row, " · ".join(filter(None, words)), size=size * 0.86)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.axvline(0, color=GREY, linewidth=1.5)


def _reach_of(view: RunView, cell: str, figure: str) -> tuple[float, float] | None:
    """Of several servers the interval of a figure, unless it is too wide to be drawn."""
    summary = view.summaries[cell]
    found = summary.interval(figure) if view.grid.several else None
    return found if found and found[1] <= _WIDE * (summary[figure] or 0.0) else None


def _whisker(axes: Axes, row: float, view: RunView, cell: str, figure: str, value: float) -> float:
    """Of several servers a line over the figure's interval; where the bar or the line ends."""
    reach = _reach_of(view, cell, figure)
    if reach is None:
        return value
    axes.plot(reach, [row, row], color=INK, linewidth=2.5, solid_capstyle="butt")
    return max(value, reach[1])


def cost_chart(view: RunView, sheet: Sheet = SLIDE) -> Chart:
    """Draw a month in the chosen architecture from low to high, and name the other kinds' best."""
    costs, cells = view.costs, view.rivals
    where = f"{costs.chosen.title} ({KINDS_OF_ARCHITECTURE[costs.chosen.kind]})"
    title = view.finding("5-cost")
    others = _other_kinds(view) if sheet.words else []
    with styled():
        figure, axes, size = rows_frame(
            view,
            title,
            f"{view.scenario()}, for 30 days at list prices in {where}",
            sheet,
            figure="cpu_s_per_delivery",
        )
        box, foot = axes.get_position(), 0.045 * len(others)
        axes.set_position((box.x0, box.y0 + foot, box.width, box.height - foot))
        priced = {one.cell: one for one in costs.within}
        rows = [
            Range(problem=problem or "nothing was measured")
            if (problem := view.problem(cell)) or cell not in priced
            else ranges_of([priced[cell]], view.cell_styles)[0]
            for cell in cells
        ]
        draw_ranges(axes, rows, size, sheet)
        describe_axis(axes, AXIS, sheet=sheet)
        for line, text in enumerate(others):
            up = 0.075 + 0.036 * (len(others) - 1 - line)
            figure.text(0.04, up, text, fontsize=15, color=INK if line else GREY)
        return Chart("5-cost", title, figure)


def _other_kinds(view: RunView) -> list[str]:
    """The cheapest of each other kind of architecture, in a line each."""
    found: dict[str, Priced] = {}
    for one in view.costs.across:
        if one.architecture.kind != view.costs.chosen.kind:
            found.setdefault(one.architecture.kind, one)
    lines = [
        f"{place_words(one.architecture)}: {view.names[one.cell]}, {usd_range(*one.range_usd)}"
        for one in found.values()
    ]
    return ["Other kinds of architecture, the cheapest of each:", *lines] if lines else []
