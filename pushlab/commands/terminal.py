"""What the terminal shows of a run: a headline, the table, the remarks."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from pushlab.analysis.summary.model import CellSummary, RunSummary
from pushlab.commands.run_table import plain_legend, plain_table, pretty_table
from pushlab.quantities import exact
from pushlab.runs.head import RunHead

__all__ = ["is_live", "json_text", "print_run"]


def json_text(value: Any) -> str:
    """`value` as JSON for programs: one object, indented, no NaN."""
    return json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False)


def print_run(run: RunHead, summary: RunSummary, *, to_stderr: bool = False) -> None:
    """Print the table of a run and its caveats.

    On a terminal the table keeps to the terminal's width. Elsewhere it is plain text, a line for
    each transport and for each remark, however long.
    """
    console = Console(stderr=to_stderr, highlight=False, emoji=False)
    cells = summary.cells
    live = is_live(console)
    console.print()
    console.print(_headline(run), soft_wrap=not live)
    if live:
        for part in pretty_table(cells, console.width):
            console.print(part)
    else:
        console.print()
        for line in plain_table(cells):
            console.print(Text(line), soft_wrap=True)
        console.print()  # so that the table is a paragraph of its own, for awk
        for line in plain_legend(cells):
            console.print(Text(line), soft_wrap=True)
    _print_notes(console, cells, summary.caveats, wrap=live)


def is_live(console: Console) -> bool:
    """Whether the console is a terminal that can move its cursor."""
    return console.is_terminal and not console.is_dumb_terminal


_SAID: Mapping[str, Callable[[Any], str]] = {
    "clients": lambda count: f"{count:,} clients",
    "rate_per_s": lambda rate: f"{exact(rate)} messages/s on",
    "channel_count": lambda count: f"{count:,} channel" + ("" if count == 1 else "s"),
    "duration_s": lambda span: f"{span:g} s measured",
    "trials": lambda count: f"{count} trial" + ("" if count == 1 else "s"),
}


def _headline(run: RunHead) -> Text:
    """What was asked; a run of others' making may lack some of it."""
    scenario = run.scenario
    parts = [said(scenario[key]) for key, said in _SAID.items() if key in scenario]
    parts += [run.network] if run.network else []
    text = Text(f"{scenario.get('name', 'run')}: ", style="bold")
    text.append(", ".join(parts).replace(" on, ", " on "), style="not bold")
    if run.status != "complete":
        text.append(f"  [{run.status}]", style="bold red")
    return text


def _print_notes(
    console: Console,
    cells: Mapping[str, CellSummary],
    caveats: Sequence[str],
    *,
    wrap: bool,
) -> None:
    offers = {name: cell.price.offer for name, cell in cells.items()}
    known = {name: offer for name, offer in offers.items() if offer}
    if known:
        console.print()
        console.print("USD a month: this traffic for 30 days, at list prices of")
        for offer in dict.fromkeys(known.values()):
            users = ", ".join(name for name, used in known.items() if used == offer)
            console.print(Text(f"  {offer} ({users})"), soft_wrap=not wrap)
    if caveats:
        console.print()
        for caveat in caveats:
            style = "red" if caveat.startswith("Error") else ""
            console.print(Text(f"! {caveat}", style=style), soft_wrap=not wrap)
