"""The table of a run, for a terminal of any width and for a pipe."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from pushlab.commands.columns import (
    Column,
    aligned,
    duration,
    fitting,
    is_empty,
    left_out,
    legend,
    number,
    star,
)

__all__ = ["plain_legend", "plain_table", "pretty_table"]

Cells = Mapping[str, Mapping[str, Any]]


def _hits_model(cell: Mapping[str, Any]) -> str:
    hits, count = (cell["predicted"] or {}).get("hits"), cell["latency_s"]["count"]
    return number(hits / count) if hits is not None and count else "-"


def _mean_model(cell: Mapping[str, Any]) -> str:
    """A predicted latency; a closed form without a network in it comes to nothing."""
    mean_s = (cell["predicted"] or {}).get("mean_latency_s")
    return "≈ 0" if mean_s is not None and mean_s < 1e-5 else duration(mean_s)


_COLUMNS = (
    Column("delivered", "delivered", lambda c: number(c["delivered"]), 4),
    Column("lost", "lost", lambda c: f"{c['lost']:,}", 0, bad=lambda c: c["lost"] > 0),
    Column("hits", "hits per delivery", lambda c: number(c["hits_per_delivery"]), 0, _hits_model),
    Column("p50", "latency p50", lambda c: duration(c["latency_s"]["p50"]), 0),
    Column("p99", "latency p99", lambda c: duration(c["latency_s"]["p99"]), 1),
    Column("mean", "latency mean", lambda c: duration(c["latency_s"]["mean"]), 0, _mean_model),
    Column("stale", "stale at most", lambda c: duration(c["staleness_s"]["max"]), 5),
    Column("bytes", "bytes per delivery", lambda c: number(c["bytes_per_delivery"]), 2),
    Column("CPU", "CPU per delivery", lambda c: duration(c["cpu_s_per_delivery"]), 3),
    Column("USD", "USD a month", lambda c: number((c["usd_per_month"] or {}).get("usd")), 6),
)


def plain_table(cells: Cells) -> list[str]:
    """The table as lines of text under short heads, the model's figures left out."""
    rows = [["transport", *(column.head for column in _COLUMNS)]]
    for name, cell in cells.items():
        if is_empty(cell):
            rows.append([name, str(cell["status"])])
        else:
            rows.append([name + star(cell), *(column.text(cell) for column in _COLUMNS)])
    return aligned(rows, left=0)


def plain_legend(cells: Cells) -> list[str]:
    """What the heads and signs of the plain table mean."""
    shown = [cell for cell in cells.values() if not is_empty(cell)]
    return legend(_COLUMNS, shown, short=True) if shown else []


def pretty_table(cells: Cells, width: int) -> list[Table | Text]:
    """The table for a terminal so wide, and what is left out."""
    shown = [cell for cell in cells.values() if not is_empty(cell)]
    names = [name if is_empty(cell) else name + star(cell) for name, cell in cells.items()]
    chosen, name_room = fitting(_COLUMNS, shown, names, width)
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("transport", overflow="fold", max_width=name_room)
    for column in chosen:
        table.add_column(column.title, justify="right", no_wrap=True)
    for name, cell in zip(names, cells.values(), strict=True):
        if is_empty(cell):
            table.add_row(Text(name), Text(cell["status"], style="red"))  # the caveats say why
        else:
            table.add_row(Text(name), *(_text(column, cell) for column in chosen))
    below = legend(chosen, shown, short=False)
    if missing := left_out(_COLUMNS, chosen):
        below.append(f"{missing} `pushlab report` has it all.")
    return [table, *(Text(line, style="dim") for line in below)]


def _text(column: Column, cell: Mapping[str, Any]) -> Text:
    text = Text(column.text(cell), style="bold red" if column.bad(cell) else "")
    model = column.predicted(cell)
    return text.append(f"\n{model}", style="dim") if model else text
