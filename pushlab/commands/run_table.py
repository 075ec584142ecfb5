"""The table of a run, for a terminal of any width and for a pipe.

On a terminal columns that do not fit are left out, the least important first, and named; labels are
broken into lines. In a pipe each transport is one line, with two blanks or more between columns.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from pushlab.commands.units import quantity, seconds

__all__ = ["plain_table", "pretty_table"]

Cells = Mapping[str, Mapping[str, Any]]

_LEAST_NAME = 14  # letters for a label before a column gives way to it
_MOST_NAME = 30


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: its title in two lines and in one, its text, and what a model says of it.

    Attributes:
        rank: columns of the highest rank give way first; those of rank 0 stay.
    """

    title: str
    plain: str
    text: Callable[[Mapping[str, Any]], str]
    rank: int
    model: Callable[[Mapping[str, Any]], str] | None = None
    bad: Callable[[Mapping[str, Any]], bool] = lambda cell: False


def _hits_model(cell: Mapping[str, Any]) -> str:
    hits, count = (cell["predicted"] or {}).get("hits"), cell["latency_s"]["count"]
    return quantity(hits / count) if hits is not None and count else "-"


def _mean_model(cell: Mapping[str, Any]) -> str:
    """A predicted latency; a closed form without a network in it comes to nothing."""
    mean_s = (cell["predicted"] or {}).get("mean_latency_s")
    return "≈ 0" if mean_s is not None and mean_s < 1e-5 else seconds(mean_s)


_COLUMNS = (
    _Column("delivered", "delivered", lambda c: quantity(c["delivered"]), 4),
    _Column("lost", "lost", lambda c: f"{c['lost']:,}", 0, bad=lambda c: c["lost"] > 0),
    _Column(
        "hits per\ndelivery", "hits/dlv", lambda c: quantity(c["hits_per_delivery"]), 0, _hits_model
    ),
    _Column("latency\np50", "p50", lambda c: seconds(c["latency_s"]["p50"]), 0),
    _Column("\np99", "p99", lambda c: seconds(c["latency_s"]["p99"]), 1),
    _Column("\nmean", "mean", lambda c: seconds(c["latency_s"]["mean"]), 0, _mean_model),
    _Column("stale\nat most", "stale", lambda c: seconds(c["staleness_s"]["max"]), 5),
    _Column("bytes per\ndelivery", "bytes", lambda c: quantity(c["bytes_per_delivery"]), 2),
    _Column("CPU per\ndelivery", "cpu", lambda c: seconds(c["cpu_s_per_delivery"]), 3),
    _Column("USD a\nmonth", "usd", lambda c: quantity((c["usd_per_month"] or {}).get("usd")), 6),
)


def plain_table(cells: Cells) -> list[str]:
    """The table as lines of text, the model's figures left out."""
    rows = [["transport", *(column.plain for column in _COLUMNS)]]
    for name, cell in cells.items():
        if _empty(cell):
            rows.append([name, str(cell["status"])])
            continue
        texts = (column.text(cell).replace(" ", "") for column in _COLUMNS)
        rows.append([name + _star(cell), *texts])
    widths = [
        max(cell_len(row[i]) for row in rows if len(row) > max(i, 2) or i < len(row))
        for i in range(len(rows[0]))
    ]
    lines = []
    for row in rows:
        first = row[0] + " " * (widths[0] - cell_len(row[0]))
        rest = [text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=False)]
        lines.append("  ".join([first, *rest]))
    return lines


def pretty_table(cells: Cells, width: int) -> list[Table | Text]:
    """The table for a terminal so wide, and what is left out."""
    shown = [cell for cell in cells.values() if not _empty(cell)]
    name_room = min(_MOST_NAME, max([_LEAST_NAME, *(cell_len(name) + 2 for name in cells)]))
    room = width - min(name_room, max(_LEAST_NAME, width // 4)) - 1
    chosen = list(_COLUMNS)
    while sum(_width(column, shown) + 1 for column in chosen) > room:
        last = max(chosen, key=lambda column: column.rank)
        if last.rank == 0:
            break
        chosen.remove(last)
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    left = width - sum(_width(column, shown) + 1 for column in chosen) - 1
    table.add_column("transport", overflow="fold", max_width=max(8, min(left, name_room)))
    for column in chosen:
        table.add_column(column.title, justify="right", no_wrap=True)
    for name, cell in cells.items():
        if _empty(cell):
            table.add_row(Text(name), Text(cell["status"], style="red"))  # the caveats say why
        else:
            table.add_row(Text(name + _star(cell)), *(_cell(column, cell) for column in chosen))
    parts: list[Table | Text] = [table]
    if shown:
        parts.append(Text("In brackets: what a closed form predicts.", style="dim"))
    if any(_star(cell) for cell in shown):
        parts.append(Text("*: see the remarks below.", style="dim"))
    missing = [
        column.title.replace("\n", " ").strip() for column in _COLUMNS if column not in chosen
    ]
    if missing:
        words = f"No room here for: {', '.join(missing)}. `pushlab report` has it all."
        parts.append(Text(words, style="dim"))
    return parts


def _empty(cell: Mapping[str, Any]) -> bool:
    return cell["status"] in ("failed", "not-run")


def _star(cell: Mapping[str, Any]) -> str:
    return " *" if cell["marks"] or cell["unstable"] else ""


def _model(column: _Column, cell: Mapping[str, Any]) -> str:
    text = column.model(cell) if column.model else "-"
    return "" if text == "-" else f"({text})"


def _cell(column: _Column, cell: Mapping[str, Any]) -> Text:
    text = Text(column.text(cell), style="bold red" if column.bad(cell) else "")
    model = _model(column, cell)
    return text.append(f"\n{model}", style="dim") if model else text


def _width(column: _Column, cells: Sequence[Mapping[str, Any]]) -> int:
    texts = column.title.split("\n")
    for cell in cells:
        texts += [column.text(cell), _model(column, cell)]
    return max(cell_len(text) for text in texts)
