"""What `pushlab workload from-log` prints: what was read, what it says, and hour by hour."""

from collections.abc import Iterator, Sequence

from rich.console import Console

from pushlab.analysis.log.findings import HourOfLog, LogFindings
from pushlab.analysis.log.stretch import Stretch
from pushlab.analysis.log.words import headline, read_in_words, remarks, sentences
from pushlab.quantities import counted, exact_duration, message_rate, number, share, size
from pushlab.tables import Cell, Column, Row, Table
from pushlab.tables.terminal import print_table, say

__all__ = ["print_findings"]

_MOST_HOURS = 48


def print_findings(found: LogFindings, stretch: Stretch | None) -> None:
    """Print it."""
    console = Console(highlight=False, emoji=False)
    say(console, headline(found), "bold")
    console.print()
    say(console, read_in_words(found))
    for line in sentences(found):
        say(console, line)
    console.print()
    for title, table in _tables(found.hours):
        say(console, f"{title}:", "bold")
        print_table(console, table, explained=True)
    troubles = list(remarks(found))
    if troubles:
        console.print()
    for line in troubles:
        say(console, f"! {line}")
    console.print()
    say(console, _replayed(stretch))


def _replayed(stretch: Stretch | None) -> str:
    if stretch is None:
        return "No scenario: nothing in the log is known to have brought a message."
    of_all = f" of {stretch.clients:,}" if stretch.clients > stretch.sampled else ""
    who = f"{counted(stretch.sampled, 'client')}{of_all}"
    what = f"{counted(len(stretch.messages), 'message')}, {message_rate(stretch.rate_per_s)}"
    span = exact_duration(round(stretch.span_s))
    return f"The scenario replays {span} of {who}: {what} for each."


def _tables(hours: Sequence[HourOfLog]) -> Iterator[tuple[str, Table]]:
    if len(hours) <= _MOST_HOURS:
        yield "Hour by hour (UTC, if the log has its zone)", _table(hours)
        return
    by_hour = [[one for one in hours if one.begins[11:13] == f"{hour:02}"] for hour in range(24)]
    told = (
        f"By the hour of the day, the mean of {len(hours):,} hours (UTC, if the log has its zone)"
    )
    yield told, _table([_mean(some) for some in by_hour if some])


def _mean(hours: Sequence[HourOfLog]) -> HourOfLog:
    """One hour as all of these on average."""
    polls, count = sum(one.polls for one in hours), len(hours)
    known = sum(one.polls for one in hours if one.in_vain is not None)
    vain = sum(one.polls * one.in_vain for one in hours if one.in_vain is not None)
    return HourOfLog(
        begins=hours[0].begins[10:],
        polls=round(polls / count),
        refused=round(sum(one.refused for one in hours) / count),
        in_vain=vain / known if known else None,
        clients=sum(one.clients for one in hours) / count,
        seen=round(sum(one.seen for one in hours) / count),
        wire_bytes=round(sum(one.wire_bytes for one in hours) / count),
    )


def _table(hours: Sequence[HourOfLog]) -> Table:
    columns = [
        Column("polls", show=lambda n: f"{n:,.0f}"),
        Column("in vain", show=share),
        Column("clients at once", "on average", show=number, head="at once"),
        Column("different clients", show=lambda n: f"{n:,.0f}", head="different"),
        Column("bytes of answers", show=size, head="bytes"),
        Column("refused", show=lambda n: f"{n:,.0f}"),
    ]
    rows = [
        Row(
            [one.begins.removesuffix("Z").replace("T", " ").strip()],
            [
                Cell(one.polls),
                Cell(one.in_vain),
                Cell(one.clients),
                Cell(one.seen),
                Cell(one.wire_bytes or None),
                Cell(one.refused),
            ],
        )
        for one in hours
    ]
    return Table([Column("hour", text=True)], columns, rows)
