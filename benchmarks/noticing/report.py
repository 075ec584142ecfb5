"""What was seen beside what was expected: a table for the terminal, and the kept result."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.harness.report import Report
from benchmarks.noticing.expected import HOWS, Span

__all__ = ["Cell", "cells_of", "lines_of", "save", "table"]

_RESULTS = Path(__file__).parents[1] / "results"
_LATE_S = 2.0  # a busy machine, and the notice's own way
_AT_ONCE_S = 2.0


@dataclass(frozen=True, slots=True)
class Cell:
    """One way of one transport to go, at one place.

    Attributes:
        seen_s: how long until the application was told, page by page; None: not within `limit_s`.
    """

    place: str
    how: str
    transport: str
    title: str
    expected: Span
    seen_s: Sequence[float | None]
    limit_s: float

    @property
    def agrees(self) -> bool:
        """Whether everything seen lies within the span, give or take a busy machine's moment."""
        span = self.expected
        return all(
            span.most_s > self.limit_s
            if each is None
            else span.least_s - _LATE_S <= each <= span.most_s + _LATE_S
            for each in self.seen_s
        )

    @property
    def seen(self) -> str:
        """In words: the range, and the median of it."""
        found = [each for each in self.seen_s if each is not None]
        if len(found) < len(self.seen_s):
            return f"{len(self.seen_s) - len(found)} of {len(self.seen_s)} not in {self.limit_s:g}"
        if max(found) < _AT_ONCE_S:
            return f"{max(found):.1f} at most"
        return f"{min(found):.0f} to {max(found):.0f} ({statistics.median(found):.0f})"


def _rows(cells: Sequence[Cell]) -> dict[tuple[str, str], list[Cell]]:
    """By how and place, in which order the transports stand is kept."""
    rows: dict[tuple[str, str], list[Cell]] = {}
    for how in HOWS:
        for cell in cells:
            if cell.how == how:
                rows.setdefault((how, cell.place), []).append(cell)
    return rows


def table(cells: Sequence[Cell]) -> Table:
    """For a terminal."""
    made = Table(title="Seconds until the application is told", title_justify="left")
    for heading in ("", "transport", "foretold", "seen (median)", "why"):
        made.add_column(heading, justify="right" if heading == "foretold" else "left")
    for (how, place), row in _rows(cells).items():
        for number, cell in enumerate(row):
            made.add_row(
                f"{HOWS[how]}, {place}" if not number else "",
                cell.title,
                str(cell.expected),
                cell.seen,
                cell.expected.why,
                style="green" if cell.agrees else "red",
                end_section=number == len(row) - 1,
            )
    return made


def lines_of(cells: Sequence[Cell]) -> list[str]:
    """For a page: a row for each transport, a column for each way to go."""
    rows = _rows(cells)
    titles = list(dict.fromkeys(cell.title for cell in cells))
    heads = [f"{HOWS[how]}, {place}" for how, place in rows]
    lines = [
        "| | " + " | ".join(heads) + " |",
        "|---|" + "---|" * len(heads),
    ]
    for title in titles:
        told = [next((c for c in row if c.title == title), None) for row in rows.values()]
        shown = [
            "" if c is None else f"{c.expected}: {c.seen}" if c.expected.most_s else c.seen
            for c in told
        ]
        lines.append(f"| {title} | " + " | ".join(shown) + " |")
    return lines


def cells_of(file: Path) -> list[Cell]:
    """What `save` has written as JSON."""
    kept = [dict(each) for each in json.loads(file.read_text("utf-8"))["cells"]]
    for each in kept:
        each.pop("agrees")
    return [Cell(**{**each, "expected": Span(**each["expected"])}) for each in kept]


def save(cells: Sequence[Cell], told: Mapping[str, Any], folder: Path | None) -> Path:
    """Write ``noticing.json`` and ``NOTICING.md``; the folder.

    Args:
        told: when it began, with what, and on which machine; it goes into the JSON.
    """
    machine = told["environment"]
    folder = folder or Report.folder(_RESULTS)
    folder.mkdir(parents=True, exist_ok=True)
    whole = {
        **told,
        "cells": [{**asdict(cell), "agrees": cell.agrees} for cell in cells],
    }
    (folder / "noticing.json").write_text(json.dumps(whole, indent=1) + "\n")
    lines = [
        "# How soon a hub notices that a page has gone",
        "",
        f"{told['created_utc'][:10]}, {machine['kernel']}, {told['browser']},"
        f" {told['proxy']}, commit {machine['commit']}. {told['pages']} pages a column, each with"
        " a channel over every transport. Seconds until the application was told: foretold, then"
        " seen, lowest to highest (median).",
        "",
        *lines_of(cells),
        "",
        *(
            f"Disagrees: {cell.title}, {HOWS[cell.how]}, {cell.place}"
            for cell in cells
            if not cell.agrees
        ),
    ]
    (folder / "NOTICING.md").write_text("\n".join(lines).rstrip() + "\n")
    return folder
