"""All costs of several transports at once: bills at every offer, break-evens, what has no price."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pushlab.analysis.cost.book import PriceBook
from pushlab.analysis.cost.break_even import BreakEven, break_even, usd_at_interval
from pushlab.analysis.cost.meter import Bill
from pushlab.analysis.cost.offers import OFFERS, Offer, bill
from pushlab.analysis.cost.traffic import Traffic

__all__ = ["Costs", "price_all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What a month costs.

    Attributes:
        traffic: of each cell.
        bills: of each cell, cheapest first.
        evens: each offer for short polling against each bill of a push transport.
        unpriced: what could not be priced, a sentence each.
        polled: the short polling that `evens` vary; None without one.
        book, dials: what it was priced with.
    """

    traffic: Mapping[str, Traffic]
    bills: Mapping[str, Sequence[Bill]]
    evens: Sequence[BreakEven]
    unpriced: Sequence[str]
    polled: Traffic | None
    book: PriceBook
    dials: Mapping[str, float | bool]

    @property
    def every_bill(self) -> list[Bill]:
        """The bills of all cells, cheapest first."""
        return sorted((one for found in self.bills.values() for one in found), key=lambda b: b.usd)

    def polling_usd(self, offer: str, interval_s: float) -> float:
        """A month of the short polling at this offer and interval."""
        assert self.polled is not None
        return usd_at_interval(OFFERS[offer], self.polled, interval_s, self.book, **self.dials)

    def telling_polling(self, most: int) -> list[str]:
        """The offers for polling to show, at most so many: the first that is metered, the cheapest.

        One with a function behind it stands back for the one without.
        """
        met: dict[str, list[float]] = {}
        for even in self.evens:
            plain = OFFERS[even.polling].meters_polls and "+" not in even.polling
            if plain and even.interval_s is not None:
                met.setdefault(even.polling, []).append(even.interval_s)
        others = sorted(list(met)[1:], key=lambda key: (-len(met[key]), min(met[key])))
        ranked = [*list(met)[:1], *others][:most]
        return [key for key in met if key in ranked]

    def to_json(self) -> dict[str, Any]:
        """Everything in plain values."""
        return {
            "traffic": {cell: each.to_json() for cell, each in self.traffic.items()},
            "bills": {cell: [one.to_json() for one in found] for cell, found in self.bills.items()},
            "break_even": [even.to_json() for even in self.evens],
            "unpriced": list(self.unpriced),
            "warnings": self.book.warnings(),
        }


def _polls_for_all(traffic: Traffic) -> bool:
    """Whether it polls at an interval, for as many messages as there are."""
    profile = traffic.profile
    return profile.delivery == "interval-poll" and not profile.messages_per_answer


def price_all(
    traffic: Mapping[str, Traffic], offers: Sequence[Offer], book: PriceBook, **dials: float | bool
) -> Costs:
    """Price every cell at every offer that carries its transport and has what it needs to know.

    Args:
        dials: as for `pushlab.analysis.cost.offers.bill`.

    Raises:
        UsageError: the book lacks a price.
    """
    bills: dict[str, list[Bill]] = {}
    unpriced = []
    for cell, each in traffic.items():
        carrying = [offer for offer in offers if each.profile.kind in offer.carries]
        able = [offer for offer in carrying if offer.can_price(each)]
        bills[cell] = sorted(
            (replace(bill(offer, each, book, **dials), cell=cell) for offer in able),
            key=lambda one: one.usd,
        )
        if not carrying:
            unpriced.append(f"{cell}: none of these offers carries it")
    sized = [offer.key for offer in offers if offer.needs_run]
    if sized and not all(each.sized for each in traffic.values()):
        unpriced.append(f"{', '.join(sized)}: sized by a measured server; give a run")
    polled = next((each for each in traffic.values() if _polls_for_all(each)), None)
    evens = []
    if polled is not None:
        pushes = [one for found in bills.values() for one in found if not one.profile.asks]
        evens = [
            break_even(offer, polled, push, book, **dials)
            for offer in offers
            if offer.can_price(polled)
            for push in pushes
        ]
    return Costs(
        traffic=traffic,
        bills=bills,
        evens=evens,
        unpriced=unpriced,
        polled=polled,
        book=book,
        dials=dials,
    )
