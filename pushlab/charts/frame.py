"""The frame of every chart: the sheet it is drawn on, and its words.

Figures are made without pyplot, so that drawing changes nothing outside this module.
"""

import io
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import matplotlib
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from matplotlib.transforms import ScaledTranslation

from pushlab.charts.style import GREY, GRID, INK
from pushlab.errors import SetupError

__all__ = [
    "PAGE",
    "PHONE",
    "SLIDE",
    "Chart",
    "Sheet",
    "as_svg",
    "describe_axis",
    "fit",
    "frame",
    "make_folder",
    "save",
    "say",
    "scale_below",
    "styled",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What a chart is drawn on; lengths in pixels at 100 dots per inch.

    Attributes:
        height: None gives each row `row` pixels, between `head` and `foot`.
        left, right: where the drawing begins and ends, in parts of the width.
        words: whether title, subtitle and footer stand on it; elsewhere a page says them.
        above: whether a row's name stands above it, not left of it.
        room: how much more of the width than on a slide the words beside a mark need.
    """

    width: int
    height: int | None = None
    row: int = 0
    head: int = 0
    foot: int = 0
    left: float
    right: float
    words: bool = False
    above: bool = False
    room: float = 1.0


#: For a projector, and whole in itself.
SLIDE = Sheet(width=1600, height=900, left=0.225, right=0.965, words=True)
#: For a page as wide as a desk's screen.
PAGE = Sheet(width=1600, row=98, head=12, foot=96, left=0.2, right=0.97)
#: For a page on a phone.
PHONE = Sheet(width=900, row=150, head=8, foot=136, left=0.05, right=0.95, above=True, room=1.3)


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawn chart: the name of its files, the finding that is its title, and the drawing."""

    name: str
    title: str
    figure: Figure


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
    "text.parse_math": False,  # a label with a $ in it is no formula
}


@contextmanager
def styled() -> Iterator[None]:
    """Matplotlib's settings for the time of drawing one chart."""
    with matplotlib.rc_context(cast("Any", _SETTINGS)):
        yield


def frame(
    footer: str, title: str, subtitle: str, *, rows: int = 6, sheet: Sheet = SLIDE
) -> tuple[Figure, float, float]:
    """An empty sheet with its words; with it, the bottom and top of the free area.

    Args:
        footer: sample size, duration and machine, or what else the drawing rests on, in one line.
    """
    height = sheet.height or max(rows, 1) * sheet.row + sheet.head + sheet.foot
    colour = "white" if sheet.words else "none"
    figure = Figure(figsize=(sheet.width / 100, height / 100), dpi=100, facecolor=colour)
    FigureCanvasAgg(figure)
    if not sheet.words:
        return figure, sheet.foot / height, 1 - sheet.head / height
    lines = textwrap.wrap(title, 62, max_lines=3, placeholder=" …")
    figure.text(
        0.04, 0.955, "\n".join(lines), fontsize=28, fontweight="bold", va="top", linespacing=1.2
    )
    top = 0.955 - 0.0535 * len(lines)
    shown = textwrap.wrap(subtitle, 118, max_lines=2, placeholder=" …")
    figure.text(0.04, top - 0.012, "\n".join(shown), fontsize=17, color=GREY, va="top")
    below = textwrap.shorten(footer, 150, placeholder=" …")
    figure.text(0.04, 0.022, below, fontsize=14, color=GREY)
    return figure, 0.165, top - 0.045 - 0.032 * len(shown)


def fit(
    figure: Figure, text: str, size: float, width: float, most: int = 2
) -> tuple[list[str], float]:
    """Bold `text` in at most so many lines, no wider than `width` pixels, and their size.

    It is made smaller first, then broken, and cut only when all that does not do.
    """

    def wide(line: str, points: float) -> float:
        probe = figure.text(0, 0, line, fontsize=points, fontweight="bold")
        extent: float = probe.get_window_extent(cast("Any", figure.canvas).get_renderer()).width
        probe.remove()
        return extent

    least = max(10.0, size * 0.72)
    full = wide(text, size)
    if full <= width:
        return [text], size
    if full * least / size <= width:
        return [text], size * width / full * 0.99
    room = int(len(text) * width / (full * least / size))
    for each in range(room, 4, -1):
        lines = textwrap.wrap(_cut(text, most * each - 3 * (most - 1)), each)
        if len(lines) <= most and max(wide(line, least) for line in lines) <= width:
            return lines, least
    return [_cut(text, 5)], least


