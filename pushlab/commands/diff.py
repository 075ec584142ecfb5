"""`pushlab diff`: what changed between two runs, what is the same, and what is not known."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from pushlab.analysis.diff.difference import Answer, Change, Difference, compare_runs
from pushlab.analysis.slo.subject import parse_subject
from pushlab.analysis.stats.verdict import LEVEL
from pushlab.analysis.summary.catalogue import FIGURES
from pushlab.commands.terminal import NOT_KNOWN, json_text
from pushlab.errors import UsageError
from pushlab.quantities import counted, number, span, with_unit
from pushlab.runs import Run
from pushlab.tables import Cell, Column, Row, Table
from pushlab.tables.terminal import print_table, say

__all__ = ["diff"]

_STATUS = {"same": 0, "better": 0, "worse": 1, "unknown": NOT_KNOWN}


def diff(
    a: Path,
    b: Path,
    *,
    threshold: float,
    figures: Sequence[str] = (),
    show_all: bool = False,
    as_json: bool = False,
) -> int:
    """Compare two runs; the exit status: 1 if B is worse in something, 3 if something is not known.

    Args:
        threshold: in percent; smaller differences are none.
        figures: such as ``sse.p99``; empty: all.
        show_all: print the figures that are the same, too.

    Raises:
        RunError: a run cannot be read.
        UsageError: the threshold is not from above 0 to 1000, or a figure is not there.
    """
    if not 0 < threshold <= 1000:
        raise UsageError(f"--threshold is a percentage up to 1000, not {threshold:g}")
    subjects = [parse_subject(text) for text in figures]
    found = compare_runs(Run.load(a), Run.load(b), matters=threshold / 100, subjects=subjects)
    if as_json:
        print(json_text(found.to_json()))
    else:
        _print(found, a, b, threshold=threshold, show_all=show_all or bool(figures))
    return _STATUS[found.answer]


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
    shown = [change for change in found.changes if show_all or change.answer != "same"]
    if shown:
        console.print()
        print_table(console, _table(shown, threshold))
    console.print()
    for line in _conclusion(found, threshold):
        say(console, line)


def _table(changes: Sequence[Change], threshold: float) -> Table:
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
            Cell(None if change.detectable is None else 1 + change.detectable),
            Cell(change.needed),
            Cell(_word(change, threshold), bad=change.answer == "worse"),
        ]
        rows.append(Row([change.cell, change.figure], cells))
    columns = [
        Column("A"),
        Column("B"),
        Column("B/A", show=number),
        Column("interval"),
        Column("visible from", show=number),
        Column("trials needed", show=lambda count: f"{count:,.0f}"),
        Column("answer", text=True),
    ]
    return Table([Column("cell", text=True), Column("figure", text=True)], columns, rows)


def _word(change: Change, threshold: float) -> str:
    if change.answer == "same" and change.interval is not None:
        return f"same within {threshold:g} %"
    return {"unknown": "not known"}.get(change.answer, change.answer)


def _conclusion(found: Difference, threshold: float) -> list[str]:
    if found.one_run:
        return ["A and B are one run: no difference in anything."]
    total = len(found.changes)
    if not total:
        return ["The runs have no cell in common."]
    tally = Counter(change.answer for change in found.changes)
    told = [f"{tally[answer]} {word}" for answer, word in _TALLY if tally[answer]]
    lines = [
        f"{counted(total, 'figure')}: {', '.join(told)}. Differences below {threshold:g} % are"
        f" none; the chance that any of these answers is false is {LEVEL * 100:g} %."
    ]
    unknown = [change for change in found.changes if change.answer == "unknown"]
    if any(change.needed or not change.why for change in unknown):
        lines.append(
            'Not known is no "no change": "visible from" is the smallest ratio that these trials'
            ' would show, "trials needed" how many of each run would tell (--trials). Fewer figures'
            " (--figure) need fewer."
        )
    for why in dict.fromkeys(change.why for change in unknown if change.why):
        names = [f"{change.cell} {change.figure}" for change in unknown if change.why == why]
        lines.append(f"Not known, {why}: {', '.join(names)}.")
    return lines


_TALLY: Sequence[tuple[Answer, str]] = (
    ("worse", "worse"),
    ("better", "better"),
    ("same", "the same"),
    ("unknown", "not known"),
)
