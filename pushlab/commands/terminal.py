"""What the terminal shows: a table of a run that fits 100 columns, and figures with units."""

import json
import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pushlab.runs import Run

__all__ = ["json_text", "print_run", "quantity", "seconds"]


def json_text(value: Any) -> str:
    """`value` as JSON for programs: one object, indented, no NaN."""
    return json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False)


def seconds(value: float | None) -> str:
    """A span of time in the unit that fits it."""
    if value is None:
        return "-"
    size = abs(value)
    if size >= 1:
        return f"{value:.2f} s"
    if size >= 1e-3:
        return f"{value * 1e3:.3g} ms" if size < 0.9995 else "1.00 s"
    return f"{value * 1e6:.0f} µs"


def quantity(value: float | None, digits: int = 3) -> str:
    """A number with `digits` significant digits, and commas from a thousand on."""
    if value is None:
        return "-"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def print_run(run: Run, *, to_stderr: bool = False) -> None:
    """Print the table of a run, its caveats, and where its folder is."""
    # A terminal gives its own width; a file or a pipe gets the width that the table is made for.
    console = Console(stderr=to_stderr, highlight=False)
    if not console.is_terminal:
        console = Console(stderr=to_stderr, highlight=False, width=100)
    summary: Mapping[str, Any] = run.summary or {}
    cells: Mapping[str, Mapping[str, Any]] = summary.get("transports", {})
    console.print()
    console.print(_headline(run))
    console.print(_table(cells))
    _print_notes(console, cells, summary.get("caveats", []))


def _headline(run: Run) -> Text:
    scenario = run.scenario
    parts = [
        f"{scenario['clients']:,} clients",
        f"{quantity(scenario['rate_per_s'])} messages/s on {scenario['channel_count']:,} channel"
        + ("" if scenario["channel_count"] == 1 else "s"),
        f"{scenario['duration_s']:g} s measured",
        f"{scenario['trials']} trial" + ("" if scenario["trials"] == 1 else "s"),
    ]
    text = Text(f"{scenario['name']}: ", style="bold")
    text.append(", ".join(parts), style="not bold")
    if run.status != "complete":
        text.append(f"  [{run.status}]", style="bold red")
    return text


def _table(cells: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("transport", no_wrap=True)
    for title in (
        "delivered",
        "lost/dup/\nreordered",
        "hits per\ndelivery",
        "hits\n(model)",
        "latency\np50",
        "\np99",
        "mean\n(model)",
        "bytes per\ndelivery",
        "USD a\nmonth",
    ):
        table.add_column(title, justify="right", no_wrap=True)
    for name, cell in cells.items():
        if cell["status"] in ("failed", "not-run"):
            table.add_row(name, Text(cell["status"], style="red"))  # the caveats say why
            continue
        latency, predicted = cell["latency_s"], cell["predicted"] or {}
        bad = [cell["lost"], cell["duplicated"], cell["reordered"]]
        cost = cell["usd_per_month"] or {}
        table.add_row(
            name + (" *" if cell["marks"] or cell["unstable"] else ""),
            quantity(cell["delivered"]),
            Text("/".join(map(str, bad)), style="bold red" if any(bad) else ""),
            quantity(cell["hits_per_delivery"]),
            f"{quantity(cell['hits_total'])}\n({quantity(predicted.get('hits'))})",
            seconds(latency["p50"]),
            seconds(latency["p99"]),
            f"{seconds(latency['mean'])}\n({_model(predicted.get('mean_latency_s'))})",
            quantity(cell["bytes_per_delivery"]),
            quantity(cost.get("usd")),
        )
    return table


def _model(mean_latency_s: float | None) -> str:
    """A predicted latency; a closed form without a network in it comes to nothing."""
    return (
        "≈ 0" if mean_latency_s is not None and mean_latency_s < 1e-5 else seconds(mean_latency_s)
    )


def _print_notes(
    console: Console, cells: Mapping[str, Mapping[str, Any]], caveats: list[str]
) -> None:
    offers = {name: (cell["usd_per_month"] or {}).get("offer") for name, cell in cells.items()}
    known = {name: offer for name, offer in offers.items() if offer}
    if known:
        console.print()
        console.print("USD a month: this traffic for 30 days, at list prices of")
        for offer in dict.fromkeys(known.values()):
            users = ", ".join(name for name, used in known.items() if used == offer)
            console.print(f"  {offer} ({users})", soft_wrap=True)
    if caveats:
        console.print()
        for caveat in caveats:
            style = "red" if caveat.startswith("Error") else ""
            console.print(Text(f"! {caveat}", style=style))
    sys.stdout.flush()
