"""What charts with a row for each cell share: names, remarks, bars, and the words beside them."""

from collections.abc import Sequence
from typing import Any, Literal, cast

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Annotation

from pushlab.charts.frame import SLIDE, Sheet, fit, frame, say
from pushlab.charts.style import ACCENT, GREY, INK, LINE, CellStyle
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

_TRANSPORTS = 0.105  #: of the sheet's width, for a transport's name beside those of its servers


def _margin(sheet: Sheet) -> float:
    """Where a transport's name begins, as a part of the sheet's width."""
    return 0.04 if sheet.words else 0.005


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
    return drawing, axes, row_size(len(cells), sheet, grouped=view.grid.several)


def row_size(rows: int, sheet: Sheet = SLIDE, *, grouped: bool = False) -> float:
    """The size of row labels, in points, for so many rows; short ones where they are grouped."""
    if not sheet.words:
        return 21.0 if sheet.above else 18.0
    if grouped:
        return min(17.0, max(11.0, 200.0 / rows))
    return 21.0 if rows <= 6 else max(11.0, 140.0 / rows)


def label_rows(
    axes: Axes, view: RunView, cells: Sequence[str], *, figure: str, sheet: Sheet = SLIDE
) -> None:
    """Name each row, row 0 on top, with what is to be held against its `figure`."""
    rows = view.places(cells)
    axes.set_ylim((rows or [0.0])[-1] + 0.6, -0.6)
    axes.set_yticks([])
    size = row_size(len(cells), sheet, grouped=view.grid.several)
    for row, cell in zip(rows, cells, strict=True):
        place = (0.0, row - 0.45 if sheet.above else row)
        label(axes, view, cell, place, remark=view.remark(cell, figure), size=size, sheet=sheet)
    if view.grid.several and not sheet.above:
        _head_groups(axes, view, cells, rows, sheet)


def _head_groups(
    axes: Axes, view: RunView, cells: Sequence[str], rows: Sequence[float], sheet: Sheet
) -> None:
    """The transport's name left of its servers, and a line above each but the first."""
    drawing, width = cast("Figure", axes.figure), sheet.width * axes.get_position().width
    starts = [i for i in range(len(cells)) if view.starts_group(cells, i)]
    for i, end in zip(starts, [*starts[1:], len(cells)], strict=True):
        if view.summaries[cells[i]].floor:
            continue
        style = view.cell_styles[cells[i]]
        room = _TRANSPORTS * sheet.width
        lines, points = fit(drawing, style.setting, 19.0, room, 3)
        left = (_margin(sheet) - sheet.left) * sheet.width / width
        middle = (rows[i] + rows[end - 1]) / 2
        name = "\n".join(lines)
        say(axes, name, (left, middle), size=points, bold=True, within="rows", linespacing=1.1)
        if i:
            edge = (rows[i] + rows[i - 1]) / 2
            right = 1.0 + (sheet.right - axes.get_position().x1) * sheet.width / width
            line = Line2D([left, right], [edge, edge], color=LINE, linewidth=1, clip_on=False)
            line.set_transform(axes.get_yaxis_transform())
            axes.add_artist(line)


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
    drawing, style = cast("Figure", axes.figure), view.cell_styles[cell]
    grouped = view.grid.several and not sheet.above and not view.summaries[cell].floor
    name = style.server if grouped else style.name
    within: Literal["rows", "axes"] = "rows" if in_rows else "axes"
    if sheet.above:
        box = axes.get_position()
        span, right = (sheet.right - box.x0) * sheet.width, (sheet.right - box.x0) / box.width
        (shown,), points = fit(drawing, name, size, span * share, 1)
        say(axes, shown, place, (4, 0), points, bold=True, within=within)
        if remark:
            (shown,), points = fit(drawing, remark, size * 0.7, span * (0.97 - share), 1)
            at = (right, place[1])
            say(axes, shown, at, size=points, colour=ACCENT, ha="right", within=within)
        return
    width = sheet.left * sheet.width - 34
    if grouped:
        width -= (_margin(sheet) + _TRANSPORTS) * sheet.width
        if remark:  # there is no room for words below each name
            say(axes, "*", place, (-13, 0), size, ACCENT, bold=True, within=within, ha="left")
            remark = ""
    lines, points = fit(drawing, name, size, width)
    texts = [(line, points, INK) for line in lines]
    if remark:
        remarks, points = fit(drawing, remark, size * 0.68, width)
        texts += [(line, points, ACCENT) for line in remarks]
    steps = [1.2 * (texts[i][1] + texts[i + 1][1]) / 2 for i in range(len(texts) - 1)] + [0.0]
    up = sum(steps) / 2
    for (text, points, colour), step in zip(texts, steps, strict=True):
        bold = colour is INK
        say(axes, text, place, (-16, up), points, colour, bold=bold, within=within)
        up -= step


def note(
    axes: Axes, x: float, row: float, text: str, *, size: float = 18, up: float = 0.0, **more: Any
) -> Annotation:
    """A text in a row, beginning a little right of `x`, raised by `up` points."""
    return say(axes, text, (x, row), (10, up), size, **more)


def told_instead(axes: Axes, row: float, text: str, size: float) -> None:
    """Say in a row why nothing is drawn there."""
    note(axes, axes.get_xlim()[0], row, text, size=size, colour=GREY, style="italic")


def stacked(axes: Axes, row: float, solid: float, hatched: float, style: CellStyle) -> None:
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
