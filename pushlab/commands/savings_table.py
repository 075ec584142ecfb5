"""What `pushlab savings` prints: what the log says, what was measured, and what a day comes to."""

import math
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from rich.console import Console

from pushlab.analysis.forecast.day import Day
from pushlab.analysis.stats.noise import THRESHOLD
from pushlab.analysis.summary.comparison import Ratio, ratios_to
from pushlab.analysis.summary.figure import CellTrials
from pushlab.analysis.summary.model import CellSummary
from pushlab.analysis.summary.summarise import Analysis
from pushlab.commands.usage import Usage
from pushlab.lab.scenario.access_log import LoggedPolls
from pushlab.lab.scenario.model import Scenario
from pushlab.quantities import (
    counted,
    duration,
    interval,
    large,
    message_rate,
    number,
    ratio,
    size,
    span,
)
from pushlab.tables import Cell, Column, Row, Table
from pushlab.tables.terminal import print_table, say

__all__ = ["print_savings", "ratios_json"]

#: A ratio nearer to 1 makes no difference to anybody.
_MATTERS = 1 + THRESHOLD
#: The figures that are compared, by their key in `ratios_to`, and what they are in a sentence.
_COMPARED = {
    "hits_per_delivery": "requests",
    "latency_s": "lateness",
    "cpu_s_per_delivery": "CPU",
    "bytes_per_delivery": "bytes",
}


def _log_in_words(log: LoggedPolls) -> Iterator[str]:
    refused = f", {log.refused:,} refused" if log.refused else ""
    yield (
        f"The log: {counted(log.polls, 'poll')}{refused} of {counted(log.clients, 'client')} in"
        f" {interval(max(log.span_s, 1.0))}, every {number(log.interval_s)} s;"
        f" {counted(len(log.messages), 'message')}; {number(log.users)} users at once on average."
    )
    if log.empty_bytes:
        yield f"! Its smallest answer, {log.empty_bytes} bytes, is taken for an empty one."
    if log.backwards:
        told = "times more than a minute before the poll above: is it one log, in order?"
        yield f"! {counted(log.backwards, 'poll')} with {told}"


def print_savings(
    analysis: Analysis, days: Mapping[str, Day], old: str, usage: Usage, scenario: Scenario
) -> None:
    """Print what the log says, what was measured, what a day comes to, and what differs."""
    console = Console(highlight=False, emoji=False)
    cells = {name: cell for name, cell in analysis.summary.cells.items() if not cell.floor}
    if usage.log is not None:
        console.print()
        for line in _log_in_words(usage.log):
            say(console, line)
    work = "the log's busiest stretch" if scenario.trace else "messages at random times"
    rate = message_rate(scenario.rate_per_s)
    told = f"Measured: {counted(scenario.clients, 'user')}, {rate} for each, {work}"
    _titled(console, told, _measured(cells))
    told = f"Extrapolated to a day with {number(usage.users)} users at once on average"
    _titled(console, f"{told}, {message_rate(usage.rate_per_s)} for each", _a_day(cells, days))
    console.print()
    marked = [name for name, cell in cells.items() if cell.marks]
    for line in sentences(analysis.cells, old, marked):
        say(console, line)
    for name, day in days.items():
        if day.beyond:
            say(console, f"! {name}: beyond what was measured: {'; '.join(day.beyond)}.")
    for caveat in analysis.summary.caveats:
        say(console, f"! {caveat}", "red" if caveat.startswith("Error") else "")
    if (short := _too_few(cells, scenario)) is not None:
        say(console, short)
    say(
        console,
        "Connecting and publishing are not counted: they are the same requests either way. Bytes"
        " are those of pushlab's clients; a browser's headers and cookies make each request several"
        " times as long.",
    )


def _too_few(cells: Mapping[str, CellSummary], scenario: Scenario) -> str | None:
    """How long a window would have messages enough for the slowest of a hundred, if none had."""
    come = max((cell["latency_s.count"] or 0 for cell in cells.values()), default=0)
    if not come:
        return "No message came in the measured windows: a longer --duration may see some."
    if any(cell["latency_s.p99"] is not None for cell in cells.values()):
        return None
    wanted_s = 5 * math.ceil(1.1 * 1000 / come * scenario.duration_s / 5)
    return (
        f"{counted(come, 'message')} came over each: too few to tell the slowest of a hundred; with"
        f" --duration {wanted_s}s there would be a thousand."
    )


