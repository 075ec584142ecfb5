"""What `pushlab cost` prints: one architecture in full, the others in short, what is guessed."""

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console

from pushlab.analysis.advice.saving import Saving
from pushlab.analysis.cost.architectures import KINDS_OF_ARCHITECTURE, Architecture
from pushlab.analysis.cost.guesses import CPU, MEMORY
from pushlab.analysis.cost.meter import Bill, Item
from pushlab.analysis.cost.month import Costs
from pushlab.analysis.cost.pricing import Priced
from pushlab.analysis.cost.telling import (
    across_words,
    contenders,
    is_weak,
    place_words,
    shares_of,
    swing_words,
    within_words,
)
from pushlab.quantities import amount, brief, interval, large, share, span
from pushlab.tables import Cell, Column, Row, Table
from pushlab.tables.advice import savings_table
from pushlab.tables.terminal import print_table, say

__all__ = ["print_costs"]

_MARKS = {
    "~": "rests on a price that is not the vendor's own word",
    ">": "units beyond the tiers that the book knows, charged at the last one",
}
_RANGE = (
    "From, to: every guess at its cheap end, at its dear end. Two transports are ranked only where"
    " their ranges do not touch; `pushlab advise` compares two with the same guesses on both sides."
)


def print_costs(
    title: str,
    costs: Costs,
    *,
    full: Sequence[Architecture],
    with_items: bool,
    with_guesses: bool,
    saved: Sequence[Saving] = (),
) -> None:
    """Print everything on stdout.

    Args:
        title: what is priced.
        full: the architectures that are shown with all transports; the chosen one is first.
        with_items: also each bill's lines: events, units, price, source.
        with_guesses: also what each guess does to each bill.
        saved: what push saves of polling as it is.
    """
    console = Console(highlight=False, emoji=False)
    names = {cell: each.profile.called(cell, within=True) for cell, each in costs.traffic.items()}
    say(console, title, "bold")
    for where in full:
        _print_within(console, where, costs.priced[where.key], names)
        for one in costs.priced[where.key] if with_items else ():
            _print_items(console, one)
    say(console, _RANGE, "dim")
    shown = [one for key in full for one in costs.priced[key.key]]
    rest = [one for one in costs.across if one.architecture not in full]
    if rest:
        told = "Other architectures, the cheapest transport of each (--architecture shows all)"
        _titled(console, told, _across_table(costs, rest))
        say(console, f"{across_words(costs, names)}.")
    marked = "".join(_marks(one.likely) for one in (*shown, *rest) if one.likely)
    for mark, meaning in _MARKS.items():
        if mark in marked:
            say(console, f"{mark} {meaning}", "dim")
    if saved:
        told = (
            f"Saved of what polling takes today, in {place_words(costs.chosen)}, from least to most"
        )
        _titled(console, told, savings_table(saved, costs.chosen))
    if costs.evens:
        told = "Break-even: polling costs no more than push when it asks less often than every"
        _titled(console, f"{told}, in {place_words(costs.chosen)}", _even_table(costs))
    if with_guesses:
        for one in costs.within:
            if one.swings:
                told = f"What moves the bill of {one.cell}, each guess alone"
                _titled(console, told, _swings_table(one))
    console.print()
    for text in _notes(costs, shown, [*shown, *rest]):
        say(console, text)


def _titled(console: Console, title: str, table: Table) -> None:
    console.print()
    say(console, f"{title}:", "bold")
    print_table(console, table)


def _marks(one: Bill) -> str:
    return ("~" if is_weak(one) else "") + (">" if one.beyond_book else "")


def _usd(one: Priced) -> list[Cell]:
    """Likely, low and high."""
    assert one.likely is not None
    low, high = one.range_usd
    return [Cell(f"{amount(one.usd)} {_marks(one.likely):<1}".rstrip()), Cell(low), Cell(high)]


_USD = (Column("USD a month"), Column("from", show=amount), Column("to", show=amount))


def _print_within(
    console: Console, where: Architecture, priced: Sequence[Priced], names: Mapping[str, str]
) -> None:
    rows = []
    for one in priced:
        if one.likely is None:
            rows.append(Row([one.cell], problem=f"not carried: {one.cannot}"))
            continue
        part, most = next(
            iter(sorted(shares_of(one.likely).items(), key=lambda each: -each[1])), ("", 0.0)
        )
        widest = one.swings[0].guess.words if one.swings else ""
        told = [Cell(f"{part} ({share(most)})"), Cell(widest or None)]
        rows.append(Row([one.cell], [*_usd(one), *told]))
    told_columns = [Column("mostly for", text=True), Column("widest by", text=True)]
    table = Table([Column("transport", text=True)], [*_USD, *told_columns], rows)
    _titled(console, f"In {where.title} ({KINDS_OF_ARCHITECTURE[where.kind]}) [{where.key}]", table)
    sentence = within_words(contenders(priced, names), place_words(where))
    say(console, f"{sentence[:1].upper()}{sentence[1:]}.")


