"""The table of a run."""

from collections.abc import Mapping

from pushlab.analysis.summary.catalogue import shown_in
from pushlab.analysis.summary.model import CellSummary
from pushlab.tables import Column, Row, Table
from pushlab.tables.figures import figure_cell, figure_columns, model_note

__all__ = ["run_table"]


def run_table(cells: Mapping[str, CellSummary]) -> Table:
    """Each cell's main figures, what a closed form says of them below."""
    rows = []
    for name, cell in cells.items():
        if cell.is_empty:
            rows.append(Row([name], problem=cell.status))  # the caveats say why
        else:
            found = [figure_cell(cell, one, model_note(cell, one)) for one in shown_in("run")]
            rows.append(Row([name], found, marks=[*cell.marks, *cell.unstable]))
    return Table([Column("transport", text=True)], figure_columns("run"), rows)
