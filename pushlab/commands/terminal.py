"""What the terminal shows of a run: a headline, the table, the remarks."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from pushlab.analysis.summary.model import RunSummary
from pushlab.commands.run_table import run_table
from pushlab.quantities import counted, exact, exact_duration
from pushlab.runs.head import RunHead
from pushlab.tables.terminal import is_live, print_table, say

__all__ = ["json_text", "print_run"]


def json_text(value: Any) -> str:
    """`value` as JSON for programs: one object, indented, no NaN."""
    return json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False)


def print_run(run: RunHead, summary: RunSummary, *, to_stderr: bool = False) -> None:
    """Print the table of a run and its caveats.

    On a terminal the table keeps to the terminal's width. Elsewhere it is plain text, a line for
    each transport and for each remark, however long.
    """
    console = Console(stderr=to_stderr, highlight=False, emoji=False)
    live = is_live(console)
    console.print()
    console.print(_headline(run), soft_wrap=not live)
    if not live:
        console.print()
    print_table(console, run_table(summary.cells), explained=True)
    _print_notes(console, summary)


_SAID: Mapping[str, Callable[[Any], str]] = {
    "clients": lambda count: counted(count, "client"),
    "rate_per_s": lambda rate: f"{exact(rate)} messages/s on",
    "channel_count": lambda count: counted(count, "channel"),
    "duration_s": lambda span: f"{exact_duration(span)} measured",
    "trials": lambda count: counted(count, "trial"),
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


def _print_notes(console: Console, summary: RunSummary) -> None:
    offers = {name: cell.price.offer for name, cell in summary.cells.items()}
    known = {name: offer for name, offer in offers.items() if offer}
    if known:
        console.print()
        console.print("USD a month: this traffic for 30 days, at list prices of")
        for offer in dict.fromkeys(known.values()):
            users = ", ".join(name for name, used in known.items() if used == offer)
            say(console, f"  {offer} ({users})")
    if summary.caveats:
        console.print()
        for caveat in summary.caveats:
            say(console, f"! {caveat}", "red" if caveat.startswith("Error") else "")
