"""Chart 3: how far one client is behind, moment by moment: polling's sawtooth, on one scale."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from pushlab.analysis.trials.figures import TrialFigures
from pushlab.analysis.trials.staleness import owed_to, staleness_at
from pushlab.charts.frame import SLIDE, Chart, Sheet, describe_axis, frame, say, styled
from pushlab.charts.rows import label, row_size
from pushlab.charts.style import GREY, INK, LINE, legend_key, mark
from pushlab.charts.view import RunView
from pushlab.quantities import duration, exact_duration

__all__ = ["staleness_chart"]

_WINDOW_S = 10.0
_MOST = 8  # rows that can be read from the back of a room


def staleness_chart(view: RunView, sheet: Sheet = SLIDE) -> Chart:
    """Draw one client's staleness over ten seconds of the first trial, a row for each cell."""
    cells = view.rivals[:_MOST] if sheet.words else view.rivals
    hidden = len(view.rivals) - len(cells)
    title, subtitle = view.finding("3-staleness"), view.scenario()
    if hidden:
        subtitle += f" (the first {_MOST} of {len(view.rivals)} settings)"
    size = row_size(len(cells), sheet)
    with styled():
        figure, bottom, top = frame(view.footer(), title, subtitle, rows=len(cells), sheet=sheet)
        if not sheet.above:
            top -= 0 if sheet.words else 26 / (figure.get_figheight() * 100)
        step = (top - bottom) / max(len(cells), 1)
        curves = {cell: _curve(view.analysis.good[cell]) for cell in cells}
        scale = _round_up(
            max((float(curve[1].max()) for curve in curves.values() if curve), default=0)
        )
        # Where names stand beside the rows, so do the figures.
        width = sheet.right - sheet.left - (0.0 if sheet.above else 0.125)
        for row, cell in enumerate(cells):
            height = step * (0.6 if sheet.above else 0.84)
            axes = figure.add_axes((sheet.left, top - (row + 1) * step, width, height))
            _panel(axes, view, cell, curves[cell], scale, size, sheet)
            axes.tick_params(axis="x", length=0, labelsize=17)
            if row < len(cells) - 1:
                axes.set_xticklabels([])
            if row == 0 and not sheet.above:
                told: dict[str, Any] = {
                    "size": 16,
                    "colour": GREY,
                    "va": "bottom",
                    "within": "axes",
                }
                say(axes, "age of the oldest message that one client lacks", (0, 1), **told)
                say(axes, f"every row: 0 to {exact_duration(scale)}", (1, 1), ha="right", **told)
            if row == len(cells) - 1:
                tick = legend_key("a message is published", **mark("|", 16, width=1.5))
                text = "seconds of the measured window"
                if sheet.above:
                    text = f"seconds; every row is 0 to {exact_duration(scale)} high"
                describe_axis(axes, text, [tick], sheet=sheet)
        return Chart("3-staleness", title, figure)


_Curve = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]


def _curve(trials: Sequence[TrialFigures]) -> _Curve | None:
    """Times, staleness and publish times, in seconds, of the client in the middle."""
    if not trials:
        return None
    rows = trials[0].rows
    start, end = rows.record.measure_start_ns, rows.record.measure_end_ns
    if start is None or end is None or not rows.record.clients:
        return None
    end = min(end, start + int(_WINDOW_S * 1e9))
    intended, received = owed_to(rows, rows.record.clients // 2)
    # Between these the curve is straight: just before and at each arrival, and at each publish.
    corners = np.concatenate([received - 1, received, intended, [start, end]])
    at = np.unique(corners[(corners >= start) & (corners <= end)])
    published = intended[(intended >= start) & (intended <= end)]
    return (at - start) / 1e9, staleness_at(intended, received, at), (published - start) / 1e9


def _panel(
    axes: Axes,
    view: RunView,
    cell: str,
    curve: _Curve | None,
    highest: float,
    size: float,
    sheet: Sheet,
) -> None:
    style, summary = view.cell_styles[cell], view.summaries[cell]
    axes.set_ylim(0, highest * 1.06)
    axes.set_yticks([])
    axes.axhline(highest, color=LINE, linewidth=1, linestyle=(0, (2, 3)), zorder=0.5)
    remark = view.remark(cell, "latency_s")
    spot = (0.0, 1.26) if sheet.above else (0.0, 0.45)
    beside: dict[str, Any] = {"transform": axes.transAxes, "va": "center"}
    told = "" if sheet.above else remark
    label(axes, view, cell, spot, remark=told, size=size, sheet=sheet, in_rows=False, share=0.5)
    if curve is None:
        axes.set_xlim(0, _WINDOW_S)
        words = view.problem(cell) or "nothing measured"
        axes.text(0.01, 0.45, words, fontsize=size * 0.8, color=GREY, style="italic", **beside)
        return
    at, stale, published = curve
    axes.set_xlim(0, max(float(at[-1]), 1e-9))
    axes.fill_between(at, stale, color=style.colour, alpha=style.fill, linewidth=0)
    axes.plot(at, stale, color=style.colour, linewidth=2.2, clip_on=False)
    ticks = np.repeat(published, 3)
    ends = np.tile([-0.08 * highest, 0.08 * highest, np.nan], len(published))
    axes.plot(ticks, ends, color=INK, linewidth=1, clip_on=False)
    worst_s, mean_s = summary["staleness_s.max"], summary["staleness_s.mean"]
    if worst_s is None or mean_s is None:
        return
    told_beside = [f"worst {duration(worst_s)}", f"mean {duration(mean_s)}"]
    if sheet.above:
        axes.text(1, spot[1], ", ".join(told_beside), fontsize=size * 0.8, ha="right", **beside)
        return
    axes.text(1.015, 0.45, "\n".join(told_beside), fontsize=size * 0.8, linespacing=1.25, **beside)


def _round_up(value: float) -> float:
    """The next 1, 2 or 5 times a power of ten: an end of scale that can be read."""
    if value <= 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power >= value * 0.999))
