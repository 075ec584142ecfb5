"""The tables of predictions: closed form and simulation of each figure, servers, validation."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pushlab.analysis.cost import Bill
from pushlab.analysis.forecast.forecast import Expected, Forecast, difference
from pushlab.analysis.forecast.sizing import Workload
from pushlab.analysis.forecast.validation import (
    HITS_WITHIN,
    LATENCY_WITHIN,
    MODELS_WITHIN,
    Validated,
)
from pushlab.commands.columns import duration, number
from pushlab.quantities import message_rate
from pushlab.runs import Run

__all__ = ["print_forecasts", "print_validation"]

Show = Callable[[float | None], str]
_LEAST_DELIVERIES = 1_000  # below it a simulated mean is too rough to be compared


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _seconds(value: float | None) -> str:
    return (
        "-"
        if value is None
        else "0 s"
        if not value
        else "no end"
        if value == math.inf
        else duration(value)
    )


def _size(value: float | None) -> str:
    if value is None:
        return "-"
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if value >= size:
            return f"{number(value / size)} {unit}"
    return f"{number(value)} B"


_FIGURES: tuple[tuple[str, Callable[[Expected], float | None], Show], ...] = (
    ("hits/s", lambda e: e.hits_per_s, number),
    ("deliveries/s", lambda e: e.deliveries_per_s, number),
    ("polls in vain", lambda e: e.wasted, _share),
    ("messages per useful poll", lambda e: e.messages_per_useful_poll, number),
    ("latency, mean", lambda e: e.mean_latency_s, _seconds),
    ("latency, p50", lambda e: e.percentiles_s.get(50.0), _seconds),
    ("latency, p90", lambda e: e.percentiles_s.get(90.0), _seconds),
    ("latency, p99", lambda e: e.percentiles_s.get(99.0), _seconds),
    ("latency, at worst", lambda e: e.worst_latency_s, _seconds),
    ("copy is true", lambda e: e.freshness, _share),
    ("age of the copy, mean", lambda e: e.age_s, _seconds),
)


def print_forecasts(
    workload: Workload,
    forecasts: Mapping[str, Forecast],
    cheapest: Mapping[str, Bill | None],
    calibrated_with: Path | None,
) -> None:
    """Print everything on stdout, no wider than 100 columns."""
    console = _console()
    w = workload
    parts = [
        f"{w.clients:,} clients",
        f"{message_rate(w.rate_per_s)} each",
        f"polls every {w.interval_s:g} s",
        f"{w.payload_bytes:,.0f} bytes",
        f"{duration(w.one_way_s) if w.one_way_s else '0 s'} one way",
    ]
    console.print(Text(", ".join(parts), style="bold"))
    console.print()
    table = _table(list(forecasts))
    for name, of, show in _FIGURES:
        closed = [of(each.closed) for each in forecasts.values()]
        told = [of(each.simulated) for each in forecasts.values()]
        table.add_row(name, *map(show, closed))
        simulated = [
            "" if ours is None else show(theirs) for ours, theirs in zip(closed, told, strict=True)
        ]
        table.add_row("  simulated", *simulated, style="dim")
    _add_servers(table, forecasts)
    table.add_row("USD a month, cheapest", *(_usd(cheapest[name]) for name in forecasts))
    table.add_row("  at", *(one.offer if (one := cheapest[name]) else "-" for name in forecasts))
    console.print(table)
    console.print()
    for note in _notes(workload, forecasts, calibrated_with):
        console.print(Text(note))


def _usd(one: Bill | None) -> str:
    return "-" if one is None else f"{one.usd:,.2f}" if one.usd < 1000 else f"{one.usd:,.0f}"


def _add_servers(table: Table, forecasts: Mapping[str, Forecast]) -> None:
    known = [each.servers for each in forecasts.values()]
    table.add_row(
        "bandwidth a second", *(_size(e.bandwidth_bytes_per_s) for e in forecasts.values())
    )
    if not any(known):
        return
    costs = [each.calibration for each in forecasts.values()]
    lines: list[tuple[str, list[str]]] = [
        ("CPU per hit", [_seconds(c.cpu_s_per_hit or None) if c else "-" for c in costs]),
        ("CPU per delivery", [_seconds(c.cpu_s_per_delivery or None) if c else "-" for c in costs]),
        ("CPU per publish", [_seconds(c.cpu_s_per_publish or None) if c else "-" for c in costs]),
        ("memory per connection", [_size(c.bytes_per_connection) if c else "-" for c in costs]),
        (
            "wire bytes per hit",
            [_size(c.overhead_bytes_per_hit or None) if c else "-" for c in costs],
        ),
        (
            "  per delivery, with payload",
            [
                _size(c.overhead_bytes_per_delivery + each.traffic.payload_bytes)
                if c and c.overhead_bytes_per_delivery
                else "-"
                for c, each in zip(costs, forecasts.values(), strict=True)
            ],
        ),
        (
            "servers, with headroom",
            [f"{s.count:,}{'*' if s.beyond else ''}" if s else "-" for s in known],
        ),
        ("connections per server", [number(s.connections) if s else "-" for s in known]),
        ("memory per server", [_size(s.memory_bytes) if s else "-" for s in known]),
        ("load of a server's core", [_share(s.utilisation) if s else "-" for s in known]),
        ("wait at the server, mean", [_seconds(s.wait_s) if s else "-" for s in known]),
        ("  simulated", [_seconds(s.simulated_wait_s) if s else "-" for s in known]),
    ]
    table.add_section()
    for name, cells in lines:
        if any(cell != "-" for cell in cells):
            table.add_row(name, *cells, style="dim" if name == "  simulated" else "")


def _notes(
    workload: Workload, forecasts: Mapping[str, Forecast], calibrated_with: Path | None
) -> list[str]:
    sampled = min(each.sampled for each in forecasts.values())
    who = "every client" if sampled == workload.clients else f"{sampled:,} clients or more"
    worst = _largest_difference(forecasts)
    apart = "" if worst is None else f", at most {abs(worst[0]):.1%} from closed forms ({worst[1]})"
    notes = [f"Simulated: {who} of each transport, seed {workload.seed}{apart}."]
    notes.append(
        "The cheapest offer of those that `pushlab cost` prices; it says what is left out."
    )
    if calibrated_with is None:
        notes.append(
            "Bandwidth as of pushlab's own transports. CPU, memory and servers: give a run or,"
            " better, a sweep over clients and rates (--calibrate RUN)."
        )
        return notes
    notes.append(
        f"A server is one hub process on one core with {workload.server_bytes / 2**30:g} GiB,"
        f" {workload.headroom:.0%} of it kept free; costs as in {calibrated_with}."
    )
    missing = [name for name, each in forecasts.items() if each.calibration is None]
    if missing:
        notes.append(f"Not in that run: {', '.join(missing)}.")
    plain = [n for n, each in forecasts.items() if each.calibration and not each.calibration.fitted]
    if plain:
        notes.append(
            f"CPU put on hits or on deliveries alone, publishing included ({', '.join(plain)}):"
            " one load cannot tell them apart; a sweep can."
        )
    for name, each in forecasts.items():
        if each.servers and each.servers.beyond:
            notes.append(f"* {name}, outside what was measured: {'; '.join(each.servers.beyond)}.")
    return notes


def _largest_difference(forecasts: Mapping[str, Forecast]) -> tuple[float, str] | None:
    """Of hits and mean latencies, the largest between simulation and closed form."""
    found = []
    for name, each in forecasts.items():
        for what in ("hits_per_s", "mean_latency_s"):
            told = each.sampled * each.traffic.deliveries_per_s / each.traffic.clients
            share = difference(getattr(each.closed, what), getattr(each.simulated, what))
            if share is not None and told * 100 > _LEAST_DELIVERIES:
                found.append((share, f"{name}, {what.split('_')[0]}"))
    return max(found, key=lambda one: abs(one[0]), default=None)


def print_validation(run: Run, found: Sequence[Validated]) -> None:
    """Print the models beside what was measured."""
    console = _console()
    console.print(Text(f"{run.scenario.get('name', 'run')}: models and measurement", style="bold"))
    console.print()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("", no_wrap=True)
    for title in ("closed form", "simulated", "measured", "residual"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("")
    for each in found:
        bad = " ".join(each.problems)
        hits = [each.predicted_hits, each.simulated_hits, each.measured_hits]
        late = [each.predicted_latency_s, each.simulated_latency_s, each.measured_latency_s]
        table.add_row(
            f"{each.cell}: hits",
            *(_count(value) for value in hits),
            _residual(hits[0], hits[2], _signed_count),
            _verdict(hits, "hits" in bad, each),
        )
        table.add_row(
            "  mean latency",
            *(_seconds(value) for value in late),
            _residual(late[0], late[2], _signed_seconds),
            _verdict(late, "latency" in bad, each),
        )
    console.print(table)
    console.print()
    share, least_s = LATENCY_WITHIN
    console.print(
        f"Tolerances: hits {HITS_WITHIN:.0%}; mean latency {share:.0%} or {least_s * 1e3:g} ms;"
        f" simulation from closed form {MODELS_WITHIN:.0%}."
    )
    for each in found:
        for problem in each.problems:
            console.print(Text(f"! {each.cell}: {problem}", style="red"))


def _verdict(values: Sequence[float | None], bad: bool, each: Validated) -> Text:
    if bad or "no trial went well" in each.problems:
        return Text("off", style="bold red")
    if values[0] is None:
        return Text("no closed form", style="dim")
    return Text("ok", style="green") if values[2] is not None else Text("not measured", style="dim")


def _count(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def _signed_count(value: float) -> str:
    return f"{value:+,.0f}"


def _signed_seconds(value: float) -> str:
    return f"{'+' if value > 0 else ''}{duration(value)}"


def _residual(model: float | None, found: float | None, show: Callable[[float], str]) -> str:
    """Measured minus predicted, and as a share where that means something."""
    if model is None or found is None:
        return "-"
    share = f" ({(found - model) / model:+.1%})" if model > 1e-5 else ""
    return show(found - model) + share


def _table(transports: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("", no_wrap=True)
    for name in transports:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _console() -> Console:
    console = Console(highlight=False, emoji=False)
    return console if console.is_terminal else Console(highlight=False, emoji=False, width=100)
