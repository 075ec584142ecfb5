"""What `pushlab savings` prints: what the log says, what was measured, and what a day comes to."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from pushlab.analysis.cost.month_price import MonthPrice
from pushlab.analysis.forecast.day import Day
from pushlab.analysis.log.findings import LogFindings
from pushlab.analysis.log.words import remarks
from pushlab.analysis.stats.verdict import MATTERS
from pushlab.analysis.summary.claims import Pair, Ranking
from pushlab.analysis.summary.model import CellSummary, Interval
from pushlab.analysis.summary.summarise import Analysis
from pushlab.commands.usage import Usage
from pushlab.lab.scenario.model import Scenario
from pushlab.quantities import (
    amount,
    counted,
    duration,
    interval,
    large,
    message_rate,
    number,
    ratio,
    size,
    span,
    usd_range,
)
from pushlab.tables import Cell, Column, Row, Table
from pushlab.tables.terminal import print_table, say

__all__ = ["Saved", "print_savings", "saved_over", "sentences"]

#: The figures that are compared, by the keys of their rankings, and what they are in a sentence.
_COMPARED = {
    "hits_per_delivery": "requests",
    "latency_s.p50": "median lateness",
    "cpu_s_per_delivery": "CPU",
    "bytes_per_delivery": "bytes",
}


def _log_in_words(log: LogFindings, users: float) -> Iterator[str]:
    refused = f", {log.refused:,} refused" if log.refused else ""
    messages = 0 if log.messages is None else log.messages.useful
    yield (
        f"The log: {counted(log.polls, 'poll')}{refused} of {counted(log.seen, 'client')} in"
        f" {interval(max(log.length_s, 1.0))}, every {number(log.interval_s)} s;"
        f" {counted(messages, 'message')}; {number(users)} users at once on average."
    )
    if log.sign.known:
        yield f"In vain {log.sign.words}: {log.sign.sure}."
    yield from (f"! {told}" for told in remarks(log))


def print_savings(
    analysis: Analysis, days: Mapping[str, Day], old: str, usage: Usage, scenario: Scenario
) -> None:
    """Print what the log says, what was measured, what a day comes to, and what differs."""
    console = Console(highlight=False, emoji=False)
    cells = {name: cell for name, cell in analysis.summary.cells.items() if not cell.floor}
    if usage.log is not None:
        console.print()
        for line in _log_in_words(usage.log.findings, usage.users):
            say(console, line)
    work = "the log's busiest stretch" if scenario.trace else "messages at random times"
    work = f"a sample of {work}" if scenario.trace and scenario.clients < usage.users else work
    rate = message_rate(scenario.rate_per_s)
    told = f"Measured: {counted(scenario.clients, 'user')}, {rate} for each, {work}"
    _titled(console, told, _measured(cells))
    users = large(usage.users, 3) if usage.users >= 1e6 else number(usage.users)
    told = f"Extrapolated to a day with {users} users at once on average"
    _titled(console, f"{told}, {message_rate(usage.rate_per_s)} for each", _a_day(cells, days))
    for line in _money(days, old):
        say(console, line)
    console.print()
    for line in sentences(analysis.summary.rankings, old):
        say(console, line)
    if (come := scenario.rate_per_s * usage.interval_s) >= 1:
        say(
            console,
            f"! A poll brings one message, and {number(come)} come between two: they queue up, and"
            " how late they are grows with the trial. Where your polls fetch all at once, look at"
            " --transports short-polling,sse,websocket instead.",
        )
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
        Column("server's CPU", "of a core", show=_of_cores, head="CPU"),
        Column("bytes a second", show=size),
    ]
    rows = []
    for name, cell in cells.items():
        if cell.is_empty:
            rows.append(Row([name], problem=cell.status))
            continue
        seconds = cell["duration_s"] or 1.0
        found = [
            Cell(cell["hits_per_s"]),
            _with_interval(cell, "latency_s.p50"),
            _with_interval(cell, "latency_s.p99"),
            Cell(cell["cpu_share"]),
            Cell(((cell["bytes_in"] or 0) + (cell["bytes_out"] or 0)) / seconds),
        ]
        rows.append(Row([name], found, marks=[*cell.marks, *cell.unstable]))
    return Table([Column("", text=True)], columns, rows, turned=True)


def _with_interval(cell: CellSummary, name: str) -> Cell:
    return Cell(cell[name], span(cell.intervals.get(name), duration))


def _of_cores(cores: float) -> str:
    """The share of one core; how many, where one is not enough."""
    if cores < 1:
        return f"{number(cores * 100)} %"
    return f"{number(float(f'{cores:.3g}'))} cores"


def _a_day(cells: Mapping[str, CellSummary], days: Mapping[str, Day]) -> Table:
    columns = [
        Column("requests a day", show=lambda n: large(n, 3)),
        Column("server's CPU", "of a core", show=_of_cores, head="CPU"),
        Column("bytes a day", show=size),
        Column("USD a month", show=amount),
    ]
    rows = []
    for name in cells:
        if (day := days.get(name)) is None:
            rows.append(Row([name], problem="not measured"))
            continue
        found = [
            Cell(day.requests),
            Cell(day.cores, span(day.cores_ci, _of_cores)),
            Cell(day.wire_bytes),
            Cell(day.month.usd, _reach(day.month)),
        ]
        rows.append(Row([name], found))
    return Table([Column("", text=True)], columns, rows, turned=True)


def _reach(month: MonthPrice) -> str:
    return "" if month.low is None or month.high is None else span((month.low, month.high), amount)


def _money(days: Mapping[str, Day], old: str) -> Iterator[str]:
    """Where the month is bought, and what leaving the old wire saves there, from least to most."""
    month = days[old].month if old in days else None
    if month is None or month.usd is None:
        return
    yield f"USD a month: 30 such days in {month.place}, list prices, data that leave the cloud in."
    for name, day in days.items():
        low, high = day.month.low, day.month.high
        if name == old or low is None or high is None or month.low is None or month.high is None:
            continue
        if high < month.low:
            saved = usd_range(month.low - high, month.high - low)
            yield f"{name} saves {saved} a month of that, whatever is guessed."


@dataclass(frozen=True, slots=True)
class Saved:
    """One figure of a transport over that of the old wire.

    Attributes:
        figure: its name in the catalogue.
        pair: what may be said of the two, as two of all that the run compares.
    """

    figure: str
    ratio: float
    ci: Interval | None
    pair: Pair

    def __str__(self) -> str:
        found, within = f"{_COMPARED[self.figure]} {ratio(self.ratio)}", span(self.ci, ratio)
        return f"{found} ({within})" if within else found

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries and lists."""
        told = {name: getattr(self, name) for name in ("figure", "ratio", "ci")}
        return {**told, "answer": self.pair.answer, "missing": self.pair.missing}


