"""All that a month costs: every transport in every architecture, and break-evens within each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pushlab.analysis.cost.architectures import DEFAULT, Architecture
from pushlab.analysis.cost.book import PriceBook
from pushlab.analysis.cost.evens import BreakEven, Polling
from pushlab.analysis.cost.guesses import GUESSES, Guess
from pushlab.analysis.cost.meter import Meter
from pushlab.analysis.cost.pricing import Priced, meter_for, price
from pushlab.analysis.cost.sizes import Sizes, reference_sizes
from pushlab.analysis.cost.traffic import Traffic

__all__ = ["Costs", "price_all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What a month costs.

    Attributes:
        traffic: of each cell.
        chosen: the architecture within which transports are compared.
        priced: of each architecture, the cells, cheapest first; those without a bill last.
        polling: the short polling of these clients, in the chosen architecture; None without one.
        evens: of it against each push transport there.
        book, guesses: what it was priced with.
    """

    traffic: Mapping[str, Traffic]
    chosen: Architecture
    priced: Mapping[str, Sequence[Priced]]
    polling: Polling | None
    evens: Sequence[BreakEven]
    book: PriceBook
    guesses: Mapping[str, Guess]

    @property
    def within(self) -> Sequence[Priced]:
        """The cells in the chosen architecture, cheapest first."""
        return self.priced[self.chosen.key]

    @property
    def every(self) -> list[Priced]:
        """All that has a bill, cheapest first."""
        found = [one for cells in self.priced.values() for one in cells if not one.cannot]
        return sorted(found, key=lambda one: one.usd)

    @property
    def across(self) -> list[Priced]:
        """The cheapest cell of each architecture that carries any, cheapest first."""
        firsts = [cells[0] for cells in self.priced.values() if cells and not cells[0].cannot]
        return sorted(firsts, key=lambda one: one.usd)

    def cheapest_for(self, cell: str) -> list[Priced]:
        """A cell in every architecture that carries it, cheapest first."""
        return [one for one in self.every if one.cell == cell]

    def to_json(self) -> dict[str, Any]:
        """Everything in plain values."""
        return {
            "traffic": {cell: each.to_json() for cell, each in self.traffic.items()},
            "architecture": self.chosen.key,
            "priced": {key: [one.to_json() for one in some] for key, some in self.priced.items()},
            "break_even": [even.to_json() for even in self.evens],
            "warnings": self.book.warnings(),
        }


def price_all(
    traffic: Mapping[str, Traffic],
    architectures: Sequence[Architecture],
    book: PriceBook,
    *,
    chosen: Architecture = DEFAULT,
    sizes: Mapping[str, Sizes] | None = None,
    guesses: Mapping[str, Guess] = GUESSES,
    egress: bool = True,
) -> Costs:
    """Price every cell in every architecture, and in the chosen one.

    Args:
        sizes: what each cell's servers take; those of the run that comes with pushlab where a cell
            has none.
        egress: whether data that leave the cloud are charged.

    Raises:
        UsageError: the book lacks a price.
    """
    known = dict(sizes or {})
    for cell, each in traffic.items():
        if cell not in known and each.transport in reference_sizes():
            known[cell] = reference_sizes()[each.transport]
    meters = {
        cell: meter_for(each, book, sizes=known.get(cell), guesses=guesses, egress=egress)
        for cell, each in traffic.items()
    }

    def in_all(one: Architecture) -> list[Priced]:
        some = [price(one, each, meters[cell], cell=cell) for cell, each in traffic.items()]
        return sorted(some, key=lambda priced: (bool(priced.cannot), priced.usd))

    priced = {one.key: in_all(one) for one in dict.fromkeys([chosen, *architectures])}
    polling = _polling(chosen, traffic, priced[chosen.key], meters)
    evens = []
    if polling is not None:
        evens = [
            polling.against(one, traffic[one.cell], meters[one.cell])
            for one in priced[chosen.key]
            if one.profile.pushes and not one.cannot
        ]
    return Costs(
        traffic=traffic,
        chosen=chosen,
        priced=priced,
        polling=polling,
        evens=evens,
        book=book,
        guesses=guesses,
    )


def _polling(
    chosen: Architecture,
    traffic: Mapping[str, Traffic],
    priced: Sequence[Priced],
    meters: Mapping[str, Meter],
) -> Polling | None:
    """The first cell that polls at an interval, for as many messages as there are."""
    carried = {one.cell for one in priced if not one.cannot}
    for cell, each in traffic.items():
        profile = each.profile
        all_there_is = profile.delivery == "interval-poll" and not profile.messages_per_answer
        if all_there_is and cell in carried:
            return Polling(architecture=chosen, traffic=each, meter=meters[cell])
    return None
