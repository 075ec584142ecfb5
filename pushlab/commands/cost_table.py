"""What `pushlab cost` prints: bills, what they are made of, and break-even intervals."""

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console

from pushlab.analysis.cost.break_even import BreakEven
from pushlab.analysis.cost.costs import Costs
from pushlab.analysis.cost.meter import Bill, Item
from pushlab.quantities import interval, large, share
from pushlab.tables import Cell, Column, Row, Table
from pushlab.tables.terminal import print_table, say

__all__ = ["print_costs"]

_WEAK = ("third-party", "weak")
_MOST_COLUMNS = 3
_CLOSED_FORM = (
    "In brackets, where tiers bend it: the closed form T* = N x 30 days x p / (U - b), p being a"
    " poll at the first tier's price, U the month of push, b a month of polling without any poll."
)
_MARKS = {
    "~": "rests on a price that is not the vendor's own word",
    "+": "servers of your own come on top",
    ">": "units beyond the tiers that the book knows, charged at the last one",
}


def print_costs(title: str, costs: Costs, *, with_items: bool, every_even: bool) -> None:
    """Print everything on stdout.

    Args:
        with_items: also each bill's lines: events, units, price, source.
        every_even: break-evens of all offers that carry short polling, not of the telling ones.
    """
    console = Console(highlight=False, emoji=False)
    say(console, title, "bold")
    console.print()
    print_table(console, _bills_table(costs.bills))
    used = "".join(_marks(one) for one in costs.every_bill)
    for mark, meaning in _MARKS.items():
        if mark in used:
            say(console, f"{mark} {meaning}", "dim")
    for one in costs.every_bill if with_items else ():
        console.print()
        heading = f"{one.cell} at {one.offer}: USD {one.usd:,.2f} {_marks(one)}"
        say(console, heading.rstrip(), "bold")
        for line in _chain(one):
            say(console, f"  {line}")
    shown = costs.telling_polling(_MOST_COLUMNS)
    if every_even:
        shown = list(dict.fromkeys(even.polling for even in costs.evens))
    if shown:
        console.print()
        what = "polling is the cheaper one when it asks less often than every"
        say(console, f"Break-even: {what}", "bold")
        print_table(console, _even_table(costs.evens, shown))
        say(console, _CLOSED_FORM)
    console.print()
    out = "priced at AWS" if costs.dials.get("egress") else "left out (see --egress)"
    say(console, f"Data leaving the cloud: {out}.")
    for text in (*costs.unpriced, *costs.book.warnings()):
        say(console, text)


def _marks(one: Bill) -> str:
    return (
        ("~" if one.confidence in _WEAK else "")
        + ("+" if one.servers_on_top else "")
        + (">" if one.beyond_book else "")
    )


def _bills_table(bills: Mapping[str, Sequence[Bill]]) -> Table:
    rows = []
    for cell, found in bills.items():
        for one in found:
            dearest = max(one.items, key=lambda item: item.usd)
            part = dearest.usd / one.usd if one.usd else 0.0
            what = f"{dearest.event} ({share(part)})"
            usd = f"{one.usd:,.2f} {_marks(one):<2}"
            rows.append(Row([cell, one.offer], [Cell(usd), Cell(what)]))
    leading = [Column("transport", text=True), Column("offer", text=True)]
    return Table(leading, [Column("USD a month"), Column("mostly for", text=True)], rows)


def _chain(one: Bill) -> Iterator[str]:
    """Events, the units that they make, and what these cost; a line for each tier."""
    for item in one.items:
        event = item.event.removesuffix("s") if item.events == 1 else item.event
        yield (
            f"{large(item.events)} {event} -> {large(item.units)} {_plural(item)}"
            f" x {item.price.words} = USD {item.usd:,.2f}"
        )
    sources = dict.fromkeys(
        f"{item.price.source} ({item.price.read}, {item.price.confidence})" for item in one.items
    )
    yield from (f"price: {source}" for source in sources)
    if one.left_out:
        yield f"not in it: {', '.join(one.left_out)}"


def _plural(item: Item) -> str:
    unit = item.price.unit
    return unit if unit in ("GB", "cpu-ms") or item.units == 1 else f"{unit}s"


# ---- break-evens --------------------------------------------------------------------------------


def _even_table(evens: Sequence[BreakEven], shown: Sequence[str]) -> Table:
    """A row for each push bill, cheapest first, a column for each offer for polling."""
    bills = {(even.cell, even.push): even.push_usd for even in evens}
    told = {(even.polling, even.cell, even.push): even for even in evens}
    rows = [
        Row([cell, push], [Cell(_even(told[polling, cell, push])) for polling in shown])
        for cell, push in sorted(bills, key=lambda key: bills[key])
    ]
    leading = [Column("than push by", text=True), Column("at", text=True)]
    return Table(leading, [Column(polling, show=str) for polling in shown], rows)


def _even(even: BreakEven) -> str:
    if even.always:
        return "always cheaper" if even.always == "polling" else "never cheaper"
    assert even.interval_s is not None
    text, closed = interval(even.interval_s), even.closed_form_s
    if closed is not None and abs(closed / even.interval_s - 1) > 0.005:
        (number, unit), (other, its_unit) = text.split(), interval(closed).split()
        same = unit == its_unit
        text = f"{number} ({other}) {unit}" if same else f"{text} ({other} {its_unit})"
    return text
