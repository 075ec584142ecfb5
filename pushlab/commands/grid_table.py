"""The table of a sweep: one row for each point and transport, no wider than 100 columns."""

from collections.abc import Mapping, Sequence
from textwrap import shorten
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pushlab.analysis.grid import (
    Line,
    cpu_share,
    hits_per_s,
    lines_of,
    predicted_hits_per_s,
)
from pushlab.commands.units import quantity, seconds
from pushlab.runs import Sweep

__all__ = ["grid_json", "print_sweep"]


def print_sweep(sweep: Sweep, *, to_stderr: bool = False) -> None:
    """Print the grid, and what must be known before it is believed."""
    console = Console(stderr=to_stderr, highlight=False)
    if not console.is_terminal:
        console = Console(stderr=to_stderr, highlight=False, width=100)
    lines = lines_of(sweep)
    console.print()
    console.print(_headline(sweep))
    console.print(_table(sweep, lines))
    for note in _notes(sweep, lines):
        console.print(Text(f"! {note}"))


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
                "transports": run.summary["transports"] if run and run.summary else {},
            }
            for point, run in zip(sweep.points, runs, strict=True)
        ],
        "capacity": sweep.capacity,
    }


def _headline(sweep: Sweep) -> Text:
    axes = " x ".join(f"{len(axis.values)} {axis.key}" for axis in sweep.axes)
    text = Text(f"{sweep.name}: ", style="bold")
    text.append(f"{len(sweep.points)} points ({axes}), {len(sweep.order)} trials", "not bold")
    if sweep.status != "complete":
        text.append(f"  [{sweep.status}]", style="bold red")
    return text


def _table(sweep: Sweep, lines: Sequence[Line]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for axis in sweep.axes:
        table.add_column(axis.key.replace(".", "\n"), justify="right", overflow="fold")
    table.add_column("transport", overflow="ellipsis", no_wrap=True)
    for title in ("lost", "hits/s", "(model)", "p50", "p99", "mean", "(model)", "CPU of\na core"):
        table.add_column(title, justify="right", no_wrap=True)
    for number, point in enumerate(sweep.points):
        begun = False
        for line in lines:
            if line.floor:
                continue
            keys = [f"{point.values[axis.key]:.12g}" for axis in sweep.axes]
            table.add_row(*([""] * len(keys) if begun else keys), *_row(line, line.at[number]))
            begun = True
    return table


def _row(line: Line, summary: Mapping[str, Any] | None) -> list[Text | str]:
    if summary is None or summary["status"] in ("failed", "not-run"):
        told = "not run" if summary is None else summary["status"].replace("-", " ")
        return [line.name, Text(told, style="red")]
    latency, predicted = summary["latency_s"], summary["predicted"] or {}
    share, model = cpu_share(summary), predicted.get("mean_latency_s")
    star = " *" if summary["marks"] or summary["unstable"] else ""
    return [
        line.name + star,
        Text(f"{summary['lost']:,}", style="bold red" if summary["lost"] else ""),
        quantity(hits_per_s(summary)),
        f"({quantity(predicted_hits_per_s(summary))})",
        seconds(latency["p50"]),
        seconds(latency["p99"]),
        seconds(latency["mean"]),
        "(≈ 0)" if model is not None and model < 1e-5 else f"({seconds(model)})",
        "-" if share is None else f"{share:.1%}" if share < 0.0995 else f"{share:.0%}",
    ]


def _notes(sweep: Sweep, lines: Sequence[Line]) -> list[str]:
    """Each trouble once, with the points that have it."""
    found: dict[str, list[int]] = {}
    for line in lines:
        for number, summary in enumerate(line.at):
            for text in _troubles(line, summary):
                found.setdefault(text, []).append(number)
    notes = [f"{text} [{_where(sweep, numbers)}]" for text, numbers in found.items()]
    if len(sweep.sessions) > 1:
        commits = {session["environment"].get("commit") for session in sweep.sessions}
        other = ", by different versions of pushlab" if len(commits) > 1 else ""
        notes.append(f"The sweep was measured in {len(sweep.sessions)} sessions{other}.")
    return notes


def _troubles(line: Line, summary: Mapping[str, Any] | None) -> list[str]:
    if summary is None:
        return [f"{line.name}: did not come to its turn"]
    found = []
    if summary["reason"]:
        found.append(f"{line.name}: {summary['status']}: {shorten(summary['reason'], 160)}")
    plain = [mark for mark in summary["marks"] if " " not in mark]
    if plain:
        found.append(f"{line.name}: marked {', '.join(plain)}")
    if summary["unstable"]:
        found.append(f"{line.name}: unstable between trials")
    return found


def _where(sweep: Sweep, numbers: Sequence[int]) -> str:
    """The points in words; all of them together, or the first few."""
    if len(numbers) == len(sweep.points):
        return "all points"
    words = [
        ", ".join(f"{key} {value:.12g}" for key, value in sweep.points[number].values.items())
        for number in numbers
    ]
    more = f"; and {len(words) - 3} more" if len(words) > 3 else ""
    return "; ".join(words[:3]) + more
