"""Tables for a terminal of any width, and for a pipe. No number is ever cut.

On a terminal headings and labels are broken at blanks; columns that do not fit together stand in
blocks one below the other, each with the rows' names. Where not even one column fits beside a name,
every row becomes a list. In a pipe each row is one line, with two blanks or more between columns: a
value has a blank before its unit.
"""

from dataclasses import replace

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from pushlab.tables.layout import Block, as_list, blocks_of, padded, wrapped
from pushlab.tables.model import NOTHING, Cell, Column, Row, Table

__all__ = ["is_live", "legend", "lines", "plain_lines", "print_table", "say"]


def is_live(console: Console) -> bool:
    """Whether the console is a terminal that can move its cursor."""
    return console.is_terminal and not console.is_dumb_terminal


def say(console: Console, text: str, style: str = "") -> None:
    """Print a sentence: broken at blanks on a terminal, in one line elsewhere, however long."""
    console.print(Text(text, style=style), soft_wrap=not is_live(console))


def print_table(console: Console, table: Table, *, explained: bool = False) -> None:
    """Print the table as its place needs it; and, if it is to be `explained`, its legend.

    In a pipe a blank line keeps the two apart: the table is a paragraph of its own, for awk.
    """
    live = is_live(console)
    found = lines(table, console.width) if live else [Text(line) for line in plain_lines(table)]
    if explained:
        told = legend(table, short=not live)
        if live:
            told = [part for text in told for part in wrapped(text, console.width)]
        found += [*([] if live else [Text()]), *(Text(line, "dim") for line in told)]
    for line in found:
        console.print(line, soft_wrap=True)


def plain_lines(table: Table) -> list[str]:
    """A line for each row, however long, below the short heads. None begins with a blank."""
    table = _printed(table, short=True)
    columns = [*(replace(column, text=True) for column in table.leading), *table.columns]
    rows = [[column.words for column in columns]]
    for row in table.rows:
        told = [
            column.printed(cell) for column, cell in zip(table.columns, row.cells, strict=False)
        ]
        rows.append([*map(str, row.names), *(told or [row.problem])])
    full = [row for row in rows if len(row) == len(columns)]
    widths = [
        max(cell_len(row[i]) for row in (rows if i < len(table.leading) else full))
        for i in range(len(columns))
    ]
    return [
        "  ".join(
            padded(text, width, right=not column.text and len(row) == len(columns))
            for text, width, column in zip(row, widths, columns, strict=False)
        ).rstrip()
        for row in rows
    ]


def lines(table: Table, width: int) -> list[Text]:
    """The table in lines of at most so many letters, unless a single number is longer."""
    table = _printed(table, short=False)
    every = range(len(table.columns))
    for gap, height in ((2, 2), (1, 2), (1, 3)):
        whole = Block(table, every, gap, height)
        if whole.least <= width:
            return list(whole.lines(width))
    blocks = list(blocks_of(table, width))
    if any(block.least > width for block in blocks):
        return list(as_list(table, width))
    found: list[Text] = []
    for block in blocks:
        found += [Text(), *block.lines(width, problems=False)] if found else block.lines(width)
    return found


def legend(table: Table, *, short: bool) -> list[str]:
    """What must be said below a table: of short heads, brackets, dashes and stars, if it has any.

    Args:
        short: the heads are the short ones, and there is nothing below a value.
    """
    found = []
    if short:
        heads: dict[str, list[str]] = {}
        for column in (*table.leading, *table.columns):
            rest = column.words.replace(column.head, "", 1).strip() if column.head else ""
            if rest:
                heads.setdefault(rest, []).append(column.head)
        found.append("; ".join(f"{', '.join(names)}: {rest}" for rest, names in heads.items()))
    told = {
        text
        for row in table.rows
        for column, cell in zip(table.columns, row.cells, strict=False)
        for text in (column.told(cell), "" if short else cell.note)
    }
    if any(text.startswith("(") for text in told):
        found.append("In brackets: what a closed form predicts")
    if NOTHING in told:
        found.append("-: not measured, or too few deliveries to say")
    if any(row.marks or any(cell.mark for cell in row.cells) for row in table.rows):
        found.append("*: see the remarks below")
    return [f"{text}." for text in found if text]


# ---- what is printed, in its direction -----------------------------------------------------------


def _printed(table: Table, *, short: bool) -> Table:
    if table.turned:
        return _turned(table, short=short)
    rows: list[Row] = []
    above: list[str] = []
    for row in table.rows:
        *upper, last = _names(table, row)
        # on a terminal, names that are those of the row above are left out
        shown = [""] * len(upper) if upper == above and not short else upper
        rows.append(replace(row, names=[*shown, last]))
        above = upper
    leading, columns = (
        [replace(column, words=_heading(column, short=short), small="") for column in some]
        for some in (table.leading, table.columns)
    )
    return Table(leading, columns, rows)


def _turned(table: Table, *, short: bool) -> Table:
    rows, above = [], ""
    for i, column in enumerate(table.columns):
        name = f"  {column.small}" if column.words == above and not short else ""
        above = column.words
        cells = [
            replace(row.cells[i], value=column.told(row.cells[i]))
            if row.cells
            else Cell(row.problem, bad=True)
            for row in table.rows
        ]
        name = name or _heading(column, short=short)
        rows.append(Row([name], cells, text=column.text, dim=column.dim))
    columns = [Column(", ".join(_names(table, row))) for row in table.rows]
    return Table([Column("figure" if short else "", text=True)], columns, rows)


def _names(table: Table, row: Row) -> list[str]:
    names = [column.told(Cell(name)) for column, name in zip(table.leading, row.names, strict=True)]
    return [*names[:-1], names[-1] + (" *" if row.marks else "")]


def _heading(column: Column, *, short: bool) -> str:
    joint = ", " if short else " "
    return (short and column.head) or joint.join(filter(None, (column.words, column.small)))
