"""What charts with a row for each cell share: names, remarks, bars, and the words beside them."""

from collections.abc import Sequence
from typing import Any, cast

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from pushlab.charts.frame import SLIDE, Sheet, fit, frame
from pushlab.charts.style import ACCENT, GREY, INK, CellStyle
from pushlab.charts.view import RunView

__all__ = [
    "label",
    "label_rows",
    "note",
    "row_size",
    "rows_frame",
    "solid_and_hatched",
    "stacked",
    "told_instead",
]


def rows_frame(
    view: RunView,
    title: str,
    subtitle: str,
    sheet: Sheet,
    *,
    figure: str,
    cells: Sequence[str] | None = None,
) -> tuple[Figure, Axes, float]:
    """A sheet with its words, axes with a named row for each cell, and the size of the names.

    Args:
        figure: what is shown, whose remarks stand with the names.
        cells: None takes all but the harness's floor.
    """
    cells = view.rivals if cells is None else cells
    drawing, bottom, top = frame(view.footer(), title, subtitle, rows=len(cells), sheet=sheet)
    axes = drawing.add_axes((sheet.left, bottom, sheet.right - sheet.left, top - bottom))
    label_rows(axes, view, cells, figure=figure, sheet=sheet)
    return drawing, axes, row_size(len(cells), sheet)


def row_size(rows: int, sheet: Sheet = SLIDE) -> float:
    """The size of row labels, in points, for so many rows."""
    if not sheet.words:
        return 21.0 if sheet.above else 18.0
    return 21.0 if rows <= 6 else max(11.0, 140.0 / rows)


def label_rows(
    axes: Axes, view: RunView, cells: Sequence[str], *, figure: str, sheet: Sheet = SLIDE
) -> None:
    """Name each row, row 0 on top, with what is to be held against its `figure`."""
    axes.set_ylim(len(cells) - 0.4, -0.6)
    axes.set_yticks([])
    size = row_size(len(cells), sheet)
    for row, cell in enumerate(cells):
        place = (0.0, row - 0.45 if sheet.above else row)
        label(axes, view, cell, place, remark=view.remark(cell, figure), size=size, sheet=sheet)


def label(
    axes: Axes,
    view: RunView,
    cell: str,
    place: tuple[float, float],
    *,
    remark: str,
    size: float,
    sheet: Sheet,
    in_rows: bool = True,
    share: float = 0.58,
) -> None:
    """Name a cell left of `place`, or at it where names stand above rows; the remark goes with it.

    Args:
        in_rows: whether `place` counts rows upwards; else parts of the axes' height.
        share: of the axes' width, for a name above its row; the rest is for what stands beside.
    """
    drawing, name = cast("Figure", axes.figure), view.cell_styles[cell].name
    common: dict[str, Any] = {
        "xycoords": axes.get_yaxis_transform() if in_rows else axes.transAxes,
        "textcoords": "offset points",
        "va": "center",
        "annotation_clip": False,
    }

    def say(text: str, at: tuple[float, float], by: tuple[float, float], **more: Any) -> None:
        axes.annotate(text, at, xytext=by, **common, **more)

    bold: dict[str, Any] = {"fontweight": "bold", "color": INK}
    if sheet.above:
        span = axes.get_position().width * sheet.width
        (shown,), points = fit(drawing, name, size, span * share, 1)
        say(shown, place, (4, 0), ha="left", fontsize=points, **bold)
        if remark:
            (shown,), points = fit(drawing, remark, size * 0.7, span * (0.97 - share), 1)
            say(shown, (1, place[1]), (0, 0), ha="right", fontsize=points, color=ACCENT)
        return
    width = sheet.left * sheet.width - 34
    lines, points = fit(drawing, name, size, width)
    texts = [(line, points, bold) for line in lines]
    if remark:
        remarks, points = fit(drawing, remark, size * 0.68, width)
        texts += [(line, points, {"color": ACCENT}) for line in remarks]
    steps = [1.2 * (texts[i][1] + texts[i + 1][1]) / 2 for i in range(len(texts) - 1)] + [0.0]
    up = sum(steps) / 2
    for (text, points, more), step in zip(texts, steps, strict=True):
        say(text, place, (-16, up), ha="right", fontsize=points, **more)
        up -= step


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


def told_instead(axes: Axes, row: int, text: str, size: float) -> None:
    """Say in a row why nothing is drawn there."""
    note(axes, axes.get_xlim()[0], row, text, size=size, color=GREY, style="italic")


def stacked(axes: Axes, row: int, solid: float, hatched: float, style: CellStyle) -> None:
    """A bar in two parts."""
    axes.barh(row, solid, height=0.56, color=style.colour, **style.texture)
    axes.barh(
        row,
        hatched,
        left=solid,
        height=0.56,
        facecolor="white",
        edgecolor=style.colour,
        hatch="//",
        linewidth=2 if hatched else 0,
    )


def solid_and_hatched(solid: str, hatched: str) -> list[Patch]:
    """What the parts of a bar mean, for a legend."""
    return [
        Patch(color=GREY, label=solid),
        Patch(facecolor="white", edgecolor=GREY, hatch="//", label=hatched),
    ]
