"""The table of a sweep: one row for each point and transport."""

from collections.abc import Sequence
from textwrap import shorten
from typing import Any

from pushlab.analysis.summary.catalogue import shown_in
from pushlab.analysis.summary.keys import key_words, value_words
from pushlab.analysis.summary.model import CellSummary
from pushlab.analysis.summary.stored import summary_of
from pushlab.analysis.summary.sweep_lines import SweepSeries, lines_of
from pushlab.commands.terminal import print_headed
from pushlab.runs import Sweep
from pushlab.tables import Column, Row, Table
from pushlab.tables.figures import figure_cell, figure_columns
from pushlab.tables.terminal import say

__all__ = ["grid_json", "print_sweep"]


def print_sweep(sweep: Sweep, *, to_stderr: bool = False) -> None:
    """Print the grid, and what must be known before it is believed; see `print_headed`."""
    series = lines_of(sweep)
    axes = " x ".join(f"{len(axis.values)} of {key_words(axis.key)}" for axis in sweep.axes)
    told = f"{len(sweep.points)} points ({axes}), {len(sweep.order)} trials"
    table = _table(sweep, series)
    console = print_headed(sweep.name, told, [sweep.status], table, to_stderr=to_stderr)
    notes = _notes(sweep, series)
    if notes:
        console.print()
    for note in notes:
        say(console, f"! {note}")


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


def _table(sweep: Sweep, series: Sequence[SweepSeries]) -> Table:
    """Each line has its point: `grep` must not part a transport from its load."""
    leading = [
        Column(key_words(axis.key), head=key_words(axis.key).partition(" per ")[0])
        for axis in sweep.axes
    ]
    seen = [cell for line in series for cell in line.at if cell is not None]
    rows, figures = [], shown_in("sweep", seen)
    for place, point in enumerate(sweep.points):
        words = [value_words(axis.key, point.values[axis.key]) for axis in sweep.axes]
        for line in series:
            summary, names = line.at[place], [*words, line.name]
            if line.floor:
                continue
            if summary is None or summary.is_empty:
                status = "not-run" if summary is None else summary.status
                rows.append(Row(names, problem=status.replace("-", " ")))
            else:
                found = [figure_cell(summary, one) for one in figures]
                rows.append(Row(names, found, marks=[*summary.marks, *summary.unstable]))
    return Table([*leading, Column("transport", text=True)], figure_columns("sweep", seen), rows)


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
