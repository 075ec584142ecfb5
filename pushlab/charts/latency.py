"""Chart 1: how latency is spread, on a logarithmic axis, with the closed form's mean beside it."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter

from pushlab.charts.findings import latency_finding
from pushlab.charts.frame import LEFT, RIGHT, frame, label_rows, row_size, save, styled
from pushlab.charts.style import GREY, INK, seconds
from pushlab.charts.view import View

__all__ = ["draw_latency"]

_HEIGHT = 0.72  # of a row, for the hill


def draw_latency(view: View, out: Path) -> list[Path]:
    """Draw each cell's latencies as a hill, the median and p99 marked, over one axis."""
    summaries = {cell: view.summaries[cell] for cell in view.rivals}
    names = {cell: look.name for cell, look in view.looks.items()}
    title = latency_finding(summaries, names, view.floor_s)
    with styled():
        figure, bottom, top = frame(view, title, view.scenario())
        axes = figure.add_axes((LEFT, bottom, RIGHT - LEFT, top - bottom))
        cells = view.cells
        label_rows(axes, view, cells, figure="latency_s")
        low, high = _limits(view)
        axes.set_xscale("log")
        axes.set_xlim(low, high)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value)))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.grid(axis="x", color="#E3E3E3", linewidth=1)
        axes.set_axisbelow(True)
        axes.tick_params(axis="x", length=0, labelsize=17)
        axes.set_xlabel("latency: received minus intended", fontsize=17)
        for row, cell in enumerate(cells):
            _hill(axes, view, cell, row, row_size(len(cells)))
        _legend(axes)
        return save(figure, out, "1-latency")


def _tick(value: float) -> str:
    return (
        f"{value * 1e6:g} µs"
        if value < 1e-3
        else (f"{value * 1e3:g} ms" if value < 1 else f"{value:g} s")
    )


def _limits(view: View) -> tuple[float, float]:
    """The axis: all latencies above zero and all predictions, with room for labels."""
    seen = []
    for cell in view.cells:
        for trial in view.trials[cell]:
            positive = trial.latency_s[trial.latency_s > 0]
            if len(positive):
                seen += [float(np.quantile(positive, 0.001)), float(positive.max())]
        predicted = (view.summaries[cell]["predicted"] or {}).get("mean_latency_s")
        if predicted:
            seen.append(predicted)
    if not seen:
        return 1e-4, 10.0
    return min(seen) / 1.6, max(seen) * 3.2


def _hill(axes: Axes, view: View, cell: str, row: int, size: float) -> None:
    look, summary = view.looks[cell], view.summaries[cell]
    problem = view.problem(cell)
    if problem is not None:
        axes.text(
            0.01,
            row,
            problem,
            transform=axes.get_yaxis_transform(),
            va="center",
            fontsize=size * 0.8,
            color=GREY,
            style="italic",
        )
        return
    merged = np.concatenate([trial.latency_s for trial in view.trials[cell]])
    positive = np.log10(merged[merged > 0])
    base = row + _HEIGHT / 2
    if len(positive):
        first, last = np.log10(axes.get_xlim())
        edges = np.linspace(first, last, 240)
        counts, _ = np.histogram(positive, bins=edges)
        smooth = np.convolve(counts, np.hanning(9) / np.hanning(9).sum(), mode="same")
        heights = _HEIGHT * smooth / max(smooth.max(), 1)
        centres = 10 ** ((edges[:-1] + edges[1:]) / 2)
        shown = heights > _HEIGHT * 1e-3
        upper = np.where(shown, base - heights, np.nan)
        axes.fill_between(centres, upper, base, color=look.colour, alpha=0.45, linewidth=0)
        axes.plot(centres, upper, color=look.colour, linewidth=2.4, linestyle=look.line)
    axes.axhline(base, color="#CFCFCF", linewidth=1, zorder=0.5)
    latency, predicted = summary["latency_s"], summary["predicted"] or {}
    axes.plot([latency["mean"]], [base], "o", color=INK, markersize=10, clip_on=False, zorder=5)
    expected = predicted.get("mean_latency_s")
    if expected:
        axes.plot(
            [expected],
            [base],
            "D",
            markersize=15,
            markerfacecolor="none",
            markeredgecolor=INK,
            markeredgewidth=2,
            clip_on=False,
            zorder=4,
        )
    text = []
    if latency["p50"] is not None:
        text.append(f"median {seconds(latency['p50'])}")
    else:
        text.append(f"mean {seconds(latency['mean'])}")
    if latency["p99"] is not None:
        text.append(f"p99 {seconds(latency['p99'])}")
    # On the side of the hill that has more room.
    low, high = np.log10(axes.get_xlim())
    right = np.log10(max(latency["max"], 1e-9))
    left = np.log10(max(latency["min"], 10**low))
    on_right = (high - right) > (left - low) * 0.6
    axes.annotate(
        "\n".join(text),
        (10 ** (right if on_right else left), row + 0.02),
        xytext=(22 if on_right else -22, 0),
        textcoords="offset points",
        ha="left" if on_right else "right",
        va="center",
        fontsize=size * 0.82,
        linespacing=1.25,
    )


def _legend(axes: Axes) -> None:
    axes.plot([], [], "o", color=INK, markersize=10, label="mean, measured")
    axes.plot(
        [],
        [],
        "D",
        markersize=13,
        markerfacecolor="none",
        markeredgecolor=INK,
        markeredgewidth=2,
        label="mean, by closed form",
    )
    axes.legend(
        loc="upper right",
        bbox_to_anchor=(1.0, -0.055),
        ncols=2,
        frameon=False,
        fontsize=16,
        handletextpad=0.3,
        columnspacing=1.5,
        borderaxespad=0,
    )
