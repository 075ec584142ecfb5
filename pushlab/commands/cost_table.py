"""What `pushlab cost` prints: bills, what they are made of, and break-even intervals.

No line is wider than 100 columns, on a terminal and in a pipe alike.
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.text import Text

from pushlab.analysis.cost import Bill, BreakEven, Costs, Item
from pushlab.commands.progress import shortened
from pushlab.quantities import interval

__all__ = ["print_costs"]

_WEAK = ("third-party", "weak")
_MOST_COLUMNS = 3
_MOST_NAME = 22
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

    def say(line: str, style: str = "") -> None:
        console.print(Text(line, style=style), soft_wrap=True)

    say(title, "bold")
    say("")
    for place, line in enumerate(_bill_lines(costs.bills)):
        say(line, "bold" if place == 0 else "")
    used = "".join(_marks(one) for one in costs.every_bill)
    for mark, meaning in _MARKS.items():
        if mark in used:
            say(f"{mark} {meaning}", "dim")
    if with_items:
        for cell, found in costs.bills.items():
            for one in found:
                say("")
                say(f"{cell} at {one.offer}: USD {one.usd:,.2f} {_marks(one)}".rstrip(), "bold")
                for line in _chain(one):
                    say(line)
    shown = costs.telling_polling(_MOST_COLUMNS)
    if every_even:
        shown = list(dict.fromkeys(even.polling for even in costs.evens))
    if shown:
        say("")
        say("Break-even: polling is the cheaper one when it asks less often than every", "bold")
        for line in _even_lines(costs.evens, shown):
            say(line)
        for line in _wrapped(_CLOSED_FORM):
            say(line)
    say("")
    free = "taken off" if costs.dials.get("free_tier") else "not taken off (see --free-tier)"
    out = "priced at AWS" if costs.dials.get("egress") else "left out (see --egress)"
    given = f"What offers give away: {free}. Data leaving the cloud: {out}."
    for text in (given, *costs.unpriced, *costs.book.warnings()):
        for line in _wrapped(text):
            say(line)


def _wrapped(text: str, indent: str = "") -> Iterator[str]:
    yield from textwrap.wrap(
        text, 100, break_on_hyphens=False, initial_indent=indent, subsequent_indent=indent
    )


# ---- bills --------------------------------------------------------------------------------------


def _marks(one: Bill) -> str:
    return (
        ("~" if one.confidence in _WEAK else "")
        + ("+" if one.servers_on_top else "")
        + (">" if one.beyond_book else "")
    )


def _bill_lines(bills: Mapping[str, Sequence[Bill]]) -> Iterator[str]:
    wide = min(_MOST_NAME, max(map(len, (*bills, "transport"))))
    offers = max((len(one.offer) for found in bills.values() for one in found), default=5)
    line = f"{{:<{wide}}}  {{:<{offers}}}  {{:>14}} {{:<3}} {{}}"
    yield line.format("transport", "offer", "USD a month", "", "mostly for")
    room = 100 - len(line.format("", "", "", "", ""))
    for cell, found in bills.items():
        for place, one in enumerate(found):
            dearest = max(one.items, key=lambda item: item.usd)
            share = dearest.usd / one.usd if one.usd else 0.0
            what = f"{dearest.event[: room - 7]} ({share:.0%})"
            name = shortened(cell, wide) if place == 0 else ""
            yield line.format(name, one.offer, f"{one.usd:,.2f}", _marks(one), what)


def _chain(one: Bill) -> Iterator[str]:
    """Events, the units that they make, and what these cost; a line for each tier."""
    for item in one.items:
        event = item.event.removesuffix("s") if item.events == 1 else item.event
        text = (
            f"{_many(item.events)} {event} -> {_many(item.units)} {_plural(item)}"
            f" x USD {_price(item)} = USD {item.usd:,.2f}"
        )
        yield from _wrapped(text, "  ")
    sources = dict.fromkeys(
        f"{item.price.source} ({item.price.read}, {item.price.confidence})" for item in one.items
    )
    for source in sources:
        yield from _wrapped(f"price: {source}", "  ")
    if one.left_out:
        yield from _wrapped(f"not in it: {', '.join(one.left_out)}", "  ")


def _many(value: float) -> str:
    """A count: exact up to a million, then with six digits."""
    for size, word in ((1e9, "billion"), (1e6, "million")):
        if value >= size:
            return f"{value / size:,.6g} {word}"
    return f"{value:,.6g}" if value < 1e3 else f"{value:,.0f}"


def _plural(item: Item) -> str:
    unit = item.price.unit
    return unit if unit in ("GB", "cpu-ms") or item.units == 1 else f"{unit}s"


def _price(item: Item) -> str:
    per = item.price.per
    amount = f"{item.price.usd:.10f}".rstrip("0")
    whole, _, part = amount.partition(".")
    return f"{whole}.{part:<02} {'an' if per[0] in 'aeiouhL' else 'a'} {per}"


# ---- break-evens --------------------------------------------------------------------------------


def _even_lines(evens: Sequence[BreakEven], shown: Sequence[str]) -> Iterator[str]:
    """A line for each push bill, cheapest first, a column for each offer for polling."""
    lines = {(even.cell, even.push): even.push_usd for even in evens}
    pushes = sorted(lines, key=lambda key: lines[key])
    told = {(even.polling, even.cell, even.push): even for even in evens}
    wide = max(len(f"{_short(cell)} at {push}") for cell, push in pushes)
    wide = max(wide, len("than push"))
    for first in range(0, len(shown), _MOST_COLUMNS):
        columns = shown[first : first + _MOST_COLUMNS]
        room = (100 - wide) // len(columns) - 2
        yield f"{'than push':<{wide}}" + "".join(f"  {key:>{room}}"[: room + 2] for key in columns)
        for cell, push in pushes:
            texts = (_even(told[key, cell, push]) for key in columns)
            name = f"{_short(cell)} at {push}"
            yield f"{name:<{wide}}" + "".join(f"  {text:>{room}}" for text in texts)


def _short(cell: str) -> str:
    return shortened(cell, 16)


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
