"""The frame of every chart: title, subtitle, footer, and one labelled row per cell.

Figures are made without pyplot, so that drawing changes nothing outside this module.
"""

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import matplotlib
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from pushlab.charts.style import ACCENT, GREY, INK
from pushlab.charts.view import View

__all__ = [
    "LEFT",
    "RIGHT",
    "describe_axis",
    "frame",
    "label_rows",
    "note",
    "row_size",
    "save",
    "styled",
]

#: Where the drawing begins and ends across the page; labels stand left of it.
LEFT, RIGHT = 0.225, 0.965

_SETTINGS: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 18,
    "text.color": INK,
    "axes.edgecolor": GREY,
    "axes.labelcolor": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "hatch.linewidth": 2.0,
    "svg.fonttype": "path",
    "svg.hashsalt": "pushlab",
    "path.simplify": True,
}


@contextmanager
def styled() -> Iterator[None]:
    """Matplotlib's settings for the time of drawing one chart."""
    with matplotlib.rc_context(cast("Any", _SETTINGS)):
        yield


def frame(view: View, title: str, subtitle: str) -> tuple[Figure, float, float]:
    """A slide of 1600 by 900 with its words; with it, the bottom and top of the free area."""
    figure = Figure(figsize=(16, 9), dpi=100, facecolor="white")
    FigureCanvasAgg(figure)
    lines = textwrap.wrap(title, 62)[:3]
    figure.text(
        0.04, 0.955, "\n".join(lines), fontsize=28, fontweight="bold", va="top", linespacing=1.2
    )
    top = 0.955 - 0.0535 * len(lines)
    shown = textwrap.wrap(subtitle, 118)[:2]
    figure.text(0.04, top - 0.012, "\n".join(shown), fontsize=17, color=GREY, va="top")
    figure.text(0.04, 0.022, textwrap.shorten(view.footer(), 150), fontsize=14, color=GREY)
    return figure, 0.165, top - 0.045 - 0.032 * len(shown)


def row_size(rows: int) -> float:
    """The size of row labels, in points, for so many rows."""
    return 21.0 if rows <= 6 else max(11.0, 140.0 / rows)


def label_rows(
    axes: Axes, view: View, cells: Sequence[str], *, figure: str, small: Sequence[str] = ()
) -> None:
    """Name each row at the left, row 0 on top, with remarks (and `small` print) below the name."""
    size = row_size(len(cells))
    axes.set_ylim(len(cells) - 0.4, -0.6)
    axes.set_yticks([])
    place = axes.get_yaxis_transform()
    for row, cell in enumerate(cells):
        remark = view.remark(cell, figure)
        under = [(remark, ACCENT)] if remark else []
        if small and small[row]:
            under.insert(0, (small[row], GREY))
        offset = -0.5 * (size + 4) * 0.62 * len(under)
        texts = [(view.looks[cell].name, size, "bold", INK)]
        texts += [(text, size * 0.68, "normal", colour) for text, colour in under]
        for line, (text, points, weight, colour) in enumerate(texts):
            axes.annotate(
                text,
                (0, row),
                xycoords=place,
                xytext=(-16, -offset - line * size * 0.98),
                textcoords="offset points",
                ha="right",
                va="center",
                fontsize=points,
                fontweight=weight,
                color=colour,
                annotation_clip=False,
            )


def describe_axis(axes: Axes, text: str, handles: Sequence[Artist] = (), *, below: float) -> None:
    """Say below the axis what it shows, at the left, and what the marks mean, at the right.

    Args:
        below: how far below the axis, in parts of its height.
    """
    axes.text(
        0, -below, text, transform=axes.transAxes, fontsize=17, color=GREY, va="center", ha="left"
    )
    if handles:
        axes.legend(
            handles=list(handles),
            loc="center right",
            bbox_to_anchor=(1.0, -below),
            frameon=False,
            ncols=len(handles),
            fontsize=16,
            handlelength=1.3,
            handletextpad=0.5,
            columnspacing=1.4,
            borderaxespad=0,
            borderpad=0,
        )


def note(
    axes: Axes, x: float, row: float, text: str, *, size: float = 18, up: float = 0.0, **more: Any
) -> None:
    """A text in a row, beginning a little right of `x`, raised by `up` points."""
    axes.annotate(
        text,
        (x, row),
        xytext=(10, up),
        textcoords="offset points",
        va="center",
        fontsize=size,
        annotation_clip=False,
        **more,
    )


def save(figure: Figure, out: Path, name: str) -> list[Path]:
    """Write the chart as PNG and as SVG, the same bytes for the same run."""
    out.mkdir(parents=True, exist_ok=True)
    png, svg = out / f"{name}.png", out / f"{name}.svg"
    figure.savefig(png, metadata={"Software": None})
    figure.savefig(svg, metadata={"Date": None})
    return [png, svg]