def _cut(text: str, most: int) -> str:
    """`text` in at most so many letters: the middle goes, since labels often differ at the end."""
    if len(text) <= most:
        return text
    end = min(8, most // 3)
    return f"{text[: most - end - 1].rstrip()}…{text[-end:]}"


def say(
    axes: Axes,
    text: str,
    at: tuple[float, float],
    by: tuple[float, float] = (0, 0),
    size: float = 18,
    colour: str = INK,
    *,
    bold: bool = False,
    within: Literal["data", "rows", "columns", "axes"] = "data",
    **more: Any,
) -> Annotation:
    """A text beside the place `at`, moved `by` points; one that is moved to the left ends there.

    Args:
        within: what `at` counts in: data; parts of the width and rows; columns and parts of the
            height; parts of both.
    """
    across, up = axes.get_yaxis_transform(), axes.get_xaxis_transform()
    places: dict[str, Any] = {"data": "data", "rows": across, "columns": up, "axes": axes.transAxes}
    told = {"ha": "right" if by[0] < 0 else "left", "va": "center", "annotation_clip": False}
    told |= {"xycoords": places[within], "textcoords": "offset points", "color": colour}
    told |= {"fontweight": "bold"} if bold else {}
    return axes.annotate(text, at, xytext=by, fontsize=size, **told | more)


def scale_below(axes: Axes) -> None:
    """A scale below the rows, and faint lines up from it."""
    axes.tick_params(axis="x", length=0, labelsize=17)
    axes.grid(axis="x", color=GRID, linewidth=1)
    axes.set_axisbelow(True)


def describe_axis(
    axes: Axes,
    text: str,
    handles: Sequence[Artist] = (),
    *,
    drop_pt: float = 40.0,
    sheet: Sheet = SLIDE,
) -> None:
    """Say below the axis what it shows, at the left, and what the marks mean, at the right.

    Args:
        drop_pt: how far below the axis, in points. On a phone's sheet the marks' meanings get a
            line of their own.
    """
    figure = cast("Figure", axes.figure)
    places = [
        axes.transAxes + ScaledTranslation(0, -drop / 72, figure.dpi_scale_trans)
        for drop in (drop_pt, drop_pt + (34.0 if sheet.above else 0.0))
    ]
    axes.text(0, 0, text, transform=places[0], fontsize=17, color=GREY, va="center", ha="left")
    if not handles:
        return
    right = axes.get_position().x1
    start = (sheet.right - axes.get_position().x0) / (right - axes.get_position().x0)
    axes.legend(
        handles=list(handles),
        loc="center right",
        bbox_to_anchor=(start, 0.0),
        bbox_transform=places[1],
        frameon=False,
        ncols=len(handles),
        fontsize=16,
        handlelength=1.3,
        handletextpad=0.5,
        columnspacing=1.4,
        borderaxespad=0,
        borderpad=0,
    )


def make_folder(out: Path) -> None:
    """Make the folder that gets charts, unless it is there.

    Whoever prints a table first calls it before, so that a wrong folder is told at once.

    Raises:
        SetupError: it cannot be made, or is a file.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise SetupError(f"{out}: is a file; charts go into a folder, so name one") from error
    except OSError as error:
        raise SetupError(
            f"{out}: this folder for charts cannot be made ({error.strerror}); name another"
        ) from error


def save(charts: Iterable[Chart], out: Path) -> list[Path]:
    """Write each chart as PNG and as SVG, the same bytes for the same run; the paths.

    Raises:
        SetupError: the folder or a file cannot be written.
    """
    made = []
    for chart in charts:
        make_folder(out)
        png, svg = out / f"{chart.name}.png", out / f"{chart.name}.svg"
        try:
            with styled():
                chart.figure.savefig(png, metadata={"Software": None})
                chart.figure.savefig(svg, metadata={"Date": None})
        except OSError as error:
            raise SetupError(
                f"{out}: charts cannot be written there ({error.strerror or error})"
            ) from error
        made += [png, svg]
    return made


def as_svg(chart: Chart) -> str:
    """The chart as an SVG document."""
    buffer = io.StringIO()
    with styled():
        chart.figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()
