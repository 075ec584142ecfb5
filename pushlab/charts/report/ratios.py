"""How many times as much as a baseline: ratios with their intervals, as a table."""

from pushlab.analysis.summary.catalogue import Figure, ranked
from pushlab.analysis.summary.comparison import Ratio, ratios_to
from pushlab.charts.report.tables import TRANSPORT
from pushlab.charts.view import RunView
from pushlab.errors import UsageError
from pushlab.quantities import ratio, span
from pushlab.tables import Cell, Column, Row, Table

__all__ = ["baseline_of", "ratio_table"]


def baseline_of(view: RunView, wanted: str | None) -> str | None:
    """The cell that others are divided by: `wanted`, or the first that asks, or the first at all.

    Returns:
        None if no cell delivered anything.

    Raises:
        UsageError: there is no such cell, or nothing came of it.
    """
    able = [cell for cell in view.cells if view.problem(cell) is None]
    if wanted is not None:
        if wanted not in able:
            known = ", ".join(able) or "none"
            why = "has no figures" if wanted in view.cells else "is none of this run's"
            raise UsageError(f"--baseline: {wanted!r} {why} (those with figures: {known})")
        return wanted
    asking = [cell for cell in able if view.run.profiles[cell].asks]
    return next(iter(asking + able), None)


def ratio_table(view: RunView, baseline: str) -> Table:
    """Each cell's main figures as multiples of the baseline's."""
    known, figures = ratios_to(view.analysis.cells, baseline), ranked()
    rows = []
    for cell in view.rivals:
        style = view.cell_styles[cell]
        problem = view.problem(cell) or ""
        if cell == baseline:
            cells = [Cell("1", "the baseline")] * len(figures)
        else:
            ours = {} if problem else known[cell]
            cells = [_cell(view, cell, baseline, one, ours[one.key]) for one in figures if ours]
        rows.append(Row([style.name], cells, problem, colour=style.colour))
    caption = f"Multiples of {view.names[baseline]}, with 95 % intervals over trials."
    columns = [Column(one.title, show=ratio) for one in figures]
    return Table(TRANSPORT, columns, rows, caption)


def _cell(
    view: RunView,
    cell: str,
    baseline: str,
    figure: Figure,
    found: Ratio | None,
) -> Cell:
    if found is None:
        own = view.summaries[baseline][figure.name]
        return Cell(None, "the baseline has none" if own == 0 else "")
    multiple, interval = found
    note, mark = "", ""
    if interval is not None:
        low, high = interval
        note = span(interval, ratio)
        if low <= 1 <= high:
            mark = "no clear difference"
    if figure.key == "latency_s" and view.analysis.floor_s is not None:
        ours, theirs = (view.summaries[which][figure.name] or 0.0 for which in (cell, baseline))
        if abs(ours - theirs) < view.analysis.floor_s:
            mark = "below the harness floor"
    return Cell(multiple, note, mark)
