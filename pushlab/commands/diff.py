"""`pushlab diff`: what changed between two runs, as a table."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from pushlab.analysis.diff.difference import Change, Difference, compare_runs
from pushlab.analysis.stats.noise import LEVEL
from pushlab.analysis.summary.catalogue import FIGURES
from pushlab.commands.terminal import json_text
from pushlab.errors import UsageError
from pushlab.quantities import number, span, with_unit
from pushlab.runs import Run
from pushlab.tables import Cell, Column, Row, Table
from pushlab.tables.terminal import print_table, say

__all__ = ["diff"]

#: A ratio that a comparison should be able to see.
_VISIBLE = 1.3

_WORDS = {"changed": "changed", "perhaps": "perhaps", "unknown": "?", "same": "no change"}


def diff(
    a: Path, b: Path, *, threshold: float, show_all: bool = False, as_json: bool = False
) -> int:
    """Compare two runs; the exit status: 0 if nothing changed beyond noise, else 1.

    Args:
        threshold: in percent; see `compare_runs`.
        show_all: print the figures that did not change, too.

    Raises:
        RunError: a run cannot be read.
        UsageError: the threshold is not from 0 to 1000.
    """
    if not 0 <= threshold <= 1000:
        raise UsageError(f"--threshold is a percentage from 0 to 1000, not {threshold:g}")
    found = compare_runs(Run.load(a), Run.load(b), threshold=threshold / 100)
    if as_json:
        print(json_text(found.to_json()))
    else:
        _print(found, a, b, threshold=threshold, show_all=show_all)
    return 1 if found.changed else 0


def _print(found: Difference, a: Path, b: Path, *, threshold: float, show_all: bool) -> None:
    console = Console(highlight=False, emoji=False)
    say(console, f"A: {a}\nB: {b}")
    for title, lines in (
        ("Not the same work:", found.work),
        ("Machine and software:", found.setting),
    ):
        if lines:
            say(console, f"\n{title}", "bold")
            for line in lines:
                say(console, f"  {line}")
    for side, cells in (("A", found.only_a), ("B", found.only_b)):
        for cell in cells:
            say(console, f"\n{cell}: in {side} only", "bold red")
    shown = [change for change in found.changes if show_all or change.judgement != "same"]
    if shown:
        console.print()
        print_table(console, _table(shown))
    console.print()
    for line in _conclusion(found, threshold):
        say(console, line)


def _table(changes: Sequence[Change]) -> Table:
    rows = []
    for change in changes:
        unit = FIGURES[change.figure].kind
        values = [
            None if value is None else with_unit(value, unit) for value in (change.a, change.b)
        ]
        cells = [
            *map(Cell, values),
            Cell(change.ratio),
            Cell(span(change.interval, number) or None),
        ]
        judged = Cell(_word(change), bad=change.judgement == "changed")
        rows.append(Row([change.cell, change.figure], [*cells, judged]))
    columns = [
        Column("A"),
        Column("B"),
        Column("B/A", show=number),
        Column("95 % interval"),
        Column("judgement", text=True),
    ]
    return Table([Column("cell", text=True), Column("figure", text=True)], columns, rows)


def _word(change: Change) -> str:
    return "too noisy" if _is_noisy(change) else _WORDS[change.judgement]


def _is_noisy(change: Change) -> bool:
    """Whether no change was seen, and one by 30 % could hide."""
    if change.judgement != "same" or change.interval is None:
        return False
    return change.interval[0] < 1 / _VISIBLE or change.interval[1] > _VISIBLE


def _conclusion(found: Difference, threshold: float) -> list[str]:
    tally = {
        word: sum(change.judgement == word for change in found.changes)
        for word in ("changed", "perhaps", "unknown")
    }
    total = len(found.changes)
    if not total:
        return ["The runs have no cell in common."]
    if not found.changed and not tally["perhaps"] and not tally["unknown"]:
        lines = [f"No change in {total} figures (beyond noise and {threshold:g} %)."]
    else:
        lines = [
            f"{tally['changed']} of {total} figures changed beyond noise and {threshold:g} %"
            f" (chance of a false alarm among all: {LEVEL * 100:g} %)."
        ]
    if tally["perhaps"]:
        lines.append(
            f"{tally['perhaps']} perhaps: alone each would count, but among so many figures some"
            " differ so by chance. More trials (--trials) would tell."
        )
    if tally["unknown"]:
        lines.append(
            f"{tally['unknown']} cannot be told from noise: that takes two good trials in each run."
        )
    noisy = sum(map(_is_noisy, found.changes))
    if noisy:
        lines.append(
            f"{noisy} without a change are so noisy that one by 30 % could hide; more trials help."
        )
    return lines
