"""The table of a sweep: one row for each point and transport, for a terminal and for a pipe."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import shorten
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pushlab.analysis.summary.catalogue import shown_in
from pushlab.analysis.summary.keys import key_words, value_words
from pushlab.analysis.summary.model import CellSummary
from pushlab.analysis.summary.stored import summary_of
from pushlab.analysis.summary.sweep_lines import SweepSeries, lines_of
from pushlab.commands.columns import (
    Column,
    aligned,
    fitting,
    in_two_lines,
    left_out,
    legend,
    star,
)
from pushlab.commands.terminal import is_live
from pushlab.runs import Sweep

__all__ = ["grid_json", "print_sweep"]


def print_sweep(sweep: Sweep, *, to_stderr: bool = False) -> None:
    """Print the grid, and what must be known before it is believed.

    On a terminal the table keeps to the terminal's width. Elsewhere it is plain text, a line for
    each transport at each point, and for each remark, however long.
    """
    console = Console(stderr=to_stderr, highlight=False, emoji=False)
    live = is_live(console)
    lines = lines_of(sweep)
    rows = _rows(sweep, lines)
    shown = [row.cell for row in rows if row.cell is not None]
    console.print()
    console.print(_headline(sweep), soft_wrap=not live)
    if live:
        for part in _pretty_table(sweep, rows, shown, console.width):
            console.print(part)
    else:
        console.print()
        for text in _plain_table(sweep, rows):
            console.print(Text(text), soft_wrap=True)
        console.print()  # so that the table is a paragraph of its own, for awk
        keys = [(_short(axis.key), key_words(axis.key)) for axis in sweep.axes]
        for text in legend(_columns(), shown, short=True, others=keys):
            console.print(Text(text), soft_wrap=True)
    notes = _notes(sweep, lines)
    if notes:
        console.print()
    for note in notes:
        console.print(Text(f"! {note}"), soft_wrap=not live)


def grid_json(sweep: Sweep) -> dict[str, Any]:
    """The sweep for programs: its axes, and each point with its summary's ``transports``."""
    runs = [sweep.run_of(number) for number in range(len(sweep.points))]
    return {
        "name": sweep.name,
        "kind": sweep.kind,
        "status": sweep.status,
        "axes": [{"key": axis.key, "values": axis.values} for axis in sweep.axes],
        "points": [
            {
                "folder": point.folder,
                "values": point.values,
                "transports": summary_of(run).to_json()["transports"] if run else {},
            }
            for point, run in zip(sweep.points, runs, strict=True)
        ],
        "capacity": sweep.capacity,
    }


def _headline(sweep: Sweep) -> Text:
    axes = " x ".join(f"{len(axis.values)} of {key_words(axis.key)}" for axis in sweep.axes)
    text = Text(f"{sweep.name}: ", style="bold")
    text.append(f"{len(sweep.points)} points ({axes}), {len(sweep.order)} trials", "not bold")
    if sweep.status != "complete":
        text.append(f"  [{sweep.status}]", style="bold red")
    return text


def _columns() -> list[Column]:
    return [Column.of(one, one.shown["sweep"]) for one in shown_in("sweep")]


@dataclass(frozen=True, slots=True)
class _Row:
    """One transport at one point of the grid.

    Attributes:
        point: the value of each swept key, in words.
        cell: its summary; None where nothing was measured, of which `told` says why.
    """

    point: Sequence[str]
    name: str
    cell: CellSummary | None
    told: str = ""


def _rows(sweep: Sweep, lines: Sequence[SweepSeries]) -> list[_Row]:
    rows = []
    for place, point in enumerate(sweep.points):
        words = [value_words(axis.key, point.values[axis.key]) for axis in sweep.axes]
        for line in lines:
            summary = line.at[place]
            if line.floor:
                continue
            if summary is None:
                rows.append(_Row(words, line.name, None, "not run"))
            elif summary.is_empty:
                rows.append(_Row(words, line.name, None, summary.status.replace("-", " ")))
            else:
                rows.append(_Row(words, line.name + star(summary), summary))
    return rows


def _short(key: str) -> str:
    """A swept key's short head: ``messages/s``, not ``messages/s per channel``."""
    return key_words(key).partition(" per ")[0]


def _plain_table(sweep: Sweep, rows: Sequence[_Row]) -> list[str]:
    """The point in every line: `grep` must not part a transport from its load."""
    keys, columns = [_short(axis.key) for axis in sweep.axes], _columns()
    texts = [[*keys, "transport", *(column.head for column in columns)]]
    for row in rows:
        found = [row.told] if row.cell is None else [c.text(row.cell) for c in columns]
        texts.append([*row.point, row.name, *found])
    return aligned(texts, left=len(keys))


def _pretty_table(
    sweep: Sweep, rows: Sequence[_Row], shown: Sequence[CellSummary], width: int
) -> list[Table | Text]:
    columns = _columns()
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for i, axis in enumerate(sweep.axes):
        title = in_two_lines(key_words(axis.key))
        texts = [*title.split("\n"), *(row.point[i] for row in rows)]
        width -= max(map(cell_len, texts)) + 1
        table.add_column(Text(title), justify="right", no_wrap=True)
    chosen, name_room = fitting(columns, shown, [row.name for row in rows], width)
    table.add_column("transport", overflow="fold", max_width=name_room)
    for column in chosen:
        table.add_column(column.title, justify="right", no_wrap=True)
    before: Sequence[str] = ()
    for row in rows:
        point = [""] * len(row.point) if row.point == before else row.point
        before = row.point
        texts_of = (
            [Text(row.told, style="red")]
            if row.cell is None
            else [Text(c.text(row.cell), "bold red" if c.bad(row.cell) else "") for c in chosen]
        )
        table.add_row(*point, Text(row.name), *texts_of)
    below = legend(_columns(), shown, short=False)
    if missing := left_out(columns, chosen):
        below.append(f"{missing} A wider window has it all.")
    return [table, *(Text(line, style="dim") for line in below)]


def _notes(sweep: Sweep, lines: Sequence[SweepSeries]) -> list[str]:
    """Each trouble once, with the points that have it."""
    found: dict[str, list[int]] = {}
    for line in lines:
        for place, summary in enumerate(line.at):
            for text in _troubles(line, summary):
                found.setdefault(text, []).append(place)
    notes = [f"{text} [{_where(sweep, numbers)}]" for text, numbers in found.items()]
    if len(sweep.sessions) > 1:
        commits = {session["environment"].get("commit") for session in sweep.sessions}
        other = ", by different versions of pushlab" if len(commits) > 1 else ""
        notes.append(f"The sweep was measured in {len(sweep.sessions)} sessions{other}.")
    return notes


def _troubles(line: SweepSeries, summary: CellSummary | None) -> list[str]:
    if summary is None:
        return [f"{line.name}: did not come to its turn"]
    found = []
    if summary.reason:
        found.append(f"{line.name}: {summary.status}: {shorten(summary.reason, 160)}")
    plain = summary.plain_marks or summary.marks
    if plain:
        found.append(f"{line.name}: marked {', '.join(plain)}")
    if summary.unstable:
        found.append(f"{line.name}: unstable between trials")
    return found


def _where(sweep: Sweep, numbers: Sequence[int]) -> str:
    """The points in words; all of them together, or the first few."""
    if len(numbers) == len(sweep.points):
        return "all points"
    words = [
        ", ".join(
            f"{key_words(key)} {value_words(key, value)}"
            for key, value in sweep.points[number].values.items()
        )
        for number in numbers
    ]
    more = f"; and {len(words) - 3} more" if len(words) > 3 else ""
    return "; ".join(words[:3]) + more
