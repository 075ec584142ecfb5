"""What `pushlab cost --book` prints: every price with its tiers, rule, source, day and strength."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import Console
from rich.text import Text

from pushlab.analysis.cost.book import CONFIDENCES, Key, Price, PriceBook
from pushlab.quantities import brief, counted, large
from pushlab.tables.layout import wrapped
from pushlab.tables.terminal import is_live, say

__all__ = ["print_book"]

_STRENGTHS = (
    "primary: the vendor's own page; transcription: a dated copy of it; third-party: somebody"
    " else's word; weak: not confirmed, or without a known origin."
)


def print_book(book: PriceBook) -> None:
    """Print the book on stdout: a paragraph for each product, a price and its origin for each item.

    In a pipe every price is one line that holds all of it.
    """
    console = Console(highlight=False, emoji=False)
    live = is_live(console)
    for product, found in groupby(sorted(book.items.items(), key=_product), _product):
        if live:
            say(console, " ".join(product), "bold")
        for (_, _, item), tiers in found:
            if not live:
                said = " ".join(told for told, _ in _lines(item, tiers))
                say(console, f"{' '.join(product)} {said}")
                continue
            for text, style in _lines(item, tiers):
                deep = "    " if style else "  "
                for line in wrapped(text, console.width - len(deep)):
                    console.print(Text(deep + line, style=style), soft_wrap=True)
    console.print()
    for text in (_summary(book), _STRENGTHS, *book.warnings()):
        say(console, text)


def _product(item: tuple[Key, Sequence[Price]]) -> tuple[str, str]:
    return item[0][:2]


def _lines(item: str, tiers: Sequence[Price]) -> Iterator[tuple[str, str]]:
    """What an item costs, by which rule, and where that was read; with the style of each."""
    first = tiers[0]
    price = f"{item}: {first.words}"
    for tier in tiers[1:]:
        price += f", above {large(tier.above)} {tier.words}"
    if tiers[-1].up_to < float("inf"):
        price += f" (known up to {large(tiers[-1].up_to)})"
    if first.free:
        price += f"; {large(first.free)} free"
    if first.step_bytes:
        price += f"; a unit is {brief(first.step_bytes / 1024)} KiB"
    yield f"{price}.", ""
    for rule in dict.fromkeys(tier.metering for tier in tiers if tier.metering):
        yield f"Rule: {rule}.", "dim"
    for tier in {(tier.source, tier.read, tier.confidence): tier for tier in tiers}.values():
        old, day = tier.is_old(), tier.read
        told = f"{'OLD: ' if old else ''}{tier.confidence}, {day}: {tier.source}"
        yield told, "red" if old else "dim"


def _summary(book: PriceBook) -> str:
    strengths = Counter(price.confidence for price in book)
    told = ", ".join(f"{strengths[each]} {each}" for each in CONFIDENCES if strengths[each])
    dated = sorted(price.read for price in book if price.read[:1].isdigit())
    days = f"; read from {dated[0]} to {dated[-1]}" if dated else ""
    undated = len(book) - len(dated)
    return (
        f"{counted(len(book), 'price')} of {counted(len(book.items), 'item')}: {told}{days}"
        + (f", {undated} undated" if undated else "")
        + "."
    )
