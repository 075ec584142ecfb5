"""The table of a run, for a terminal of any width and for a pipe."""

from collections.abc import Mapping

from rich.table import Table
from rich.text import Text

from pushlab.analysis.summary.catalogue import shown_in
from pushlab.analysis.summary.model import CellSummary
from pushlab.commands.columns import (
    Column,
    aligned,
    fitting,
    left_out,
    legend,
    star,
)

__all__ = ["plain_legend", "plain_table", "pretty_table"]

Cells = Mapping[str, CellSummary]


def _columns() -> list[Column]:
    return [Column.of(one, one.shown["run"], model_below=True) for one in shown_in("run")]


def plain_table(cells: Cells) -> list[str]:
    """The table as lines of text under short heads, the model's figures left out."""
    columns = _columns()
    rows = [["transport", *(column.head for column in columns)]]
    for name, cell in cells.items():
        if cell.is_empty:
            rows.append([name, cell.status])
        else:
            rows.append([name + star(cell), *(column.text(cell) for column in columns)])
    return aligned(rows, left=0)


def plain_legend(cells: Cells) -> list[str]:
    """What the heads and signs of the plain table mean."""
    shown = [cell for cell in cells.values() if not cell.is_empty]
    return legend(_columns(), shown, short=True) if shown else []


def pretty_table(cells: Cells, width: int) -> list[Table | Text]:
    """The table for a terminal so wide, and what is left out."""
    columns = _columns()
    shown = [cell for cell in cells.values() if not cell.is_empty]
    names = [name if cell.is_empty else name + star(cell) for name, cell in cells.items()]
    chosen, name_room = fitting(columns, shown, names, width)
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("transport", overflow="fold", max_width=name_room)
    for column in chosen:
        table.add_column(column.title, justify="right", no_wrap=True)
    for name, cell in zip(names, cells.values(), strict=True):
        if cell.is_empty:
            table.add_row(Text(name), Text(cell.status, style="red"))  # the caveats say why
        else:
            table.add_row(Text(name), *(_text(column, cell) for column in chosen))
    below = legend(chosen, shown, short=False)
    if missing := left_out(columns, chosen):
        below.append(f"{missing} `pushlab report` has it all.")
    return [table, *(Text(line, style="dim") for line in below)]


def _text(column: Column, cell: CellSummary) -> Text:
    text = Text(column.text(cell), style="bold red" if column.bad(cell) else "")
    model = column.predicted(cell)
    return text.append(f"\n{model}", style="dim") if model else text
