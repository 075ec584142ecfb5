"""What the terminal shows of a run: a headline, the table, what it says; and where charts go."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from pushlab.analysis.summary.by_system import by_system, plain_label
from pushlab.analysis.summary.catalogue import Figure, shown_in
from pushlab.analysis.summary.model import CellSummary, RunSummary
from pushlab.quantities import counted, exact, exact_duration
from pushlab.runs.head import RunHead
from pushlab.runs.records import HUB
from pushlab.tables import Column, Row, Table
from pushlab.tables.figures import figure_cell, figure_columns, model_note, price_range
from pushlab.tables.servers import explained, figure_tables, notes_on, servers_table
from pushlab.tables.terminal import is_live, print_table, say

__all__ = ["NOT_KNOWN", "charts_folder", "json_text", "print_headed", "print_run", "run_table"]

#: The exit status of a command that was asked for an answer that the measurements do not give.
NOT_KNOWN = 3


def json_text(value: Any) -> str:
    """`value` as JSON for programs: one object, indented, no NaN."""
    encoding = getattr(sys.stdout, "encoding", None) or ""
    plain = not encoding.lower().startswith("utf")  # nothing must become another letter
    return json.dumps(value, indent=2, allow_nan=False, ensure_ascii=plain)


def charts_folder(
    out: Path | None, run: Path | None, *, wanted: bool, as_json: bool
) -> Path | None:
    """The folder for charts, made before a table is printed; None where none are drawn.

    Args:
        out: the folder that was named, if one was.
        run: the run's; charts go into it unless all is printed as JSON.

    Raises:
        SetupError: it cannot be made, or is a file.
    """
    if out is None and run is not None and not as_json:
        out = run / "charts"
    if not wanted or out is None:
        return None
    from pushlab.charts.frame import make_folder  # a table needs no matplotlib

    make_folder(out)
    return out


def print_run(run: RunHead, summary: RunSummary, *, to_stderr: bool = False) -> None:
    """Print the table of a run and its caveats; see `print_headed`."""
    work = {**run.scenario, "trials": run.repetitions}
    said = [words(work[key]) for key, words in _SAID.items() if key in work]
    told = ", ".join([*said, *([run.network] if run.network else [])]).replace(" on, ", " on ")
    name = run.scenario.get("name", "run")  # a run of others' making may lack some of it
    grid = by_system(summary.cells)
    if not grid.several and grid.first not in ("", HUB):
        name += f" on {grid.named()}"
    table = run_table(summary.cells)
    states = [run.status, *(["void"] if summary.void else [])]
    console = print_headed(name, told, states, to_stderr=to_stderr)
    if grid.several and is_live(console):
        for number, one in enumerate(figure_tables(summary)):
            if number:
                console.print()
            print_table(console, one)
        console.print()
        say(console, f"{explained(summary)} *: see the remarks below.", "dim")
    else:
        print_table(console, table, explained=True)
    _print_servers(console, summary, run)
    for words in run.placed:
        console.print()
        say(console, f"Placed: {words}.")
    if run.until:
        console.print()
        told = str(run.until.get("said"))
        say(console, f"{told[:1].upper()}{told[1:]}.")
    _print_notes(console, summary)


def run_table(cells: Mapping[str, CellSummary]) -> Table:
    """Each cell's main figures, what a closed form says of them below; and the server's name."""
    rows, figures, several = [], shown_in("run", cells.values()), by_system(cells).several
    for label, cell in cells.items():
        server = "" if cell.floor else cell.system
        names = [plain_label(label, cell.system), server] if several else [label]
        if cell.is_empty:
            rows.append(Row(names, problem=cell.status))  # the caveats say why
        else:
            found = [figure_cell(cell, one, _below(cell, one)) for one in figures]
            rows.append(Row(names, found, marks=[*cell.marks, *cell.unstable]))
    leading = [Column("transport", text=True), *([Column("server", text=True)] * several)]
    return Table(leading, figure_columns("run", cells.values()), rows)


def _print_servers(console: Console, summary: RunSummary, run: RunHead) -> None:
    """What is known of each server, if there is another than the hub."""
    servers = servers_table(summary.cells, run.versions, run.verified)
    if servers is None:
        return
    console.print()
    print_table(console, servers)
    for note in notes_on(summary.cells, run.verified):
        say(console, note)


def _below(cell: CellSummary, figure: Figure) -> str:
    return price_range(cell) if figure.unit == "usd" else model_note(cell, figure)


def print_headed(
    name: str,
    told: str,
    states: Sequence[str],
    table: Table | None = None,
    *,
    to_stderr: bool,
) -> Console:
    """Print a headline, and a table below it; the console, for what follows.

    Args:
        states: what became of it; ``complete`` is not said.

    On a terminal the table keeps to the terminal's width. Elsewhere all is plain text, a line for
    each row, however long.
    """
    console = Console(stderr=to_stderr, highlight=False, emoji=False)
    live = is_live(console)
    text = Text(f"{name}: ", style="bold").append(told, style="not bold")
    for state in states:
        if state != "complete":
            text.append(f"  [{state}]", style="bold red")
    console.print()
    console.print(text, soft_wrap=not live)
    if not live:
        console.print()
    if table is not None:
        print_table(console, table, explained=True)
    return console


_SAID: Mapping[str, Callable[[Any], str]] = {
    "clients": lambda count: counted(count, "client"),
    "rate_per_s": lambda rate: f"{exact(rate)} messages/s on",
    "channel_count": lambda count: counted(count, "channel"),
    "duration_s": lambda span: f"{exact_duration(span)} measured",
    "trials": lambda count: counted(count, "trial"),
}


def _print_notes(console: Console, summary: RunSummary) -> None:
    if summary.findings:
        console.print()
        for finding in summary.findings.values():
            say(console, f"- {finding}")
    for line in _month_lines(summary):
        say(console, line)
    brokers = _users({name: cell.broker for name, cell in summary.cells.items()})
    if brokers:
        console.print()
        for broker, users in brokers.items():
            say(console, f"Broker: {broker} ({users})")
    for told, users in _users({n: _hubs(cell) for n, cell in summary.cells.items()}).items():
        say(console, f"Hub: {told} ({users})")
    if summary.caveats:
        console.print()
        for caveat in summary.caveats:
            say(console, f"! {caveat}", "red" if caveat.startswith("Error") else "")


def _hubs(cell: CellSummary) -> str | None:
    """Of how many processes the hub was, and what they shared; None: as it usually is."""
    if cell.backplane is None:
        return None
    count = f"{cell.hub_workers} processes" if cell.hub_workers > 1 else "one process"
    return f"{count}, backplane {cell.backplane}"


def _month_lines(summary: RunSummary) -> Iterator[str]:
    """Where the months of the table are bought, and from what to what they go."""
    cells = {name: cell for name, cell in summary.cells.items() if not cell.floor}
    place = next((cell.price.place for cell in cells.values() if cell.price.place), "")
    if not place:
        return
    yield ""
    told = [f"{name} {reach}" for name, cell in cells.items() if (reach := price_range(cell))]
    yield (
        f"USD a month: this traffic for 30 days in {place}, list prices, likely values; with all"
        f" guesses at their ends {', '.join(told)}. The others: `pushlab cost RUN`."
    )
    for name, cell in cells.items():
        if cell.price.usd is None and cell.price.place:
            yield f"{name} has no price: {cell.price.cannot}."


def _users(used: Mapping[str, str | None]) -> dict[str, str]:
    """Each thing that cells used, with the names of those, in the cells' order."""
    return {
        thing: ", ".join(name for name, own in used.items() if own == thing)
        for thing in dict.fromkeys(used.values())
        if thing
    }
