"""What a sitting says, on a terminal and in Markdown."""

from collections.abc import Sequence
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.repeatability.agreement import Agreement, agreements, misses_allowed
from benchmarks.repeatability.between import Between, between_sittings
from benchmarks.repeatability.sitting import Sitting
from pushlab.quantities import counted, share

__all__ = ["print_sitting", "save"]


def print_sitting(
    console: Console, sitting: Sitting, earlier: Sequence[Sitting], *, others: int = 0
) -> bool:
    """Print what it says, alone and beside earlier sittings of its scenario; whether runs agree.

    Args:
        others: earlier sittings of other scenarios, which are left out.
    """
    found = agreements(sitting)
    for line in _head(sitting):
        console.print(line)
    console.print(_agreement_table(found))
    console.print(_verdict(found))
    sittings = [*earlier, sitting]
    if others:
        console.print(f"{counted(others, 'earlier sitting')} of other scenarios: left out")
    if len(sittings) < 2:
        console.print("Between sittings: not known yet; this is the first of its scenario")
    else:
        between = between_sittings(sittings)
        console.print(_between_table(between, len(sittings)))
        for one in between:
            console.print(_sentence(one))
    return all(one.agrees for one in found)


def _head(sitting: Sitting) -> list[str]:
    busy, trials = (
        sitting.busy,
        {len(v) for run in sitting.runs for c in run.values() for v in c.values()},
    )
    told = f"{min(trials)}" if len(trials) == 1 else f"{min(trials)} to {max(trials)}"
    marked = ", ".join(f"{cell} {n}" for cell, n in sitting.marked.items() if n)
    return [
        f"{sitting.scenario['name']}: {len(sitting.runs)} runs of {told} trials that took turns,"
        f" {sitting.created_utc}, commit {sitting.environment.get('commit')}",
        f"the machine: other programs took {share(busy['others_share'])} of all cores,"
        f" the hypervisor {share(busy['steal_share'])}; load {busy['load_before']:.1f} before,"
        f" {busy['load_after']:.1f} after; {busy['took_s'] / 60:.1f} min",
        f"trials with marks: {marked or 'none'}",
    ]


def _agreement_table(found: Sequence[Agreement]) -> Table:
    table = Table(title="Does a run foretell the next?", title_justify="left")
    for number, heading in enumerate(
        ("figure", "held", "misses", "allowed", "chance", "median reach", "")
    ):
        table.add_column(heading, justify="right" if 0 < number < 6 else "left")
    for one in found:
        misses = one.checks - one.held
        table.add_row(
            one.figure,
            f"{one.held} of {one.checks}",
            str(misses),
            str(misses_allowed(one.checks)),
            f"{one.chance:.2g}",
            f"±{one.reach:.0%}",
            "agree" if one.agrees else "differ",
            style="" if one.agrees else "red",
        )
    return table


def _verdict(found: Sequence[Agreement]) -> str:
    wrong = [one.figure for one in found if not one.agrees]
    if not wrong:
        return "The runs agree: no figure misses more often than chance allows."
    return f"The runs differ by more than their intervals say: {', '.join(wrong)}."


def _between_table(found: Sequence[Between], sittings: int) -> Table:
    cells = list(dict.fromkeys(cell for one in found for cell in one.cells))
    table = Table(title=f"Between {sittings} sittings", title_justify="left")
    for heading in ("figure", "within one", "between", "95 %", *cells):
        table.add_column(heading, justify="left" if heading == "figure" else "right")
    for one in found:
        low, high = one.interval
        each = [f"x{one.cells[cell]:.2f}" if cell in one.cells else "" for cell in cells]
        table.add_row(
            one.figure, f"x{one.within:.2f}", f"x{one.factor:.2f}", _span(low, high), *each
        )
    return table


def _span(low: float, high: float) -> str:
    return f"{low:.2f} to {high:.2f}" if high < 100 else f"{low:.2f} and above"


def _sentence(one: Between) -> str:
    return (
        f"Between sittings: x{one.factor:.2f} on {one.figure} beyond what runs of one sitting"
        f" differ by (x{one.within:.2f})."
    )


def save(sitting: Sitting, earlier: Sequence[Sitting], folder: Path) -> Path:
    """Write ``sitting.json`` and ``SITTING.md``; the folder."""
    sitting.save(folder)
    text = StringIO()
    print_sitting(Console(file=text, width=120, highlight=False), sitting, earlier)
    body = "\n".join(line.rstrip() for line in text.getvalue().splitlines())
    title = f"# {counted(len(sitting.runs), 'run')} in one sitting"
    (folder / "SITTING.md").write_text(f"{title}\n\n```text\n{body}\n```\n")
    return folder