def saved_over(rankings: Mapping[str, Ranking], old: str) -> dict[str, list[Saved]]:
    """What each transport has to the old wire's, of figures that both have, by its label."""
    found: dict[str, list[Saved]] = {}
    for key in _COMPARED:
        for pair in rankings[key].pairs if key in rankings else ():
            if old not in (pair.low, pair.high):
                continue
            over, ci = pair.over(old)
            if over is not None:
                name = pair.high if pair.low == old else pair.low
                found.setdefault(name, []).append(Saved(key, over, ci, pair))
    return found


def sentences(rankings: Mapping[str, Ranking], old: str) -> list[str]:
    """What each transport needs of what the old wire does; what is the same; what is not known."""
    lines, open_ones = [], []
    for name, figures in saved_over(rankings, old).items():
        differs, same = [], []
        for one in figures:
            if not one.ratio:
                differs.append(f"no {_COMPARED[one.figure]}")
            elif one.pair.claimed:
                differs.append(str(one))
            elif one.pair.alike:
                same.append(str(one))
            else:
                why = one.pair.kind if one.pair.withheld else one.pair.missing
                open_ones.append(f"{name}'s {one}, {why}")
        if differs:
            needs = f"{name}, of what {old} needs for the same messages"
            lines.append(f"{needs}: {', '.join(differs)}.")
        if same:
            told = f"the same within {MATTERS * 100:g} %"
            lines.append(f"{name} and {old}: {told} in {', '.join(same)}.")
    if open_ones:
        lines.append(f"Not known: {'; '.join(open_ones)}.")
    return lines