def _across_table(costs: Costs, rest: Sequence[Priced]) -> Table:
    """The cheapest of each, with its kind; and who is not carried (`_print_within` says why)."""
    rows = []
    for one in rest:
        where = one.architecture
        refused = [each.cell for each in costs.priced[where.key] if each.cannot]
        told = Cell(", ".join(refused) or "-")
        kind = Cell(KINDS_OF_ARCHITECTURE[where.kind])
        rows.append(Row([where.key], [kind, Cell(one.cell), *_usd(one), told]))
    leading, what = [Column("architecture", text=True)], Column("cheapest there", text=True)
    columns = [Column("kind", text=True), what, *_USD, Column("not carried", text=True, rank=1)]
    return Table(leading, columns, rows)


def _even_table(costs: Costs) -> Table:
    rows = [
        Row([even.cell], [Cell(_span(each)) for each in _likely_first(even.interval_s)])
        for even in costs.evens
    ]
    columns = [Column("likely"), Column("from"), Column("to")]
    return Table([Column("than push by", text=True)], columns, rows)


def _likely_first(ends: tuple[float, float, float]) -> tuple[float, float, float]:
    low, likely, high = ends
    return likely, low, high


def _span(value_s: float) -> str:
    """An interval; at 0 polling is cheaper however often it asks, without end it never is."""
    if value_s == 0:
        return "any"
    return "none" if value_s == float("inf") else interval(value_s)


def _swings_table(one: Priced) -> Table:
    rows = [
        Row(
            [swing_words(swing)],
            [Cell(swing.low_usd), Cell(swing.high_usd), Cell(swing.guess.source)],
        )
        for swing in one.swings
    ]
    columns = [*_USD[1:], Column("why this range", text=True)]
    return Table([Column("guess", text=True)], columns, rows)


# ---- lines --------------------------------------------------------------------------------------


def _print_items(console: Console, one: Priced) -> None:
    if one.likely is None:
        return
    console.print()
    told = f"{one.cell} in {place_words(one.architecture)}: USD {one.usd:,.2f} likely"
    say(console, f"{told} {_marks(one.likely)}".rstrip(), "bold")
    for line in _chain(one):
        say(console, f"  {line}")


def _chain(one: Priced) -> Iterator[str]:
    """Events, the units that they make, and what these cost; a line for each tier."""
    assert one.likely is not None
    for item in one.likely.items:
        event = item.event.removesuffix("s") if item.events == 1 else item.event
        yield (
            f"{item.part}: {large(item.events)} {event} -> {large(item.units)} {_plural(item)}"
            f" x {item.price.words} = USD {item.usd:,.2f}"
        )
    sources = dict.fromkeys(
        f"{item.price.source} ({item.price.read}, {item.price.confidence})"
        for item in one.likely.items
    )
    yield from (f"price: {source}" for source in sources)
    if one.likely.assumptions:
        yield f"taken for granted: {one.likely.assumptions}"
    if one.likely.left_out:
        yield f"not in it: {', '.join(one.likely.left_out)}"


def _plural(item: Item) -> str:
    unit = item.price.unit
    return unit if unit in ("GB", "cpu-ms") or item.units == 1 else f"{unit}s"


# ---- what it rests on ---------------------------------------------------------------------------


def _notes(costs: Costs, full: Sequence[Priced], shown: Sequence[Priced]) -> Iterator[str]:
    """Guesses with their ranges, where servers were measured, what is left out, old prices."""
    guesses = {guess.name: guess for one in costs.within for guess in one.guesses}
    told = [guess for name, guess in guesses.items() if name not in (CPU, MEMORY)]
    if told:
        yield "Guessed, likely (from the cheap end to the dear one); --assume NAME=VALUE sets one:"
    for guess in told:
        reach = span((guess.low, guess.high), brief)
        unit = f" {guess.unit}" if guess.unit else ""
        amount_of = f"{brief(guess.likely)}{unit}" + (f" ({reach})" if reach else "")
        yield f"  {guess.name}: {guess.words}: {amount_of}"
    cores = {one.cell: guess for one in full for guess in one.guesses if guess.name == CPU}
    if cores:
        each = [
            f"{cell} {brief(cpu.likely)} ({brief(cpu.low)} to {brief(cpu.high)})"
            for cell, cpu in cores.items()
        ]
        yield f"Measured, cores that this traffic takes on one server: {', '.join(each)}."
    yield from (f"Sized by: {name}." for name in dict.fromkeys(o.sized_by for o in shown) if name)
    left_out = dict.fromkeys(text for one in full if one.likely for text in one.likely.left_out)
    if left_out:
        yield f"Not in the prices shown in full: {', '.join(left_out)}."
    used = (item.price for one in shown if one.likely for item in one.likely.items)
    yield from (f"{text}." for text in costs.book.warnings(among=used))
