"""The tables of predictions: closed form and simulation of each figure, servers, validation."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rich.console import Console

from pushlab.analysis.cost.meter import Bill
from pushlab.analysis.forecast.forecast import Forecast, difference
from pushlab.analysis.forecast.sizing import Workload
from pushlab.analysis.forecast.validation import (
    HITS_WITHIN,
    LATENCY_WITHIN,
    MODELS_WITHIN,
    Validated,
)
from pushlab.analysis.models.expected import Expected
from pushlab.quantities import (
    amount,
    brief,
    counted,
    duration,
    exact,
    exact_duration,
    memory,
    message_rate,
    number,
    share,
    size,
    whole,
)
from pushlab.runs import Run
from pushlab.tables import Cell, Column, Row, Show, Table
from pushlab.tables.figures import residual
from pushlab.tables.terminal import print_table, say

__all__ = ["print_forecasts", "print_validation"]

Value = float | str | None
_LEAST_DELIVERIES = 1_000  # below it a simulated mean is too rough to be compared

_FIGURES: tuple[tuple[str, Show, Callable[[Expected], float | None]], ...] = (
    ("hits/s", number, lambda e: e.hits_per_s),
    ("deliveries/s", number, lambda e: e.deliveries_per_s),
    ("polls in vain", share, lambda e: e.wasted),
    ("messages per useful poll", number, lambda e: e.messages_per_useful_poll),
    ("latency, mean", duration, lambda e: e.mean_latency_s),
    ("latency, p50", duration, lambda e: e.percentiles_s.get(50.0)),
    ("latency, p90", duration, lambda e: e.percentiles_s.get(90.0)),
    ("latency, p99", duration, lambda e: e.percentiles_s.get(99.0)),
    ("latency, at worst", duration, lambda e: e.worst_latency_s),
    ("copy is true", share, lambda e: e.freshness),
    ("age of the copy, mean", duration, lambda e: e.age_s),
)


def _cost(name: str) -> Callable[[Forecast], Value]:
    return lambda each: (getattr(each.calibration, name) or None) if each.calibration else None


def _server(name: str) -> Callable[[Forecast], Value]:
    return lambda each: getattr(each.servers, name) if each.servers else None


def _delivery_bytes(each: Forecast) -> Value:
    known = each.calibration
    if known is None or not known.overhead_bytes_per_delivery:
        return None
    return known.overhead_bytes_per_delivery + each.traffic.payload_bytes


def _servers(each: Forecast) -> Value:
    if each.servers is None:
        return None
    return exact(each.servers.count) + ("*" if each.servers.beyond else "")


#: Bandwidth; and what costs per hit, delivery and connection come to, nothing without a run.
_SERVERS: tuple[tuple[str, str, Show, Callable[[Forecast], Value]], ...] = (
    ("bandwidth a second", "", size, lambda each: each.traffic.bytes_per_s),
    ("CPU per hit", "", duration, _cost("cpu_s_per_hit")),
    ("CPU per delivery", "", duration, _cost("cpu_s_per_delivery")),
    ("CPU per publish", "", duration, _cost("cpu_s_per_publish")),
    ("memory per connection", "", memory, _cost("bytes_per_connection")),
    ("wire bytes per hit", "", size, _cost("overhead_bytes_per_hit")),
    ("wire bytes per delivery, with payload", "", size, _delivery_bytes),
    ("servers, with headroom", "", exact, _servers),
    ("connections per server", "", number, _server("connections")),
    ("memory per server", "", memory, _server("memory_bytes")),
    ("load of a server's core", "", share, _server("utilisation")),
    ("wait at the server, mean", "", duration, _server("wait_s")),
    ("wait at the server, mean", "simulated", duration, _server("simulated_wait_s")),
)


def print_forecasts(
    workload: Workload,
    forecasts: Mapping[str, Forecast],
    cheapest: Mapping[str, Bill | None],
    calibrated_with: Path | None,
) -> None:
    """Print everything on stdout, on a terminal no wider than it is."""
    console = Console(highlight=False, emoji=False)
    w = workload
    parts = [
        counted(w.clients, "client"),
        f"{message_rate(w.rate_per_s)} each",
        f"polls every {exact_duration(w.interval_s)}",
        counted(w.payload_bytes, "byte"),
        f"{exact_duration(w.one_way_s)} one way",
    ]
    say(console, ", ".join(parts), "bold")
    console.print()
    print_table(console, _forecast_table(forecasts, cheapest))
    console.print()
    for note in _notes(workload, forecasts, calibrated_with):
        say(console, note)


def _forecast_table(
    forecasts: Mapping[str, Forecast], cheapest: Mapping[str, Bill | None]
) -> Table:
    """A column for each figure that any transport has; read from above to below on a terminal."""
    all_of, found = list(forecasts.values()), list[tuple[Column, list[Value]]]()
    for words, show, expected in _FIGURES:
        closed = [expected(each.closed) for each in all_of]
        found.append((Column(words, show=show), [*closed]))
        # nothing where there is no closed form to hold it against
        simulated = [
            None if told is None else expected(each.simulated)
            for told, each in zip(closed, all_of, strict=True)
        ]
        found.append((Column(words, "simulated", show=show, dim=True), [*simulated]))
    for words, small, show, of in _SERVERS:
        found.append((Column(words, small, show=show, dim=bool(small)), [*map(of, all_of)]))
    bills = [cheapest[name] for name in forecasts]
    cost, at = Column("USD a month, cheapest", show=amount), Column("at", text=True)
    found.append((cost, [None if one is None else one.usd for one in bills]))
    found.append((at, [None if one is None else one.offer for one in bills]))
    known = [(column, values) for column, values in found if any(v is not None for v in values)]
    rows = [
        Row([name], [Cell(values[i]) for _, values in known]) for i, name in enumerate(forecasts)
    ]
    leading = [Column("transport", text=True)]
    return Table(leading, [column for column, _ in known], rows, turned=True)


def _notes(
    workload: Workload, forecasts: Mapping[str, Forecast], calibrated_with: Path | None
) -> list[str]:
    sampled = min(each.sampled for each in forecasts.values())
    who = "every client" if sampled == workload.clients else f"{sampled:,} clients or more"
    worst = _largest_difference(forecasts)
    apart = (
        "" if worst is None else f", at most {share(abs(worst[0]))} from closed forms ({worst[1]})"
    )
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
        f"A server is one hub process on one core with {brief(workload.server_bytes / 2**30)} GiB,"
        f" {_percent(workload.headroom)} of it kept free; costs as in {calibrated_with}."
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


def _percent(part: float) -> str:
    """A share that was set."""
    return f"{brief(part * 100)} %"


def print_validation(run: Run, found: Sequence[Validated]) -> None:
    """Print the models beside what was measured."""
    console = Console(highlight=False, emoji=False)
    name = run.scenario.get("name", "run")
    say(console, f"{name}: models and measurement", "bold")
    console.print()
    print_table(console, _validation_table(found))
    console.print()
    within, least_s = LATENCY_WITHIN
    say(
        console,
        f"Tolerances: hits {_percent(HITS_WITHIN)}; mean latency {_percent(within)} or"
        f" {exact_duration(least_s)}; simulation from closed form {_percent(MODELS_WITHIN)}.",
    )
    for each in found:
        for problem in each.problems:
            say(console, f"! {each.cell}: {problem}", "red")


def _validation_table(found: Sequence[Validated]) -> Table:
    rows = []
    for each in found:
        bad = " ".join(each.problems)
        hits = [each.predicted_hits, each.simulated_hits, each.measured_hits]
        late = [each.predicted_latency_s, each.simulated_latency_s, each.measured_latency_s]
        for what, values, show in (("hits", hits, number), ("mean latency", late, duration)):
            told = [None if value is None else show(value) for value in values]
            off = what.split()[-1] in bad or "no trial went well" in each.problems
            off_by, part = residual(values[0], values[2], whole if show is number else show)
            cells = [*map(Cell, told), Cell(f"{off_by} ({part})" if part else off_by)]
            rows.append(Row([each.cell, what], [*cells, Cell(_verdict(values, off), bad=off)]))
    heads = ("closed form", "simulated", "measured", "residual")
    columns = [*map(Column, heads), Column("verdict", text=True)]
    return Table([Column("transport", text=True), Column("figure", text=True)], columns, rows)


def _verdict(values: Sequence[float | None], bad: bool) -> str:
    if bad:
        return "off"
    if values[0] is None:
        return "no closed form"
    return "not measured" if values[2] is None else "ok"
