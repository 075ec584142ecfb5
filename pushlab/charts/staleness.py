"""Chart 3: how far one client is behind, moment by moment: polling's sawtooth, on one scale."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from pushlab.analysis.staleness import owed_to, staleness_at
from pushlab.analysis.trials import TrialFigures
from pushlab.charts.findings import staleness_finding
from pushlab.charts.frame import LEFT, RIGHT, frame, row_size, save, styled
from pushlab.charts.style import ACCENT, GREY, INK, seconds
from pushlab.charts.view import View

__all__ = ["draw_staleness"]

_WINDOW_S = 10.0
_MOST = 8  # rows that can be read from the back of a room


def draw_staleness(view: View, out: Path) -> list[Path]:
    """Draw one client's staleness over ten seconds of the first trial, a row for each cell."""
    summaries = {cell: view.summaries[cell] for cell in view.rivals}
    names = {cell: look.name for cell, look in view.looks.items()}
    cells = view.rivals[:_MOST]
    hidden = len(view.rivals) - len(cells)
    subtitle = f"{view.scenario()}. One client's staleness: the age of the oldest message it lacks"
    if hidden:
        subtitle += f" (the first {_MOST} of {len(view.rivals)} settings)"
    with styled():
        figure, bottom, top = frame(view, staleness_finding(summaries, names), subtitle)
        bottom += 0.005
        step = (top - bottom) / max(len(cells), 1)
        curves = {cell: _curve(view.trials[cell]) for cell in cells}
        highest = max(
            [float(curve[1].max()) for curve in curves.values() if curve is not None] or [0.0]
        )
        for row, cell in enumerate(cells):
            place = (LEFT, top - (row + 1) * step, RIGHT - 0.105 - LEFT, step * 0.84)
            axes = figure.add_axes(place)
            _panel(axes, view, cell, curves[cell], highest or 1.0, row_size(len(cells)))
            axes.tick_params(axis="x", length=0, labelsize=17)
            if row < len(cells) - 1:
                axes.set_xticklabels([])
            else:
                axes.set_xlabel("seconds of the measured window", fontsize=17)
        return save(figure, out, "3-staleness")


_Curve = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]


def _curve(trials: list[TrialFigures] | tuple[TrialFigures, ...] | object) -> _Curve | None:
    """Times, staleness and publish times, in seconds, of the client in the middle."""
    if not isinstance(trials, list) or not trials:
        return None
    rows = trials[0].rows
    start, end = rows.record.measure_start_ns, rows.record.measure_end_ns
    if start is None or end is None or not rows.record.clients:
        return None
    end = min(end, start + int(_WINDOW_S * 1e9))
    intended, received = owed_to(rows, rows.record.clients // 2)
    grid = np.linspace(start, end, 3000).astype(np.int64)
    # Just before and at each arrival, so that every tooth has its point.
    corners = np.concatenate([received - 1, received, intended])
    corners = corners[(corners >= start) & (corners <= end)]
    at = np.unique(np.concatenate([grid, corners]))
    published = intended[(intended >= start) & (intended <= end)]
    return (at - start) / 1e9, staleness_at(intended, received, at), (published - start) / 1e9


def _panel(
    axes: Axes, view: View, cell: str, curve: _Curve | None, highest: float, size: float
) -> None:
    look, summary = view.looks[cell], view.summaries[cell]
    axes.set_ylim(0, highest * 1.12)
    axes.set_yticks([0, highest], ["0", seconds(highest)], fontsize=min(14, size * 0.75))
    axes.tick_params(axis="y", length=0)
    remark = view.remark(cell, "latency_s")
    axes.text(
        -0.075,
        0.62 if remark else 0.5,
        look.name,
        transform=axes.transAxes,
        ha="right",
        va="center",
        fontsize=size,
        fontweight="bold",
    )
    if remark:
        axes.text(
            -0.075,
            0.2,
            remark,
            transform=axes.transAxes,
            ha="right",
            va="center",
            fontsize=size * 0.65,
            color=ACCENT,
        )
    if curve is None:
        axes.set_xlim(0, _WINDOW_S)
        axes.text(
            0.01,
            0.5,
            view.problem(cell) or "nothing measured",
            transform=axes.transAxes,
            va="center",
            fontsize=size * 0.8,
            color=GREY,
            style="italic",
        )
        return
    at, stale, published = curve
    axes.set_xlim(0, max(float(at[-1]), 1e-9))
    axes.fill_between(at, stale, color=look.colour, alpha=0.45, linewidth=0)
    axes.plot(at, stale, color=look.colour, linewidth=2.2, clip_on=False)
    axes.plot(published, np.zeros(len(published)), "|", color=INK, markersize=9, clip_on=False)
    mean = summary["staleness_s"]["mean"]
    if mean is not None:
        axes.text(
            1.015,
            0.5,
            f"mean\n{seconds(mean)}",
            transform=axes.transAxes,
            va="center",
            fontsize=size * 0.82,
            linespacing=1.2,
        )
