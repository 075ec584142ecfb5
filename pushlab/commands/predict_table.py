"""The tables of predictions: closed form and simulation of each figure, servers, validation."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from rich.console import Console

from pushlab.analysis.cost.pricing import Priced
from pushlab.analysis.cost.telling import place_words
from pushlab.analysis.forecast.costs import Within
from pushlab.analysis.forecast.forecast import Forecast, difference
from pushlab.analysis.forecast.sizing import Workload
from pushlab.analysis.forecast.validation import MATTERS, MODELS_WITHIN, Validated
from pushlab.analysis.models.expected import Expected
from pushlab.analysis.stats.intervals import MIN_TRIALS
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
    signed,
    size,
    whole,
)
from pushlab.runs import Run
from pushlab.tables import Cell, Column, Row, Show, Table
from pushlab.tables.figures import residual
from pushlab.tables.terminal import print_table, say

__all__ = ["print_forecasts", "print_validation"]

Value = float | str | None
_MISSED = 0.02  # a share of the CPU that costs cannot explain, worth a line
_KINDS_APART = 3  # of windows: fewer tell little apart
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


def _known(name: str) -> Callable[[Forecast], Value]:
    return lambda each: (getattr(each.calibration, name) or None) if each.calibration else None


def _server(name: str) -> Callable[[Forecast], Value]:
    return lambda each: getattr(each.servers, name) if each.servers else None


def _cost(field: str) -> Callable[[Forecast], Within | None]:
    """A cost; None where it could not be told from the others, and is within one of them."""

    def of(each: Forecast) -> Within | None:
        found = each.calibration.costs.each(field) if each.calibration else None
        return found if found is not None and found.value else None

    return of


def _of_servers(name: Literal["count", "utilisation"]) -> Callable[[Forecast], Within | None]:
    return lambda each: getattr(each.servers, name) if each.servers else None


def _delivery_bytes(each: Forecast) -> Value:
    known = each.calibration
    if known is None or not known.overhead_bytes_per_delivery:
        return None
    return known.overhead_bytes_per_delivery + each.traffic.payload_bytes


def _backplane(name: str) -> Callable[[Forecast], Value]:
    def of(each: Forecast) -> Value:
        found = each.servers.backplane if each.servers else None
        return getattr(found, name) if found else None

    return of


def _starred(each: Forecast, value: str) -> str:
    return f"{value}*" if each.servers and each.servers.beyond else value


def _apart(
    words: str, show: Show, of: Callable[[Forecast], Within | None], *, star: bool = False
) -> list[tuple[str, str, Show, Callable[[Forecast], Value]]]:
    """A row of values, and their 95 % intervals below it."""

    def value(each: Forecast) -> Value:
        found = of(each)
        if found is None:
            return None
        told = show(found.value) if math.isfinite(found.value) else "no number"
        return _starred(each, told) if star else told

    def bound(name: Literal["low", "high"]) -> Callable[[Forecast], Value]:
        def told(each: Forecast) -> Value:
            found = of(each)
            return None if found is None else _bound(getattr(found, name), show)

        return told

    return [
        (words, "", show, value),
        (words, "at least", show, bound("low")),
        (words, "at most", show, bound("high")),
    ]


def _bound(value: float, show: Show) -> str:
    if math.isnan(value):
        return "unknown"
    return show(value) if math.isfinite(value) else "no end"


#: Bandwidth; and what costs per hit, delivery and connection come to, nothing without a run.
_SERVERS: tuple[tuple[str, str, Show, Callable[[Forecast], Value]], ...] = (
    ("bandwidth a second", "", size, lambda each: each.traffic.bytes_per_s),
    *_apart("CPU of an idle server", share, _cost("servers")),
    *_apart("CPU per connection and second", duration, _cost("connections")),
    *_apart("CPU per hit", duration, _cost("hits")),
    *_apart("CPU per delivery", duration, _cost("deliveries")),
    *_apart("CPU per publish", duration, _cost("publishes")),
    ("memory per connection", "", memory, _known("bytes_per_connection")),
    ("wire bytes per hit", "", size, _known("overhead_bytes_per_hit")),
    ("wire bytes per delivery, with payload", "", size, _delivery_bytes),
    *_apart("servers, with headroom", exact, _of_servers("count"), star=True),
    ("connections per server", "", number, _server("connections")),
    ("publishes/s that a server sees", "", number, _server("publishes_per_s")),
    ("memory per server", "", memory, _server("memory_bytes")),
    *_apart("load of a server's core", share, _of_servers("utilisation")),
    ("of this, for the backplane", "", share, _backplane("hub_cores")),
    ("hubs that a publish goes to", "", number, _backplane("hubs_per_publish")),
    ("load of the backplane's core", "", share, _backplane("cores")),
    ("messages that the backplane keeps", "", memory, _backplane("log_bytes")),
)


def print_forecasts(
    workload: Workload,
    forecasts: Mapping[str, Forecast],
    months: Mapping[str, Priced],
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
    print_table(console, _forecast_table(forecasts, months))
    console.print()
    for note in _notes(workload, forecasts, months, calibrated_with):
        say(console, note)


def _forecast_table(forecasts: Mapping[str, Forecast], months: Mapping[str, Priced]) -> Table:
    """A column for each figure that any transport has; read from above to below on a terminal."""
    all_of, found = list(forecasts.values()), list[tuple[Column, list[Value]]]()
    for words, show, expected in _FIGURES:
        for small, ways in (
            ("", [each.closed for each in all_of]),
            ("simulated", [each.simulated for each in all_of]),
        ):
            column = Column(words, small, show=show, dim=bool(small))
            found.append((column, [expected(way) for way in ways]))
    for words, small, show, of in _SERVERS:
        found.append((Column(words, small, show=show, dim=bool(small)), [*map(of, all_of)]))
    bills = [months[name] for name in forecasts]
    ends = [("", 1), ("at least", 0), ("at most", 2)]
    for small, end in ends:
        of_each = [(one.range_usd[0], one.usd, one.range_usd[1])[end] for one in bills]
        column = Column("USD a month", small, show=amount, dim=bool(small))
        found.append((column, [each if math.isfinite(each) else None for each in of_each]))
    known = [(column, values) for column, values in found if any(v is not None for v in values)]
    rows = [
        Row([name], [Cell(values[i]) for _, values in known]) for i, name in enumerate(forecasts)
    ]
    leading = [Column("transport", text=True)]
    return Table(leading, [column for column, _ in known], rows, turned=True)


def _notes(
    workload: Workload,
    forecasts: Mapping[str, Forecast],
    months: Mapping[str, Priced],
    calibrated_with: Path | None,
) -> list[str]:
    sampled = min(each.sampled for each in forecasts.values())
    who = "every client" if sampled == workload.clients else f"{sampled:,} clients or more"
    worst = _largest_difference(forecasts)
    apart = (
        "" if worst is None else f", at most {share(abs(worst[0]))} from closed forms ({worst[1]})"
    )
    notes = [f"Simulated: {who} of each transport, seed {workload.seed}{apart}."]
    notes += _of_months(months)
    if calibrated_with is None:
        notes.append(
            "Bandwidth as of pushlab's own transports. Not known without a calibration: CPU,"
            " memory, servers, and what these add to a latency, which is all of it where messages"
            " are pushed over no distance; give a run or a sweep (--calibrate RUN)."
        )
        return notes
    notes.append(
        f"A server is one hub process on one core with {brief(workload.server_bytes / 2**30)} GiB,"
        f" {_percent(workload.headroom)} of it kept free; costs as in {calibrated_with}."
    )
    missing = [name for name, each in forecasts.items() if each.calibration is None]
    if missing:
        notes.append(f"Not in that run: {', '.join(missing)}.")
    notes += _of_costs(forecasts)
    notes += _of_backplane(workload, forecasts)
    for name, each in forecasts.items():
        if each.servers and each.servers.beyond:
            told = "; ".join(each.servers.beyond)
            notes.append(f"* {name}, extrapolated beyond what was measured: {told}.")
    return notes


def _of_months(months: Mapping[str, Priced]) -> Iterator[str]:
    """In which architecture the months are priced, and by what its servers are sized."""
    first = next(iter(months.values()))
    sized = dict.fromkeys(one.sized_by for one in months.values() if one.sized_by)
    by = "; ".join(sized)
    yield (
        f"USD a month in {place_words(first.architecture)}, from all guesses at their cheap ends to"
        f" all at their dear ends, servers sized by: {by}. Other kinds of architecture:"
        " `pushlab cost`."
    )


def _of_costs(forecasts: Mapping[str, Forecast]) -> Iterator[str]:
    """What costs and servers rest on."""
    known = {name: each.calibration for name, each in forecasts.items() if each.calibration}
    yield (
        "At least, at most: the 95 % interval, of all costs that agree with the run's windows."
        " Clients are spread over servers at random; a publish comes to each server that has one of"
        " its readers; a keep-alive is taken to cost what a delivery does. Latency is the way, the"
        " harness's floor, the queue at the server and the turn of each reader."
    )
    few = [name for name, each in known.items() if not each.costs.known]
    if few:
        yield f"No intervals from fewer than {MIN_TRIALS} trials: {', '.join(few)}."
    alone = [name for name, each in known.items() if each.costs.kinds < _KINDS_APART]
    if alone:
        yield (
            f"CPU put on hits or on deliveries alone, all else included ({', '.join(alone)}): one"
            " load cannot tell them apart, hence the wide intervals; a run with --parts can."
        )
    for name, each in known.items():
        if each.costs.known and each.costs.missed > _MISSED:
            yield (
                f"{name}: no costs agree with all windows; the best are off by"
                f" {share(each.costs.missed)} beyond chance, and all intervals are wider by that."
            )


def _of_backplane(workload: Workload, forecasts: Mapping[str, Forecast]) -> Iterator[str]:
    """What of the figures is the backplane's, and where one engine is not enough."""
    loads = {name: each.servers.backplane for name, each in forecasts.items() if each.servers}
    known = {name: load for name, load in loads.items() if load is not None}
    if not workload.backplane:
        return
    if not known:
        yield "One server is enough, or none could be sized: no backplane is needed or priced."
        return
    first = next(iter(known.values()))
    yield (
        f"Backplane {first.name}: costs per message as in {first.source}, taken to be the same at"
        " every rate and size; a server's CPU and the latency have them, the USD have no engine."
    )
    full = [name for name, load in known.items() if load.cores > 1 - workload.headroom]
    if full:
        yield (
            f"Its engine runs commands on one core, which is not enough for {', '.join(full)} with"
            " that headroom: channels would have to be divided over several services, each with an"
            " engine of its own."
        )


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
    say(
        console,
        "Agrees: the 95 % interval of measured minus predicted lies within"
        f" {_percent(MATTERS)} of the prediction. Differs: it is clear of 0. It holds what chance"
        " makes of the schedule that was drawn, of trials, floor and costs. CPU: of the measured"
        " windows, foretold by the windows beside them. Simulation from closed form:"
        f" {_percent(MODELS_WITHIN)} at most.",
    )
    for each in found:
        if each.failed:
            say(console, f"! {each.cell}: {each.failed}", "red")
        for check in each.checks:
            if check.answer in ("differs", "unknown"):
                say(
                    console,
                    f"{'!' if check.answer == 'differs' else '?'} {each.cell}: {check.figure}:"
                    f" {_WORDS[check.answer]}: {check.why}",
                    "red" if check.answer == "differs" else "",
                )


_WORDS = {"unknown": "not known", "differs": "differs"}


def _validation_table(found: Sequence[Validated]) -> Table:
    rows = []
    for each in found:
        for check in each.checks:
            show = number if check.figure == "hits" else duration
            values = [check.predicted, check.simulated, check.measured]
            told = [None if value is None else show(value) for value in values]
            off_by, part = residual(values[0], values[2], whole if show is number else show)
            apart = None
            if check.apart is not None:
                apart = " to ".join(signed(each, show) for each in check.apart)
            cells = [*map(Cell, told), Cell(f"{off_by} ({part})" if part else off_by), Cell(apart)]
            verdict = Cell(_WORDS.get(check.answer, check.answer), bad=check.answer == "differs")
            rows.append(Row([each.cell, check.figure], [*cells, verdict]))
        if each.failed:
            rows.append(Row([each.cell, ""], problem=each.failed))
    heads = ("closed form", "simulated", "measured", "residual", "95 %")
    columns = [*map(Column, heads), Column("verdict", text=True)]
    return Table([Column("transport", text=True), Column("figure", text=True)], columns, rows)