def _titled(console: Console, title: str, table: Table) -> None:
    console.print()
    say(console, f"{title}:", "bold")
    print_table(console, table, explained=True)


def _measured(cells: Mapping[str, CellSummary]) -> Table:
    columns = [
        Column("requests a second", show=number),
        Column("a message is late by", "median", show=duration, head="late, median"),
        Column("a message is late by", "99 % at most", show=duration, head="late, p99"),
        Column("server's CPU", "of a core", show=_of_a_core, head="CPU"),
        Column("bytes a second", show=size),
    ]
    rows = []
    for name, cell in cells.items():
        if cell.is_empty:
            rows.append(Row([name], problem=cell.status))
            continue
        per_s, seconds = cell["cpu_share"], cell["duration_s"] or 1.0
        found = [
            Cell(cell["hits_per_s"]),
            _with_interval(cell, "latency_s.p50"),
            _with_interval(cell, "latency_s.p99"),
            Cell(per_s),
            Cell(((cell["bytes_in"] or 0) + (cell["bytes_out"] or 0)) / seconds),
        ]
        rows.append(Row([name], found, marks=[*cell.marks, *cell.unstable]))
    return Table([Column("", text=True)], columns, rows, turned=True)


def _with_interval(cell: CellSummary, name: str) -> Cell:
    return Cell(cell[name], span(cell.intervals.get(name), duration))


def _of_a_core(cores: float) -> str:
    return f"{number(cores * 100)} %"


def _a_day(cells: Mapping[str, CellSummary], days: Mapping[str, Day]) -> Table:
    columns = [
        Column("requests a day", show=lambda n: large(n, 3)),
        Column("server's CPU", "of a core", show=_of_a_core, head="CPU"),
        Column("bytes a day", show=size),
    ]
    rows = []
    for name in cells:
        if (day := days.get(name)) is None:
            rows.append(Row([name], problem="not measured"))
            continue
        found = [
            Cell(day.requests),
            Cell(day.cores, span(day.cores_ci, _of_a_core)),
            Cell(day.wire_bytes),
        ]
        rows.append(Row([name], found))
    return Table([Column("", text=True)], columns, rows, turned=True)


def sentences(cells: Mapping[str, CellTrials], old: str, marked: Collection[str] = ()) -> list[str]:
    """What each transport needs of what the old wire does, and where no difference is shown.

    Args:
        marked: cells with something to be held against their figures, which are no findings then.
    """
    found = []
    for name, over in _ratios(cells, old).items():
        differs, same = [], []
        for key, noun in _COMPARED.items():
            if (one := over[key]) is None:
                continue
            times, ci = one
            if not times:
                differs.append(f"no {noun}")
            elif ci is None:
                differs.append(f"{noun} {ratio(times)} (too few trials for an interval)")
            elif ci[1] * _MATTERS >= 1 and ci[0] <= _MATTERS:
                same.append(f"{noun} ({span(ci, ratio)})")
            else:
                within = span(ci, ratio)
                differs.append(f"{noun} {ratio(times)}{f' ({within})' if within else ''}")
        if differs:
            needs = f"{name}, of what {old} needs for the same messages"
            if {name, old} & set(marked):
                needs = f"Marked below, so no finding yet: {needs}"
            found.append(f"{needs}: {', '.join(differs)}.")
        if same:
            found.append(f"{name} and {old} show no difference in {', '.join(same)}.")
    return found


def _ratios(all_cells: Mapping[str, CellTrials], old: str) -> dict[str, dict[str, Ratio | None]]:
    cells = {name: cell for name, cell in all_cells.items() if not cell.floor}
    if old not in cells or not cells[old].good:
        return {}
    return {name: over for name, over in ratios_to(cells, old).items() if name != old}


def ratios_json(cells: Mapping[str, CellTrials], old: str) -> dict[str, Any]:
    """How the transports differ, as plain values."""
    return {
        name: {
            key: None if (one := over[key]) is None else {"ratio": one[0], "ci": one[1]}
            for key in _COMPARED
        }
        for name, over in _ratios(cells, old).items()
    }
